/** Elements of named sets: their keys are kept as text, in the words of a listing. */
import type { NftSet } from "./nft-doc.js";
import { NftSyntaxError } from "./nft-statement.js";
import { nftTokens, RuleReader } from "./nft-rule-syntax.js";
import type { NftEntry } from "./nft-rule-tree.js";
import type { NftType } from "./nft-types.js";

/** The types of a set's keys. */
export function setTypes(set: NftSet): NftType[] {
  return set.type.split(":")[0]!.trim().split(/\s*\.\s*/) as NftType[];
}

/** An element in the parts of its key; undefined where its text is none. */
export function readElement(key: string, types: readonly NftType[]): NftEntry | undefined {
  try {
    return new RuleReader(nftTokens(key), 0).entry(types, "");
  } catch (fault) {
    if (!(fault instanceof NftSyntaxError)) throw fault;
    return undefined;
  }
}
