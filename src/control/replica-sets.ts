/** As many pods as a ReplicaSet, or its ancestor the ReplicationController, wants. Read first: kubernetes `pkg/controller/replicaset/replica_set.go`. */
import type { Pod, ReplicaSet, ReplicationController } from "../api/index.js";
import { compareText } from "../base/names.js";
import { SECOND } from "../base/time.js";
import { deleteObject } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { createPod, freeName } from "./pod-from-template.js";
import { isActive, isReady } from "./pod-state.js";
import { type Change, keyOf } from "./store.js";

const CONTROLLER_NAME: Readonly<Record<AnySet["kind"], string>> = Object.freeze({
  ReplicaSet: "replicaset-controller",
  ReplicationController: "replication-controller",
});

/** Most pods made in one sync, as the real controller's burst. */
const BURST = 500;

export const replicaSets: Controller = {
  number: CONTROLLER.replicaSet,

  watch(p: Plane, { type, object }: Change): void {
    if (isSet(object.kind)) {
      if (type !== "DELETED") p.enqueue(CONTROLLER.replicaSet, `${object.kind} ${keyOf(object)}`, p.delays.controller);
    } else if (object.kind === "Pod") {
      const owner = object.metadata.ownerReferences?.find((each) => each.controller === true);
      if (owner !== undefined && isSet(owner.kind))
        p.enqueue(CONTROLLER.replicaSet, `${owner.kind} ${object.metadata.namespace}/${owner.name}`, p.delays.controller);
    }
  },

  sync(p: Plane, full: string): void {
    const set = find(p, full);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const counts = countPods(p, set, full);
    const missing = (set.spec.replicas ?? 1) - counts.active.length;
    if (missing > 0) grow(p, set, Math.min(missing, BURST));
    else if (missing < 0) shrink(p, set, counts.active, Math.min(-missing, BURST));
    if (Math.abs(missing) > BURST) p.enqueue(CONTROLLER.replicaSet, full, p.delays.controller);
    writeStatus(p, set, counts);
  },
};

type AnySet = ReplicaSet | ReplicationController;

function isSet(kind: string): boolean {
  return kind === "ReplicaSet" || kind === "ReplicationController";
}

function find(p: Plane, full: string): AnySet | undefined {
  const [kind, key] = full.split(" ") as [AnySet["kind"], string];
  return p.store.get(kind, key);
}

interface PodCounts {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly available: number;
}

/** The pods that count, in no order, and how many of them serve. */
function countPods(p: Plane, owner: AnySet, full: string): PodCounts {
  const active: Pod[] = [];
  let [ready, available] = [0, 0];
  const least = (owner.spec.minReadySeconds ?? 0) * SECOND;
  for (const key of p.indexes.podsOf.of(owner.metadata.uid ?? "")) {
    const pod = p.store.get("Pod", key);
    if (pod === undefined || !isActive(pod)) continue;
    active.push(pod);
    if (!isReady(pod)) continue;
    ready++;
    const since = p.run(pod.metadata.uid)?.readySince ?? p.now;
    if (p.now - since >= least) available++;
    else p.enqueue(CONTROLLER.replicaSet, full, since + least - p.now);
  }
  return { active, ready, available };
}

function grow(p: Plane, set: AnySet, count: number): void {
  const { template } = set.spec;
  if (template === undefined) return;
  const namespace = set.metadata.namespace ?? "default";
  for (let made = 0; made < count; made++) {
    const pod = createPod(p, set, template, freeName(p, "Pod", namespace, `${set.metadata.name}-`));
    p.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`, CONTROLLER_NAME[set.kind]);
  }
}

function shrink(p: Plane, set: AnySet, pods: readonly Pod[], count: number): void {
  const crowd = new Map<string, number>();
  for (const pod of pods) crowd.set(pod.spec.nodeName ?? "", (crowd.get(pod.spec.nodeName ?? "") ?? 0) + 1);
  const victims = [...pods].sort((a, b) => victimOrder(p, crowd, a, b)).slice(0, count);
  for (const pod of victims) {
    deleteObject(p, "Pod", keyOf(pod));
    p.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`, CONTROLLER_NAME[set.kind]);
  }
}

const PHASES: Readonly<Record<string, number>> = Object.freeze({ Pending: 0, Unknown: 1, Running: 2 });

/** Who goes first: kubernetes `ActivePodsWithRanks.Less`; the age by whole powers of two of seconds. */
function victimOrder(p: Plane, crowd: ReadonlyMap<string, number>, a: Pod, b: Pod): number {
  const rank = (pod: Pod): readonly number[] => [
    pod.spec.nodeName === undefined ? 0 : 1,
    PHASES[pod.status?.phase ?? "Pending"] ?? 1,
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0) || 0,
    -(crowd.get(pod.spec.nodeName ?? "") ?? 0),
    readyAge(p, pod),
  ];
  const [x, y] = [rank(a), rank(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  // The newest first: uids mean nothing, names are drawn, revisions rise.
  return Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion) || compareText(a.metadata.name, b.metadata.name);
}

/** Ready for longer goes later; log-bucketed, so that pods of nearly one age are equal. */
function readyAge(p: Plane, pod: Pod): number {
  const since = p.run(pod.metadata.uid)?.readySince ?? -1;
  return since < 0 ? 0 : Math.floor(Math.log2(Math.max(1, (p.now - since) / SECOND)));
}

function writeStatus(p: Plane, set: AnySet, { active, ready, available }: PodCounts): void {
  const { length: replicas } = active;
  p.store.update({
    ...set,
    status: {
      replicas,
      ...(replicas === 0 ? {} : { fullyLabeledReplicas: replicas }),
      ...(ready === 0 ? {} : { readyReplicas: ready }),
      ...(available === 0 ? {} : { availableReplicas: available }),
      observedGeneration: set.metadata.generation ?? 1,
    },
  });
}
