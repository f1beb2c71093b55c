/**
 * Pods to nodes, one at a time. The filters are the scheduler's own; the score is a plain stand-in that always decides
 * alike: fewest pods of the same owner, then fewest pods, then the first name. Read first: kubernetes `pkg/scheduler/schedule_one.go`.
 */
import type { Node, Pod } from "../api/index.js";
import { compareText } from "../base/names.js";
import { withCondition } from "./conditions.js";
import { controllerOf } from "./indexes.js";
import { type NodeFault, nodeFault } from "./node-filters.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { isFinished, isTerminating } from "./pod-state.js";
import { type Change, keyOf } from "./store.js";

export interface SchedulerState {
  readonly queue: readonly string[];
  readonly waiting: readonly string[];
}

const NEXT = "next";

export class Scheduler implements Controller {
  readonly number = CONTROLLER.scheduler;
  /** Pods to be tried, in order: a set iterates in the order of entry. */
  private readonly queue = new Set<string>();
  /** Pods that no node would take, until something changes. */
  private readonly waiting = new Set<string>();

  watch(p: Plane, { type, object, old }: Change): void {
    if (object.kind === "Node") {
      if (type !== "DELETED") this.retry(p);
      return;
    }
    if (object.kind !== "Pod") return;
    const gone = type === "DELETED" || isFinished(object);
    if (gone && object.spec.nodeName !== undefined) this.retry(p);
    if (gone || object.spec.nodeName !== undefined) return;
    if (old?.kind === "Pod" && old.spec === object.spec) return;
    this.add(p, keyOf(object));
  }

  sync(p: Plane): void {
    for (const key of this.queue) {
      this.queue.delete(key);
      const pod = p.store.get("Pod", key);
      if (pod === undefined || pod.spec.nodeName !== undefined || isTerminating(pod) || (pod.spec.schedulingGates ?? []).length > 0) continue;
      if (!schedule(p, pod)) this.waiting.add(key);
      break;
    }
    if (this.queue.size > 0) p.enqueue(this.number, NEXT, p.delays.scheduleNext);
  }

  save(): SchedulerState {
    return { queue: [...this.queue], waiting: [...this.waiting] };
  }

  restore(state: SchedulerState): void {
    this.queue.clear();
    this.waiting.clear();
    for (const key of state.queue) this.queue.add(key);
    for (const key of state.waiting) this.waiting.add(key);
  }

  private add(p: Plane, key: string): void {
    this.waiting.delete(key);
    this.queue.add(key);
    if (this.queue.size === 1) p.enqueue(this.number, NEXT, p.delays.schedule);
  }

  private retry(p: Plane): void {
    for (const key of this.waiting) this.add(p, key);
  }
}

/** Binds a pod, or says why it cannot be bound. */
function schedule(p: Plane, pod: Pod): boolean {
  const faults = new Map<string, NodeFault & { count: number }>();
  const nodes = p.indexes.nodesByName(p.store);
  const owner = controllerOf(pod) ?? "";
  let best: Node | null = null;
  let [bestSame, bestTotal] = [Infinity, Infinity];
  for (const node of nodes) {
    const load = p.indexes.loads.get(node.metadata.name);
    const fault = nodeFault(pod, node, load);
    if (fault !== null) {
      const known = faults.get(fault.reason);
      faults.set(fault.reason, { ...fault, count: (known?.count ?? 0) + 1 });
      continue;
    }
    const same = load?.ofOwner(owner) ?? 0;
    const total = load?.pods ?? 0;
    if (same > bestSame || (same === bestSame && total >= bestTotal)) continue;
    [best, bestSame, bestTotal] = [node, same, total];
  }
  if (best === null) refuse(p, pod, nodes.length, [...faults.values()]);
  else bind(p, pod, best.metadata.name);
  return best !== null;
}

function bind(p: Plane, pod: Pod, nodeName: string): void {
  const { namespace, name } = pod.metadata;
  p.event(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${nodeName}`, "default-scheduler");
  const conditions = withCondition(pod.status?.conditions, { type: "PodScheduled", status: "True" }, p.time());
  const scheduled = conditions.map((each) => (each.type === "PodScheduled" ? plain(each) : each));
  p.store.update({ ...pod, spec: { ...pod.spec, nodeName }, status: { ...pod.status, conditions: scheduled } });
}

function plain({ type, status, lastTransitionTime }: { readonly type: string; readonly status: string; readonly lastTransitionTime?: string }): { type: string; status: string; lastTransitionTime: string } {
  return { type, status, lastTransitionTime: lastTransitionTime ?? "" };
}

function refuse(p: Plane, pod: Pod, nodes: number, faults: readonly (NodeFault & { readonly count: number })[]): void {
  const message = failure(nodes, faults);
  p.event(pod, "Warning", "FailedScheduling", message, "default-scheduler");
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  p.store.update({ ...pod, status: { ...pod.status, conditions: withCondition(pod.status?.conditions, condition, p.time()) } });
}

/** The scheduler's FitError with what preemption found. */
function failure(nodes: number, faults: readonly (NodeFault & { readonly count: number })[]): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const list = faults.map((fault) => `${fault.count} ${fault.reason}`).sort(compareText);
  const helpless = faults.reduce((sum, fault) => sum + (fault.final ? fault.count : 0), 0);
  const preemption = [
    ...(helpless === 0 ? [] : [`${helpless} Preemption is not helpful for scheduling`]),
    ...(helpless === nodes ? [] : [`${nodes - helpless} No preemption victims found for incoming pod`]),
  ];
  const start = `0/${nodes} nodes are available: `;
  return `${start}${list.join(", ")}. preemption: ${start}${preemption.join(", ")}.`;
}
