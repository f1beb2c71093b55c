import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { parseSelector } from "../../src/api/selector-text.js";
import { formatSelector, matches, matchesLabels } from "../../src/api/selector.js";
import type { LabelSelector } from "../../src/api/meta.js";

const webProd = { app: "web", env: "prod" };

// network-policy.md, section 3
const matching: readonly (readonly [string, LabelSelector, Record<string, string> | undefined, boolean])[] = [
  ["empty selector, no labels", {}, undefined, true],
  ["empty selector, labels", {}, webProd, true],
  ["label equal", { matchLabels: { app: "web" } }, webProd, true],
  ["label differs", { matchLabels: { app: "db" } }, webProd, false],
  ["all labels must hold", { matchLabels: { app: "web", env: "dev" } }, webProd, false],
  ["label absent", { matchLabels: { tier: "x" } }, webProd, false],
  ["In lists the value", { matchExpressions: [{ key: "env", operator: "In", values: ["dev", "prod"] }] }, webProd, true],
  ["In, key absent", { matchExpressions: [{ key: "tier", operator: "In", values: ["x"] }] }, webProd, false],
  ["NotIn, key absent", { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["x"] }] }, webProd, true],
  ["NotIn, value listed", { matchExpressions: [{ key: "env", operator: "NotIn", values: ["prod"] }] }, webProd, false],
  ["NotIn, value not listed", { matchExpressions: [{ key: "env", operator: "NotIn", values: ["dev"] }] }, webProd, true],
  ["Exists", { matchExpressions: [{ key: "env", operator: "Exists" }] }, webProd, true],
  ["Exists, absent", { matchExpressions: [{ key: "tier", operator: "Exists" }] }, webProd, false],
  ["DoesNotExist", { matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, webProd, true],
  ["DoesNotExist, present", { matchExpressions: [{ key: "env", operator: "DoesNotExist" }] }, webProd, false],
  ["labels and expressions are both needed", { matchLabels: { app: "web" }, matchExpressions: [{ key: "env", operator: "In", values: ["dev"] }] }, webProd, false],
  ["an inherited property is no label", { matchExpressions: [{ key: "constructor", operator: "Exists" }] }, webProd, false],
  ["a label with an empty value exists", { matchExpressions: [{ key: "a", operator: "Exists" }] }, { a: "" }, true],
];

describe("matches", () => {
  test.each(matching)("%s", (_name, selector, labels, expected) => {
    expect(matches(selector, labels)).toBe(expected);
  });

  test("equality-only selectors", () => {
    expect(matchesLabels(undefined, {})).toBe(true);
    expect(matchesLabels({}, {})).toBe(true);
    expect(matchesLabels({ app: "web" }, webProd)).toBe(true);
    expect(matchesLabels({ app: "" }, {})).toBe(false);
  });
});

const keyText = fc.constantFrom("app", "env", "tier", "example.com/role");
const valueText = fc.constantFrom("", "web", "in", "notin", "a-b", "1.2");
const requirement = fc.oneof(
  fc.record({ key: keyText, operator: fc.constantFrom("In", "NotIn"), values: fc.uniqueArray(valueText, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key: keyText, operator: fc.constantFrom("Exists", "DoesNotExist") }),
);
const labelSet = fc.dictionary(keyText, valueText);

describe("parseSelector", () => {
  test.each([
    ["", {}],
    ["app=web", { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] }],
    ["app==web", { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] }],
    ["app = web , env!=dev", { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }, { key: "env", operator: "NotIn", values: ["dev"] }] }],
    ["app=", { matchExpressions: [{ key: "app", operator: "In", values: [""] }] }],
    ["env in (a,b)", { matchExpressions: [{ key: "env", operator: "In", values: ["a", "b"] }] }],
    ["env notin(a, b)", { matchExpressions: [{ key: "env", operator: "NotIn", values: ["a", "b"] }] }],
    ["env in (,a)", { matchExpressions: [{ key: "env", operator: "In", values: ["", "a"] }] }],
    ["env in ()", { matchExpressions: [{ key: "env", operator: "In", values: [""] }] }],
    ["in in (in)", { matchExpressions: [{ key: "in", operator: "In", values: ["in"] }] }],
    ["app", { matchExpressions: [{ key: "app", operator: "Exists" }] }],
    ["!app", { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }],
    ["example.com/role,!old", { matchExpressions: [{ key: "example.com/role", operator: "Exists" }, { key: "old", operator: "DoesNotExist" }] }],
  ])("reads %j", (text, selector) => {
    expect(parseSelector(text)).toEqual({ ok: true, selector });
  });

  test.each([
    ["app=web,", "found '', expected: identifier after ','"],
    ["app=web env", "found 'env', expected: ',' or 'end of string'"],
    ["env IN (a)", "unable to parse requirement: found 'IN', expected: in, notin, =, ==, !=, gt, lt"],
    ["env in a", "unable to parse requirement: found 'a' expected: '('"],
    ["env in (a", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["=web", "found '=', expected: !, identifier, or 'end of string'"],
    ["cpu>4", "'>' is not modelled in a label selector"],
    ["a:b=c", "unable to parse requirement: <nil>: Invalid value: \"a:b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"],
  ])("refuses %j", (text, message) => {
    expect(parseSelector(text)).toEqual({ ok: false, message });
  });

  test("reads back what formatSelector prints, with the same meaning", () => {
    fc.assert(
      fc.property(fc.array(requirement, { minLength: 1, maxLength: 4 }), labelSet, (matchExpressions, labels) => {
        const parsed = parseSelector(formatSelector({ matchExpressions }));
        expect(parsed.ok).toBe(true);
        if (parsed.ok) expect(matches(parsed.selector, labels)).toBe(matches({ matchExpressions }, labels));
      }),
    );
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "=", "!", "(", ")", ",", " ", "in", "<", "/", "-") }), (text) => {
        const parsed = parseSelector(text);
        if (!parsed.ok) expect(parsed.message).not.toBe("");
      }),
    );
  });
});

test("formatSelector prints as kubectl does", () => {
  expect(formatSelector(undefined)).toBe("<none>");
  expect(formatSelector({})).toBe("<none>");
  expect(formatSelector({ matchLabels: { c: "d", a: "b" } })).toBe("a=b,c=d");
  expect(
    formatSelector({
      matchExpressions: [
        { key: "tier", operator: "In", values: ["b", "a"] },
        { key: "old", operator: "DoesNotExist" },
        { key: "env", operator: "NotIn", values: ["x"] },
        { key: "new", operator: "Exists" },
      ],
    }),
  ).toBe("env notin (x),new,!old,tier in (a,b)");
});
