/**
 * A node joins a cluster that runs: what that costs the others. Counts of frames and routes, which are the same on every machine;
 * what they cost in time is `npm run bench`'s to say.
 */
import { describe, expect, test } from "vitest";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";

const SECOND = 1e9;
const POD_SUBNET = "10.128.0.0/10";

/** Frames that the nodes' own devices have sent. */
function sent(cluster: Cluster): number {
  const { dev, nsInfo } = cluster.stack;
  return cluster.fabric.nodes.reduce((sum, { ns }) => sum + dev.c.txPackets[nsInfo.get(ns)!.devices.get("eth0")!]!, 0);
}

const routesOf = (cluster: Cluster, node: string): number => cluster.exec(`node/${node}`, "ip route").text.split("\n").length;

interface Joined {
  readonly frames: number;
  /** routes of another node before the last one left, while it was away, and when it was back */
  readonly routes: readonly number[];
  readonly ready: boolean;
}

/** The last node leaves, and comes back half a minute later as a new one. */
function joined(cni: string, nodes: number): Joined {
  const cluster = createCluster({ nodes, cni, podSubnet: POD_SUBNET, systemPods: false, dns: false });
  cluster.settle();
  const last = cluster.fabric.nodes.at(-1)!.name;
  const other = cluster.fabric.nodes[1]!.name;
  const routes = [routesOf(cluster, other)];
  cluster.delete("Node", "", last);
  cluster.settle();
  cluster.run(30 * SECOND);
  routes.push(routesOf(cluster, other));
  const before = sent(cluster);
  expect(cluster.apply([{ apiVersion: "v1", kind: "Node", metadata: { name: last, labels: { "kubernetes.io/hostname": last } } }])).toEqual([]);
  cluster.settle();
  cluster.run(6 * SECOND);
  routes.push(routesOf(cluster, other));
  const ready = cluster.get("Node", "", last)!.status!.conditions!.some(({ type, status }) => type === "Ready" && status === "True");
  return { frames: sent(cluster) - before, routes, ready };
}

describe.each(["flannel", "flannel:backend=host-gw", "flannel:backend=ipip", "kindnet", "calico"])("%s", (cni) => {
  test("a node that registers again, with another pod CIDR, is ready and reached", () => {
    const { routes, ready } = joined(cni, 6);
    expect(ready).toBe(true);
    expect(routes[1]).toBe(routes[0]! - 1);
    expect(routes[2]).toBe(routes[0]);
  });
});

describe("BGP among Calico's nodes", () => {
  const BIRD = "calico:encapsulation=None,clusterRoutingMode=BIRD";

  test("a full mesh: the frames for one more node grow with the nodes", () => {
    const [few, more, most] = [6, 12, 24].map((nodes) => joined(BIRD, nodes).frames) as [number, number, number];
    // A session for each node that is there: twice the nodes, twice the frames.
    expect(more / few).toBeGreaterThan(1.6);
    expect(most / more).toBeGreaterThan(1.6);
    expect(most / few).toBeLessThan(5);
  });

  test("route reflectors: they do not", () => {
    const [few, most] = [12, 40].map((nodes) => joined(`${BIRD},routeReflectors=2`, nodes).frames) as [number, number];
    expect(most).toBeLessThanOrEqual(few * 1.5);
    expect(few).toBeGreaterThan(10);
  });
});
