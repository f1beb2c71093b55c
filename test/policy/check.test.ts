import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readObjects } from "../../src/api/index.js";
import { check, familyOf } from "../../src/policy/check.js";
import { type Expectation, readExpectations } from "../../src/policy/check-expectation.js";
import { podEndpoint } from "../../src/policy/endpoint.js";
import { buildModel, readModel } from "../../src/policy/model.js";
import { verdict } from "../../src/policy/oracle.js";
import { cluster, switches } from "./arbitraries.js";
import { model, namespace, node, pod, policy, port } from "./build.js";

const read = (text: string): readonly Expectation[] => {
  const { expectations, problems } = readExpectations([{ name: "expect.yaml", text }]);
  expect(problems).toEqual([]);
  return expectations;
};

describe("check", () => {
  test("passes exactly where the oracle agrees with the expectation", () => {
    fc.assert(
      fc.property(cluster, switches, fc.constantFrom(53, 80, 8080), fc.constantFrom("TCP" as const, "UDP" as const), (input, chosen, port, protocol) => {
        const m = buildModel(input, chosen);
        const pods = m.pods.filter((each) => each.absent === "");
        const wanted: Expectation[] = [];
        const verdicts: boolean[] = [];
        for (const a of pods) {
          for (const b of pods) {
            if (a === b) continue;
            wanted.push({ name: "", from: [a.id], to: [b.id], ports: [port], protocol, expect: "allow", file: "", line: 0 });
            const [from, to] = [podEndpoint(a), podEndpoint(b)];
            verdicts.push(verdict(m, { from, to, port, protocol, family: familyOf(from, to) }).allowed);
          }
        }
        const allow = check(m, wanted);
        expect(allow.passed).toBe(verdicts.filter((each) => each).length);
        const deny = check(m, wanted.map((each) => ({ ...each, expect: "deny" as const })));
        expect(deny.passed).toBe(verdicts.filter((each) => !each).length);
        for (const { violations } of [...allow.failed, ...deny.failed]) for (const each of violations) expect(each.why?.port).toBe(port);
      }),
      { numRuns: 100 },
    );
  });

  const m = model({
    pods: [
      pod("shop/web", { workload: "shop/web[Deployment]" }),
      pod("shop/cart", { ports: [port("grpc", 7070)] }),
      pod("blog/web"),
      pod("infra/dns", { labels: { role: "dns" }, ports: [port("dns", 53, "UDP")] }),
    ],
    namespaces: [namespace("shop")],
    nodes: [node("n1", ["192.168.0.1"])],
    policies: [
      policy("shop/cart", {
        podSelector: { matchLabels: { app: "cart" } },
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }, { ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 7070 }] }],
        egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: "UDP" }] }],
      }),
    ],
  });

  test("a passing set of every kind of pattern", () => {
    const expectations = read(`
expectations:
- {from: shop/web, to: shop/cart, port: 7070, expect: allow}
- {from: "shop/web[Deployment]", to: shop/cart, port: grpc, expect: allow}
- {from: shop/web, to: shop/cart, port: [7069, "7071-65535"], expect: deny}
- {from: shop/web, to: shop/cart, protocol: udp, expect: deny}
- {from: ["*", "!shop/*"], to: shop/cart, expect: deny}
- {from: {namespace: blog}, to: {labels: {app: cart}}, expect: deny}
- {from: "*/web", to: infra/dns, port: dns, protocol: UDP, expect: allow}
- {from: shop/cart, to: internet, expect: deny}
- {from: 10.0.0.0/8, to: shop/cart, port: 7070, expect: allow}
- {from: 10.1.2.3, to: shop/cart, port: 7070, expect: allow}
- {from: 11.0.0.0/8, to: shop/cart, expect: deny}
- {from: node/n1, to: shop/cart, expect: deny}
`);
    expect(check(m, expectations)).toEqual({ passed: 12, failed: [], problems: [] });
  });

  test("a failure names its line, the connections, the ports and the deciding rule", () => {
    const result = check(m, read("- name: carts are private\n  from: '*'\n  to: shop/cart\n  expect: deny\n"));
    expect(result).toMatchObject({
      passed: 0,
      failed: [
        {
          name: "carts are private",
          file: "expect.yaml",
          line: 1,
          count: 1,
          violations: [{ from: "shop/web", to: "shop/cart", ports: { TCP: [[7070, 7070]] }, why: { allowed: true, port: 7070 } }],
        },
      ],
    });
    expect(result.failed[0]?.violations[0]?.message).toContain("NetworkPolicy shop/cart allows it at spec.ingress[0].from[0]");
  });

  test("a denied end is explained, and a named port that is not there fails", () => {
    const [closed, missing] = check(m, read("- {from: blog/web, to: shop/cart, port: 7070, expect: allow}\n- {from: shop/web, to: 'shop/*', port: grpc, expect: allow}\n- {from: blog/web, to: '*', port: grpc, expect: allow}")).failed;
    expect(closed?.violations[0]?.why?.changes).toHaveLength(1);
    expect(missing?.violations.map((each) => each.message)).toContain("shop/web has no port named grpc");
  });

  test("a pattern that means nothing is a problem with its line, never a silent pass", () => {
    const result = check(m, read("- {from: shop/wbe, to: shop/cart, expect: deny}\n- {from: shop/web, to: shop/cart, port: htp, expect: deny}\n- {from: shop/web, to: shop/web, expect: deny}"));
    expect(result.passed).toBe(0);
    expect(result.problems.map(({ line, message }) => [line, message])).toEqual([
      [1, 'an expectation: nothing here is called "shop/wbe"'],
      [2, 'an expectation: nothing here is called "port htp"'],
      [3, 'an expectation: nothing here is called "no pair of different ends"'],
    ]);
  });

  test.each([
    ["from: a", "", "expectations must be a list"],
    ["- 1", "[0]", "an expectation must be a mapping"],
    ["- {from: a, to: b}", "[0].expect", "Required value"],
    ["- {from: a, expect: allow}", "[0].to", "Required value"],
    ["- {from: a, to: b, expect: no}", "[0].expect", "Unsupported value"],
    ["- {from: a, to: b, expect: deny, port: 70000}", "[0].port", "Invalid value: 70000"],
    ["- {from: a, to: b, expect: deny, port: 9-1}", "[0].port", "Invalid value"],
    ["- {from: a, to: b, expect: deny, protocol: icmp}", "[0].protocol", "Unsupported value"],
    ["- {from: a, to: b, expect: deny, ports: 80}", "[0].ports", 'unknown field "ports"'],
    ["- {from: a, to: {label: b}, expect: deny}", "[0].to.label", "unknown field"],
    ["- {from: [1], to: b, expect: deny}", "[0].from", "a pattern must be text"],
    ["- {from: [", "", "error converting YAML"],
  ])("refuses %s", (text, path, message) => {
    const { expectations, problems } = readExpectations([{ name: "e.yaml", text }]);
    expect(expectations).toEqual([]);
    expect(problems[0]).toMatchObject({ severity: "error", path, file: "e.yaml", line: 1 });
    expect(problems[0]!.message).toContain(message);
  });

  test("workload manifests without pods answer by their names", () => {
    const deployment = (name: string) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c" }] } } },
    });
    const two = readModel(readObjects([deployment("a"), deployment("b")]).objects);
    expect(check(two, read("- {from: a, to: deploy/b, expect: allow}\n- {from: 'default/b[Deployment]', to: default/a, expect: allow}")).passed).toBe(2);
  });
});

test("whatever is written, expectations are read or refused, never half and never with an exception", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown[]>("*", "!x/*", "10.0.0.0/8", "internet", "x/a", 80, "1-9", "allow", "deny", "udp", { namespace: "x" }, { labels: { app: "*" } }));
  const entry = fc.dictionary(fc.constantFrom("from", "to", "port", "protocol", "expect", "name", "x"), value, { noNullPrototype: true });
  const sound = fc.record({ from: value, to: value, port: value, expect: fc.constantFrom("allow", "deny") });
  const m = model({ pods: [pod("x/a"), pod("x/b")], policies: [policy("x/p", {})] });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.array(fc.oneof(entry, sound), { maxLength: 3 }).map((each) => JSON.stringify(each))), (text) => {
      const { expectations, problems } = readExpectations([{ name: "e.yaml", text }]);
      if (problems.length > 0) expect(expectations).toEqual([]);
      const { passed, failed, problems: unclear } = check(m, expectations);
      expect(passed + failed.length + new Set(unclear.map((each) => each.path)).size).toBe(expectations.length);
    }),
    { numRuns: 500 },
  );
});
