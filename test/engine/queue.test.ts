import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { queueFor } from "../../src/engine/far-queue.js";
import { EventQueue } from "../../src/engine/queue.js";
import { NOBODY, PREV, SKIP, SLOT_WORDS } from "../../src/engine/queue-layout.js";

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
const action = (delay: fc.Arbitrary<number>): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 5, arbitrary: delay.map((delay) => ({ do: "push" as const, delay })) },
    { weight: 3, arbitrary: fc.oneof(delay, fc.constant(Infinity)).map((limit) => ({ do: "pop" as const, limit })) },
    { weight: 2, arbitrary: fc.nat(1000).map((which) => ({ do: "cancel" as const, which })) },
    { weight: 1, arbitrary: fc.constant({ do: "save" as const }) },
  );
// Short lists in many slots, long ones in few, and long ones that move from level to level and come to used slots again.
const delays = [delay, fc.nat(2), fc.constantFrom(0, 1, 16_384, 16_385, 2 ** 23, 2 ** 23 + 1)];
const actions = fc.oneof(...delays.map((each) => fc.array(action(each), { maxLength: 200, size: "max" })));

/** A far queue, a near one, or one that is far while there are eight events. */
type Kind = "near" | "far" | "either";
const as = (kind: Kind, queue: EventQueue): EventQueue => (kind === "near" ? queue : queueFor(queue, kind === "far" ? 0 : 8));

/** What events say of those beside them: the one before; where many are kept the one behind the next too, if anything. */
function checkNeighbours(queue: EventQueue): void {
  const { events, slots } = queue.save();
  const word = (at: number, which: number): number => events[at - NOBODY + which]!;
  for (let i = 0; i < slots.length; i += 3) {
    let [prev, at] = [slots[i]! * SLOT_WORDS, slots[i + 1]!];
    for (; at !== 0; [prev, at] = [at, word(at, 0)]) {
      expect(word(at, PREV)).toBe(prev);
      const next = word(at, 0);
      if (queue.isFar && word(at, SKIP) !== 0) expect(word(at, SKIP)).toBe(next === 0 ? 0 : word(next, 0));
    }
    expect(slots[i + 2]).toBe(prev);
  }
}

describe("EventQueue", () => {
  test("runs in the order of a sorted list through pushes, pops with limits, cancels and restores", () => {
    fc.assert(
      fc.property(actions, fc.constantFrom(0, 4094, 2 ** 32 - 3, 2 ** 52), fc.constantFrom<Kind>("near", "far", "either"), (actions, start, kind) => {
        let queue = as(kind, new EventQueue());
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
            // Nearly always one that is there: of all that ever were most have run.
            const which = plain.ids.length > 0 && act.which < 900 ? plain.ids[act.which % plain.ids.length]! : 1 + (act.which % Math.max(1, serial));
            const id = handles.get(which);
            if (id !== undefined) expect(queue.cancel(id)).toBe(plain.cancel(which));
          } else {
            const copy = new EventQueue();
            copy.restore(structuredClone(queue.save()));
            queue = as(kind, copy);
          }
          expect(queue.peekTime()).toBe(plain.first);
          expect(queue.size).toBe(plain.ids.length);
          checkNeighbours(queue);
          queue = as(kind, queue);
          expect(queue.pending().map((event) => event.a)).toEqual(plain.ids);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("a slot that is used again knows nothing of the events that were in it", () => {
    const queue = as("far", new EventQueue());
    const slot = 2 ** 14;
    const turn = 2 ** 24;
    for (let i = 0; i < 3; i++) queue.push(slot, 7, i, 0);
    for (let i = 0; i < 3; i++) queue.pop(slot);
    // In the places of those three, but in another slot; the cursor moves to them.
    for (let i = 0; i < 3; i++) queue.push(turn + 5, 7, i, 0);
    queue.pop(turn + 5);
    queue.push(turn + slot, 7, 3, 0);
    checkNeighbours(queue);
  });
});
