/**
 * The compiled words of all chains of a world: derived from the rules, and shared by every chain with the same rules,
 * wherever it is. Filled by `compile-chain.ts` when a packet first meets a chain; can be dropped between any two packets.
 */
import type { AddressTest, DeviceTest, Match, Rule, Target } from "../rule.js";

const FIRST_WORDS = 1024;
const LINE = 16;
/** Rules that may be left without a thought. */
const MOST_LEFT = 4096;

interface Piece {
  readonly rules: readonly Rule[];
  readonly at: number;
  /** a chain that had it was replaced, and none took it since */
  left: boolean;
}

export class CompiledChains {
  /** REPLACED when it grows */
  words: Int32Array = new Int32Array(FIRST_WORDS);
  /** one more whenever everything was dropped */
  generation = 0;
  // What words name by index.
  matches: Match[] = [];
  targets: Target[] = [];
  addresses: AddressTest[] = [];
  devices: DeviceTest[] = [];
  /** Word 0 is never a piece. */
  private top = LINE;
  /** rules in pieces, and in those of them that were left */
  private rules = 0;
  private left = 0;
  private readonly pieces: Map<number, Piece[]> = new Map();

  /** Half of it or more is of chains that were replaced. */
  get isStale(): boolean {
    return this.left > MOST_LEFT && this.left * 2 > this.rules;
  }

  drop(): void {
    this.rules = 0;
    this.left = 0;
    this.words = new Int32Array(FIRST_WORDS);
    this.top = LINE;
    this.matches = [];
    this.targets = [];
    this.addresses = [];
    this.devices = [];
    this.pieces.clear();
    this.generation++;
  }

  /** Where the words of these rules begin, 0 if they are not compiled. */
  find(rules: readonly Rule[], hash: number): number {
    const piece = this.piece(rules, hash);
    if (piece === undefined) return 0;
    if (piece.left) this.left -= rules.length;
    piece.left = false;
    return piece.at;
  }

  /** A chain with these rules is replaced or gone. */
  leave(rules: readonly Rule[], hash: number): void {
    const piece = this.piece(rules, hash);
    if (piece === undefined || piece.left) return;
    piece.left = true;
    this.left += rules.length;
  }

  /** Keeps the words of a chain, and names the place where they begin. */
  keep(rules: readonly Rule[], hash: number, at: number): number {
    const known = this.pieces.get(hash);
    const piece = { rules, at, left: false };
    this.rules += rules.length;
    if (known === undefined) this.pieces.set(hash, [piece]);
    else known.push(piece);
    return at;
  }

  private piece(rules: readonly Rule[], hash: number): Piece | undefined {
    return this.pieces.get(hash)?.find((piece) => sameRules(piece.rules, rules));
  }

  /** Room for so many words; small pieces share no two lines of cache. */
  room(length: number): number {
    let at = this.top;
    if (length <= LINE && (at & (LINE - 1)) + length > LINE) at = (at + LINE - 1) & -LINE;
    this.top = at + length;
    if (this.top > this.words.length) {
      const wider = new Int32Array(Math.max(this.top, this.words.length * 2));
      wider.set(this.words);
      this.words = wider;
    }
    return at;
  }
}

/** Whether two lists hold the same records; equal words are one record. */
export function sameRules(a: readonly Rule[], b: readonly Rule[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
