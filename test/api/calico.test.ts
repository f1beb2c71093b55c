/** Calico's kinds as they are read, and its selectors (examples of Calico's own reference, and of its parser's tests). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admitManifests, calicoSelects, formatCalicoSelector, parseCalicoSelector } from "../../src/api/index.js";
import "../support/chance.js";

const read = (text: string): ReturnType<typeof admitManifests> => admitManifests([{ name: "p.yaml", text }]);

describe("selectors", () => {
  const selects = (text: string, labels: Record<string, string>): boolean => {
    const selector = parseCalicoSelector(text);
    if (typeof selector === "string") throw new Error(selector);
    return calicoSelects(selector, (label) => (Object.hasOwn(labels, label) ? labels[label] : undefined));
  };

  test.each([
    ["all()", {}, true],
    ["", {}, true],
    ["a == 'b'", { a: "b" }, true],
    ["a == 'b'", {}, false],
    ["a != 'b'", {}, true],
    ["has(a)", { a: "" }, true],
    ["!has(a)", { a: "" }, false],
    ["a in {'x', 'y'}", { a: "y" }, true],
    ["a not in {'x'}", {}, true],
    ["a not in {'x'}", { a: "x" }, false],
    ['a contains "bc"', { a: "abcd" }, true],
    ["a starts with 'ab'", { a: "abcd" }, true],
    ["a ends with 'ab'", { a: "abcd" }, false],
    ["a == 'b' || a == 'c' && d == 'e'", { a: "b" }, true],
    ["(a == 'b' || a == 'c') && d == 'e'", { a: "b" }, false],
    ["!(a == 'b')", { a: "c" }, true],
    ["role=='db'&&!has(x/y.z)", { role: "db" }, true],
  ])("%s of %j is %s", (text, labels, expected) => expect(selects(text, labels as Record<string, string>)).toBe(expected));

  test.each([
    ["a = 'b'", /unexpected characters/],
    ["a == b", /expected a string in quotes instead of b/],
    ["a == 'b", /unterminated string/],
    ["has(", /no label name in has\(/],
    ["(a == 'b'", /expected \)/],
    ["a", /was expecting an operator/],
    ["a == 'b' c", /unexpected content at end/],
    ["a starts 'x'", /was expecting an operator/],
  ])("%s is refused", (text, words) => expect(parseCalicoSelector(text)).toMatch(words));

  test("have one text, which means the same", () => {
    const label = fc.constantFrom("a", "b", "c");
    const value = fc.constantFrom("x", "y", 'q"');
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.tuple(label, fc.constantFrom("==", "!=", "contains", "starts with", "ends with"), value).map(([l, o, v]) => `${l} ${o} '${v}'`),
        fc.tuple(label, fc.constantFrom("in", "not in"), fc.array(value)).map(([l, o, vs]) => `${l} ${o} {${vs.map((v) => `'${v}'`).join(",")}}`),
        label.map((l) => `has(${l})`),
        tie("tree").map((t) => `!(${t})`),
        fc.tuple(tie("tree"), fc.constantFrom("&&", "||"), tie("tree")).map(([a, o, b]) => `(${a}) ${o} (${b})`),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.dictionary(label, value, { noNullPrototype: true }), (text, labels) => {
        const selector = parseCalicoSelector(text);
        if (typeof selector === "string") throw new Error(`${text}: ${selector}`);
        const again = formatCalicoSelector(selector);
        expect(formatCalicoSelector(parseCalicoSelector(again) as never)).toBe(again);
        expect(selects(again, labels)).toBe(selects(text, labels));
      }),
    );
  });
});

describe("policies", () => {
  const head = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: p, namespace: shop }\n";

  test("of both groups are told apart, and of both apiVersions the same", () => {
    const { objects, problems } = read(`${head}spec: { selector: "app == 'db'", order: 10.5, ingress: [{ action: Allow, protocol: TCP, source: { nets: [10.0.0.0/8] }, destination: { ports: [80, "90:99", web] } }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: shop }
spec: { podSelector: {} }
---
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: { name: g }
spec: { selector: all(), types: [Egress], egress: [{ action: Pass }] }
`);
    expect(problems).toEqual([]);
    expect(objects.map(({ object }) => `${object.apiVersion} ${object.kind}`)).toEqual(["projectcalico.org/v3 CalicoNetworkPolicy", "networking.k8s.io/v1 NetworkPolicy", "projectcalico.org/v3 GlobalNetworkPolicy"]);
  });

  test.each([
    ["spec: { selector: \"app = 'db'\" }", "spec.selector", 4],
    ["spec:\n  ingress:\n  - action: Accept", "spec.ingress[0].action", 6],
    ["spec:\n  ingress:\n  - action: Allow\n    destination:\n      ports: [80]", "spec.ingress[0].destination.ports", 8],
    ["spec:\n  egress:\n  - action: Deny\n    protocol: TCPP", "spec.egress[0].protocol", 7],
    ["spec:\n  egress:\n  - action: Deny\n    source: { nets: [10.0.0.0/33] }", "spec.egress[0].source.nets[0]", 7],
    ["spec: { order: first }", "spec.order", 4],
    ["spec:\n  ingress:\n  - action: Allow\n    http: { methods: [GET] }", "spec.ingress[0].http", 7],
  ])("%s is refused where it is written", (spec, path, line) => {
    const { problems } = read(`${head}${spec}\n`);
    expect(problems.map((each) => [each.severity, each.path, each.line])).toEqual([["error", path, line]]);
  });
});
