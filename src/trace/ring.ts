/** The usual sink: the last so many steps in typed columns, oldest overwritten first. */
import type { TraceSink } from "./sink.js";

/** A saved `TraceRing`. */
export interface TraceRingState {
  readonly limit: number;
  readonly total: number;
  readonly time: Float64Array;
  readonly packet: Float64Array;
  readonly fields: Int32Array;
}

/** One step, for those who read. */
export interface TraceStep {
  readonly time: number;
  readonly kind: number;
  readonly packet: number;
  readonly ns: number;
  readonly dev: number;
  readonly a: number;
  readonly b: number;
  readonly snap: number;
}

const FIRST = 64;
const STRIDE = 6;

/** Starts small and grows up to `limit` steps (a power of two); from then on each step overwrites the oldest. */
export class TraceRing implements TraceSink {
  readonly limit: number;
  /** Steps ever recorded; the ring holds those from `total - length` on. */
  total = 0;
  private time: Float64Array;
  private packet: Float64Array;
  /** kind, ns, dev, a, b, snap of each step. */
  private fields: Int32Array;
  private capacity: number;
  private readonly dropped: ((snap: number) => void) | undefined;

  /** `dropped` hears of the snapshot of each step that is overwritten or cleared, so that it can be released. */
  constructor(limit = 1 << 16, dropped?: (snap: number) => void) {
    this.limit = 1 << (32 - Math.clz32(Math.max(limit, 2) - 1));
    this.capacity = Math.min(FIRST, this.limit);
    this.time = new Float64Array(this.capacity);
    this.packet = new Float64Array(this.capacity);
    this.fields = new Int32Array(this.capacity * STRIDE);
    this.dropped = dropped;
  }

  /** Steps held now. */
  get length(): number {
    return Math.min(this.total, this.capacity);
  }

  /** Records one step. */
  step(time: number, kind: number, packet: number, ns: number, dev: number, a: number, b: number, snap: number): void {
    if (this.total >= this.capacity) {
      if (this.capacity < this.limit) this.grow();
      else this.forget(this.total & (this.capacity - 1));
    }
    const i = this.total++ & (this.capacity - 1);
    this.time[i] = time;
    this.packet[i] = packet;
    const { fields } = this;
    const at = i * STRIDE;
    fields[at] = kind;
    fields[at + 1] = ns;
    fields[at + 2] = dev;
    fields[at + 3] = a;
    fields[at + 4] = b;
    fields[at + 5] = snap;
  }

  /** The nth step held, 0 the oldest. */
  at(n: number): TraceStep | undefined {
    const { length, fields } = this;
    if (n < 0 || n >= length) return undefined;
    const i = (this.total - length + n) & (this.capacity - 1);
    const at = i * STRIDE;
    return {
      time: this.time[i]!,
      kind: fields[at]!,
      packet: this.packet[i]!,
      ns: fields[at + 1]!,
      dev: fields[at + 2]!,
      a: fields[at + 3]!,
      b: fields[at + 4]!,
      snap: fields[at + 5]!,
    };
  }

  /** All steps held, oldest first. */
  steps(): TraceStep[] {
    return Array.from({ length: this.length }, (_, n) => this.at(n)!);
  }

  /** Forgets every step. */
  clear(): void {
    for (let n = 0; n < this.length; n++) this.forget((this.total - this.length + n) & (this.capacity - 1));
    this.total = 0;
  }

  /** What it holds, as plain data. */
  save(): TraceRingState {
    const { length } = this;
    const held = this.total > this.capacity ? this.capacity : length;
    return {
      limit: this.limit,
      total: this.total,
      time: this.time.slice(0, held),
      packet: this.packet.slice(0, held),
      fields: this.fields.slice(0, held * STRIDE),
    };
  }

  /** Takes on a saved state. */
  restore(state: TraceRingState): void {
    while (this.capacity < Math.min(state.total, this.limit)) this.grow();
    this.time.set(state.time);
    this.packet.set(state.packet);
    this.fields.set(state.fields);
    this.total = state.total;
  }

  private forget(i: number): void {
    const snap = this.fields[i * STRIDE + 5]!;
    if (snap !== 0) this.dropped?.(snap);
  }

  /** Only called before the first step is overwritten, so places do not move. */
  private grow(): void {
    this.capacity *= 2;
    const time = new Float64Array(this.capacity);
    time.set(this.time);
    const packet = new Float64Array(this.capacity);
    packet.set(this.packet);
    const fields = new Int32Array(this.capacity * STRIDE);
    fields.set(this.fields);
    this.time = time;
    this.packet = packet;
    this.fields = fields;
  }
}
