// The packet pool. All 32-bit columns share one slab and all doubles another, column after column, so that making, copying and
// releasing a packet are strided stores into two arrays, and saving the pool is two slices. That is why this is not an engine/ Table.

import { BrokenInvariant } from "../base/problem.js";
import { DOUBLE_COLUMNS, INT_COLUMNS, PacketColumns } from "./columns.js";

const INTS: number = INT_COLUMNS.length;
const DOUBLES: number = DOUBLE_COLUMNS.length;
const ID: number = DOUBLE_COLUMNS.indexOf("id");
const PARENT: number = DOUBLE_COLUMNS.indexOf("parent");
const INNER: number = INT_COLUMNS.indexOf("inner");
// An odd number of cache lines (16 integers each), and 2n+16 keeps it odd: columns an even power of two apart would share cache sets.
const FIRST_CAPACITY = 80;

/** A pool as plain data. */
export interface PacketsState {
  readonly capacity: number;
  readonly top: number;
  readonly count: number;
  readonly nextId: number;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly live: Uint8Array;
  /** Free rows below `top`, the next one to be used last. */
  readonly free: Int32Array;
}

/** Pooled packets, one flat record of integers each; a packet is its row, and row 0 is none. */
export class Packets {
  /** `c.src[p]` and every other field. */
  readonly c: PacketColumns = new PacketColumns();
  /** 1 for rows in use. */
  live: Uint8Array = new Uint8Array(0);
  /** Rows in use. */
  count = 0;
  /** One more than the highest row ever used. */
  top = 1;

  #capacity = 0;
  #ints: Int32Array = new Int32Array(0);
  #doubles: Float64Array = new Float64Array(0);
  #free: Int32Array = new Int32Array(0);
  #freeCount = 0;
  #nextId = 1;

  constructor(capacity: number = FIRST_CAPACITY) {
    this.#resize(Math.max(2, capacity));
  }

  /** A zeroed packet with a new identity; it belongs to the caller until released or handed on. */
  alloc(): number {
    const p = this.#take();
    const capacity = this.#capacity;
    const ints = this.#ints;
    for (let k = 0, at = p; k < INTS; k++, at += capacity) ints[at] = 0;
    const doubles = this.#doubles;
    for (let k = 0, at = p; k < DOUBLES; k++, at += capacity) doubles[at] = 0;
    doubles[ID * capacity + p] = this.#nextId++;
    return p;
  }

  /** Gives the row back, and the rows of the packets inside it. */
  release(p: number): void {
    let row = p;
    while (row !== 0) {
      if (this.live[row] !== 1) throw brokenPool("a packet was released twice or never made", row);
      const next = this.#ints[INNER * this.#capacity + row]!;
      this.live[row] = 0;
      this.#free[this.#freeCount++] = row;
      this.count--;
      row = next;
    }
  }

  /** The same packet again, identity and inner packets included: what a held or recorded packet is. */
  copy(p: number): number {
    return this.#copyRow(this, p);
  }

  /** `copy` of a packet of another pool. */
  copyFrom(pool: Packets, p: number): number {
    return this.#copyRow(pool, p);
  }

  /** A packet of its own with the same fields, as a flooding bridge makes: new identities, and `parent` names the original's. */
  clone(p: number): number {
    const q = this.#copyRow(this, p);
    const capacity = this.#capacity;
    for (let row = q; row !== 0; row = this.#ints[INNER * capacity + row]!) {
      this.#doubles[PARENT * capacity + row] = this.#doubles[ID * capacity + row]!;
      this.#doubles[ID * capacity + row] = this.#nextId++;
    }
    return q;
  }

  /** What it holds, as plain data. */
  save(): PacketsState {
    return {
      capacity: this.#capacity,
      top: this.top,
      count: this.count,
      nextId: this.#nextId,
      ints: this.#ints.slice(),
      doubles: this.#doubles.slice(),
      live: this.live.slice(),
      free: this.#free.slice(0, this.#freeCount),
    };
  }

  /** Takes over a copy of `state`; the state stays usable. */
  restore(state: PacketsState): void {
    this.#capacity = state.capacity;
    this.#ints = state.ints.slice();
    this.#doubles = state.doubles.slice();
    this.live = state.live.slice();
    this.#free = new Int32Array(state.capacity);
    this.#free.set(state.free);
    this.#freeCount = state.free.length;
    this.top = state.top;
    this.count = state.count;
    this.#nextId = state.nextId;
    this.#showColumns();
  }

  #take(): number {
    let p: number;
    if (this.#freeCount > 0) p = this.#free[--this.#freeCount]!;
    else {
      if (this.top === this.#capacity) this.#resize(this.#capacity * 2 + 16);
      p = this.top++;
    }
    this.live[p] = 1;
    this.count++;
    return p;
  }

  #copyRow(from: Packets, p: number): number {
    if (from.live[p] !== 1) throw brokenPool("a packet was copied that is not in use", p);
    const q = this.#take();
    const here = this.#capacity;
    const there = from.#capacity;
    const ints = this.#ints;
    const fromInts = from.#ints;
    for (let k = 0, at = q, source = p; k < INTS; k++, at += here, source += there) ints[at] = fromInts[source]!;
    const doubles = this.#doubles;
    const fromDoubles = from.#doubles;
    for (let k = 0, at = q, source = p; k < DOUBLES; k++, at += here, source += there) doubles[at] = fromDoubles[source]!;
    const inner = ints[INNER * here + q]!;
    if (inner !== 0) {
      const copied = this.#copyRow(from, inner);
      this.#ints[INNER * this.#capacity + q] = copied;
    }
    return q;
  }

  #resize(capacity: number): void {
    const ints = new Int32Array(capacity * INTS);
    const doubles = new Float64Array(capacity * DOUBLES);
    const old = this.#capacity;
    for (let k = 0; k < INTS; k++) ints.set(this.#ints.subarray(k * old, k * old + this.top), k * capacity);
    for (let k = 0; k < DOUBLES; k++) doubles.set(this.#doubles.subarray(k * old, k * old + this.top), k * capacity);
    const live = new Uint8Array(capacity);
    live.set(this.live);
    const free = new Int32Array(capacity);
    free.set(this.#free);
    this.#capacity = capacity;
    this.#ints = ints;
    this.#doubles = doubles;
    this.live = live;
    this.#free = free;
    this.#showColumns();
  }

  #showColumns(): void {
    const capacity = this.#capacity;
    INT_COLUMNS.forEach((name, k) => {
      this.c[name] = this.#ints.subarray(k * capacity, (k + 1) * capacity);
    });
    DOUBLE_COLUMNS.forEach((name, k) => {
      this.c[name] = this.#doubles.subarray(k * capacity, (k + 1) * capacity);
    });
  }
}

function brokenPool(message: string, row: number): BrokenInvariant {
  return new BrokenInvariant(message, { step: 0, seed: 0, detail: { packet: row } });
}
