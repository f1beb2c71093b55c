/** A cluster with two families, exported: the same connections of both on the real kernel, and the same count of every rule of IPv4; those of IPv6 also count what kernels tell their neighbours when they like. */
import { test } from "vitest";
import { exportLab } from "../../src/ask/export-lab.js";
import { createCluster } from "../../src/cluster/cluster.js";
import { deployment, put, service } from "../scenarios/proxy/shop.js";
import { describeWith, needs } from "../support/requires.js";
import { normal } from "./normal.js";
import { sameOnBoth } from "./real-run.js";

function lab(): string {
  const cluster = createCluster({ nodes: 3, cni: "kindnet", podSubnet: "10.244.0.0/16,fd00:10:244::/56", serviceSubnet: "10.96.0.0/16,fd00:10:96::/112" });
  cluster.settle();
  put(cluster, [
    deployment({ name: "a", node: "kind-worker" }),
    deployment({ name: "b", node: "kind-worker2" }),
    deployment({ name: "c", node: "kind-worker2" }),
    service("b", { type: "NodePort", ipFamilyPolicy: "PreferDualStack" }, { nodePort: 30080 }),
    { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "deny", namespace: "default" }, spec: { podSelector: { matchLabels: { app: "c" } } } },
  ]);
  const ips = (app: string): readonly string[] => cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === app)!.status!.podIPs!.map(({ ip }) => ip);
  const { clusterIPs } = cluster.get("Service", "default", "b")!.spec;
  const node = cluster.fabric.nodes[1]!;
  const script = exportLab(cluster, {
    counters: true,
    probes: [
      ...ips("b").map((to) => ({ from: "deploy/a", to, port: 8080 })),
      ...clusterIPs!.map((to) => ({ from: "deploy/a", to, port: 80 })),
      ...[node.address, node.address6!].map((to) => ({ from: "internet", to, port: 30080 })),
      ...ips("c").map((to) => ({ from: "deploy/a", to, port: 8080 })),
      { from: "deploy/a", to: "2001:db8:203::10", protocol: "icmp" as const },
      { from: "node/kind-worker", to: ips("b")[1]!, port: 8080 },
    ],
  });
  const more = cluster.fabric.nodes.flatMap(({ name }) => [`ip netns exec ${name} ip6tables-save`, `ip -6 -n ${name} route`]);
  return `${script}${more.join("\n")}\n`;
}

/** The port that a client was given is the kernel's choice. */
const comparable = (output: string): string => normal(output).replace(/^(ok \S+ \S+):\d+$/gm, "$1");

const TRIES = 4;

describeWith("two families, on this machine's kernel", [needs.shared, needs.netfilter], () => {
  test("the same ends, routes and counters", { timeout: 400_000 }, () => {
    sameOnBoth(lab(), comparable, TRIES);
  });
});
