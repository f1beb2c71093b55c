/** The sets of every namespace: state only; `ipset.ts` changes and asks them. */
import type { Digest } from "../../base/hash.js";
import { EntryReads } from "./ipset-reads.js";
import { NameIds } from "./name-ids.js";

/** Types by number; `dims` are what an entry is made of and `-m set` flags speak of. */
export const SET_TYPES: readonly { readonly name: string; readonly dims: number }[] = Object.freeze([
  { name: "hash:ip", dims: 1 },
  { name: "hash:net", dims: 1 },
  { name: "hash:ip,port", dims: 2 },
  { name: "hash:ip,port,ip", dims: 3 },
  { name: "hash:ip,port,net", dims: 3 },
  { name: "hash:net,port", dims: 2 },
  { name: "hash:mac", dims: 1 },
  { name: "bitmap:port", dims: 1 },
  { name: "list:set", dims: 1 },
]);

/** One element; what its type does not have is 0. */
export interface SetEntry {
  /** as `ipset save` prints it, without options */
  readonly text: string;
  readonly words: readonly [number, number, number, number];
  readonly prefix: number;
  readonly proto: number;
  readonly port: number;
  /** second address or net */
  readonly words2: readonly [number, number, number, number];
  readonly prefix2: number;
  readonly mac: number;
  /** list:set: id of the member set's name */
  readonly set: number;
  readonly nomatch: boolean;
  /** ns when it goes, 0 never */
  readonly expires: number;
  readonly comment: string;
  readonly cause: number;
}

/** What a set was created with, frozen. */
export interface SetOptions {
  /** index in SET_TYPES */
  readonly type: number;
  /** 4 or 6; 0 where the type has no addresses */
  readonly family: 0 | 4 | 6;
  readonly hashsize: number;
  readonly maxelem: number;
  /** bitmap:port */
  readonly range: readonly [number, number];
  /** list:set */
  readonly size: number;
  /** seconds; -1: entries have no timeouts */
  readonly timeout: number;
  readonly counters: boolean;
  readonly comment: boolean;
  /** hash:ip: prefix that every entry is masked to */
  readonly netmask: number;
  readonly cause: number;
}

/** An index from addresses to entries, derived: `ipset-index.ts` makes it when a packet first asks. */
export interface SetIndex {
  readonly made: true;
}

/** One set: what it was created with, and its entries by text. */
export class IpSet {
  entries: Map<string, SetEntry>;
  /** @internal */
  index: SetIndex | null = null;
  shared = false;

  constructor(
    readonly options: SetOptions,
    entries: Map<string, SetEntry> = new Map(),
  ) {
    this.entries = entries;
  }

  /** The entries, for changing. */
  own(): Map<string, SetEntry> {
    if (this.shared) {
      this.entries = new Map(this.entries);
      this.shared = false;
    }
    return this.entries;
  }
}

/** A saved `IpSets`. */
export interface IpSetsState {
  readonly names: readonly string[];
  readonly sets: readonly { readonly key: number; readonly options: SetOptions; readonly entries: ReadonlyMap<string, SetEntry> }[];
}

/** The sets of every namespace. */
export class IpSets {
  readonly names: NameIds = new NameIds();
  /** @internal */
  readonly reads: EntryReads<SetEntry> = new EntryReads();
  /** by `setKey`, in the order of their making */
  readonly sets: Map<number, IpSet> = new Map();

  /** A set by namespace and name id, undefined if there is none. */
  get(ns: number, name: number): IpSet | undefined {
    return this.sets.get(setKey(ns, name));
  }

  /** Name ids of a namespace's sets, oldest first. */
  of(ns: number): number[] {
    const found: number[] = [];
    for (const key of this.sets.keys()) if (Math.floor(key / NAMES) === ns) found.push(key % NAMES);
    return found;
  }

  /** Forgets the sets of a namespace that goes away. */
  drop(ns: number): void {
    for (const name of this.of(ns)) this.sets.delete(setKey(ns, name));
  }

  /** What it holds, as plain data. */
  save(): IpSetsState {
    const sets = [...this.sets].map(([key, set]) => {
      set.shared = true;
      return { key, options: set.options, entries: set.entries };
    });
    return { names: this.names.save(), sets };
  }

  /** Takes on a saved state. */
  restore(state: IpSetsState): void {
    this.names.restore(state.names);
    this.reads.drop();
    this.sets.clear();
    for (const { key, options, entries } of state.sets) {
      const set = new IpSet(options, entries as Map<string, SetEntry>);
      set.shared = true;
      this.sets.set(key, set);
    }
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const rows = [...this.sets].map(([key, set]) => ({ ns: Math.floor(key / NAMES), name: this.names.name(key % NAMES), set }));
    rows.sort((a, b) => a.ns - b.ns || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (const { ns, name, set } of rows) {
      digest.i32(ns);
      digest.text(name);
      digest.i32(set.options.type);
      for (const text of [...set.entries.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
        digest.text(text);
        digest.f64(set.entries.get(text)!.expires);
      }
    }
  }
}

const NAMES = 0x1000000;

/** Key of a set: namespace and name id. */
export function setKey(ns: number, name: number): number {
  return ns * NAMES + name;
}
