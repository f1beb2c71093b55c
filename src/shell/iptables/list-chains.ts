/** `iptables -L`: chains and rules in columns. */
import { chainsInOrder } from "../../linux/nf/save.js";
import { type Chain, type NfTable, POLICY } from "../../linux/nf/table.js";
import { GO } from "../../linux/nf/rule.js";
import type { CommandWords } from "./command-words.js";
import { listedRule } from "./listed-rule.js";

const LARGEST_PLAIN = 99999;

/** Five digits, or thousands and more with their letter, as xtables_print_num does. */
function amount(n: number, exact: boolean): string {
  if (exact) return `${n}`.padStart(8);
  if (n <= LARGEST_PLAIN) return `${n}`.padStart(5);
  let left = Math.floor((n + 500) / 1000);
  for (const letter of ["K", "M", "G", "T"]) {
    if (left <= 9999 || letter === "T") return `${left}${letter}`.padStart(5);
    left = Math.floor((left + 500) / 1000);
  }
  return `${n}`;
}

function references(table: NfTable, id: number): number {
  let count = 0;
  for (const chain of table.chains.values()) for (const rule of chain.rules) if ((rule.go === GO.jump || rule.go === GO.goto) && rule.to === id) count++;
  return count;
}

function heading(table: NfTable, chain: Chain, words: CommandWords): string[] {
  const { verbose, exact, lineNumbers } = words;
  const counts = table.counters.get(chain.id);
  let title = `Chain ${chain.name} (`;
  if (chain.policy === POLICY.none) title += `${references(table, chain.id)} references)`;
  else {
    title += `policy ${chain.policy === POLICY.drop ? "DROP" : "ACCEPT"}`;
    if (verbose) title += ` ${amount(counts?.[0] ?? 0, exact).trimStart()} packets, ${amount(counts?.[1] ?? 0, exact).trimStart()} bytes`;
    title += ")";
  }
  let columns = lineNumbers ? "num  " : "";
  if (verbose) columns += exact ? "    pkts      bytes " : " pkts bytes ";
  columns += "target     prot opt ";
  if (verbose) columns += "in     out     ";
  return [title, `${columns}source               destination         `];
}

export function listChains(table: NfTable, words: CommandWords): string {
  const chains = chainsInOrder(table).filter((chain) => words.chain === undefined || chain.name === words.chain);
  return chains.map((chain) => oneChain(table, chain, words)).join("\n\n");
}

function oneChain(table: NfTable, chain: Chain, words: CommandWords): string {
  const { verbose, exact, numeric, lineNumbers, at } = words;
  const counts = table.counters.get(chain.id);
  const lines = at === undefined ? heading(table, chain, words) : [];
  chain.rules.forEach((rule, i) => {
    if (at !== undefined && at !== i + 1) return;
    const r = listedRule(rule.text, numeric, table.family);
    let line = lineNumbers ? `${String(i + 1).padEnd(4)} ` : "";
    if (verbose) line += `${amount(counts?.[2 + 2 * i] ?? 0, exact)} ${amount(counts?.[3 + 2 * i] ?? 0, exact)} `;
    line += `${r.target.padEnd(9)}  ${r.proto.padEnd(4)} ${r.opt} `;
    if (verbose) line += ` ${r.inDev.padEnd(6)} ${r.outDev.padEnd(6)} `;
    lines.push(`${line}${r.src.padEnd(20)} ${r.dst.padEnd(20)} ${r.more}`);
  });
  return lines.join("\n");
}
