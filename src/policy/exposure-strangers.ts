/* Pods that no manifest shows: one stand-in for each kind that some policy could tell from the others. */
import type { Labels, LabelSelector } from "../api/index.js";
import { formatSelector, matches } from "../api/index.js";
import type { NamespaceInput, PodInput } from "./input.js";
import type { PolicyModel } from "./model.js";

export interface Stranger {
  readonly pod: PodInput;
  /** The namespace it brings along; null when it lies in one that is here. */
  readonly namespace: NamespaceInput | null;
  /** In which namespaces one must be to be this one. */
  readonly where: string;
  /** Labels that one must have; empty for any. */
  readonly having: string;
  /** The wider kind that it belongs to: listed apart only where more or less is open to it. */
  readonly within: Stranger | null;
}

/** Any pod of an unknown namespace, of each one here, and those with the labels that peers ask for. */
export function strangers(model: PolicyModel): readonly Stranger[] {
  const list: Stranger[] = [];
  const add = (namespace: NamespaceInput | null, home: string, labels: Labels, where: string, having: string, within: Stranger | null): Stranger => {
    const name = `?${list.length}`;
    const pod: PodInput = { namespace: home, name, labels, workload: `${home}/${name}[Unknown]`, template: true, owned: true, ips: [], node: "", hostNetwork: false, phase: "", ports: [], source: null };
    const made = { pod, namespace, where, having, within };
    list.push(made);
    return made;
  };
  const unknown = (labels: Labels): NamespaceInput => ({ name: `?${list.length}`, labels, source: null });
  const anyone = add(unknown({}), "?0", {}, "any pod of a namespace not shown here", "", null);
  const homes = new Map([...model.namespaces.keys()].map((name) => [name, add(null, name, {}, `any other pod of namespace ${name}`, "", null)]));
  const seen = new Set<string>();
  const called = new Map<string, Labels>();
  for (const { home, namespaces, pods } of askedFor(model)) {
    const key = JSON.stringify([home, namespaces, pods]);
    if (seen.has(key)) continue;
    seen.add(key);
    const labels = pods === null ? {} : exampleOf(pods);
    if (labels === null) continue;
    const having = pods === null || formatSelector(pods) === "<none>" ? "" : formatSelector(pods);
    const spaces = [...model.namespaces.values()].filter((each) => (namespaces === null ? each.name === home : matches(namespaces, each.labels)));
    if (having !== "") for (const each of spaces) add(null, each.name, labels, `other pods of namespace ${each.name}`, having, homes.get(each.name)!);
    const far = namespaces === null ? null : exampleOf(namespaces);
    if (far === null) continue;
    const named = far["kubernetes.io/metadata.name"];
    if (named !== undefined && model.namespaces.has(named)) continue;
    const everywhere = formatSelector(namespaces!) === "<none>";
    const where = everywhere ? "pods of a namespace not shown here" : `pods of a namespace with ${formatSelector(namespaces!)}`;
    const space = named === undefined ? unknown(far) : { name: named, labels: { ...called.get(named), ...far }, source: null };
    called.set(space.name, space.labels);
    if (!everywhere || having !== "") add(space, space.name, labels, where, having, anyone);
  }
  return list;
}

interface Asked {
  readonly home: string;
  readonly namespaces: LabelSelector | null;
  readonly pods: LabelSelector | null;
}

/** Every pair of selectors that some policy has: for peers of ingress, and for the subjects of egress rules. */
function askedFor(model: PolicyModel): readonly Asked[] {
  return model.policies.flatMap((policy) => [
    ...(policy.ingress ?? []).flatMap((rule) =>
      (rule.peers ?? []).flatMap((peer) => (peer.kind === "pods" ? [{ home: policy.namespace, namespaces: peer.namespaces, pods: peer.pods }] : [])),
    ),
    ...(policy.egress === null ? [] : [{ home: policy.namespace, namespaces: policy.subjectNamespaces, pods: policy.subjectPods }]),
  ]);
}

/** Labels that satisfy a selector; null when none can be given. */
function exampleOf(selector: LabelSelector): Labels | null {
  const labels: Record<string, string> = { ...selector.matchLabels };
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator === "In" && labels[key] === undefined) labels[key] = values[0] ?? "";
    if (operator === "Exists" && labels[key] === undefined) labels[key] = "any";
  }
  return matches(selector, labels) ? labels : null;
}
