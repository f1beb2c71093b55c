/**
 * Pods to nodes, one at a time. The filters are the scheduler's own; the score is a plain stand-in that always decides
 * alike: fewest pods of the same owner, then fewest pods, then the first name. Read first: kubernetes `pkg/scheduler/schedule_one.go`.
 */
import type { Node, Pod, PodSpec } from "../api/index.js";
import { compareText } from "../base/names.js";
import { withCondition } from "./conditions.js";
import { domainFilter } from "./domain-filters.js";
import { controllerOf } from "./indexes.js";
import { loadFault, type NodeFault, nodeFault } from "./node-filters.js";
import { NodeLoad } from "./node-load.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { isFinished, isTerminating } from "./pod-state.js";
import { type Change, keyOf } from "./store.js";

export interface SchedulerState {
  readonly queue: readonly string[];
  readonly waiting: readonly string[];
  readonly choosy: readonly string[];
}

const NEXT = "next";

export class Scheduler implements Controller {
  readonly number = CONTROLLER.scheduler;
  /** Pods to be tried, in order: a set iterates in the order of entry. */
  private readonly queue = new Set<string>();
  /** Where the first of them is: a set that is asked for its first again and again goes over all that were deleted before it. */
  private front = this.queue.values();
  /** Pods that no node would take, until something changes. */
  private readonly waiting = new Set<string>();
  /** Those of them that look at where other pods are. */
  private readonly choosy = new Set<string>();
  /** Pods of one template share their spec; a cache. */
  private readonly fittings = new WeakMap<PodSpec, Fitting>();

  watch(p: Plane, { type, object, old }: Change): void {
    if (object.kind === "Node") {
      if (type !== "DELETED") this.retry(p);
      return;
    }
    if (object.kind !== "Pod") return;
    const gone = type === "DELETED" || isFinished(object);
    if (gone && object.spec.nodeName !== undefined) this.retry(p);
    else if (object.spec.nodeName !== undefined) for (const key of this.choosy) this.add(p, key);
    if (gone || object.spec.nodeName !== undefined) return;
    if (old?.kind === "Pod" && old.spec === object.spec) return;
    this.add(p, keyOf(object));
  }

  sync(p: Plane): void {
    for (let key = this.take(); key !== undefined; key = this.take()) {
      const pod = p.store.get("Pod", key);
      if (pod === undefined || pod.spec.nodeName !== undefined || isTerminating(pod) || (pod.spec.schedulingGates ?? []).length > 0)
        continue;
      if (!schedule(p, pod, this.fittings)) {
        this.waiting.add(key);
        if (looksAtPods(pod)) this.choosy.add(key);
      }
      break;
    }
    if (this.queue.size > 0) p.enqueue(this.number, NEXT, p.delays.scheduleNext);
  }

  save(): SchedulerState {
    return { queue: [...this.queue], waiting: [...this.waiting], choosy: [...this.choosy] };
  }

  restore(state: SchedulerState): void {
    this.queue.clear();
    this.waiting.clear();
    this.choosy.clear();
    for (const key of state.queue) this.queue.add(key);
    this.front = this.queue.values();
    for (const key of state.waiting) this.waiting.add(key);
    for (const key of state.choosy) this.choosy.add(key);
  }

  private add(p: Plane, key: string): void {
    this.waiting.delete(key);
    this.choosy.delete(key);
    this.queue.add(key);
    if (this.queue.size === 1) p.enqueue(this.number, NEXT, p.delays.schedule);
  }

  /** Takes the first out of the queue. */
  private take(): string | undefined {
    if (this.queue.size === 0) return undefined;
    let first = this.front.next();
    if (first.done === true) {
      this.front = this.queue.values();
      first = this.front.next();
    }
    this.queue.delete(first.value!);
    return first.value;
  }

  private retry(p: Plane): void {
    for (const key of this.waiting) this.add(p, key);
  }
}

/** What the filters say of a spec and a list of nodes that does not depend on what the nodes hold, as far as it has been asked. */
interface Fitting {
  readonly nodes: readonly Node[];
  /** by place; null where a node suits */
  readonly faults: Map<number, NodeFault | null>;
}

const EMPTY = new NodeLoad();

function looksAtPods({ spec }: Pod): boolean {
  return (
    spec.affinity?.podAffinity !== undefined ||
    spec.affinity?.podAntiAffinity !== undefined ||
    (spec.topologySpreadConstraints ?? []).length > 0
  );
}

/** Binds a pod, or says why it cannot be bound. */
function schedule(p: Plane, pod: Pod, fittings: WeakMap<PodSpec, Fitting>): boolean {
  const nodes = p.indexes.nodesByName(p.store);
  let fitting = fittings.get(pod.spec);
  if (fitting?.nodes !== nodes) fittings.set(pod.spec, (fitting = { nodes, faults: new Map() }));
  const { faults } = fitting;
  const fixedFault = (place: number): NodeFault | null => {
    let fault = faults.get(place);
    if (fault === undefined) faults.set(place, (fault = nodeFault(pod, nodes[place]!)));
    return fault;
  };
  const owner = controllerOf(pod) ?? "";
  const loadAt = (place: number): NodeLoad => p.indexes.loads.get(nodes[place]!.metadata.name) ?? EMPTY;
  const near = domainFilter(p, pod, nodes);
  const faultAt = (place: number, load: NodeLoad): NodeFault | null =>
    fixedFault(place) ?? loadFault(pod, nodes[place]!, load) ?? (near === null ? null : near(nodes[place]!));
  const takes = (place: number, load: NodeLoad): boolean => faultAt(place, load) === null;
  let best = p.indexes.nodesByLoad(p.store).first((place) => {
    const load = loadAt(place);
    return load.ofOwner(owner) === 0 && takes(place, load);
  });
  if (best < 0) {
    // Everywhere is one of the same owner: the fewest of them, then the fewest pods.
    let [least, pods] = [Infinity, Infinity];
    for (let place = 0; place < nodes.length; place++) {
      const load = loadAt(place);
      const same = load.ofOwner(owner);
      if (same > least || (same === least && load.spread >= pods) || !takes(place, load)) continue;
      [best, least, pods] = [place, same, load.spread];
    }
  }
  if (best >= 0) bind(p, pod, nodes[best]!.metadata.name);
  else
    refuse(
      p,
      pod,
      nodes.map((_, place) => faultAt(place, loadAt(place))!),
    );
  return best >= 0;
}

function bind(p: Plane, pod: Pod, nodeName: string): void {
  const { namespace, name } = pod.metadata;
  p.event(pod, "Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${nodeName}`, "default-scheduler");
  const conditions = withCondition(pod.status?.conditions, { type: "PodScheduled", status: "True" }, p.time());
  p.store.update({ ...pod, spec: { ...pod.spec, nodeName }, status: { ...pod.status, conditions } });
}

function refuse(p: Plane, pod: Pod, faults: readonly NodeFault[]): void {
  const message = failure(faults);
  p.event(pod, "Warning", "FailedScheduling", message, "default-scheduler");
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  p.store.update({ ...pod, status: { ...pod.status, conditions: withCondition(pod.status?.conditions, condition, p.time()) } });
}

/** The scheduler's FitError with what preemption found; one fault for each node. */
function failure(faults: readonly NodeFault[]): string {
  if (faults.length === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const { reason } of faults) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const list = [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareText);
  const helpless = faults.filter((fault) => fault.final).length;
  const preemption = [
    ...(helpless === 0 ? [] : [`${helpless} Preemption is not helpful for scheduling`]),
    ...(helpless === faults.length ? [] : [`${faults.length - helpless} No preemption victims found for incoming pod`]),
  ];
  const start = `0/${faults.length} nodes are available: `;
  return `${start}${list.join(", ")}. preemption: ${start}${preemption.join(", ")}.`;
}
