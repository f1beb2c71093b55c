/*
 * AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1) and ClusterNetworkPolicy (v1alpha2) into rules.
 * Read first: kubernetes-sigs/network-policy-api apis/v1alpha1 and apis/v1alpha2/clusternetworkpolicy_types.go.
 * A peer of no known field fails closed: an Accept matches nobody, a Deny or Pass denies everything.
 */
import type {
  AdminNetworkPolicy,
  AdminPolicyPort,
  BaselineAdminNetworkPolicy,
  ClusterNetworkPolicy,
  ClusterPolicyProtocol,
  LabelSelector,
  PolicyEgressPeer,
  Protocol,
  SourceRef,
} from "../api/index.js";
import { parseCidrRange } from "./address.js";
import type { Reading } from "./reading.js";
import type { Action, Peer, Policy, PortMatch, Rule, Tier } from "./rules.js";

type ClusterPolicy = AdminNetworkPolicy | BaselineAdminNetworkPolicy | ClusterNetworkPolicy;

interface PlainRule {
  readonly action: string;
  readonly peers: readonly PolicyEgressPeer[];
  readonly ports: readonly PortMatch[] | null;
}

const everything: LabelSelector = Object.freeze({});

export function readClusterPolicy(object: ClusterPolicy, source: SourceRef | null, reading: Reading): Policy {
  const { spec } = object;
  const subject = spec.subject ?? {};
  const whole = subject.namespaces === undefined && subject.pods === undefined;
  if (whole) reading.refuse("spec.subject", "no known subject; every pod is taken as subject");
  return {
    id: `${object.kind} ${object.metadata.name}`,
    kind: object.kind,
    tier: tierOf(object),
    priority: object.kind === "BaselineAdminNetworkPolicy" ? Number.MAX_SAFE_INTEGER : object.spec.priority,
    namespace: "",
    name: object.metadata.name,
    subjectNamespaces: subject.namespaces ?? subject.pods?.namespaceSelector ?? everything,
    subjectPods: subject.pods?.podSelector ?? null,
    subjectPath: subject.pods === undefined ? "spec.subject.namespaces" : "spec.subject.pods",
    egress: readRules(object, "egress", reading),
    ingress: readRules(object, "ingress", reading),
    source,
  };
}

function tierOf(object: ClusterPolicy): Tier {
  if (object.kind === "AdminNetworkPolicy") return "admin";
  if (object.kind === "BaselineAdminNetworkPolicy") return "baseline";
  return object.spec.tier === "Baseline" ? "baseline" : "admin";
}

function readRules(object: ClusterPolicy, direction: "egress" | "ingress", reading: Reading): readonly Rule[] | null {
  const plain = plainRules(object, direction, reading);
  if (plain.length === 0) return null;
  const side = direction === "egress" ? "to" : "from";
  return plain.map((rule, i) => readRule(rule, `spec.${direction}[${i}]`, side, direction, reading));
}

function plainRules(object: ClusterPolicy, direction: "egress" | "ingress", reading: Reading): readonly PlainRule[] {
  const rules: PlainRule[] = [];
  const add = (action: string, peers: readonly PolicyEgressPeer[] | undefined, ports: readonly PortMatch[] | null): void => {
    rules.push({ action, peers: peers ?? [], ports });
  };
  if (object.kind === "ClusterNetworkPolicy") {
    for (const [i, rule] of (object.spec.egress ?? []).entries())
      if (direction === "egress") add(rule.action, rule.to, readProtocols(rule.protocols, `spec.egress[${i}].protocols`, reading));
    for (const [i, rule] of (object.spec.ingress ?? []).entries())
      if (direction === "ingress") add(rule.action, rule.from, readProtocols(rule.protocols, `spec.ingress[${i}].protocols`, reading));
    return rules;
  }
  for (const [i, rule] of (object.spec.egress ?? []).entries())
    if (direction === "egress") add(rule.action, rule.to, readPorts(rule.ports, `spec.egress[${i}].ports`, reading));
  for (const [i, rule] of (object.spec.ingress ?? []).entries())
    if (direction === "ingress") add(rule.action, rule.from, readPorts(rule.ports, `spec.ingress[${i}].ports`, reading));
  return rules;
}

function readRule(rule: PlainRule, path: string, side: string, direction: "egress" | "ingress", reading: Reading): Rule {
  const action = readAction(rule.action, `${path}.action`, reading);
  const peers = rule.peers.flatMap((peer, j) => readPeer(peer, `${path}.${side}[${j}]`, direction, reading));
  const unknown = peers.some((peer) => peer.kind === "nobody") || peers.length === 0;
  if (unknown && action !== "allow") return { path, action: "deny", peers: null, ports: null };
  return { path, action, peers, ports: rule.ports };
}

function readAction(text: string, path: string, reading: Reading): Action {
  switch (text) {
    case "Accept":
    case "Allow":
      return "allow";
    case "Pass":
      return "pass";
    case "Deny":
      return "deny";
    default:
      reading.refuse(path, `unknown action ${text}; taken as Deny`);
      return "deny";
  }
}

function readPeer(peer: PolicyEgressPeer, path: string, direction: "egress" | "ingress", reading: Reading): readonly Peer[] {
  if (peer.namespaces) return [{ kind: "pods", path, namespaces: peer.namespaces, pods: null }];
  if (peer.pods) {
    return [{ kind: "pods", path, namespaces: peer.pods.namespaceSelector ?? everything, pods: peer.pods.podSelector ?? null }];
  }
  if (direction === "egress") {
    if (peer.nodes) return [{ kind: "nodes", path, selector: peer.nodes }];
    if (peer.domainNames) return [{ kind: "names", path, names: peer.domainNames }];
    if (peer.networks) return peer.networks.map((text, k) => readNetwork(text, `${path}.networks[${k}]`, reading));
  }
  reading.refuse(path, "no known peer; an Accept matches nobody, a Deny or Pass denies everything");
  return [{ kind: "nobody", path }];
}

function readNetwork(text: string, path: string, reading: Reading): Peer {
  const range = parseCidrRange(text);
  if (range !== null) return { kind: "block", path, strict: true, range, except: [] };
  reading.refuse(path, `unusable network ${text}`);
  return { kind: "nobody", path };
}

function readPorts(ports: readonly AdminPolicyPort[] | undefined, path: string, reading: Reading): readonly PortMatch[] | null {
  if (ports === undefined || ports === null || ports.length === 0) return null;
  return ports.flatMap((port, j) => {
    const at = `${path}[${j}]`;
    if (port.namedPort !== undefined) return [{ path: at, protocol: null, first: 1, last: 65535, name: port.namedPort }];
    const range = port.portRange ?? (port.portNumber && { ...port.portNumber, start: port.portNumber.port, end: port.portNumber.port });
    const protocol = readProtocol(range?.protocol ?? "TCP");
    if (range === undefined || protocol === null) {
      reading.refuse(at, "no usable port; the entry matches no port");
      return [];
    }
    return matched({ path: at, protocol, first: range.start, last: range.end, name: "" }, reading);
  });
}

function readProtocols(entries: readonly ClusterPolicyProtocol[] | undefined, path: string, reading: Reading): readonly PortMatch[] | null {
  if (entries === undefined || entries === null || entries.length === 0) return null;
  return entries.flatMap((entry, j) => {
    const at = `${path}[${j}]`;
    if (entry.destinationNamedPort !== undefined) {
      return [{ path: at, protocol: null, first: 1, last: 65535, name: entry.destinationNamedPort }];
    }
    const key = entry.tcp ? "tcp" : entry.udp ? "udp" : entry.sctp ? "sctp" : null;
    if (key === null) {
      reading.refuse(at, "no known protocol; the entry matches no port");
      return [];
    }
    const port = entry[key]?.destinationPort;
    const protocol = key === "tcp" ? "TCP" : key === "udp" ? "UDP" : "SCTP";
    if (port === undefined || port === null) {
      reading.note(`${at}.${key}`, `no destinationPort: taken as ${reading.switches.emptyProtocol === "all-ports" ? "all ports" : "no port"}`);
      return reading.switches.emptyProtocol === "all-ports" ? matched({ path: at, protocol, first: 1, last: 65535, name: "" }, reading) : [];
    }
    const first = port.range?.start ?? port.number;
    const last = port.range?.end ?? port.number;
    if (first === undefined || last === undefined) {
      reading.refuse(`${at}.${key}.destinationPort`, "neither number nor range; the entry matches no port");
      return [];
    }
    return matched({ path: at, protocol, first, last, name: "" }, reading);
  });
}

function matched(port: PortMatch, reading: Reading): readonly PortMatch[] {
  return port.protocol === "SCTP" && reading.switches.sctp === "unmatched" ? [] : [port];
}

function readProtocol(text: string): Protocol | null {
  return text === "TCP" || text === "UDP" || text === "SCTP" ? text : null;
}
