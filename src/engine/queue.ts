/**
 * The pending events, in exact (time, first pushed) order, on a hierarchical timing wheel over integer nanoseconds.
 * Read first: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7.
 *
 * The 53 bits of a time are cut into five digits. An event lies at the level of the highest digit in which its time differs
 * from the cursor's, in the slot of that digit. Two things follow:
 *
 *   bits   52 ........ 42 | 41 ....... 32 | 31 ...... 22 | 21 ...... 12 | 11 ........ 0
 *   level  4, 2048 slots  | 3, 1024 slots | 2, 1024      | 1, 1024      | 0, 4096 slots of one tick each
 *   slot   7168 ..        | 6144 ..       | 5120 ..      | 4096 ..      | 0 ..
 *
 * - Everything at a lower level is earlier than everything at a higher one, so the earliest event is in the lowest busy
 *   slot of all 9216. A three-step bitmap (9 groups, 32 words each, 32 bits each) finds it, however far away it is.
 * - A slot is spread over the lower levels at the moment the cursor enters its range, in list order. Before that nothing
 *   can have been pushed below it for the same time, so plain lists keep the order of pushing among equal times.
 *
 * The cursor never passes the limit given to `pop`, so whatever may still be scheduled lies at or after it.
 */
import { BrokenInvariant } from "../base/problem.js";

const TICKS = 4096;
const SLOTS = 9216;
/** int32 words of an event: its list neighbours, its time in two words, what it is. Interleaved: an event is half a cache line. */
const STRIDE = 8;
const NEXT = 0;
const PREV = 1;
const LOW = 2;
const HIGH = 3;
const KIND = 4;
const A = 5;
const B = 6;
/** How often the row was used (29 bits), the sign bit set while it is pending, RECORD while a record belongs to it. */
const USE = 7;
const PENDING = -0x80000000;
const RECORD = 0x40000000;
const USES = 0x1fffffff;
const ROWS = 0x1000000;
const TWO_32 = 4294967296;

export type EventRecord = Readonly<Record<string, unknown>>;

/** What a queue holds, as plain data; its size goes with the most events ever pending at once, not with the wheel. */
export interface EventQueueState {
  readonly events: Int32Array;
  readonly top: number;
  readonly free: number;
  readonly size: number;
  readonly cursor: number;
  /** Busy slots: slot, first row, last row, one after the other. */
  readonly slots: Int32Array;
  readonly records: readonly (readonly [row: number, record: EventRecord])[];
}

export class EventQueue {
  /** Pending events. */
  size = 0;
  /** Time of the event that `pop` returned last. */
  time = 0;
  private events = new Int32Array(STRIDE * 16);
  private top = 1;
  private free = 0;
  private readonly heads: Int32Array = new Int32Array(SLOTS);
  private readonly tails: Int32Array = new Int32Array(SLOTS);
  private readonly words: Int32Array = new Int32Array(SLOTS >> 5);
  private readonly groups: Int32Array = new Int32Array(SLOTS >> 10);
  private root = 0;
  /** The cursor as two words, and the time of slot 0 of level 0. */
  private low = 0;
  private high = 0;
  private base = 0;
  private readonly records = new Map<number, EventRecord>();

  /** Row of the new event. `time` is an integer, not before the last popped event nor before any limit `pop` was given. */
  push(time: number, kind: number, a: number, b: number): number {
    let row = this.free;
    if (row !== 0) {
      this.free = this.events[row * STRIDE]!;
    } else {
      row = this.top++;
      if (row * STRIDE === this.events.length) this.grow();
    }
    const { events } = this;
    const at = row * STRIDE;
    const low = time | 0;
    const high = (time * (1 / TWO_32)) | 0;
    events[at + LOW] = low;
    events[at + HIGH] = high;
    events[at + KIND] = kind;
    events[at + A] = a;
    events[at + B] = b;
    events[at + USE] = ((events[at + USE]! + 1) & USES) | PENDING;
    this.size++;
    this.append(this.slotOf(low, high), row);
    return row;
  }

  /** A push with a record that `recordOf` gives back; the caller has frozen it. */
  pushWith(time: number, kind: number, a: number, b: number, record: EventRecord): number {
    const row = this.push(time, kind, a, b);
    this.events[row * STRIDE + USE]! |= RECORD;
    this.records.set(row, record);
    return row;
  }

  /**
   * Takes out the earliest event if it is not later than `limit`, sets `time`, and returns its row, or 0. The row is to be
   * read with `kindOf` and its like and then given back with `release`.
   */
  pop(limit: number): number {
    const { heads, events } = this;
    while (this.root !== 0) {
      const slot = this.firstSlot();
      const row = heads[slot]!;
      const at = row * STRIDE;
      if (slot < TICKS) {
        const time = this.base + slot;
        if (time > limit) return 0;
        const next = events[at]!;
        heads[slot] = next;
        if (next === 0) this.empty(slot);
        this.low = (this.low & -TICKS) | slot;
        this.size--;
        this.time = time;
        return row;
      }
      if (this.tails[slot] === row) {
        // Alone in its slot, and all lower levels are empty: it is the earliest, whatever its time within the slot.
        const time = events[at + HIGH]! * TWO_32 + (events[at + LOW]! >>> 0);
        if (time > limit) return 0;
        heads[slot] = 0;
        this.empty(slot);
        this.moveCursor(events[at + LOW]!, events[at + HIGH]!);
        this.size--;
        this.time = time;
        return row;
      }
      if (!this.spread(slot, limit)) return 0;
    }
    return 0;
  }

  kindOf(row: number): number {
    return this.events[row * STRIDE + KIND]!;
  }

  aOf(row: number): number {
    return this.events[row * STRIDE + A]!;
  }

  bOf(row: number): number {
    return this.events[row * STRIDE + B]!;
  }

  recordOf(row: number): EventRecord | undefined {
    return (this.events[row * STRIDE + USE]! & RECORD) === 0 ? undefined : this.records.get(row);
  }

  /** Gives a popped row back. */
  release(row: number): void {
    const { events } = this;
    const at = row * STRIDE;
    const use = events[at + USE]!;
    if ((use & RECORD) !== 0) this.records.delete(row);
    events[at + USE] = use & USES;
    events[at] = this.free;
    this.free = row;
  }

  /** A positive integer below 2^53 that names this use of the row, for `cancel`. */
  idOf(row: number): number {
    return (this.events[row * STRIDE + USE]! & USES) * ROWS + row;
  }

  /** Takes an event out before its time; false if it is no longer pending. */
  cancel(id: number): boolean {
    const row = this.rowOf(id);
    if (row === 0) return false;
    const { events, heads, tails } = this;
    const at = row * STRIDE;
    const slot = this.slotOf(events[at + LOW]!, events[at + HIGH]!);
    const next = events[at]!;
    const first = heads[slot] === row;
    // A popped head leaves its successor's PREV stale, so PREV of a head is never read.
    const prev = first ? 0 : events[at + PREV]!;
    if (first) heads[slot] = next;
    else events[prev * STRIDE] = next;
    if (next !== 0) events[next * STRIDE + PREV] = prev;
    else if (first) this.empty(slot);
    else tails[slot] = prev;
    this.size--;
    this.release(row);
    return true;
  }

  isPending(id: number): boolean {
    return this.rowOf(id) !== 0;
  }

  /** Time of a pending event, Infinity if it is no longer pending. */
  timeOfId(id: number): number {
    const row = this.rowOf(id);
    return row === 0 ? Infinity : this.timeOf(row);
  }

  /** Time of the earliest event, Infinity if there is none. Reads one list if that event is far away. */
  peekTime(): number {
    if (this.root === 0) return Infinity;
    const slot = this.firstSlot();
    if (slot < TICKS) return this.base + slot;
    let earliest = Infinity;
    for (let row = this.heads[slot]!; row !== 0; row = this.events[row * STRIDE]!) earliest = Math.min(earliest, this.timeOf(row));
    return earliest;
  }

  timeOf(row: number): number {
    return this.events[row * STRIDE + HIGH]! * TWO_32 + (this.events[row * STRIDE + LOW]! >>> 0);
  }

  /** Rows of all pending events in the order in which they will run. */
  pending(): number[] {
    const rows: number[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const from = rows.length;
      for (let row = this.heads[slot]!; row !== 0; row = this.events[row * STRIDE]!) rows.push(row);
      if (slot >= TICKS && rows.length > from + 1) {
        rows.push(...rows.splice(from).sort((x, y) => this.timeOf(x) - this.timeOf(y)));
      }
    }
    return rows;
  }

  save(): EventQueueState {
    const slots: number[] = [];
    for (let word = 0; word < this.words.length; word++) {
      for (let bits = this.words[word]!; bits !== 0; bits &= bits - 1) {
        const slot = (word << 5) + lowestBit(bits);
        slots.push(slot, this.heads[slot]!, this.tails[slot]!);
      }
    }
    return {
      events: this.events.slice(0, this.top * STRIDE),
      top: this.top,
      free: this.free,
      size: this.size,
      cursor: this.high * TWO_32 + (this.low >>> 0),
      slots: Int32Array.from(slots),
      records: Array.from(this.records),
    };
  }

  restore(state: EventQueueState): void {
    if (state.events.length > this.events.length) this.events = new Int32Array(state.events.length);
    this.events.set(state.events);
    this.events.fill(0, state.events.length);
    this.top = state.top;
    this.free = state.free;
    this.size = state.size;
    this.moveCursor(state.cursor | 0, Math.floor(state.cursor / TWO_32));
    this.time = state.cursor;
    for (const column of [this.heads, this.tails, this.words, this.groups]) column.fill(0);
    this.root = 0;
    for (let i = 0; i < state.slots.length; i += 3) {
      const slot = state.slots[i]!;
      this.heads[slot] = state.slots[i + 1]!;
      this.tails[slot] = state.slots[i + 2]!;
      this.mark(slot);
    }
    this.records.clear();
    for (const [row, record] of state.records) this.records.set(row, record);
  }

  private rowOf(id: number): number {
    const row = id % ROWS;
    if (row === 0 || row >= this.top) return 0;
    const use = this.events[row * STRIDE + USE]!;
    return use < 0 && (use & USES) === Math.floor(id / ROWS) ? row : 0;
  }

  private slotOf(low: number, high: number): number {
    const highDiff = high ^ this.high;
    if (highDiff === 0) {
      const diff = low ^ this.low;
      if (diff >>> 12 === 0) return low & (TICKS - 1);
      if (diff >>> 22 === 0) return 4096 + ((low >>> 12) & 1023);
      return 5120 + (low >>> 22);
    }
    return highDiff >>> 10 === 0 ? 6144 + (high & 1023) : 7168 + (high >>> 10);
  }

  private append(slot: number, row: number): void {
    const { events, tails } = this;
    const tail = tails[slot]!;
    const at = row * STRIDE;
    events[at] = 0;
    events[at + PREV] = tail;
    tails[slot] = row;
    if (tail !== 0) {
      events[tail * STRIDE] = row;
    } else {
      this.heads[slot] = row;
      this.mark(slot);
    }
  }

  private mark(slot: number): void {
    this.words[slot >> 5]! |= 1 << (slot & 31);
    this.groups[slot >> 10]! |= 1 << ((slot >> 5) & 31);
    this.root |= 1 << (slot >> 10);
  }

  private empty(slot: number): void {
    this.tails[slot] = 0;
    const word = this.words[slot >> 5]! & ~(1 << (slot & 31));
    this.words[slot >> 5] = word;
    if (word !== 0) return;
    const group = this.groups[slot >> 10]! & ~(1 << ((slot >> 5) & 31));
    this.groups[slot >> 10] = group;
    if (group === 0) this.root &= ~(1 << (slot >> 10));
  }

  private firstSlot(): number {
    const group = lowestBit(this.root);
    const word = (group << 5) + lowestBit(this.groups[group]!);
    return (word << 5) + lowestBit(this.words[word]!);
  }

  private moveCursor(low: number, high: number): void {
    this.low = low;
    this.high = high;
    this.base = high * TWO_32 + ((low & -TICKS) >>> 0);
  }

  /** Moves the cursor to the start of a slot above level 0 and its events to lower levels; false if that is past the limit. */
  private spread(slot: number, limit: number): boolean {
    let low = 0;
    let high = this.high;
    if (slot < 5120) low = (this.low & -0x400000) | ((slot - 4096) << 12);
    else if (slot < 6144) low = (slot - 5120) << 22;
    else if (slot < 7168) high = (high & -1024) | (slot - 6144);
    else high = (slot - 7168) << 10;
    if (high * TWO_32 + (low >>> 0) > limit) return false;
    this.moveCursor(low, high);
    const { events } = this;
    let row = this.heads[slot]!;
    this.heads[slot] = 0;
    this.empty(slot);
    while (row !== 0) {
      const at = row * STRIDE;
      const next = events[at]!;
      this.append(this.slotOf(events[at + LOW]!, events[at + HIGH]!), row);
      row = next;
    }
    return true;
  }

  private grow(): void {
    if (this.top >= ROWS) throw new BrokenInvariant("more than 16 million events are pending", { step: 0, seed: 0, detail: { pending: this.size } });
    const wider = new Int32Array(this.events.length * 2);
    wider.set(this.events);
    this.events = wider;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
