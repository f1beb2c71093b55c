/*
 * NetworkPolicy v1 into rules. Read first: k8s.io/api networking/v1/types.go and defaults.go.
 * What validation would have refused is reported, and read so that it opens nothing.
 */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, SourceRef } from "../api/index.js";
import { parseCidrRange } from "./address.js";
import type { Reading } from "./reading.js";
import type { Peer, Policy, PortMatch, Rule } from "./rules.js";

interface PlainRule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

export function readNetworkPolicy(object: NetworkPolicy, source: SourceRef | null, reading: Reading): Policy {
  const spec = object.spec ?? {};
  const namespace = object.metadata.namespace ?? "default";
  const egress = spec.egress ?? [];
  const ingress = spec.ingress ?? [];
  const written = spec.policyTypes ?? [];
  const types = written.length > 0 ? written : egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  const rules = (direction: string, side: string, list: readonly PlainRule[]): readonly Rule[] =>
    list.map((rule, i) => readRule(rule, `spec.${direction}[${i}]`, side, reading));
  return {
    id: `NetworkPolicy ${namespace}/${object.metadata.name}`,
    kind: "NetworkPolicy",
    tier: "namespace",
    priority: 0,
    namespace,
    name: object.metadata.name,
    subjectNamespaces: null,
    subjectPods: spec.podSelector ?? null,
    subjectPath: "spec.podSelector",
    egress: types.includes("Egress") ? rules("egress", "to", egress.map((rule) => ({ peers: rule?.to, ports: rule?.ports }))) : null,
    ingress: types.includes("Ingress") ? rules("ingress", "from", ingress.map((rule) => ({ peers: rule?.from, ports: rule?.ports }))) : null,
    source,
  };
}

function readRule(rule: PlainRule, path: string, side: string, reading: Reading): Rule {
  const peers = rule.peers ?? [];
  const ports = rule.ports ?? [];
  return {
    path,
    action: "allow",
    peers: peers.length === 0 ? null : peers.map((peer, j) => readPeer(peer, `${path}.${side}[${j}]`, reading)),
    ports: ports.length === 0 ? null : readPorts(ports, path, reading),
  };
}

function readPeer(peer: NetworkPolicyPeer, path: string, reading: Reading): Peer {
  const namespaces = peer.namespaceSelector ?? null;
  const pods = peer.podSelector ?? null;
  if (peer.ipBlock) {
    const range = parseCidrRange(peer.ipBlock.cidr);
    if (range === null || namespaces !== null || pods !== null) {
      reading.refuse(`${path}.ipBlock.cidr`, `unusable ipBlock ${peer.ipBlock.cidr}; it matches nobody`);
      return { kind: "nobody", path };
    }
    const except = [];
    for (const [k, text] of (peer.ipBlock.except ?? []).entries()) {
      const cut = parseCidrRange(text);
      if (cut === null) {
        reading.refuse(`${path}.ipBlock.except[${k}]`, `unusable except ${text}; its ipBlock matches nobody`);
        return { kind: "nobody", path };
      }
      except.push(cut);
    }
    return { kind: "block", path, strict: false, range, except };
  }
  if (namespaces === null && pods === null) {
    reading.refuse(path, "must specify a peer; it matches nobody");
    return { kind: "nobody", path };
  }
  return { kind: "pods", path, namespaces: reading.peerSelector(namespaces), pods: reading.peerSelector(pods) };
}

function readPorts(ports: readonly NetworkPolicyPort[], path: string, reading: Reading): readonly PortMatch[] {
  const read: PortMatch[] = [];
  for (let j = 0; j < ports.length; j++) {
    const port = readPort(ports[j]!, `${path}.ports[${j}]`, reading);
    if (port !== null) read.push(port);
  }
  return read;
}

function readPort(port: NetworkPolicyPort, path: string, reading: Reading): PortMatch | null {
  const protocol = port.protocol ?? "TCP";
  if (protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP") {
    reading.refuse(`${path}.protocol`, `unsupported protocol ${protocol}; the entry matches no port`);
    return null;
  }
  if (protocol === "SCTP" && reading.switches.sctp === "unmatched") return null;
  if (port.port === undefined || port.port === null) return { path, protocol, first: 1, last: 65535, name: "" };
  if (typeof port.port === "string") return { path, protocol, first: 1, last: 65535, name: port.port };
  const last = port.endPort !== undefined && reading.switches.endPort === "enforced" ? port.endPort : port.port;
  return { path, protocol, first: port.port, last, name: "" };
}
