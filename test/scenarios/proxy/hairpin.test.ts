import { expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { arrivedFrom, ask, deployment, does, nodeNs, service, shop } from "./shop.js";

/** `bridge link set dev PORT hairpin on|off` for every pod of a node. */
function setHairpin(cluster: Cluster, node: string, hairpin: boolean): void {
  const ns = nodeNs(cluster, node);
  for (const name of cluster.stack.nsInfo.get(ns)!.devices.keys()) {
    if (name.startsWith("veth")) does(cluster, { verb: "link-set", ns, name, hairpin });
  }
}

test("a pod does not reach itself through its Service when its bridge port is not in hairpin mode", () => {
  const cluster = shop([deployment({ name: "web", node: "kind-worker" }), service("web")]);
  const query = { from: "deploy/web", to: "http://web" };

  setHairpin(cluster, "kind-worker", false);
  const dropped = ask(cluster, query);
  expect(dropped).toMatchObject({ verdict: "dropped", errno: "ETIMEDOUT", end: { reason: "BRIDGE_NO_EGRESS_PORT", node: "kind-worker", device: "cni0" } });

  setHairpin(cluster, "kind-worker", true);
  const delivered = ask(cluster, query);
  expect(delivered.verdict).toBe("delivered");
  // Without masquerading, the pod would see a packet from itself.
  expect(arrivedFrom(delivered)).toBe("10.244.1.1");
});
