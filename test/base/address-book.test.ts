import fc from "fast-check";
import { Address4, Address6 } from "ip-address";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { AddressBook } from "../../src/base/address-book.js";

const text4 = fc.ipV4();
const text6 = fc.ipV6();

describe("AddressBook", () => {
  test("prints what ipaddr.js and ip-address understand as the same address", () => {
    fc.assert(
      fc.property(fc.oneof(text4, text6), (text) => {
        const book = new AddressBook();
        const addr = book.ofText(text);
        expect(addr).toBe(1);
        // ipaddr.js 2.5 takes ::a.b.c.d, which RFC 4291 section 2.5.5.1 makes 96 zero bits and the octets, for a mapped address.
        if (!/^::\d+\./.test(text)) expect(ipaddr.parse(book.text(addr)).toByteArray()).toEqual(ipaddr.parse(text).toByteArray());
        const read = (t: string) => (t.includes(":") ? new Address6(t) : new Address4(t)).bigInt();
        expect(read(book.text(addr))).toBe(read(text));
      }),
      { numRuns: 500 },
    );
  });

  test("handles are equal exactly when addresses are, through growth, saving and restoring", () => {
    const some = fc.array(fc.oneof(fc.tuple(fc.constant(4), fc.nat(50), fc.constant(0)), fc.tuple(fc.constant(6), fc.nat(3), fc.nat(50))), { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(some, fc.nat(200), (addresses, saveAt) => {
        let book = new AddressBook();
        const known = new Map<string, number>();
        addresses.forEach(([family, x, y], i) => {
          if (i === saveAt) {
            const copy = new AddressBook();
            copy.restore(structuredClone(book.save()));
            book = copy;
          }
          const addr = family === 4 ? book.v4(x) : book.v6(x, 0, 0, y);
          const key = `${family} ${x} ${y}`;
          expect(addr).toBe(known.get(key) ?? known.size + 1);
          known.set(key, addr);
          expect([book.is4(addr), book.word(addr), book.words[addr * 4 + 3]]).toEqual([family === 4, x, y]);
        });
        expect(book.count).toBe(known.size);
      }),
      { numRuns: 200 },
    );
  });

  test("::1.2.3.4 is not 1.2.3.4, and text that is no address has no handle", () => {
    const book = new AddressBook();
    expect(book.ofText("0.0.0.1")).not.toBe(book.ofText("::1"));
    expect([book.ofText("1.2.3"), book.ofText("example.com"), book.ofText(""), book.text(0)]).toEqual([0, 0, 0, ""]);
    expect(book.count).toBe(2);
  });

  test("order is by family and unsigned words, not by handle", () => {
    const book = new AddressBook();
    const texts = ["fe80::1", "200.0.0.1", "10.0.0.2", "::1", "10.0.0.1"];
    const addrs = texts.map((text) => book.ofText(text)).sort((a, b) => book.compare(a, b));
    expect(addrs.map((addr) => book.text(addr))).toEqual(["10.0.0.1", "10.0.0.2", "200.0.0.1", "::1", "fe80::1"]);
  });
});
