/**
 * Changes to one table: commands build a draft, and the draft is put in place whole or not at all, as the kernel's
 * setsockopt and nf_tables transactions do. A chain that did not change keeps its record, counters and memory.
 */
import { fnv1a32 } from "../../base/hash.js";
import { HOOK, type Stack } from "../stack.js";
import { GO, type Rule } from "./rule.js";
import { kernelFault } from "./spec-fault.js";
import { type Chain, type NfTable, POLICY } from "./table.js";
import { TRACKING } from "./hooks.js";
import type { Flavour } from "./tool-words.js";

/** A rule in a draft, with counters it is to begin with or the place in the old chain whose counters it keeps. */
interface DraftRule {
  readonly rule: Rule;
  readonly from: number;
  readonly packets: number;
  readonly bytes: number;
}

interface DraftChain {
  readonly name: string;
  readonly id: number;
  policy: number;
  rules: DraftRule[];
  /** policy counters: null keeps the old ones */
  counts: readonly [number, number] | null;
  /** whether the policy counts nothing: null keeps it */
  silent: boolean | null;
  touched: boolean;
}

const NEW = -1;

export class TableDraft {
  private readonly chains: Map<number, DraftChain> = new Map();
  private readonly gone: Set<number> = new Set();

  constructor(
    private readonly s: Stack,
    readonly table: NfTable,
  ) {}

  /** The chain for reading and changing, or undefined. */
  chain(name: string): DraftChain | undefined {
    const id = this.s.nf.names.find(name);
    if (id === 0 || this.gone.has(id)) return undefined;
    const drafted = this.chains.get(id);
    if (drafted !== undefined) return drafted;
    const chain = this.table.chains.get(id);
    if (chain === undefined) return undefined;
    const draft: DraftChain = { name, id, policy: chain.policy, rules: chain.rules.map((rule, from) => ({ rule, from, packets: 0, bytes: 0 })), counts: null, silent: null, touched: false };
    this.chains.set(id, draft);
    return draft;
  }

  has(name: string): boolean {
    return this.hasId(this.s.nf.names.find(name));
  }

  /** As `has`, of a chain's id. */
  hasId(id: number): boolean {
    return id !== 0 && !this.gone.has(id) && (this.chains.has(id) || this.table.chains.has(id));
  }

  isBase(name: string): boolean {
    return this.isBaseId(this.s.nf.names.find(name));
  }

  /** As `isBase`, of a chain's id. */
  isBaseId(id: number): boolean {
    return id !== 0 && this.table.base.includes(id);
  }

  /** Names of chains, in no stated order. */
  names(): string[] {
    const ids = new Set([...this.table.chains.keys(), ...this.chains.keys()]);
    return [...ids].filter((id) => !this.gone.has(id)).map((id) => this.s.nf.names.name(id));
  }

  /** Empties the table: user chains go, base chains keep their policies unless `policies`. */
  clear(policies: boolean): void {
    for (const name of this.names()) {
      if (!this.isBase(name)) this.remove(name);
      else {
        this.flush(name);
        if (policies) this.setPolicy(name, POLICY.accept, [0, 0], true);
      }
    }
  }

  add(name: string): void {
    const id = this.s.nf.names.of(name);
    this.gone.delete(id);
    this.chains.set(id, { name, id, policy: POLICY.none, rules: [], counts: [0, 0], silent: null, touched: true });
  }

  /** Empties a chain. */
  flush(name: string): void {
    const chain = this.chain(name)!;
    if (chain.rules.length > 0) chain.touched = true;
    chain.rules = [];
  }

  remove(name: string): void {
    const id = this.s.nf.names.of(name);
    this.chains.delete(id);
    this.gone.add(id);
  }

  insert(name: string, at: number, rules: readonly Rule[], packets = 0, bytes = 0): void {
    const chain = this.chain(name)!;
    chain.rules.splice(at, 0, ...rules.map((rule) => ({ rule, from: NEW, packets, bytes })));
    chain.touched = true;
  }

  delete(name: string, at: number): void {
    const chain = this.chain(name)!;
    chain.rules.splice(at, 1);
    chain.touched = true;
  }

  /** Index of the first rule with the same saved form, or -1. */
  find(name: string, rule: Rule): number {
    return this.chain(name)!.rules.findIndex((other) => other.rule.text === rule.text);
  }

  /** @param silent the policy counts nothing from now on */
  setPolicy(name: string, policy: number, counts: readonly [number, number] | null, silent: boolean): void {
    const chain = this.chain(name)!;
    chain.silent = silent;
    chain.policy = policy;
    if (counts !== null) chain.counts = counts;
    chain.touched = true;
  }

  /** libiptc 1.8.9 keeps the counters of rules over a change, but those of every policy begin anew. */
  forgetPolicyCounts(): void {
    for (const name of this.names()) if (this.isBase(name)) this.setPolicy(name, this.chain(name)!.policy, [0, 0], false);
  }

  /** Sets counters of a chain's rules, or of one, to 0; the policy's too when all are. */
  zero(name: string, at?: number): void {
    const chain = this.chain(name)!;
    chain.rules = chain.rules.map((rule, i) => (at === undefined || at === i ? { rule: rule.rule, from: NEW, packets: 0, bytes: 0 } : rule));
    if (at === undefined) chain.counts = [0, 0];
    chain.touched = true;
  }

  /** Gives a user chain another name, in the rules that lead to it too. */
  renameWithReferences(name: string, to: string): void {
    const chain = this.chain(name)!;
    const id = this.s.nf.names.of(to);
    for (const other of this.names()) {
      if (!this.rulesOf(other).some((rule) => leadsTo(rule, chain.id))) continue;
      const drafted = this.chain(other)!;
      drafted.rules = drafted.rules.map((r) => (leadsTo(r.rule, chain.id) ? { ...r, rule: redirected(r.rule, id, to) } : r));
      drafted.touched = true;
    }
    const counters = this.table.counters.get(chain.id);
    const rules = chain.rules.map((r) => ({ rule: r.rule, from: NEW, packets: counters?.[2 + 2 * r.from] ?? 0, bytes: counters?.[3 + 2 * r.from] ?? 0 }));
    this.remove(name);
    this.gone.delete(id);
    this.chains.set(id, { ...chain, rules, name: to, id, counts: [0, 0], touched: true });
  }

  /** How many rules jump or go to a chain. */
  references(name: string): number {
    const id = this.s.nf.names.find(name);
    let count = 0;
    for (const other of this.names()) for (const rule of this.rulesOf(other)) if (leadsTo(rule, id)) count++;
    return count;
  }

  /** How many rules lead to each chain, by id. */
  countReferences(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const name of this.names()) {
      for (const rule of this.rulesOf(name)) if (rule.go === GO.jump || rule.go === GO.goto) counts.set(rule.to, (counts.get(rule.to) ?? 0) + 1);
    }
    return counts;
  }

  private rulesOf(name: string): readonly Rule[] {
    const id = this.s.nf.names.find(name);
    const draft = this.chains.get(id);
    return draft !== undefined ? draft.rules.map((r) => r.rule) : this.table.chains.get(id)!.rules;
  }

  /** The kernel's mark_source_chains: a circle that a packet could walk is refused (ELOOP). */
  checkLoops(): void {
    const state = new Map<number, 1 | 2>();
    const follow = (rule: Rule): void => {
      if (rule.go !== GO.jump && rule.go !== GO.goto) return;
      const seen = state.get(rule.to);
      if (seen === 1) throw kernelFault("ELOOP");
      if (seen === undefined) visit(rule.to);
    };
    const visit = (id: number): void => {
      state.set(id, 1);
      const draft = this.chains.get(id);
      if (draft !== undefined) for (const { rule } of draft.rules) follow(rule);
      else for (const rule of this.table.chains.get(id)!.rules) follow(rule);
      state.set(id, 2);
    };
    for (const id of this.table.base) if (id !== 0 && !state.has(id)) visit(id);
  }

  private leave(chain: Chain | undefined): void {
    if (chain === undefined) return;
    this.s.nf.compiled.leave(chain.rules, chain.hash);
    this.table.forget(chain.id);
  }

  /** Puts the draft in place. */
  commit(): void {
    const { table } = this;
    this.checkLoops();
    const chains = table.own();
    let tracked = false;
    for (const id of this.gone) {
      tracked ||= chains.get(id)?.rules.some((rule) => rule.tracks) === true;
      this.leave(chains.get(id));
      chains.delete(id);
      table.settled.delete(id);
      table.memory.delete(id);
    }
    let tracks = false;
    for (const draft of this.chains.values()) {
      if (!draft.touched) continue;
      const old = chains.get(draft.id);
      const chain = this.s.nf.chainOf(table, draft.id, draft.name, draft.policy, draft.rules.map((r) => r.rule));
      this.leave(old);
      chains.set(draft.id, chain);
      carryCounters(table, draft, chain);
      const hook = table.base.indexOf(draft.id);
      if (draft.silent !== null && hook >= 0) table.silent = draft.silent ? table.silent | (1 << hook) : table.silent & ~(1 << hook);
      carryMemory(table, draft, old, chain);
      tracked ||= old?.rules.some((rule) => rule.tracks) === true;
      tracks ||= chain.rules.some((rule) => rule.tracks);
    }
    if (tracks) track(this.s, table);
    else if (tracked) untrack(this.s, table);
  }
}

const leadsTo = (rule: Rule, chain: number): boolean => rule.to === chain && (rule.go === GO.jump || rule.go === GO.goto);

function redirected(rule: Rule, to: number, name: string): Rule {
  const text = rule.text.replace(/\S+$/, name);
  return Object.freeze({ ...rule, to, text, hash: fnv1a32(text) | 0 });
}

function carryCounters(table: NfTable, draft: DraftChain, chain: Chain): void {
  const before = table.counters.get(chain.id);
  const counts = draft.counts ?? (before === undefined ? [0, 0] : [before[0]!, before[1]!]);
  const given = draft.rules.some((rule) => rule.packets !== 0 || rule.bytes !== 0);
  table.settled.delete(chain.id);
  if (!given && counts[0] === 0 && counts[1] === 0 && before === undefined) return;
  const after = table.countersOf(chain);
  after[0] = counts[0]!;
  after[1] = counts[1]!;
  draft.rules.forEach((rule, i) => {
    after[2 + 2 * i] = rule.from === NEW || before === undefined ? rule.packets : before[2 + 2 * rule.from]!;
    after[3 + 2 * i] = rule.from === NEW || before === undefined ? rule.bytes : before[3 + 2 * rule.from]!;
  });
}

function carryMemory(table: NfTable, draft: DraftChain, old: Chain | undefined, chain: Chain): void {
  const before = table.memory.get(chain.id);
  if (before === undefined) return;
  table.memory.delete(chain.id);
  if (chain.slots === 0 || old === undefined) return;
  const after = new Float64Array(chain.slots);
  draft.rules.forEach((rule, i) => {
    if (rule.from === NEW) return;
    for (let k = 0; k < rule.rule.slots; k++) after[chain.slotAt[i]! + k] = before[old.slotAt[rule.from]! + k]!;
  });
  table.memory.set(chain.id, after);
}

/** Bits of `hooks` for one hook and family. */
const bit = (hook: number, family: number): number => 1 << (family === 6 ? hook + 8 : hook);

/**
 * The table of a namespace, made and registered at its hooks if it was not there. Base chains that iptables-nft makes by
 * itself have no counters in the kernel: a policy counts from when it is set.
 */
export function registerTable(s: Stack, ns: number, family: 4 | 6, index: number, flavour: Flavour = "nft"): NfTable {
  const known = s.nf.get(ns, family, index);
  if (known !== undefined) return known;
  const table = s.nf.make(ns, family, index);
  table.base.forEach((id, hook) => {
    if (id === 0) return;
    s.ns.c.hooks[ns]! |= bit(hook, family);
    if (flavour === "nft") table.silent |= 1 << hook;
  });
  return table;
}

/** Connection tracking begins in the namespace for the table's family: a rule needs it (an empty nat table does not). */
function track(s: Stack, { ns, family }: NfTable): void {
  s.ns.c.tracking[ns]! |= family === 6 ? TRACKING.ip6 : TRACKING.ip;
  for (const hook of [HOOK.prerouting, HOOK.input, HOOK.output, HOOK.postrouting]) s.ns.c.hooks[ns]! |= bit(hook, family);
}

/** nf_ct_netns_put: tracking ends with the last rule that needs it; the flows it knew stay until their time is over. */
function untrack(s: Stack, { ns, family }: NfTable): void {
  if (s.nft.tables.has(ns)) return;
  for (const other of s.nf.tables.values()) {
    if (other.ns !== ns || other.family !== family) continue;
    for (const chain of other.chains.values()) if (chain.rules.some((rule) => rule.tracks)) return;
  }
  s.ns.c.tracking[ns]! &= ~(family === 6 ? TRACKING.ip6 : TRACKING.ip);
}
