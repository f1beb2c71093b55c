// Interned payload bytes. A packet carries a handle, an offset and a length; equal bytes have one handle. The sum of the bytes' 16-bit
// words is kept with them (RFC 1071: a checksum is a sum of parts), so that a frame's checksum costs its headers alone.

import { sumOf } from "./wire/checksum.js";

/** Interned byte strings as plain data; the byte arrays are shared with the living ones, for neither side ever writes to them. */
export interface PayloadsState {
  readonly list: readonly Uint8Array[];
  readonly hashes: readonly number[];
  readonly sums: readonly number[];
  readonly slots: Int32Array;
}

const FIRST_SLOTS = 64;

/** Append-only byte strings by handle; handle 0 stands for zero bytes of any length. */
export class Payloads {
  #list: Uint8Array[] = [new Uint8Array(0)];
  #hashes: number[] = [0];
  #sums: number[] = [0];
  #slots: Int32Array = new Int32Array(FIRST_SLOTS);

  /** One more than the highest handle. */
  get top(): number {
    return this.#list.length;
  }

  /** The handle of these bytes, which are copied; 0 for none. */
  put(bytes: Uint8Array): number {
    return this.putRange(bytes, 0, bytes.length);
  }

  /** `put` of `bytes[from..to)`. */
  putRange(bytes: Uint8Array, from: number, to: number): number {
    if (to <= from) return 0;
    const hash = hashOf(bytes, from, to);
    let slot = hash & (this.#slots.length - 1);
    for (let handle = this.#slots[slot]!; handle !== 0; handle = this.#slots[slot]!) {
      if (this.#hashes[handle] === hash && sameBytes(this.#list[handle]!, bytes, from, to)) return handle;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    // Not slice: that of a Node Buffer shares its memory.
    return this.#append(new Uint8Array(bytes.subarray(from, to)), hash);
  }

  /** The handle of a text in UTF-8. */
  putText(text: string): number {
    return this.put(new TextEncoder().encode(text));
  }

  /** The bytes behind a handle, not to be written to. */
  bytes(handle: number): Uint8Array {
    return this.#list[handle] ?? this.#list[0]!;
  }

  /** The folded 16-bit sum of `length` bytes from `offset`, as if they began at an even place; bytes beyond the end count as zero. */
  sum(handle: number, offset: number, length: number): number {
    if (handle === 0) return 0;
    const bytes = this.#list[handle]!;
    if (offset === 0 && length === bytes.length) return this.#sums[handle]!;
    return sumOf(bytes, offset, offset + length);
  }

  /** What it holds, as plain data. */
  save(): PayloadsState {
    return { list: this.#list.slice(), hashes: this.#hashes.slice(), sums: this.#sums.slice(), slots: this.#slots.slice() };
  }

  /** Takes over a copy of `state`; the state stays usable. */
  restore(state: PayloadsState): void {
    this.#list = state.list.slice();
    this.#hashes = state.hashes.slice();
    this.#sums = state.sums.slice();
    this.#slots = state.slots.slice();
  }

  #append(bytes: Uint8Array, hash: number): number {
    const handle = this.#list.length;
    this.#list.push(bytes);
    this.#hashes.push(hash);
    this.#sums.push(sumOf(bytes, 0, bytes.length));
    if (handle * 2 >= this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2);
      for (let h = 1; h < handle; h++) this.#place(h);
    }
    this.#place(handle);
    return handle;
  }

  #place(handle: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[handle]! & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = handle;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash ^= hash >>> 15;
  return hash;
}

function sameBytes(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}
