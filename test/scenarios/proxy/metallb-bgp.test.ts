// MetalLB's BGP mode: addresses and events as its controller and speakers have them (speaker/bgp_controller.go, speaker/main.go),
// timers as FRR's, ways as the routers' tables give them. The routers are BIRD, and say in birdc's words what they were told.
import { describe, expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.js";
import type { ClusterOptions } from "../../../src/cluster/options.js";
import { INTERNET_ADDRESS, ROUTER_AS } from "../../../src/cluster/fabric.js";
import { birdc } from "../../../src/shell/bird/birdc.js";
import { Shell } from "../../../src/shell/shell.js";
import type { Walk } from "../../../src/observe/walk-record.js";
import { arrivedFrom, ask, deployment, does, nodeNs, put, SECOND, service, shop } from "./shop.js";

const NAMESPACE = "metallb-system";
const NODE_AS = 64512;
const VIP = "198.51.100.1";

const object = (apiVersion: string, kind: string, name: string, spec: object, labels: object = {}): object => ({ apiVersion: `metallb.io/${apiVersion}`, kind, metadata: { name, namespace: NAMESPACE, labels }, spec });
const pool = (name: string, addresses: readonly string[], more: object = {}): object => object("v1beta1", "IPAddressPool", name, { addresses, ...more });
const advertisement = (name: string, spec: object = {}): object => object("v1beta1", "BGPAdvertisement", name, spec);
const peer = (name: string, peerAddress: string, more: object = {}): object => object("v1beta2", "BGPPeer", name, { myASN: NODE_AS, peerASN: ROUTER_AS, peerAddress, ...more });
const named = (node: string): object => ({ matchLabels: { "kubernetes.io/hostname": node } });
const balanced = (spec: object = {}): object => service("web", { type: "LoadBalancer", ...spec });
const web = (more: object = {}): object => deployment({ name: "web", ...more });

const POOL = pool("outside", [`${VIP}-198.51.100.9`]);
const TOR = peer("tor", "172.18.0.1", { holdTime: "9s", keepaliveTime: "3s" });
const OPTIONS: ClusterOptions = { nodes: 4, loadBalancer: "metallb", fabric: { nodeAs: NODE_AS } };

const world = (objects: readonly object[], options: ClusterOptions = OPTIONS): Cluster => shop([...objects], options);
const given = (cluster: Cluster, name = "web"): string | undefined => cluster.get("Service", "default", name)?.status?.loadBalancer?.ingress?.[0]?.ip;
const asked = (cluster: Cluster, to = VIP): Walk => ask(cluster, { from: "internet", to, port: 80 });
const routes = (cluster: Cluster, ...words: string[]): string => birdc(cluster.stack, cluster.fabric.ns, "fabric", ["show", "route", ...words]);
const events = (cluster: Cluster): readonly string[] => cluster.control.events.filter(({ involvedObject }) => involvedObject.kind === "Service").map(({ reason, message, source }) => `${source?.component} ${reason}: ${message}`);

/** Nodes by which the router sends a prefix, as `ip route` says it. */
function ways(cluster: Cluster, prefix = VIP): readonly string[] {
  const text = new Shell(cluster.stack, cluster.fabric.ns).run(`ip route show ${prefix}`).text;
  return cluster.fabric.nodes.filter(({ address }) => new RegExp(`via ${address} `).test(text)).map(({ name }) => name);
}

test("every node that may announces an address with a next hop of its own; the router uses them all at once", () => {
  const cluster = world([POOL, advertisement("all"), TOR, web({ node: "kind-worker" }), balanced()]);
  expect(given(cluster)).toBe(VIP);
  // Nodes with the label node.kubernetes.io/exclude-from-external-load-balancers have sessions, and announce nothing.
  expect(ways(cluster)).toEqual(["kind-worker", "kind-worker2", "kind-worker3"]);
  const sessions = birdc(cluster.stack, cluster.fabric.ns, "fabric", ["show", "protocols"]);
  expect(sessions.match(/Established/g)).toHaveLength(4);
  expect(events(cluster)).toEqual([
    `metallb-controller IPAllocated: Assigned IP ["${VIP}"]`,
    ...["kind-worker", "kind-worker2", "kind-worker3"].map((node) => `metallb-speaker nodeAssigned: announcing from node "${node}" with protocol "bgp"`),
  ]);
  const walk = asked(cluster);
  expect(walk.verdict).toBe("delivered");
  expect(walk.hops.find(({ node }) => node.startsWith("kind-"))!.packet).toMatchObject({ src: INTERNET_ADDRESS, dst: VIP });
  expect(arrivedFrom(walk)).not.toBe(INTERNET_ADDRESS);
  // Different addresses, different nodes: the router's choice is by source and destination.
  put(cluster, Array.from({ length: 8 }, (_, i) => service(`more${i}`, { type: "LoadBalancer", selector: { app: "web" } })));
  const entered = Array.from({ length: 8 }, (_, i) => asked(cluster, given(cluster, `more${i}`)!).hops.find(({ node }) => node.startsWith("kind-"))!.node);
  expect(new Set(entered).size).toBeGreaterThan(1);
});

test("with Local only nodes with a ready endpoint announce, clients keep their address, and without any the address has no route", () => {
  const cluster = world([POOL, advertisement("all"), TOR, web({ node: "kind-worker2" }), balanced({ externalTrafficPolicy: "Local" })]);
  expect(ways(cluster)).toEqual(["kind-worker2"]);
  expect(arrivedFrom(asked(cluster))).toBe(INTERNET_ADDRESS);
  put(cluster, [web({ node: "kind-worker3" })]);
  cluster.run(60 * SECOND);
  expect(ways(cluster)).toEqual(["kind-worker3"]);
  expect(asked(cluster).verdict).toBe("delivered");
  expect(events(cluster).filter((text) => text.includes("nodeAssigned"))).toEqual(["kind-worker2", "kind-worker3"].map((node) => `metallb-speaker nodeAssigned: announcing from node "${node}" with protocol "bgp"`));
  cluster.scale("Deployment", "default", "web", 0);
  cluster.settle();
  cluster.run(60 * SECOND);
  expect(routes(cluster, `${VIP}/32`)).toBe("Network not found");
  // The router has no way there, and says so.
  expect(asked(cluster)).toMatchObject({ verdict: "rejected", end: { node: "fabric" } });
  expect(given(cluster)).toBe(VIP);
});

test("advertisements say from which nodes, to which peers, by which prefix and with which communities", () => {
  const cluster = world([
    POOL,
    object("v1beta1", "Community", "names", { communities: [{ name: "shop", value: "64512:7" }] }),
    advertisement("one", { nodeSelectors: [named("kind-worker"), named("kind-worker2")], communities: ["shop", "65535:65282"] }),
    advertisement("wide", { aggregationLength: 28, nodeSelectors: [named("kind-worker3")] }),
    advertisement("elsewhere", { aggregationLength: 27, peers: ["other"] }),
    TOR,
    web({ node: "kind-worker" }),
    balanced(),
  ]);
  expect(ways(cluster)).toEqual(["kind-worker", "kind-worker2"]);
  expect(routes(cluster, `${VIP}/32`, "all")).toContain("BGP.community: (64512,7) (65535,65282)");
  expect(ways(cluster, "198.51.100.0/28")).toEqual(["kind-worker3"]);
  expect(routes(cluster, "198.51.100.0/27")).toBe("Network not found");
});

test("LOCAL_PREF counts among speakers of one AS: a node of less is used when the others have gone", () => {
  const own = peer("tor", "172.18.0.1", { myASN: ROUTER_AS, holdTime: "9s", keepaliveTime: "3s" });
  const cluster = world(
    [
      POOL,
      advertisement("first", { localPref: 200, nodeSelectors: [named("kind-worker")] }),
      advertisement("second", { localPref: 50, nodeSelectors: [named("kind-worker2")] }),
      own,
      web({ node: "kind-worker3" }),
      balanced(),
    ],
    { ...OPTIONS, fabric: { nodeAs: ROUTER_AS } },
  );
  expect(ways(cluster)).toEqual(["kind-worker"]);
  expect(routes(cluster, `${VIP}/32`, "all")).toMatch(/BGP.local_pref: 200[\s\S]*BGP.local_pref: 50/);
  does(cluster, { verb: "link-set", ns: nodeNs(cluster, "kind-worker"), name: "eth0", up: false });
  // Until its hold time is over, the router sends to a node that is cut off.
  cluster.run(3 * SECOND);
  expect(ways(cluster)).toEqual(["kind-worker"]);
  cluster.run(10 * SECOND);
  expect(ways(cluster)).toEqual(["kind-worker2"]);
  expect(asked(cluster).verdict).toBe("delivered");
  does(cluster, { verb: "link-set", ns: nodeNs(cluster, "kind-worker"), name: "eth0", up: true });
  cluster.run(150 * SECOND);
  expect(ways(cluster)).toEqual(["kind-worker"]);
});

test("without timers of its own a session has FRR's, and a peer's nodeSelectors say who speaks", () => {
  const cluster = world([POOL, advertisement("all"), peer("tor", "172.18.0.1", { nodeSelectors: [named("kind-worker2")] }), web(), balanced()]);
  expect(ways(cluster)).toEqual(["kind-worker2"]);
  const told = (name: string): string => birdc(cluster.stack, cluster.fabric.ns, "fabric", ["show", "protocols", "all", name]);
  expect(told("node_172_18_0_4")).toMatch(/Hold timer: +[0-9.]+\/180\n.*Keepalive timer: +[0-9.]+\/60/);
  expect(told("node_172_18_0_3")).toContain("BGP state:          Passive");
  // A peer that is taken away is told so, and its routes go at once.
  cluster.delete("BGPPeer", NAMESPACE, "tor");
  cluster.settle();
  cluster.run(5 * SECOND);
  expect(routes(cluster, `${VIP}/32`)).toBe("Network not found");
});

describe("pools", () => {
  test("give the addresses that Services ask for, by name or by number", () => {
    const asking = (name: string, annotations: object): object => ({ ...(service(name, { type: "LoadBalancer" }) as Record<string, unknown>), metadata: { name, namespace: "default", annotations } });
    const cluster = world([
      pool("a", ["198.51.100.0/30"]),
      pool("b", ["198.51.101.254-198.51.102.1"], { autoAssign: false, avoidBuggyIPs: true }),
      asking("first", {}),
      asking("second", { "metallb.io/address-pool": "b" }),
      asking("third", { "metallb.io/loadBalancerIPs": "198.51.100.3" }),
      asking("fourth", { "metallb.io/address-pool": "c" }),
      asking("fifth", { "metallb.universe.tf/loadBalancerIPs": "203.0.113.77" }),
      asking("sixth", { "metallb.io/address-pool": "b" }),
      asking("seventh", { "metallb.io/address-pool": "b" }),
    ]);
    expect(["first", "second", "third", "fourth", "fifth", "sixth", "seventh"].map((name) => given(cluster, name))).toEqual(["198.51.100.0", "198.51.101.254", "198.51.100.3", undefined, undefined, "198.51.102.1", undefined]);
    expect(events(cluster).filter((text) => text.includes("AllocationFailed"))).toEqual([
      'metallb-controller AllocationFailed: Failed to allocate IP for "default/fourth": unknown pool "c"',
      'metallb-controller AllocationFailed: Failed to allocate IP for "default/fifth": "203.0.113.77" is not allowed in config',
      'metallb-controller AllocationFailed: Failed to allocate IP for "default/seventh": no available IPs in pool "b"',
    ]);
  });

  test("that change take addresses back that are none of theirs any more", () => {
    const cluster = world([balanced(), web()]);
    // Before there is an IPAddressPool, the options' pool is given, and one node answers ARP for it.
    expect(given(cluster)).toBe("172.18.255.200");
    put(cluster, [POOL, advertisement("all"), TOR]);
    expect(given(cluster)).toBe(VIP);
    expect(ways(cluster)).toHaveLength(3);
    expect(events(cluster).at(-1)).toMatch(/with protocol "bgp"$/);
    put(cluster, [pool("outside", ["198.51.100.20/31"])]);
    expect(given(cluster)).toBe("198.51.100.20");
    expect(routes(cluster, `${VIP}/32`)).toBe("Network not found");
    expect(ways(cluster, "198.51.100.20")).toHaveLength(3);
  });

  test("without an advertisement are given and announced by nobody; by ARP a node of the L2Advertisement's answers", () => {
    const cluster = world([pool("inside", ["172.18.200.1-172.18.200.5"]), balanced(), web()]);
    expect(given(cluster)).toBe("172.18.200.1");
    expect(asked(cluster, "172.18.200.1").verdict).not.toBe("delivered");
    put(cluster, [object("v1beta1", "L2Advertisement", "l2", { ipAddressPools: ["inside"], nodeSelectors: [named("kind-worker2")] })]);
    expect(events(cluster).at(-1)).toBe('metallb-speaker nodeAssigned: announcing from node "kind-worker2" with protocol "layer2"');
    const walk = asked(cluster, "172.18.200.1");
    expect(walk.verdict).toBe("delivered");
    expect(walk.hops.find(({ node }) => node.startsWith("kind-"))!.node).toBe("kind-worker2");
  });
});

test("nodes of racks speak to their own rack's router, and every spine and the border know both ways", () => {
  const rack = (i: number): object => peer(`leaf${i}`, `172.18.${i - 1}.1`, { peerASN: 65000 + i, nodeSelectors: [{ matchLabels: { "topology.kubernetes.io/rack": `leaf${i}` } }] });
  const cluster = world([POOL, advertisement("all"), rack(1), rack(2), web({ replicas: 2 }), balanced()], { nodes: 5, loadBalancer: "metallb", fabric: { topology: "leaf-spine", nodeAs: NODE_AS } });
  expect(given(cluster)).toBe(VIP);
  const shown = routes(cluster, `${VIP}/32`, "all");
  expect(shown).toMatch(/BGP.as_path: 64901 65001 64512/);
  expect(new Shell(cluster.stack, cluster.fabric.ns).run(`ip route show ${VIP}`).text.match(/nexthop/g)).toHaveLength(2);
  const walk = asked(cluster);
  expect(walk.verdict).toBe("delivered");
});

test("beside Calico's own BIRD a speaker stands in its own right", () => {
  const cluster = world([POOL, advertisement("all"), TOR, web({ node: "kind-worker" }), balanced({ externalTrafficPolicy: "Local" })], { ...OPTIONS, cni: "calico:encapsulation=None,clusterRoutingMode=BIRD" });
  expect(ways(cluster)).toEqual(["kind-worker"]);
  expect(arrivedFrom(asked(cluster))).toBe(INTERNET_ADDRESS);
  const mesh = birdc(cluster.stack, nodeNs(cluster, "kind-worker"), "kind-worker", ["show", "protocols"]);
  expect(mesh.match(/Mesh_.*Established/g)).toHaveLength(3);
});

test("a router that does not listen leaves the address without a way", () => {
  const cluster = world([POOL, advertisement("all"), TOR, web(), balanced()], { nodes: 3, loadBalancer: "metallb" });
  expect(given(cluster)).toBe(VIP);
  expect(asked(cluster)).toMatchObject({ verdict: "rejected", end: { node: "fabric" } });
});

test("a fork goes on as the first does", () => {
  const cluster = world([POOL, advertisement("all"), TOR, web({ node: "kind-worker" }), balanced()]);
  const fork = cluster.fork();
  for (const one of [cluster, fork]) {
    put(one, [balanced({ externalTrafficPolicy: "Local" }), service("other", { type: "LoadBalancer", selector: { app: "web" } })]);
    does(one, { verb: "link-set", ns: nodeNs(one, "kind-worker2"), name: "eth0", up: false });
    one.run(20 * SECOND);
  }
  expect(ways(fork)).toEqual(["kind-worker"]);
  expect(fork.fingerprint()).toBe(cluster.fingerprint());
});
