import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventQueue } from "../../src/engine/queue.js";

/** The plain form: a list kept sorted by (time, order of pushing). */
class SortedList {
  private readonly events: { time: number; order: number; a: number }[] = [];
  private order = 0;

  push(time: number, a: number): void {
    const event = { time, order: this.order++, a };
    const place = this.events.findIndex((other) => other.time > time);
    if (place < 0) this.events.push(event);
    else this.events.splice(place, 0, event);
  }

  pop(limit: number): { time: number; a: number } | undefined {
    const first = this.events[0];
    return first !== undefined && first.time <= limit ? this.events.shift() : undefined;
  }

  cancel(a: number): boolean {
    const place = this.events.findIndex((event) => event.a === a);
    if (place >= 0) this.events.splice(place, 1);
    return place >= 0;
  }

  get first(): number {
    return this.events[0]?.time ?? Infinity;
  }

  get ids(): readonly number[] {
    return this.events.map((event) => event.a);
  }
}

type Action =
  | { readonly do: "push"; readonly delay: number }
  | { readonly do: "pop"; readonly limit: number }
  | { readonly do: "cancel"; readonly which: number }
  | { readonly do: "save" };

// Delays of every size of slot, many of them equal, and just around the borders between levels.
const delay = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 10_000 }),
  fc.constantFrom(2 ** 12, 2 ** 22, 2 ** 32, 2 ** 42, 1_000_000_000).chain((border) => fc.integer({ min: border - 2, max: border + 2 })),
  fc.integer({ min: 0, max: 2 ** 45 }),
);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: delay.map((delay) => ({ do: "push" as const, delay })) },
  { weight: 3, arbitrary: fc.oneof(delay, fc.constant(Infinity)).map((limit) => ({ do: "pop" as const, limit })) },
  { weight: 2, arbitrary: fc.nat(1000).map((which) => ({ do: "cancel" as const, which })) },
  { weight: 1, arbitrary: fc.constant({ do: "save" as const }) },
);

describe("EventQueue", () => {
  test("runs in the order of a sorted list through pushes, pops with limits, cancels and restores", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), fc.constantFrom(0, 4094, 2 ** 32 - 3, 2 ** 52), (actions, start) => {
        let queue = new EventQueue();
        const plain = new SortedList();
        const handles = new Map<number, number>();
        let now = start;
        let serial = 0;
        for (const act of actions) {
          if (act.do === "push") {
            plain.push(now + act.delay, ++serial);
            handles.set(serial, queue.push(now + act.delay, 7, serial, -serial));
          } else if (act.do === "pop") {
            const expected = plain.pop(now + act.limit);
            const popped = queue.pop(now + act.limit);
            expect(popped).toBe(expected !== undefined);
            if (expected !== undefined) {
              expect([queue.time, queue.kind, queue.a, queue.b]).toEqual([expected.time, 7, expected.a, -expected.a]);
              now = queue.time;
            } else if (act.limit !== Infinity) {
              now += act.limit;
            }
          } else if (act.do === "cancel") {
            const which = serial === 0 ? 0 : 1 + (act.which % serial);
            const id = handles.get(which);
            if (id !== undefined) expect(queue.cancel(id)).toBe(plain.cancel(which));
          } else {
            const copy = new EventQueue();
            copy.restore(structuredClone(queue.save()));
            queue = copy;
          }
          expect(queue.peekTime()).toBe(plain.first);
          expect(queue.size).toBe(plain.ids.length);
          expect(queue.pending().map((event) => event.a)).toEqual(plain.ids);
        }
      }),
      { numRuns: 300 },
    );
  });
});
