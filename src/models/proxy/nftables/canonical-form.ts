// The order in which kube-proxy's own tests dump a table; `nft -f` loads it. Read first: Fake.Dump in knftables.

import { compareText } from "../compare-text.js";
import { type NftChain, type NftElement, type NftRule, type NftSet, type NftTable, TABLE_COMMENT, TABLE_NAME } from "./nft-doc.js";

/** The table as `add` lines: chains, sets, maps, rules by chain, elements by set and map. */
export function formatCanonical(table: NftTable): string {
  const at = `${table.family} ${TABLE_NAME}`;
  const lines = [
    `add table ${at} { comment "${TABLE_COMMENT}" ; }`,
    ...table.chains.map((chain) => formatAddChain(chain, at)),
    ...table.sets.map((set) => formatAddSet(set, at)),
    ...table.chains.flatMap((chain) => chain.rules.map((rule) => formatAddRule(chain.name, rule, at))),
    ...table.sets.flatMap((set) => set.elements.map((element) => formatAddElement(set.name, element, at)).sort(compareText)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

export function formatAddChain(chain: NftChain, at: string): string {
  const { base, comment } = chain;
  const parts = [
    ...(base === null ? [] : [`type ${base.type} hook ${base.hook} priority ${base.priority} ;`]),
    ...(comment === "" ? [] : [`comment "${comment}" ;`]),
  ];
  return `add chain ${at} ${chain.name}${parts.length === 0 ? "" : ` { ${parts.join(" ")} }`}`;
}

export function formatAddSet(set: NftSet, at: string): string {
  const parts = [
    `type ${set.type} ;`,
    ...(set.timeout === 0 ? [] : ["flags dynamic,timeout ;", `timeout ${set.timeout}s ;`]),
    ...(set.comment === "" ? [] : [`comment "${set.comment}" ;`]),
  ];
  return `add ${set.kind} ${at} ${set.name} { ${parts.join(" ")} }`;
}

export function formatAddRule(chain: string, rule: NftRule, at: string): string {
  return `add rule ${at} ${chain} ${rule.text}${rule.comment === "" ? "" : ` comment "${rule.comment}"`}`;
}

export function formatAddElement(set: string, element: NftElement, at: string): string {
  return `add element ${at} ${set} { ${formatElement(element)} }`;
}

/** `KEY comment "..." : VERDICT`, without the parts that are not there. */
export function formatElement(element: NftElement): string {
  return `${element.key}${element.comment === "" ? "" : ` comment "${element.comment}"`}${element.value === "" ? "" : ` : ${element.value}`}`;
}
