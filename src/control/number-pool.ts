/** Numbers from 0 handed out at most once each, in a lower band for explicit wishes and an upper one for the rest. Read first: KEP-3070. */

export interface NumberPoolState {
  readonly taken: readonly number[];
}

export class NumberPool {
  private readonly taken = new Set<number>();

  /** `offset` numbers belong to the lower band. */
  constructor(
    readonly size: number,
    readonly offset: number,
  ) {}

  has(number: number): boolean {
    return this.taken.has(number);
  }

  /** False if it is taken. */
  take(number: number): boolean {
    if (this.taken.has(number)) return false;
    this.taken.add(number);
    return true;
  }

  release(number: number): void {
    this.taken.delete(number);
  }

  /** A free number: from a random start in the upper band, and only when that is full in the lower; null if all are taken. */
  draw(below: (n: number) => number): number | null {
    return this.scan(this.offset, this.size, below) ?? this.scan(0, this.offset, below);
  }

  save(): NumberPoolState {
    return { taken: [...this.taken] };
  }

  restore(state: NumberPoolState): void {
    this.taken.clear();
    for (const number of state.taken) this.taken.add(number);
  }

  private scan(from: number, to: number, below: (n: number) => number): number | null {
    const length = to - from;
    if (length <= 0) return null;
    const start = below(Math.min(length, 2 ** 32));
    for (let step = 0; step < length && step <= this.taken.size; step++) {
      const number = from + ((start + step) % length);
      if (this.take(number)) return number;
    }
    return null;
  }
}
