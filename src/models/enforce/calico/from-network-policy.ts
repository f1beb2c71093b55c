/**
 * A Kubernetes NetworkPolicy as Calico reads it: order 1000, one Allow rule for each pair of protocol and peer
 * (libcalico-go/lib/backend/k8s/conversion/conversion.go and syncersv1/updateprocessors).
 */
import { type CalicoSelector, parseCalicoSelector, prefixLabels } from "../../../api/calico-selector.js";
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../../../api/index.js";
import { formatCidr, masked, parseCidr } from "../../../base/cidr.js";
import { compareText } from "../../../base/names.js";
import { ANY_END, type FelixEnd, type FelixPolicy, type FelixPolicyRule, type FelixPorts } from "./felix-policy.js";

const ORDER = 1000;
/** What labels of a namespace are called on its pods. */
export const NAMESPACE_PREFIX = "pcns.";
/** The label of every workload that is in a namespace. */
export const NAMESPACE = "projectcalico.org/namespace";

/** The tree of a text that is known to be right. */
function selectorOf(text: string): CalicoSelector {
  const selector = parseCalicoSelector(text);
  if (typeof selector === "string") throw new RangeError(`not a selector: ${text}: ${selector}`);
  return selector;
}

/** k8sSelectorToCalico: the terms of a label selector, labels by name, then expressions as written. */
function terms(selector: LabelSelector | undefined): string[] {
  const labels = Object.entries(selector?.matchLabels ?? {}).sort(([a], [b]) => compareText(a, b));
  const list = (values: readonly string[] | undefined): string => `{ ${(values ?? []).map((value) => `'${value}'`).join(", ")} }`;
  return [
    ...labels.map(([key, value]) => `${key} == '${value}'`),
    ...(selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
      if (operator === "In") return `${key} in ${list(values)}`;
      if (operator === "NotIn") return `${key} not in ${list(values)}`;
      return operator === "Exists" ? `has(${key})` : `! has(${key})`;
    }),
  ];
}

const podTerms = (selector: LabelSelector | undefined): string => ["projectcalico.org/orchestrator == 'k8s'", ...terms(selector)].join(" && ");

/** GetEntityRuleSelector: the namespace's part first; all namespaces are told by the label that every pod has. */
function peerSelector(peer: NetworkPolicyPeer, namespace: string): CalicoSelector {
  const { namespaceSelector } = peer;
  const pods = selectorOf(podTerms(peer.podSelector));
  if (namespaceSelector === undefined) return and(selectorOf(`${NAMESPACE} == '${namespace}'`), pods);
  const asked = terms(namespaceSelector);
  return and(asked.length === 0 ? { kind: "has", label: NAMESPACE } : prefixLabels(selectorOf(asked.join(" && ")), NAMESPACE_PREFIX), pods);
}

/** `(a) && (b)`: a part that is itself an "and" keeps its parentheses. */
function and(...of: readonly CalicoSelector[]): CalicoSelector {
  return { kind: "and", of };
}

const plainNet = (text: string): string => {
  const cidr = parseCidr(text);
  return cidr === null ? text : formatCidr(masked(cidr));
};

function peerEnd(peer: NetworkPolicyPeer, namespace: string): FelixEnd {
  const { ipBlock } = peer;
  if (ipBlock !== undefined) return { ...ANY_END, nets: [plainNet(ipBlock.cidr)], notNets: (ipBlock.except ?? []).map(plainNet) };
  return { ...ANY_END, selector: peerSelector(peer, namespace) };
}

interface ProtocolPorts {
  readonly protocol: string;
  readonly ports: readonly FelixPorts[];
  readonly names: readonly string[];
}

/** Ports by protocol, protocols by name; one entry without a port is every port of its protocol. */
function byProtocol(entries: readonly NetworkPolicyPort[]): readonly ProtocolPorts[] {
  if (entries.length === 0) return [{ protocol: "", ports: [], names: [] }];
  const found = new Map<string, { every: boolean; ports: FelixPorts[]; names: string[] }>();
  for (const { protocol = "TCP", port, endPort } of entries) {
    const known = found.get(protocol) ?? { every: false, ports: [], names: [] };
    found.set(protocol, known);
    if (port === undefined) known.every = true;
    else if (typeof port === "number") known.ports.push({ first: port, last: endPort ?? port });
    else known.names.push(port);
  }
  return [...found]
    .sort(([a], [b]) => compareText(a, b))
    .map(([protocol, { every, ports, names }]) => ({ protocol: protocol.toLowerCase(), ports: every ? [] : simplified(ports), names: every ? [] : names }));
}

/** SimplifyPorts: more than one number become the fewest ranges, in order. */
function simplified(ports: readonly FelixPorts[]): readonly FelixPorts[] {
  const sorted = [...ports].sort((a, b) => a.first - b.first || a.last - b.last);
  const ranges: FelixPorts[] = [];
  for (const { first, last } of sorted) {
    const open = ranges.at(-1);
    if (open !== undefined && first <= open.last + 1) ranges[ranges.length - 1] = { first: open.first, last: Math.max(open.last, last) };
    else ranges.push({ first, last });
  }
  return ranges;
}

function rulesOf(policy: NetworkPolicy, side: "ingress" | "egress"): readonly FelixPolicyRule[] {
  const namespace = policy.metadata.namespace ?? "default";
  const out = side === "egress";
  return (policy.spec[side] ?? []).flatMap((rule, r) => {
    const path = `spec.${side}[${r}]`;
    const peers: readonly NetworkPolicyPeer[] = ("to" in rule ? rule.to : "from" in rule ? rule.from : undefined) ?? [];
    const ends = peers.length === 0 ? [{ path, end: ANY_END }] : peers.map((peer, i) => ({ path: `${path}.${out ? "to" : "from"}[${i}]`, end: peerEnd(peer, namespace) }));
    return byProtocol(rule.ports ?? []).flatMap(({ protocol, ports, names }) =>
      ends.map(({ path: at, end }): FelixPolicyRule => {
        const to = { ports, namedPorts: names };
        return {
          path: at,
          action: "allow",
          protocol,
          notProtocol: "",
          ipVersion: 0,
          icmp: null,
          notIcmp: null,
          source: out ? ANY_END : end,
          destination: out ? { ...end, ...to } : { ...ANY_END, ...to },
        };
      }),
    );
  });
}

/** The policy in Felix's shape. */
export function fromNetworkPolicy(policy: NetworkPolicy): FelixPolicy {
  const { name, namespace = "default" } = policy.metadata;
  const { policyTypes = [], egress = [] } = policy.spec;
  const types = policyTypes.length > 0 ? policyTypes : ["Ingress", ...(egress.length > 0 ? ["Egress"] : [])];
  return {
    object: `NetworkPolicy ${namespace}/${name}`,
    id: `knp/${namespace}/${name}`,
    groupId: `{Name: ${name}, Namespace: ${namespace}, Kind: KubernetesNetworkPolicy}`,
    kind: "KubernetesNetworkPolicy",
    namespace,
    name,
    tier: "default",
    order: ORDER,
    selector: and(selectorOf(podTerms(policy.spec.podSelector)), selectorOf(`${NAMESPACE} == '${namespace}'`)),
    selectorPath: "spec.podSelector",
    ingress: types.includes("Ingress") ? rulesOf(policy, "ingress") : null,
    egress: types.includes("Egress") ? rulesOf(policy, "egress") : null,
    untracked: false,
    preDnat: false,
    onForward: false,
  };
}
