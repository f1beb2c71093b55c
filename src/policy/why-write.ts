/* Peers and ports as manifests of each kind write them: the narrowest text that matches one end or one port. */
import type { Labels } from "../api/index.js";
import { formatAddress } from "./address.js";
import { addressIn, type Endpoint } from "./endpoint.js";
import type { Connection } from "./match.js";
import type { PodRecord, PolicyModel } from "./model.js";
import type { Direction, Policy } from "./rules.js";

type Data = Readonly<Record<string, unknown>>;

const nameKey = "kubernetes.io/metadata.name";
const telling: readonly string[] = Object.freeze(["app.kubernetes.io/name", "app", "k8s-app", "name", "component", "role"]);
const passing: readonly string[] = Object.freeze(["pod-template-hash", "controller-revision-hash", "pod-template-generation", "controller-uid", "job-name"]);

/** One label that no other workload of the namespace has, if there is one; else all but those of a rollout. */
export function tellingLabels(model: PolicyModel, pod: PodRecord): Labels {
  const own = Object.entries(pod.input.labels).filter(([key]) => !passing.includes(key) && !key.startsWith("batch.kubernetes.io/"));
  const rank = (key: string): number => (telling.includes(key) ? telling.indexOf(key) : telling.length);
  const sorted = own.sort(([a], [b]) => rank(a) - rank(b));
  const others = model.pods.filter((each) => each.input.namespace === pod.input.namespace && each.workload !== pod.workload);
  const alone = sorted.find(([key, value]) => !others.some((each) => each.input.labels[key] === value));
  return Object.fromEntries(alone === undefined ? own : [alone]);
}

/** A peer that matches `other`; null when the kind of policy has no peer for it, and only a rule for everyone would do. */
export function writtenPeer(model: PolicyModel, policy: Policy, direction: Direction, other: Endpoint, family: 4 | 6): Data | null {
  if (other.kind === "pod") return podPeer(model, policy, other.pod);
  const { switches } = model;
  const address = addressIn(other, family);
  if (policy.kind === "NetworkPolicy") {
    if (address === null || (other.kind === "node" && switches.ipBlockMatchesNodes === "no")) return null;
    return { ipBlock: { cidr: `${formatAddress(address.words)}/${address.words.length * 32}` } };
  }
  if (direction === "ingress") return null;
  if (address !== null) return { networks: [`${formatAddress(address.words)}/${address.words.length * 32}`] };
  return other.kind === "external" && other.host !== "" ? { domainNames: [other.host] } : null;
}

function podPeer(model: PolicyModel, policy: Policy, pod: PodRecord): Data {
  const podSelector = selectorOf(tellingLabels(model, pod));
  const namespaceSelector = selectorOf({ [nameKey]: pod.input.namespace });
  if (policy.kind !== "NetworkPolicy") return { pods: { namespaceSelector, podSelector } };
  return pod.input.namespace === policy.namespace ? { podSelector } : { namespaceSelector, podSelector };
}

function selectorOf(labels: Labels): Data {
  return Object.keys(labels).length === 0 ? {} : { matchLabels: labels };
}

/** A port entry for the connection; null when only a rule without entries matches it. */
export function writtenPort(model: PolicyModel, policy: Policy, { protocol, port }: Connection): Data | null {
  if (protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP") return null;
  if (port < 1 || (protocol === "SCTP" && model.switches.sctp === "unmatched")) return null;
  switch (policy.kind) {
    case "NetworkPolicy":
      return { port, protocol };
    case "ClusterNetworkPolicy":
      return { [protocol.toLowerCase()]: { destinationPort: { number: port } } };
    default:
      return { portNumber: { port, protocol } };
  }
}

/** A rule that allows the connection, as narrow as its kind can say; null when it has no peer for the other end. */
export function writtenRule(model: PolicyModel, policy: Policy, direction: Direction, query: Connection): Data | null {
  const other = direction === "egress" ? query.to : query.from;
  const peer = writtenPeer(model, policy, direction, other, query.family);
  const port = writtenPort(model, policy, query);
  const side = direction === "egress" ? "to" : "from";
  if (policy.kind === "NetworkPolicy") return { ...(peer === null ? {} : { [side]: [peer] }), ...(port === null ? {} : { ports: [port] }) };
  if (peer === null) return null;
  const cluster = policy.kind === "ClusterNetworkPolicy";
  return { action: cluster ? "Accept" : "Allow", [side]: [peer], ...(port === null ? {} : { [cluster ? "protocols" : "ports"]: [port] }) };
}
