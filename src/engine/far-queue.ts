/**
 * An event queue in which many events are pending. Of a million nearly every one that is popped is far from any cache, and a list
 * that is gone through by its links waits for memory once an event. Here each event knows the one behind the next, too, so that two
 * lines are on their way at any time. For few events that costs more than it gives.
 *
 * Read first: Luk and Mowry, "Compiler-Based Prefetching for Recursive Data Structures" (1996), jump pointers.
 */
import { EventQueue } from "./queue.js";
import { LAST, MANY, NOBODY, PREV, SKIP, SLOT_WORDS, SLOTS, STRIDE, TICKS } from "./queue-layout.js";

export class FarQueue extends EventQueue {
  override readonly isFar: boolean = true;
  /** By slot the event before the last, NOBODY if there is none or none is known. */
  private readonly befores: Int32Array = new Int32Array(SLOTS).fill(NOBODY);

  /** Goes on with what another queue holds, which is of no use after that. Events that are there know nothing yet, which only makes them slower. */
  constructor(from: EventQueue) {
    super();
    this.takeOver(from);
    for (let at = NOBODY; at < this.top; at += STRIDE) this.events[at + SKIP] = 0;
  }

  override pop(limit: number): boolean {
    if (!super.pop(limit)) return false;
    const { events } = this;
    // The place that was freed last; what it knew still stands in it.
    const at = this.free;
    const slot = this.low & (TICKS - 1);
    const next = events[slot * SLOT_WORDS]!;
    const skip = events[at + SKIP]!;
    // It says so already: the store only fetches the line that the pop after the next will want.
    if (skip !== 0) events[skip + PREV] = next;
    else if (this.befores[slot] === at) this.befores[slot] = NOBODY;
    return true;
  }

  protected override append(slot: number, at: number): void {
    const { events, befores } = this;
    const tail = events[slot * SLOT_WORDS + LAST]!;
    super.append(slot, at);
    events[befores[slot]! + SKIP] = at;
    events[at + SKIP] = 0;
    befores[slot] = tail < NOBODY ? NOBODY : tail;
  }

  protected override unlink(slot: number, at: number): void {
    const { events } = this;
    const next = events[at]!;
    const prev = events[at + PREV]!;
    super.unlink(slot, at);
    if (prev >= NOBODY) {
      events[prev + SKIP] = next === 0 ? 0 : events[next]!;
      const before = events[prev + PREV]!;
      if (before >= NOBODY) events[before + SKIP] = next;
    }
    const tail = events[slot * SLOT_WORDS + LAST]!;
    const before = tail < NOBODY ? 0 : events[tail + PREV]!;
    this.befores[slot] = before < NOBODY ? NOBODY : before;
  }

  protected override empty(slot: number): void {
    super.empty(slot);
    this.befores[slot] = NOBODY;
  }
}

/** The queue to go on with: far once there are many events, near again when few are left. */
export function queueFor(queue: EventQueue, many: number = MANY): EventQueue {
  const far = queue.isFar;
  if (far ? queue.size >= many >> 1 : queue.size < many) return queue;
  return far ? EventQueue.after(queue) : new FarQueue(queue);
}
