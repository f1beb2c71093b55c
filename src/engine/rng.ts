/**
 * Chance, in named streams. Each place that draws has a stream of its own, seeded by the world's seed and the place's name
 * alone, so that adding a place changes no other's draws.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand: `sfc32` in `RNG/sfc.cpp`): 128 bits of state, the last word a counter,
 * so every stream's period is at least 2^32 draws.
 */
import { fnv1a32, mix32 } from "../base/hash.js";
import { Table, type TableState } from "./table.js";

/** A saved `Streams`. */
export interface StreamsState {
  readonly seed: number;
  readonly names: readonly string[];
  readonly table: TableState;
}

/** Rounds run before the first draw, as PractRand does for a three-word seed. */
const WARM_UP = 15;

/** Streams of chance by name. */
export class Streams {
  private seed: number;
  private readonly ids = new Map<string, number>();
  private readonly table = new Table({ a: "i32", b: "i32", c: "i32", counter: "i32" });

  /** `seed` is an integer below 2^53. */
  constructor(seed: number) {
    this.seed = seed;
  }

  /** Id of the stream of that name, for example `node-1/nat/KUBE-SVC-XPGD46QRK7WJZT7O`; made at the first asking. */
  stream(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    const id = this.table.alloc();
    const { c } = this.table;
    const low = this.seed | 0;
    const high = Math.floor(this.seed / 4294967296) | 0;
    c.a[id] = mix32(fnv1a32(name), low);
    c.b[id] = mix32(fnv1a32(name, 0x6a09e667), high ^ 0x3c6ef372);
    c.c[id] = mix32(low, high) ^ fnv1a32(name, 0x510e527f);
    c.counter[id] = 1;
    for (let i = 0; i < WARM_UP; i++) this.u32(id);
    this.ids.set(name, id);
    return id;
  }

  /** 0 to 2^32 - 1. */
  u32(id: number): number {
    const { a, b, c, counter } = this.table.c;
    const b0 = b[id]!;
    const c0 = c[id]!;
    const n = counter[id]!;
    const sum = (a[id]! + b0 + n) | 0;
    counter[id] = (n + 1) | 0;
    a[id] = b0 ^ (b0 >>> 9);
    b[id] = (c0 + (c0 << 3)) | 0;
    c[id] = (((c0 << 21) | (c0 >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A multiple of 2^-32 in [0, 1). */
  float(id: number): number {
    return this.u32(id) * (1 / 4294967296);
  }

  /** An integer in [0, n), each as likely as the others; `n` from 1 to 2^32. */
  below(id: number, n: number): number {
    const fair = 4294967296 - (4294967296 % n);
    let draw = this.u32(id);
    while (draw >= fair) draw = this.u32(id);
    return draw % n;
  }

  /** An integer in [0, n) as the kernel's reciprocal_scale makes it: one draw, and values that n does not divide evenly. */
  scaled(id: number, n: number): number {
    return Math.floor((this.u32(id) * n) / 4294967296);
  }

  /** Name of a stream, undefined for an id that was never given out. */
  name(id: number): string | undefined {
    for (const [name, known] of this.ids) if (known === id) return name;
    return undefined;
  }

  /** What it holds, as plain data. */
  save(): StreamsState {
    return { seed: this.seed, names: Array.from(this.ids.keys()), table: this.table.save() };
  }

  /** Takes on a saved state. */
  restore(state: StreamsState): void {
    this.seed = state.seed;
    this.table.restore(state.table);
    this.ids.clear();
    for (let i = 0; i < state.names.length; i++) this.ids.set(state.names[i]!, i + 1);
  }
}
