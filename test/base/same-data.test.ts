import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sameData } from "../../src/base/same-data.js";

const name = fc.constantFrom("a", "b", "constructor", "toString", "__proto__", "0");
const data = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: "small" }, fc.constantFrom<unknown>(null, undefined, 0, 1, Number.NaN, "", "x", true), tie("list"), tie("record")),
  list: fc.array(tie("any"), { maxLength: 3 }),
  record: fc.array(fc.tuple(name, tie("any")), { maxLength: 4 }).map(recordOf),
})).any;

/** JSON makes a field of its own of every name, where an assignment to `__proto__` would not. */
function recordOf(fields: readonly (readonly [string, unknown])[]): object {
  const record = JSON.parse(`{${[...new Set(fields.map(([key]) => JSON.stringify(key)))].map((key) => `${key}:null`).join()}}`) as object;
  for (const [key, value] of fields) Object.defineProperty(record, key, { value, enumerable: true });
  return record;
}

/** The same without undefined fields. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (typeof value !== "object" || value === null) return value;
  return recordOf(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, defined(inner)] as const])));
}

test("is deep equality of what is defined", () => {
  fc.assert(
    fc.property(data, data, (a, b) => {
      expect(sameData(a, b)).toBe(isDeepStrictEqual(defined(a), defined(b)));
      expect(sameData(a, structuredClone(a))).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("a list is no record, and what objects inherit is no field", () => {
  expect(sameData([], {})).toBe(false);
  expect(sameData({ constructor: undefined }, {})).toBe(true);
  expect(sameData({}, { toString: "x" })).toBe(false);
  expect(sameData(JSON.parse('{"__proto__":{}}'), {})).toBe(false);
});
