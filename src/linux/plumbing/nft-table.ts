/** A table of nftables as it shall be from now on: what `nft` has made of its commands, in one act. */
import { TRACKING } from "../nf/hooks.js";
import { countKey } from "../nf/nft/nft-count.js";
import type { NftElement } from "../nf/nft/nft-doc.js";
import { readNftClauses } from "../nf/nft/nft-rule-syntax.js";
import type { NftClause, NftSource } from "../nf/nft/nft-rule-tree.js";
import { NftSyntaxError, readNftVerdict } from "../nf/nft/nft-statement.js";
import type { NftTable } from "../nf/nft/nft-tables.js";
import { HOOK, type Stack } from "../stack.js";
import type { ActResult } from "./act.js";
import type { NftTableAct } from "./nft-act.js";

const FAMILIES = { ip: 4, ip6: 6, inet: 0 } as const;
const refused = (errno: string, message: string): ActResult => ({ errno, message: `Error: ${message}` });
const missing: ActResult = refused("ENOENT", "Could not process rule: No such file or directory");

/** Puts the table in the place of the one of its name, or takes that one away. */
export function setNftTable(s: Stack, { ns, family: word, name, table: wanted }: NftTableAct): ActResult {
  const family = FAMILIES[word];
  const old = s.nft.get(ns, family, name);
  if (wanted === null) {
    if (old === undefined) return missing;
    s.nft.remove(old);
    forgetCounts(s, old, null);
    return null;
  }
  const table: NftTable = {
    ns,
    family,
    name,
    ...(wanted.comment === undefined ? {} : { comment: wanted.comment }),
    ...(wanted.handle === undefined ? {} : { handle: wanted.handle }),
    ...(wanted.handles === undefined ? {} : { handles: wanted.handles }),
    chains: new Map(wanted.chains.map((chain) => [chain.name, chain])),
    sets: new Map(wanted.sets.map((set) => [set.name, { ...set, elements: [] }])),
    elements: new Map(wanted.sets.map((set) => [set.name, new Map(set.elements.map((element): [string, NftElement] => [element.key, element]))])),
    dynamic: new Map(wanted.sets.filter((set) => set.timeout > 0).map((set) => [set.name, old?.dynamic.get(set.name) ?? new Map()])),
  };
  try {
    if (!isWhole(table)) return missing;
  } catch (fault) {
    if (!(fault instanceof NftSyntaxError)) throw fault;
    return refused("EINVAL", fault.message);
  }
  s.nft.put(table);
  if (old !== undefined) forgetCounts(s, old, table);
  register(s, table);
  return null;
}

/** Rules that are gone have no counters. */
function forgetCounts(s: Stack, old: NftTable, now: NftTable | null): void {
  const kept = new Set([...(now?.chains.values() ?? [])].flatMap((chain) => chain.rules.map((rule) => rule.handle)));
  for (const chain of old.chains.values()) for (const rule of chain.rules) if (rule.handle !== undefined && !kept.has(rule.handle)) s.nft.setCount(countKey(old, rule), null);
}

/** Every chain and set that is spoken of is there. */
function isWhole(table: NftTable): boolean {
  const leads = (verdict: { readonly go: string; readonly chain?: string }): boolean => verdict.chain === undefined || verdict.chain === "" || table.chains.has(verdict.chain);
  const clauses = [...table.chains.values()].flatMap((chain) => chain.rules.flatMap((rule) => readNftClauses(rule.text, table.family)));
  const values = [...table.elements.values()].flatMap((held) => [...held.values()].flatMap(({ value }) => (/^(jump|goto) /.test(value) ? [readNftVerdict(value)] : [])));
  return clauses.every((clause) => isWholeClause(clause, table, leads)) && values.every(leads);
}

function isWholeClause(clause: NftClause, table: NftTable, leads: (verdict: { readonly go: string; readonly chain: string }) => boolean): boolean {
  const known = (source: NftSource): boolean => (source.kind === "set" ? table.sets.has(source.name) : source.entries.every((entry) => entry.verdict === undefined || leads(entry.verdict)));
  if (clause.kind === "go") return leads(clause.verdict);
  if (clause.kind === "in" || clause.kind === "verdict-map") return known(clause.source);
  return clause.kind !== "update-set" || table.sets.has(clause.set);
}

/** Hooks are asked from now on; connections are tracked where a rule asks for them or translates. */
function register(s: Stack, { ns, family, chains }: NftTable): void {
  const families = family === 0 ? ([4, 6] as const) : [family];
  const clauses = [...chains.values()].flatMap((chain) => chain.rules.flatMap((rule) => readNftClauses(rule.text, family)));
  const tracks = clauses.some((clause) => clause.kind === "nat" || (clause.kind === "set-mark" && (clause.what === "ct" || clause.from === "ct")) || ("left" in clause && clause.left.fields.some(({ name }) => name.startsWith("ct "))));
  for (const one of families) {
    const bit = (hook: number): number => 1 << (one === 6 ? hook + 8 : hook);
    for (const chain of chains.values()) if (chain.base !== null) s.ns.c.hooks[ns]! |= bit(HOOK[chain.base.hook]);
    if (!tracks && ![...chains.values()].some((chain) => chain.base?.type === "nat")) continue;
    s.ns.c.tracking[ns]! |= one === 6 ? TRACKING.ip6 : TRACKING.ip;
    for (const hook of [HOOK.prerouting, HOOK.input, HOOK.output, HOOK.postrouting]) s.ns.c.hooks[ns]! |= bit(hook);
  }
}
