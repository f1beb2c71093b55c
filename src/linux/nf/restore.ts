/**
 * iptables-restore: each table of a document is put in place whole at its COMMIT, or not at all; a fault leaves the tables
 * before it changed, as with the real tool. Without noflush a table is emptied first. Read first: iptables/iptables-restore.c.
 */
import type { Stack } from "../stack.js";
import { registerTable, TableDraft } from "./change.js";
import { parseRules } from "./parse.js";
import type { RestoreChain, RestoreDoc, RestoreRule, RestoreTable } from "./restore-doc.js";
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
}

/** Applies a document to a namespace; null: done. */
export function restoreTables(s: Stack, ns: number, family: 4 | 6, doc: RestoreDoc, options: RestoreOptions): RestoreFault | null {
  const words = new RestoreWords({ family, flavour: options.flavour });
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
  const draft = new TableDraft(s, registerTable(s, ns, family, table));
  const work: Work = { s, ns, family, table, draft, options, words, jumps: [], references: null };
  if (!options.noflush) draft.clear(options.flavour === "nft");
  let line = first;
  for (const chain of section.chains) {
    const fault = chainLine(work, chain, chain.line ?? ++line);
    if (fault !== null) return fault;
  }
  const deletes = (section.deletes ?? []).map((chain): RestoreRule => ({ chain, op: "X", spec: "" }));
  for (const rule of [...section.rules, ...deletes]) {
    const fault = ruleLine(work, rule, rule.line ?? ++line);
    if (fault !== null) return fault;
  }
  return commit(work, section.commitLine ?? line + 1);
}

function chainLine({ draft, options, words }: Work, chain: RestoreChain, line: number): RestoreFault | null {
  if (chain.name.length > LONGEST_CHAIN) return words.longChain(chain.name, line);
  if (draft.isBase(chain.name)) {
    if (chain.policy !== "ACCEPT" && chain.policy !== "DROP") return words.badPolicy(chain.name, chain.policy, line);
    const counts = options.counters ? ([chain.packets ?? 0, chain.bytes ?? 0] as const) : ([0, 0] as const);
    draft.setPolicy(chain.name, chain.policy === "DROP" ? POLICY.drop : POLICY.accept, counts);
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
  if (op === "A" || op === "I" || op === "R" || (op === "D" && r.spec !== "") || (op === "D" && r.at === undefined)) return specLine(work, r, op, line);
  if (!draft.has(r.chain)) return words.failed(line, "ENOENT", "No chain/target/match by that name.");
  if (op === "D") {
    if (r.at! < 1 || r.at! > draft.chain(r.chain)!.rules.length) return words.failed(line, "ENOENT", "Index of deletion too big.");
    draft.delete(r.chain, r.at! - 1);
  } else if (op === "F") draft.flush(r.chain);
  else if (op === "Z") draft.zero(r.chain);
  else if (op === "P") {
    if (!draft.isBase(r.chain)) return words.failed(line, "ENOENT", "Bad built-in chain name.");
    draft.setPolicy(r.chain, r.spec === "DROP" ? POLICY.drop : POLICY.accept, null);
  } else return removeChain(work, r.chain, line);
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
  const { s, ns, family, table, draft, options, words } = work;
  let rules: readonly Rule[];
  try {
    rules = parseRules(r.spec, { s, ns, family, table, chain: r.chain, cause: r.cause ?? 0 });
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    return words.spec(fault, op, r.chain, line);
  }
  if (!draft.has(r.chain)) return words.failed(line, "ENOENT", "No chain/target/match by that name.");
  for (const rule of rules) {
    if (rule.go !== GO.jump && rule.go !== GO.goto) continue;
    if (options.flavour === "legacy" && !draft.has(s.nf.names.name(rule.to))) return words.noTarget(s.nf.names.name(rule.to), rule.go === GO.goto, line);
    work.jumps.push({ rule, chain: r.chain, line });
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

function commit({ s, draft, jumps, words }: Work, line: number): RestoreFault | null {
  for (const jump of jumps) {
    const to = s.nf.names.name(jump.rule.to);
    if (!draft.has(to)) return words.noTarget(to, jump.rule.go === GO.goto, line);
    if (draft.isBase(to)) return words.kernel("EOPNOTSUPP", "RULE_APPEND", `rule in chain ${jump.chain}`, jump.line, line);
  }
  try {
    draft.commit();
  } catch (fault) {
    if (!(fault instanceof SpecFault)) throw fault;
    return words.kernel(fault.errno, "RULE_APPEND", `rule in chain ${jumps.at(-1)?.chain ?? ""}`, jumps.at(-1)?.line ?? line, line);
  }
  return null;
}
