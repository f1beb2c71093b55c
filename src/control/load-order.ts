/**
 * Nodes by how many pods they hold, then by name, kept in order as loads change: one row of bits for each number of pods, a bit
 * for each node. The scheduler takes the first that suits instead of looking at all. Derived.
 */
export class LoadOrder {
  private readonly places: ReadonlyMap<string, number>;
  private readonly counts: Int32Array;
  private readonly rows: Uint32Array[] = [];
  /** nodes in each row */
  private readonly held: number[] = [];
  private readonly width: number;

  /** `names` in order. */
  constructor(names: readonly string[], podsOf: (name: string) => number) {
    this.places = new Map(names.map((name, place) => [name, place]));
    this.counts = new Int32Array(names.length);
    this.width = (names.length + 31) >>> 5;
    names.forEach((name, place) => {
      this.counts[place] = podsOf(name);
      this.enter(this.counts[place]!, place);
    });
  }

  change(name: string, by: 1 | -1): void {
    const place = this.places.get(name);
    if (place === undefined) return;
    const count = this.counts[place]!;
    this.rows[count]![place >>> 5]! &= ~(1 << (place & 31));
    this.held[count]!--;
    this.enter(count + by, place);
    this.counts[place] = count + by;
  }

  /** Place of the first node that is accepted, -1 if none is. */
  first(accept: (place: number) => boolean): number {
    for (let count = 0; count < this.rows.length; count++) {
      if (this.held[count] === 0) continue;
      const row = this.rows[count]!;
      for (let at = 0; at < this.width; at++) {
        for (let word = row[at]!; word !== 0; word &= word - 1) {
          const place = at * 32 + 31 - Math.clz32(word & -word);
          if (accept(place)) return place;
        }
      }
    }
    return -1;
  }

  private enter(count: number, place: number): void {
    while (this.rows.length <= count) this.held[this.rows.push(new Uint32Array(this.width)) - 1] = 0;
    this.rows[count]![place >>> 5]! |= 1 << (place & 31);
    this.held[count]!++;
  }
}
