import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Payloads } from "../../src/packet/index.js";

/** RFC 1071 by its definition: big-endian words, odd byte padded, carries added back. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  bytes.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte * 256 : byte;
  });
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

describe("Payloads", () => {
  test("equal bytes have one handle, other bytes another, and they read back", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 300 }), (strings) => {
        const payloads = new Payloads();
        const handles = strings.map((bytes) => payloads.put(bytes));
        strings.forEach((bytes, i) => expect([...payloads.bytes(handles[i]!)]).toEqual([...bytes]));
        const byText = new Map(strings.map((bytes, i) => [bytes.join(), handles[i]]));
        expect(strings.map((bytes) => byText.get(bytes.join()))).toEqual(handles);
        expect(new Set(handles).size).toBe(byText.size);
      }),
    );
  });

  test("the bytes are the caller's to change afterwards", () => {
    const payloads = new Payloads();
    const bytes = Uint8Array.of(1, 2, 3);
    const handle = payloads.put(bytes);
    bytes[0] = 9;
    expect([...payloads.bytes(handle)]).toEqual([1, 2, 3]);
    expect(payloads.put(Uint8Array.of(1, 2, 3))).toBe(handle);
  });

  test("sums of the whole and of parts are RFC 1071's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.nat(3000), fc.nat(3000), (bytes, from, length) => {
        const payloads = new Payloads();
        const handle = payloads.put(bytes);
        expect(payloads.sum(handle, 0, bytes.length)).toBe(plainSum(bytes));
        expect(payloads.sum(handle, from, length)).toBe(plainSum(bytes.slice(from, from + length)));
      }),
    );
  });

  test("a saved store continues with the same handles, and the living one does not change it", () => {
    const payloads = new Payloads();
    for (let i = 0; i < 100; i++) payloads.putText(`before ${i}`);
    const state = structuredClone(payloads.save());
    const later = payloads.putText("later");
    const restored = new Payloads();
    restored.restore(state);
    expect(restored.putText("before 42")).toBe(payloads.putText("before 42"));
    expect(restored.top).toBe(101);
    expect(restored.putText("later")).toBe(later);
  });
});
