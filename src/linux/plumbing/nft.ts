/** `nft -f`: a transaction on one table, whole or not at all. */
import { TRACKING } from "../nf/hooks.js";
import type { NftChain, NftCommand, NftElement, NftSet } from "../nf/nft/nft-doc.js";
import { NftSyntaxError, readNftRule, readNftVerdict, type NftStatement } from "../nf/nft/nft-statement.js";
import type { NftTable } from "../nf/nft/nft-tables.js";
import { HOOK, type Stack } from "../stack.js";
import type { ActResult, NftAct } from "./act.js";

/** A transaction that is being put together; what is not touched is shared with the table before. */
interface Draft {
  readonly chains: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
  readonly elements: Map<string, ReadonlyMap<string, NftElement>>;
  readonly dynamic: Map<string, Map<string, number>>;
  readonly copied: Set<string>;
  /** what this transaction says, to be checked */
  readonly rules: (readonly NftStatement[])[];
  readonly values: string[];
  deletes: boolean;
}

const refused = (errno: string, message: string): ActResult => ({ errno, message: `Error: ${message}` });
const missing = (message = "Could not process rule: No such file or directory"): ActResult => refused("ENOENT", message);

export function changeNft(s: Stack, act: NftAct): ActResult {
  const { ns, table: name } = act;
  const family = act.family === "ip" ? 4 : 6;
  const old = s.nft.get(ns, family, name);
  if (old === undefined && act.commands[0]?.verb !== "addTable") return missing();
  const draft: Draft = { chains: new Map(old?.chains), sets: new Map(old?.sets), elements: new Map(old?.elements), dynamic: new Map(old?.dynamic), copied: new Set(), rules: [], values: [], deletes: false };
  try {
    for (const command of act.commands) {
      const no = perform(draft, command);
      if (no !== null) return no;
    }
    const no = checkTargets(draft);
    if (no !== null) return no;
  } catch (error) {
    if (!(error instanceof NftSyntaxError)) throw error;
    return refused("EINVAL", error.message);
  }
  const { chains, sets, elements, dynamic } = draft;
  const made = act.commands.find((command) => command.verb === "addTable");
  const comment = made?.comment ?? old?.comment;
  const table: NftTable = { ...old, ns, family, name, ...(comment === undefined ? {} : { comment }), chains, sets, elements, dynamic };
  s.nft.put(table);
  register(s, table);
  return null;
}

function perform(draft: Draft, command: NftCommand): ActResult {
  switch (command.verb) {
    case "addTable":
      return null;
    case "addChain": {
      const { chain } = command;
      const known = draft.chains.get(chain.name);
      draft.chains.set(chain.name, { ...chain, rules: known?.rules ?? [] });
      return null;
    }
    case "flushChain": {
      const chain = draft.chains.get(command.name);
      if (chain === undefined) return missing();
      draft.chains.set(command.name, { ...chain, rules: [] });
      return null;
    }
    case "deleteChain":
      draft.deletes = true;
      return draft.chains.delete(command.name) ? null : missing();
    case "addRule": {
      const chain = draft.chains.get(command.chain);
      if (chain === undefined) return missing();
      draft.rules.push(readNftRule(command.rule.text));
      // A chain that this transaction made has rules that nobody else holds.
      if (draft.copied.has(`chain ${chain.name}`)) (chain.rules as NftChain["rules"][number][]).push(command.rule);
      else draft.chains.set(chain.name, { ...chain, rules: [...chain.rules, command.rule] });
      draft.copied.add(`chain ${chain.name}`);
      return null;
    }
    case "addSet": {
      const { set } = command;
      if (draft.sets.has(set.name)) return null;
      draft.sets.set(set.name, { ...set, elements: [] });
      draft.elements.set(set.name, new Map());
      if (set.timeout > 0) draft.dynamic.set(set.name, new Map());
      return null;
    }
    case "flushSet":
      if (!draft.sets.has(command.name)) return missing();
      draft.elements.set(command.name, new Map());
      if (draft.dynamic.has(command.name)) draft.dynamic.set(command.name, new Map());
      return null;
    case "deleteSet":
      draft.deletes = true;
      if (!draft.sets.delete(command.name)) return missing();
      draft.elements.delete(command.name);
      draft.dynamic.delete(command.name);
      return null;
    case "addElement":
    case "deleteElement":
      return changeElement(draft, command.set, command.element, command.verb === "addElement");
  }
}

function changeElement(draft: Draft, set: string, element: NftElement, adds: boolean): ActResult {
  const known = draft.elements.get(set);
  if (known === undefined) return missing();
  const elements = draft.copied.has(`set ${set}`) ? (known as Map<string, NftElement>) : new Map(known);
  draft.copied.add(`set ${set}`);
  draft.elements.set(set, elements);
  const old = elements.get(element.key);
  if (!adds) return elements.delete(element.key) ? null : missing();
  if (old !== undefined && old.value !== element.value) return refused("EEXIST", "Could not process rule: File exists");
  if (old === undefined) elements.set(element.key, element);
  if (element.value !== "") draft.values.push(element.value);
  return null;
}

/** Every chain and set that is spoken of must be there; after a deletion that is asked of the whole table, for what is in use stays. */
function checkTargets({ chains, sets, elements, rules, values, deletes }: Draft): ActResult {
  const leads = (verdict: { readonly go: string; readonly chain?: string }): boolean => verdict.chain === undefined || chains.has(verdict.chain);
  const allRules = deletes ? [...chains.values()].flatMap((chain) => chain.rules.map((rule) => readNftRule(rule.text))) : rules;
  const allValues = deletes ? [...elements.values()].flatMap((held) => [...held.values()].flatMap(({ value }) => (value === "" ? [] : [value]))) : values;
  const whole = allRules.every((statements) => statements.every((each) => isWhole(each, leads, sets))) && allValues.every((value) => leads(readNftVerdict(value)));
  if (whole) return null;
  return deletes ? refused("EBUSY", "Could not process rule: Device or resource busy") : missing();
}

function isWhole(statement: NftStatement, leads: (verdict: { readonly go: string; readonly chain?: string }) => boolean, sets: ReadonlyMap<string, NftSet>): boolean {
  switch (statement.kind) {
    case "verdict":
      return leads(statement.verdict);
    case "numgen-vmap":
      return statement.verdicts.every(leads);
    case "vmap":
      return sets.get(statement.map)?.kind === "map";
    case "lookup":
    case "update":
      return sets.has(statement.set);
    case "address":
      return !("set" in statement.of) || sets.has(statement.of.set);
    default:
      return true;
  }
}

/** Hooks are asked from now on, and connections tracked: kube-proxy's base chains need both. */
function register(s: Stack, { ns, family, chains }: NftTable): void {
  const bit = (hook: number): number => 1 << (family === 6 ? hook + 8 : hook);
  let base = false;
  for (const chain of chains.values()) {
    if (chain.base === null) continue;
    base = true;
    s.ns.c.hooks[ns]! |= bit(HOOK[chain.base.hook]);
  }
  if (!base) return;
  s.ns.c.tracking[ns]! |= family === 6 ? TRACKING.ip6 : TRACKING.ip;
  for (const hook of [HOOK.prerouting, HOOK.input, HOOK.output, HOOK.postrouting]) s.ns.c.hooks[ns]! |= bit(hook);
}
