/** What nft is told, as plain records in the words of its own language. */

/** Hooks by the words of `nft`. */
export type NftHookName = "prerouting" | "input" | "forward" | "output" | "postrouting";

/** One rule of an nft chain. */
export interface NftRule {
  /** statements as `nft` reads them, without the comment */
  readonly text: string;
  readonly comment: string;
  readonly cause: number;
  /** number of the rule in its table, where it was written by hand; its counter is kept by it */
  readonly handle?: number;
}

/** One chain of an nft table. */
export interface NftChain {
  readonly name: string;
  /** null for a chain that others lead to */
  readonly base: { readonly type: "filter" | "nat"; readonly hook: NftHookName; readonly priority: number; readonly policy?: "accept" | "drop" } | null;
  readonly comment: string;
  readonly handle?: number;
  readonly rules: readonly NftRule[];
}

/** One element of a set or map. */
export interface NftElement {
  /** `10.96.0.1 . tcp . 443` */
  readonly key: string;
  readonly comment: string;
  /** the verdict in a map, empty in a set */
  readonly value: string;
  readonly cause: number;
}

/** A set, or a map where its elements have values. */
export interface NftSet {
  readonly name: string;
  readonly kind: "set" | "map";
  readonly type: string;
  readonly comment: string;
  /** seconds after which an element goes away, 0: never */
  readonly timeout: number;
  /** `interval`, `constant`, `dynamic`, `timeout`, as written; left out: those that the timeout says */
  readonly flags?: readonly string[];
  readonly size?: number;
  readonly handle?: number;
  readonly elements: readonly NftElement[];
}

/** One line of a transaction on one table. */
export type NftCommand =
  | { readonly verb: "addTable"; readonly comment?: string }
  | { readonly verb: "addChain"; readonly chain: NftChain }
  | { readonly verb: "flushChain" | "deleteChain"; readonly name: string }
  | { readonly verb: "addRule"; readonly chain: string; readonly rule: NftRule }
  | { readonly verb: "addSet"; readonly set: NftSet }
  | { readonly verb: "flushSet" | "deleteSet"; readonly kind: NftSet["kind"]; readonly name: string }
  | { readonly verb: "addElement" | "deleteElement"; readonly set: string; readonly element: NftElement };
