/** Turns a recorded iptables command line into an act; null for commands that only ask. */
import type { IptablesAct } from "../../../src/linux/plumbing/act.js";

const OPS: Readonly<Record<string, IptablesAct["op"]>> = {
  "-A": "append", "-I": "insert", "-D": "delete", "-R": "replace", "-C": "check", "-N": "new-chain", "-X": "delete-chain", "-F": "flush", "-P": "policy",
  "-E": "rename-chain", "-Z": "zero",
};

export function actOf(command: string, ns: number): IptablesAct | null {
  const words = command.split(" ");
  const tool = words.shift()!;
  const flavour = tool.includes("legacy") ? "legacy" : "nft";
  const family = tool.startsWith("ip6") ? 6 : 4;
  let table = "filter";
  if (words[0] === "-t") [, table] = words.splice(0, 2) as [string, string];
  const op = OPS[words.shift()!];
  if (op === undefined) return null;
  const base = { verb: "iptables", ns, family, flavour, table: table as IptablesAct["table"], op } as const;
  if (words.length === 0) return base;
  const chain = words.shift()!;
  if (op === "policy") return { ...base, chain, policy: words[0] as "DROP" };
  if (op === "rename-chain") return { ...base, chain, to: words[0]! };
  const numbered = (op === "insert" || op === "replace" || op === "delete") && /^\d+$/.test(words[0] ?? "");
  const at = numbered ? Number(words.shift()) : undefined;
  const spec = words.join(" ");
  return { ...base, chain, ...(at === undefined ? {} : { at }), ...(op === "delete" && at !== undefined ? {} : { spec }) };
}
