import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConntrackTable, CTS } from "../../../src/linux/nf/conntrack-table.js";

interface Five {
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
}

const five = fc.record({ src: fc.integer({ min: 1, max: 40 }), dst: fc.integer({ min: 1, max: 40 }), sport: fc.integer({ min: 0, max: 65535 }), dport: fc.integer({ min: 0, max: 65535 }) });

function add(table: ConntrackTable, of: Five): number {
  const row = table.add(1, 17, 0, 3);
  table.setTuple(row, 0, of.src, of.dst, of.sport, of.dport);
  table.setTuple(row, 1, of.dst, of.src + 1000, of.dport, of.sport);
  table.insert(row);
  table.t.c.status[row] = CTS.confirmed;
  return row;
}

const find = (table: ConntrackTable, of: Five): readonly number[] => [
  table.find(1, of.src, of.dst, of.sport, of.dport, 17, 0),
  table.find(1, of.dst, of.src + 1000, of.dport, of.sport, 17, 0),
];

describe("the table of flows", () => {
  it("finds every flow by both tuples, through growth, removal and a saved copy", () => {
    fc.assert(
      fc.property(fc.uniqueArray(five, { maxLength: 300, selector: (f) => `${f.src} ${f.dst} ${f.sport} ${f.dport}` }), fc.integer({ min: 2, max: 5 }), (flows, every) => {
        const table = new ConntrackTable();
        const rows = flows.map((flow) => add(table, flow));
        flows.forEach((_, i) => {
          if (i % every !== 0) return;
          table.unhash(rows[i]!);
          table.t.release(rows[i]!);
        });
        const copy = new ConntrackTable();
        copy.restore(structuredClone(table.save()));
        for (const each of [table, copy]) {
          flows.forEach((flow, i) => {
            expect(find(each, flow)).toEqual(i % every === 0 ? [0, 0] : [rows[i]! * 2, rows[i]! * 2 + 1]);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});
