// Addresses, events and paths as facts of each implementation have them: kubernetes cloud-provider's service controller,
// cloud-provider-kind's Envoy, MetalLB's layer 2 mode; source addresses as Kubernetes' page on source IP tells them.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { createCluster } from "../../../src/cluster/cluster.js";
import { INTERNET_ADDRESS } from "../../../src/cluster/fabric.js";
import { arrivedFrom, ask, deployment, put, SECOND, service, shop } from "./shop.js";

const balanced = (spec: object = {}): object => service("web", { type: "LoadBalancer", ...spec });
const web = (node: string): object => deployment({ name: "web", node });

function given(cluster: Cluster, name = "web"): string | undefined {
  return cluster.get("Service", "default", name)?.status?.loadBalancer?.ingress?.[0]?.ip;
}

function events(cluster: Cluster): readonly string[] {
  return cluster.control.events.filter(({ involvedObject }) => involvedObject.kind === "Service").map(({ reason, message, source }) => `${source?.component} ${reason}: ${message}`);
}

const asked = (cluster: Cluster): ReturnType<typeof ask> => ask(cluster, { from: "internet", to: given(cluster)!, port: 80 });

/** Who a connection from outside is told it came from, when it is really made. */
function greeted(cluster: Cluster): string {
  const fork = cluster.fork();
  const { reply } = fork.probe({ from: "internet", to: given(cluster)!, port: 80 });
  return reply;
}

test("without a load balancer an address is pending for ever, and the node port works all the same", () => {
  const cluster = shop([web("kind-worker"), balanced()]);
  cluster.run(120 * SECOND);
  expect(given(cluster)).toBeUndefined();
  expect(cluster.kubectl("get svc web").text).toMatch(/LoadBalancer +\S+ +<pending>/);
  expect(events(cluster)).toEqual([]);
  const { nodePort } = cluster.get("Service", "default", "web")!.spec.ports![0]!;
  expect(ask(cluster, { from: "internet", to: "node/kind-worker", port: nodePort! }).verdict).toBe("delivered");
});

test("a cloud's load balancer passes packets on as they are: Cluster hides the client, Local keeps it", () => {
  const cluster = shop([web("kind-worker"), balanced()], { loadBalancer: "cloud" });
  expect(given(cluster)).toBe("198.51.100.1");
  expect(cluster.get("Service", "default", "web")).toMatchObject({
    metadata: { finalizers: ["service.kubernetes.io/load-balancer-cleanup"] },
    status: { loadBalancer: { ingress: [{ ip: "198.51.100.1", ipMode: "VIP" }] } },
  });
  expect(events(cluster)).toEqual(["service-controller EnsuringLoadBalancer: Ensuring load balancer", "service-controller EnsuredLoadBalancer: Ensured load balancer"]);
  const hidden = asked(cluster);
  expect(hidden.verdict).toBe("delivered");
  expect(hidden.hops.find(({ node }) => node.startsWith("kind-"))!.packet).toMatchObject({ src: INTERNET_ADDRESS, dst: "198.51.100.1" });
  expect(arrivedFrom(hidden)).not.toBe(INTERNET_ADDRESS);

  put(cluster, [balanced({ externalTrafficPolicy: "Local" })]);
  cluster.run(40 * SECOND);
  expect(arrivedFrom(asked(cluster))).toBe(INTERNET_ADDRESS);
});

test("with Local only nodes with an endpoint answer the health check, and a moved endpoint is found after two failed ones", () => {
  const cluster = shop([web("kind-worker"), balanced({ externalTrafficPolicy: "Local" })], { loadBalancer: "cloud" });
  cluster.run(30 * SECOND);
  expect(asked(cluster)).toMatchObject({ verdict: "delivered", end: { node: "kind-worker" } });

  // Until its node has failed two checks packets still come there, and die.
  cluster.delete("Deployment", "default", "web");
  const fates: string[] = [];
  for (let second = 0; second < 60; second++) {
    cluster.run(SECOND);
    const { verdict, end } = asked(cluster);
    const fate = `${verdict} ${end.node}`;
    if (fates.at(-1) !== fate) fates.push(fate);
  }
  expect(fates).toEqual(["rejected kind-worker", "dropped fabric"]);
  put(cluster, [web("kind-worker2")]);
  cluster.run(20 * SECOND);
  expect(asked(cluster)).toMatchObject({ verdict: "delivered", end: { node: "kind-worker2" } });
});

test("cloud-provider-kind puts a proxy before the nodes, whose address is the client that they see", () => {
  const cluster = shop([web("kind-worker"), balanced({ externalTrafficPolicy: "Local" })], { loadBalancer: "cloud-provider-kind" });
  cluster.run(10 * SECOND);
  expect(cluster.get("Service", "default", "web")!.status!.loadBalancer!.ingress).toEqual([{ ip: "172.18.255.200", ipMode: "Proxy" }]);
  expect(asked(cluster)).toMatchObject({ verdict: "delivered", end: { node: "fabric", netns: expect.stringMatching(/^kindccm-[0-9a-f]{12}$/) } });
  expect(greeted(cluster)).toContain(" 172.18.255.200:");
  put(cluster, [balanced()]);
  cluster.run(10 * SECOND);
  // Cluster: what comes in by a node port is masqueraded as the node.
  expect(greeted(cluster)).not.toContain(" 172.18.255.200:");
  expect(greeted(cluster)).toMatch(/^HTTP\/1\.1 200 OK/);
});

test("a proxying load balancer without a healthy node ends connections", () => {
  const cluster = shop([web("kind-worker"), balanced({ externalTrafficPolicy: "Local" })], { loadBalancer: "cloud-provider-kind" });
  cluster.run(10 * SECOND);
  expect(greeted(cluster)).toMatch(/^HTTP\/1\.1 200 OK/);
  cluster.delete("Deployment", "default", "web");
  cluster.run(60 * SECOND);
  expect(cluster.fork().probe({ from: "internet", to: given(cluster)!, port: 80 })).toMatchObject({ reply: "", errno: "ECONNRESET" });
});

test("MetalLB elects the node of the smallest hash, which alone answers ARP, and another when that has gone", () => {
  const cluster = shop([web("kind-worker"), balanced()], { loadBalancer: "metallb" });
  expect(given(cluster)).toBe("172.18.255.200");
  const ranked = ["kind-control-plane", "kind-worker", "kind-worker2"].sort((x, y) => (hash(x) < hash(y) ? -1 : 1));
  expect(events(cluster)).toEqual(['metallb-controller IPAllocated: Assigned IP ["172.18.255.200"]', `metallb-speaker nodeAssigned: announcing from node "${ranked[0]}" with protocol "layer2"`]);
  expect(enters(cluster)).toBe(ranked[0]);

  cluster.control.stopNode(ranked[0]!);
  cluster.run(90 * SECOND);
  expect(enters(cluster)).toBe(ranked[1]);
  expect(events(cluster).at(-1)).toBe(`metallb-speaker nodeAssigned: announcing from node "${ranked[1]}" with protocol "layer2"`);
});

test("with Local, MetalLB elects among nodes with endpoints; without any, nobody answers", () => {
  const cluster = shop([web("kind-worker2"), balanced({ externalTrafficPolicy: "Local" })], { loadBalancer: "metallb" });
  expect(enters(cluster)).toBe("kind-worker2");
  expect(arrivedFrom(asked(cluster))).toBe(INTERNET_ADDRESS);
  cluster.delete("Deployment", "default", "web");
  cluster.run(120 * SECOND);
  expect(asked(cluster)).toMatchObject({ verdict: "rejected", errno: "EHOSTUNREACH", end: { node: "fabric" } });
});

test("an address is given back, to be given again; a pool may be empty", () => {
  const cluster = shop([web("kind-worker"), balanced()], { loadBalancer: "metallb:pool=172.18.200.1-172.18.200.1" });
  put(cluster, [service("other", { type: "LoadBalancer" })]);
  expect([given(cluster), given(cluster, "other")]).toEqual(["172.18.200.1", undefined]);
  expect(events(cluster)).toContain('metallb-controller AllocationFailed: Failed to allocate IP for "default/other": no available IPs');
  put(cluster, [balanced({ type: "ClusterIP" })]);
  cluster.run(30 * SECOND);
  expect([given(cluster), given(cluster, "other")]).toEqual([undefined, "172.18.200.1"]);
});

test("a Service with a cloud's finalizer goes when its load balancer has gone, and leaves no route", () => {
  const cluster = shop([web("kind-worker"), balanced()], { loadBalancer: "cloud" });
  const routes = (): string => cluster.exec("fabric", "ip route").text;
  expect(routes()).toContain("198.51.100.1");
  cluster.delete("Service", "default", "web");
  expect(cluster.get("Service", "default", "web")?.metadata.deletionTimestamp).toBeDefined();
  cluster.settle();
  expect(cluster.get("Service", "default", "web")).toBeUndefined();
  expect(routes()).not.toContain("198.51.100.1");
});

test.each(["cloud", "cloud-provider-kind", "metallb"])("%s: a fork goes on as the first does", (loadBalancer) => {
  const cluster = shop([web("kind-worker"), balanced()], { loadBalancer });
  const fork = cluster.fork();
  for (const one of [cluster, fork]) one.run(25 * SECOND);
  expect(fork.fingerprint()).toBe(cluster.fingerprint());
  for (const one of [cluster, fork]) {
    one.delete("Service", "default", "web");
    one.run(25 * SECOND);
  }
  expect(fork.fingerprint()).toBe(cluster.fingerprint());
});

test("what is no load balancer is refused in words", () => {
  expect(() => createCluster({ loadBalancer: "aws" })).toThrow('Unsupported value: "aws": supported values: "none", "cloud", "cloud-provider-kind", "metallb"');
  expect(() => createCluster({ loadBalancer: "metallb:pool=10.0.0.1-10.0.0.9" })).toThrow("must lie in the nodes' subnet 172.18.0.0/16");
  expect(() => createCluster({ loadBalancer: "metallb:pool=172.18.0.9-172.18.0.1" })).toThrow("must be an IPv4 range FIRST-LAST or a CIDR");
});

const hash = (node: string): string => createHash("sha256").update(`${node}#172.18.255.200`).digest("hex");

/** The first node that a packet from outside meets. */
function enters(cluster: Cluster): string | undefined {
  return asked(cluster).hops.find(({ node }) => node.startsWith("kind-"))?.node;
}
