import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame } from "../../../src/packet/wire/frame-reader.js";
import { Bench } from "./frames.js";

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** A piece of a UDP datagram from fd00::1 to fd00::2. */
function piece(bench: Bench, frag: number, id: number, payload: Uint8Array): number {
  const p = bench.pk.alloc();
  const c = bench.pk.c;
  c.macDst[p] = 0x020000000002;
  c.macSrc[p] = 0x020000000001;
  c.etherType[p] = 0x86dd;
  c.src[p] = bench.book.ofText("fd00::1");
  c.dst[p] = bench.book.ofText("fd00::2");
  c.proto[p] = 17;
  c.ttl[p] = 64;
  c.ipId[p] = id;
  c.frag[p] = frag;
  c.payload[p] = bench.payloads.put(payload);
  c.payLen[p] = payload.length;
  c.ipLen[p] = 48 + payload.length;
  return p;
}

describe("IPv6 fragment headers (RFC 8200 section 4.5)", () => {
  test("the last piece, 1448 bytes into the datagram: next header, offset, identification", () => {
    const bench = new Bench();
    const ethernet = "02000000000202000000000186dd";
    const header = "60000007000c2c40fd000000000000000000000000000001fd000000000000000000000000000002";
    expect(hex(bench.encode(piece(bench, 1448 / 8, 7, Uint8Array.of(1, 2, 3, 4))))).toBe(`${ethernet}${header}110005a80000000701020304`);
  });

  test("what was written is read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x1fff }), fc.boolean(), fc.integer({ min: 0, max: 0xfffff }), fc.uint8Array({ minLength: 1, maxLength: 64 }), (offset, more, id, payload) => {
        const bench = new Bench();
        const p = piece(bench, offset | (more ? 0x2000 : 0), id, payload);
        const bytes = bench.encode(p);
        const q = decodeFrame(bench.pk, bench.payloads, bench.book, bytes, 0, bytes.length);
        expect(q).toBeGreaterThan(0);
        const { frag, ipId, ipLen, payLen, proto } = bench.pk.c;
        expect([frag[q], ipId[q], ipLen[q], payLen[q], proto[q]]).toEqual([frag[p], id, 48 + payload.length, payload.length, 17]);
      }),
      { numRuns: 100 },
    );
  });

  test("a header that says the packet is whole is skipped", () => {
    const bench = new Bench();
    const text = `02000000000202000000000186dd6000000000102c40fd000000000000000000000000000001fd0000000000000000000000000000023b00000000000007${"00".repeat(8)}`;
    const bytes = Uint8Array.from(text.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    const q = decodeFrame(bench.pk, bench.payloads, bench.book, bytes, 0, bytes.length);
    const { frag, ipLen, proto, payLen } = bench.pk.c;
    expect([frag[q], ipLen[q], proto[q], payLen[q]]).toEqual([0, 48, 59, 8]);
  });
});
