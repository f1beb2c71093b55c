// Shapes of the network under the nodes. Delays are what the options say; that racks find each other is BGP's work, of which the
// real kernel's and the real daemon's side is shown by the labs of test/kernel.
import { expect, test } from "vitest";
import { walk } from "../../src/ask/walk.js";
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import { plumb } from "../../src/linux/plumbing.js";
import { deployment, put } from "../scenarios/proxy/shop.js";

const pods = [deployment({ name: "a", node: "kind-worker" }), deployment({ name: "b", node: "kind-worker3" })];

function address(cluster: Cluster, app: string): string {
  return cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === app)!.status!.podIP!;
}

function built(fabric: object, cni = "flannel"): Cluster {
  const cluster = createCluster({ nodes: 4, cni, fabric });
  cluster.settle();
  put(cluster, pods);
  return cluster;
}

/** Names of the routers on the way of a pod's packet, in order. */
function routers(cluster: Cluster, from: string, to: string): readonly string[] {
  const { verdict, hops } = cluster.ask(walk({ from, to, port: 8080 }));
  expect(verdict).toBe("delivered");
  return hops.filter(({ node, direction }) => node === "fabric" && direction === "out").map(({ netns }) => netns);
}

test("leaf-spine: segments of racks, learnt by eBGP, every spine at once", () => {
  const cluster = built({ topology: "leaf-spine", racks: 2, spines: 2 });
  expect(cluster.fabric.nodes.map(({ address: at, gateway }) => `${at} ${gateway}`)).toEqual(["172.18.0.2 172.18.0.1", "172.18.0.3 172.18.0.1", "172.18.1.2 172.18.1.1", "172.18.1.3 172.18.1.1"]);
  expect(cluster.get("Node", "", "kind-worker3")!.metadata.labels!["topology.kubernetes.io/rack"]).toBe("leaf2");
  expect(cluster.exec("router/leaf1", "ip route show 172.18.1.0/24").text).toMatch(/^172\.18\.1\.0\/24 proto bird metric 32 \n\tnexthop via 172\.18\.248\.\d+ dev spine1 weight 1 \n\tnexthop via 172\.18\.248\.\d+ dev spine2 weight 1 $/);
  const way = routers(cluster, "deploy/a", address(cluster, "b"));
  expect([way[0], way.at(-1)]).toEqual(["leaf1", "leaf2"]);
  const spine = way.find((name) => name.startsWith("spine"))!;

  // The spine in use dies: the other one takes over when the hold time is over, at the latest.
  const dead = cluster.fabric.speakers.find(({ name }) => name === spine)!;
  for (const name of ["leaf1", "leaf2", "border"]) expect(plumb(cluster.stack, { verb: "link-set", ns: dead.ns, name, up: false })).toBeNull();
  cluster.run(15e9);
  expect(routers(cluster, "deploy/a", address(cluster, "b"))).not.toContain(spine);
  expect(cluster.probe({ from: "node/kind-worker", to: "203.0.113.10", protocol: "icmp" }).outcome).toBe("ok");
});

test("zones: a segment and a label each, and a longer way between them", () => {
  const cluster = built({ topology: "zones", zones: 2, zoneDelay: 700_000 });
  expect(cluster.objects("Node").map(({ metadata }) => `${metadata.name} ${metadata.labels!["topology.kubernetes.io/zone"]}`)).toEqual(["kind-control-plane zone-a", "kind-worker zone-b", "kind-worker2 zone-a", "kind-worker3 zone-b"]);
  const time = (from: string, to: string): number => {
    const { hops } = cluster.ask(walk({ from: `node/${from}`, to: cluster.fabric.nodes.find(({ name }) => name === to)!.address, protocol: "icmp" }));
    return hops.at(-1)!.time - hops[0]!.time;
  };
  // After the neighbours are known: two cables of 50 us within a zone, and two of 700 us more between zones.
  for (const to of ["kind-worker3", "kind-worker2"]) cluster.probe({ from: "node/kind-worker", to: cluster.fabric.nodes.find(({ name }) => name === to)!.address, protocol: "icmp" });
  expect(time("kind-worker", "kind-worker3")).toBe(100_000);
  expect(time("kind-worker", "kind-worker2")).toBe(1_500_000);
});

test.each(["leaf-spine", "zones"])("%s: a fork goes on as the first does", (topology) => {
  const cluster = built({ topology });
  const fork = cluster.fork();
  for (const one of [cluster, fork]) one.run(30e9);
  expect(fork.fingerprint()).toBe(cluster.fingerprint());
});

test("what has no addresses is refused in words", () => {
  const refused = (fabric: object, more: object = {}): unknown => {
    try {
      createCluster({ fabric, ...more });
    } catch (error) {
      return (error as Error).message;
    }
    return null;
  };
  expect(refused({ topology: "torus" })).toContain('Unsupported value: "torus": supported values: "single", "leaf-spine", "zones"');
  expect(refused({ topology: "leaf-spine", racks: 0 })).toContain("Invalid value: 0: must be a whole number from 1 to 240");
  expect(refused({ topology: "zones", subnet: "172.18.0.0/24" })).toContain("needs a /16 or more");
  expect(refused({ topology: "zones" }, { loadBalancer: "cloud" })).toContain("cloud on a fabric of several segments: not modelled");
  expect(refused({ nodeAs: -1 })).toContain("fabric.nodeAs: Invalid value: -1: must be between 0 and 4294967295, inclusive");
  expect(refused({ topology: "leaf-spine", nodeAs: 64512 }, { cni: "calico:encapsulation=None,clusterRoutingMode=BIRD,bgpPeers=rack" })).toContain("the routers already speak with Calico of the same nodes");
});
