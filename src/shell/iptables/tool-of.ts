import type { Tool } from "../../linux/nf/tool-words.js";

/** A program of iptables by its name: family, flavour (plain names are the nft ones, as on Debian) and what it does. */
export interface IptablesTool extends Tool {
  readonly job: "command" | "save" | "restore";
  readonly called: string;
}

/** null: no such program. */
export function iptablesTool(name: string): IptablesTool | null {
  const found = /^ip(6?)tables(-legacy|-nft)?(-save|-restore)?$/.exec(name);
  if (found === null) return null;
  return {
    called: name,
    family: found[1] === "6" ? 6 : 4,
    flavour: found[2] === "-legacy" ? "legacy" : "nft",
    job: found[3] === "-save" ? "save" : found[3] === "-restore" ? "restore" : "command",
  };
}
