import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, FrameWriter, frameLength, frameRoom, MALFORMED, malformedWords } from "../../../src/packet/index.js";
import { anyFrame, arp, Bench, echo, fragments, icmpError, sameShape, tcp, udp, vxlan } from "./frames.js";

const CODES: readonly number[] = Object.values(MALFORMED);

function decode(bench: Bench, bytes: Uint8Array): number {
  return decodeFrame(bench.pk, bench.payloads, bench.book, bytes);
}

describe("frames", () => {
  test("what is encoded reads back, every kind of packet", () => {
    fc.assert(
      fc.property(anyFrame, (spec) => {
        const bench = new Bench();
        const p = bench.make(spec);
        const bytes = bench.encode(p);
        expect(bytes.length).toBe(frameLength(bench.pk.c, p));
        const q = decode(bench, bytes);
        if (q < 0) expect.fail(malformedWords(q));
        expect(bench.said(q)).toEqual(bench.said(p));
        expect(bench.encode(q)).toEqual(bytes);
      }),
      { numRuns: 600 },
    );
  });

  test("one writer over one buffer writes the same frames as fresh ones", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(7), { maxLength: 20 }), (specs, order) => {
        const bench = new Bench();
        const rows = specs.map((spec) => bench.make(spec));
        const room = Math.max(...rows.map((p) => frameRoom(bench.pk.c, p)));
        const writer = new FrameWriter(bench.pk, bench.payloads, bench.book, new Uint8Array(room));
        for (const at of order) {
          const p = rows[at % rows.length]!;
          expect(writer.out.slice(0, writer.write(p))).toEqual(bench.encode(p));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("frames of one shape after each other, and with one other field between them", () => {
    const other = fc.record({
      at: fc.nat(4),
      inside: fc.boolean(),
      name: fc.constantFrom("ttl", "tos", "frag", "macSrc", "macDst", "payOff", "payload", "payLen", "csum", "ipLen", "proto", "etherType"),
      value: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(sameShape, other, (specs, { at, inside, name, value }) => {
        const bench = new Bench();
        const rows = specs.map((spec) => bench.make(spec));
        const { c } = bench.pk;
        const odd = rows[at % rows.length]!;
        const changed = inside ? c.inner[odd]! : odd;
        if (name === "payload") c.payload[changed] = bench.payloads.putText("another payload");
        else if (name === "ipLen") c.ipLen[c.inner[odd]!] = Math.max(28, c.ipLen[c.inner[odd]!]! - value);
        else if (name === "csum") c.csum[changed] = 0x10000 | value;
        else c[name as "ttl"][changed] = value;
        const writer = new FrameWriter(bench.pk, bench.payloads, bench.book, new Uint8Array(4096));
        for (const p of [...rows, ...rows]) expect(writer.out.slice(0, writer.write(p))).toEqual(bench.encode(p));
      }),
      { numRuns: 400 },
    );
  });

  test("the fragments of a datagram are its bytes, and carry the checksum of all of it", () => {
    const whole = fc.oneof(
      udp(false),
      tcp(false),
      echo(false),
      vxlan.filter((spec) => spec.fields.etherType === 0x0800),
    );
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 8 }), (spec, eights) => {
        const bench = new Bench();
        const p = bench.make(spec);
        const bytes = bench.encode(p).slice(34);
        const step = 8 * Math.max(eights, bench.pk.c.proto[p] === 6 ? 5 : 1);
        const joined = fragments(bench, p, step).flatMap((piece) => [...bench.encode(piece).slice(34)]);
        expect(Uint8Array.from(joined)).toEqual(bytes);
      }),
      { numRuns: 400 },
    );
  });

  test("fragments read back and are written back as they were", () => {
    fc.assert(
      fc.property(fc.oneof(udp(false), tcp(false), echo(false)), (spec) => {
        const bench = new Bench();
        for (const piece of fragments(bench, bench.make(spec), 40)) {
          const bytes = bench.encode(piece);
          const q = decode(bench, bytes);
          if (q < 0) expect.fail(malformedWords(q));
          expect(bench.encode(q)).toEqual(bytes);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("any bytes are a packet or a code of the closed list, and a failed read gives its rows back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const bench = new Bench();
        const p = decode(bench, bytes);
        if (p < 0) {
          expect(CODES).toContain(p);
          expect(bench.pk.count).toBe(0);
        } else bench.encode(p);
      }),
      { numRuns: 2000 },
    );
  });

  test("bytes damaged anywhere never throw", () => {
    const damage = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyFrame, damage, (spec, changes) => {
        const bench = new Bench();
        const bytes = bench.encode(bench.make(spec));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const p = decode(bench, bytes);
        if (p < 0) expect(CODES).toContain(p);
        else bench.encode(p);
      }),
      { numRuns: 1000 },
    );
  });

  test("a frame cut short is malformed", () => {
    fc.assert(
      fc.property(
        fc.oneof(arp, udp(false), udp(true), tcp(false), tcp(true), icmpError(false), icmpError(true), vxlan),
        fc.nat(),
        (spec, cut) => {
          const bench = new Bench();
          const bytes = bench.encode(bench.make(spec));
          expect(CODES).toContain(decode(bench, bytes.slice(0, cut % bytes.length)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("one flipped bit after the Ethernet header is noticed", () => {
    fc.assert(
      fc.property(fc.oneof(udp(false), tcp(false), tcp(true), icmpError(false), icmpError(true)), fc.nat(), (spec, flip) => {
        const bench = new Bench();
        const sent = bench.make(spec);
        const bytes = bench.encode(sent);
        const bit = flip % ((bytes.length - 14) * 8);
        const at = 14 + (bit >>> 3);
        bytes[at] = bytes[at]! ^ (1 << (bit & 7));
        const isV6 = spec.fields.etherType === 0x86dd;
        // No checksum of IPv6 covers its first eight bytes, but for the length and the next header.
        fc.pre(!(isV6 && at < 22 && at !== 18 && at !== 19 && at !== 20));
        const p = decode(bench, bytes);
        if (p < 0) expect(CODES).toContain(p);
        else {
          // Another next header of IPv6 may be a protocol without a checksum that this library verifies.
          expect(isV6 && at === 20).toBe(true);
          expect(bench.pk.c.proto[p]).not.toBe(bench.pk.c.proto[sent]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("padding after the packet, as a real Ethernet adds it, is no part of it", () => {
    const bench = new Bench();
    const [spec] = fc.sample(udp(false), { seed: 1, numRuns: 1 });
    const p = bench.make(spec!);
    const bytes = bench.encode(p);
    const padded = new Uint8Array(bytes.length + 18).fill(0x5a);
    padded.set(bytes);
    expect(bench.said(decode(bench, padded))).toEqual(bench.said(p));
  });

  test("a frame may lie anywhere in the bytes", () => {
    const bench = new Bench();
    const [spec] = fc.sample(tcp(false), { seed: 2, numRuns: 1 });
    const p = bench.make(spec!);
    const bytes = bench.encode(p);
    const around = new Uint8Array(bytes.length + 100);
    around.set(bytes, 60);
    const q = decodeFrame(bench.pk, bench.payloads, bench.book, around, 60, 60 + bytes.length);
    expect(bench.said(q)).toEqual(bench.said(p));
  });

  test("a buffer that is too small is refused", () => {
    const bench = new Bench();
    const [spec] = fc.sample(tcp(false), { seed: 2, numRuns: 1 });
    const p = bench.make(spec!);
    expect(() => encodeFrame(bench.pk, bench.payloads, bench.book, p, new Uint8Array(40))).toThrow(RangeError);
  });
});
