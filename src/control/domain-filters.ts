/**
 * What keeps a pod off a node because of other pods near it: required pod affinity and anti-affinity, and topology spread that
 * may not be broken. Read first: kubernetes `pkg/scheduler/framework/plugins/interpodaffinity` and `podtopologyspread`.
 */
import {
  type Labels,
  type LabelSelector,
  matches,
  type Node,
  type Pod,
  type PodAffinityTerm,
  type TopologySpreadConstraint,
} from "../api/index.js";
import { fitsAffinity, type NodeFault } from "./node-filters.js";
import type { Plane } from "./plane.js";
import { isFinished, isTerminating } from "./pod-state.js";

export type DomainFilter = (node: Node) => NodeFault | null;

/** The filter for one pod at this instant; null where no pod's neighbours matter. */
export function domainFilter(p: Plane, pod: Pod, nodes: readonly Node[]): DomainFilter | null {
  const filters = [...affinityFilters(p, pod), ...spreadFilters(p, pod, nodes), ...existingFilters(p, pod)];
  if (filters.length === 0) return null;
  return (node) => {
    for (const filter of filters) {
      const fault = filter(node);
      if (fault !== null) return fault;
    }
    return null;
  };
}

function affinityFilters(p: Plane, pod: Pod): readonly DomainFilter[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const near = (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term): DomainFilter => {
    const domains = domainsOf(p, boundPods(p, pod, term), term.topologyKey);
    // The first of a group that wants to be near itself may go anywhere.
    const first = domains.size === 0 && matchesTerm(p, term, pod, pod);
    return (node) => {
      const value = node.metadata.labels?.[term.topologyKey];
      return value !== undefined && (first || domains.has(value))
        ? null
        : { reason: "node(s) didn't match pod affinity rules", final: true };
    };
  });
  const far = (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term): DomainFilter => {
    const domains = domainsOf(p, boundPods(p, pod, term), term.topologyKey);
    return (node) =>
      domains.has(node.metadata.labels?.[term.topologyKey] ?? "")
        ? { reason: "node(s) didn't match pod anti-affinity rules", final: false }
        : null;
  });
  return [...near, ...far];
}

/** Pods that stand already may not want this one near them. */
function existingFilters(p: Plane, pod: Pod): readonly DomainFilter[] {
  const refused = new Map<string, Set<string>>();
  for (const key of p.indexes.repelling) {
    const other = p.store.get("Pod", key);
    if (other?.spec.nodeName === undefined || isFinished(other)) continue;
    for (const term of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
      const value = p.store.get("Node", other.spec.nodeName)?.metadata.labels?.[term.topologyKey];
      if (value === undefined || !matchesTerm(p, term, other, pod)) continue;
      refused.set(term.topologyKey, (refused.get(term.topologyKey) ?? new Set()).add(value));
    }
  }
  if (refused.size === 0) return [];
  return [
    (node) => {
      for (const [key, values] of refused)
        if (values.has(node.metadata.labels?.[key] ?? ""))
          return { reason: "node(s) didn't satisfy existing pods anti-affinity rules", final: false };
      return null;
    },
  ];
}

function spreadFilters(p: Plane, pod: Pod, nodes: readonly Node[]): readonly DomainFilter[] {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter((each) => each.whenUnsatisfiable === "DoNotSchedule");
  return constraints.map((constraint) => spreadFilter(p, pod, nodes, constraint));
}

function spreadFilter(p: Plane, pod: Pod, nodes: readonly Node[], constraint: TopologySpreadConstraint): DomainFilter {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy = "Honor", matchLabelKeys = [] } = constraint;
  const selector = withKeys(constraint.labelSelector, pod.metadata.labels, matchLabelKeys);
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const value = node.metadata.labels?.[topologyKey];
    if (value !== undefined && (nodeAffinityPolicy === "Ignore" || fitsAffinity(pod.spec, node))) counts.set(value, counts.get(value) ?? 0);
  }
  for (const other of podsIn(p, [pod.metadata.namespace ?? ""])) {
    if (isTerminating(other) || !matches(selector, other.metadata.labels)) continue;
    const value = p.store.get("Node", other.spec.nodeName!)?.metadata.labels?.[topologyKey];
    if (value !== undefined && counts.has(value)) counts.set(value, counts.get(value)! + 1);
  }
  const least = counts.size < minDomains ? 0 : Math.min(...counts.values());
  const self = matches(selector, pod.metadata.labels) ? 1 : 0;
  const reason = "node(s) didn't match pod topology spread constraints";
  return (node) => {
    const value = node.metadata.labels?.[topologyKey];
    if (value === undefined) return { reason: `${reason} (missing required label)`, final: true };
    return (counts.get(value) ?? 0) + self - least > maxSkew ? { reason, final: false } : null;
  };
}

/** The selector with the pod's own values for some keys; an absent selector holds for nothing. */
function withKeys(selector: LabelSelector | undefined, labels: Labels | undefined, keys: readonly string[]): LabelSelector {
  if (selector === undefined) return { matchExpressions: [{ key: "none", operator: "In", values: [] }] };
  const own = keys.flatMap((key) => (labels?.[key] === undefined ? [] : [{ key, operator: "In", values: [labels[key]] }]));
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...own] };
}

/** Values of a topology key where pods stand. */
function domainsOf(p: Plane, pods: readonly Pod[], key: string): ReadonlySet<string> {
  return new Set(pods.flatMap((pod) => p.store.get("Node", pod.spec.nodeName!)?.metadata.labels?.[key] ?? []));
}

function boundPods(p: Plane, owner: Pod, term: PodAffinityTerm): readonly Pod[] {
  return podsIn(p, namespacesOf(p, term, owner)).filter((other) => matchesTerm(p, term, owner, other));
}

/** Bound pods of some namespaces that have not finished. */
function podsIn(p: Plane, namespaces: readonly string[]): readonly Pod[] {
  return namespaces.flatMap((namespace) =>
    [...p.indexes.inNamespace.of(namespace)].flatMap((full) => {
      const pod = full.startsWith("Pod ") ? p.store.get("Pod", full.slice("Pod ".length)) : undefined;
      return pod === undefined || pod.spec.nodeName === undefined || isFinished(pod) ? [] : [pod];
    }),
  );
}

function matchesTerm(p: Plane, term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const selector = withKeys(term.labelSelector, owner.metadata.labels, term.matchLabelKeys ?? []);
  return namespacesOf(p, term, owner).includes(other.metadata.namespace ?? "") && matches(selector, other.metadata.labels);
}

/** The owner's namespace, unless the term names or selects others. */
function namespacesOf(p: Plane, { namespaces = [], namespaceSelector }: PodAffinityTerm, owner: Pod): readonly string[] {
  if (namespaceSelector === undefined) return namespaces.length > 0 ? namespaces : [owner.metadata.namespace ?? ""];
  const chosen = p.store
    .list("Namespace")
    .filter((each) => matches(namespaceSelector, each.metadata.labels))
    .map((each) => each.metadata.name);
  return [...new Set([...namespaces, ...chosen])];
}
