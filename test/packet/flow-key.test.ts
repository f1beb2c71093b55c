import { describe, expect, test } from "vitest";
import { flowHash, isReverseFlow, Packets, sameFlow } from "../../src/packet/index.js";

function packet(pool: Packets, fields: { src: number; dst: number; sport: number; dport: number; proto: number }): number {
  const p = pool.alloc();
  for (const name of ["src", "dst", "sport", "dport", "proto"] as const) pool.c[name][p] = fields[name];
  return p;
}

describe("flow keys", () => {
  test("each of the five fields makes another flow", () => {
    const pool = new Packets();
    const base = { src: 1, dst: 2, sport: 40000, dport: 80, proto: 6 };
    const p = packet(pool, base);
    expect(sameFlow(pool.c, p, packet(pool, base))).toBe(true);
    for (const name of ["src", "dst", "sport", "dport", "proto"] as const) {
      expect(sameFlow(pool.c, p, packet(pool, { ...base, [name]: 7 }))).toBe(false);
    }
    const reply = packet(pool, { src: 2, dst: 1, sport: 80, dport: 40000, proto: 6 });
    expect([isReverseFlow(pool.c, p, reply), isReverseFlow(pool.c, reply, p), isReverseFlow(pool.c, p, p)]).toEqual([true, true, false]);
  });

  test("the flows of neighbouring handles and ports spread over a small table", () => {
    const slots = new Int32Array(1 << 12);
    let worst = 0;
    for (let src = 1; src <= 16; src++) {
      for (let dst = 17; dst <= 32; dst++) {
        for (let sport = 32768; sport < 32784; sport++) {
          const slot = flowHash(src, dst, sport, 80, 6) & (slots.length - 1);
          worst = Math.max(worst, ++slots[slot]!);
        }
      }
    }
    // 4,096 keys in 4,096 slots: a fair hash leaves the fullest slot with 6 to 9 keys.
    expect(worst).toBeLessThanOrEqual(10);
  });
});
