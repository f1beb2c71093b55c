import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, inRange, neighbourOf, parseAddress, parseCidrRange } from "../../src/policy/address.js";

test.each([
  ["10.0.0.2/32", "10.0.0.2", "10.0.0.2"],
  ["10.10.1.12/24", "10.10.1.0", "10.10.1.255"],
  ["0.0.0.0/0", "0.0.0.0", "255.255.255.255"],
  ["2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"],
  ["fd00::5/128", "fd00::5", "fd00::5"],
])("%s covers %s to %s", (text, first, last) => {
  const range = parseCidrRange(text)!;
  expect([formatAddress(range.first), formatAddress(range.last)]).toEqual([first, last]);
});

test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "/8", "10.0.0.0/", "10.0.0.0/a", "host/8"])("%s is no CIDR", (text) => {
  expect(parseCidrRange(text)).toBeNull();
});

test("ranges hold what node:net's block list holds", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), (network, length, address) => {
      const list = new BlockList();
      list.addSubnet(network, length);
      expect(inRange(parseCidrRange(`${network}/${length}`)!, parseAddress(address)!)).toBe(list.check(address));
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(128), fc.ipV6(), (network, length, address) => {
      const list = new BlockList();
      list.addSubnet(network, length, "ipv6");
      expect(inRange(parseCidrRange(`${network}/${length}`)!, parseAddress(address)!)).toBe(list.check(address, "ipv6"));
    }),
  );
});

test("neighbours carry over words and end with the family", () => {
  expect(formatAddress(neighbourOf(parseAddress("::ffff:ffff")!.words, 1)!)).toBe("::1:0:0");
  expect(formatAddress(neighbourOf(parseAddress("10.1.0.0")!.words, -1)!)).toBe("10.0.255.255");
  expect(neighbourOf(parseAddress("255.255.255.255")!.words, 1)).toBeNull();
  expect(neighbourOf(parseAddress("::")!.words, -1)).toBeNull();
});
