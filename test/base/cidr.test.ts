import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import {
  addressBits,
  type Cidr,
  cidrSize,
  compareCidr,
  contains,
  covers,
  cutCidr,
  formatCidr,
  formatWords,
  indexOf,
  lastAddress,
  masked,
  nthAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type Words,
} from "../../src/base/cidr.js";

const word = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 10 << 24, 0x0af40000));
const cidr: fc.Arbitrary<Cidr> = fc.oneof(
  fc.tuple(word, fc.nat(32)).map(([w, prefix]): Cidr => ({ family: 4, words: [w, 0, 0, 0], prefix })),
  fc.tuple(word, word, word, word, fc.nat(128)).map(([a, b, c, d, prefix]): Cidr => ({ family: 6, words: [a, b, c, d], prefix })),
);

/** An address as one bigint. */
function big(family: 4 | 6, words: Words): bigint {
  return words.slice(0, family === 4 ? 1 : 4).reduce((sum, w) => (sum << 32n) | BigInt(w >>> 0), 0n);
}

function theirs(c: Cidr): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return ipaddr.parseCIDR(formatCidr(c));
}

describe("CIDR arithmetic", () => {
  test("first and last address are those of ipaddr.js", () => {
    fc.assert(
      fc.property(cidr, (c) => {
        const kind = c.family === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
        const text = formatCidr(c);
        const plain = (words: Words) => ipaddr.parse(formatWords(c.family, words)).toByteArray();
        expect(plain(masked(c).words)).toEqual(kind.networkAddressFromCIDR(text).toByteArray());
        expect(plain(lastAddress(c))).toEqual(kind.broadcastAddressFromCIDR(text).toByteArray());
      }),
      { numRuns: 500 },
    );
  });

  test("an address is in a prefix exactly when ipaddr.js says so", () => {
    fc.assert(
      fc.property(cidr, word, fc.nat(130), (c, noise, flipped) => {
        // Near the border of the prefix: one bit changed, or another last word.
        const words = [...c.words] as [number, number, number, number];
        const bits = addressBits(c.family);
        if (flipped < bits) words[flipped >> 5]! ^= 1 << (31 - (flipped & 31));
        else words[c.family === 4 ? 0 : 3] = noise;
        const address = ipaddr.parse(formatWords(c.family, words));
        expect(contains(c, words)).toBe((address as ipaddr.IPv6).match(theirs(c) as [ipaddr.IPv6, number]));
      }),
      { numRuns: 1000 },
    );
  });

  test("covering and overlapping follow from the ranges", () => {
    const near = cidr.chain((c) => fc.tuple(fc.constant(c), fc.oneof(cidr, fc.nat(addressBits(c.family)).map((prefix) => ({ ...c, prefix })))));
    fc.assert(
      fc.property(near, ([a, b]) => {
        const range = (c: Cidr) => [big(c.family, masked(c).words), big(c.family, lastAddress(c))] as const;
        const [aFirst, aLast] = range(a);
        const [bFirst, bLast] = range(b);
        const same = a.family === b.family;
        expect(covers(a, b)).toBe(same && aFirst <= bFirst && bLast <= aLast);
        expect(overlaps(a, b)).toBe(same && aFirst <= bLast && bFirst <= aLast);
        if (same) expect(Math.sign(compareCidr(masked(a), masked(b)))).toBe(aFirst < bFirst ? -1 : aFirst > bFirst ? 1 : Math.sign(a.prefix - b.prefix));
        else expect(Math.sign(compareCidr(a, b))).toBe(Math.sign(a.family - b.family));
      }),
      { numRuns: 1000 },
    );
  });

  test("nth address and its index agree with bigint arithmetic", () => {
    const n = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 53 - 1 }));
    fc.assert(
      fc.property(cidr, n, (c, n) => {
        const words = nthAddress(c, n);
        if (n >= cidrSize(c)) {
          expect(words).toBeNull();
          return;
        }
        expect(big(c.family, words!)).toBe(big(c.family, masked(c).words) + BigInt(n));
        expect(contains(c, words!)).toBe(true);
        expect(indexOf(c, words!)).toBe(n);
      }),
      { numRuns: 1000 },
    );
  });

  test("cut parts stand side by side in order, as bigint arithmetic says", () => {
    fc.assert(
      fc.property(cidr, fc.nat(60), fc.integer({ min: 0, max: 2 ** 50 }), (c, longer, n) => {
        const prefix = c.prefix + longer;
        const part = cutCidr(c, prefix, n);
        const bits = addressBits(c.family);
        if (prefix > bits || n >= 2 ** longer) {
          expect(part).toBeNull();
          return;
        }
        expect(part).toMatchObject({ family: c.family, prefix });
        expect(big(c.family, part!.words)).toBe(big(c.family, masked(c).words) + (BigInt(n) << BigInt(bits - prefix)));
        expect(covers(c, part!)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("text goes there and back", () => {
    fc.assert(
      fc.property(cidr, (c) => {
        expect(parseCidr(formatCidr(c))).toEqual(c);
        expect(parseCidr(formatCidr(masked(c)), { strict: true })).toEqual(masked(c));
      }),
    );
  });

  test("what is no prefix is refused", () => {
    for (const text of ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.0/8/9", "::/129", "::1", "x/8", "/8", "10.0.0.0/1e1"]) {
      expect(parseCidr(text), text).toBeNull();
    }
    expect(parseCidr("10.0.0.1/8", { strict: true })).toBeNull();
    expect(parseCidr("10.0.0.1/8")).toEqual({ family: 4, words: [(10 << 24) | 1, 0, 0, 0], prefix: 8 });
  });

  test("an address of either family", () => {
    expect(parseAddress("10.244.0.1")).toEqual({ family: 4, words: [0x0af40001, 0, 0, 0] });
    expect(parseAddress("fd00::1")).toEqual({ family: 6, words: [0xfd000000 | 0, 0, 0, 1] });
    expect(parseAddress("fd00::g")).toBeNull();
  });
});
