/** The ways of packets in a cluster with Calico, as the table of journeys has them: hooks, chains, routes, tunnels, what the far end sees. */
import { describe, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { createCluster } from "../../../src/cluster/cluster.js";
import type { Walk, WalkStep } from "../../../src/observe/walk-record.js";

const APP = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { tolerations: [{ operator: Exists }], containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec: { nodeName: kind-worker, containers: [{ name: c, image: example.org/c:1 }] }
`;

interface Placed {
  readonly cluster: Cluster;
  /** the pod of a node: name and address */
  readonly at: (node: string) => { readonly name: string; readonly ip: string };
}

function placed(cni: string): Placed {
  const cluster = createCluster({ nodes: 3, cni });
  cluster.settle();
  expect(cluster.apply(APP)).toEqual([]);
  cluster.settle();
  const pods = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web");
  return {
    cluster,
    at(node) {
      const pod = pods.find(({ spec }) => spec.nodeName === node)!;
      return { name: `default/${pod.metadata.name}`, ip: pod.status!.podIP! };
    },
  };
}

/** What happened on a machine, the parts that the table speaks of. */
function steps(found: Walk, node: string): string[] {
  return found.hops.filter((hop) => hop.node === node).flatMap((hop) => hop.steps.flatMap(words));
}

function words(step: WalkStep): string[] {
  if (step.kind === "ttl") return [`ttl ${step.ttl}`];
  if (step.kind === "route") return [`route ${step.route.replace(/^.*? (via|dev)/, "$1").replace(/cali[0-9a-f]{11}/, "caliX")}`];
  if (step.kind === "tunnel") return [`${step.action} ${step.type}`];
  if (step.kind === "rewrite" && step.field !== "mark") return [`new ${step.field}`];
  if (step.kind === "chain" && step.event === "rule" && step.text.endsWith("-j NOTRACK")) return ["untracked"];
  if (step.kind === "chain" && step.event === "enter") return [`${step.table} ${step.hook} ${step.chain.replace(/cali[0-9a-f]{11}/, "caliX")}`];
  return [];
}

/** That these come in this order, whatever comes between. */
function inOrder(all: readonly string[], wanted: readonly string[]): void {
  let at = 0;
  for (const one of wanted) {
    const found = all.indexOf(one, at);
    expect(found, `${one} after ${wanted[wanted.indexOf(one) - 1] ?? "the start"} in\n${all.join("\n")}`).toBeGreaterThanOrEqual(0);
    at = found + 1;
  }
}

const RAW_IN = ["raw PREROUTING cali-PREROUTING", "raw PREROUTING cali-rpf-skip", "mangle PREROUTING cali-PREROUTING", "nat PREROUTING cali-PREROUTING"];
const FROM = ["filter FORWARD cali-FORWARD", "filter FORWARD cali-from-wl-dispatch", "filter FORWARD cali-fw-caliX", "filter FORWARD cali-pro-kns.default"];
const TO = ["filter FORWARD cali-to-wl-dispatch", "filter FORWARD cali-tw-caliX", "filter FORWARD cali-pri-kns.default"];
const POST = ["mangle POSTROUTING cali-POSTROUTING", "nat POSTROUTING cali-POSTROUTING", "nat POSTROUTING cali-nat-outgoing"];
const W1 = "kind-worker";
const W2 = "kind-worker2";

describe("Calico without encapsulation", () => {
  const { cluster, at } = placed("calico:encapsulation=None");
  const from = (to: string, port = 8080): Walk => cluster.ask(walk({ from: "default/client", to, port }));

  test("a pod asks for its gateway alone, and the host end answers with the same MAC everywhere", () => {
    const found = from(at(W1).ip);
    const known = found.hops[0]!.steps.filter((step) => step.kind === "neighbour" && step.state === "known");
    expect(known).toMatchObject([{ address: "169.254.1.1", mac: "ee:ee:ee:ee:ee:ee" }]);
  });

  test("to a pod of the same node", () => {
    const found = from(at(W1).ip);
    expect(found.verdict).toBe("delivered");
    expect(found.end.packet).toMatchObject({ ttl: 63 });
    inOrder(steps(found, W1), [...RAW_IN, "route dev caliX scope link", "ttl 63", ...FROM, ...TO, ...POST]);
  });

  test("to a pod of another node", () => {
    const found = from(at(W2).ip);
    expect(found.end.packet).toMatchObject({ ttl: 62 });
    inOrder(steps(found, W1), [...RAW_IN, "route via 172.18.0.4 dev eth0 proto 80", "ttl 63", ...FROM, ...POST]);
    expect(steps(found, W1).some((step) => step.includes("to-wl-dispatch"))).toBe(false);
    inOrder(steps(found, W2), ["raw PREROUTING cali-PREROUTING", "route dev caliX scope link", "ttl 62", "filter FORWARD cali-FORWARD", ...TO, ...POST]);
    expect(steps(found, W2).some((step) => step.includes("from-wl-dispatch"))).toBe(false);
  });

  test("to a Service: translated first, and policy sees the endpoint", () => {
    const found = from("web.default", 80);
    expect(found.verdict).toBe("delivered");
    inOrder(steps(found, W1), ["raw PREROUTING cali-PREROUTING", "new destination", ...FROM, ...POST]);
  });

  test("to the outside: masqueraded, kube-proxy's chain first", () => {
    const found = from("internet", 80);
    expect(found.end.packet).toMatchObject({ src: "172.18.0.3" });
    inOrder(steps(found, W1), [...FROM, "nat POSTROUTING KUBE-POSTROUTING", "nat POSTROUTING cali-POSTROUTING", "nat POSTROUTING cali-nat-outgoing", "new source"]);
  });

  test("from a node to its own pod: not policed", () => {
    const found = cluster.ask(walk({ from: `node/${W1}`, to: at(W1).ip, port: 8080 }));
    expect(found.verdict).toBe("delivered");
    inOrder(steps(found, W1), ["filter OUTPUT cali-OUTPUT"]);
    expect(steps(found, W1).some((step) => step.includes("cali-tw-"))).toBe(false);
  });

  test("from a node to a pod of another one: under the node's address, and policed there", () => {
    const found = cluster.ask(walk({ from: `node/${W1}`, to: at(W2).ip, port: 8080 }));
    expect(found.end.packet).toMatchObject({ src: "172.18.0.3" });
    inOrder(steps(found, W2), TO);
  });

  test("from a pod to its own node: by its egress policy", () => {
    const found = from("172.18.0.3", 10256);
    inOrder(steps(found, W1), ["filter INPUT cali-INPUT", "filter INPUT cali-wl-to-host", "filter INPUT cali-from-wl-dispatch", "filter INPUT cali-fw-caliX"]);
  });

  test("to an address of a block that nobody holds: the blackhole", () => {
    const { ip } = at(W1);
    const unused = `${ip.slice(0, ip.lastIndexOf(".") + 1)}${(Number(ip.slice(ip.lastIndexOf(".") + 1)) & ~63) | 60}`;
    expect(from(unused)).toMatchObject({ verdict: "dropped", end: { node: W1 } });
  });
});

describe.each([
  { encapsulation: "IPIP", device: "tunl0", tunnel: "ipip", hop: "172.18.0.4", overhead: 20 },
  { encapsulation: "VXLAN", device: "vxlan.calico", tunnel: "vxlan", hop: "", overhead: 50 },
] as const)("Calico with $encapsulation", ({ encapsulation, device, tunnel, hop, overhead }) => {
  const { cluster, at } = placed(`calico:encapsulation=${encapsulation}`);
  const shown = cluster.exec(`node/${W2}`, `ip -4 addr show dev ${device}`).text;
  const tunnelOf = (node: string): string => /inet ([\d.]+)\/32/.exec(cluster.exec(`node/${node}`, `ip -4 addr show dev ${device}`).text)![1]!;

  test("the overlay takes its bytes from the pods' MTU", () => {
    expect(shown).toContain(`mtu ${1500 - overhead}`);
    expect(cluster.exec(at(W1).name, "ip link show dev eth0").text).toContain(`mtu ${1500 - overhead}`);
  });

  test("to a pod of another node: wrapped from node to node", () => {
    const found = cluster.ask(walk({ from: "default/client", to: at(W2).ip, port: 8080 }));
    expect(found.verdict).toBe("delivered");
    expect(found.end.packet).toMatchObject({ ttl: 62 });
    const via = hop === "" ? tunnelOf(W2) : hop;
    inOrder(steps(found, W1), [...RAW_IN, `route via ${via} dev ${device} proto 80 onlink`, "ttl 63", ...FROM, "nat POSTROUTING cali-POSTROUTING", `encapsulate ${tunnel}`, "filter OUTPUT cali-OUTPUT"]);
    inOrder(steps(found, W2), ["filter INPUT cali-INPUT", `decapsulate ${tunnel}`, "raw PREROUTING cali-PREROUTING", "filter FORWARD cali-FORWARD", ...TO]);
    if (tunnel === "vxlan") expect(steps(found, W1)).toContain("untracked");
  });

  test("from a node to a pod of another one: under the tunnel's address", () => {
    const found = cluster.ask(walk({ from: `node/${W1}`, to: at(W2).ip, port: 8080 }));
    expect(found.end.packet).toMatchObject({ src: tunnelOf(W1) });
    inOrder(steps(found, W2), TO);
  });

  test("a node's call of a Service, routed before it was translated, is seen under the tunnel's address on other nodes", () => {
    const ip = cluster.get("Service", "default", "web")!.spec.clusterIP!;
    const replies = Array.from({ length: 9 }, () => cluster.probe({ from: `node/${W1}`, to: ip, port: 80 }).reply.split("\r\n\r\n")[1]!);
    const local = at(W1).name.replace("default/", "");
    expect(replies.filter((reply) => !reply.startsWith(local)).length).toBeGreaterThan(0);
    for (const reply of replies) expect(reply.split(" ")[1]!.split(":")[0]).toBe(reply.startsWith(local) ? "172.18.0.3" : tunnelOf(W1));
  });
});
