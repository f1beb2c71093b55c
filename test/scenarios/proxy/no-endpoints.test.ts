import { expect, test } from "vitest";
import { ask, deployment, put, service, shop, steps } from "./shop.js";

test("a Service without endpoints is refused at once, by a rule that names it, until a pod is ready", () => {
  const cluster = shop([deployment({ name: "web", replicas: 0 }), service("web"), deployment({ name: "client", node: "kind-worker" })]);
  const refused = ask(cluster, { from: "deploy/client", to: "http://web" });
  expect(refused).toMatchObject({
    verdict: "rejected",
    errno: "ECONNREFUSED",
    end: { reason: "NETFILTER_DROP", node: "kind-worker", netns: "kind-worker", cause: { object: "Service default/web" }, rule: { table: "filter", chain: "KUBE-SERVICES" } },
  });
  expect(refused.end.rule!.text).toContain('--comment "default/web has no endpoints"');
  expect(refused.end.rule!.text).toContain("-j REJECT --reject-with icmp-port-unreachable");
  expect(steps(refused, "answer")).toMatchObject([{ what: "icmp-error", type: 3, code: 3 }]);

  put(cluster, [deployment({ name: "web" })]);
  expect(ask(cluster, { from: "deploy/client", to: "http://web" }).verdict).toBe("delivered");
});
