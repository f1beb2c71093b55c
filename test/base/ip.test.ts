import fc from "fast-check";
import { Address6 } from "ip-address";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "../../src/base/ip.js";

const words6 = fc.oneof(
  fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()),
  // Many zero groups, so that runs of every length and place occur.
  fc.array(fc.constantFrom(0, 0, 0, 1, 0xabc), { minLength: 8, maxLength: 8 }).map((g): [number, number, number, number] => [
    (g[0]! << 16) | g[1]!,
    (g[2]! << 16) | g[3]!,
    (g[4]! << 16) | g[5]!,
    (g[6]! << 16) | g[7]!,
  ]),
);

function parsed6(text: string): number[] | null {
  const out = new Int32Array(4);
  return parseIPv6(text, out) ? [...out] : null;
}

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

describe("IPv4", () => {
  test("text and word are each other's inverse, and agree with ipaddr.js", () => {
    fc.assert(
      fc.property(fc.integer(), (word) => {
        const text = formatIPv4(word);
        expect(parseIPv4(text)).toBe(word);
        expect(ipaddr.IPv4.parse(text).toByteArray()).toEqual(bytesOf([word]));
      }),
    );
  });

  test("only four plain decimal octets are an address", () => {
    for (const text of ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 ", "+1.2.3.4", "0x1.2.3.4", "1.2.3.4/8", "1.2.3.1000", "00.0.0.0"]) {
      expect(parseIPv4(text), text).toBeNull();
    }
  });

  test("garbage of the right letters is refused exactly when a regular expression refuses it", () => {
    const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    const strict = new RegExp(`^${octet}(\\.${octet}){3}$`);
    const letters = fc.string({ unit: fc.constantFrom("0", "1", "2", "5", "9", "."), maxLength: 16 });
    const near = fc.array(fc.constantFrom("0", "00", "7", "25", "255", "256", "199", ""), { minLength: 3, maxLength: 5 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(fc.oneof(letters, near), (text) => {
        expect(parseIPv4(text) !== null).toBe(strict.test(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("IPv6", () => {
  test("text and words are each other's inverse; ipaddr.js prints the same, ip-address reads the same", () => {
    fc.assert(
      fc.property(words6, (words) => {
        const text = formatIPv6(words);
        expect(parsed6(text)).toEqual([...words]);
        const theirs = ipaddr.IPv6.parse(text);
        expect(theirs.toByteArray()).toEqual(bytesOf(words));
        if (!theirs.isIPv4MappedAddress()) expect(text).toBe(theirs.toRFC5952String());
        expect(new Address6(text).bigInt()).toBe(words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n));
      }),
      { numRuns: 500 },
    );
  });

  // RFC 5952 sections 4 and 5, RFC 4291 section 2.2.
  test.each([
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0DB8::0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["0:0:0:0:0:ffff:129.144.52.38", "::ffff:129.144.52.38"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ])("%s is printed as %s", (text, canonical) => {
    expect(formatIPv6(Int32Array.from(parsed6(text)!))).toBe(canonical);
  });

  test("what is no address is refused", () => {
    const bad = ["", ":", ":::", "1", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1%eth0", "1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::01.2.3.4", "::.1.2.3", " ::1", "[::1]", "1:2:3:4:5:6:7:8:"];
    for (const text of bad) expect(parsed6(text), text).toBeNull();
  });

  test("texts of the right letters are taken exactly when ipaddr.js and ip-address both take them", () => {
    const near = fc.array(fc.constantFrom("0", "1", "ab", "ffff", "12345", "", "", "1.2.3.4"), { minLength: 1, maxLength: 9 }).map((parts) => parts.join(":"));
    fc.assert(
      fc.property(near, (text) => {
        const both = ipaddr.IPv6.isValid(text) && Address6.isValid(text) && text.includes(":");
        expect(parsed6(text) !== null, text).toBe(both);
      }),
      { numRuns: 3000 },
    );
  });

  test("words are written where the caller says", () => {
    const out = new Int32Array(6).fill(9);
    expect(parseIPv6("::1", out, 1)).toBe(true);
    expect([...out]).toEqual([9, 0, 0, 0, 1, 9]);
  });
});
