import { BlockList, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cidrContains, parseCidrText, parseIpText, specialRange } from "../../src/api/ip-text.js";

// k8s.io/utils/net ParseIPSloppy, netip.ParseAddr
describe("parseIpText", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1", 4],
    ["010.000.0.1", "10.0.0.1", 4],
    ["::", "::", 6],
    ["FD00:0:0::1", "fd00::1", 6],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6],
    ["::ffff:10.0.0.1", "10.0.0.1", 4],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304", 6],
  ])("%s is %s", (text, canonical, family) => {
    expect(parseIpText(text)).toMatchObject({ canonical, family });
  });

  test.each(["", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", ":", ":::", "1::2::3", "fe80::1%eth0", "::1/64", "12345::", "::1.2.3", "::1.2.3.256", "a.b.c.d", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"])(
    "%j is no address",
    (text) => {
      expect(parseIpText(text)).toBeUndefined();
    },
  );

  test("agrees with Node on every text that Node takes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom("0", "1", "f", ":", ".", "::") })), (text) => {
        const read = parseIpText(text);
        if (isIPv4(text) || isIPv6(text)) expect(read).toBeDefined();
        else expect(read === undefined || read.leadingZeros).toBe(true);
      }),
    );
  });
});

describe("parseCidrText", () => {
  test.each([
    ["10.1.2.3/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.0.0.0/8", false],
    ["0.0.0.0/0", "0.0.0.0/0", false],
    ["fd00::1/8", "fd00::/8", true],
    ["::ffff:10.1.0.0/104", "10.0.0.0/8", true],
    ["203.0.113.000/025", "203.0.113.0/25", false],
  ])("%s is %s", (text, canonical, hostBits) => {
    expect(parseCidrText(text)).toMatchObject({ canonical, hostBits });
  });

  test.each(["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "::/129", "::ffff:1.2.3.4/95", "10.0.0.0/ 8"])("%j is no CIDR", (text) => {
    expect(parseCidrText(text)).toBeUndefined();
  });

  test("containment agrees with Node's BlockList", () => {
    const families = fc.constantFrom("ipv4" as const, "ipv6" as const);
    fc.assert(
      fc.property(families, fc.ipV4(), fc.ipV6(), fc.ipV4(), fc.ipV6(), fc.nat(128), (family, net4, net6, ip4, ip6, bits) => {
        const [net, ip, prefix] = family === "ipv4" ? [net4, ip4, bits % 33] : [net6, ip6, bits];
        const cidr = parseCidrText(`${net}/${prefix}`);
        const address = parseIpText(ip);
        fc.pre(cidr !== undefined && address !== undefined && !address.mapped && !cidr.address.mapped);
        if (cidr === undefined || address === undefined) return;
        const list = new BlockList();
        list.addSubnet(net, prefix, family);
        expect(cidrContains(cidr, address)).toBe(list.check(ip, family));
      }),
    );
  });
});

test.each([
  ["0.0.0.0", "unspecified"],
  ["0.0.0.5", undefined],
  ["::", "unspecified"],
  ["127.5.0.1", "loopback"],
  ["::1", "loopback"],
  ["169.254.0.1", "link-local"],
  ["fe80::1", "link-local"],
  ["224.0.0.251", "link-local-multicast"],
  ["224.0.1.1", undefined],
  ["ff02::1", "link-local-multicast"],
  ["10.0.0.1", undefined],
  ["fd00::1", undefined],
])("%s is %s", (text, range) => {
  const address = parseIpText(text);
  expect(address && specialRange(address)).toBe(range);
});
