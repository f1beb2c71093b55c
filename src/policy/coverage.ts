/*
 * What a list of expectations proves about the policies: which rules, peers and port entries never decided any of
 * its connections, and (coverage-mutants.ts) which one-token changes of the policies none of it would notice.
 */
import { expectedPairs, familyOf } from "./check.js";
import type { Expectation } from "./check-expectation.js";
import { partOf } from "./check-ports.js";
import { PolicyMatcher } from "./compile/matcher.js";
import { diff } from "./diff.js";
import { mutantsOf, type Mutant } from "./coverage-mutants.js";
import type { PolicyModel } from "./model.js";
import { judge, type PolicyQuery } from "./oracle.js";
import { outcomes } from "./check.js";
import { type Direction, type Policy, type Reason, reasonOf } from "./rules.js";
import { applyChange } from "./why-change.js";
import { decide, trailOf } from "./why-trail.js";

/** A part of a policy that could decide. */
export interface CoverageItem extends Reason {
  readonly what: "isolation" | "rule" | "peer" | "port";
  readonly direction: Direction;
}

/** How much of the policies decided something. */
export interface Coverage {
  readonly items: number;
  readonly decided: number;
  readonly never: readonly CoverageItem[];
}

/** Which parts of the policies decided none of the connections that were asked. */
export function coverage(model: PolicyModel, queries: Iterable<PolicyQuery>): Coverage {
  const decided = new Set<string>();
  for (const query of queries) for (const direction of ["egress", "ingress"] as const) markDecided(model, query, direction, decided);
  const items = model.policies.flatMap(itemsOf);
  const never = items.filter(({ policy, direction, path }) => !decided.has(keyOf(policy, direction, path)));
  return { items: items.length, decided: items.length - never.length, never };
}

/** One connection for each pair that expectations name and each class of ports that policies tell apart. */
export function* queriesOf(model: PolicyModel, expectations: readonly Expectation[]): Generator<PolicyQuery> {
  const matcher = new PolicyMatcher(model);
  const segments = (["TCP", "UDP", "SCTP"] as const).flatMap((protocol, i) => matcher.ports.ranges(i).map(({ first, last }) => ({ protocol, first, last })));
  for (const each of expectations) {
    for (const { from, to, wanted } of expectedPairs(model, matcher, each).pairs) {
      if (wanted === null) continue;
      for (const { protocol, first, last } of segments) {
        const port = partOf({ [protocol]: [[first, last]] }, wanted, true)?.[protocol]?.[0]?.[0];
        if (port !== undefined) yield { from, to, protocol, port, family: familyOf(from, to) };
      }
    }
  }
}

export interface UnnoticedMutant extends Mutant {
  /** How many connections it opens, closes or changes; 0 when it makes no difference to these workloads. */
  readonly changes: number;
}

/** How many small changes of the policies the expectations would notice. */
export interface MutationCoverage {
  readonly mutants: number;
  readonly noticed: number;
  /** Those that change connections and that no expectation notices, by policy. */
  readonly unnoticed: readonly UnnoticedMutant[];
  /** Those that change no connection, which nothing could notice. */
  readonly equivalent: number;
}

/** Changes every token of the policies in turn and asks whether any expectation comes out otherwise. */
export function mutationCoverage(model: PolicyModel, expectations: readonly Expectation[]): MutationCoverage {
  const before = outcomes(model, expectations);
  const mutants = mutantsOf(model);
  const survivors = mutants.flatMap((mutant): UnnoticedMutant[] => {
    const mutated = applyChange(model, mutant);
    if (outcomes(mutated, expectations).some((each, i) => each !== before[i])) return [];
    return [{ ...mutant, changes: diff(model, mutated).changes.length }];
  });
  const unnoticed = survivors.filter((each) => each.changes > 0);
  return { mutants: mutants.length, noticed: mutants.length - survivors.length, unnoticed, equivalent: survivors.length - unnoticed.length };
}

function markDecided(model: PolicyModel, query: PolicyQuery, direction: Direction, decided: Set<string>): void {
  const own = direction === "egress" ? query.from : query.to;
  if (own.kind !== "pod" || judge(model, query, direction).by.length === 0) return;
  const trail = trailOf(model, query, direction, own.pod);
  const { allowed, tier, steps } = decide(trail);
  if (tier === "namespace" && !allowed) for (const policy of trail.isolating) decided.add(keyOf(policy.id, direction, policy.subjectPath));
  for (const { policy, rule, peers, ports } of steps) {
    for (const path of [rule.path, ...(peers ?? []).map((each) => each.path), ...(ports ?? []).map((each) => each.path)]) decided.add(keyOf(policy.id, direction, path));
  }
}

/** Peers and port entries of a rule; the rule itself where it has no peers. Isolation where it can deny. */
function itemsOf(policy: Policy): readonly CoverageItem[] {
  return (["egress", "ingress"] as const).flatMap((direction) => {
    const rules = policy[direction];
    if (rules === null) return [];
    const item = (what: CoverageItem["what"], path: string): CoverageItem => ({ ...reasonOf(policy, path), what, direction });
    const parts = rules.flatMap((rule) => [
      ...(rule.peers === null ? [item("rule", rule.path)] : rule.peers.map((peer) => item("peer", peer.path))),
      ...(rule.ports ?? []).map((entry) => item("port", entry.path)),
    ]);
    return policy.tier === "namespace" ? [item("isolation", policy.subjectPath), ...parts] : parts;
  });
}

function keyOf(policy: string, direction: Direction, path: string): string {
  return `${direction} ${policy} ${path}`;
}
