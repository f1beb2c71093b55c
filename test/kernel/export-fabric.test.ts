/**
 * A cluster on racks under spines, exported: on the real kernel the real BIRD 2 runs in every router, and what the routers
 * have told each other, who reaches whom and over which hops is compared with the simulated daemons'.
 */
import { test } from "vitest";
import { exportLab } from "../../src/ask/export-lab.js";
import { createCluster } from "../../src/cluster/cluster.js";
import { deployment, put, service } from "../scenarios/proxy/shop.js";
import { describeWith, needs } from "../support/requires.js";
import { normal } from "./normal.js";
import { sameOnBoth } from "./real-run.js";

function lab(): string {
  const cluster = createCluster({ nodes: 4, fabric: { topology: "leaf-spine", racks: 2, spines: 2 } });
  cluster.settle();
  put(cluster, [deployment({ name: "a", node: "kind-worker" }), deployment({ name: "b", node: "kind-worker3" }), service("b")]);
  const far = cluster.fabric.nodes[3]!;
  const script = exportLab(cluster, {
    counters: true,
    probes: [
      { from: "deploy/a", to: "b:80" },
      { from: "deploy/a", to: "internet", protocol: "icmp" },
      { from: "node/kind-worker", to: far.address, protocol: "icmp" },
    ],
  });
  const routers = ["fabric", "leaf1", "leaf2", "spine1", "spine2"];
  const tables = routers.flatMap((name) => [`ip -n ${name} route`, `birdc ${name} show route`, `birdc ${name} show protocols`]);
  // The spine that carries nothing more is not missed.
  const lost = ["ip -n spine1 link set leaf1 down", "sleep 1", "ip -n leaf1 route", "birdc leaf1 show route", `probe kind-worker icmp ${far.address} timeout=0.5`];
  return `${script}${[...tables, ...lost].join("\n")}\n`;
}

/** The port that a client was given is the kernel's choice, and sessions stand when they stand. */
const comparable = (output: string): string => normal(output).replace(/^(ok \S+ [\d.]+):\d+$/gm, "$1").replace(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "TIME");

const TRIES = 4;

describeWith("racks under spines, on this machine's kernel with BIRD", [needs.shared, needs.netfilter, needs.bird], () => {
  test("the same routes, ends and counters, with a cable lost too", { timeout: 400_000 }, () => {
    sameOnBoth(lab(), comparable, TRIES);
  });
});
