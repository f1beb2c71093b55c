/**
 * iptables-restore: each table of a document is put in place whole at its COMMIT, or not at all; a fault leaves the tables
 * before it changed, as with the real tool. Without noflush a table is emptied first. Read first: iptables/iptables-restore.c.
 */
import type { Stack } from "../stack.js";
import { registerTable, TableDraft } from "./change.js";
import { parseRules } from "./parse.js";
import type { RestoreChain, RestoreDoc, RestoreRule, RestoreTable } from "./restore-doc.js";
import { parseRestoreText } from "./restore-text.js";
import { GO, type Rule } from "./rule.js";
import { SpecFault } from "./spec-fault.js";
import { POLICY, TABLE, type TableName } from "./table.js";
import { LONGEST_CHAIN, RestoreWords } from "./restore-words.js";
import type { Flavour } from "./tool-words.js";

export interface RestoreOptions {
  readonly noflush: boolean;
  /** take the counters of the document instead of 0 */
  readonly counters: boolean;
  readonly flavour: Flavour;
  /** the name that the program was called by, if not the plain one */
  readonly called?: string;
}

/** Why a restore stopped. */
export interface RestoreFault {
  readonly errno: string;
  readonly message: string;
}

interface Work {
  readonly s: Stack;
  readonly ns: number;
  readonly family: 4 | 6;
  readonly table: number;
  readonly draft: TableDraft;
  readonly options: RestoreOptions;
  readonly words: RestoreWords;
  /** jumps whose chain must be there at COMMIT */
  readonly jumps: { readonly rule: Rule; readonly chain: string; readonly line: number }[];
  /** how many rules lead to each chain, while a run of `-X` goes on */
  references: ReadonlyMap<number, number> | null;
  /** legacy: the first rule that the kernel will refuse once it is given the table */
  refused: { readonly errno: string; readonly chain: string; readonly line: number } | null;
}

/** Applies a document to a namespace; null: done. */
export function restoreTables(s: Stack, ns: number, family: 4 | 6, doc: RestoreDoc, options: RestoreOptions): RestoreFault | null {
  const words = new RestoreWords({ family, flavour: options.flavour }, options.called);
  let line = 1;
  for (const section of doc.tables) {
    const fault = restoreTable(s, ns, family, section, section.line ?? line, options, words);
    if (fault !== null) return fault;
    line = (section.commitLine ?? line + 1 + section.chains.length + section.rules.length + (section.deletes?.length ?? 0)) + 1;
  }
  return null;
}

function restoreTable(s: Stack, ns: number, family: 4 | 6, section: RestoreTable, first: number, options: RestoreOptions, words: RestoreWords): RestoreFault | null {
  if (!Object.hasOwn(TABLE, section.name)) return words.noTable(section.name, first);
  const table = TABLE[section.name as TableName];
  const draft = new TableDraft(s, registerTable(s, ns, family, table, options.flavour));
  const work: Work = { s, ns, family, table, draft, options, words, jumps: [], references: null, refused: null };
  if (!options.noflush) draft.clear(options.flavour === "nft");
  const changes = !options.noflush || section.chains.length + section.rules.length + (section.deletes?.length ?? 0) > 0;
  if (options.flavour === "legacy" && changes) draft.forgetPolicyCounts();
  let line = first;
  for (const chain of section.chains) {
    const fault = chainLine(work, chain, chain.line ?? ++line);
    if (fault !== null) return fault;
  }
  const deletes = (section.deletes ?? []).map((chain): RestoreRule => ({ chain, op: "X", spec: "" }));
  const rules = [...section.rules, ...deletes];
  const commitLine = section.commitLine ?? line + rules.length + 1;
  if (options.flavour === "nft") {
    const fault = readAhead(work, rules, line, section.uncommitted === true ? null : commitLine);
    if (fault !== null || section.uncommitted === true) return fault;
  }
  for (const rule of rules) {
    const fault = ruleLine(work, rule, rule.line ?? ++line);
    if (fault !== null) return fault;
  }
  return section.uncommitted === true ? null : commit(work, commitLine);
}

/** The nft flavour reads all lines, then looks for the chains of all jumps, then begins. */
function readAhead(work: Work, rules: readonly RestoreRule[], first: number, commitLine: number | null): RestoreFault | null {
  const { s, draft, words } = work;
  const made = new Set(rules.filter((r) => r.op === "N").map((r) => r.chain));
  const missing: Rule[] = [];
  let line = first;
  for (const r of rules) {
    line = r.line ?? line + 1;
    if (!takesSpec(r)) continue;
    const read = readSpec(work, r, line);
    if ("message" in read) return read;
    for (const rule of read) {
      if (leads(rule) && !draft.hasId(rule.to) && !made.has(s.nf.names.name(rule.to))) missing.push(rule);
    }
  }
  const rule = missing[0];
  return rule === undefined || commitLine === null ? null : words.noTarget(s.nf.names.name(rule.to), rule.go === GO.goto, commitLine);
}

const leads = (rule: Rule): boolean => rule.go === GO.jump || rule.go === GO.goto;

function takesSpec(r: RestoreRule): boolean {
  const op = r.op ?? "A";
  return op === "A" || op === "I" || op === "R" || (op === "D" && (r.spec !== "" || r.at === undefined));
}

function readSpec(work: Work, r: RestoreRule, line: number): readonly Rule[] | RestoreFault {
  const { s, ns, family, table, options, words } = work;
  const known = s.nf.reads.find(r, family, table);
  if (known !== null) return known;
  try {
    const rules = parseRules(r.spec, { s, ns, family, table, chain: r.chain, cause: r.cause ?? 0 });
    s.nf.reads.keep(r, family, table, rules);
    return rules;
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    if (fault.kind === "kernel" && options.flavour === "legacy") {
      work.refused ??= { errno: fault.errno, chain: r.chain, line };
      return [];
    }
    return words.spec(fault, r.op ?? "A", r.chain, line);
  }
}

/** Applies the text that iptables-restore is given. */
export function restoreText(s: Stack, ns: number, family: 4 | 6, text: string, options: RestoreOptions): RestoreFault | null {
  const { doc, fault } = parseRestoreText(text);
  const refused = restoreTables(s, ns, family, doc, options);
  if (refused !== null || fault === null) return refused;
  return new RestoreWords({ family, flavour: options.flavour }, options.called).text(fault.message);
}

function chainLine({ draft, options, words }: Work, chain: RestoreChain, line: number): RestoreFault | null {
  if (chain.name.length > LONGEST_CHAIN) return words.longChain(chain.name, line);
  if (draft.isBase(chain.name)) {
    if (chain.policy === "-") {
      if (options.flavour === "nft" && options.counters) draft.setPolicy(chain.name, draft.chain(chain.name)!.policy, [chain.packets ?? 0, chain.bytes ?? 0], false);
      return null;
    }
    if (options.counters && chain.packets === undefined) return words.badCounters(chain.name, line);
    if (chain.policy !== "ACCEPT" && chain.policy !== "DROP") return words.badPolicy(chain.name, chain.policy, line);
    const counts = options.counters ? ([chain.packets ?? 0, chain.bytes ?? 0] as const) : ([0, 0] as const);
    draft.setPolicy(chain.name, chain.policy === "DROP" ? POLICY.drop : POLICY.accept, counts, false);
  } else if (draft.has(chain.name)) draft.flush(chain.name);
  else draft.add(chain.name);
  return null;
}

function ruleLine(work: Work, r: RestoreRule, line: number): RestoreFault | null {
  const { draft, words } = work;
  const op = r.op ?? "A";
  if (op !== "X") work.references = null;
  if (op === "N") {
    if (draft.has(r.chain)) return words.failed(line, "EEXIST", "Chain already exists.");
    draft.add(r.chain);
    return null;
  }
  if (takesSpec(r)) return specLine(work, r, op as "A" | "I" | "R" | "D", line);
  if (r.chain === "") return everyChain(work, op, line);
  if (!draft.has(r.chain)) return words.failed(line, "ENOENT", "No chain/target/match by that name.");
  if (op === "D") {
    if (r.at! < 1 || r.at! > draft.chain(r.chain)!.rules.length) return words.failed(line, "ENOENT", "Index of deletion too big.");
    draft.delete(r.chain, r.at! - 1);
  } else if (op === "F") draft.flush(r.chain);
  else if (op === "Z") draft.zero(r.chain);
  else if (op === "P") {
    if (!draft.isBase(r.chain)) return words.failed(line, "ENOENT", "Bad built-in chain name.");
    // iptables-nft-restore 1.8.9 takes the line and leaves the policy as it is.
    if (work.options.flavour === "legacy") draft.setPolicy(r.chain, r.spec === "DROP" ? POLICY.drop : POLICY.accept, null, false);
  } else return removeChain(work, r.chain, line);
  return null;
}

/** `-F`, `-Z` or `-X` without a chain. */
function everyChain(work: Work, op: RestoreRule["op"], line: number): RestoreFault | null {
  const { draft, words } = work;
  for (const name of draft.names()) {
    if (op === "F") draft.flush(name);
    else if (op === "Z") draft.zero(name);
    else if (op !== "X") return words.failed(line, "EINVAL", "Invalid argument.");
    else if (!draft.isBase(name)) {
      const fault = removeChain(work, name, line);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function removeChain(work: Work, name: string, line: number): RestoreFault | null {
  const { draft, words } = work;
  work.references ??= draft.countReferences();
  if (draft.isBase(name)) return words.failed(line, "EINVAL", "Invalid argument.");
  if ((work.references.get(work.s.nf.names.find(name)) ?? 0) > 0 || draft.chain(name)!.rules.length > 0) return words.busy(line, name);
  draft.remove(name);
  return null;
}

function specLine(work: Work, r: RestoreRule, op: "A" | "I" | "R" | "D", line: number): RestoreFault | null {
  const { s, draft, options, words } = work;
  const rules = readSpec(work, r, line);
  if ("message" in rules) return rules;
  if (!draft.has(r.chain)) return words.failed(line, "ENOENT", "No chain/target/match by that name.");
  for (const rule of rules) {
    if (!leads(rule)) continue;
    if (options.flavour === "legacy" && !draft.hasId(rule.to)) return words.noTarget(s.nf.names.name(rule.to), rule.go === GO.goto, line);
    if (op !== "D") work.jumps.push({ rule, chain: r.chain, line });
  }
  const { length } = draft.chain(r.chain)!.rules;
  const packets = options.counters ? (r.packets ?? 0) : 0;
  const bytes = options.counters ? (r.bytes ?? 0) : 0;
  if (op === "A") draft.insert(r.chain, length, rules, packets, bytes);
  else if (op === "D") {
    for (const rule of rules) {
      const at = draft.find(r.chain, rule);
      if (at < 0) return words.failed(line, "ENOENT", "Bad rule (does a matching rule exist in that chain?).");
      draft.delete(r.chain, at);
    }
  } else {
    const at = (r.at ?? 1) - 1;
    if (at < 0 || at > length || (op === "R" && at === length)) return words.failed(line, "E2BIG", op === "I" ? "Index of insertion too big." : "Index of replacement too big.");
    if (op === "R") draft.delete(r.chain, at);
    draft.insert(r.chain, at, rules, packets, bytes);
  }
  return null;
}

function commit({ draft, jumps, words, refused }: Work, line: number): RestoreFault | null {
  if (refused !== null) return words.kernel(refused.errno, "RULE_APPEND", `rule in chain ${refused.chain}`, refused.line, line);
  for (const jump of jumps) {
    if (draft.isBaseId(jump.rule.to)) return words.kernel("EOPNOTSUPP", "RULE_APPEND", `rule in chain ${jump.chain}`, jump.line, line);
  }
  try {
    draft.commit();
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    return words.kernel(fault.errno, "RULE_APPEND", `rule in chain ${jumps.at(-1)?.chain ?? ""}`, jumps.at(-1)?.line ?? line, line);
  }
  return null;
}
