/**
 * The tables of every namespace: state only. A chain is a frozen record and what a change replaces; the map of a table's
 * chains is copied before the first change after it was shared with a checkpoint. Counters and the state of rules (limit,
 * statistic) are hot, one array for each chain that a packet has met.
 */
import type { Digest } from "../../base/hash.js";
import { FewPerRow } from "../few-per-row.js";
import { CompiledChains, sameRules } from "./compile/compiled-chains.js";
import { ServiceRows } from "./compile/service-rows.js";
import type { ConntrackOps, WalkNat } from "./conntrack-seam.js";
import { CounterSlab } from "./counter-slab.js";
import { type HashlimitState, HashlimitTables } from "./hashlimit-table.js";
import { NameIds } from "./name-ids.js";
import { RestoreReads } from "./restore-reads.js";
import type { Rule } from "./rule.js";
import { RulePlaces } from "./rule-places.js";
import { WalkFrame } from "./walk-frame.js";

/** The tables in the order in which a hook asks them (nat stands where its hook's priority puts it, see hooks.ts). */
export const TABLE = Object.freeze({ raw: 0, mangle: 1, nat: 2, filter: 3, security: 4 } as const);
export type TableName = keyof typeof TABLE;
export const TABLE_NAMES: readonly TableName[] = Object.freeze(["raw", "mangle", "nat", "filter", "security"] as const);

/** Base chains by hook number. */
export const BASE_CHAINS: readonly string[] = Object.freeze(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]);

/** Hooks that each table has a chain at, by TABLE number. */
export const TABLE_HOOKS: readonly (readonly number[])[] = Object.freeze([[0, 3], [0, 1, 2, 3, 4], [0, 1, 3, 4], [1, 2, 3], [1, 2, 3]]);

const KEYS_PER_NETNS = 16;

export const POLICY = Object.freeze({ none: 0, accept: 1, drop: 2 } as const);

/** One chain; replaced whole when a rule changes. */
export interface Chain {
  /** its name's id in `NfTables.names` */
  readonly id: number;
  readonly name: string;
  /** POLICY.none for a user chain */
  readonly policy: number;
  readonly rules: readonly Rule[];
  /** numbers of state its rules keep in all, and where each rule's begin; empty when none keeps any */
  readonly slots: number;
  readonly slotAt: readonly number[];
  readonly hash: number;
}

/** One table of one namespace and family. */
export class NfTable {
  chains: Map<number, Chain> = new Map();
  /** the counters but for what waits in `services`; see `counters` @internal */
  settled: Map<number, Float64Array> = new Map();
  /** by chain id: what limit and nth remember */
  memory: Map<number, Float64Array> = new Map();
  /** chain ids by hook, 0 for hooks the table has no chain at */
  readonly base: Int32Array = new Int32Array(5);
  /** random streams by chain id (a cache) @internal */
  readonly draws: Map<number, number> = new Map();
  /** where compiled walks find counters (a cache; the counters themselves are views of it) @internal */
  readonly slab: CounterSlab = new CounterSlab();
  /** services that compiled walks met (a cache, but for the counts that wait there) @internal */
  readonly services: ServiceRows = new ServiceRows();
  shared = false;
  /** bits by hook of the base chains whose policy counts nothing: with the nft flavour those that nobody has given one yet */
  silent = 0;

  constructor(
    readonly ns: number,
    readonly family: 4 | 6,
    readonly index: number,
  ) {}

  /** The chains, for changing. */
  own(): Map<number, Chain> {
    if (this.shared) {
      this.chains = new Map(this.chains);
      this.shared = false;
    }
    return this.chains;
  }

  /** By chain id: packets and bytes of the policy, then of each rule; missing until something was counted. */
  get counters(): ReadonlyMap<number, Float64Array> {
    if (this.services.waiting) this.services.settle(this.chains, this.count);
    return this.settled;
  }

  /** A chain is about to be replaced or removed: nothing compiled may speak of it. */
  forget(id: number): void {
    this.services.forget(id, this.chains, this.count);
    this.slab.forget(id, this.settled.get(id)?.length ?? 0);
  }

  /** Counters of a chain to add to, made on first use. */
  countersOf(chain: Chain): Float64Array {
    let counters = this.settled.get(chain.id);
    if (counters === undefined) {
      counters = new Float64Array(2 + 2 * chain.rules.length);
      this.settled.set(chain.id, counters);
    }
    return counters;
  }

  /** Counts packets that met a rule. @internal */
  readonly count = (chain: number, rule: number, packets: number, bytes: number): void => {
    const counters = this.countersOf(this.chains.get(chain)!);
    counters[2 + 2 * rule]! += packets;
    counters[3 + 2 * rule]! += bytes;
  };
}

/** A table as plain data. */
export interface NfTableState {
  readonly ns: number;
  readonly family: 4 | 6;
  readonly index: number;
  readonly chains: ReadonlyMap<number, Chain>;
  readonly counters: ReadonlyMap<number, Float64Array>;
  readonly memory: ReadonlyMap<number, Float64Array>;
  readonly base: Int32Array;
  readonly silent: number;
}

/** One address remembered by `-m recent`. */
export interface RecentEntry {
  readonly ttl: number;
  /** ns, oldest first */
  readonly stamps: readonly number[];
}

/** A saved `NfTables`. */
export interface NfTablesState {
  readonly names: readonly string[];
  readonly tables: readonly NfTableState[];
  readonly recent: ReadonlyMap<number, ReadonlyMap<number, RecentEntry>>;
  readonly hashlimit: readonly HashlimitState[];
}

/** The iptables tables of every namespace. */
export class NfTables {
  /** names of chains and devices that rules speak of */
  readonly names: NameIds = new NameIds();
  /** by `tableKey` */
  readonly tables: FewPerRow<NfTable> = new FewPerRow(KEYS_PER_NETNS);
  /** lists of `-m recent` by `recentKey`; addresses by handle, the one longest untouched first */
  readonly recent: Map<number, Map<number, RecentEntry>> = new Map();
  /** buckets of `-m hashlimit` */
  readonly hashlimit: HashlimitTables = new HashlimitTables();
  /** filled in by conntrack @internal */
  ct: ConntrackOps | null = null;
  /** filled in by hooks: the nat chains, for conntrack @internal */
  walkNat: WalkNat | null = null;
  /** rules by family, cause and words: equal words are one record (a cache) @internal */
  readonly parsed: Map<string, readonly Rule[]> = new Map();
  /** @internal */
  readonly reads: RestoreReads = new RestoreReads();
  /** by table and chain id, the chain that was made last: nodes with the same rules hold the same chains (a cache) @internal */
  private readonly made: Map<number, Chain> = new Map();
  /** @internal */
  readonly places: RulePlaces = new RulePlaces();
  /** a cache @internal */
  readonly compiled: CompiledChains = new CompiledChains();
  /** the last verdict of a table, for the hook that asked @internal */
  verdict = 1;
  /** errno for the sender of what was dropped last (NF_DROP_GETERR) @internal */
  error = 0;
  /** @internal */
  readonly frames: WalkFrame[] = [];
  /** @internal */
  depth = 0;

  /** A table (a number of `TABLE`), undefined if the namespace never had it. */
  get(ns: number, family: number, table: number): NfTable | undefined {
    return this.tables.get(tableKey(ns, family, table));
  }

  /** The table; made empty, with its base chains accepting, if the namespace did not have it. */
  make(ns: number, family: 4 | 6, index: number): NfTable {
    const key = tableKey(ns, family, index);
    const known = this.tables.get(key);
    if (known !== undefined) return known;
    const table = new NfTable(ns, family, index);
    for (const hook of TABLE_HOOKS[index]!) {
      const name = BASE_CHAINS[hook]!;
      const id = this.names.of(name);
      table.base[hook] = id;
      table.chains.set(id, makeChain(id, name, POLICY.accept, []));
    }
    this.tables.set(key, table);
    return table;
  }

  /** A chain of a table; the one that another namespace has, where that says the same. */
  chainOf({ family, index }: NfTable, id: number, name: string, policy: number, rules: readonly Rule[]): Chain {
    const key = tableKey(id, family, index);
    const last = this.made.get(key);
    if (last !== undefined && last.policy === policy && sameRules(last.rules, rules)) return last;
    const chain = makeChain(id, name, policy, rules);
    this.made.set(key, chain);
    return chain;
  }

  /** Drops everything of a namespace that goes away. */
  drop(ns: number): void {
    this.hashlimit.drop(ns);
    for (let key = ns * KEYS_PER_NETNS; key < (ns + 1) * KEYS_PER_NETNS; key++) this.tables.delete(key);
    for (const key of this.recent.keys()) if (Math.floor(key / RECENT_NAMES) === ns) this.recent.delete(key);
  }

  /** The frame of the pass that begins now; `leave` gives it back. @internal */
  enter(): WalkFrame {
    let frame = this.frames[this.depth];
    if (frame === undefined) {
      frame = new WalkFrame();
      this.frames.push(frame);
    }
    this.depth++;
    return frame;
  }

  /** @internal */
  leave(): void {
    this.depth--;
  }

  /** What it holds, as plain data. */
  save(): NfTablesState {
    const tables = this.tables.values().map((table): NfTableState => {
      table.shared = true;
      const { ns, family, index, chains, silent } = table;
      return { ns, family, index, chains, silent, counters: copyArrays(table.counters), memory: copyArrays(table.memory), base: table.base.slice() };
    });
    return { names: this.names.save(), tables, recent: copyMaps(this.recent), hashlimit: this.hashlimit.save() };
  }

  /** Takes on a saved state. */
  restore(state: NfTablesState): void {
    this.names.restore(state.names);
    this.parsed.clear();
    this.reads.drop();
    this.made.clear();
    this.compiled.drop();
    this.tables.clear();
    for (const saved of state.tables) {
      const table = new NfTable(saved.ns, saved.family, saved.index);
      table.chains = saved.chains as Map<number, Chain>;
      table.shared = true;
      table.settled = copyArrays(saved.counters);
      table.memory = copyArrays(saved.memory);
      table.base.set(saved.base);
      table.silent = saved.silent;
      this.tables.set(tableKey(saved.ns, saved.family, saved.index), table);
    }
    this.hashlimit.restore(state.hashlimit);
    this.recent.clear();
    for (const [name, entries] of state.recent) this.recent.set(name, new Map(entries));
  }

  /** Folds tables and chains by name, so that the order in which they were made does not show. */
  fold(digest: Digest): void {
    this.hashlimit.fold(digest);
    const keyOf = (table: NfTable): number => tableKey(table.ns, table.family, table.index);
    for (const table of this.tables.values().sort((a, b) => keyOf(a) - keyOf(b))) {
      digest.f64(keyOf(table));
      digest.i32(table.silent);
      const chains = [...table.chains.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      for (const chain of chains) {
        digest.text(chain.name);
        digest.i32(chain.policy);
        digest.i32(chain.hash);
        foldArray(digest, table.counters.get(chain.id));
        foldArray(digest, table.memory.get(chain.id));
      }
    }
    const lists = [...this.recent.keys()].map((key) => ({ key, ns: Math.floor(key / RECENT_NAMES), name: this.names.name((key % RECENT_NAMES) >> 1) }));
    lists.sort((a, b) => a.ns - b.ns || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || a.key - b.key);
    for (const { key, ns, name } of lists) {
      digest.i32(ns);
      digest.text(name);
      for (const entry of this.recent.get(key)!.values()) {
        digest.i32(entry.ttl);
        for (const stamp of entry.stamps) digest.f64(stamp);
      }
    }
  }
}

/** The only maker of chains: works out where the rules' state lies, and the hash. */
export function makeChain(id: number, name: string, policy: number, rules: readonly Rule[]): Chain {
  let slots = 0;
  let hash = rules.length;
  for (const rule of rules) {
    slots += rule.slots;
    hash = (Math.imul(hash, 31) + rule.hash) | 0;
  }
  let slotAt: number[] = [];
  if (slots > 0) {
    let at = 0;
    slotAt = rules.map((rule) => {
      const here = at;
      at += rule.slots;
      return here;
    });
  }
  return Object.freeze({ id, name, policy, rules: Object.freeze(rules), slots, slotAt: Object.freeze(slotAt), hash });
}

/** Key of one table of one namespace and family. */
export function tableKey(ns: number, family: number, table: number): number {
  return ns * KEYS_PER_NETNS + (family === 6 ? 8 : 0) + table;
}

const RECENT_NAMES = 0x2000000;

/** Key of a list of `-m recent`: namespace, name id, family. */
export function recentKey(ns: number, family: number, name: number): number {
  return ns * RECENT_NAMES + name * 2 + (family === 6 ? 1 : 0);
}

function copyArrays(arrays: ReadonlyMap<number, Float64Array>): Map<number, Float64Array> {
  const copy = new Map<number, Float64Array>();
  for (const [key, array] of arrays) copy.set(key, array.slice());
  return copy;
}

function copyMaps<T>(maps: ReadonlyMap<number, ReadonlyMap<number, T>>): Map<number, Map<number, T>> {
  const copy = new Map<number, Map<number, T>>();
  for (const [key, map] of maps) copy.set(key, new Map(map));
  return copy;
}

function foldArray(digest: Digest, array: Float64Array | undefined): void {
  if (array === undefined) return;
  for (let i = 0; i < array.length; i++) {
    if (array[i] !== 0) {
      digest.i32(i);
      digest.f64(array[i]!);
    }
  }
}
