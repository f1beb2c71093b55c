import { expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { listFlows } from "../../../src/linux/plumbing/flows.js";
import { launch } from "../../../src/linux/sock/app.js";
import { ask, deployment, nodeNs, SECOND, service, shop, steps } from "./shop.js";

const SOURCE_PORT = 40053;
/** How long kube-proxy gathers changes before it writes them, in this cluster. */
const PROXY_WAITS = 15 * SECOND;
/** nf_conntrack_udp_timeout: what the flow has by itself. */
const FLOW_LIVES = 30 * SECOND;

function podOf(cluster: Cluster, app: string): { readonly name: string; readonly ip: string } | undefined {
  const pod = cluster.objects("Pod").find(({ metadata, status }) => metadata.labels?.["app"] === app && metadata.deletionTimestamp === undefined && status?.podIP !== undefined);
  return pod === undefined ? undefined : { name: pod.metadata.name, ip: pod.status!.podIP! };
}

/** Where the tracked flow of the client leads to; undefined if there is none. */
function leadsTo(cluster: Cluster): string | undefined {
  return listFlows(cluster.stack, nodeNs(cluster, "kind-worker")).find(({ original }) => original.sport === SOURCE_PORT)?.reply.src;
}

test("a UDP client that keeps its port keeps talking to a pod that is gone, until kube-proxy deletes the flow", () => {
  const dns = { name: "dns", node: "kind-worker2", port: 5353, protocol: "UDP" } as const;
  const objects = [deployment(dns), service("dns", { clusterIP: "10.96.0.53" }, { protocol: "UDP", port: 53, targetPort: 5353 }), deployment({ name: "client", node: "kind-worker" })];
  const cluster = shop(objects, { delays: { proxyMinSync: PROXY_WAITS } });
  cluster.run(PROXY_WAITS);
  const old = podOf(cluster, "dns")!;

  // The client asks from its one port, so the node tracks the flow; it is asked about again below.
  const client = cluster.control.podNetns(`default/${podOf(cluster, "client")!.name}`);
  launch(cluster.stack, client, "client", { host: "10.96.0.53", port: 53, protocol: "udp", resolv: { nameservers: [], search: [], options: {} }, request: "", timeout: SECOND, sourcePort: SOURCE_PORT });
  const asked = cluster.now;
  cluster.run(SECOND);
  expect(leadsTo(cluster)).toBe(old.ip);
  const query = { from: "deploy/client", to: "10.96.0.53", port: 53, protocol: "udp", sourcePort: SOURCE_PORT } as const;
  expect(ask(cluster, query).verdict).toBe("delivered");

  // A sync just now means that the next may come only after the minimum.
  cluster.apply([service("other", { clusterIP: "10.96.0.99" })]);
  cluster.run(2 * SECOND);
  cluster.delete("Pod", "default", old.name);
  for (let i = 0; i < 10 && (podOf(cluster, "dns") === undefined || cluster.get("Pod", "default", old.name) !== undefined); i++) cluster.run(SECOND);
  cluster.run(2 * SECOND);
  const fresh = podOf(cluster, "dns")!;
  expect(fresh.ip).not.toBe(old.ip);

  expect(leadsTo(cluster)).toBe(old.ip);
  const stale = ask(cluster, query);
  expect(stale).toMatchObject({ verdict: "dropped", end: { reason: "NEIGH_FAILED", node: "kind-worker2", device: "cni0" } });
  // The way ends where nobody has the old address; the ICMP error about it is a packet of its own.
  expect(stale.hops.at(-1)!.packet.dst).toBe(old.ip);
  expect(steps(stale, "conntrack").find(({ event }) => event === "found")).toBeDefined();
  expect(steps(stale, "chain").filter(({ chain }) => chain.startsWith("KUBE-SVC-"))).toEqual([]);

  cluster.run(PROXY_WAITS + SECOND);
  expect(cluster.now - asked).toBeLessThan(FLOW_LIVES);
  expect(leadsTo(cluster)).toBeUndefined();
  const healed = ask(cluster, query);
  expect(healed.verdict).toBe("delivered");
  expect(healed.hops.at(-1)!.packet.dst).toBe(fresh.ip);
});
