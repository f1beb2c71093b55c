/** `iptables` and `ip6tables` commands. */
import { registerTable, TableDraft } from "../nf/change.js";
import { parseRules } from "../nf/parse.js";
import { restoreTables } from "../nf/restore.js";
import { GO, type Rule } from "../nf/rule.js";
import { SpecFault } from "../nf/spec-fault.js";
import { POLICY, TABLE } from "../nf/table.js";
import { faultWords, kernelWords, parameterWords, shortWords, type Tool, toolName, versionWords } from "../nf/tool-words.js";
import type { Stack } from "../stack.js";
import type { ActResult, IptablesAct, IptablesRestore } from "./act.js";

const LONGEST_CHAIN = 28;
const NO_CHAIN = "No chain/target/match by that name.";
const NO_RULE = "Bad rule (does a matching rule exist in that chain?).";
const DOING: Readonly<Record<string, string>> = Object.freeze({ append: "RULE_APPEND", insert: "RULE_INSERT", delete: "RULE_DELETE", replace: "RULE_REPLACE", check: "RULE_CHECK" });

/** Does one command, whole or not at all. */
export function changeIptables(s: Stack, act: IptablesAct): ActResult {
  const tool: Tool = { family: act.family, flavour: act.flavour ?? "nft" };
  if (!Object.hasOwn(TABLE, act.table)) return noTable(tool, act.table);
  const draft = new TableDraft(s, registerTable(s, act.ns, act.family, TABLE[act.table], tool.flavour));
  try {
    const refused = perform(s, act, draft, tool);
    if (refused !== null || act.op === "check") return refused;
    if (tool.flavour === "legacy") draft.forgetPolicyCounts();
    draft.commit();
    return null;
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    return { errno: fault.errno, message: faultWords(tool, fault, DOING[act.op] ?? "CHAIN_DEL", `rule in chain ${act.chain}`) };
  }
}

function noTable(tool: Tool, table: string): ActResult {
  const what = tool.flavour === "nft" ? `table '${table}' does not exist` : `can't initialize ${toolName(tool)} table \`${table}': Table does not exist (do you need to insmod?)`;
  return { errno: "ENOENT", message: `${toolName(tool)} ${versionWords(tool)}: ${what}\nPerhaps ${toolName(tool)} or your kernel needs to be upgraded.` };
}

function perform(s: Stack, act: IptablesAct, draft: TableDraft, tool: Tool): ActResult {
  const chain = act.chain ?? "";
  const short = (errno: string, message: string): ActResult => ({ errno, message: shortWords(tool, message) });
  switch (act.op) {
    case "append":
    case "insert":
    case "replace":
    case "delete":
    case "check":
      return changeRule(s, act, draft, tool);
    case "new-chain":
      if (chain.length > LONGEST_CHAIN) return { errno: "EINVAL", message: parameterWords(tool, `chain name \`${chain}' too long (must be under 29 chars)`) };
      if (draft.has(chain)) return short("EEXIST", "Chain already exists.");
      draft.add(chain);
      return null;
    case "flush":
      if (act.chain !== undefined && !draft.has(chain)) return short("ENOENT", NO_CHAIN);
      for (const name of act.chain === undefined ? draft.names() : [chain]) draft.flush(name);
      return null;
    case "zero":
      if (act.chain !== undefined && !draft.has(chain)) return short("ENOENT", NO_CHAIN);
      for (const name of act.chain === undefined ? draft.names() : [chain]) draft.zero(name, act.at === undefined ? undefined : act.at - 1);
      return null;
    case "policy":
      if (!draft.isBase(chain)) return short("ENOENT", "Bad built-in chain name.");
      if (act.policy !== "ACCEPT" && act.policy !== "DROP") return short("EINVAL", "Bad policy name. Run `dmesg' for more information.");
      if (act.table === "nat" && act.policy === "DROP") return { errno: "EINVAL", message: parameterWords(tool, '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n') };
      return setPolicy(act, draft, tool);
    case "rename-chain":
      return rename(chain, act.to ?? "", draft, short);
    default:
      return deleteChains(act, draft, tool, short);
  }
}

/** Its count begins anew; but of nat the nft flavour ends the counting, and what was counted stays. */
function setPolicy({ chain = "", policy, table }: IptablesAct, draft: TableDraft, tool: Tool): ActResult {
  const ends = table === "nat" && tool.flavour === "nft";
  draft.setPolicy(chain, policy === "DROP" ? POLICY.drop : POLICY.accept, ends ? null : [0, 0], ends);
  return null;
}

type Short = (errno: string, message: string) => ActResult;

function rename(chain: string, to: string, draft: TableDraft, short: Short): ActResult {
  if (draft.has(to)) return short("EEXIST", "File exists.");
  if (!draft.has(chain)) return short("ENOENT", NO_CHAIN);
  if (draft.isBase(chain)) return short("EINVAL", "Invalid argument. Run `dmesg' for more information.");
  draft.renameWithReferences(chain, to);
  return null;
}

function deleteChains(act: IptablesAct, draft: TableDraft, tool: Tool, short: Short): ActResult {
  const names = act.chain === undefined ? draft.names().filter((name) => !draft.isBase(name)) : [act.chain];
  for (const name of names) {
    if (!draft.has(name)) return short("ENOENT", NO_CHAIN);
    if (draft.isBase(name)) return tool.flavour === "nft" ? short("ENOENT", NO_CHAIN) : short("EINVAL", "Invalid argument. Run `dmesg' for more information.");
    if (draft.references(name) > 0) return { errno: "EBUSY", message: kernelWords(tool, "EBUSY", "CHAIN_DEL", `chain ${name}`) };
    if (draft.chain(name)!.rules.length > 0) {
      return tool.flavour === "nft" ? { errno: "EBUSY", message: kernelWords(tool, "EBUSY", "CHAIN_DEL", `chain ${name}`) } : short("ENOTEMPTY", "Directory not empty.");
    }
  }
  for (const name of names) draft.remove(name);
  return null;
}

function changeRule(s: Stack, act: IptablesAct, draft: TableDraft, tool: Tool): ActResult {
  const chain = act.chain ?? "";
  const short = (errno: string, message: string): ActResult => ({ errno, message: shortWords(tool, message) });
  if (act.op === "delete" && act.spec === undefined) {
    if (!draft.has(chain)) return short("ENOENT", NO_CHAIN);
    const at = (act.at ?? 0) - 1;
    if (at < 0 || at >= draft.chain(chain)!.rules.length) return short("ENOENT", tool.flavour === "nft" && draft.chain(chain)!.rules.length === 0 ? NO_CHAIN : "Index of deletion too big.");
    draft.delete(chain, at);
    return null;
  }
  const rules = parseRules(act.spec ?? "", { s, ns: act.ns, family: act.family, table: TABLE[act.table], chain, cause: act.cause ?? 0 });
  const wrong = rules.map((rule) => checkTarget(s, rule, draft, tool, chain, DOING[act.op]!)).find((result) => result !== null);
  if (wrong !== undefined) return wrong;
  if (!draft.has(chain)) return short("ENOENT", NO_CHAIN);
  const { length } = draft.chain(chain)!.rules;
  switch (act.op) {
    case "append":
      draft.insert(chain, length, rules);
      return null;
    case "insert": {
      const at = (act.at ?? 1) - 1;
      if (at < 0 || at > length) return short("E2BIG", "Index of insertion too big.");
      draft.insert(chain, at, rules);
      return null;
    }
    case "replace": {
      const at = (act.at ?? 0) - 1;
      if (at < 0 || at >= length) return short("E2BIG", tool.flavour === "nft" ? NO_CHAIN : "Index of replacement too big.");
      draft.delete(chain, at);
      draft.insert(chain, at, rules);
      return null;
    }
    default:
      for (const rule of rules) {
        const at = draft.find(chain, rule);
        if (at < 0) return short("ENOENT", tool.flavour === "legacy" && isNamed(rule) ? NO_CHAIN : NO_RULE);
        if (act.op === "delete") draft.delete(chain, at);
      }
      return null;
  }
}

/** A rule that goes to a chain or an extension's target, whose name libiptc has mapped last when it finds no such rule. */
function isNamed(rule: Rule): boolean {
  return rule.target !== null || rule.go === GO.jump || rule.go === GO.goto;
}

/** What is wrong with the chain a rule jumps to. */
export function checkTarget(s: Stack, rule: Rule, draft: TableDraft, tool: Tool, chain: string, doing: string): ActResult {
  if (rule.go !== GO.jump && rule.go !== GO.goto) return null;
  const to = s.nf.names.name(rule.to);
  if (!draft.has(to)) {
    const legacy = rule.go === GO.goto ? `goto '${to}' is not a chain` : `Couldn't load target \`${to}':No such file or directory\n`;
    return { errno: "ENOENT", message: parameterWords(tool, tool.flavour === "nft" ? `Chain '${to}' does not exist` : legacy) };
  }
  return draft.isBase(to) ? { errno: "EOPNOTSUPP", message: kernelWords(tool, "EOPNOTSUPP", doing, `rule in chain ${chain}`) } : null;
}

/** `iptables-restore`. */
export function restoreIptables(s: Stack, act: IptablesRestore): ActResult {
  const { ns, family, doc, noflush = false, counters = false, flavour = "nft" } = act;
  return restoreTables(s, ns, family, doc, { noflush, counters, flavour });
}
