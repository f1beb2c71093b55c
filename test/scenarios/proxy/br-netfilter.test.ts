import { expect, test } from "vitest";
import { ask, deployment, does, nodeNs, service, shop } from "./shop.js";

test("without br_netfilter the answer of a pod on the client's own node goes round the translation", () => {
  const objects = [deployment({ name: "web", node: "kind-worker" }), service("web"), deployment({ name: "client", node: "kind-worker" }), deployment({ name: "far", node: "kind-worker2" })];
  const cluster = shop(objects, { bridgeNf: false });
  const near = { from: "deploy/client", to: "http://web" };

  const lost = ask(cluster, near);
  expect(lost).toMatchObject({ verdict: "dropped", errno: "ETIMEDOUT", end: { reason: "NO_SOCKET", node: "kind-worker" } });
  // The request arrived; the answer came with the pod's own address, which the client never spoke to.
  const pod = cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "web")!;
  expect(lost.hops.at(-1)!.packet.dst).toBe(pod.status!.podIP);
  expect(lost.reply!.packet.src).toBe(pod.status!.podIP);
  expect(lost.end.netns).toMatch(/^default\/client-/);

  // From another node the answer is routed, and translated.
  expect(ask(cluster, { ...near, from: "deploy/far" }).verdict).toBe("delivered");

  does(cluster, { verb: "sysctl", ns: nodeNs(cluster, "kind-worker"), key: "net.bridge.bridge-nf-call-iptables", value: "1" });
  expect(ask(cluster, near).verdict).toBe("delivered");
});
