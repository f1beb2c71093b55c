// A node joins a cluster that runs, and leaves it again: one operation is both. Size: nodes. What one more node costs all others
// should grow no faster than their number.
import { createCluster } from "../src/cluster/cluster.js";
import type { Work } from "./job.js";

/** Room for the /24 of each of 16,384 nodes. */
const POD_SUBNET = "10.128.0.0/10";
/** Sessions and timers of routing daemons take a few seconds. */
const REST = 6e9;

export function nodeJoins(cni: string, nodes: number): Work {
  const cluster = createCluster({ nodes, cni, podSubnet: POD_SUBNET, systemPods: false, dns: false });
  cluster.settle();
  const { name, ns } = cluster.fabric.nodes.at(-1)!;
  const object = { apiVersion: "v1", kind: "Node", metadata: { name, labels: { "kubernetes.io/hostname": name } } };
  const rest = (): void => {
    cluster.settle();
    cluster.run(REST);
  };
  const ready = (): boolean => cluster.get("Node", "", name)?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  const once = (): void => {
    cluster.delete("Node", "", name);
    rest();
    cluster.apply([object]);
    rest();
    if (!ready()) throw new Error(`${name} is not ready`);
  };
  return {
    run(n) {
      for (let i = 0; i < n; i++) once();
    },
    check() {
      once();
      return cluster.exec(`node/${name}`, "ip route").text.split("\n").length + ns;
    },
  };
}
