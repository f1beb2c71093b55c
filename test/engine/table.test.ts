import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Table } from "../../src/engine/table.js";

const schema = { word: "i32", octet: "u8", port: "u16", time: "f64" } as const;

const action = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("alloc" as const), value: fc.integer({ min: 1, max: 255 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("save" as const), value: fc.nat() }) },
);

describe("Table", () => {
  test("hands out zeroed rows that nobody holds, the last released first, through saves and restores", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200, size: "max" }), (actions) => {
        let table = new Table(schema);
        const held = new Map<number, number>();
        const free: number[] = [];
        let top = 1;
        for (const { do: what, value } of actions) {
          if (what === "alloc") {
            const row = table.alloc();
            expect(row).toBe(free.pop() ?? top++);
            const { c } = table;
            expect([c.word[row], c.octet[row], c.port[row], c.time[row], table.live[row]]).toEqual([0, 0, 0, 0, 1]);
            c.word[row] = -value;
            c.octet[row] = value;
            c.port[row] = value * 257;
            c.time[row] = value * 2 ** 40;
            held.set(row, value);
          } else if (what === "release" && held.size > 0) {
            const row = [...held.keys()][value % held.size]!;
            table.release(row);
            table.release(row);
            held.delete(row);
            free.push(row);
          } else if (what === "save") {
            const state = structuredClone(table.save());
            table = value % 2 === 0 ? new Table(schema) : table;
            table.alloc();
            table.restore(state);
          }
          expect([table.count, table.top]).toEqual([held.size, top]);
        }
        const { c } = table;
        for (const [row, value] of held) expect([c.word[row], c.octet[row], c.port[row], c.time[row]]).toEqual([-value, value, value * 257, value * 2 ** 40]);
      }),
      { numRuns: 200 },
    );
  });

  test("a saved state is a copy, and as long as the rows used", () => {
    const table = new Table(schema, 1000);
    const row = table.alloc();
    table.c.word[row] = 5;
    const state = table.save();
    table.c.word[row] = 6;
    expect(state.columns["word"]).toEqual(Int32Array.of(0, 5));
    table.restore(state);
    expect(table.c.word[row]).toBe(5);
    table.c.word[row] = 7;
    expect(state.columns["word"]).toEqual(Int32Array.of(0, 5));
  });

  test("clear gives back every row", () => {
    const table = new Table(schema);
    for (let i = 0; i < 20; i++) table.alloc();
    table.clear();
    expect([table.count, table.top, table.alloc()]).toEqual([0, 1, 1]);
  });
});
