/** Any bytes are a BGP message or a fault that a NOTIFICATION can say, and what reads as a message is written and read again. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { BGP_LONGEST, bgpLength, decodeBgp, encodeBgp } from "../../../src/packet/wire/bgp.js";

/** A header of the right form around any body: what chance alone would hardly find. */
const framed = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.uint8Array({ maxLength: 120 })).map(([type, body]) => {
  const bytes = new Uint8Array(19 + body.length).fill(0xff, 0, 16);
  bytes.set([bytes.length >> 8, bytes.length & 255, type], 16);
  bytes.set(body, 19);
  return bytes;
});

function judge(bytes: Uint8Array, as4: boolean): void {
  const length = bgpLength(bytes);
  if (typeof length === "number") expect(length === 0 || (length >= 19 && length <= BGP_LONGEST)).toBe(true);
  const read = decodeBgp(bytes, as4);
  if (read.type === "fault") {
    expect(read.code).toBeGreaterThanOrEqual(1);
    expect(read.code).toBeLessThanOrEqual(6);
    return;
  }
  const again = decodeBgp(encodeBgp(read, as4), as4);
  expect(again).toEqual(read);
}

test("random bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), judge), { numRuns: 1500 });
});

test("a sound header and a random body", () => {
  fc.assert(fc.property(framed, fc.boolean(), judge), { numRuns: 4000 });
});
