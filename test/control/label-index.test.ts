import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesLabels } from "../../src/api/index.js";
import { LabelIndex, SelectorIndex } from "../../src/control/label-index.js";
import { LoadOrder } from "../../src/control/load-order.js";

const labels = fc.dictionary(fc.constantFrom("app", "tier", "env"), fc.constantFrom("a", "b", "c"), { maxKeys: 3 });

test("indexes leave out nothing that a scan of all pairs finds", () => {
  fc.assert(
    fc.property(
      fc.array(labels, { maxLength: 12 }),
      fc.array(labels, { maxLength: 8 }),
      fc.array(fc.nat(11), { maxLength: 6 }),
      (objects, selectors, gone) => {
        const pods = new LabelIndex();
        const services = new SelectorIndex();
        objects.forEach((each, at) => pods.add("ns", each, `p${at}`));
        selectors.forEach((each, at) => services.add("ns", each, `s${at}`));
        const left = new Set(objects.map((_, at) => at));
        for (const at of gone) if (left.delete(at)) pods.remove("ns", objects[at], `p${at}`);
        selectors.forEach((selector, s) => {
          if (Object.keys(selector).length === 0) return;
          const found = [...pods.candidates("ns", selector)];
          for (const at of left) {
            if (!matchesLabels(selector, objects[at])) continue;
            expect(found).toContain(`p${at}`);
            expect(services.candidates("ns", objects[at])).toContain(`s${s}`);
          }
          for (const key of found) expect(left.has(Number(key.slice(1)))).toBe(true);
          expect(pods.candidates("other", selector).size).toBe(0);
        });
      },
    ),
  );
});

test("the order of nodes is by load, then by name", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.array(fc.nat(69), { maxLength: 200 }),
      fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }),
      (count, steps, taken) => {
        const names = Array.from({ length: count }, (_, at) => `n${String(at).padStart(2, "0")}`);
        const loads = new Map(names.map((name) => [name, 0]));
        const order = new LoadOrder(names, () => 0);
        for (const step of steps) {
          const name = names[step % count]!;
          const down = loads.get(name)! > 0 && step % 3 === 0;
          loads.set(name, loads.get(name)! + (down ? -1 : 1));
          order.change(name, down ? -1 : 1);
        }
        const best = names
          .map((name, at) => ({ at, load: loads.get(name)! }))
          .filter(({ at }) => taken[at])
          .sort((a, b) => a.load - b.load || a.at - b.at)[0];
        expect(order.first((place) => taken[place]!)).toBe(best?.at ?? -1);
      },
    ),
  );
});
