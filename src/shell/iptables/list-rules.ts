/** `iptables -S`. */
import { chainsInOrder } from "../../linux/nf/save.js";
import { type NfTable, POLICY } from "../../linux/nf/table.js";
import type { CommandWords } from "./command-words.js";

export function listRules(table: NfTable, { chain: only, at, verbose }: CommandWords): string {
  const chains = chainsInOrder(table).filter((chain) => only === undefined || chain.name === only);
  const lines: string[] = [];
  for (const chain of at === undefined ? chains : []) {
    const counts = table.counters.get(chain.id);
    const numbers = verbose ? ` -c ${counts?.[0] ?? 0} ${counts?.[1] ?? 0}` : "";
    lines.push(chain.policy === POLICY.none ? `-N ${chain.name}` : `-P ${chain.name} ${chain.policy === POLICY.drop ? "DROP" : "ACCEPT"}${numbers}`);
  }
  for (const chain of chains) {
    const counts = table.counters.get(chain.id);
    chain.rules.forEach((rule, i) => {
      if (at !== undefined && at !== i + 1) return;
      const numbers = `-c ${counts?.[2 + 2 * i] ?? 0} ${counts?.[3 + 2 * i] ?? 0}`;
      const target = / -([jg]) /.exec(rule.text.startsWith("-j ") || rule.text.startsWith("-g ") ? ` ${rule.text}` : rule.text);
      const line = rule.text === "" ? `-A ${chain.name}` : `-A ${chain.name} ${rule.text}`;
      if (!verbose) lines.push(line);
      else if (target === null) lines.push(`${line} ${numbers}`);
      else {
        const cut = line.lastIndexOf(` -${target[1]!} `);
        lines.push(`${line.slice(0, cut)} ${numbers}${line.slice(cut)}`);
      }
    });
  }
  return lines.join("\n");
}
