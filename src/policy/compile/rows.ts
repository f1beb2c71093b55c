/*
 * Rows: for a program and a port class, one bit for each identity: allowed or not. A row is made from its
 * code, a list of integers, and rows of equal code are one. Layout of a code:
 *
 *   isolated (0|1), n, n terms | steps, each: action, n, n terms | -1 | steps | -1
 *              NetworkPolicies   Admin tier                            Baseline tier
 *
 * Read first: the procedure per direction (network-policy-api, three tiers): the first rule that hits decides.
 */
import { mix32 } from "../../base/hash.js";
import type { Action } from "../rules.js";
import { Ints } from "./ints.js";
import type { Terms } from "./terms.js";

export const actionNumbers: Readonly<Record<Action, number>> = Object.freeze({ allow: 0, deny: 1, pass: 2 });
const allow = 0;
const pass = 2;

export class Rows {
  /** All rows, `words` each; replaced on growth. */
  bits: Uint32Array;
  words: number;
  count = 0;
  readonly #terms: Terms;
  readonly #codes = new Ints(256);
  readonly #codeAt = new Ints();
  readonly #next = new Ints();
  readonly #hash = new Ints();
  #buckets = new Int32Array(64).fill(-1);
  readonly #code = new Ints(64);

  constructor(terms: Terms, words: number) {
    this.#terms = terms;
    this.words = words;
    this.bits = new Uint32Array(16 * words);
  }

  /** Starts a code; the caller pushes into what it returns and ends with `find`. */
  begin(): Ints {
    this.#code.length = 0;
    return this.#code;
  }

  /** The first word of the row with the code just written, which is built if it is new. */
  find(): number {
    const { data, length } = this.#code;
    let hash = length;
    for (let i = 0; i < length; i++) hash = mix32(hash, data[i]!);
    for (let row = this.#buckets[hash & (this.#buckets.length - 1)]!; row >= 0; row = this.#next.data[row]!) {
      if (this.#hash.data[row] === hash && this.#hasCode(row)) return row * this.words;
    }
    return this.#add(hash) * this.words;
  }

  /** Brings one identity's bit in every row up to date. */
  refresh(identity: number): void {
    const mask = 1 << (identity & 31);
    let at = identity >> 5;
    for (let row = 0; row < this.count; row++, at += this.words) {
      if (this.#allows(this.#codeAt.data[row]!, identity)) this.bits[at]! |= mask;
      else this.bits[at]! &= ~mask;
    }
  }

  get bytes(): number {
    return [this.#codes, this.#codeAt, this.#next, this.#hash].reduce((sum, each) => sum + each.bytes, this.bits.byteLength + this.#buckets.byteLength);
  }

  #hasCode(row: number): boolean {
    const { data, length } = this.#code;
    const from = this.#codeAt.data[row]!;
    const to = row + 1 < this.count ? this.#codeAt.data[row + 1]! : this.#codes.length;
    if (to - from !== length) return false;
    for (let i = 0; i < length; i++) if (this.#codes.data[from + i] !== data[i]) return false;
    return true;
  }

  #add(hash: number): number {
    const row = this.count++;
    this.#codeAt.push(this.#codes.length);
    for (let i = 0; i < this.#code.length; i++) this.#codes.push(this.#code.data[i]!);
    this.#hash.push(hash);
    this.#next.push(-1);
    if (this.count * this.words > this.bits.length) {
      const wider = new Uint32Array(this.words * (this.count + 16 + (this.count >> 3)));
      wider.set(this.bits);
      this.bits = wider;
    }
    const crowded = this.count > this.#buckets.length;
    if (crowded) this.#buckets = new Int32Array(this.#buckets.length * 2).fill(-1);
    for (let at = crowded ? 0 : row; at <= row; at++) {
      const bucket = this.#hash.data[at]! & (this.#buckets.length - 1);
      this.#next.data[at] = this.#buckets[bucket]!;
      this.#buckets[bucket] = at;
    }
    this.#build(row);
    return row;
  }

  #build(row: number): void {
    const at = row * this.words;
    const start = this.#codeAt.data[row]!;
    const code = this.#codes.data;
    const terms = code[start + 1]!;
    const admin = start + 2 + terms;
    if (code[admin] === -1 && (code[start] === 1 || code[admin + 1] === -1)) {
      if (code[start] === 0) this.bits.fill(0xffffffff, at, at + this.words);
      else for (let i = 0; i < terms; i++) this.#terms.addTo(code[start + 2 + i]!, this.bits, at, this.words);
      return;
    }
    this.#buildTiers(at, start);
  }

  /** `next` is what no rule has settled yet, `passed` what a Pass took out of the tier. */
  #buildTiers(at: number, start: number): void {
    const { words, bits } = this;
    const code = this.#codes.data;
    const next = new Uint32Array(words).fill(0xffffffff);
    const passed = new Uint32Array(words);
    const hit = new Uint32Array(words);
    let cursor = start + 2 + code[start + 1]!;
    const runTier = (): void => {
      while (code[cursor] !== -1) {
        const action = code[cursor]!;
        const terms = code[cursor + 1]!;
        cursor += 2;
        hit.fill(0);
        for (let i = 0; i < terms; i++) this.#terms.addTo(code[cursor + i]!, hit, 0, words);
        cursor += terms;
        for (let w = 0; w < words; w++) {
          const settled = hit[w]! & next[w]!;
          if (action === allow) bits[at + w]! |= settled;
          else if (action === pass) passed[w]! |= settled;
          next[w]! &= ~settled;
        }
      }
      cursor++;
      for (let w = 0; w < words; w++) next[w]! |= passed[w]!;
    };
    runTier();
    if (code[start] === 1) {
      hit.fill(0);
      for (let i = 0; i < code[start + 1]!; i++) this.#terms.addTo(code[start + 2 + i]!, hit, 0, words);
      for (let w = 0; w < words; w++) bits[at + w]! |= next[w]! & hit[w]!;
      return;
    }
    passed.fill(0);
    runTier();
    for (let w = 0; w < words; w++) bits[at + w]! |= next[w]!;
  }

  #allows(start: number, identity: number): boolean {
    const code = this.#codes.data;
    const terms = code[start + 1]!;
    const admin = start + 2 + terms;
    let cursor = admin;
    for (let tier = 0; tier < 2; tier++) {
      let decided = -1;
      while (code[cursor] !== -1) {
        const action = code[cursor]!;
        const n = code[cursor + 1]!;
        cursor += 2;
        if (decided < 0 && this.#anyHas(cursor, n, identity)) decided = action;
        cursor += n;
      }
      cursor++;
      if (decided >= 0 && decided !== pass) return decided === allow;
      if (tier === 0 && code[start] === 1) return this.#anyHas(start + 2, terms, identity);
    }
    return true;
  }

  #anyHas(at: number, n: number, identity: number): boolean {
    const code = this.#codes.data;
    for (let i = 0; i < n; i++) if (this.#terms.has(code[at + i]!, identity)) return true;
    return false;
  }
}
