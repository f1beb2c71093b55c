/** A rule as it is run: the statements that kube-proxy writes have forms of their own, any other rule the general one. */
import { readNftClauses } from "./nft-rule-syntax.js";
import type { NftClause } from "./nft-rule-tree.js";
import { type NftStatement, NftSyntaxError, readNftRule } from "./nft-statement.js";

export type NftStep = NftStatement | { readonly kind: "clause"; readonly clause: NftClause };

/** Reads a rule; throws an NftSyntaxError at the first word that nobody knows. */
export function readNftSteps(text: string, family: 0 | 4 | 6): readonly NftStep[] {
  try {
    return readNftRule(text);
  } catch (fault) {
    if (!(fault instanceof NftSyntaxError)) throw fault;
    return Object.freeze(readNftClauses(text, family).map((clause) => Object.freeze({ kind: "clause" as const, clause })));
  }
}
