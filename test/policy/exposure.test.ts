import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exposure } from "../../src/policy/exposure.js";
import { buildModel } from "../../src/policy/model.js";
import { reach } from "../../src/policy/reach.js";
import { cluster, switches } from "./arbitraries.js";
import { model, namespace, pod, policy } from "./build.js";

const all = { TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] };
const of = (m: ReturnType<typeof model>, workload: string) => exposure(m).workloads.find((each) => each.workload === workload)!.exposed;

describe("exposure", () => {
  test("without policies everyone is described, and no one twice", () => {
    const exposed = of(model({ pods: [pod("x/a")] }), "x/a[Pod]");
    expect(exposed.map((each) => [each.kind, each.who])).toEqual([
      ["addresses", "0.0.0.0-255.255.255.255"],
      ["addresses", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
      ["pods", "any pod of a namespace not shown here"],
      ["pods", "any other pod of namespace x"],
    ]);
    for (const { allowed } of exposed) expect(allowed).toEqual(all);
  });

  test("deny-all exposes nothing; peers are told as conditions on pods and namespaces", () => {
    const closed = model({ pods: [pod("x/a")], policies: [policy("x/deny", {})] });
    expect(of(closed, "x/a[Pod]")).toEqual([]);
    const m = model({
      pods: [pod("x/a"), pod("y/b")],
      namespaces: [namespace("y", { team: "blue" })],
      policies: [
        policy("x/in", {
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: "new" } } }], ports: [{ port: 80 }] },
            { from: [{ namespaceSelector: { matchLabels: { team: "blue" } }, podSelector: { matchLabels: { role: "scrape" } } }], ports: [{ port: 9090 }] },
            { from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } } }], ports: [{ port: 8080 }] },
            { from: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ port: 443 }] },
          ],
        }),
      ],
    });
    expect(of(m, "x/a[Pod]")).toEqual([
      { kind: "addresses", who: "203.0.113.0-203.0.113.255", allowed: { TCP: [[443, 443]] } },
      { kind: "pods", who: "other pods of namespace x with app=new", allowed: { TCP: [[80, 80]] } },
      { kind: "pods", who: "other pods of namespace y with role=scrape", allowed: { TCP: [[9090, 9090]] } },
      { kind: "pods", who: "pods of a namespace with team=blue with role=scrape", allowed: { TCP: [[9090, 9090]] } },
      { kind: "pods", who: "pods of a namespace with kubernetes.io/metadata.name=ingress-nginx", allowed: { TCP: [[8080, 8080]] } },
    ]);
  });

  test("a stranger of a namespace whose egress is closed reaches nobody", () => {
    const m = model({ pods: [pod("x/a"), pod("y/b")], policies: [policy("y/quiet", { policyTypes: ["Egress"] })] });
    expect(of(m, "x/a[Pod]").map((each) => each.who)).not.toContain("any other pod of namespace y");
    expect(of(m, "x/a[Pod]").map((each) => each.who)).toContain("any other pod of namespace x");
  });

  test("its address ranges are those of reach, on random clusters", () => {
    fc.assert(
      fc.property(cluster, switches, (input, chosen) => {
        const m = buildModel(input, chosen);
        const ids = new Set(reach(m).workloads.map((each) => each.id));
        const into = reach(m).connections.filter((each) => !ids.has(each.from)).map((each) => [each.from, each.to, each.allowed]);
        const told = exposure(m).workloads.flatMap(({ workload, exposed }) => exposed.filter((each) => each.kind === "addresses").map((each) => [each.who, workload, each.allowed]));
        const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
        expect(told.sort(byText)).toEqual(into.sort(byText));
      }),
      { numRuns: 60 },
    );
  });
});
