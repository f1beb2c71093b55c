/*
 * Every rule that could speak for one end of a connection, matching or not, in the order of the tiers. The
 * oracle says what is decided; the trail says what else stood beside the way.
 */
import { type Connection, peerMatches, portMatches, selects } from "./match.js";
import type { PodRecord, PolicyModel } from "./model.js";
import type { PolicyQuery } from "./oracle.js";
import type { Direction, Peer, Policy, PortMatch, Rule } from "./rules.js";

/** A rule, looked at for one connection. */
export interface TrailStep {
  readonly policy: Policy;
  readonly rule: Rule;
  /** Peers that match; null when the rule has none and so matches everyone. */
  readonly peers: readonly Peer[] | null;
  /** Port entries that match; null when the rule has none. */
  readonly ports: readonly PortMatch[] | null;
  readonly matches: boolean;
}

export interface Trail {
  readonly admin: readonly TrailStep[];
  /** NetworkPolicies that isolate the pod in this direction. */
  readonly isolating: readonly Policy[];
  readonly namespaced: readonly TrailStep[];
  readonly baseline: readonly TrailStep[];
}

/** The policies of a set, tier by tier, as a model has them. */
export type Tiers = Pick<PolicyModel, "admin" | "namespaced" | "baseline">;

/** The rules of all policies that select `own` for a direction; `tiers` are the model's unless others are tried. */
export function trailOf(model: PolicyModel, query: PolicyQuery, direction: Direction, own: PodRecord, tiers: Tiers = model): Trail {
  const concerned = (policies: readonly Policy[]): readonly Policy[] =>
    policies.filter((policy) => policy[direction] !== null && selects(model, policy, own));
  const walk = (policies: readonly Policy[]): readonly TrailStep[] =>
    policies.flatMap((policy) => policy[direction]!.map((rule) => stepOf(model, query, direction, policy, rule)));
  const isolating = isExempt(model, query, own) ? [] : concerned(tiers.namespaced);
  return { admin: walk(concerned(tiers.admin)), isolating, namespaced: walk(isolating), baseline: walk(concerned(tiers.baseline)) };
}

/** Whether NetworkPolicy is passed over, cluster-wide policy not: by protocol, or on the way to oneself. */
function isExempt(model: PolicyModel, { from, to, protocol, throughService }: PolicyQuery, own: PodRecord): boolean {
  const other = protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP";
  const self = from.kind === "pod" && to.kind === "pod" && from.pod === own && to.pod === own;
  return (other && model.switches.otherProtocols === "allowed") || (self && throughService === true && model.switches.serviceHairpin === "allowed");
}

/** What decides an end: rules that allow, one rule that denies, or nothing but the isolation itself. */
export interface Decision {
  readonly allowed: boolean;
  readonly tier: "admin" | "namespace" | "baseline" | "none";
  readonly steps: readonly TrailStep[];
}

/** The decision of a trail, as if the rule `without` were not written. */
export function decide(trail: Trail, without: Rule | null = null): Decision {
  const admin = first(trail.admin, without);
  if (admin !== undefined && admin.rule.action !== "pass") return { allowed: admin.rule.action === "allow", tier: "admin", steps: [admin] };
  if (trail.isolating.length > 0) {
    const steps = trail.namespaced.filter((step) => step.matches && step.rule !== without);
    return { allowed: steps.length > 0, tier: "namespace", steps };
  }
  const baseline = first(trail.baseline, without);
  if (baseline !== undefined && baseline.rule.action !== "pass") {
    return { allowed: baseline.rule.action === "allow", tier: "baseline", steps: [baseline] };
  }
  return { allowed: true, tier: "none", steps: [] };
}

function first(steps: readonly TrailStep[], without: Rule | null): TrailStep | undefined {
  return steps.find((step) => step.matches && step.rule !== without);
}

function stepOf(model: PolicyModel, query: Connection, direction: Direction, policy: Policy, rule: Rule): TrailStep {
  const other = direction === "egress" ? query.to : query.from;
  const peers = rule.peers?.filter((peer) => peerMatches(model, policy, peer, other, query.family)) ?? null;
  const ports = rule.ports?.filter((entry) => portMatches(entry, query.to, query.protocol, query.port)) ?? null;
  return { policy, rule, peers, ports, matches: (peers === null || peers.length > 0) && (ports === null || ports.length > 0) };
}
