/**
 * Calico's own policies in the shape that Felix renders (libcalico-go/lib/backend/syncersv1/updateprocessors): a namespaced one
 * selects in its namespace, and so do its rules' selectors unless they ask for namespaces themselves.
 */
import type { CalicoEntityRule, CalicoIcmp, CalicoNetworkPolicy, CalicoPolicySpec, CalicoRule, GlobalNetworkPolicy } from "../../../api/calico-api.js";
import { type CalicoSelector, parseCalicoSelector, prefixLabels } from "../../../api/calico-selector.js";
import { formatCidr, masked, parseCidr } from "../../../base/cidr.js";
import type { FelixAction, FelixEnd, FelixIcmp, FelixPolicy, FelixPolicyRule, FelixPorts } from "./felix-policy.js";
import { NAMESPACE, NAMESPACE_PREFIX } from "./from-network-policy.js";

const ACCOUNT_PREFIX = "pcsa.";
const ACCOUNT = "projectcalico.org/serviceaccount";

/** Null for an empty text, which asks nothing. */
function read(text: string | undefined): CalicoSelector | null {
  if (text === undefined || text.trim() === "") return null;
  const selector = parseCalicoSelector(text);
  // Validation has refused what is none; an object that came another way selects nobody.
  return typeof selector === "string" ? { kind: "not", of: { kind: "all" } } : selector;
}

/** Selectors that must all hold: none is everybody's, one is itself. */
function all(...selectors: readonly (CalicoSelector | null)[]): CalicoSelector | null {
  const of = selectors.filter((each) => each !== null);
  return of.length === 0 ? null : of.length === 1 ? of[0]! : { kind: "and", of };
}

/** Of a namespace: labels that pods inherit; `all()` is every workload, `global()` whatever is in no namespace. */
function ofNamespaces(text: string | undefined): CalicoSelector | null {
  const selector = read(text);
  if (selector === null) return null;
  const has: CalicoSelector = { kind: "has", label: NAMESPACE };
  const seen = (node: CalicoSelector): CalicoSelector => {
    if (node.kind === "all") return has;
    if (node.kind === "global") return { kind: "not", of: has };
    if (node.kind === "not") return { kind: "not", of: seen(node.of) };
    return node.kind === "and" || node.kind === "or" ? { kind: node.kind, of: node.of.map(seen) } : prefixLabels(node, NAMESPACE_PREFIX);
  };
  return seen(selector);
}

const inNamespace = (namespace: string): CalicoSelector | null => (namespace === "" ? null : { kind: "compare", label: NAMESPACE, operator: "==", value: namespace });

function ofAccounts(accounts: CalicoEntityRule["serviceAccounts"]): CalicoSelector | null {
  const selector = read(accounts?.selector);
  const { names = [] } = accounts ?? {};
  return all(selector === null ? null : prefixLabels(selector, ACCOUNT_PREFIX), names.length === 0 ? null : { kind: "set", label: ACCOUNT, operator: "in", values: [...names].sort((a, b) => (a < b ? -1 : 1)) });
}

function entitySelector(end: CalicoEntityRule, namespace: string): CalicoSelector | null {
  const own = all(ofAccounts(end.serviceAccounts), read(end.selector));
  const namespaces = ofNamespaces(end.namespaceSelector);
  if (namespaces !== null) return all(namespaces, own);
  const asked = own !== null || (end.notSelector ?? "") !== "";
  return asked ? all(inNamespace(namespace), own) : null;
}

function portsOf(ports: readonly (number | string)[] = []): { readonly numbers: readonly FelixPorts[]; readonly names: readonly string[] } {
  const numbers: FelixPorts[] = [];
  const names: string[] = [];
  for (const port of ports) {
    const [first, last = first] = String(port).split(":");
    if (/^[0-9]+$/.test(first!)) numbers.push({ first: Number(first), last: Number(last) });
    else names.push(String(port));
  }
  return { numbers, names };
}

function plainNet(text: string): string {
  const cidr = parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  return cidr === null ? text : formatCidr(masked(cidr));
}

function endOf(end: CalicoEntityRule = {}, namespace: string): FelixEnd {
  const ports = portsOf(end.ports);
  const notPorts = portsOf(end.notPorts);
  return {
    nets: (end.nets ?? []).map(plainNet),
    notNets: (end.notNets ?? []).map(plainNet),
    selector: entitySelector(end, namespace),
    notSelector: read(end.notSelector),
    ports: ports.numbers,
    namedPorts: ports.names,
    notPorts: notPorts.numbers,
    notNamedPorts: notPorts.names,
  };
}

const icmpOf = (icmp: CalicoIcmp | undefined): FelixIcmp | null => (icmp?.type === undefined ? null : { type: icmp.type, code: icmp.code ?? null });

function ruleOf(rule: CalicoRule, path: string, namespace: string): FelixPolicyRule {
  return {
    path,
    action: rule.action.toLowerCase() as FelixAction,
    protocol: String(rule.protocol ?? "").toLowerCase(),
    notProtocol: String(rule.notProtocol ?? "").toLowerCase(),
    ipVersion: rule.ipVersion === 4 || rule.ipVersion === 6 ? rule.ipVersion : 0,
    icmp: icmpOf(rule.icmp),
    notIcmp: icmpOf(rule.notICMP),
    source: endOf(rule.source, namespace),
    destination: endOf(rule.destination, namespace),
  };
}

/** Types as the API fills them in: egress where there are egress rules, ingress where there are ingress rules or none at all. */
function typesOf({ types = [], ingress = [], egress = [] }: CalicoPolicySpec): readonly string[] {
  if (types.length > 0) return types;
  return [...(ingress.length > 0 || egress.length === 0 ? ["Ingress"] : []), ...(egress.length > 0 ? ["Egress"] : [])];
}

/** A NetworkPolicy or GlobalNetworkPolicy of projectcalico.org in Felix's shape. */
export function fromCalicoPolicy(policy: CalicoNetworkPolicy | GlobalNetworkPolicy): FelixPolicy {
  const global = policy.kind === "GlobalNetworkPolicy" ? policy.spec : null;
  const { spec, metadata } = policy;
  const namespace = global === null ? (metadata.namespace ?? "default") : "";
  const written = global === null ? "NetworkPolicy" : "GlobalNetworkPolicy";
  const accounts = read(spec.serviceAccountSelector);
  const types = typesOf(spec);
  const rules = (side: "ingress" | "egress"): readonly FelixPolicyRule[] => (spec[side] ?? []).map((rule, i) => ruleOf(rule, `spec.${side}[${i}]`, namespace));
  return {
    object: global === null ? `CalicoNetworkPolicy ${namespace}/${metadata.name}` : `GlobalNetworkPolicy ${metadata.name}`,
    id: global === null ? `np/${namespace}/${metadata.name}` : `gnp/${metadata.name}`,
    groupId: `{Name: ${metadata.name}, Namespace: ${namespace}, Kind: ${written}}`,
    kind: written,
    namespace,
    name: metadata.name,
    tier: spec.tier === undefined || spec.tier === "" ? "default" : spec.tier,
    order: typeof spec.order === "number" ? spec.order : Number.POSITIVE_INFINITY,
    selector:
      all(ofNamespaces(global?.namespaceSelector), accounts === null ? null : prefixLabels(accounts, ACCOUNT_PREFIX), read(spec.selector), inNamespace(namespace)) ?? ({ kind: "all" } as const),
    selectorPath: "spec.selector",
    ingress: types.includes("Ingress") ? rules("ingress") : null,
    egress: types.includes("Egress") ? rules("egress") : null,
    untracked: global?.doNotTrack === true,
    preDnat: global?.preDNAT === true,
    onForward: global?.applyOnForward === true,
  };
}
