// Prefix tables and questions for the lpm jobs: lengths roughly as in a public table, half the questions hit a known prefix.
import { xorshift32 } from "./chance.js";

/** How often a prefix length occurs, in hundredths. */
type Mix = readonly (readonly [length: number, share: number])[];

const MIX_V4: Mix = [[24, 58], [22, 12], [23, 10], [20, 5], [21, 4], [19, 4], [18, 2], [16, 2], [17, 1], [14, 1], [32, 1]];
const MIX_V6: Mix = [[48, 49], [32, 14], [44, 9], [40, 9], [36, 6], [29, 4], [47, 3], [64, 3], [56, 1], [34, 1], [128, 1]];

/** Prefixes as rows of `words` int32 each, without their host bits; row i has the value i + 1. */
export interface Prefixes {
  readonly words: Int32Array;
  readonly lengths: Uint8Array;
}

export const QUESTIONS = 1 << 16;

const hostMask = (length: number, word: number): number => {
  const bits = Math.max(0, Math.min(32, length - 32 * word));
  return bits === 0 ? -1 : bits === 32 ? 0 : (1 << (32 - bits)) - 1;
};

/** A random unicast address: 1.0.0.0 to 223.255.255.255, or below 2000::/3. */
function address(draw: () => number, words: 1 | 4): number[] {
  if (words === 1) return [((1 + (draw() % 223)) << 24) | (draw() & 0xffffff)];
  return [0x20000000 | (draw() & 0x0fffffff), draw() | 0, draw() | 0, draw() | 0];
}

/** `count` different prefixes. */
export function prefixes(count: number, words: 1 | 4): Prefixes {
  const draw = xorshift32(3);
  const lengthOf = (words === 1 ? MIX_V4 : MIX_V6).flatMap(([length, share]) => new Array<number>(share).fill(length));
  const seen = new Set<string>();
  const table = { words: new Int32Array(count * words), lengths: new Uint8Array(count) };
  while (seen.size < count) {
    const length = lengthOf[draw() % lengthOf.length]!;
    const network = address(draw, words).map((word, at) => word & ~hostMask(length, at));
    const key = `${network.join()}/${length}`;
    if (seen.has(key)) continue;
    table.words.set(network, seen.size * words);
    table.lengths[seen.size] = length;
    seen.add(key);
  }
  return table;
}

/** Addresses to look up, as rows of `words` int32 each. */
export function questions(table: Prefixes, words: 1 | 4): Int32Array {
  const draw = xorshift32(8);
  const asked = new Int32Array(QUESTIONS * words);
  for (let q = 0; q < QUESTIONS; q++) {
    const host = address(draw, words);
    const row = draw() % table.lengths.length;
    const known = (draw() & 1) === 1;
    const length = known ? table.lengths[row]! : 0;
    for (let at = 0; at < words; at++) {
      const mask = hostMask(length, at);
      asked[q * words + at] = known ? (table.words[row * words + at]! & ~mask) | (host[at]! & mask) : host[at]!;
    }
  }
  return asked;
}

interface Node {
  value: number;
  zero: Node | null;
  one: Node | null;
}

/** The plain form: a binary trie of objects, one for each bit. */
export class ObjectTrie {
  private readonly root: Node = { value: 0, zero: null, one: null };

  insert(words: ArrayLike<number>, at: number, length: number, value: number): void {
    let node = this.root;
    for (let bit = 0; bit < length; bit++) {
      const side = (words[at + (bit >> 5)]! >>> (31 - (bit & 31))) & 1;
      if (side === 1) node = node.one ??= { value: 0, zero: null, one: null };
      else node = node.zero ??= { value: 0, zero: null, one: null };
    }
    node.value = value;
  }

  lookup(words: ArrayLike<number>, at: number): number {
    let best = 0;
    let bit = 0;
    for (let node: Node | null = this.root; node !== null; bit++) {
      if (node.value !== 0) best = node.value;
      node = ((words[at + (bit >> 5)]! >>> (31 - (bit & 31))) & 1) === 1 ? node.one : node.zero;
    }
    return best;
  }
}
