/**
 * One policy and direction as a chain, the same for every pod that the policy selects and on every node: a rule for each peer
 * and group of ports, which goes to the chain that sets the mark. What does not match comes back without it.
 */
import type { PodRecord, PolicyModel } from "../../policy/model.js";
import { selects } from "../../policy/match.js";
import type { Direction, Peer, Policy, Rule } from "../../policy/rules.js";
import { ALLOW_CHAIN, peerSetName, policyChainName } from "./names.js";
import { blockElements, type Elements, namedPortElements, podElements, podsOfPeer } from "./peer-elements.js";
import type { PodsByNamespace } from "./pods-by-namespace.js";
import { readPorts } from "./port-words.js";
import { comment, type SetType, type WantedChain, type WantedRule, type WantedSet } from "./wanted.js";

export interface PolicyRules {
  readonly chain: WantedChain;
  readonly sets: readonly WantedSet[];
}

interface Making {
  readonly model: PolicyModel;
  readonly index: PodsByNamespace;
  readonly policy: Policy;
  readonly direction: Direction;
  readonly family: 4 | 6;
  readonly rules: WantedRule[];
  readonly sets: WantedSet[];
}

export function policyRules(model: PolicyModel, index: PodsByNamespace, policy: Policy, direction: Direction, family: 4 | 6): PolicyRules {
  const making: Making = { model, index, policy, direction, family, rules: [], sets: [] };
  for (const rule of policy[direction] ?? []) {
    for (const peer of rule.peers ?? [null]) peerRules(making, rule, peer);
  }
  return { chain: { name: policyChainName(policy.id, direction), rules: making.rules }, sets: making.sets };
}

function peerRules(making: Making, rule: Rule, peer: Peer | null): void {
  if (peer !== null && (peer.kind === "nobody" || (peer.kind === "block" && peer.range.family !== making.family))) return;
  const path = peer?.path ?? rule.path;
  const ports = readPorts(rule.ports);
  if (ports.numbers.length === 0 && ports.names.length === 0) return;
  const who = peer === null || (ports.numbers.length === 0 && making.direction === "egress") ? "" : peerMatch(making, peer);
  for (const { proto, match } of ports.numbers) allow(making, path, proto, `${who}${match}`);
  if (ports.names.length === 0) return;
  // A name is resolved at the destination: each pod that the rule lets out to, or each pod that the policy selects.
  const out = making.direction === "egress";
  const elements = namedPortElements(making.model, destinations(making), ports.names, making.policy, out ? peer : null, making.family);
  const name = wantSet(making, "ports", path, "hash:ip,port", elements);
  allow(making, path, "", `${out ? "" : who}-m set --match-set ${name} dst,dst `);
}

function allow({ rules, policy }: Making, path: string, proto: string, match: string): void {
  rules.push({ spec: `${proto}${comment(`${policy.id} ${path}`)} ${match}-g ${ALLOW_CHAIN}`, object: policy.id, path });
}

function destinations({ model, index, policy, direction }: Making): readonly PodRecord[] {
  if (direction === "egress") return [...index.values()].flat();
  return [...index.values()].flat().filter((pod) => selects(model, policy, pod));
}

function peerMatch(making: Making, peer: Peer): string {
  const { model, index, policy, family } = making;
  const side = making.direction === "egress" ? "dst" : "src";
  const name =
    peer.kind === "block"
      ? wantSet(making, "block", peer.path, "hash:net", blockElements(peer, family))
      : wantSet(making, "pods", peer.path, "hash:ip", peer.kind === "pods" ? podElements(podsOfPeer(model, index, policy, peer), family) : new Map());
  return `-m set --match-set ${name} ${side} `;
}

function wantSet({ sets, policy, family }: Making, kind: "pods" | "block" | "ports", path: string, type: SetType, elements: Elements): string {
  const name = peerSetName(family, kind, policy.id, path);
  sets.push({ name, type, elements, object: policy.id, path });
  return name;
}
