/** Rules of nftables in general, as trees: matches over fields, sets, maps and bits, and statements. Read first: nft(8), EXPRESSIONS and STATEMENTS. */
import type { NftType, NftValue } from "./nft-types.js";

/** What a packet is asked for: `tcp dport`, `meta l4proto`. */
export interface NftFieldInfo {
  readonly name: string;
  readonly type: NftType;
  /** protocol a packet must have for it, 0: any */
  readonly proto: number;
  readonly family: 0 | 4 | 6;
}

/** Values from `first` to `last`. */
export interface NftRange {
  readonly first: NftValue;
  readonly last: NftValue;
}

export interface NftVerdictWords {
  readonly go: "accept" | "drop" | "return" | "continue" | "jump" | "goto";
  readonly chain: string;
}

/** An element of an anonymous set or map: a range for each part of the key. */
export interface NftEntry {
  readonly key: readonly NftRange[];
  readonly verdict?: NftVerdictWords;
  readonly data?: readonly NftValue[];
}

export type NftSource = { readonly kind: "set"; readonly name: string } | { readonly kind: "entries"; readonly entries: readonly NftEntry[] };

/** Left side of a match: fields joined, with a mask where there is one. */
export interface NftLeft {
  readonly fields: readonly NftFieldInfo[];
  readonly mask: bigint | null;
}

/** A number drawn: `numgen random mod 3`. */
export interface NftNumgen {
  readonly mode: "random" | "inc";
  readonly mod: number;
  readonly offset: number;
}

export interface NftPlace {
  readonly family: 0 | 4 | 6;
  readonly addr: NftRange | null;
  readonly port: NftRange | null;
  /** addresses (and ports) chosen by a draw */
  readonly map: { readonly by: NftNumgen; readonly entries: readonly NftEntry[]; readonly withPort: boolean } | null;
}

export type NftClause =
  | { readonly kind: "match"; readonly left: NftLeft; readonly op: "==" | "!=" | "<" | ">" | "<=" | ">="; readonly right: NftRange }
  | { readonly kind: "flags"; readonly left: NftLeft; readonly not: boolean; readonly bits: bigint; readonly mask: bigint | null }
  | { readonly kind: "in"; readonly left: NftLeft; readonly not: boolean; readonly source: NftSource }
  | { readonly kind: "verdict-map"; readonly by: NftLeft | NftNumgen; readonly source: NftSource }
  | { readonly kind: "go"; readonly verdict: NftVerdictWords }
  | { readonly kind: "counter"; readonly packets: number; readonly bytes: number }
  | { readonly kind: "log"; readonly prefix: string; readonly level: string; readonly group: number }
  | { readonly kind: "set-mark"; readonly what: "meta" | "ct"; readonly op: "" | "|" | "&" | "^"; readonly from: "value" | "meta" | "ct"; readonly value: bigint }
  | { readonly kind: "reject-with"; readonly how: "" | "tcp reset" | "icmp" | "icmpv6" | "icmpx"; readonly code: bigint }
  | { readonly kind: "nat"; readonly to: "dnat" | "snat" | "redirect" | "masquerade"; readonly place: NftPlace; readonly flags: readonly string[] }
  | { readonly kind: "update-set"; readonly set: string; readonly fields: readonly NftFieldInfo[] }
  | { readonly kind: "notrack" };
