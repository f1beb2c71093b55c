/**
 * Longest-prefix match for IPv6, in typed arrays: a trie compressed both ways. Blocks skip the bits in which all prefixes below
 * them agree, and a rebuild makes them as wide as they are full. Read first: Nilsson and Karlsson, "IP-address lookup using
 * LC-tries" (1999).
 *
 * An entry of a block is a prefix (its row, 0: none) or, negative, the complement of where a child block begins. On the way down
 * only the bits at which blocks branch are read, so the row at the end is a candidate: the answer is the first of the
 * candidate and the prefixes around it (`outer`) that truly holds the address. For if a prefix holds the address and does not
 * lie around the candidate, the two differ in a bit at which some block on the way branched, and the way went by the address.
 * Therefore nested prefixes share an entry, and only branching costs blocks.
 */
import { mask32 } from "./cidr.js";
import { LENGTH, OUTER, PrefixBlocks, ROW, VALUE } from "./lpm6-blocks.js";

/** Width of blocks made by single insertions; all the bits of a block lie in one word. */
const NEW_BITS = 2;
const WIDEST = 16;
/** A rebuild widens a block while at least one in so many of its entries would have a prefix of its own. */
const SPARSEST = 16;

export class Lpm6 extends PrefixBlocks {
  /** Prefixes in the table. */
  count = 0;
  private changes = 0;
  private readonly network = new Int32Array(4);

  /** Sets the value (a positive int32) of a prefix; host bits are ignored. */
  insert(w0: number, w1: number, w2: number, w3: number, prefix: number, value: number): void {
    const around = this.around(w0, w1, w2, w3, prefix);
    if (around !== 0 && this.lengthOf(around) === prefix) {
      this.rows[around * ROW + VALUE] = value;
      return;
    }
    const row = this.newRow();
    this.rows.set(this.network, row * ROW);
    this.rows[row * ROW + LENGTH] = prefix;
    this.rows[row * ROW + VALUE] = value;
    this.rows[row * ROW + OUTER] = around;
    this.count++;
    this.place(row);
    this.changed();
  }

  /** False if that prefix is not in the table. */
  remove(w0: number, w1: number, w2: number, w3: number, prefix: number): boolean {
    const row = this.around(w0, w1, w2, w3, prefix);
    if (row === 0 || this.lengthOf(row) !== prefix) return false;
    this.displace(row);
    this.rows[row * ROW + OUTER] = this.free;
    this.free = row;
    this.count--;
    this.changed();
    return true;
  }

  /** Value of the longest prefix that holds the address at `words[at..at+3]`, 0 if none does. */
  lookup(words: Int32Array, at = 0): number {
    let row = this.candidate(words, at);
    while (row !== 0 && !this.holds(row, words, at)) row = this.outerOf(row);
    return row === 0 ? 0 : this.rows[row * ROW + VALUE]!;
  }

  /** Value of exactly that prefix, 0 if it is not in the table. */
  get(w0: number, w1: number, w2: number, w3: number, prefix: number): number {
    const row = this.around(w0, w1, w2, w3, prefix);
    return row !== 0 && this.lengthOf(row) === prefix ? this.rows[row * ROW + VALUE]! : 0;
  }

  /** The prefix itself, masked into `network`, if it is in the table, else the longest around it, 0 if there is none. */
  private around(w0: number, w1: number, w2: number, w3: number, prefix: number): number {
    const { network } = this;
    network[0] = w0 & mask32(prefix);
    network[1] = w1 & mask32(prefix - 32);
    network[2] = w2 & mask32(prefix - 64);
    network[3] = w3 & mask32(prefix - 96);
    let row = this.candidate(network, 0);
    while (row !== 0 && (this.lengthOf(row) > prefix || !this.holds(row, network, 0))) row = this.outerOf(row);
    return row;
  }

  /** Enters a row whose `outer` is known, and makes it the outer of those that it now lies around. */
  private place(row: number): void {
    const prefix = this.lengthOf(row);
    for (let at = 0; ; ) {
      const entry = this.table[at]!;
      if (entry < 0) {
        const block = ~entry;
        const depth = this.depthOf(block);
        const common = this.agreeing(this.table, this.addressOf(block), row, Math.min(depth, prefix));
        if (common < depth && common < prefix) {
          this.branchAbove(at, common);
        } else if (prefix <= depth + this.bitsOf(block)) {
          this.cover(block, row);
          return;
        } else {
          at = this.entryOf(block, this.rows, row * ROW);
        }
        continue;
      }
      const length = this.lengthOf(entry);
      const common = entry === 0 ? 0 : this.agreeing(this.rows, entry * ROW, row, Math.min(length, prefix));
      if (entry === 0 || common === length) {
        this.table[at] = row;
        return;
      }
      if (common === prefix) {
        this.adopt(entry, row);
        return;
      }
      const block = this.newBlock(common, Math.min(NEW_BITS, 32 - (common & 31)), this.rows, row * ROW);
      this.table[at] = ~block;
      this.fillWithChain(block, entry);
    }
  }

  /** Puts a block that branches at `depth` between an entry and the child block it points to. */
  private branchAbove(at: number, depth: number): void {
    const child = ~this.table[at]!;
    const childDepth = this.depthOf(child);
    const address = this.addressOf(child);
    // All its entries lie in one entry of the new block only if the new block ends before it.
    const bits = Math.min(NEW_BITS, 32 - (depth & 31), childDepth - depth);
    let over = this.candidate(this.table, address);
    while (over !== 0 && (this.lengthOf(over) > childDepth || !this.holds(over, this.table, address))) over = this.outerOf(over);
    const block = this.newBlock(depth, bits, this.table, address);
    this.fillWithChain(block, over);
    this.table[this.entryOf(block, this.table, address)] = ~child;
    this.table[at] = ~block;
  }

  /** Fills a new block with what of a row and the rows around it lies over each of its entries. */
  private fillWithChain(block: number, row: number): void {
    const depth = this.depthOf(block);
    const chain: number[] = [];
    let link = row;
    for (; link !== 0 && this.lengthOf(link) > depth; link = this.outerOf(link)) chain.push(link);
    this.table.fill(link, block + 1, this.addressOf(block));
    for (let i = chain.length - 1; i >= 0; i--) this.fillRange(block, chain[i]!);
  }

  /** Writes a row over the entries of a block that it lies over, or over the one that it lies below. */
  private fillRange(block: number, row: number): void {
    const from = this.entryOf(block, this.rows, row * ROW);
    this.table.fill(row, from, from + this.entriesOver(block, row));
  }

  private cover(block: number, row: number): void {
    const from = this.firstOver(block, row);
    const end = from + this.entriesOver(block, row);
    for (let at = from; at < end; at++) {
      const entry = this.table[at]!;
      if (entry < 0) this.cover(~entry, row);
      else if (entry === 0 || this.lengthOf(entry) < this.lengthOf(row)) this.table[at] = row;
      else this.adopt(entry, row);
    }
  }

  /** Makes `row` the outer of the shortest prefix that it lies around among an entry's chain. */
  private adopt(entry: number, row: number): void {
    const prefix = this.lengthOf(row);
    let link = entry;
    while (this.outerOf(link) !== 0 && this.lengthOf(this.outerOf(link)) > prefix) link = this.outerOf(link);
    if (link !== row) this.rows[link * ROW + OUTER] = row;
  }

  private displace(row: number): void {
    const prefix = this.lengthOf(row);
    for (let at = 0; ; ) {
      const entry = this.table[at]!;
      if (entry >= 0) {
        this.displaceAt(at, row);
        return;
      }
      const block = ~entry;
      if (prefix <= this.depthOf(block) + this.bitsOf(block)) {
        this.uncover(block, row);
        return;
      }
      at = this.entryOf(block, this.rows, row * ROW);
    }
  }

  private uncover(block: number, row: number): void {
    const from = this.firstOver(block, row);
    const end = from + this.entriesOver(block, row);
    for (let at = from; at < end; at++) {
      const entry = this.table[at]!;
      if (entry < 0) this.uncover(~entry, row);
      else this.displaceAt(at, row);
    }
  }

  private displaceAt(at: number, row: number): void {
    const { rows } = this;
    const outer = this.outerOf(row);
    let link = this.table[at]!;
    if (link === row) {
      this.table[at] = outer;
      return;
    }
    while (link !== 0 && this.outerOf(link) !== row) link = this.outerOf(link);
    if (link !== 0) rows[link * ROW + OUTER] = outer;
  }

  private changed(): void {
    if (++this.changes < Math.max(this.count, 32)) return;
    this.changes = 0;
    const order = this.sortedRows();
    this.table = new Int32Array(Math.max(8, order.length * 2));
    this.used = 1;
    this.build(0, order, 0, order.length, 0);
  }

  private sortedRows(): Int32Array {
    const { rows } = this;
    const isFree = new Uint8Array(this.top);
    for (let row = this.free; row !== 0; row = this.outerOf(row)) isFree[row] = 1;
    const order = new Int32Array(this.count);
    for (let row = 1, i = 0; row < this.top; row++) if (isFree[row] === 0) order[i++] = row;
    return order.sort((a, b) => {
      for (let i = 0; i < 4; i++) {
        const difference = (rows[a * ROW + i]! >>> 0) - (rows[b * ROW + i]! >>> 0);
        if (difference !== 0) return difference;
      }
      return rows[a * ROW + LENGTH]! - rows[b * ROW + LENGTH]!;
    });
  }

  /** Builds what an entry points to from sorted rows that all lie in it; `common` is the longest row over all of it. */
  private build(at: number, order: Int32Array, from: number, to: number, common: number): void {
    const { rows } = this;
    let depth = 0;
    // Whatever ends before the first branch lies over all the rest, and sorts before it.
    for (; from < to; common = order[from++]!) {
      depth = this.agreeing(rows, order[to - 1]! * ROW, order[from]!, 128);
      if (this.lengthOf(order[from]!) > depth) break;
    }
    if (from === to) {
      this.table[at] = common;
      return;
    }
    const bits = this.widthFor(order, from, to, depth);
    const block = this.newBlock(depth, bits, rows, order[from]! * ROW);
    this.table[at] = ~block;
    this.table.fill(common, block + 1, this.addressOf(block));
    for (let i = from; i < to; ) {
      const row = order[i]!;
      if (this.lengthOf(row) <= depth + bits) {
        this.fillRange(block, row);
        i++;
        continue;
      }
      const entry = this.entryOf(block, rows, row * ROW);
      let end = i + 1;
      while (end < to && this.entryOf(block, rows, order[end]! * ROW) === entry) end++;
      this.build(entry, order, i, end, this.table[entry]!);
      i = end;
    }
  }

  /** The widest that keeps enough entries in use. */
  private widthFor(order: Int32Array, from: number, to: number, depth: number): number {
    const { rows } = this;
    const widest = Math.min(WIDEST, 32 - (depth & 31));
    let bits = 1;
    for (; bits < widest; bits++) {
      if (2 ** (bits + 1) > (to - from) * SPARSEST) break;
      let distinct = 0;
      let last = -1;
      for (let i = from; i < to; i++) {
        const value = (rows[order[i]! * ROW + (depth >> 5)]! << (depth & 31)) >>> (31 - bits);
        if (value !== last) distinct++;
        last = value;
      }
      if (distinct * SPARSEST < 2 ** (bits + 1)) break;
    }
    return bits;
  }
}
