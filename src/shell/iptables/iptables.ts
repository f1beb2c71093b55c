/** `iptables`, `iptables-save`, `iptables-restore` 1.8.9 and their ip6 forms, with legacy and nft names. */
import { restoreText } from "../../linux/nf/restore.js";
import { saveTables } from "../../linux/nf/save.js";
import { registerTable } from "../../linux/nf/change.js";
import { TABLE } from "../../linux/nf/table.js";
import { parameterWords, toolName, versionWords } from "../../linux/nf/tool-words.js";
import { plumb } from "../../linux/plumbing.js";
import type { IptablesAct } from "../../linux/plumbing/act.js";
import { failed, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import { simulatedDate } from "../simulated-date.js";
import { type CommandWords, isTable, readCommand } from "./command-words.js";
import { listChains } from "./list-chains.js";
import { listRules } from "./list-rules.js";
import type { IptablesTool } from "./tool-of.js";

export function iptables(place: Place, tool: IptablesTool, words: readonly string[], stdin: string): Output {
  if (tool.job === "save") return save(place, tool, words);
  if (tool.job === "restore") return restore(place, tool, words, stdin);
  return command(place, tool, words);
}

function save({ s, ns }: Place, tool: IptablesTool, words: readonly string[]): Output {
  let counters = false;
  let table: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "-c" || word === "--counters") counters = true;
    else if (word === "-t" || word === "--table") table = words[++i];
    else throw new NotModelled(`${toolName(tool)}-save ${word}`);
  }
  if (table !== undefined && !isTable(table)) return noTable(tool, table);
  // Naming a table makes the kernel register it.
  if (table !== undefined) registerTable(s, ns, tool.family, TABLE[table], tool.flavour);
  const text = saveTables(s, ns, tool.family, { counters, flavour: tool.flavour, date: simulatedDate(s.engine.now), ...(table === undefined ? {} : { table }) });
  return said(text);
}

function noTable(tool: IptablesTool, table: string): Output {
  const name = `${toolName(tool)}-save`;
  return failed(tool.flavour === "legacy" ? 3 : 1, tool.flavour === "legacy" ? `${name} ${versionWords(tool)}: Cannot initialize: Table does not exist (do you need to insmod?)\n` : `Table \`${table}' does not exist`);
}

function restore({ s, ns }: Place, tool: IptablesTool, words: readonly string[], stdin: string): Output {
  let noflush = false;
  let counters = false;
  for (const word of words) {
    if (word === "-n" || word === "--noflush") noflush = true;
    else if (word === "-c" || word === "--counters") counters = true;
    else if (word !== "-w" && word !== "--wait" && !/^\d+$/.test(word) && !word.startsWith("--wait=")) throw new NotModelled(`${toolName(tool)}-restore ${word}`);
  }
  const fault = restoreText(s, ns, tool.family, stdin, { noflush, counters, flavour: tool.flavour, called: tool.called });
  if (fault === null) return said("");
  if (fault.errno === "EOPNOTSUPP" && fault.message.includes("not modelled")) throw new NotModelled(fault.message.replace(/:? ?not modelled.*/, ""));
  return failed(/(Try `|Can't set policy)/.test(fault.message) ? 2 : exitCode(fault.message), fault.message);
}

function command(place: Place, tool: IptablesTool, words: readonly string[]): Output {
  if (words.includes("-V") || words.includes("--version")) return said(`${toolName(tool)} ${versionWords(tool)}`);
  const asked = readCommand(words);
  if (asked.fault !== null) return failed(2, parameterWords(tool, asked.fault));
  if (asked.op === "") return failed(2, parameterWords(tool, "no command specified"));
  if (asked.op === "list" || asked.op === "list-rules") return list(place, tool, asked);
  const { table, op, chain, at, to, policy } = asked;
  const made: IptablesAct = {
    verb: "iptables",
    ns: place.ns,
    family: tool.family,
    flavour: tool.flavour,
    table: table as IptablesAct["table"],
    op,
    ...(chain === undefined ? {} : { chain }),
    ...(at === undefined ? {} : { at }),
    ...(to === undefined ? {} : { to }),
    ...(policy === undefined ? {} : { policy: policy as "ACCEPT" | "DROP" }),
    ...(takesSpec(asked) ? { spec: asked.spec } : {}),
  };
  const refused = plumb(place.s, made);
  if (refused === null) return said("");
  if (refused.message.includes("not modelled")) throw new NotModelled(refused.message.replace(/:? ?not modelled.*/, ""));
  return failed(exitCode(refused.message), refused.message);
}

function takesSpec({ op, at, spec }: CommandWords): boolean {
  return op === "append" || op === "insert" || op === "replace" || op === "check" || (op === "delete" && (at === undefined || spec !== ""));
}

/** Faults in the words end with 2, a missing table with 3, a refusal of the kernel with 4 or 1. */
function exitCode(message: string): number {
  if (message.includes("Try `")) return 2;
  if (message.includes("needs to be upgraded")) return 3;
  return /^\S+ v1\.8\.9 \(nf_tables\): (?: |\nline \d+: )\w+ failed/.test(message) ? 4 : 1;
}

function list(place: Place, tool: IptablesTool, asked: CommandWords): Output {
  const { s, ns } = place;
  const name = toolName(tool);
  const version = versionWords(tool);
  if (!isTable(asked.table)) {
    const what = tool.flavour === "nft" ? `table '${asked.table}' does not exist` : `can't initialize ${name} table \`${asked.table}': Table does not exist (do you need to insmod?)`;
    return failed(3, `${name} ${version}: ${what}\nPerhaps ${name} or your kernel needs to be upgraded.`);
  }
  const table = registerTable(s, ns, tool.family, TABLE[asked.table], tool.flavour);
  if (asked.chain !== undefined && ![...table.chains.values()].some((chain) => chain.name === asked.chain)) {
    const nft = `${name} ${version}: chain \`${asked.chain}' in table \`${asked.table}' is incompatible, use 'nft' tool.`;
    return failed(1, tool.flavour === "nft" ? nft : `${name}: No chain/target/match by that name.`);
  }
  return said(asked.op === "list" ? listChains(table, asked) : listRules(table, asked));
}
