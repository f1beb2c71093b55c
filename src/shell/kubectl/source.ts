/** What kubectl asks of a cluster, and what it tells it to do; whoever holds the objects plugs in here. */
import type { Event, Kind, KubeObject, Located, PodTemplateSpec } from "../../api/index.js";
import type { Output } from "../output.js";

/** A refusal of the API server: its reason (`NotFound`, `Invalid` ...) and its message. `Invalid` messages are whole, as kubectl prints them. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

export const isRefusal = (answer: unknown): answer is Refusal => typeof answer === "object" && answer !== null && "reason" in answer && "message" in answer;

/** What became of one object that was applied. */
export type Applied = "created" | "configured" | "unchanged";

/** One template of a workload's past: what a ControllerRevision holds. */
export interface KeptRevision {
  readonly revision: number;
  readonly template: PodTemplateSpec;
  /** its annotation kubernetes.io/change-cause, "" for none */
  readonly cause: string;
}

/** Reading is asked for; the rest may be left out, and then the commands that need it are not modelled. */
export interface KubectlSource {
  /** seconds since 1970 */
  now(): number;
  /** in the order of a list request; namespace "" means all */
  list(kind: Kind, namespace: string): readonly KubeObject[];
  /** namespace "" for what lives in none */
  get(kind: Kind, namespace: string, name: string): KubeObject | undefined;
  /** every event, in storage order */
  events(): readonly Event[];
  /** what `-f NAME` reads; undefined: no such file */
  file?(name: string): string | undefined;
  apply?(object: Located): Applied | Refusal;
  delete?(kind: Kind, namespace: string, name: string, graceSeconds: number | undefined): Refusal | undefined;
  scale?(kind: Kind, namespace: string, name: string, replicas: number): Refusal | undefined;
  /** `label`, `rollout restart` and the like: the object as it is to be */
  update?(object: KubeObject): Refusal | undefined;
  /** templates that a DaemonSet or StatefulSet has had, the oldest first */
  revisions?(kind: "DaemonSet" | "StatefulSet", namespace: string, name: string): readonly KeptRevision[];
  /** lets time pass to the next thing that happens; false when nothing will */
  step?(): boolean;
  /** a command in a pod's container */
  exec?(namespace: string, pod: string, container: string | undefined, words: readonly string[]): Output;
}
