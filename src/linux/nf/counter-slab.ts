/**
 * Counters of the chains of one table that packets walked, in one array: a chain found there costs one line of cache, where an
 * array for each would cost three. What `NfTable.counters` holds for a placed chain is a view of its place.
 *
 * A place is two doubles for the walker (as int32: where the chain's compiled words begin, and its stream of chance) and
 * behind them the chain's counters; `at` names the first counter. Places can be given up at any time: the views stay good.
 */
const HEAD = 2;
const LINE = 8;
const FIRST = 64;

export class CounterSlab {
  /** by chain id: where its counters begin, 0 for a chain without a place */
  at: Int32Array = new Int32Array(0);
  doubles: Float64Array = new Float64Array(0);
  /** the same bytes: head words of the place at `at` are 2 * at - 4 (words) and 2 * at - 3 (stream) */
  ints: Int32Array = new Int32Array(0);
  /** which state of the compiled words the places speak of */
  generation = -1;
  private used = 0;
  private wasted = 0;

  /** Half of the array or more belongs to chains that were replaced. */
  get isWasteful(): boolean {
    return this.wasted > FIRST && this.wasted * 2 > this.used;
  }

  /** Gives up all places. */
  reset(generation: number): void {
    this.generation = generation;
    this.at = new Int32Array(0);
    this.doubles = new Float64Array(0);
    this.ints = new Int32Array(0);
    this.used = 0;
    this.wasted = 0;
  }

  /** Gives a chain a place for `length` counters, beginning with those it has; where they begin. */
  place(id: number, length: number, words: number, counters: Map<number, Float64Array>): number {
    if (id >= this.at.length) this.at = widened(this.at, Math.max(16, id + 1, this.at.length * 2));
    const size = HEAD + length;
    let from = this.used;
    // A small place shares no two lines.
    if (size <= LINE && (from & (LINE - 1)) + size > LINE) from = (from + LINE - 1) & -LINE;
    if (from + size > this.doubles.length) this.grow(from + size, counters);
    this.used = from + size;
    const at = from + HEAD;
    this.ints[2 * at - 4] = words;
    this.at[id] = at;
    const view = this.doubles.subarray(at, at + length);
    const known = counters.get(id);
    if (known !== undefined) view.set(known);
    counters.set(id, view);
    return at;
  }

  /** The chain is replaced or gone; `length` is what it was placed with. */
  forget(id: number, length: number): void {
    if (id >= this.at.length || this.at[id] === 0) return;
    this.at[id] = 0;
    this.wasted += HEAD + length;
  }

  private grow(needed: number, counters: Map<number, Float64Array>): void {
    const doubles = new Float64Array(Math.max(FIRST, needed, this.doubles.length * 2));
    doubles.set(this.doubles);
    this.doubles = doubles;
    this.ints = new Int32Array(doubles.buffer);
    for (let id = 0; id < this.at.length; id++) {
      const at = this.at[id]!;
      if (at !== 0) counters.set(id, doubles.subarray(at, at + counters.get(id)!.length));
    }
  }
}

function widened(array: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
}
