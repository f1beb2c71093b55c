/** Pods with names that stay, one after the other. Read first: kubernetes `pkg/controller/statefulset/stateful_set_control.go`. */
import type { Pod, StatefulSet } from "../api/index.js";
import { deleteObject } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { createPod, templateHash } from "./pod-from-template.js";
import { isFinished, isReady, isTerminating } from "./pod-state.js";
import { noteRevision } from "./revisions.js";
import { type Change, keyOf } from "./store.js";

const REVISION = "controller-revision-hash";

export const statefulSets: Controller = {
  number: CONTROLLER.statefulSet,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "StatefulSet" && type !== "DELETED") p.enqueue(CONTROLLER.statefulSet, keyOf(object), p.delays.controller);
    const owner = object.kind === "Pod" ? object.metadata.ownerReferences?.find((each) => each.controller === true) : undefined;
    if (owner?.kind === "StatefulSet") p.enqueue(CONTROLLER.statefulSet, `${object.metadata.namespace}/${owner.name}`, p.delays.controller);
  },

  sync(p: Plane, key: string): void {
    const set = p.store.get("StatefulSet", key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const revision = `${set.metadata.name}-${templateHash(p, set.spec.template)}`;
    noteRevision(p, set, revision);
    const start = set.spec.ordinals?.start ?? 0;
    const end = start + (set.spec.replicas ?? 1);
    const pods = podsByOrdinal(p, set);
    if (bringUp(p, set, revision, start, end, pods) && takeDown(p, set, start, end, pods)) roll(p, set, revision, start, end, pods);
    writeStatus(p, set, revision);
  },
};

function podsByOrdinal(p: Plane, set: StatefulSet): ReadonlyMap<number, Pod> {
  const pods = new Map<number, Pod>();
  for (const key of p.indexes.podsOf.of(set.metadata.uid ?? "")) {
    const pod = p.store.get("Pod", key);
    const ordinal = Number(pod?.metadata.name.slice(set.metadata.name.length + 1));
    if (pod !== undefined && Number.isInteger(ordinal)) pods.set(ordinal, pod);
  }
  return pods;
}

function inOrder(set: StatefulSet): boolean {
  return set.spec.podManagementPolicy !== "Parallel";
}

/** Whether every pod that is wanted is there and ready. */
function bringUp(p: Plane, set: StatefulSet, revision: string, start: number, end: number, pods: ReadonlyMap<number, Pod>): boolean {
  let whole = true;
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = pods.get(ordinal);
    if (pod !== undefined && isReady(pod) && !isTerminating(pod)) continue;
    whole = false;
    if (pod === undefined) create(p, set, revision, ordinal);
    else if (isFinished(pod) && !isTerminating(pod)) remove(p, set, pod);
    if (inOrder(set)) return false;
  }
  return whole;
}

/** Whether no pod is left that is too many. */
function takeDown(p: Plane, set: StatefulSet, start: number, end: number, pods: ReadonlyMap<number, Pod>): boolean {
  const extra = [...pods.keys()].filter((ordinal) => ordinal < start || ordinal >= end).sort((a, b) => b - a);
  for (const ordinal of extra) {
    const pod = pods.get(ordinal)!;
    if (!isTerminating(pod)) remove(p, set, pod);
    if (inOrder(set)) return false;
  }
  return extra.length === 0;
}

/** From the highest down to the partition, one pod of an older template at a time. */
function roll(p: Plane, set: StatefulSet, revision: string, start: number, end: number, pods: ReadonlyMap<number, Pod>): void {
  if (set.spec.updateStrategy?.type === "OnDelete") return;
  const least = Math.max(start, set.spec.updateStrategy?.rollingUpdate?.partition ?? 0);
  for (let ordinal = end - 1; ordinal >= least; ordinal--) {
    const pod = pods.get(ordinal);
    if (pod === undefined || pod.metadata.labels?.[REVISION] === revision) continue;
    remove(p, set, pod);
    return;
  }
}

function create(p: Plane, set: StatefulSet, revision: string, ordinal: number): void {
  const { namespace = "default" } = set.metadata;
  const name = `${set.metadata.name}-${ordinal}`;
  // A pod of that name may still be on its way out.
  if (p.store.get("Pod", `${namespace}/${name}`) !== undefined) return;
  const { serviceName } = set.spec;
  createPod(p, set, set.spec.template, name, {
    labels: { "statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": String(ordinal), [REVISION]: revision },
    spec: { hostname: name, ...(serviceName === undefined || serviceName === "" ? {} : { subdomain: serviceName }) },
  });
  p.event(set, "Normal", "SuccessfulCreate", `create Pod ${name} in StatefulSet ${set.metadata.name} successful`, "statefulset-controller");
}

function remove(p: Plane, set: StatefulSet, pod: Pod): void {
  deleteObject(p, "Pod", keyOf(pod));
  p.event(
    set,
    "Normal",
    "SuccessfulDelete",
    `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
    "statefulset-controller",
  );
}

function writeStatus(p: Plane, set: StatefulSet, revision: string): void {
  const pods = [...podsByOrdinal(p, set).values()];
  const ready = pods.filter(isReady).length;
  const updated = pods.filter((pod) => pod.metadata.labels?.[REVISION] === revision && !isTerminating(pod)).length;
  const done = updated === pods.length && pods.length === (set.spec.replicas ?? 1);
  const current = done ? revision : (set.status?.currentRevision ?? revision);
  p.store.update({
    ...set,
    status: {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
      ...(updated === 0 ? {} : { updatedReplicas: updated }),
      currentReplicas: pods.filter((pod) => pod.metadata.labels?.[REVISION] === current).length,
      currentRevision: current,
      updateRevision: revision,
      collisionCount: 0,
    },
  });
}
