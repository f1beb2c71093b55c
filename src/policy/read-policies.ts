/* All policies of a set, each tier in the order in which it is judged. */
import type { Problem } from "../base/problem.js";
import type { PolicySource } from "./input.js";
import { readClusterPolicy } from "./read-cluster-policy.js";
import { readNetworkPolicy } from "./read-network-policy.js";
import { Reading } from "./reading.js";
import type { Policy } from "./rules.js";
import type { PolicySwitches } from "./switches.js";

export interface PolicyTiers {
  readonly admin: readonly Policy[];
  readonly namespaced: readonly Policy[];
  readonly baseline: readonly Policy[];
  readonly problems: readonly Problem[];
}

export function readPolicies(sources: readonly PolicySource[], switches: PolicySwitches): PolicyTiers {
  const reading = new Reading(switches);
  const policies = sources.map((each) => readPolicy(each, reading));
  const admin = policies.filter((policy) => policy.tier === "admin").sort(byPrecedence);
  const baseline = policies.filter((policy) => policy.tier === "baseline").sort(byPrecedence);
  warnOfTies(admin, reading);
  warnOfTies(baseline, reading);
  const namespaced = policies
    .filter((policy) => policy.tier === "namespace")
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name));
  return { admin, namespaced, baseline, problems: reading.problems };
}

/** One policy, any kind, in the common shape. */
export function readPolicy(each: PolicySource, reading: Reading): Policy {
  const { object, source } = each;
  reading.begin(`${object.kind} ${object.metadata.name}`, source);
  return object.kind === "NetworkPolicy" ? readNetworkPolicy(object, source, reading) : readClusterPolicy(object, source, reading);
}

/** Lower priority first; a tie goes to the lower name, then kind. The one BaselineAdminNetworkPolicy comes last. */
export function byPrecedence(a: Policy, b: Policy): number {
  return a.priority - b.priority || compare(a.name, b.name) || compare(a.kind, b.kind);
}

function warnOfTies(tier: readonly Policy[], reading: Reading): void {
  for (let i = 1; i < tier.length; i++) {
    const [one, other] = [tier[i - 1]!, tier[i]!];
    if (one.priority !== other.priority) continue;
    reading.begin(other.id, other.source);
    const tie = `same priority as ${one.id}`;
    if (reading.switches.equalPriorities === "refused") reading.refuse("spec.priority", tie);
    else reading.note("spec.priority", `${tie}: undefined upstream; judged in order of name`);
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
