import { expect, test } from "vitest";
import { ask, deployment, does, nodeNs, service, shop } from "./shop.js";

test("a process of a node without a default route cannot send to a ClusterIP, though the pods behind it are routed", () => {
  const cluster = shop([deployment({ name: "web", node: "kind-worker2" }), service("web", { clusterIP: "10.96.0.77" }), deployment({ name: "client", node: "kind-worker" })]);
  const query = { from: "node/kind-worker", to: "http://10.96.0.77" };
  expect(ask(cluster, query).verdict).toBe("delivered");

  const ns = nodeNs(cluster, "kind-worker");
  does(cluster, { verb: "route-del", ns, dst: "default" });
  // A route is looked for before OUTPUT, where the address would be translated.
  const unsent = ask(cluster, query);
  expect(unsent).toMatchObject({ verdict: "dropped", errno: "ENETUNREACH", hops: [] });
  const pod = cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "web")!;
  expect(ask(cluster, { from: "node/kind-worker", to: `http://${pod.status!.podIP!}:8080` }).verdict).toBe("delivered");
  // A pod's packet is translated before the node routes it.
  expect(ask(cluster, { ...query, from: "deploy/client" }).verdict).toBe("delivered");

  does(cluster, { verb: "route-add", ns, dst: "10.96.0.0/16", dev: "eth0" });
  expect(ask(cluster, query).verdict).toBe("delivered");
});
