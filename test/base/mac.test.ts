import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BROADCAST_MAC, formatMac, isMulticastMac, parseMac } from "../../src/base/mac.js";

describe("MAC", () => {
  test("text and number are each other's inverse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.boolean(), fc.constantFrom(":", "-"), (octets, upper, separator) => {
        const plain = [...octets].map((octet) => octet.toString(16).padStart(2, "0"));
        const text = plain.join(separator);
        const mac = parseMac(upper ? text.toUpperCase() : text);
        expect(mac).toBe(octets.reduce((sum, octet) => sum * 256 + octet, 0));
        expect(formatMac(mac!)).toBe(plain.join(":"));
        expect(isMulticastMac(mac!)).toBe((octets[0]! & 1) === 1);
      }),
    );
  });

  test("what is not six octets is refused", () => {
    for (const text of ["", "02:42:ac:11:00", "02:42:ac:11:00:02:03", "2:42:ac:11:0:2", "02:42:ac:11:00:0g", "02:42-ac:11:00:02", "02.42.ac.11.00.02", "0242ac110002", "02:42:ac:11:00:0/", "02:42:ac:11:00:0@"]) {
      expect(parseMac(text), text).toBeNull();
    }
  });

  test("broadcast is a group address", () => {
    expect(formatMac(BROADCAST_MAC)).toBe("ff:ff:ff:ff:ff:ff");
    expect(isMulticastMac(BROADCAST_MAC)).toBe(true);
  });
});
