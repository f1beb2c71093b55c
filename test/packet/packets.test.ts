import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DOUBLE_COLUMNS, INT_COLUMNS, Packets } from "../../src/packet/index.js";

/** Every field of a packet, its inner packet in place of the row number. */
function record(pool: Packets, p: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of [...INT_COLUMNS, ...DOUBLE_COLUMNS]) out[name] = pool.c[name][p];
  if (pool.c.inner[p] !== 0) out["inner"] = record(pool, pool.c.inner[p]!);
  return out;
}

describe("Packets", () => {
  test("a new packet is zero but for its identity, also on a row used before", () => {
    const pool = new Packets();
    const p = pool.alloc();
    for (const name of INT_COLUMNS) pool.c[name][p] = name === "inner" ? 0 : -7;
    for (const name of DOUBLE_COLUMNS) pool.c[name][p] = 2 ** 47 + 1;
    pool.release(p);
    const q = pool.alloc();
    expect(q).toBe(p);
    const fields = record(pool, q);
    expect(fields["id"]).toBe(2);
    expect(Object.entries(fields).filter(([name, value]) => name !== "id" && value !== 0)).toEqual([]);
  });

  test("fields survive growth", () => {
    const pool = new Packets(2);
    const rows = Array.from({ length: 1000 }, () => {
      const p = pool.alloc();
      pool.c.seq[p] = -p;
      pool.c.macSrc[p] = 2 ** 47 + p;
      return p;
    });
    expect(rows.map((p) => pool.c.seq[p])).toEqual(rows.map((p) => -p));
    expect(rows.map((p) => pool.c.macSrc[p])).toEqual(rows.map((p) => 2 ** 47 + p));
    expect(new Set(rows.map((p) => pool.c.id[p])).size).toBe(1000);
    expect(pool.count).toBe(1000);
  });

  test("release and copy follow the inner packets", () => {
    const pool = new Packets(2);
    const inner = pool.alloc();
    const quoted = pool.alloc();
    const outer = pool.alloc();
    pool.c.sport[quoted] = 53;
    pool.c.inner[inner] = quoted;
    pool.c.inner[outer] = inner;
    const copied = pool.copy(outer);
    expect(record(pool, copied)).toEqual(record(pool, outer));
    expect(pool.count).toBe(6);
    pool.c.sport[quoted] = 99;
    pool.release(outer);
    expect(pool.count).toBe(3);
    expect(pool.c.sport[pool.c.inner[pool.c.inner[copied]!]!]).toBe(53);
  });

  test("a clone is another packet, inside too, and names the one it was made from", () => {
    const pool = new Packets();
    const inner = pool.alloc();
    const outer = pool.alloc();
    pool.c.inner[outer] = inner;
    const cloned = pool.clone(outer);
    expect([pool.c.id[cloned], pool.c.parent[cloned]]).toEqual([3, pool.c.id[outer]]);
    expect([pool.c.id[pool.c.inner[cloned]!], pool.c.parent[pool.c.inner[cloned]!]]).toEqual([4, pool.c.id[inner]]);
  });

  test("a copy into another pool keeps the identity", () => {
    const pool = new Packets();
    const recorded = new Packets(2);
    pool.alloc();
    const inner = pool.alloc();
    const p = pool.alloc();
    pool.c.inner[p] = inner;
    pool.c.dst[p] = 12;
    const q = recorded.copyFrom(pool, p);
    expect(recorded.c.id[q]).toBe(3);
    expect(recorded.c.id[recorded.c.inner[q]!]).toBe(2);
    expect(recorded.c.dst[q]).toBe(12);
  });

  test("releasing twice is a broken invariant", () => {
    const pool = new Packets();
    const p = pool.alloc();
    pool.release(p);
    expect(() => pool.release(p)).toThrow("released twice");
    expect(() => pool.copy(p)).toThrow("not in use");
  });

  test("a saved pool continues as the living one does, through structuredClone", () => {
    const act = fc.oneof(fc.constant("alloc"), fc.constant("clone"), fc.constant("release"));
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), fc.nat(120), (acts, at) => {
        const run = (pool: Packets, held: number[], from: number, to: number): void => {
          for (const act of acts.slice(from, to)) {
            if (act === "alloc") {
              const p = pool.alloc();
              pool.c.src[p] = held.length;
              held.push(p);
            } else if (held.length > 0) {
              if (act === "clone") held.push(pool.clone(held[0]!));
              else pool.release(held.shift()!);
            }
          }
        };
        const living = new Packets(2);
        const held: number[] = [];
        run(living, held, 0, at);
        const state = structuredClone(living.save());
        const heldThen = [...held];
        run(living, held, at, acts.length);
        const restored = new Packets();
        restored.restore(state);
        run(restored, heldThen, at, acts.length);
        expect(heldThen).toEqual(held);
        expect(restored.save()).toEqual(living.save());
        expect(heldThen.map((p) => record(restored, p))).toEqual(held.map((p) => record(living, p)));
      }),
    );
  });
});
