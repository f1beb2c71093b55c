import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Digest, fnv1a32, mix32 } from "../../src/base/hash.js";

describe("fnv1a32", () => {
  // From the test vectors of draft-eastlake-fnv, appendix C.
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("%j", (text, hash) => {
    expect(fnv1a32(text)).toBe(hash);
    expect(fnv1a32(new TextEncoder().encode(text))).toBe(hash);
  });
});

describe("mix32", () => {
  test("dense input spreads over the low bits that tables use", () => {
    // 4096 keys into 4096 slots: an ideal hash leaves 1/e of them empty (1507), give or take 4 standard deviations (~80).
    for (const key of [(i: number) => mix32(i, 0), (i: number) => mix32(0, i), (i: number) => mix32(i << 8, 24), (i: number) => mix32(i << 20, i)]) {
      const used = new Set(Array.from({ length: 4096 }, (_, i) => key(i) & 4095));
      expect(Math.abs(4096 - used.size - 1507)).toBeLessThan(130);
    }
  });
});

describe("Digest", () => {
  const after = (use: (digest: Digest) => void): string => {
    const digest = new Digest();
    use(digest);
    return digest.hex();
  };

  test("depends on every value and on their order", () => {
    const values = fc.array(fc.integer(), { maxLength: 20 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const of = (list: number[]) => after((digest) => list.forEach((value) => digest.i32(value)));
        expect(of(a) === of(b)).toBe(a.join() === b.join());
      }),
    );
  });

  const fold = (digest: Digest, time: number, kind: number, a: number, b: number): void => digest.event(time | 0, Math.floor(time / 2 ** 32), kind, a, b);

  test("an event's every field shows", () => {
    const event = fc.tuple(fc.integer({ min: 0, max: 2 ** 53 - 1 }), fc.nat(65535), fc.integer(), fc.integer());
    fc.assert(
      fc.property(event, fc.nat(3), fc.integer({ min: 1, max: 1000 }), ([time, kind, a, b], which, change) => {
        const other: [number, number, number, number] = [time, kind, a, b];
        other[which]! += which === 0 && time > 2 ** 52 ? -change : change;
        expect(after((d) => fold(d, time, kind, a, b))).not.toBe(after((d) => fold(d, ...other)));
        expect(after((d) => fold(d, time, kind, a, b))).toBe(after((d) => fold(d, time, kind, a, b)));
      }),
      { numRuns: 1000 },
    );
    const high = [0, 2 ** 32, 2 ** 33, 2 ** 52].map((time) => after((d) => fold(d, time, 1, 2, 3)));
    expect(new Set(high).size).toBe(4);
  });

  test("a hundred thousand runs of events have a hundred thousand digests", () => {
    const digest = new Digest();
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      fold(digest, i >> 3, 1, i & 7, 0);
      seen.add(digest.hex());
    }
    expect(seen.size).toBe(100_000);
  });

  test("text and bytes keep their borders", () => {
    expect(after((d) => { d.text("ab"); d.text("c"); })).not.toBe(after((d) => { d.text("a"); d.text("bc"); }));
    expect(after((d) => { d.bytes(Uint8Array.of(0)); })).not.toBe(after((d) => { d.bytes(Uint8Array.of(0, 0)); }));
    expect(after((d) => d.f64(2 ** 40))).not.toBe(after((d) => d.f64(2 ** 41)));
  });
});
