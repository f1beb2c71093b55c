/* Does a subject, a peer or a port entry match? The plain readings, one test at a time. */
import { matches } from "../api/selector.js";
import { type Address, inRange } from "./address.js";
import { addressIn, type Endpoint } from "./endpoint.js";
import type { PodRecord, PolicyModel } from "./model.js";
import type { Peer, Policy, PortMatch, Rule } from "./rules.js";

/** A connection between two ends. */
export interface Connection {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** TCP, UDP, SCTP or any other protocol's name. */
  readonly protocol: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/** Whether a pod is subject to a policy. */
export function selects(model: PolicyModel, policy: Policy, pod: PodRecord): boolean {
  const { namespace, labels } = pod.input;
  if (!pod.subject) return false;
  const own = policy.subjectNamespaces === null ? namespace === policy.namespace : matches(policy.subjectNamespaces, model.namespaceLabels(namespace));
  return own && (policy.subjectPods === null || matches(policy.subjectPods, labels));
}

/** The field path of the peer that matches, or null; a rule without peers matches by itself. */
export function matchingPeer(model: PolicyModel, policy: Policy, rule: Rule, other: Endpoint, family: 4 | 6): string | null {
  if (rule.peers === null) return rule.path;
  return rule.peers.find((peer) => peerMatches(model, policy, peer, other, family))?.path ?? null;
}

export function peerMatches(model: PolicyModel, policy: Policy, peer: Peer, other: Endpoint, family: 4 | 6): boolean {
  switch (peer.kind) {
    case "pods": {
      if (other.kind !== "pod") return false;
      const { namespace, labels } = other.pod.input;
      const own = peer.namespaces === null ? namespace === policy.namespace : matches(peer.namespaces, model.namespaceLabels(namespace));
      return own && (peer.pods === null || matches(peer.pods, labels));
    }
    case "block": {
      const address = addressIn(other, family);
      return address !== null && blockCounts(model, peer.strict, other) && inBlock(peer, address);
    }
    case "nodes": {
      const labels = other.kind === "node" ? model.nodes.get(other.node)?.labels : undefined;
      return labels !== undefined && matches(peer.selector, labels);
    }
    case "names":
      return other.kind === "external" && peer.names.some((name) => nameMatches(name, other.host));
    case "nobody":
      return false;
  }
}

export function inBlock(peer: Peer & { readonly kind: "block" }, address: Address): boolean {
  return inRange(peer.range, address) && !peer.except.some((each) => inRange(each, address));
}

/** A leading `*.` stands for one or more whole labels; names compare without case and final dot. */
export function nameMatches(pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  const wanted = pattern.toLowerCase().replace(/\.$/, "");
  if (!wanted.startsWith("*.")) return name !== "" && name === wanted;
  return name.length > wanted.length - 1 && name.endsWith(wanted.slice(1));
}

/** The port entries of a rule that match; a rule without entries matches every protocol. */
export function portsMatch(rule: Rule, to: Endpoint, protocol: string, port: number): boolean {
  return rule.ports === null || rule.ports.some((entry) => portMatches(entry, to, protocol, port));
}

/** Whether one entry of `ports` means this port of the destination. */
export function portMatches(entry: PortMatch, to: Endpoint, protocol: string, port: number): boolean {
  if (entry.protocol !== null && entry.protocol !== protocol) return false;
  if (entry.name === "") return entry.first <= port && port <= entry.last;
  if (to.kind !== "pod") return false;
  return to.pod.named.some((each) => each.name === entry.name && each.protocol === protocol && each.number === port);
}

function blockCounts(model: PolicyModel, strict: boolean, other: Endpoint): boolean {
  if (strict || other.kind === "external") return true;
  return (other.kind === "pod" ? model.switches.ipBlockMatchesPods : model.switches.ipBlockMatchesNodes) === "yes";
}
