import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareText, generateName, randomSuffix, safeEncode } from "../../src/base/names.js";
import { formatDuration } from "../../src/base/time.js";

describe("generated names", () => {
  test("suffixes are letters of Kubernetes' alphabet, one draw each", () => {
    let draw = 0;
    expect(randomSuffix(() => draw++)).toBe("bcdfg");
    expect(draw).toBe(5);
    expect(randomSuffix((n) => n - 1)).toBe("99999");
  });

  test("a generated name is at most 63 long and keeps its suffix", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "-", "7"), maxLength: 100 }), (base) => {
        const name = generateName(base, () => 0);
        expect(name.length).toBeLessThanOrEqual(63);
        expect(name.endsWith("bbbbb")).toBe(true);
        expect(name.startsWith(base.slice(0, 58))).toBe(true);
      }),
    );
  });

  // The alphabet indexed by the digit's code modulo 27: "0" is 48, 48 % 27 = 21, the 22nd letter.
  test("digits are encoded as pod template hashes are", () => {
    expect(safeEncode("0123456789")).toBe("456789bcdf");
  });

  test("texts are ordered by unit", () => {
    expect(["b", "B", "a-", "a", "a1"].sort(compareText)).toEqual(["B", "a", "a-", "a1", "b"]);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [999, "999ns"],
    [1500, "1.5µs"],
    [2_000_001, "2.000001ms"],
    [1_500_000_000, "1.5s"],
    [65_250_000_000, "1m5.25s"],
    [3_600_000_000_000, "1h0m0s"],
    [-1_000, "-1µs"],
  ])("%d ns as Go prints it", (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });
});
