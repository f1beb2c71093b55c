import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admitManifests, validate } from "../../src/api/index.js";
import { editObject } from "../../src/policy/edit-object.js";
import type { PolicyInput, PolicyObject } from "../../src/policy/input.js";
import { buildModel, type PolicyModel, readModel } from "../../src/policy/model.js";
import { judge, type PolicyQuery, verdict } from "../../src/policy/oracle.js";
import { readQuery } from "../../src/policy/query.js";
import { readQueries } from "../../src/policy/why-queries.js";
import { why, whyAll } from "../../src/policy/why.js";
import { applyChange } from "../../src/policy/why-change.js";
import { parseYaml } from "../../src/api/yaml-text.js";
import { cluster, questionOf, questionSeed, switches } from "./arbitraries.js";
import { model, namespace, node, pod, policy, port } from "./build.js";

const idOf = (object: PolicyObject): string =>
  object.kind === "NetworkPolicy" ? `NetworkPolicy ${object.metadata.namespace ?? "default"}/${object.metadata.name}` : `${object.kind} ${object.metadata.name}`;

/** The same set with each NetworkPolicy's types written out, so that taking a rule away takes nothing else. */
function withTypes(input: PolicyInput): PolicyInput {
  const policies = input.policies.map((each) => {
    if (each.object.kind !== "NetworkPolicy") return each;
    const { spec } = each.object;
    if ((spec.policyTypes ?? []).length > 0) return each;
    const policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
    return { ...each, object: { ...each.object, spec: { ...spec, policyTypes } } };
  });
  return { ...input, policies };
}

/** The same set without the rules that some reasons lie in. */
function withoutRules(m: PolicyModel, reasons: readonly { policy: string; path: string }[]): PolicyModel {
  const policies = m.input.policies.map((each) => {
    const paths = reasons.filter((reason) => reason.policy === idOf(each.object)).map((reason) => /^spec\.(?:egress|ingress)\[\d+\]/.exec(reason.path)?.[0]);
    const indexes = [...new Set(paths)].filter((path) => path !== undefined).sort((a, b) => Number(/\d+/.exec(b)![0]) - Number(/\d+/.exec(a)![0]));
    return { ...each, object: indexes.reduce((object, path) => editObject(object, { op: "remove", path }), each.object) };
  });
  return buildModel({ ...m.input, policies }, m.switches);
}

/** How much of a set's policies the API server would refuse. */
const faults = (m: PolicyModel): number =>
  m.input.policies.flatMap(({ object }) => validate({ object, source: { file: "", line: 0, places: {} } })).filter((each) => each.severity === "error").length;

const question = (m: PolicyModel, from: string, to: string, port: number | string = 80, protocol = "TCP"): PolicyQuery => {
  const query = readQuery(m, { from, to, port, protocol });
  if ("code" in query) throw new Error(query.message);
  return query;
};

describe("why, on random clusters", () => {
  test("says what the oracle says, at both ends", () => {
    fc.assert(
      fc.property(cluster, switches, fc.array(questionSeed, { minLength: 1, maxLength: 8 }), (input, chosen, seeds) => {
        const m = buildModel(input, chosen);
        for (const seed of seeds) {
          const query = questionOf(m, seed);
          expect(why(m, query)).toMatchObject(verdict(m, query));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("the rules it names decide: without them the end answers otherwise, or as it foretells", () => {
    fc.assert(
      fc.property(cluster, switches, fc.array(questionSeed, { minLength: 1, maxLength: 6 }), (input, chosen, seeds) => {
        const m = buildModel(withTypes(input), chosen);
        for (const seed of seeds) {
          const query = { ...questionOf(m, seed), throughService: seed.port % 2 === 0 };
          const answer = why(m, query);
          for (const direction of ["egress", "ingress"] as const) {
            const end = answer[direction];
            const rules = end.by.filter((reason) => /gress\[/.test(reason.path));
            if (rules.length === 0) continue;
            const after = judge(withoutRules(m, rules), query, direction);
            if (end.otherwise === undefined) expect(after.allowed).toBe(!end.allowed);
            else {
              expect(after.allowed).toBe(end.otherwise.allowed);
              expect(after.by.map((reason) => reason.policy)).toEqual(end.otherwise.by.map((reason) => reason.policy));
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("the smallest change allows what was denied", () => {
    let changed = 0;
    fc.assert(
      fc.property(cluster, switches, fc.array(questionSeed, { minLength: 1, maxLength: 8 }), (input, chosen, seeds) => {
        const m = buildModel(input, chosen);
        for (const seed of seeds) {
          const query = questionOf(m, seed);
          const { allowed, changes, egress, ingress } = why(m, query);
          const gone = [query.from, query.to].some((end) => "pod" in end && end.pod !== null && end.pod.absent !== "");
          if (allowed || gone) {
            expect(changes).toEqual([]);
            continue;
          }
          expect(changes.length).toBeGreaterThan(0);
          const after = changes.reduce(applyChange, m);
          // Fewer, where the change takes away what was refused.
          expect(faults(after)).toBeLessThanOrEqual(faults(m));
          expect(verdict(after, query).allowed).toBe(true);
          if (egress.allowed || ingress.allowed) {
            for (let i = 0; i < changes.length; i++) {
              expect(verdict(changes.slice(0, i).reduce(applyChange, m), query).allowed).toBe(false);
            }
          }
          for (const { yaml, edit } of changes) {
            if (edit.op === "remove") continue;
            const [document] = parseYaml(yaml);
            expect(document).toHaveProperty("tree.kind", "list");
          }
          changed++;
        }
      }),
      { numRuns: 300 },
    );
    expect(changed).toBeGreaterThan(15);
  });

  test("a near miss names fields that really fail: no matching half is blamed", () => {
    fc.assert(
      fc.property(cluster, fc.array(questionSeed, { minLength: 1, maxLength: 6 }), (input, seeds) => {
        const m = buildModel(input);
        for (const seed of seeds) {
          const answer = why(m, questionOf(m, seed));
          for (const end of [answer.egress, answer.ingress]) {
            if (end.allowed) expect(end.nearMisses).toEqual([]);
            for (const miss of end.nearMisses) {
              expect(miss.fields.length).toBeGreaterThan(0);
              for (const field of miss.fields) expect(field.path.startsWith(/^spec\.(?:egress|ingress)\[\d+\]/.exec(miss.path)![0])).toBe(true);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("why, in words", () => {
  const shop = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector:
    matchLabels: {app: cart}
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
    ports:
    - port: 7070
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: wep, tier: back}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec: {containers: [{name: c, image: i}]}
`;
  const m = readModel(admitManifests([{ name: "shop.yaml", text: shop }]).objects);

  test("an allowed connection: the peer's line, and what would be without the rule", () => {
    expect(why(m, question(m, "shop/web", "shop/cart", 7070))).toMatchObject({
      allowed: true,
      from: "shop/web",
      ingress: {
        by: [{ policy: "NetworkPolicy shop/cart", path: "spec.ingress[0].from[0]", file: "shop.yaml", line: 10 }],
        otherwise: { allowed: false, by: [{ path: "spec.podSelector", line: 6 }] },
      },
      changes: [],
    });
  });

  test("the wrong port: the port entry's line, and one port more", () => {
    expect(why(m, question(m, "shop/web", "shop/cart", 7071))).toMatchObject({
      allowed: false,
      egress: { allowed: true, by: [] },
      ingress: {
        by: [{ policy: "NetworkPolicy shop/cart", path: "spec.podSelector", line: 6 }],
        nearMisses: [{ missed: "port", fields: [{ path: "spec.ingress[0].ports[0].port", wanted: "TCP 7070", found: "TCP 7071", line: 14 }] }],
      },
      changes: [{ policy: "NetworkPolicy shop/cart", path: "spec.ingress[0].ports", line: 13, yaml: "- port: 7071\n  protocol: TCP" }],
    });
  });

  test("the wrong label: its line, its value, and one peer more", () => {
    const answer = why(m, question(m, "shop/api", "shop/cart", 7070));
    expect(answer.ingress.nearMisses).toMatchObject([
      { missed: "peer", fields: [{ path: "spec.ingress[0].from[0].podSelector.matchLabels[app]", line: 12, wanted: "app=web" }] },
    ]);
    expect(answer.changes).toMatchObject([{ path: "spec.ingress[0].from", yaml: "- podSelector:\n    matchLabels:\n      app: wep" }]);
  });

  test("both wrong: a rule of its own", () => {
    const [change] = why(m, question(m, "shop/api", "shop/cart", 1)).changes;
    expect(change?.yaml).toBe("- from:\n    - podSelector:\n        matchLabels:\n          app: wep\n  ports:\n    - port: 1\n      protocol: TCP");
  });

  test("another namespace and an address are named as what they are", () => {
    const two = model({ pods: [pod("x/a"), pod("y/b")], namespaces: [namespace("y", { team: "red" })], policies: [policy("x/p", { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "blue" } } }] }] })] });
    const answer = why(two, question(two, "y/b", "x/a"));
    expect(answer.ingress.nearMisses[0]?.fields).toMatchObject([{ wanted: "team=blue", found: "team=red" }]);
    expect(answer.changes[0]?.yaml).toContain('kubernetes.io/metadata.name: "y"');
    expect(why(two, question(two, "1.2.3.4", "x/a")).changes[0]?.yaml).toBe("- ipBlock:\n    cidr: \"1.2.3.4/32\"");
  });

  test("a named port that means another number there", () => {
    const two = model({
      pods: [pod("x/a"), pod("x/b", { ports: [port("http", 8080)] }), pod("x/c")],
      policies: [policy("x/p", { ingress: [{ ports: [{ port: "http" }] }] })],
    });
    expect(why(two, question(two, "x/a", "x/b", 80)).ingress.nearMisses[0]?.fields[0]?.found).toBe("TCP 80, while http is TCP 8080 at x/b");
    expect(why(two, question(two, "x/a", "x/c", 80)).ingress.nearMisses[0]?.fields[0]?.found).toBe("TCP 80; x/c has no port named http");
  });

  test("every isolating policy is named, the first by name first", () => {
    const two = model({ pods: [pod("x/a"), pod("x/b")], policies: [policy("x/z", {}), policy("x/d", {})] });
    expect(why(two, question(two, "x/a", "x/b")).ingress.by.map((each) => each.policy)).toEqual(["NetworkPolicy x/d", "NetworkPolicy x/z"]);
  });

  test("a Deny of the Admin tier is answered by a rule in front of it", () => {
    const deny = { apiVersion: "policy.networking.k8s.io/v1alpha2", kind: "ClusterNetworkPolicy", metadata: { name: "no" }, spec: { tier: "Admin", priority: 1, subject: { namespaces: {} }, ingress: [{ action: "Deny", from: [{ namespaces: {} }] }] } };
    const two = model({ pods: [pod("x/a"), pod("y/b")], policies: [deny as unknown as PolicyObject] });
    const answer = why(two, question(two, "x/a", "y/b", 80));
    expect(answer.ingress).toMatchObject({ allowed: false, by: [{ policy: "ClusterNetworkPolicy no", path: "spec.ingress[0].from[0]" }], otherwise: { allowed: true, by: [] } });
    expect(answer.changes).toMatchObject([{ path: "spec.ingress[0]", edit: { op: "add", value: { action: "Accept" } }, says: "add in front of this rule" }]);
  });

  test("a Pass that hands the connection on is named", () => {
    const pass = { apiVersion: "policy.networking.k8s.io/v1alpha2", kind: "ClusterNetworkPolicy", metadata: { name: "on" }, spec: { tier: "Admin", priority: 1, subject: { namespaces: {} }, ingress: [{ action: "Pass", from: [{ namespaces: {} }] }] } };
    const two = model({ pods: [pod("x/a"), pod("y/b")], policies: [pass as unknown as PolicyObject, policy("y/deny", {})] });
    expect(why(two, question(two, "x/a", "y/b")).ingress).toMatchObject({
      allowed: false,
      by: [{ policy: "NetworkPolicy y/deny" }],
      passedBy: { policy: "ClusterNetworkPolicy on", path: "spec.ingress[0].from[0]" },
    });
  });

  test("no change is offered to a pod that has finished", () => {
    const two = model({ pods: [pod("x/a"), pod("x/b", { phase: "Succeeded" })], policies: [policy("x/p", {})] });
    expect(why(two, question(two, "x/a", "x/b"))).toMatchObject({ allowed: false, changes: [] });
  });

  test("notes say what is not known and what is left open", () => {
    const block = policy("x/p", { policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] });
    const two = model({ pods: [pod("x/a", { node: "n" }), pod("x/b"), pod("x/h", { hostNetwork: true })], nodes: [node("n", ["192.168.0.1"])], policies: [block] });
    expect(why(two, question(two, "x/a", "x/b")).notes).toEqual(["the address of x/b is not known: no ipBlock and no network matches it"]);
    expect(why(two, question(two, "x/a", "192.168.0.1", 80, "icmp")).notes).toHaveLength(2);
    expect(why(two, question(two, "x/a", "x/h")).notes.at(-1)).toMatch(/host's network/);
  });

  test("many questions: answers in their order, or every fault", () => {
    const { answers } = whyAll(m, [{ from: "shop/web", to: "shop/cart", port: 7070 }, { from: "1.1.1.1", to: "shop/cart", port: 7070, protocol: "tcp" }]);
    expect(answers.map((each) => each.allowed)).toEqual([true, false]);
    const bad = whyAll(m, [{ from: "shop/nobody", to: "shop/cart", port: 1 }, { from: "shop/web", to: "shop/cart", port: "http" }]);
    expect(bad.answers).toEqual([]);
    expect(bad.problems.map((each) => each.path)).toEqual(["[0].from", "[1].port"]);
  });
});

describe("files of questions", () => {
  const read = (text: string) => readQueries({ name: "q.yaml", text });

  test("a list or one mapping, YAML or JSON; no port where the protocol has none", () => {
    expect(read('[{"from":"x/a","to":"1.2.3.4","port":80},{"from":"x/a","to":"x/b","port":"http","protocol":"udp"}]').queries).toEqual([
      { from: "x/a", to: "1.2.3.4", port: 80, protocol: "TCP" },
      { from: "x/a", to: "x/b", port: "http", protocol: "udp" },
    ]);
    expect(read("{from: a, to: b, protocol: icmp}").queries).toEqual([{ from: "a", to: "b", port: 0, protocol: "icmp" }]);
  });

  test.each([
    ["- 3", "[0]", "a question must be a mapping"],
    ["- {from: a, to: b}", "[0].port", "Required value"],
    ["- {from: a, to: b, port: 1}\n- {to: b, port: 1}", "[1].from", "Required value"],
    ["- {from: a, to: [b], port: 1}", "[0].to", "must be text"],
    ["- {from: a, to: b, port: 1.5}", "[0].port", "Invalid value: 1.5"],
    ["- {from: a, to: b, port: 70000}", "[0].port", "Invalid value: 70000"],
    ["- {from: a, to: b, prot: 1, port: 1}", "[0].prot", "unknown field"],
    ["- {", "", "error converting YAML"],
  ])("refuses %s", (text, path, message) => {
    const { queries, problems } = read(text);
    expect(queries).toEqual([]);
    expect(problems[0]).toMatchObject({ severity: "error", path, file: "q.yaml" });
    expect(problems[0]!.message).toContain(message);
  });

  test("whatever the text, there are questions or problems, never an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.array(fc.dictionary(fc.constantFrom("from", "to", "port", "protocol", "x"), fc.jsonValue())).map((value) => JSON.stringify(value))), (text) => {
        const { queries, problems } = read(text);
        for (const each of queries) expect([typeof each.from, typeof each.to]).toEqual(["string", "string"]);
        if (problems.length > 0) expect(queries).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
