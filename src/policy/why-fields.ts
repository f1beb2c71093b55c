/* Which written fields of a peer or a port entry fail for one connection, and what they found instead. */
import { nearestName } from "../api/nearest-name.js";
import type { Labels, LabelSelector, LabelSelectorRequirement } from "../api/index.js";
import { matches } from "../api/selector.js";
import { formatAddress, inRange } from "./address.js";
import { addressIn, type Endpoint, endpointName } from "./endpoint.js";
import { type Connection, portMatches } from "./match.js";
import type { PolicyModel } from "./model.js";
import type { Peer, Policy, PortMatch } from "./rules.js";

/** A field that would have to say something else, or an end that would have to be something else. */
export interface FailedField {
  /** Path inside the policy. */
  readonly path: string;
  /** What the field asks for. */
  readonly wanted: string;
  /** What the connection has. */
  readonly found: string;
}

/** What keeps a peer from matching an end; empty when it matches. */
export function failedOfPeer(model: PolicyModel, policy: Policy, peer: Peer, other: Endpoint, family: 4 | 6): readonly FailedField[] {
  switch (peer.kind) {
    case "pods":
      return failedOfPods(model, policy, peer, other);
    case "block":
      return failedOfBlock(model, policy, peer, other, family);
    case "nodes": {
      if (other.kind !== "node") return [{ path: `${peer.path}.nodes`, wanted: "a node", found: endpointName(other) }];
      const labels = model.nodes.get(other.node)?.labels;
      if (labels === undefined) return [{ path: `${peer.path}.nodes`, wanted: "a known node", found: other.node || "a node without name" }];
      return failedOfSelector(peer.selector, labels, `${peer.path}.nodes`);
    }
    case "names": {
      const found = other.kind === "external" && other.host !== "" ? other.host : `${endpointName(other)}, no domain name`;
      return [{ path: `${peer.path}.domainNames`, wanted: peer.names.join(" or "), found }];
    }
    case "nobody":
      return [{ path: peer.path, wanted: "nothing: the peer is not usable as written", found: endpointName(other) }];
  }
}

function failedOfPods(model: PolicyModel, policy: Policy, peer: Peer & { readonly kind: "pods" }, other: Endpoint): readonly FailedField[] {
  const paths = selectorPaths(policy, peer);
  if (other.kind !== "pod") {
    const found = other.kind === "node" && other.pod !== null ? `${other.pod.id}, on its host's network` : `${endpointName(other)}, no pod`;
    return [{ path: peer.path, wanted: "a pod with an address of its own", found }];
  }
  const { namespace, labels } = other.pod.input;
  const failed: FailedField[] = [];
  if (peer.namespaces === null) {
    if (namespace !== policy.namespace) failed.push({ path: paths.pods, wanted: `namespace ${policy.namespace}, the policy's own`, found: `namespace ${namespace}` });
  } else failed.push(...failedOfSelector(peer.namespaces, model.namespaceLabels(namespace), paths.namespaces));
  if (peer.pods !== null) failed.push(...failedOfSelector(peer.pods, labels, paths.pods));
  return failed;
}

/** Where the two selectors of a peer are written. */
export function selectorPaths(policy: Policy, peer: Peer & { readonly kind: "pods" }): { readonly namespaces: string; readonly pods: string } {
  if (policy.kind === "NetworkPolicy") return { namespaces: `${peer.path}.namespaceSelector`, pods: `${peer.path}.podSelector` };
  if (peer.pods === null) return { namespaces: `${peer.path}.namespaces`, pods: `${peer.path}.pods.podSelector` };
  return { namespaces: `${peer.path}.pods.namespaceSelector`, pods: `${peer.path}.pods.podSelector` };
}

/** Requirements of a selector that do not hold for some labels. */
export function failedOfSelector(selector: LabelSelector, labels: Labels, path: string): readonly FailedField[] {
  const failed: FailedField[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const own = labels[key];
    if (own !== value || !Object.hasOwn(labels, key)) failed.push({ path: `${path}.matchLabels[${key}]`, wanted: `${key}=${value}`, found: foundLabel(labels, key, value) });
  }
  for (const [i, each] of (selector.matchExpressions ?? []).entries()) {
    if (matches({ matchExpressions: [each] }, labels)) continue;
    failed.push({ path: `${path}.matchExpressions[${i}]`, wanted: wordsOf(each), found: foundLabel(labels, each.key, each.values?.[0] ?? "") });
  }
  return failed;
}

function foundLabel(labels: Labels, key: string, wanted: string): string {
  const own = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (own !== undefined) return nearestName(wanted, [own]) === undefined ? `${key}=${own}` : `${key}=${own}, which differs by a letter or two`;
  const near = nearestName(key, Object.keys(labels));
  return near === undefined ? `no label ${key}` : `no label ${key}, but ${near}=${labels[near]}`;
}

function wordsOf({ key, operator, values = [] }: LabelSelectorRequirement): string {
  if (operator === "In") return `${key} in (${values.join(", ")})`;
  if (operator === "NotIn") return `${key} not in (${values.join(", ")})`;
  return operator === "Exists" ? `a label ${key}` : `no label ${key}`;
}

function failedOfBlock(model: PolicyModel, policy: Policy, peer: Peer & { readonly kind: "block" }, other: Endpoint, family: 4 | 6): readonly FailedField[] {
  const field = policy.kind === "NetworkPolicy" ? `${peer.path}.ipBlock` : peer.path;
  const cidr = policy.kind === "NetworkPolicy" ? `${field}.cidr` : field;
  const wanted = `${formatAddress(peer.range.first)}-${formatAddress(peer.range.last)}`;
  const address = addressIn(other, family);
  if (address === null) return [{ path: cidr, wanted, found: `${endpointName(other)}, whose ${family === 6 ? "IPv6" : "IPv4"} address is unknown` }];
  if (!inRange(peer.range, address)) return [{ path: cidr, wanted, found: formatAddress(address.words) }];
  const k = peer.except.findIndex((each) => inRange(each, address));
  if (k >= 0) return [{ path: `${field}.except[${k}]`, wanted: "an address that is not excepted", found: formatAddress(address.words) }];
  const off = other.kind === "pod" ? model.switches.ipBlockMatchesPods : model.switches.ipBlockMatchesNodes;
  if (peer.strict || other.kind === "external" || off === "yes") return [];
  return [{ path: cidr, wanted: "an address outside the cluster (this dataplane's reading)", found: endpointName(other) }];
}

/** What keeps a port entry from matching; null when it matches. */
export function failedOfPort(policy: Policy, entry: PortMatch, query: Connection): FailedField | null {
  if (portMatches(entry, query.to, query.protocol, query.port)) return null;
  const found = `${query.protocol} ${query.port}`;
  if (entry.name !== "") return { path: nameField(policy, entry), wanted: `the port named ${entry.name}${entry.protocol === null ? "" : ` (${entry.protocol})`}`, found: foundName(entry, query, found) };
  const ports = entry.first === entry.last ? String(entry.first) : entry.first === 1 && entry.last === 65535 ? "any port" : `${entry.first}-${entry.last}`;
  const wanted = `${entry.protocol ?? "any protocol"} ${ports}`;
  const inside = entry.first <= query.port && query.port <= entry.last;
  const field = policy.kind === "NetworkPolicy" ? (inside ? ".protocol" : query.port > entry.first && entry.last > entry.first ? ".endPort" : ".port") : "";
  return { path: entry.path + field, wanted, found };
}

function nameField(policy: Policy, entry: PortMatch): string {
  if (policy.kind === "NetworkPolicy") return `${entry.path}.port`;
  return policy.kind === "ClusterNetworkPolicy" ? `${entry.path}.destinationNamedPort` : `${entry.path}.namedPort`;
}

function foundName(entry: PortMatch, query: Connection, found: string): string {
  if (query.to.kind !== "pod") return `${found} at ${endpointName(query.to)}, which has no named ports`;
  const { id, named } = query.to.pod;
  const same = named.filter((each) => each.name === entry.name).map((each) => `${each.protocol} ${each.number}`);
  return same.length > 0 ? `${found}, while ${entry.name} is ${same.join(" and ")} at ${id}` : `${found}; ${id} has no port named ${entry.name}`;
}
