/** `-m nfacct`: a named counter; always matches. The counts are those of the rule itself. */
import { type MatchExtension, only, shapes } from "./extension.js";
import { MATCH, type Match } from "./rule.js";

export interface NfacctMatch extends Match {
  readonly name: string;
}

export const nfacctMatch: MatchExtension<NfacctMatch> = {
  name: "nfacct",
  options: shapes("nfacct-name 1"),
  required: ["nfacct-name"],
  read: (options) => ({ kind: MATCH.nfacct, name: only(options, "nfacct-name", "nfacct")!.values[0]! }),
  print: (m) => ` --nfacct-name  ${m.name}`,
  test: () => true,
};
