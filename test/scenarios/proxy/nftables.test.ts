import { expect, test } from "vitest";
import { INTERNET_ADDRESS } from "../../../src/cluster/fabric.js";
import { arrivedFrom, ask, deployment, put, service, shop } from "./shop.js";

const NODE_PORT = 30080;
const options = { proxy: "nftables" } as const;

test("in nftables mode pods reach Services, and what no Service has is answered", () => {
  const cluster = shop([deployment({ name: "web", node: "kind-worker2" }), service("web", { clusterIP: "10.96.0.77" }), deployment({ name: "client", node: "kind-worker" })], options);
  const from = "deploy/client";
  expect(ask(cluster, { from, to: "http://web" }).verdict).toBe("delivered");
  expect(ask(cluster, { from: "deploy/web", to: "http://web" }).verdict).toBe("delivered");
  // To iptables both are nothing: the packets would leave by the default route.
  expect(ask(cluster, { from, to: "http://10.96.0.77:81" })).toMatchObject({ verdict: "rejected", end: { rule: { chain: "cluster-ips-check" } } });
  expect(ask(cluster, { from, to: "http://10.96.0.99" })).toMatchObject({ verdict: "dropped", end: { rule: { chain: "cluster-ips-check" } } });

  put(cluster, [deployment({ name: "web", node: "kind-worker2", replicas: 0 })]);
  expect(ask(cluster, { from, to: "http://10.96.0.77" })).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED", end: { rule: { chain: "reject-chain" } } });
});

test("in nftables mode externalTrafficPolicy Local keeps the client's address, and drops where no endpoint is", () => {
  const nodePort = (externalTrafficPolicy: string): object => service("web", { type: "NodePort", externalTrafficPolicy }, { nodePort: NODE_PORT });
  const cluster = shop([deployment({ name: "web", node: "kind-worker" }), nodePort("Cluster")], options);
  expect(arrivedFrom(ask(cluster, { from: "internet", to: "node/kind-worker", port: NODE_PORT }))).toBe("10.244.1.1");

  put(cluster, [nodePort("Local")]);
  expect(arrivedFrom(ask(cluster, { from: "internet", to: "node/kind-worker", port: NODE_PORT }))).toBe(INTERNET_ADDRESS);
  expect(ask(cluster, { from: "internet", to: "node/kind-worker2", port: NODE_PORT })).toMatchObject({ verdict: "dropped", end: { reason: "NETFILTER_DROP", node: "kind-worker2" } });
});
