/**
 * Longest-prefix match for IPv4, in typed arrays, with three shapes by size: a namespace has a handful of routes and there are
 * thousands of namespaces, a router has a million.
 *
 *   up to 16 prefixes   the list itself, longest first, scanned
 *   up to 8,192         multibit trie of four levels of 8 bits
 *   beyond              the same with a first level of 16 bits
 *
 * An entry of the trie is a value (0: no match) or, negative, the bitwise complement of where a block of 256 entries begins.
 * Values are pushed to the leaves, so that a lookup is at most three loads; `depths` keeps, off that path, how long the prefix
 * of each entry is (plus 1), which is all that changing it needs. Read first: Srinivasan and Varghese, "Faster IP lookups using
 * controlled prefix expansion" (1998).
 */
import { mask32 } from "./cidr.js";
import { mix32 } from "./hash.js";

const SCANNED = 16;
const WIDE = 8192;
const BLOCK = 256;

export class Lpm4 {
  /** Prefixes in the table. */
  count = 0;
  // The prefixes themselves, dense; in scanned shape longest first, else in no order.
  private words = new Int32Array(4);
  private lengths = new Uint8Array(4);
  private values = new Int32Array(4);
  /** Open-addressed places of prefixes (row + 1) beyond the scanned shape. */
  private index = new Int32Array(0);
  private table = new Int32Array(0);
  private depths = new Uint8Array(0);
  private used = 0;
  private firstShift = 24;

  /** Sets the value (a positive int32) of a prefix; host bits are ignored. */
  insert(word: number, prefix: number, value: number): void {
    const network = word & mask32(prefix);
    const row = this.find(network, prefix);
    if (row >= 0) this.values[row] = value;
    else this.add(network, prefix, value);
    if (this.used !== 0) this.fill(network, prefix, value, prefix + 1, prefix + 1);
  }

  /** False if that prefix is not in the table. */
  remove(word: number, prefix: number): boolean {
    const network = word & mask32(prefix);
    const row = this.find(network, prefix);
    if (row < 0) return false;
    this.drop(row);
    if (this.used === 0) return true;
    if (this.count <= SCANNED / 2) {
      this.rebuild();
      return true;
    }
    let length = prefix - 1;
    let outer = -1;
    for (; length >= 0 && outer < 0; length--) outer = this.find(network & mask32(length), length);
    // Only this prefix has that length over these entries, so its length names its entries.
    this.fill(network, prefix, outer < 0 ? 0 : this.values[outer]!, outer < 0 ? 0 : this.lengths[outer]! + 1, prefix + 1, true);
    return true;
  }

  /** Value of the longest prefix that holds the address, 0 if none does. */
  lookup(word: number): number {
    const { table } = this;
    if (table.length === 0) return this.scan(word);
    let shift = this.firstShift;
    let entry = table[word >>> shift]!;
    while (entry < 0) {
      shift -= 8;
      entry = table[~entry + ((word >>> shift) & 255)]!;
    }
    return entry;
  }

  /** Value of exactly that prefix, 0 if it is not in the table. */
  get(word: number, prefix: number): number {
    const row = this.find(word & mask32(prefix), prefix);
    return row < 0 ? 0 : this.values[row]!;
  }

  /** Bytes held in arrays. */
  get bytes(): number {
    return (this.words.length + this.values.length + this.index.length + this.table.length) * 4 + this.lengths.length + this.depths.length;
  }

  private scan(word: number): number {
    const { words, lengths, count } = this;
    for (let i = 0; i < count; i++) {
      const length = lengths[i]!;
      if (length === 0 || (word ^ words[i]!) >>> (32 - length) === 0) return this.values[i]!;
    }
    return 0;
  }

  private find(network: number, prefix: number): number {
    const { words, lengths, index } = this;
    if (index.length === 0) {
      for (let i = 0; i < this.count; i++) if (words[i] === network && lengths[i] === prefix) return i;
      return -1;
    }
    const mask = index.length - 1;
    for (let slot = mix32(network, prefix) & mask; ; slot = (slot + 1) & mask) {
      const row = index[slot]! - 1;
      if (row < 0 || (words[row] === network && lengths[row] === prefix)) return row;
    }
  }

  private add(network: number, prefix: number, value: number): void {
    if (this.count === this.words.length) this.widen(this.count * 2);
    let row = this.count++;
    if (this.index.length === 0) {
      for (; row > 0 && this.lengths[row - 1]! < prefix; row--) this.move(row - 1, row);
    }
    this.words[row] = network;
    this.lengths[row] = prefix;
    this.values[row] = value;
    const grown = this.used === 0 ? this.count > SCANNED : this.firstShift === 24 && this.count > WIDE;
    if (grown) this.rebuild();
    else if (this.index.length !== 0) {
      if (this.count * 2 > this.index.length) this.reindex();
      else this.enter(row);
    }
  }

  private drop(row: number): void {
    if (this.index.length === 0) {
      for (let i = row + 1; i < this.count; i++) this.move(i, i - 1);
      this.count--;
      return;
    }
    const last = this.count - 1;
    this.leave(row);
    if (row !== last) {
      this.leave(last);
      this.move(last, row);
      this.enter(row);
    }
    this.count--;
  }

  private move(from: number, to: number): void {
    this.words[to] = this.words[from]!;
    this.lengths[to] = this.lengths[from]!;
    this.values[to] = this.values[from]!;
  }

  private enter(row: number): void {
    const mask = this.index.length - 1;
    let slot = mix32(this.words[row]!, this.lengths[row]!) & mask;
    while (this.index[slot] !== 0) slot = (slot + 1) & mask;
    this.index[slot] = row + 1;
  }

  /** Takes a row out of the index, closing the gap in its run of slots. */
  private leave(row: number): void {
    const { index } = this;
    const mask = index.length - 1;
    let hole = mix32(this.words[row]!, this.lengths[row]!) & mask;
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
      const other = index[slot]! - 1;
      const home = mix32(this.words[other]!, this.lengths[other]!) & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        index[hole] = index[slot]!;
        hole = slot;
      }
    }
    index[hole] = 0;
  }

  private reindex(): void {
    let size = 64;
    while (size < this.count * 4) size *= 2;
    this.index = new Int32Array(size);
    for (let row = 0; row < this.count; row++) this.enter(row);
  }

  private widen(rows: number): void {
    this.words = widened(this.words, new Int32Array(rows));
    this.lengths = widened(this.lengths, new Uint8Array(rows));
    this.values = widened(this.values, new Int32Array(rows));
  }

  /** Takes on the shape that fits the number of prefixes. */
  private rebuild(): void {
    this.used = 0;
    if (this.count <= SCANNED) {
      this.table = new Int32Array(0);
      this.depths = new Uint8Array(0);
      this.index = new Int32Array(0);
      const rows = Array.from({ length: this.count }, (_, i) => ({ word: this.words[i]!, length: this.lengths[i]!, value: this.values[i]! }));
      this.count = 0;
      for (const { word, length, value } of rows) this.add(word, length, value);
      return;
    }
    this.firstShift = this.count > WIDE ? 16 : 24;
    this.used = 2 ** (32 - this.firstShift);
    this.table = new Int32Array(this.used + BLOCK * 4);
    this.depths = new Uint8Array(this.table.length);
    this.reindex();
    for (let row = 0; row < this.count; row++) {
      const length = this.lengths[row]!;
      this.fill(this.words[row]!, length, this.values[row]!, length + 1, length + 1);
    }
  }

  /**
   * Writes a value over the entries of a prefix whose depth is at most `replaces`, or only over those where it is exactly that
   * (`exact`, for taking a prefix out).
   */
  private fill(network: number, prefix: number, value: number, depth: number, replaces: number, exact = false): void {
    let base = 0;
    let shift = this.firstShift;
    let mask = -1;
    while (32 - shift < prefix) {
      const at = base + ((network >>> shift) & mask);
      base = this.table[at]! < 0 ? ~this.table[at]! : this.split(at);
      shift -= 8;
      mask = BLOCK - 1;
    }
    const from = base + ((network >>> shift) & mask);
    this.fillRange(from, 2 ** (32 - shift - prefix), value, depth, replaces, exact);
  }

  private fillRange(from: number, length: number, value: number, depth: number, replaces: number, exact: boolean): void {
    const { table, depths } = this;
    for (let at = from; at < from + length; at++) {
      const entry = table[at]!;
      if (entry < 0) this.fillRange(~entry, BLOCK, value, depth, replaces, exact);
      else if (exact ? depths[at] === replaces : depths[at]! <= replaces) {
        table[at] = value;
        depths[at] = depth;
      }
    }
  }

  /** Puts a block of its own under an entry; returns where the block begins. */
  private split(at: number): number {
    const base = this.used;
    if (base + BLOCK > this.table.length) {
      const wider = base + Math.max(BLOCK * 4, (base >>> 2) & -BLOCK);
      this.table = widened(this.table, new Int32Array(wider));
      this.depths = widened(this.depths, new Uint8Array(wider));
    }
    this.used = base + BLOCK;
    this.table.fill(this.table[at]!, base, base + BLOCK);
    this.depths.fill(this.depths[at]!, base, base + BLOCK);
    this.table[at] = ~base;
    return base;
  }
}

function widened<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
