/** What the states of a pod mean to controllers. */
import type { Pod } from "../api/index.js";
import { conditionStatus } from "./conditions.js";

export function isReady(pod: Pod): boolean {
  return conditionStatus(pod.status?.conditions, "Ready") === "True";
}

/** Succeeded or Failed: its containers will not run again. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Whether a pod is a Job's. */
export function isJobs(pod: Pod): boolean {
  return pod.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.kind === "Job") === true;
}

/** Counts as one of its owner's replicas. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

/** Whether a pod's own anti-affinity is something that later pods must be asked about. */
export function repelsOthers(pod: Pod): boolean {
  return (pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).length > 0;
}
