/** The nftables tables of every namespace: state only. A change replaces what it touches, so that a checkpoint may share the rest. */
import type { Digest } from "../../../base/hash.js";
import type { NftChain, NftElement, NftSet } from "./nft-doc.js";
import type { NftStatement } from "./nft-statement.js";

/** One table; replaced whole by a transaction, but for what packets add to sets. */
export interface NftTable {
  readonly ns: number;
  readonly family: 4 | 6;
  readonly name: string;
  readonly chains: ReadonlyMap<string, NftChain>;
  /** their `elements` are empty: see {@link NftTable.elements} */
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, NftElement>>;
  /** by set: keys that packets added, and when each goes away, ns */
  readonly dynamic: ReadonlyMap<string, Map<string, number>>;
}

/** A saved `NftTables`. */
export type NftTablesState = readonly NftTable[];

/** The nft tables of every namespace. */
export class NftTables {
  /** by namespace, in the order of their making */
  readonly tables: Map<number, readonly NftTable[]> = new Map();
  /** read rules by text (a cache) @internal */
  readonly read: Map<string, readonly NftStatement[]> = new Map();

  /** A table, undefined if there is none of that name. */
  get(ns: number, family: 4 | 6, name: string): NftTable | undefined {
    return this.tables.get(ns)?.find((table) => table.family === family && table.name === name);
  }

  /** Puts a table in the place of the one of its name. */
  put(table: NftTable): void {
    const old = this.tables.get(table.ns) ?? [];
    const at = old.findIndex((each) => each.family === table.family && each.name === table.name);
    this.tables.set(table.ns, at < 0 ? [...old, table] : old.map((each, i) => (i === at ? table : each)));
  }

  /** Forgets the tables of a namespace that goes away. */
  drop(ns: number): void {
    this.tables.delete(ns);
  }

  /** What it holds, as plain data. */
  save(): NftTablesState {
    return [...this.tables.values()].flat().map((table) => ({ ...table, dynamic: copyDynamic(table.dynamic) }));
  }

  /** Takes on a saved state. */
  restore(state: NftTablesState): void {
    this.tables.clear();
    for (const table of state) this.put({ ...table, dynamic: copyDynamic(table.dynamic) });
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
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
