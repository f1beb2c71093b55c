/** What `nft list table` knows, as records: chains and sets by name, without what packets added. */
import type { Stack } from "../../stack.js";
import type { NftChain, NftSet } from "./nft-doc.js";

export interface ListedNftTable {
  readonly family: "ip" | "ip6";
  readonly chains: readonly NftChain[];
  /** sets, then maps */
  readonly sets: readonly NftSet[];
}

/** A table of a namespace; undefined if there is none of that name. */
export function listNftTable(s: Stack, ns: number, family: 4 | 6, name: string): ListedNftTable | undefined {
  const table = s.nft.get(ns, family, name);
  if (table === undefined) return undefined;
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const sets = [...table.sets.values()].map((set) => ({ ...set, elements: [...table.elements.get(set.name)!.values()] }));
  return {
    family: family === 4 ? "ip" : "ip6",
    chains: [...table.chains.values()].sort(byName),
    sets: sets.sort((a, b) => Number(a.kind === "map") - Number(b.kind === "map") || byName(a, b)),
  };
}
