/*
 * NetworkPolicy v1 into rules. Read first: k8s.io/api networking/v1/types.go and defaults.go.
 * What validation would have refused is reported, and read so that it opens nothing.
 */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, SourceRef } from "../api/index.js";
import { parseCidrRange } from "./address.js";
import type { Reading } from "./reading.js";
import type { Peer, Policy, PortMatch, Rule } from "./rules.js";

const none: readonly never[] = Object.freeze([]);

export function readNetworkPolicy(object: NetworkPolicy, source: SourceRef | null, reading: Reading): Policy {
  const spec = object.spec ?? {};
  const namespace = object.metadata.namespace ?? "default";
  const egress = spec.egress ?? [];
  const ingress = spec.ingress ?? [];
  const written = spec.policyTypes ?? [];
  const types = written.length > 0 ? written : egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
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
    egress: types.includes("Egress")
      ? egress.map((rule, i) => readRule(rule?.to ?? none, rule?.ports ?? none, reading.path("spec.egress", i), "to", reading))
      : null,
    ingress: types.includes("Ingress")
      ? ingress.map((rule, i) => readRule(rule?.from ?? none, rule?.ports ?? none, reading.path("spec.ingress", i), "from", reading))
      : null,
    source,
  };
}

function readRule(
  peers: readonly NetworkPolicyPeer[],
  ports: readonly NetworkPolicyPort[],
  path: string,
  side: "from" | "to",
  reading: Reading,
): Rule {
  return {
    path,
    action: "allow",
    peers: peers.length === 0 ? null : peers.map((peer, j) => readPeer(peer, reading.entryPath(path, side, j), reading)),
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
    const port = readPort(ports[j]!, reading.entryPath(path, "ports", j), reading);
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
