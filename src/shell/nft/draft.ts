/** The tables of a namespace while a script is worked through: all of it becomes true, or nothing. */
import type { NftChain, NftElement, NftRule, NftSet } from "../../linux/nf/nft/nft-doc.js";
import type { NftClause } from "../../linux/nf/nft/nft-rule-tree.js";
import { nftFamilyWord } from "../../linux/nf/nft/nft-table-text.js";
import { plumb } from "../../linux/plumbing.js";
import type { Place } from "../place.js";

export type FamilyWord = "ip" | "ip6" | "inet";

export const FAMILY_NUMBER = Object.freeze({ ip: 4, ip6: 6, inet: 0 } as const);

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** A table that may be changed. */
export interface TableDraft {
  readonly family: FamilyWord;
  readonly name: string;
  comment: string | undefined;
  handle: number | undefined;
  /** last number given away */
  handles: number;
  readonly chains: Map<string, Open<NftChain>>;
  readonly sets: Map<string, Open<Omit<NftSet, "elements">> & { elements: Map<string, NftElement> }>;
}

export class Draft {
  readonly tables: Map<string, TableDraft> = new Map();
  private readonly changed = new Set<string>();
  private readonly deleted = new Set<string>();

  constructor(private readonly place: Place) {
    const { s, ns } = place;
    for (const table of s.nft.tables.get(ns) ?? []) {
      const family = nftFamilyWord(table.family);
      this.tables.set(`${family} ${table.name}`, {
        family,
        name: table.name,
        comment: table.comment,
        handle: table.handle,
        handles: table.handles ?? 0,
        chains: new Map([...table.chains].map(([name, chain]) => [name, { ...chain }])),
        sets: new Map([...table.sets].map(([name, set]) => [name, { ...set, elements: new Map(table.elements.get(name)) }])),
      });
    }
  }

  table(family: FamilyWord, name: string): TableDraft | undefined {
    return this.tables.get(`${family} ${name}`);
  }

  /** The table, to be changed; made where there is none. */
  open(family: FamilyWord, name: string): TableDraft {
    const key = `${family} ${name}`;
    let table = this.tables.get(key);
    if (table === undefined) {
      const handle = Math.max(0, ...[...this.tables.values()].map((each) => each.handle ?? 0)) + 1;
      this.tables.set(key, (table = { family, name, comment: undefined, handle, handles: 0, chains: new Map(), sets: new Map() }));
    }
    this.changed.add(key);
    return table;
  }

  touch(table: TableDraft): void {
    this.changed.add(`${table.family} ${table.name}`);
  }

  remove(table: TableDraft): void {
    const key = `${table.family} ${table.name}`;
    this.tables.delete(key);
    this.changed.delete(key);
    this.deleted.add(key);
  }

  /** Makes it true; the words of a refusal. */
  commit(): string | null {
    const { s, ns } = this.place;
    for (const key of this.deleted) {
      const [family = "ip", name = ""] = key.split(" ");
      if (s.nft.get(ns, FAMILY_NUMBER[family as FamilyWord], name) !== undefined) plumb(s, { verb: "nft-table", ns, family: family as FamilyWord, name, table: null });
    }
    for (const key of this.changed) {
      const table = this.tables.get(key)!;
      const refused = plumb(s, {
        verb: "nft-table",
        ns,
        family: table.family,
        name: table.name,
        table: {
          ...(table.comment === undefined ? {} : { comment: table.comment }),
          ...(table.handle === undefined ? {} : { handle: table.handle }),
          handles: table.handles,
          chains: [...table.chains.values()].map((chain) => Object.freeze({ ...chain })),
          sets: [...table.sets.values()].map((set) => Object.freeze({ ...set, elements: [...set.elements.values()] })),
        },
      });
      if (refused !== null) return refused.message;
    }
    return null;
  }
}

/** The next number of a table. */
export function nextHandle(table: TableDraft): number {
  return ++table.handles;
}

/** A rule takes a number behind those of its anonymous sets; one element alone needs no set. */
export function ruleHandle(table: TableDraft, clauses: readonly NftClause[]): number {
  for (const clause of clauses) {
    const entries = clause.kind === "in" || clause.kind === "verdict-map" ? clause.source : null;
    if (entries?.kind === "entries" && (entries.entries.length > 1 || clause.kind === "verdict-map")) nextHandle(table);
    if (clause.kind === "nat" && clause.place.map !== null) nextHandle(table);
  }
  return nextHandle(table);
}

/** Where a name of a table is spoken of: by rules of its chains and elements of its maps. */
export function isUsed(table: TableDraft, name: string, kind: "chain" | "set", clausesOf: (rule: NftRule) => readonly NftClause[]): boolean {
  const speaks = (clause: NftClause): boolean => {
    if (kind === "set") return (clause.kind === "in" || clause.kind === "verdict-map") && clause.source.kind === "set" ? clause.source.name === name : clause.kind === "update-set" && clause.set === name;
    if (clause.kind === "go") return clause.verdict.chain === name;
    return (clause.kind === "verdict-map" || clause.kind === "in") && clause.source.kind === "entries" && clause.source.entries.some((entry) => entry.verdict?.chain === name);
  };
  if ([...table.chains.values()].some((chain) => chain.rules.some((rule) => clausesOf(rule).some(speaks)))) return true;
  return kind === "chain" && [...table.sets.values()].some((set) => [...set.elements.values()].some(({ value }) => value === `goto ${name}` || value === `jump ${name}`));
}
