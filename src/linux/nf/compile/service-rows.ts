/**
 * Services of one table, a line of cache each: what a packet to a service needs of all the chains on its way, and the counts
 * that it leaves there. A row is found by the dispatching chain and the packet's key. It is made from the rules
 * (`service-shape.ts`) when a packet first asks, and is stale once a chain it was made of changes. Counts wait in the rows until
 * somebody reads the table's counters: each stands for several rules at once.
 *
 * Where a base chain begins with a plain jump to the dispatching chain, and that with the run of services, an entry says so, and a
 * packet to a service of that run is known by its key alone: it takes the express.
 *
 *   row       [dst, protocol << 16 | port, chain, rule, shape, stream, marked packets, marked bytes, endpoint, endpoint]
 *   shape     endpoints | guard << 8 | express << 16 | first chance << 17; 0: no service, the rules are walked; -1: stale
 *   endpoint  [address, flags | port << 8 | hairpin, packets, bytes]; of more than two the first word is where they stand in `more`
 */
import type { NatRange } from "../conntrack-seam.js";
import type { AddressTest, Rule } from "../rule.js";

export const ROW_WORDS = 16;
export const ENDPOINT_WORDS = 4;
/** Words of a row. */
export const ROW = Object.freeze({ dst: 0, second: 1, chain: 2, rule: 3, shape: 4, stream: 5, packets: 6, bytes: 7, endpoints: 8 } as const);
export const HAIRPIN: number = 1 << 30;
export const STALE = -1;
/** Bit of a shape: the rule stands in a run that its chain begins with. */
export const EXPRESS: number = 1 << 16;
export const CHANCES_SHIFT = 17;
/** Endpoints that stand in the row itself. */
export const NEAR = 2;
/** Bytes that may wait in a count. */
export const MOST_BYTES = 0x40000000;

/** Words of `more` that may be left without a thought. */
const MOST_LEFT = 4096;
const MOST_ENDPOINTS = 255;
const MOST_GUARDS = 255;
const MOST_CHANCES = 0x3fff;
const ROW_BITS = 20;
const NUMBER = (1 << ROW_BITS) - 1;
const FIRST_ROWS = 16;

const HOOKS = 5;

/** Chains by id, as far as this file reads them. */
export type RulesById = ReadonlyMap<number, { readonly rules: readonly Rule[] }>;

/** One endpoint of a service. */
export interface Endpoint {
  readonly chain: number;
  /** the rule of the service's chain that leads to it */
  readonly rule: number;
  readonly addr: number;
  /** flags | port << 8 */
  readonly how: number;
  /** its rules before the last mark what the endpoint itself sends */
  readonly hairpin: boolean;
}

/** A service's chain and what it leads to. */
export interface ServiceShape {
  /** the first rule marks what passes `test`, null: everything; absent if the chain has no such rule */
  readonly guard: { readonly test: AddressTest | null; readonly value: number; readonly mask: number } | null;
  /** chances of the endpoints but the last, in units of 2^-31 */
  readonly chances: readonly number[];
  readonly endpoints: readonly Endpoint[];
}

/** The rule that marks by source. */
export interface Guard {
  readonly test: AddressTest | null;
  readonly value: number;
  readonly mask: number;
  /** by address, two bits each: 0 not asked yet, 1 left alone, 2 marked */
  known: Int32Array;
}

/** What the rule of a guard is made of. */
export type Guarded = Omit<Guard, "known">;

/** Adds to the counters of a chain's rule. */
export type Count = (chain: number, rule: number, packets: number, bytes: number) => void;

export class ServiceRows {
  /** rows from 1 on; REPLACED when it grows, as `more` is */
  words: Int32Array = new Int32Array(0);
  more: Int32Array = new Int32Array(0);
  /** chances - 1, one sequence for all services of as many endpoints */
  chances: Int32Array = new Int32Array(0);
  guards: Guard[] = [];
  /** some row has counts that the table's counters lack */
  waiting = false;
  /** by hook: the dispatching chain that its base chain begins with a jump to, 0 if that is not known */
  readonly entries: Int32Array = new Int32Array(HOOKS);
  /** by hook: packets and bytes of that jump that took the express, and the base chain */
  readonly entered: Float64Array = new Float64Array(HOOKS * 2);
  /** what a translation asks for, as an object */
  readonly range: { -readonly [K in keyof NatRange]: NatRange[K] } = { minAddr: 0 as NatRange["minAddr"], maxAddr: 0 as NatRange["maxAddr"], minPort: 0, maxPort: 0, flags: 0 };
  private readonly bases: Int32Array = new Int32Array(HOOKS);
  private slots: Int32Array = new Int32Array(0);
  private rows = 0;
  private used = 0;
  private left = 0;
  private readonly sequences: Map<string, number> = new Map();
  private chancesUsed = 0;
  /** by chain id: the one row that is made of it, -1 if several are */
  private madeOf: Int32Array = new Int32Array(0);

  /** Where the row of a key begins, 0 if there is none. */
  find(chain: number, dst: number, second: number): number {
    const { slots, words } = this;
    const mask = slots.length - 1;
    if (mask < 0) return 0;
    const hash = hashOf(chain, dst, second);
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = slots[i]!;
      if (slot === 0) return 0;
      if ((slot ^ hash) >>> ROW_BITS !== 0) continue;
      const at = (slot & NUMBER) * ROW_WORDS;
      if (words[at] === dst && words[at + ROW.second] === second && words[at + ROW.chain] === chain) return at;
    }
  }

  /** A row for a key that has none or a stale one; the shape is to be written. 0 if there are too many. */
  add(chain: number, dst: number, second: number, rule: number): number {
    const known = this.find(chain, dst, second);
    if (known !== 0) {
      this.words.fill(0, known + ROW.rule, known + ROW_WORDS);
      this.words[known + ROW.rule] = rule;
      return known;
    }
    if (this.rows === NUMBER) return 0;
    const row = ++this.rows;
    if ((row + 1) * ROW_WORDS > this.words.length) this.words = widened(this.words, Math.max(FIRST_ROWS * ROW_WORDS, this.words.length * 2));
    const at = row * ROW_WORDS;
    this.words[at + ROW.dst] = dst;
    this.words[at + ROW.second] = second;
    this.words[at + ROW.chain] = chain;
    this.words[at + ROW.rule] = rule;
    if (row * 4 > this.slots.length) this.rehash();
    else this.put(row);
    return at;
  }

  /** Writes what a row does. */
  write(at: number, { guard, chances, endpoints }: ServiceShape, express: boolean): void {
    const count = endpoints.length;
    const guardAt = guard === null ? 0 : this.guardOf(guard);
    const chancesAt = this.sequenceOf(chances);
    if (count > MOST_ENDPOINTS || guardAt > MOST_GUARDS || chancesAt > MOST_CHANCES) return;
    let to = at + ROW.endpoints;
    let words = this.words;
    if (count > NEAR) {
      words[to] = this.used;
      to = this.used;
      this.used += count * ENDPOINT_WORDS;
      if (this.used > this.more.length) this.more = widened(this.more, Math.max(this.used, this.more.length * 2));
      words = this.more;
    }
    for (const { addr, how, hairpin } of endpoints) {
      words[to] = addr;
      words[to + 1] = how | (hairpin ? HAIRPIN : 0);
      to += ENDPOINT_WORDS;
    }
    this.words[at + ROW.shape] = count | (guardAt << 8) | (express ? EXPRESS : 0) | (chancesAt << CHANCES_SHIFT);
  }

  /** The base chain of a hook begins with a jump to a dispatching chain. */
  enter(hook: number, base: number, dispatch: number): void {
    this.entries[hook] = dispatch;
    this.bases[hook] = base;
    this.dependOn(base, -1);
  }

  /** The row is stale once the chain changes. */
  dependOn(chain: number, at: number): void {
    if (chain >= this.madeOf.length) this.madeOf = widened(this.madeOf, Math.max(chain + 1, this.madeOf.length * 2));
    const known = this.madeOf[chain]!;
    this.madeOf[chain] = known === 0 || known === at ? at : -1;
  }

  /** A chain is about to change: what waits in the rows that are made of it is handed over. */
  forget(chain: number, chains: RulesById, count: Count): void {
    const at = chain < this.madeOf.length ? this.madeOf[chain]! : 0;
    if (at === 0) return;
    const shape = this.words[at + ROW.shape]!;
    if (at > 0 && shape > 0) this.settleRow(at, chains, count);
    if (at > 0 && shape > 0 && (shape & 255) > NEAR) this.left += (shape & 255) * ENDPOINT_WORDS;
    if (at < 0 || (this.left > MOST_LEFT && this.left * 2 > this.used)) {
      this.settle(chains, count);
      this.drop();
      return;
    }
    this.words[at + ROW.shape] = STALE;
    this.madeOf[chain] = 0;
  }

  /** Hands over the counts that wait, rule by rule. */
  settle(chains: RulesById, count: Count): void {
    if (!this.waiting) return;
    this.waiting = false;
    for (let hook = 0; hook < HOOKS; hook++) {
      const at = hook * 2;
      if (this.entered[at] !== 0) count(this.bases[hook]!, 0, this.entered[at]!, this.entered[at + 1]!);
    }
    this.entered.fill(0);
    const { words } = this;
    for (let row = 1; row <= this.rows; row++) {
      const at = row * ROW_WORDS;
      const shape = words[at + ROW.shape]!;
      // Most rows are of services that nobody has asked since.
      const counted = (shape & 255) > NEAR || (words[at + ROW.packets]! | words[at + ROW.endpoints + 2]! | words[at + ROW.endpoints + ENDPOINT_WORDS + 2]!) !== 0;
      if (shape > 0 && counted) this.settleRow(at, chains, count);
    }
  }

  private settleRow(at: number, chains: RulesById, count: Count): void {
    const { words } = this;
    const dispatch = words[at + ROW.chain]!;
    const rule = words[at + ROW.rule]!;
    const shape = words[at + ROW.shape]!;
    const service = chains.get(dispatch)!.rules[rule]!.to;
    const { rules } = chains.get(service)!;
    const guards = (shape >> 8) & 255 ? 1 : 0;
    const marked = words[at + ROW.packets]!;
    if (marked > 0) {
      count(service, 0, marked, words[at + ROW.bytes]!);
      count(rules[0]!.to, 0, marked, words[at + ROW.bytes]!);
      words[at + ROW.packets] = words[at + ROW.bytes] = 0;
    }
    const endpoints = shape & 255;
    const places = endpoints > NEAR ? this.more : words;
    const from = endpoints > NEAR ? words[at + ROW.endpoints]! : at + ROW.endpoints;
    for (let j = 0; j < endpoints; j++) {
      const place = from + j * ENDPOINT_WORDS;
      const packets = places[place + 2]!;
      if (packets === 0) continue;
      const bytes = places[place + 3]!;
      const { to } = rules[guards + j]!;
      count(dispatch, rule, packets, bytes);
      count(service, guards + j, packets, bytes);
      count(to, chains.get(to)!.rules.length - 1, packets, bytes);
      places[place + 2] = places[place + 3] = 0;
    }
  }

  /** Forgets every row; nothing may be waiting. */
  drop(): void {
    this.words = this.more = this.slots = this.madeOf = this.chances = new Int32Array(0);
    this.rows = this.used = this.left = this.chancesUsed = 0;
    this.guards = [];
    this.entries.fill(0);
    this.sequences.clear();
  }

  private guardOf(guard: Guarded): number {
    const at = this.guards.findIndex((known) => known.value === guard.value && known.mask === guard.mask && sameTest(known.test, guard.test));
    return at < 0 ? this.guards.push({ ...guard, known: new Int32Array(0) }) : at + 1;
  }

  private sequenceOf(chances: readonly number[]): number {
    const key = chances.join();
    const known = this.sequences.get(key);
    if (known !== undefined) return known;
    const at = this.chancesUsed;
    this.chancesUsed += chances.length;
    if (this.chancesUsed > this.chances.length) this.chances = widened(this.chances, this.chancesUsed * 2);
    chances.forEach((chance, i) => {
      this.chances[at + i] = chance - 1;
    });
    this.sequences.set(key, at);
    return at;
  }

  private put(row: number): void {
    const { slots, words } = this;
    const at = row * ROW_WORDS;
    const hash = hashOf(words[at + ROW.chain]!, words[at]!, words[at + ROW.second]!);
    const mask = slots.length - 1;
    let i = hash & mask;
    while (slots[i] !== 0) i = (i + 1) & mask;
    slots[i] = (hash & ~NUMBER) | row;
  }

  private rehash(): void {
    this.slots = new Int32Array(Math.max(FIRST_ROWS * 4, this.slots.length * 2));
    for (let row = 1; row <= this.rows; row++) this.put(row);
  }
}

function sameTest(a: AddressTest | null, b: AddressTest | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.not !== b.not || a.exact !== b.exact) return false;
  for (let i = 0; i < 4; i++) if (a.words[i] !== b.words[i] || a.masks[i] !== b.masks[i]) return false;
  return true;
}

/** Handles of addresses come one after another, so their product alone spreads them. */
function hashOf(chain: number, dst: number, second: number): number {
  const h = Math.imul(dst, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(chain, 0x2c1b3c6d);
  return h ^ (h >>> 15);
}

function widened(array: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
}
