/**
 * Chance, in named streams. Each place that draws has a stream of its own, seeded by the world's seed and the place's name
 * alone, so that adding a place changes no other's draws.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand: `sfc32` in `RNG/sfc.cpp`): 128 bits of state, the last word a counter,
 * so every stream's period is at least 2^32 draws.
 */
import { fnv1a32, mix32 } from "../base/hash.js";

/** A saved `Streams`. */
export interface StreamsState {
  readonly seed: number;
  readonly names: readonly string[];
  /** four words of each stream in the order of `names` */
  readonly words: Int32Array;
}

/** Words of a stream: a, b, c and the counter, side by side, for a draw reads and writes all of them. */
const WORDS = 4;
const FIRST = 16;
/** Rounds run before the first draw, as PractRand does for a three-word seed. */
const WARM_UP = 15;

/** Streams of chance by name. */
export class Streams {
  private seed: number;
  private readonly ids = new Map<string, number>();
  /** streams from 1 on; replaced when it grows */
  private words: Int32Array = new Int32Array(WORDS * FIRST);

  /** `seed` is an integer below 2^53. */
  constructor(seed: number) {
    this.seed = seed;
  }

  /** Id of the stream of that name, for example `node-1/nat/KUBE-SVC-XPGD46QRK7WJZT7O`; made at the first asking. */
  stream(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    const id = this.ids.size + 1;
    const at = id * WORDS;
    if (at >= this.words.length) {
      const wider = new Int32Array(this.words.length * 2);
      wider.set(this.words);
      this.words = wider;
    }
    const { words } = this;
    const low = this.seed | 0;
    const high = Math.floor(this.seed / 4294967296) | 0;
    words[at] = mix32(fnv1a32(name), low);
    words[at + 1] = mix32(fnv1a32(name, 0x6a09e667), high ^ 0x3c6ef372);
    words[at + 2] = mix32(low, high) ^ fnv1a32(name, 0x510e527f);
    words[at + 3] = 1;
    for (let i = 0; i < WARM_UP; i++) this.u32(id);
    this.ids.set(name, id);
    return id;
  }

  /** 0 to 2^32 - 1. */
  u32(id: number): number {
    const { words } = this;
    const at = id << 2;
    const b0 = words[at + 1]!;
    const c0 = words[at + 2]!;
    const n = words[at + 3]!;
    const sum = (words[at]! + b0 + n) | 0;
    words[at] = b0 ^ (b0 >>> 9);
    words[at + 1] = (c0 + (c0 << 3)) | 0;
    words[at + 2] = (((c0 << 21) | (c0 >>> 11)) + sum) | 0;
    words[at + 3] = (n + 1) | 0;
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
    return { seed: this.seed, names: Array.from(this.ids.keys()), words: this.words.slice(WORDS, WORDS * (this.ids.size + 1)) };
  }

  /** Takes on a saved state. */
  restore(state: StreamsState): void {
    this.seed = state.seed;
    let room = WORDS * FIRST;
    while (room < WORDS * (state.names.length + 1)) room *= 2;
    this.words = new Int32Array(room);
    this.words.set(state.words, WORDS);
    this.ids.clear();
    for (let i = 0; i < state.names.length; i++) this.ids.set(state.names[i]!, i + 1);
  }
}
