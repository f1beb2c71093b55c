import { expect, test } from "vitest";
import { INTERNET_ADDRESS } from "../../../src/cluster/fabric.js";
import { arrivedFrom, ask, deployment, put, service, shop, steps } from "./shop.js";

const NODE_PORT = 30080;

function nodePort(externalTrafficPolicy: "Cluster" | "Local"): object {
  return service("web", { type: "NodePort", externalTrafficPolicy }, { nodePort: NODE_PORT });
}

test("the client's address is lost with externalTrafficPolicy Cluster on every node, and kept with Local", () => {
  const cluster = shop([deployment({ name: "web", node: "kind-worker" }), nodePort("Cluster")]);
  for (const node of ["kind-worker", "kind-worker2"]) {
    const lost = ask(cluster, { from: "internet", to: `node/${node}`, port: NODE_PORT });
    expect(lost.verdict).toBe("delivered");
    expect(lost.hops[0]!.packet.src).toBe(INTERNET_ADDRESS);
    // Masqueraded as the node where the connection came in: its address on the way to the pod.
    expect(arrivedFrom(lost)).toBe(node === "kind-worker" ? "10.244.1.1" : "10.244.2.0");
    expect(steps(lost, "rewrite").filter(({ field }) => field === "source")).toHaveLength(1);
  }

  put(cluster, [nodePort("Local")]);
  const kept = ask(cluster, { from: "internet", to: "node/kind-worker", port: NODE_PORT });
  expect(kept.verdict).toBe("delivered");
  expect(arrivedFrom(kept)).toBe(INTERNET_ADDRESS);
  expect(steps(kept, "rewrite").map(({ field }) => field)).not.toContain("source");
});

test("with Local a node port drops on a node without endpoints of its own, until it has one", () => {
  const cluster = shop([deployment({ name: "web", node: "kind-worker" }), nodePort("Local")]);
  const dropped = ask(cluster, { from: "internet", to: "node/kind-worker2", port: NODE_PORT });
  expect(dropped).toMatchObject({
    verdict: "dropped",
    errno: "ETIMEDOUT",
    end: { reason: "NETFILTER_DROP", node: "kind-worker2", cause: { object: "Service default/web" }, rule: { table: "filter", chain: "KUBE-EXTERNAL-SERVICES" } },
  });
  expect(dropped.end.rule!.text).toContain('--comment "default/web has no local endpoints"');

  // The node itself and its pods are sent to any endpoint all the same.
  expect(ask(cluster, { from: "node/kind-worker2", to: "node/kind-worker2", port: NODE_PORT }).verdict).toBe("delivered");

  put(cluster, [deployment({ name: "web", node: "kind-worker2" })]);
  const healed = ask(cluster, { from: "internet", to: "node/kind-worker2", port: NODE_PORT });
  expect(healed.verdict).toBe("delivered");
  expect(arrivedFrom(healed)).toBe(INTERNET_ADDRESS);
});
