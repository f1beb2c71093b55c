/** Routes by BGP: what nodes' routing daemons tell each other, and what that leaves in the kernel. */
import { describe, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";
import { addBgpNode, bgpNodes, birdConfig } from "../../../src/models/cni/calico/bird-config.js";
import { CALICO_DEFAULTS } from "../../../src/models/cni/calico/calico-options.js";
import { keepCalicoNode } from "../../../src/models/cni/calico/node-record.js";
import { birdOf } from "../../../src/models/bgp/bird-program.js";
import type { BirdState } from "../../../src/models/bgp/daemon/state.js";
import { mapEntries } from "../../../src/models/bgp/persistent-map.js";
import { dumpRoutes } from "../../../src/linux/plumbing/dump.js";
import { cniContract } from "../../../src/testing/cni-contract.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

const pods = (n: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${n}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: 80 }] }] }
`;

function boot(cni: string, nodes: number, n: number): Cluster {
  const cluster = createCluster({ nodes, cni });
  cluster.settle();
  cluster.apply(pods(n));
  cluster.settle();
  return cluster;
}

const routes = (cluster: Cluster, node: string): string[] => cluster.exec(`node/${node}`, "ip route").text.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
const fabricNodes = (cluster: Cluster): readonly string[] => cluster.fabric.nodes.map((node) => node.name);

/** By node, the sessions of its daemon that stand, and when they came up. */
function sessions(cluster: Cluster): Record<string, Record<string, number>> {
  return Object.fromEntries(
    cluster.fabric.nodes.map(({ name, ns }) => {
      const state = cluster.stack.app.apps.get(birdOf(cluster.stack, ns))!.state as unknown as BirdState;
      const up = mapEntries(state.protocols).filter(([, held]) => held.bgp !== null && held.bgp !== undefined && held.state === "up");
      return [name, Object.fromEntries(up.map(([session, held]) => [session, held.since]))];
    }),
  );
}

function everyPodReached(cluster: Cluster): void {
  const all = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web");
  for (const from of all) {
    for (const to of all) {
      if (from === to) continue;
      const found = cluster.ask(walk({ from: `default/${from.metadata.name}`, to: to.status!.podIP!, port: 80 }));
      expect(found.verdict, `${from.metadata.name} to ${to.metadata.name}: ${found.end.reason}`).toBe("delivered");
    }
  }
}

describe.each(["calico:encapsulation=None,clusterRoutingMode=BIRD", "calico:encapsulation=IPIP,clusterRoutingMode=BIRD", "calico:encapsulation=IPIPCrossSubnet,clusterRoutingMode=BIRD,routeReflectors=1"])("%s", (cni) => {
  test.each(cniContract(() => createCluster({ nodes: 3, cni }), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());
});

describe("a mesh", () => {
  test("brings every node's block to every other, and its own stays a blackhole", () => {
    const cluster = boot("calico:encapsulation=None,clusterRoutingMode=BIRD", 3, 4);
    const [first, second, third] = fabricNodes(cluster) as [string, string, string];
    const own = (node: string): string => routes(cluster, node).find((line) => line.startsWith("blackhole"))!.split(" ")[1]!;
    expect(routes(cluster, first)).toEqual(expect.arrayContaining([`blackhole ${own(first)} proto bird`, `${own(second)} via 172.18.0.3 dev eth0 proto bird`, `${own(third)} via 172.18.0.4 dev eth0 proto bird`]));
    expect(sessions(cluster)).toMatchObject({ [second]: { Mesh_172_18_0_2: expect.anything() as number, Mesh_172_18_0_4: expect.anything() as number } });
    everyPodReached(cluster);
  });

  test("wraps what the pool says to wrap", () => {
    const cluster = boot("calico:encapsulation=IPIP,clusterRoutingMode=BIRD", 3, 4);
    const first = routes(cluster, fabricNodes(cluster)[0]!);
    expect(first.filter((line) => line.includes("proto bird") && !line.startsWith("blackhole"))).toEqual([
      expect.stringMatching(/^10\.244\.\d+\.\d+\/26 via 172\.18\.0\.[34] dev tunl0 proto bird onlink$/),
      expect.stringMatching(/^10\.244\.\d+\.\d+\/26 via 172\.18\.0\.[34] dev tunl0 proto bird onlink$/),
    ]);
    everyPodReached(cluster);
  });

  test("a further block is told without a session's end", () => {
    const cluster = boot("calico:encapsulation=None,clusterRoutingMode=BIRD,blockSize=30", 3, 4);
    const before = sessions(cluster);
    cluster.apply(pods(12));
    cluster.settle();
    cluster.run(5_000_000_000);
    expect(sessions(cluster)).toEqual(before);
    expect(routes(cluster, fabricNodes(cluster)[0]!).filter((line) => line.includes("/30 via")).length).toBeGreaterThan(3);
    everyPodReached(cluster);
  });

  test("an address from another's block is told by itself", () => {
    const world = new CalicoNodes("None", PLACES, { clusterRoutingMode: "BIRD", pool: "10.0.0.0/28", blockSize: 29 });
        world.addPod("b0", "n2");
    const [own, ...rest] = Array.from({ length: 9 }, (_, i) => world.addPod(`a${i}`, "n1"));
    const borrowed = rest.at(-1)!;
    world.s.engine.run(world.s.engine.now + 10_000_000_000);
    const lone = (): string[] => dumpRoutes(world.s, world.roots.get("n2")!, 4, 254).filter((route) => route.dst === `${borrowed}/32`).map((route) => `${route.proto} ${route.hops[0]!.via}`);
    expect(lone()).toEqual(["bird 192.168.0.1"]);
    expect(dumpRoutes(world.s, world.roots.get("n2")!, 4, 254).some((route) => route.dst === `${own!}/32`)).toBe(false);
  });
});

describe("route reflectors", () => {
  test("are the only ones that others speak to, and routes lead past them", () => {
    const cluster = boot("calico:encapsulation=None,clusterRoutingMode=BIRD,routeReflectors=2", 5, 8);
    const names = fabricNodes(cluster);
    const held = sessions(cluster);
    expect(Object.keys(held[names[0]!]!)).toHaveLength(4);
    for (const name of names.slice(2)) expect(Object.keys(held[name]!).sort()).toEqual(["Node_172_18_0_2", "Node_172_18_0_3"]);
    for (const name of names) expect(routes(cluster, name).filter((line) => line.includes("proto bird") && line.includes("via"))).toHaveLength(4);
    everyPodReached(cluster);
  });

  test("one that dies is missed by nobody while the other lives", () => {
    const cluster = boot("calico:encapsulation=None,clusterRoutingMode=BIRD,routeReflectors=2", 4, 8);
    cluster.delete("Node", "", fabricNodes(cluster)[1]!);
    cluster.settle();
    cluster.run(10_000_000_000);
    everyPodReached(cluster);
  });
});

describe("racks", () => {
  const rack = { nodes: 6, cni: "calico:encapsulation=None,clusterRoutingMode=BIRD,bgpPeers=rack", fabric: { topology: "leaf-spine", racks: 3, spines: 2 } } as const;

  test.each(cniContract(() => createCluster(rack), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());

  test("hear of blocks from nodes, and carry them to the others and to the border", () => {
    const cluster = createCluster(rack);
    cluster.settle();
    cluster.apply(pods(8));
    cluster.settle();
    for (const held of Object.values(sessions(cluster))) expect(Object.keys(held)).toEqual([expect.stringMatching(/^Node_172_18_[012]_1$/)]);
    const [first, second, third] = fabricNodes(cluster) as [string, string, string];
    const own = (node: string): string => routes(cluster, node).find((line) => line.startsWith("blackhole"))!.split(" ")[1]!;
    // A neighbour of the same rack is told as itself, all others as the router.
    expect(routes(cluster, first)).toEqual(expect.arrayContaining([`${own(second)} via 172.18.0.3 dev eth0 proto bird`, `${own(third)} via 172.18.0.1 dev eth0 proto bird`, "default via 172.18.0.1 dev eth0"]));
    expect(cluster.exec("router/leaf2", "ip route").text).toMatch(new RegExp(`^${own(third)} via 172\\.18\\.1\\.2 dev rack proto bird`, "m"));
    expect(cluster.exec("fabric", "ip route").text).toContain(own(first));
    everyPodReached(cluster);
    const outside = cluster.ask(walk({ from: "internet", to: cluster.objects("Pod").find((pod) => pod.metadata.labels?.["app"] === "web")!.status!.podIP!, port: 80 }));
    expect(outside.verdict).toBe("delivered");
  });
});

describe.each(["calico", "calico:encapsulation=IPIPCrossSubnet", "calico:encapsulation=IPIPCrossSubnet,clusterRoutingMode=BIRD", "calico:encapsulation=IPIP,clusterRoutingMode=BIRD"])("%s on two subnets", (cni) => {
  test("wraps what leaves the subnet", () => {
    const cluster = createCluster({ nodes: 4, cni, fabric: { topology: "zones", zones: 2 } });
    cluster.settle();
    cluster.apply(pods(8));
    cluster.settle();
    const told = routes(cluster, fabricNodes(cluster)[0]!).filter((line) => /^10\.244\.\d+\.\d+\/26 via/.test(line));
    const wrapped = told.filter((line) => / dev (tunl0|vxlan\.calico) /.test(line));
    expect([told.length, wrapped.length]).toEqual([3, cni.includes("IPIP,") ? 3 : 2]);
    everyPodReached(cluster);
  });
});

describe("the configuration", () => {
  test("of the only node speaks to nobody", () => {
    const store = new Map<string, unknown>();
    keepCalicoNode(store, { name: "n1", address: "10.192.0.2", subnet: "10.192.0.2/16", tunnelAddress: "", tunnelMac: "" });
    addBgpNode(store, "n1");
    expect(bgpNodes(store)).toEqual(["n1"]);
    expect(birdConfig(store, { ...CALICO_DEFAULTS, encapsulation: "None" }, store.get("node/n1") as never)).not.toContain("protocol bgp");
  });
});

describe("options", () => {
  test.each([
    ["calico:clusterRoutingMode=BIRD", "routes over VXLAN are always Felix's"],
    ["calico:encapsulation=None,routeReflectors=2", "routeReflectors needs clusterRoutingMode=BIRD"],
    ["calico:encapsulation=None,asNumber=64999", "asNumber needs clusterRoutingMode=BIRD"],
    ["calico:encapsulation=None,clusterRoutingMode=BIRD,bgpPeers=rack", 'fabric.topology must be "leaf-spine"'],
    ["calico:encapsulation=IPIP,clusterRoutingMode=BIRD,bgpPeers=rack", "bgpPeers=rack needs encapsulation=None"],
    ["calico:encapsulation=None,clusterRoutingMode=BIRD,bgpPeers=rack,routeReflectors=1", "exclude each other"],
    ["calico:encapsulation=None,clusterRoutingMode=BIRD,asNumber=4294967296", "asNumber must be a number from 1 to 4294967295"],
  ])("%s is refused", (cni, words) => {
    expect(() => createCluster({ nodes: 2, cni })).toThrow(words);
  });
});
