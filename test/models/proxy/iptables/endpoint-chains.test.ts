import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { probability } from "../../../../src/models/proxy/iptables/endpoint-chains.js";

describe("probability", () => {
  test("has ten decimals of the nearest double", () => {
    const known: readonly (readonly [number, string])[] = [
      [2, "0.5000000000"],
      [3, "0.3333333333"],
      [4, "0.2500000000"],
      [6, "0.1666666667"],
      [7, "0.1428571429"],
      [1000, "0.0010000000"],
      [100001, "0.0000099999"],
      // The only exact half: 0.00048828125 goes to the even neighbour.
      [2048, "0.0004882812"],
    ];
    for (const [n, text] of known) expect(probability(n)).toBe(text);
  });

  test("never falls as endpoints get fewer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100_000 }), (n) => {
        expect(Number(probability(n))).toBeGreaterThan(Number(probability(n + 1)));
      }),
    );
  });

  test("as the kernel rounds them, every endpoint of a chain is equally likely within a part in ten thousand", () => {
    for (const n of [2, 3, 7, 12, 100]) {
      let left = 1;
      for (let i = 0; i < n; i++) {
        const chance = n - i === 1 ? 1 : Math.floor(Number(probability(n - i)) * 2 ** 31 + 0.5) / 2 ** 31;
        expect(Math.abs(left * chance * n - 1)).toBeLessThan(1e-4);
        left *= 1 - chance;
      }
    }
  });
});
