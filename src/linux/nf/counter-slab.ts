/**
 * Counters of the chains of one table that packets walked, in one array: a chain found there costs one line of cache, where an
 * array for each would cost three. What `NfTable.counters` holds for a placed chain is a view of its place. Places can be
 * given up between any two packets: the views stay good.
 */
const LINE = 8;
const FIRST = 64;

/** Words of `heads` for a chain id: where its counters begin (0: it has no place), where its compiled words do, its stream of chance, what it is. */
export const HEAD_WORDS = 4;
/** Of a base chain without rules: its policy, and this bit. */
export const EMPTY = 4;

export class CounterSlab {
  heads: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  /** which state of the compiled words the places speak of */
  generation = 0;
  private used = LINE;
  private wasted = 0;

  /** Half of the array or more belongs to chains that were replaced. */
  get isWasteful(): boolean {
    return this.wasted > FIRST && this.wasted * 2 > this.used;
  }

  /** Gives up all places. */
  reset(generation: number): void {
    this.generation = generation;
    this.heads = new Int32Array(0);
    this.doubles = new Float64Array(0);
    this.used = LINE;
    this.wasted = 0;
  }

  has(id: number): boolean {
    return id * HEAD_WORDS < this.heads.length && this.heads[id * HEAD_WORDS] !== 0;
  }

  /** Gives a chain a place for `length` counters, beginning with those it has; `what` is what its head says it is. */
  place(id: number, length: number, words: number, what: number, counters: Map<number, Float64Array>): void {
    const head = id * HEAD_WORDS;
    if (head >= this.heads.length) this.heads = widened(this.heads, Math.max(16 * HEAD_WORDS, head + HEAD_WORDS, this.heads.length * 2));
    let at = this.used;
    // A small place shares no two lines.
    if (length <= LINE && (at & (LINE - 1)) + length > LINE) at = (at + LINE - 1) & -LINE;
    if (at + length > this.doubles.length) this.grow(at + length, counters);
    this.used = at + length;
    this.heads[head] = at;
    this.heads[head + 1] = words;
    this.heads[head + 2] = 0;
    this.heads[head + 3] = what;
    const view = this.doubles.subarray(at, at + length);
    const known = counters.get(id);
    if (known !== undefined) view.set(known);
    counters.set(id, view);
  }

  /** The chain is replaced or gone; `length` is what it was placed with. */
  forget(id: number, length: number): void {
    if (!this.has(id)) return;
    this.heads[id * HEAD_WORDS] = 0;
    this.wasted += length;
  }

  private grow(needed: number, counters: Map<number, Float64Array>): void {
    const doubles = new Float64Array(Math.max(FIRST, needed, this.doubles.length * 2));
    doubles.set(this.doubles);
    this.doubles = doubles;
    for (let head = 0; head < this.heads.length; head += HEAD_WORDS) {
      const at = this.heads[head]!;
      const id = head / HEAD_WORDS;
      if (at !== 0) counters.set(id, doubles.subarray(at, at + counters.get(id)!.length));
    }
  }
}

function widened(array: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
}
