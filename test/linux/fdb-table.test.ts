import fc from "fast-check";
import { expect, test } from "vitest";
import { FdbTable } from "../../src/linux/dev/fdb-table.js";

const step = fc.record({
  verb: fc.constantFrom("add", "more", "remove", "one", "save", "owner"),
  owner: fc.integer({ min: 1, max: 3 }),
  mac: fc.integer({ min: 1, max: 20 }).map((n) => n * 0x10000000001),
  which: fc.nat(5),
  remote: fc.integer({ min: 1, max: 1000 }),
});

/** What a table says, in the order of destinations. */
function spoken(table: FdbTable): Record<string, number[]> {
  const all: Record<string, number[]> = {};
  for (const owner of [1, 2, 3]) {
    for (const first of table.of(owner)) {
      const c = table.rows.c;
      expect(table.find(owner, c.mac[first]!)).toBe(first);
      const key = `${owner} ${c.mac[first]}`;
      all[key] = [];
      for (let row = first; row !== 0; row = c.more[row]!) all[key].push(c.remote[row]!);
    }
  }
  return all;
}

test("the table of addresses agrees with a plain map, through growth, removal and restoring", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      let table = new FdbTable();
      const model: Record<string, number[]> = {};
      for (const { verb, owner, mac, which, remote } of steps) {
        const key = `${owner} ${mac}`;
        const first = table.find(owner, mac);
        expect(first !== 0).toBe(model[key] !== undefined);
        if (verb === "add" || verb === "more") {
          const row = first === 0 ? table.add(owner, mac) : table.addMore(first);
          table.rows.c.remote[row] = remote;
          (model[key] ??= []).push(remote);
        } else if (verb === "remove" && first !== 0) {
          table.remove(first);
          delete model[key];
        } else if (verb === "one" && first !== 0) {
          const at = which % model[key]!.length;
          let row = first;
          for (let k = 0; k < at; k++) row = table.rows.c.more[row]!;
          table.removeOne(first, row);
          model[key]!.splice(at, 1);
          if (model[key]!.length === 0) delete model[key];
        } else if (verb === "save") {
          const copy = new FdbTable();
          copy.restore(structuredClone(table.save()));
          table = copy;
        } else if (verb === "owner" && which === 0) {
          table.removeWhere(owner, () => true);
          for (const known of Object.keys(model)) if (known.startsWith(`${owner} `)) delete model[known];
        }
      }
      expect(spoken(table)).toEqual(model);
    }),
    { seed: 1, numRuns: 200 },
  );
});
