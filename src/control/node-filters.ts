/** Why a pod cannot go to a node, in the scheduler's words. Read first: kubernetes `pkg/scheduler/framework/plugins`. */
import {
  matchesLabels,
  type Node,
  type NodeSelector,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type Pod,
  type PodSpec,
  type Taint,
  type Toleration,
} from "../api/index.js";
import type { NodeLoad } from "./node-load.js";

/** A filter's refusal; `final` if no eviction of other pods could change it. */
export interface NodeFault {
  readonly reason: string;
  readonly final: boolean;
}

/** Most pods on a node unless it says otherwise. */
const MAX_PODS = 110;

const unschedulable: Taint = Object.freeze({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" });

/** The first filter that refuses whatever the node holds, in the order in which the scheduler asks them. */
export function nodeFault({ spec }: Pod, node: Node): NodeFault | null {
  if (node.spec?.unschedulable === true && !tolerated(spec.tolerations, unschedulable)) return final("node(s) were unschedulable");
  for (const taint of node.spec?.taints ?? []) {
    if (taint.effect === "PreferNoSchedule" || tolerated(spec.tolerations, taint)) continue;
    return final(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`);
  }
  return fitsAffinity(spec, node) ? null : final("node(s) didn't match Pod's node affinity/selector");
}

/** The first filter that refuses because of what the node holds. */
export function loadFault(pod: Pod, node: Node, load: NodeLoad): NodeFault | null {
  if (load.pods >= Number(node.status?.allocatable?.["pods"] ?? MAX_PODS)) return { reason: "Too many pods", final: false };
  return load.conflicts(pod) ? { reason: "node(s) didn't have free ports for the requested pod ports", final: false } : null;
}

/** Whether nodeSelector and required node affinity hold. */
export function fitsAffinity({ nodeSelector, affinity }: PodSpec, node: Node): boolean {
  if (nodeSelector !== undefined && !matchesLabels(nodeSelector, node.metadata.labels)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || holds(required, node);
}

/** Whether some toleration covers a taint. */
export function tolerated(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some((each) => {
    if (each.effect !== undefined && each.effect !== "" && each.effect !== taint.effect) return false;
    if (each.key === undefined || each.key === "") return each.operator === "Exists";
    return each.key === taint.key && (each.operator === "Exists" || (each.value ?? "") === (taint.value ?? ""));
  });
}

function holds(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some((term) => holdsTerm(term, node));
}

function holdsTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  const label = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const field = (key: string): string | undefined => (key === "metadata.name" ? node.metadata.name : undefined);
  return matchExpressions.every((each) => holdsFor(each, label(each.key))) && matchFields.every((each) => holdsFor(each, field(each.key)));
}

function holdsFor({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default: {
      const [left, right] = [Number(value), Number(values[0])];
      if (value === undefined || !Number.isInteger(left) || !Number.isInteger(right)) return false;
      return operator === "Gt" ? left > right : left < right;
    }
  }
}

function final(reason: string): NodeFault {
  return { reason, final: true };
}
