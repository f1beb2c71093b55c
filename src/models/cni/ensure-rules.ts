/** Rules as the reference plugins keep them: a chain made if it is missing, a rule written unless an identical one is there. */
import { plumb } from "../../linux/plumbing.js";
import type { IptablesAct } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { pluginError } from "./cni-errors.js";
import type { CniError } from "./cni-model.js";

/** A place for rules: family and table, all in one namespace. */
export interface RuleTable {
  readonly family: 4 | 6;
  readonly table: "nat" | "filter";
  readonly cause?: number;
}

const act = ({ ns }: NodeDoor, { family, table, cause }: RuleTable): Omit<IptablesAct, "op" | "chain"> => ({ verb: "iptables", ns, family, table, ...(cause === undefined ? {} : { cause }) });

/** Makes a chain unless it is there. */
export function ensureChain(door: NodeDoor, table: RuleTable, chain: string): CniError | null {
  const refused = door.plumb({ ...act(door, table), op: "new-chain", chain });
  return refused === null || refused.errno === "EEXIST" ? null : pluginError(refused.message);
}

/** Whether a rule is there; asking is nothing that a transcript shows. */
export function hasRule(door: NodeDoor, table: RuleTable, chain: string, spec: string): boolean {
  return plumb(door.stack, { ...act(door, table), op: "check", chain, spec }) === null;
}

/** Appends rules, or inserts them in front, each unless it is there. */
export function ensureRules(door: NodeDoor, table: RuleTable, chain: string, specs: readonly string[], prepend = false): CniError | null {
  for (const spec of specs) {
    if (hasRule(door, table, chain, spec)) continue;
    const refused = door.plumb({ ...act(door, table), chain, spec, ...(prepend ? { op: "insert", at: 1 } : { op: "append" }) });
    if (refused !== null) return pluginError(refused.message);
  }
  return null;
}

/** Takes away the rules that stand for what is going, then a chain with all its rules; what is missing is no error. */
export function dropChain(door: NodeDoor, table: RuleTable, chain: string, jumps: readonly { readonly chain: string; readonly spec: string }[]): void {
  for (const jump of jumps) if (hasRule(door, table, jump.chain, jump.spec)) door.plumb({ ...act(door, table), ...jump, op: "delete" });
  if (door.plumb({ ...act(door, table), op: "flush", chain }) === null) door.plumb({ ...act(door, table), op: "delete-chain", chain });
}

/** `-m comment --comment "..."`, quotes within it written as the tool takes them back. */
export const commentWords = (text: string): string => `-m comment --comment "${text.replaceAll('"', '\\"')}"`;
