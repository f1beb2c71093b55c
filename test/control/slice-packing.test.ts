import fc from "fast-check";
import { expect, test } from "vitest";
import type { Endpoint, EndpointSlice } from "../../src/api/index.js";
import { packSlices } from "../../src/control/slice-packing.js";

const endpoint = (pod: number, ready = true): Endpoint => ({
  addresses: [`10.244.0.${pod}`],
  conditions: { ready },
  targetRef: { kind: "Pod", namespace: "default", name: `web-${pod}` },
});
const slice = (name: string, pods: readonly number[]): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name, namespace: "default" },
  addressType: "IPv4",
  endpoints: pods.map((pod) => endpoint(pod)),
});
const wanted = (pods: readonly number[], unready: readonly number[] = []): ReadonlyMap<string, Endpoint> =>
  new Map(pods.map((pod) => [`default/web-${pod}`, endpoint(pod, !unready.includes(pod))]));
const namesOf = (endpoints: readonly Endpoint[]): readonly string[] => endpoints.map((each) => each.targetRef!.name!);

test("nothing changes, nothing is written", () => {
  expect(packSlices([slice("a", [1, 2])], wanted([1, 2]), 3)).toEqual({ updates: [], creates: [], deletes: [] });
});

test("slices that must be written anyway are topped up first", () => {
  const packing = packSlices([slice("a", [1, 2]), slice("b", [3, 4])], wanted([1, 2, 3, 5], []), 4);
  expect(packing.updates.map(({ slice: { metadata }, endpoints }) => [metadata.name, namesOf(endpoints)])).toEqual([
    ["b", ["web-3", "web-5"]],
  ]);
  expect(packing.creates).toEqual([]);
});

test("the rest goes into the one untouched slice that becomes fullest, else into new ones", () => {
  const one = packSlices([slice("a", [1]), slice("b", [2, 3])], wanted([1, 2, 3, 4]), 4);
  expect(one.updates.map(({ slice: { metadata } }) => metadata.name)).toEqual(["b"]);
  const many = packSlices([slice("a", [1, 2, 3])], wanted([1, 2, 3, 4, 5]), 4);
  expect([many.updates.length, many.creates.map(namesOf)]).toEqual([0, [["web-4", "web-5"]]]);
});

test("an emptied slice goes", () => {
  const packing = packSlices([slice("a", [1]), slice("b", [2])], wanted([2], [2]), 4);
  expect(packing.deletes.map((each) => each.metadata.name)).toEqual(["a"]);
  expect(packing.updates[0]!.endpoints).toEqual([endpoint(2, false)]);
});

test("every endpoint stands in one slice, none is too long, none is empty", () => {
  const pods = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 60 });
  fc.assert(
    fc.property(pods, pods, pods, fc.integer({ min: 1, max: 9 }), (before, after, unready, most) => {
      const existing = Array.from({ length: Math.ceil(before.length / most) }, (_, at) =>
        slice(`s${at}`, before.slice(at * most, (at + 1) * most)),
      );
      const { updates, creates, deletes } = packSlices(existing, wanted(after, unready), most);
      const updated = new Map(updates.map((each) => [each.slice.metadata.name, each.endpoints]));
      const gone = new Set(deletes.map((each) => each.metadata.name));
      const left = existing
        .filter((each) => !gone.has(each.metadata.name))
        .map((each) => updated.get(each.metadata.name) ?? each.endpoints);
      const all = [...left, ...creates];
      expect(all.every((endpoints) => endpoints.length > 0 && endpoints.length <= most)).toBe(true);
      const found = all.flat().sort((a, b) => (a.addresses[0]! < b.addresses[0]! ? -1 : 1));
      const expected = [...wanted(after, unready).values()].sort((a, b) => (a.addresses[0]! < b.addresses[0]! ? -1 : 1));
      expect(found).toEqual(expected);
    }),
  );
});
