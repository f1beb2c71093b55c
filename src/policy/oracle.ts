/*
 * The oracle: what the API's text says, read as plainly as it can be, every policy for each pair. Slow and
 * meant to be; the compiled matcher must always say the same. The order of tiers: Admin, NetworkPolicy,
 * Baseline, allow. Read first: k8s.io/api networking/v1/types.go and network-policy-api site-src/api-overview.md.
 */
import { endpointName } from "./endpoint.js";
import { type Connection, matchingPeer, portsMatch, selects } from "./match.js";
import type { PodRecord, PolicyModel } from "./model.js";
import { type Direction, type Policy, type Reason, reasonOf } from "./rules.js";

/** A connection to be judged. */
export interface PolicyQuery extends Connection {
  /** The destination was found through a Service; matters when it leads back to its own pod. */
  readonly throughService?: boolean;
}

/** One end's answer. `by` is every rule that allows, the rule that denies, or the policies that isolate; empty where none spoke. */
export interface EndVerdict {
  readonly allowed: boolean;
  readonly by: readonly Reason[];
  readonly why: string;
}

/** Both ends' answers, and whether the connection is allowed by both. */
export interface Verdict {
  readonly allowed: boolean;
  readonly egress: EndVerdict;
  readonly ingress: EndVerdict;
}

/** Judges a new connection at both ends, always both. */
export function verdict(model: PolicyModel, query: PolicyQuery): Verdict {
  const egress = judge(model, query, "egress");
  const ingress = judge(model, query, "ingress");
  return { allowed: egress.allowed && ingress.allowed, egress, ingress };
}

/** One end's judgement: egress is the source's, ingress the destination's. */
export function judge(model: PolicyModel, query: PolicyQuery, direction: Direction): EndVerdict {
  const [own, other] = direction === "egress" ? [query.from, query.to] : [query.to, query.from];
  if (own.kind === "external") return open("the outside world is under no policy");
  if (own.pod !== null && own.pod.absent !== "") return { allowed: false, by: [], why: `${own.pod.id} is no end of any connection: ${own.pod.absent}` };
  if (own.kind === "node") return open(own.pod === null ? "nodes are under no policy" : "a pod on its host's network is under no policy");
  const self = other.kind === "pod" && other.pod === own.pod;
  if (self && query.throughService !== true) return open("a pod always reaches itself");
  if (other.kind === "node" && own.pod.input.node !== "" && other.node === own.pod.input.node) {
    if (direction === "ingress") return open("a pod's own node always reaches it");
    if (model.switches.podToOwnNode === "allowed") return open("a pod always reaches its own node");
  }
  return judgeTiers(model, query, direction, own.pod, !self || model.switches.serviceHairpin === "judged");
}

function judgeTiers(model: PolicyModel, query: PolicyQuery, direction: Direction, own: PodRecord, namespaced: boolean): EndVerdict {
  const admin = judgeTier(model, model.admin, query, direction, own);
  if (admin !== null) return admin;
  const other = query.protocol !== "TCP" && query.protocol !== "UDP" && query.protocol !== "SCTP";
  if (namespaced && !(other && model.switches.otherProtocols === "allowed")) {
    const isolating = model.namespaced.filter((policy) => policy[direction] !== null && selects(model, policy, own));
    if (isolating.length > 0) return judgeIsolated(model, isolating, query, direction);
  }
  return judgeTier(model, model.baseline, query, direction, own) ?? open(`no policy isolates ${own.id} for ${direction}`);
}

/** First matching rule decides; Pass, and no match, leave the tier. */
function judgeTier(model: PolicyModel, tier: readonly Policy[], query: PolicyQuery, direction: Direction, own: PodRecord): EndVerdict | null {
  for (const policy of tier) {
    const rules = policy[direction];
    if (rules === null || !selects(model, policy, own)) continue;
    for (const rule of rules) {
      const path = matchingRule(model, policy, rule, query, direction);
      if (path === null) continue;
      if (rule.action === "pass") return null;
      const allowed = rule.action === "allow";
      return { allowed, by: [reasonOf(policy, path)], why: `${policy.id} ${allowed ? "allows" : "denies"} it at ${path}` };
    }
  }
  return null;
}

function judgeIsolated(model: PolicyModel, isolating: readonly Policy[], query: PolicyQuery, direction: Direction): EndVerdict {
  const by: Reason[] = [];
  for (const policy of isolating) {
    for (const rule of policy[direction] ?? []) {
      const path = matchingRule(model, policy, rule, query, direction);
      if (path !== null) by.push(reasonOf(policy, path));
    }
  }
  if (by.length > 0) return { allowed: true, by, why: `${by[0]!.policy} allows it at ${by[0]!.path}` };
  const names = isolating.map((policy) => policy.id).join(", ");
  const own = endpointName(direction === "egress" ? query.from : query.to);
  return {
    allowed: false,
    by: isolating.map((policy) => reasonOf(policy, policy.subjectPath)),
    why: `${own} is isolated for ${direction} by ${names}, and no rule allows it`,
  };
}

function matchingRule(model: PolicyModel, policy: Policy, rule: NonNullable<Policy["egress"]>[number], query: PolicyQuery, direction: Direction): string | null {
  if (!portsMatch(rule, query.to, query.protocol, query.port)) return null;
  return matchingPeer(model, policy, rule, direction === "egress" ? query.to : query.from, query.family);
}

function open(why: string): EndVerdict {
  return { allowed: true, by: [], why };
}
