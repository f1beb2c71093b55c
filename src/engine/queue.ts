/**
 * The pending events, in exact (time, first pushed) order, on a hierarchical timing wheel over integer nanoseconds.
 * Read first: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7.
 *
 * The 53 bits of a time are cut into five digits. An event lies at the level of the highest digit in which its time differs
 * from the cursor's, in the slot of that digit. Two things follow:
 *
 *   bits   52 ........ 42 | 41 ....... 32 | 31 ...... 24 | 23 ...... 14 | 13 ........ 0
 *   level  4, 2048 slots  | 3, 1024 slots | 2, 256       | 1, 1024      | 0, 16384 slots of one tick each
 *   slot   19456 ..       | 18432 ..      | 17408 ..     | 16384 ..     | 0 ..
 *
 * - Everything at a lower level is earlier than everything at a higher one, so the earliest event is in the lowest busy
 *   slot of all 21504. A three-step bitmap (21 groups, 32 words each, 32 bits each) finds it, however far away it is.
 * - A slot is spread over the lower levels at the moment the cursor enters its range, in list order. Before that nothing
 *   can have been pushed below it for the same time, so plain lists keep the order of pushing among equal times.
 *
 * The cursor never passes the limit given to `pop`, so whatever may still be scheduled lies at or after it.
 *
 * Slots and events share one array, and links are offsets into it: the first 21504 words are the slots, each the offset of its
 * first event; behind them each event takes eight words, of which the first links to the next event of its list. The offset in
 * `tails` is that of the last event, or of the slot itself while its list is empty, so that appending never asks which.
 */
import { BrokenInvariant } from "../base/problem.js";
import {
  A, B, type EventQueueState, type EventRecord, HIGH, HIGH_MASK, KIND_SHIFT, LOW, lowestBit, NEAR, NOBODY, PENDING, type PendingEvent, PLACES, PREV, RECORD, SLOTS, startOf,
  STRIDE, TICKS, TWO_32, USE, USES,
} from "./queue-layout.js";

export type { EventQueueState, EventRecord, PendingEvent } from "./queue-layout.js";

export class EventQueue {
  readonly isFar: boolean = false;
  /** Pending events. */
  size = 0;
  /** The event that `pop` took out last. */
  time = 0;
  kind = 0;
  a = 0;
  b = 0;
  record: EventRecord | undefined = undefined;
  protected events: Int32Array = new Int32Array(SLOTS + STRIDE * 16);
  protected tails: Int32Array = Int32Array.from({ length: SLOTS }, (_, slot) => slot);
  protected words: Int32Array = new Int32Array(SLOTS >> 5);
  protected groups: Int32Array = new Int32Array(SLOTS >> 10);
  protected root = 0;
  protected top: number = SLOTS + STRIDE;
  protected free = 0;
  /** The cursor as two words, and the time of slot 0 of level 0. */
  protected low = 0;
  protected high = 0;
  protected base = 0;
  protected records: Map<number, EventRecord> = new Map<number, EventRecord>();

  /**
   * Adds an event; `time` is an integer, not before the last popped event nor before any limit `pop` was given. Returns an id
   * for `cancel`: a positive integer below 2^53.
   */
  push(time: number, kind: number, a: number, b: number): number {
    const at = this.free === 0 ? this.newPlace() : this.free;
    const { events } = this;
    this.free = events[at]!;
    const low = time | 0;
    const high = (time * (1 / TWO_32)) | 0;
    const use = (events[at + USE]! + 1) & USES;
    events[at + LOW] = low;
    events[at + HIGH] = high | (kind << KIND_SHIFT);
    events[at + A] = a;
    events[at + B] = b;
    events[at + USE] = use | PENDING;
    this.size++;
    const near = high === this.high && (low ^ this.low) >>> 14 === 0;
    this.append(near ? low & (TICKS - 1) : this.slotOf(low, high), at);
    return use * PLACES + (at >> 3);
  }

  /** A push with a record, which the caller has frozen. */
  pushWith(time: number, kind: number, a: number, b: number, record: EventRecord): number {
    const id = this.push(time, kind, a, b);
    const at = (id % PLACES) * STRIDE;
    this.events[at + USE]! |= RECORD;
    this.records.set(at, record);
    return id;
  }

  /** Takes out the earliest event, if it is not later than `limit`, into `time`, `kind`, `a`, `b` and `record`; false if there is none. */
  pop(limit: number): boolean {
    // Slots behind the cursor are empty, so a busy one in its own word is the first: no need to come down from the root.
    const word = (this.low & (TICKS - 1)) >> 5;
    const bits = this.words[word]!;
    if (bits === 0 && (this.root & NEAR) === 0 && !this.approach(limit)) return false;
    const slot = bits === 0 ? this.firstSlot() : (word << 5) + lowestBit(bits);
    const time = this.base + slot;
    if (time > limit) return false;
    const { events } = this;
    const at = events[slot]!;
    const next = events[at]!;
    events[slot] = next;
    // The store also fetches the line that the next pop will want.
    if (next !== 0) events[next + PREV] = slot;
    else this.empty(slot);
    this.low = (this.low & -TICKS) | slot;
    this.time = time;
    this.kind = events[at + HIGH]! >>> KIND_SHIFT;
    this.a = events[at + A]!;
    this.b = events[at + B]!;
    const use = events[at + USE]!;
    this.record = undefined;
    if ((use & RECORD) !== 0) this.takeRecord(at);
    // Freed at once: an event that schedules its successor gets the same place again, still warm.
    events[at + USE] = use & USES;
    events[at] = this.free;
    this.free = at;
    this.size--;
    return true;
  }

  /** Takes an event out before its time; false if it is no longer pending. */
  cancel(id: number): boolean {
    const at = this.placeOf(id);
    if (at === 0) return false;
    const { events } = this;
    this.unlink(this.slotOf(events[at + LOW]!, events[at + HIGH]! & HIGH_MASK), at);
    this.records.delete(at);
    events[at + USE]! &= USES;
    events[at] = this.free;
    this.free = at;
    this.size--;
    return true;
  }

  isPending(id: number): boolean {
    return this.placeOf(id) !== 0;
  }

  /** Time of a pending event, Infinity if it is no longer pending. */
  timeOf(id: number): number {
    const at = this.placeOf(id);
    return at === 0 ? Infinity : this.timeAt(at);
  }

  /** Time of the earliest event, Infinity if there is none. Reads one list if that event is far away. */
  peekTime(): number {
    if (this.root === 0) return Infinity;
    const slot = this.firstSlot();
    if (slot < TICKS) return this.base + slot;
    let earliest = Infinity;
    for (let at = this.events[slot]!; at !== 0; at = this.events[at]!) earliest = Math.min(earliest, this.timeAt(at));
    return earliest;
  }

  /** All pending events in the order in which they will run. */
  pending(): PendingEvent[] {
    const { events } = this;
    const found: PendingEvent[] = [];
    for (const slot of this.busySlots()) {
      const from = found.length;
      for (let at = events[slot]!; at !== 0; at = events[at]!) {
        found.push({
          id: (events[at + USE]! & USES) * PLACES + (at >> 3),
          time: this.timeAt(at),
          kind: events[at + HIGH]! >>> KIND_SHIFT,
          a: events[at + A]!,
          b: events[at + B]!,
          record: this.records.get(at),
        });
      }
      if (slot >= TICKS && found.length > from + 1) found.push(...found.splice(from).sort((x, y) => x.time - y.time));
    }
    return found;
  }

  /** A queue that goes on with what another holds, which is of no use after that. */
  static after(other: EventQueue): EventQueue {
    const queue = new EventQueue();
    queue.takeOver(other);
    return queue;
  }

  /** Goes on with what another queue holds, by reference. */
  protected takeOver(from: EventQueue): void {
    const { size, time, kind, a, b, record, events, tails, words, groups, root, top, free, low, high, base, records } = from;
    Object.assign(this, { size, time, kind, a, b, record, events, tails, words, groups, root, top, free, low, high, base, records });
  }

  save(): EventQueueState {
    return {
      events: this.events.slice(SLOTS, this.top),
      free: this.free,
      size: this.size,
      cursor: this.high * TWO_32 + (this.low >>> 0),
      slots: Int32Array.from(this.busySlots().flatMap((slot) => [slot, this.events[slot]!, this.tails[slot]!])),
      records: Array.from(this.records),
    };
  }

  restore(state: EventQueueState): void {
    this.top = SLOTS + state.events.length;
    if (this.top > this.events.length) this.events = new Int32Array(this.top);
    else this.events.fill(0);
    this.events.set(state.events, SLOTS);
    this.free = state.free;
    this.size = state.size;
    this.time = state.cursor;
    this.moveCursor(state.cursor | 0, Math.floor(state.cursor / TWO_32));
    this.words.fill(0);
    this.groups.fill(0);
    this.root = 0;
    for (let slot = 0; slot < SLOTS; slot++) this.tails[slot] = slot;
    for (let i = 0; i < state.slots.length; i += 3) {
      const slot = state.slots[i]!;
      this.events[slot] = state.slots[i + 1]!;
      this.tails[slot] = state.slots[i + 2]!;
      this.mark(slot);
    }
    this.record = undefined;
    this.records.clear();
    for (const [at, record] of state.records) this.records.set(at, record);
  }

  private takeRecord(at: number): void {
    this.record = this.records.get(at);
    this.records.delete(at);
  }

  /** Where the event of that id is, 0 if it is no longer pending. */
  private placeOf(id: number): number {
    const at = (id % PLACES) * STRIDE;
    if (at <= NOBODY || at >= this.top) return 0;
    const use = this.events[at + USE]!;
    return use < 0 && (use & USES) === Math.floor(id / PLACES) ? at : 0;
  }

  private timeAt(at: number): number {
    return (this.events[at + HIGH]! & HIGH_MASK) * TWO_32 + (this.events[at + LOW]! >>> 0);
  }

  private slotOf(low: number, high: number): number {
    const highDiff = high ^ this.high;
    if (highDiff === 0) {
      const diff = low ^ this.low;
      if (diff >>> 14 === 0) return low & (TICKS - 1);
      if (diff >>> 24 === 0) return 16384 + ((low >>> 14) & 1023);
      return 17408 + (low >>> 24);
    }
    return highDiff >>> 10 === 0 ? 18432 + (high & 1023) : 19456 + (high >>> 10);
  }

  protected append(slot: number, at: number): void {
    const { events, tails } = this;
    const tail = tails[slot]!;
    events[tail] = at;
    events[at] = 0;
    events[at + PREV] = tail;
    tails[slot] = at;
    this.mark(slot);
  }

  /** Takes an event out of the middle of its list. */
  protected unlink(slot: number, at: number): void {
    const { events } = this;
    const next = events[at]!;
    const prev = events[at + PREV]!;
    events[prev] = next;
    if (next !== 0) events[next + PREV] = prev;
    else this.tails[slot] = prev;
    if (events[slot] === 0) this.empty(slot);
  }

  /** Whether the slot was busy before is a toss-up, so the bits are set without asking. Shifts count modulo 32. */
  private mark(slot: number): void {
    this.words[slot >> 5]! |= 1 << slot;
    this.groups[slot >> 10]! |= 1 << (slot >> 5);
    this.root |= 1 << (slot >> 10);
  }

  protected empty(slot: number): void {
    this.tails[slot] = slot;
    if ((this.words[slot >> 5]! &= ~(1 << slot)) !== 0) return;
    if ((this.groups[slot >> 10]! &= ~(1 << (slot >> 5))) === 0) this.root &= ~(1 << (slot >> 10));
  }

  private firstSlot(): number {
    const group = lowestBit(this.root);
    const word = (group << 5) + lowestBit(this.groups[group]!);
    return (word << 5) + lowestBit(this.words[word]!);
  }

  private busySlots(): number[] {
    const slots: number[] = [];
    for (let word = 0; word < this.words.length; word++) {
      for (let bits = this.words[word]!; bits !== 0; bits &= bits - 1) slots.push((word << 5) + lowestBit(bits));
    }
    return slots;
  }

  private moveCursor(low: number, high: number): void {
    this.low = low;
    this.high = high;
    this.base = high * TWO_32 + ((low & -TICKS) >>> 0);
  }

  /** Moves the cursor until the earliest event is at level 0; false if that event is later than the limit. */
  private approach(limit: number): boolean {
    while (this.root !== 0) {
      const slot = this.firstSlot();
      if (slot < TICKS) return true;
      const at = this.events[slot]!;
      // An event alone in its slot, all lower levels being empty, is the earliest: straight to its time.
      const time = this.tails[slot] === at ? this.timeAt(at) : startOf(slot, this.low, this.high);
      if (time > limit) return false;
      this.moveCursor(time | 0, Math.floor(time / TWO_32));
      this.spread(slot);
    }
    return false;
  }

  /** Moves the events of a slot that the cursor has entered to lower levels. */
  private spread(slot: number): void {
    const { events } = this;
    let at = events[slot]!;
    events[slot] = 0;
    this.empty(slot);
    while (at !== 0) {
      const next = events[at]!;
      this.append(this.slotOf(events[at + LOW]!, events[at + HIGH]! & HIGH_MASK), at);
      at = next;
    }
  }

  /** A place never used before; its words are 0. */
  private newPlace(): number {
    const at = this.top;
    this.top = at + STRIDE;
    if (at < this.events.length) return at;
    const { size } = this;
    if (at > PLACES * STRIDE) throw new BrokenInvariant("too many events are pending at once", { step: 0, seed: 0, detail: { size } });
    const wider = new Int32Array(this.events.length * 2);
    wider.set(this.events);
    this.events = wider;
    return at;
  }
}
