import fc from "fast-check";
import { expect, test } from "vitest";
import { admitManifests } from "../../src/api/admit.js";
import { withDefaults } from "../../src/api/defaults.js";
import { corpus } from "./corpus.js";

/** One change to a text, steered by two numbers. */
type Mutation = readonly [kind: number, at: number, with_: number];

const oddValues = [
  "", "null", "~", "0", "-1", "65536", "1e99", "yes", "\"x\"", "[]", "{}", "[[[", "}", "- -", "*a", "&a", "!!int x", "|", ">", "\t", "#", "'", '"', ": ",
  "\u0000", "\u2028", "\ud800", "ä", "10.0.0.0/33", "fd00::/129", "999999999999999999999", "0x", "<<: {}", "__proto__", "constructor", "a".repeat(300),
];

const kinds: readonly ((lines: string[], at: number, other: number) => void)[] = [
  (lines, at) => lines.splice(at, 1),
  (lines, at) => lines.splice(at, 0, lines[at] ?? ""),
  (lines, at, other) => lines.splice(other % (lines.length + 1), 0, lines[at] ?? ""),
  (lines, at, other) => (lines[at] = `${" ".repeat(other % 5)}${lines[at]}`),
  (lines, at) => (lines[at] = (lines[at] ?? "").replace(/^ {1,2}/, "")),
  (lines, at, other) => (lines[at] = (lines[at] ?? "").replace(/:.*$/, `: ${oddValues[other % oddValues.length]}`)),
  (lines, at, other) => (lines[at] = (lines[at] ?? "").replace(/[\w-]+/, oddValues[other % oddValues.length] ?? "")),
  (lines, at, other) => (lines[at] = (lines[at] ?? "").slice(0, other % 20)),
  (lines, at, other) => (lines[at] = `${lines[at]}${oddValues[other % oddValues.length]}`),
  (lines, at, other) => {
    const donor = (corpus[other % corpus.length] ?? "").split("\n");
    lines.splice(at, 0, donor[other % donor.length] ?? "");
  },
  (lines, at) => lines.splice(at),
];

function mutate(text: string, mutations: readonly Mutation[]): string {
  const lines = text.split("\n");
  for (const [kind, at, other] of mutations) {
    if (lines.length === 0) break;
    kinds[kind % kinds.length]?.(lines, at % lines.length, other);
  }
  return lines.join("\n");
}

const mutation: fc.Arbitrary<Mutation> = fc.tuple(fc.nat({ max: kinds.length - 1 }), fc.nat({ max: 500 }), fc.nat({ max: 10_000 }));

function checkAdmission(text: string): void {
  const { objects, problems } = admitManifests([{ name: "m.yaml", text }]);
  const lineCount = text.split(/\r\n|\r|\n/).length;
  for (const problem of problems) {
    expect(problem.message).not.toBe("");
    expect(problem.file).toBe("m.yaml");
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lineCount + 1);
    expect(problem.column).toBeGreaterThanOrEqual(1);
  }
  if (problems.some((problem) => problem.severity === "error")) expect(objects).toEqual([]);
  for (const { object } of objects) {
    expect(Object.isFrozen(object)).toBe(true);
    expect(withDefaults(object)).toEqual(object);
  }
}

test("the corpus itself is read without a crash", () => {
  for (const text of corpus) checkAdmission(text);
});

test("10,000 mutated manifests: no crash, every refusal has a place and a reason, nothing half applied", () => {
  const document = fc.nat({ max: corpus.length - 1 });
  fc.assert(
    fc.property(document, fc.array(mutation, { minLength: 1, maxLength: 5 }), (index, mutations) => {
      checkAdmission(mutate(corpus[index] ?? "", mutations));
    }),
    { numRuns: 10_000 },
  );
});

test("any text at all is read without a crash", () => {
  const piece = fc.oneof(fc.constantFrom(...oddValues, "\n", " ", "  ", ":", "-", "kind", "apiVersion: v1\nkind: Pod\n"), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      checkAdmission(pieces.join(""));
    }),
    { numRuns: 2_000 },
  );
});
