/**
 * Routes, policy rules and learned path MTUs of every namespace: state only; `fib.ts` looks routes up.
 *
 * A route is a frozen record; the routes of one prefix stand in one frozen list, sorted by metric, and that list is what a
 * change replaces. How a destination finds its list (a sorted array for the few routes of a pod, a prefix trie for a node
 * with many) is derived in `fib.ts` and can be thrown away at any time.
 */
import type { Addr } from "../base/address-book.js";
import type { Cidr } from "../base/cidr.js";
import { type Digest, fnv1a32 } from "../base/hash.js";
import { FewPerRow } from "./few-per-row.js";
import type { Nexthop } from "./nexthop.js";
import { RecentAnswers } from "./recent-answers.js";
import { RouteParts } from "./route-parts.js";

/** Route types by their RTN_* numbers. */
export const RTN = Object.freeze({ unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9 } as const);
export type RouteTypeName = keyof typeof RTN;

/** Table ids that rules name by word. */
export const RT_TABLE = Object.freeze({ default: 253, main: 254, local: 255 } as const);

/** Scopes by their RT_SCOPE_* numbers: a smaller number reaches farther. */
export const RT_SCOPE = Object.freeze({ global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const);

export type { Nexthop };

/** One route as `ip route` has it. */
export interface Route {
  readonly family: 4 | 6;
  readonly table: number;
  readonly type: number;
  /** masked words of the destination; IPv4 uses the first */
  readonly words: readonly [number, number, number, number];
  readonly prefix: number;
  readonly metric: number;
  readonly scope: number;
  /** `proto` as `ip route` prints it: kernel, boot, static, bird ... */
  readonly proto: string;
  /** preferred source, 0 if none */
  readonly src: Addr;
  readonly mtu: number;
  readonly hops: readonly Nexthop[];
  readonly cause: number;
}

/** One policy rule (`ip rule`); a field that is 0 or null is not asked for. */
export interface PolicyRule {
  readonly family: 4 | 6;
  readonly pref: number;
  readonly not: boolean;
  readonly from: { readonly words: readonly [number, number, number, number]; readonly prefix: number } | null;
  readonly to: { readonly words: readonly [number, number, number, number]; readonly prefix: number } | null;
  readonly mark: number;
  readonly mask: number;
  readonly iif: string;
  readonly oif: string;
  readonly table: number;
  /** unicast, or the error the rule itself gives (blackhole, unreachable, prohibit) */
  readonly type: number;
  readonly cause: number;
}

/** Acts that wait until somebody looks for a way to one of these destinations. */
export interface WaitingActs {
  readonly destinations: readonly Cidr[];
  /** Does them. */
  readonly write: () => void;
}

/** A path MTU learned from an ICMP error, per destination. */
export interface PathMtu {
  readonly mtu: number;
  /** less was asked for: packets to there may be cut on their way */
  readonly locked?: true;
  /** ns */
  readonly expires: number;
}

/** Key of a prefix inside one table: exact, and unique. */
export function prefixKey(family: number, words: readonly number[], prefix: number): string {
  return family === 4 ? `${words[0]}/${prefix}` : `${words[0]},${words[1]},${words[2]},${words[3]}/${prefix}`;
}

const KEYS_PER_NETNS = 1024;

/** Key of one table of one namespace and family. */
export function tableKey(ns: number, family: number, table: number): number {
  return ns * KEYS_PER_NETNS + (family === 4 ? 0 : 512) + (table & 511);
}

/** Whether a key is that of a table `local`. */
export function isLocalTable(key: number): boolean {
  return (key & 511) === RT_TABLE.local;
}

/** The namespace and the number of the table behind a key. */
export const netnsOfKey = (key: number): number => Math.floor(key / KEYS_PER_NETNS);
export const tableOfKey = (key: number): number => key & 511;

/** Routes by `prefixKey`, those of one prefix by metric. */
export type RouteTable = Map<string, readonly Route[]>;

/** A saved `FibTables`. */
export interface FibState {
  readonly tables: Map<number, RouteTable>;
  readonly rules: Map<number, readonly PolicyRule[]>;
  readonly mtus: Map<number, ReadonlyMap<Addr, PathMtu>>;
  readonly errorTokens: Map<string, readonly [number, number]>;
}

/** All routes, rules and learned MTUs of a world. */
export class FibTables {
  /** by `tableKey` */
  tables: Map<number, RouteTable> = new Map();
  /** by namespace, sorted by preference; a namespace without an entry has the three rules of every kernel */
  rules: Map<number, readonly PolicyRule[]> = new Map();
  mtus: Map<number, ReadonlyMap<Addr, PathMtu>> = new Map();
  /** token buckets of the limiters of ICMP errors: [tokens or 0, time of last refill] by limiter and address */
  errorTokens: Map<string, readonly [number, number]> = new Map();
  /** how destinations find their routes; derived, see `fib.ts` @internal */
  readonly derived: FewPerRow<unknown> = new FewPerRow(KEYS_PER_NETNS);
  /** by namespace and destination, routes found by the three rules of every kernel, and those of the table `local`; derived @internal */
  readonly recent: RecentAnswers<Route> = new RecentAnswers();
  /** @internal */
  readonly parts: RouteParts = new RouteParts();
  /** by namespace, who writes there before the first look; no state, see `write-later.ts` */
  readonly waiting: Map<number, WaitingActs> = new Map();
  /** keys of a namespace's tables; derived */
  readonly keys: Map<number, number[]> = new Map();
  /** routes that traces have numbered; no state, see `route-id.ts` */
  readonly seen: Route[] = [];

  /** The table behind a key, made if it is missing. */
  make(key: number): RouteTable {
    let table = this.tables.get(key);
    if (table === undefined) {
      table = new Map();
      this.tables.set(key, table);
      this.noteKey(key);
    }
    return table;
  }

  /** Forgets everything of a namespace that goes away. */
  drop(ns: number): void {
    this.recent.forget();
    for (const key of this.keys.get(ns) ?? []) {
      this.tables.delete(key);
      this.derived.delete(key);
    }
    this.keys.delete(ns);
    this.waiting.delete(ns);
    this.rules.delete(ns);
    this.mtus.delete(ns);
    const buckets = new RegExp(`^(redirect )?${ns}:`);
    if (this.errorTokens.size > 0) for (const key of [...this.errorTokens.keys()]) if (buckets.test(key)) this.errorTokens.delete(key);
  }

  /** What it holds, as plain data. */
  save(): FibState {
    const tables = new Map<number, RouteTable>();
    for (const [key, table] of this.tables) tables.set(key, new Map(table));
    return { tables, rules: new Map(this.rules), mtus: new Map(this.mtus), errorTokens: new Map(this.errorTokens) };
  }

  /** Takes on a saved state. */
  restore(state: FibState): void {
    this.tables = new Map();
    this.keys.clear();
    for (const [key, table] of state.tables) {
      this.tables.set(key, new Map(table));
      this.noteKey(key);
    }
    this.rules = new Map(state.rules);
    this.mtus = new Map(state.mtus);
    this.errorTokens = new Map(state.errorTokens);
    this.derived.clear();
    this.recent.forget();
    this.waiting.clear();
  }

  private noteKey(key: number): void {
    const ns = netnsOfKey(key);
    const keys = this.keys.get(ns);
    if (keys === undefined) this.keys.set(ns, [key]);
    else keys.push(key);
  }

  /** Folds what routes say, by their words and not by handles. */
  fold(digest: Digest): void {
    for (const [key, table] of this.tables) {
      digest.i32(key);
      for (const [prefix, routes] of table) {
        digest.i32(fnv1a32(prefix));
        for (const r of routes) {
          digest.i32(r.type);
          digest.i32(r.metric);
          for (const hop of r.hops) digest.i32(hop.dev);
        }
      }
    }
    for (const [ns, rules] of this.rules) {
      digest.i32(ns);
      for (const rule of rules) digest.i32(rule.pref * 65536 + rule.table);
    }
  }
}
