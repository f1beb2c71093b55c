/** The memory of Lpm6: rows of prefixes and blocks of the trie, and how they are read. See lpm6.ts for what they mean. */

/**
 * A block is one word of depth of its first bit times SHAPE plus number of bits, its entries, and four words of an address below
 * it. Rows and blocks keep what a lookup reads side by side: at a million prefixes every cache line costs as much as all else.
 */
const SHAPE = 32;
/** Words of a row: the prefix, its length, its value, and its outer row, or the next free row. */
export const ROW = 8;
export const LENGTH = 4;
export const VALUE = 5;
export const OUTER = 6;

/** Rows and blocks in two arrays that grow; Lpm6 alone changes them. */
export class PrefixBlocks {
  /** Rows from 1. `outer` of a row is the longest other prefix around it. */
  protected rows: Int32Array = new Int32Array(ROW * 2);
  protected top = 1;
  protected free = 0;
  /** Entry 0 is the root; blocks follow. */
  protected table: Int32Array = new Int32Array(4);
  protected used = 1;

  /** Bytes held in arrays. */
  get bytes(): number {
    return (this.rows.length + this.table.length) * 4;
  }

  protected candidate(words: Int32Array, at: number): number {
    const { table } = this;
    let entry = table[0]!;
    while (entry < 0) {
      const shape = table[~entry]!;
      // The bits before the block are shifted out at the top, those behind it at the bottom. Shifts count modulo 32.
      entry = table[((words[at + (shape >> 10)]! << (shape >> 5)) >>> -shape) - entry]!;
    }
    return entry;
  }

  protected holds(row: number, words: Int32Array, at: number): boolean {
    const own = this.rows;
    let i = row * ROW;
    let bits = own[i + LENGTH]!;
    for (; bits >= 32; bits -= 32) if (own[i++] !== words[at++]) return false;
    return bits === 0 || (own[i]! ^ words[at]!) >>> (32 - bits) === 0;
  }

  protected lengthOf(row: number): number {
    return this.rows[row * ROW + LENGTH]!;
  }

  protected outerOf(row: number): number {
    return this.rows[row * ROW + OUTER]!;
  }

  protected depthOf(block: number): number {
    return this.table[block]! >> 5;
  }

  protected bitsOf(block: number): number {
    return this.table[block]! % SHAPE;
  }

  /** Where the address below a block is kept. */
  protected addressOf(block: number): number {
    return block + 1 + 2 ** this.bitsOf(block);
  }

  protected newRow(): number {
    let row = this.free;
    if (row !== 0) {
      this.free = this.outerOf(row);
      return row;
    }
    row = this.top++;
    if (row * ROW === this.rows.length) this.rows = widened(this.rows, row * ROW * 2);
    return row;
  }

  protected entriesOver(block: number, row: number): number {
    const depth = this.depthOf(block);
    return 2 ** Math.max(0, depth + this.bitsOf(block) - Math.max(this.lengthOf(row), depth));
  }

  protected entryOf(block: number, words: Int32Array, at: number): number {
    const depth = this.depthOf(block);
    return block + 1 + ((words[at + (depth >> 5)]! << (depth & 31)) >>> (32 - this.bitsOf(block)));
  }

  /** Where the entries begin that a row lies over, when it ends in the block or before it. */
  protected firstOver(block: number, row: number): number {
    return this.lengthOf(row) <= this.depthOf(block) ? block + 1 : this.entryOf(block, this.rows, row * ROW);
  }

  /** How many leading bits, at most `limit`, a row has in common with the address at `words[at..]`. */
  protected agreeing(words: Int32Array, at: number, row: number, limit: number): number {
    for (let i = 0; i * 32 < limit; i++) {
      const difference = words[at + i]! ^ this.rows[row * ROW + i]!;
      if (difference !== 0) return Math.min(limit, i * 32 + Math.clz32(difference));
    }
    return limit;
  }

  protected newBlock(depth: number, bits: number, words: Int32Array, at: number): number {
    const block = this.used;
    const address = block + 1 + 2 ** bits;
    // `words` may be the table itself, which stays readable when it is replaced.
    if (address + 4 > this.table.length) this.table = widened(this.table, Math.max(address + 4, this.table.length + (this.table.length >> 1)));
    this.used = address + 4;
    this.table[block] = depth * SHAPE + bits;
    for (let i = 0; i < 4; i++) this.table[address + i] = words[at + i]!;
    return block;
  }
}

function widened(from: Int32Array, words: number): Int32Array {
  const to = new Int32Array(words);
  to.set(from);
  return to;
}
