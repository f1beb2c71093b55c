// What the proxy writes into its own nftables table, as data, in kube-proxy's own words (before the kernel prints them
// its way).

/** One rule, and why it is there. */
export interface NftRule {
  readonly text: string;
  /** Empty where there is none. */
  readonly comment: string;
  readonly cause: number;
}

/** A chain with its rules; with a hook, a base chain. */
export interface NftChain {
  readonly name: string;
  /** Null for a chain that others lead to. */
  readonly base: { readonly type: "filter" | "nat"; readonly hook: NftHook; readonly priority: number } | null;
  readonly comment: string;
  readonly rules: readonly NftRule[];
}

/** Hooks that base chains stand at. */
export type NftHook = "prerouting" | "input" | "forward" | "output" | "postrouting";

/** An element of a set or map, and why it is there. */
export interface NftElement {
  /** `10.96.0.1 . tcp . 443`. */
  readonly key: string;
  readonly comment: string;
  /** The verdict in a map, empty in a set. */
  readonly value: string;
  readonly cause: number;
}

/** A set or map with its elements. */
export interface NftSet {
  readonly name: string;
  readonly kind: "set" | "map";
  /** Type of its elements, with the type of the value for a map. */
  readonly type: string;
  readonly comment: string;
  /** Seconds after which an element goes away; 0 unless packets fill the set. */
  readonly timeout: number;
  readonly elements: readonly NftElement[];
}

/** An element and the set or map that it belongs to. */
export interface PlacedElement {
  readonly set: string;
  readonly element: NftElement;
}

/** The table `kube-proxy` of one family. */
export interface NftTable {
  readonly family: "ip" | "ip6";
  /** Sorted by name. */
  readonly chains: readonly NftChain[];
  /** Sets sorted by name, then maps sorted by name. */
  readonly sets: readonly NftSet[];
}

/** The table that belongs to kube-proxy. */
export const TABLE_NAME = "kube-proxy";
/** The comment that its table carries. */
export const TABLE_COMMENT = "rules for kube-proxy";
