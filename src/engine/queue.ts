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
 * Slots and events share one array, and links are offsets into it: the first 43008 words are the slots, each the offsets of its
 * first and of its last event; behind them each event takes eight words, of which the first links to the next event of its list.
 * The last of an empty list is the slot itself, so that appending never asks which.
 */
import { BrokenInvariant } from "../base/problem.js";
import {
  A, B, BLOCK, emptied, type EventQueueState, type EventRecord, HIGH, HIGH_MASK, KIND_SHIFT, LAST, LOW, lowestBit, NEAR, NOBODY, PENDING, type PendingEvent, PLACES, PREV, RECORD, SLOT_WORDS, SLOTS, startOf,
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
  protected events: Int32Array = emptied(new Int32Array(NOBODY + STRIDE * (BLOCK + 1)));
  protected words: Int32Array = new Int32Array(SLOTS >> 5);
  protected groups: Int32Array = new Int32Array(SLOTS >> 10);
  protected root = 0;
  protected top: number = NOBODY + STRIDE;
  protected free = 0;
  /** The cursor, behind a pop the time of its event, as two words; and the time of slot 0 of level 0. */
  low = 0;
  high = 0;
  protected base = 0;
  protected records: Map<number, EventRecord> = new Map<number, EventRecord>();

  /**
   * Adds an event; `time` is an integer, not before the last popped event nor before any limit `pop` was given. Returns an id
   * for `cancel`: a positive integer below 2^53.
   */
  push(time: number, kind: number, a: number, b: number): number {
    if (this.free === 0) this.makePlaces();
    const at = this.free;
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
    // A product of doubles from the first on: of integers it would grow out of them while it runs, and all of this be compiled again.
    return use * 0.5 * (PLACES * 2) + (at >> 3);
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
    const head = slot * SLOT_WORDS;
    const at = events[head]!;
    const next = events[at]!;
    events[head] = next;
    // The store also fetches the line that the next pop will want.
    if (next !== 0) events[next + PREV] = head;
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
    for (let at = this.events[slot * SLOT_WORDS]!; at !== 0; at = this.events[at]!) earliest = Math.min(earliest, this.timeAt(at));
    return earliest;
  }

  /** All pending events in the order in which they will run. */
  pending(): PendingEvent[] {
    const { events } = this;
    const found: PendingEvent[] = [];
    for (const slot of this.busySlots()) {
      const from = found.length;
      for (let at = events[slot * SLOT_WORDS]!; at !== 0; at = events[at]!) {
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
    const { size, time, kind, a, b, record, events, words, groups, root, top, free, low, high, base, records } = from;
    Object.assign(this, { size, time, kind, a, b, record, events, words, groups, root, top, free, low, high, base, records });
  }

  save(): EventQueueState {
    return {
      events: this.events.slice(NOBODY, this.top),
      free: this.free,
      size: this.size,
      cursor: this.high * TWO_32 + (this.low >>> 0),
      slots: Int32Array.from(this.busySlots().flatMap((slot) => [slot, this.events[slot * SLOT_WORDS]!, this.events[slot * SLOT_WORDS + LAST]!])),
      records: Array.from(this.records),
    };
  }

  restore(state: EventQueueState): void {
    this.top = NOBODY + state.events.length;
    if (this.top > this.events.length) this.events = new Int32Array(this.top);
    emptied(this.events).set(state.events, NOBODY);
    this.free = state.free;
    this.size = state.size;
    this.time = state.cursor;
    this.moveCursor(state.cursor | 0, Math.floor(state.cursor / TWO_32));
    this.words.fill(0);
    this.groups.fill(0);
    this.root = 0;
    for (let i = 0; i < state.slots.length; i += 3) {
      const slot = state.slots[i]!;
      this.events[slot * SLOT_WORDS] = state.slots[i + 1]!;
      this.events[slot * SLOT_WORDS + LAST] = state.slots[i + 2]!;
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
    const { events } = this;
    const last = slot * SLOT_WORDS + LAST;
    const tail = events[last]!;
    events[tail] = at;
    events[at] = 0;
    events[at + PREV] = tail;
    events[last] = at;
    this.mark(slot);
  }

  /** Takes an event out of the middle of its list. */
  protected unlink(slot: number, at: number): void {
    const { events } = this;
    const next = events[at]!;
    const prev = events[at + PREV]!;
    events[prev] = next;
    if (next !== 0) events[next + PREV] = prev;
    else events[slot * SLOT_WORDS + LAST] = prev;
    if (events[slot * SLOT_WORDS] === 0) this.empty(slot);
  }

  /** Whether the slot was busy before is a toss-up, so its bit is set without asking; of its 32 one nearly always is. Shifts count modulo 32. */
  private mark(slot: number): void {
    const { words } = this;
    const bits = words[slot >> 5]!;
    words[slot >> 5] = bits | (1 << slot);
    if (bits !== 0) return;
    this.groups[slot >> 10]! |= 1 << (slot >> 5);
    this.root |= 1 << (slot >> 10);
  }

  protected empty(slot: number): void {
    this.events[slot * SLOT_WORDS + LAST] = slot * SLOT_WORDS;
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
      const at = this.events[slot * SLOT_WORDS]!;
      // An event alone in its slot, all lower levels being empty, is the earliest: straight to its time.
      const time = this.events[slot * SLOT_WORDS + LAST] === at ? this.timeAt(at) : startOf(slot, this.low, this.high);
      if (time > limit) return false;
      this.moveCursor(time | 0, Math.floor(time / TWO_32));
      this.spread(slot);
    }
    return false;
  }

  /** Moves the events of a slot that the cursor has entered to lower levels. */
  private spread(slot: number): void {
    const { events } = this;
    let at = events[slot * SLOT_WORDS]!;
    events[slot * SLOT_WORDS] = 0;
    this.empty(slot);
    while (at !== 0) {
      const next = events[at]!;
      this.append(this.slotOf(events[at + LOW]!, events[at + HIGH]! & HIGH_MASK), at);
      at = next;
    }
  }

  /** Makes free places, many at once, the first of them the next to be used; all other words of them are 0. */
  private makePlaces(): void {
    const from = this.top;
    if (from > PLACES * STRIDE) throw new BrokenInvariant("too many events are pending at once", { step: 0, seed: 0, detail: { size: this.size } });
    this.top = from + STRIDE * BLOCK;
    if (this.top > this.events.length) {
      const wider = new Int32Array(Math.max(this.top, this.events.length * 2));
      wider.set(this.events);
      this.events = wider;
    }
    for (let at = this.top - STRIDE; at >= from; at -= STRIDE) {
      this.events[at] = this.free;
      this.free = at;
    }
  }
}
