/** The nftables tables of every namespace: state only. A change replaces what it touches, so that a checkpoint may share the rest. */
import type { Digest } from "../../../base/hash.js";
import type { NftChain, NftElement, NftSet } from "./nft-doc.js";
import { countKey, type NftCount } from "./nft-count.js";
import type { NftEntry } from "./nft-rule-tree.js";
import type { NftStep } from "./nft-step.js";

/** One table; replaced whole by a transaction, but for what packets add to sets. */
export interface NftTable {
  readonly ns: number;
  /** 0: both (`inet`) */
  readonly family: 0 | 4 | 6;
  readonly name: string;
  readonly comment?: string;
  readonly handle?: number;
  /** last number given to a chain, set or rule */
  readonly handles?: number;
  readonly chains: ReadonlyMap<string, NftChain>;
  /** their `elements` are empty: see {@link NftTable.elements} */
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, NftElement>>;
  /** by set: keys that packets added, and when each goes away, ns */
  readonly dynamic: ReadonlyMap<string, Map<string, number>>;
}

/** A saved `NftTables`. */
export interface NftTablesState {
  readonly tables: readonly NftTable[];
  readonly counts: ReadonlyMap<string, Readonly<NftCount>>;
}

/** The nft tables of every namespace. */
export class NftTables {
  /** by namespace, in the order of their making */
  readonly tables: Map<number, readonly NftTable[]> = new Map();
  /** read rules by text (a cache) @internal */
  readonly read: Map<string, readonly NftStep[]> = new Map();
  /** read elements by type and text (a cache) @internal */
  private readonly entries: Map<string, NftEntry | undefined> = new Map();
  /** numbers of rules, by `countKey` */
  private counts: Map<string, NftCount> = new Map();

  /** A table, undefined if there is none of that name. */
  get(ns: number, family: 0 | 4 | 6, name: string): NftTable | undefined {
    return this.tables.get(ns)?.find((table) => table.family === family && table.name === name);
  }

  /** Puts a table in the place of the one of its name. */
  put(table: NftTable): void {
    const old = this.tables.get(table.ns) ?? [];
    const at = old.findIndex((each) => each.family === table.family && each.name === table.name);
    this.tables.set(table.ns, at < 0 ? [...old, table] : old.map((each, i) => (i === at ? table : each)));
  }

  /** Takes a table away. */
  remove(table: NftTable): void {
    const left = (this.tables.get(table.ns) ?? []).filter((each) => each !== table);
    if (left.length === 0) this.tables.delete(table.ns);
    else this.tables.set(table.ns, left);
  }

  /** The numbers of a rule, to be counted up. */
  count(key: string): NftCount {
    let known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, (known = { packets: 0, bytes: 0, turns: 0 }));
    return known;
  }

  /** Sets what a rule's counter has counted so far; null forgets it. */
  setCount(key: string, packets: number | null, bytes: number = 0): void {
    if (packets === null) this.counts.delete(key);
    else this.counts.set(key, { packets, bytes, turns: 0 });
  }

  /** Packets and bytes of a rule's counter, undefined if it has none yet. */
  counted(table: NftTable, handle: number | undefined): readonly [packets: number, bytes: number] | undefined {
    const known = handle === undefined ? undefined : this.counts.get(countKey(table, { handle }));
    return known === undefined ? undefined : [known.packets, known.bytes];
  }

  /** An element as it was read before. @internal */
  entry(key: string, type: string, read: () => NftEntry | undefined): NftEntry | undefined {
    const name = `${type}|${key}`;
    if (!this.entries.has(name)) this.entries.set(name, read());
    return this.entries.get(name);
  }

  /** Forgets the tables of a namespace that goes away. */
  drop(ns: number): void {
    this.tables.delete(ns);
  }

  /** What it holds, as plain data. */
  save(): NftTablesState {
    return { tables: [...this.tables.values()].flat().map((table) => ({ ...table, dynamic: copyDynamic(table.dynamic) })), counts: new Map([...this.counts].map(([key, count]) => [key, { ...count }])) };
  }

  /** Takes on a saved state. */
  restore(state: NftTablesState): void {
    this.tables.clear();
    for (const table of state.tables) this.put({ ...table, dynamic: copyDynamic(table.dynamic) });
    this.counts = new Map([...state.counts].map(([key, count]) => [key, { ...count }]));
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    for (const key of names(this.counts)) {
      const { packets, bytes, turns } = this.counts.get(key)!;
      digest.text(key);
      digest.f64(packets);
      digest.f64(bytes);
      digest.i32(turns);
    }
    for (const ns of [...this.tables.keys()].sort((a, b) => a - b)) {
      for (const table of this.tables.get(ns)!) {
        digest.i32(ns * 2 + Number(table.family === 6));
        digest.text(table.name);
        for (const name of names(table.chains)) {
          digest.text(name);
          for (const { text } of table.chains.get(name)!.rules) digest.text(text);
        }
        for (const name of names(table.elements)) for (const key of names(table.elements.get(name)!)) digest.text(`${name} ${key} ${table.elements.get(name)!.get(key)!.value}`);
        for (const name of names(table.dynamic)) {
          for (const key of names(table.dynamic.get(name)!)) {
            digest.text(`${name} ${key}`);
            digest.f64(table.dynamic.get(name)!.get(key)!);
          }
        }
      }
    }
  }
}

function names(map: ReadonlyMap<string, unknown>): readonly string[] {
  return [...map.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function copyDynamic(dynamic: NftTable["dynamic"]): NftTable["dynamic"] {
  return new Map([...dynamic].map(([name, keys]) => [name, new Map(keys)]));
}
