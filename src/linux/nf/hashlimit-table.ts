/** What `-m hashlimit` remembers (net/netfilter/xt_hashlimit.c): tables by namespace, family and name, in each a bucket of credit for a key. */
import type { Digest } from "../../base/hash.js";

/** Settings of a table: those of the rule that made it. Times in jiffies. */
export interface HashlimitConfig {
  /** credit for one packet, and the most there is */
  readonly cost: number;
  readonly cap: number;
  readonly max: number;
  readonly expire: number;
  readonly interval: number;
}

/** One bucket. */
export interface HashlimitBucket {
  /** jiffy of the last reckoning */
  readonly prev: number;
  readonly credit: number;
}

/** A table with the jiffy in which it was made, from which the sweeps are counted. */
export interface HashlimitTable {
  readonly config: HashlimitConfig;
  readonly since: number;
  readonly buckets: Map<string, HashlimitBucket>;
}

/** Saved tables. */
export interface HashlimitState {
  readonly ns: number;
  readonly key: string;
  readonly config: HashlimitConfig;
  readonly since: number;
  readonly buckets: readonly (readonly [key: string, bucket: HashlimitBucket])[];
}

/** Tables of all namespaces. */
export class HashlimitTables {
  private readonly held = new Map<number, Map<string, HashlimitTable>>();

  /** The table of that name, made with this configuration where there is none. */
  of(ns: number, family: number, name: string, config: HashlimitConfig, now: number): HashlimitTable {
    let tables = this.held.get(ns);
    if (tables === undefined) this.held.set(ns, (tables = new Map()));
    const key = `${family} ${name}`;
    let table = tables.get(key);
    if (table === undefined) tables.set(key, (table = { config, since: now, buckets: new Map() }));
    return table;
  }

  /** A namespace goes. */
  drop(ns: number): void {
    this.held.delete(ns);
  }

  /** What it holds, as plain data. */
  save(): readonly HashlimitState[] {
    return [...this.held].flatMap(([ns, tables]) => [...tables].map(([key, { config, since, buckets }]) => ({ ns, key, config, since, buckets: [...buckets] })));
  }

  /** Takes on a saved state. */
  restore(states: readonly HashlimitState[]): void {
    this.held.clear();
    for (const { ns, key, config, since, buckets } of states) {
      const tables = this.held.get(ns) ?? new Map<string, HashlimitTable>();
      tables.set(key, { config, since, buckets: new Map(buckets) });
      this.held.set(ns, tables);
    }
  }

  /** By namespace and name, so that the order in which tables were made does not show. */
  fold(digest: Digest): void {
    for (const [ns, tables] of [...this.held].sort(([x], [y]) => x - y)) {
      for (const [key, { buckets }] of [...tables].sort(([x], [y]) => (x < y ? -1 : 1))) {
        digest.i32(ns);
        digest.text(key);
        for (const [of, { prev, credit }] of [...buckets].sort(([x], [y]) => (x < y ? -1 : 1))) {
          digest.text(of);
          digest.f64(prev);
          digest.f64(Math.floor(credit / 0x80000000));
        }
      }
    }
  }
}
