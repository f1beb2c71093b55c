import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STEP } from "../../src/trace/kinds.js";
import { TraceRing } from "../../src/trace/ring.js";

describe("TraceRing", () => {
  test("holds the last steps of a plain list, and tells which snapshots went", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(1000), fc.nat(1000), (limit, count, saveAt) => {
        const gone: number[] = [];
        let ring = new TraceRing(limit, (snap) => gone.push(snap));
        const plain: object[] = [];
        for (let i = 1; i <= count; i++) {
          ring.step(i * 2 ** 40, STEP.RULE, i * 2 ** 30, i, -i, i * 2, i * 3, i);
          plain.push({ time: i * 2 ** 40, kind: STEP.RULE, packet: i * 2 ** 30, ns: i, dev: -i, a: i * 2, b: i * 3, snap: i });
          if (i === saveAt) {
            const copy = new TraceRing(limit, (snap) => gone.push(snap));
            copy.restore(structuredClone(ring.save()));
            ring = copy;
          }
        }
        expect(ring.limit).toBeGreaterThanOrEqual(limit);
        expect(ring.total).toBe(count);
        expect(ring.steps()).toEqual(plain.slice(-ring.limit));
        expect(gone).toEqual(Array.from({ length: Math.max(0, count - ring.limit) }, (_, i) => i + 1));
        expect(ring.at(ring.length)).toBeUndefined();
        ring.clear();
        expect(gone).toHaveLength(count);
        expect(ring.steps()).toEqual([]);
      }),
    );
  });
});
