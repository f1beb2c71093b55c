/* Rules that change nothing: shadowed by an earlier one, covered by another, or of a direction that does not count. */
import { formatAddress } from "./address.js";
import { coversPeer, coversPort, coversRule, coversSubject, rangeCovers } from "./lint-cover.js";
import type { LintContext } from "./lint-context.js";
import type { Direction, Peer, Policy, Rule } from "./rules.js";

const directions: readonly Direction[] = Object.freeze(["ingress", "egress"]);

export function lintRules(context: LintContext): void {
  const { admin, namespaced, baseline, policies } = context.model;
  for (const direction of directions) {
    for (const tier of [admin, baseline]) lintOrdered(context, tier, direction);
    lintUnion(context, namespaced, direction);
  }
  for (const policy of policies) {
    for (const direction of directions) for (const rule of policy[direction] ?? []) lintRule(context, policy, rule);
    if (policy.kind === "NetworkPolicy") lintTypes(context, policy);
  }
}

/** In a tier the first match decides: a rule behind one that covers it is never reached. */
function lintOrdered(context: LintContext, tier: readonly Policy[], direction: Direction): void {
  const earlier: { readonly policy: Policy; readonly rule: Rule }[] = [];
  for (const policy of tier) {
    for (const rule of policy[direction] ?? []) {
      const by = earlier.find((each) => coversSubject(each.policy, policy) && coversRule(each.policy, each.rule, policy, rule));
      if (by !== undefined) {
        const message = `never reached: ${by.policy.id} ${by.rule.path} comes first and matches all of it (${by.rule.action})`;
        context.add("warning", "shadowed-rule", policy, rule.path, message, "put it in front, or take it away");
      }
      earlier.push({ policy, rule });
    }
  }
}

/** NetworkPolicies add up: a rule that another covers opens nothing. Of two equal rules the later is told. */
function lintUnion(context: LintContext, policies: readonly Policy[], direction: Direction): void {
  const byNamespace = new Map<string, { readonly policy: Policy; readonly rule: Rule }[]>();
  for (const policy of policies) {
    const list = byNamespace.get(policy.namespace) ?? [];
    list.push(...(policy[direction] ?? []).map((rule) => ({ policy, rule })));
    byNamespace.set(policy.namespace, list);
  }
  const covers = (a: { policy: Policy; rule: Rule }, b: { policy: Policy; rule: Rule }): boolean => coversSubject(a.policy, b.policy) && coversRule(a.policy, a.rule, b.policy, b.rule);
  for (const list of byNamespace.values()) {
    list.forEach((own, i) => {
      const by = list.find((each, j) => j !== i && covers(each, own) && (j < i || !covers(own, each)));
      if (by === undefined) return;
      context.add("warning", "redundant-rule", own.policy, own.rule.path, `opens nothing: ${by.policy.id} ${by.rule.path} already allows all of it`, "take it away");
    });
  }
}

function lintRule(context: LintContext, policy: Policy, rule: Rule): void {
  const peers = rule.peers ?? [];
  peers.forEach((peer, i) => {
    const by = coverer(peers, i, (a, b) => coversPeer(policy, a, policy, b));
    if (by !== undefined) context.add("warning", "redundant-peer", policy, peer.path, `matches nobody that ${by.path} does not match`, "take it away");
    if (peer.kind === "block") lintBlock(context, policy, peer);
    if (policy.kind === "NetworkPolicy") lintDash(context, policy, peer, peers[i + 1]);
  });
  const ports = rule.ports ?? [];
  ports.forEach((entry, i) => {
    const by = coverer(ports, i, coversPort);
    if (by !== undefined) context.add("warning", "redundant-port", policy, entry.path, `matches no port that ${by.path} does not match`, "take it away");
  });
}

function coverer<T>(list: readonly T[], i: number, covers: (a: T, b: T) => boolean): T | undefined {
  const own = list[i]!;
  return list.find((each, j) => j !== i && covers(each, own) && (j < i || !covers(own, each)));
}

function lintBlock(context: LintContext, policy: Policy, peer: Peer & { readonly kind: "block" }): void {
  peer.except.forEach((cut, k) => {
    const path = `${peer.path}.ipBlock.except[${k}]`;
    const said = `${formatAddress(cut.first)}-${formatAddress(cut.last)}`;
    if (!rangeCovers(peer.range, cut)) {
      context.add("error", "except-outside-cidr", policy, path, `${said} does not lie inside ${formatAddress(peer.range.first)}-${formatAddress(peer.range.last)}: it excepts nothing, and the API server refuses it`, "widen the cidr or take the except away");
    } else if (rangeCovers(cut, peer.range)) context.add("error", "except-is-whole-cidr", policy, path, "excepts the whole cidr: the peer matches nobody, and the API server refuses it");
  });
}

/** `- podSelector` beside `- namespaceSelector`: one dash too many turns AND into OR. */
function lintDash(context: LintContext, policy: Policy, peer: Peer, next: Peer | undefined): void {
  if (peer.kind !== "pods" || next?.kind !== "pods") return;
  const podsOnly = (each: Peer & { readonly kind: "pods" }): boolean => each.namespaces === null;
  const spacesOnly = (each: Peer & { readonly kind: "pods" }): boolean => each.namespaces !== null && each.pods === null;
  if (!((podsOnly(peer) && spacesOnly(next)) || (spacesOnly(peer) && podsOnly(next)))) return;
  const message = `two entries: pods of ${policy.namespace} that match the one, or all pods of the namespaces of the other`;
  context.add("note", "or-not-and", policy, next.path, message, "if both must hold, write both selectors in one entry (one dash)");
}

/** Rules of a direction that policyTypes leaves out have no effect. */
function lintTypes(context: LintContext, policy: Policy): void {
  const object = context.objectOf(policy);
  if (object.kind !== "NetworkPolicy") return;
  for (const direction of directions) {
    const count = object.spec?.[direction]?.length ?? 0;
    if (count === 0 || policy[direction] !== null) continue;
    const type = direction === "ingress" ? "Ingress" : "Egress";
    context.add("warning", "rules-without-type", policy, `spec.${direction}`, `policyTypes does not list ${type}: these rules have no effect`, `add ${type} to spec.policyTypes, or take the rules away`);
  }
}
