import fc from "fast-check";
import { expect, test } from "vitest";
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from "../../../src/models/bgp/persistent-map.js";

type Step = readonly [key: string, value: number | null];

// Few keys, so that they are set again and taken away; "costarring" and "liquid" have one FNV-1a hash.
const steps = fc.array(fc.tuple(fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom("costarring", "liquid", "a", "b")), fc.option(fc.integer(), { nil: null })), { maxLength: 60 });

function play(all: readonly Step[]): { readonly map: PersistentMap<number>; readonly plain: Map<string, number> } {
  let map = emptyMap<number>();
  const plain = new Map<string, number>();
  for (const [key, value] of all) {
    if (value === null) {
      map = mapDelete(map, key);
      plain.delete(key);
    } else {
      map = mapSet(map, key, value);
      plain.set(key, value);
    }
  }
  return { map, plain };
}

const sorted = (entries: Iterable<readonly [string, number]>): (readonly [string, number])[] => [...entries].sort((x, y) => (x[0] < y[0] ? -1 : 1));

test("holds what a Map holds", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { map, plain } = play(all);
      expect(map.size).toBe(plain.size);
      expect(sorted(mapEntries(map))).toEqual(sorted(plain));
      for (const [key] of all) expect(mapGet(map, key)).toBe(plain.get(key));
    }),
  );
});

test("the order of its entries is that of no insertion", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 40 }), (keys) => {
      const one = play(keys.map((key, i) => [key, i])).map;
      const other = play([...keys].reverse().map((key) => [key, keys.indexOf(key)])).map;
      expect(mapEntries(other)).toEqual(mapEntries(one));
    }),
  );
});

test("an old map stays as it was, and all of it is plain data", () => {
  fc.assert(
    fc.property(steps, fc.string({ maxLength: 2 }), (all, key) => {
      const { map } = play(all);
      const before = structuredClone(map);
      mapSet(map, key, 1);
      mapDelete(map, key);
      expect(map).toEqual(before);
      expect(mapEntries(before)).toEqual(mapEntries(map));
    }),
  );
});

test("keys of one hash live beside each other", () => {
  const both = mapSet(mapSet(emptyMap<number>(), "costarring", 1), "liquid", 2);
  expect(mapGet(both, "costarring")).toBe(1);
  expect(mapGet(both, "liquid")).toBe(2);
  expect(mapEntries(mapDelete(both, "costarring"))).toEqual([["liquid", 2]]);
});
