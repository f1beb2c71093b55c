/**
 * Hashes for tables and fingerprints. None is cryptographic: they must be quick, spread well, and give the same number on
 * every machine.
 */

// A name of its own: `Math.imul` is two lookups, and their code counts against what V8 takes inline.
const { imul } = Math;

/** Mixes two int32 into one, every input bit reaching every output bit (the finaliser is that of MurmurHash3, public domain). */
export function mix32(a: number, b: number): number {
  let h = imul(a, 0x9e3779b1) ^ imul(b, 0x85ebca77);
  h ^= h >>> 16;
  h = imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** FNV-1a over bytes, or over the UTF-16 units of a text (low byte, then high byte where it is not 0), as an unsigned 32-bit number. */
export function fnv1a32(input: string | Uint8Array, seed = 0x811c9dc5): number {
  let h = seed | 0;
  if (typeof input === "string") {
    for (let i = 0; i < input.length; i++) {
      const unit = input.charCodeAt(i);
      h = imul(h ^ (unit & 255), 0x01000193);
      if (unit > 255) h = imul(h ^ (unit >>> 8), 0x01000193);
    }
  } else {
    for (let i = 0; i < input.length; i++) h = imul(h ^ input[i]!, 0x01000193);
  }
  return h >>> 0;
}

/** An order-sensitive running digest of integers in two int32 lanes; equal digests mean equal histories with 64-bit likelihood. */
export class Digest {
  lane0 = 0x243f6a88 | 0;
  lane1 = 0x85a308d3 | 0;

  /** Folds one integer; anything beyond int32 must go through `f64`. */
  i32(value: number): void {
    const h = imul(this.lane0 ^ value, 0x9e3779b1);
    this.lane0 = ((h << 13) | (h >>> 19)) + 0x7f4a7c15;
    const g = imul(this.lane1 ^ value, 0xc2b2ae3d | 0);
    this.lane1 = ((g << 17) | (g >>> 15)) ^ this.lane0;
    this.lane0 |= 0;
  }

  /** Folds an integer-valued double up to 2^53 in size. */
  f64(value: number): void {
    this.i32(value | 0);
    this.i32(Math.floor(value / 4294967296) | 0);
  }

  /** Folds one event, its time in two words, at the cost of two chained multiplications. */
  event(low: number, high: number, kind: number, a: number, b: number): void {
    const x = imul(low, 0x9e3779b1) ^ imul(a, 0x85ebca77);
    const y = imul((high << 8) ^ kind, 0xc2b2ae3d) ^ imul(b, 0x27d4eb2f);
    const h = imul(this.lane0 ^ x, 0x7feb352d) + y;
    const g = imul(this.lane1 ^ y, 0x846ca68b) + x;
    this.lane0 = h ^ (h >>> 15);
    this.lane1 = g ^ (g >>> 13);
  }

  /** Folds a text. */
  text(value: string): void {
    this.i32(value.length);
    for (let i = 0; i < value.length; i++) this.i32(value.charCodeAt(i));
  }

  /** Folds bytes and their number. */
  bytes(value: Uint8Array): void {
    this.i32(value.length);
    for (let i = 0; i < value.length; i++) this.i32(value[i]!);
  }

  /** The whole digest as 16 hexadecimal digits. */
  hex(): string {
    return hex32(mix32(this.lane0, this.lane1)) + hex32(mix32(this.lane1, ~this.lane0));
  }
}

function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
