/** Pods that run to their end. Read first: kubernetes `pkg/controller/job/job_controller.go`. */
import type { Job, Pod } from "../api/index.js";
import { compareText, randomSuffix } from "../base/names.js";
import { SECOND } from "../base/time.js";
import { withCondition } from "./conditions.js";
import { deleteObject } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { createPod, freeName } from "./pod-from-template.js";
import { isActive, isReady, isTerminating } from "./pod-state.js";
import { type Change, keyOf } from "./store.js";

/** Between pods of a Job that fail. */
const FIRST_BACK_OFF: number = 10 * SECOND;
const LONGEST_BACK_OFF: number = 600 * SECOND;
const INDEX = "batch.kubernetes.io/job-completion-index";

export const jobs: Controller = {
  number: CONTROLLER.job,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "Job" && type !== "DELETED") p.enqueue(CONTROLLER.job, keyOf(object), p.delays.controller);
    const owner = object.kind === "Pod" ? object.metadata.ownerReferences?.find((each) => each.controller === true) : undefined;
    if (owner?.kind === "Job") p.enqueue(CONTROLLER.job, `${object.metadata.namespace}/${owner.name}`, p.delays.controller);
  },

  sync(p: Plane, key: string): void {
    const stored = p.store.get("Job", key);
    if (stored === undefined || stored.metadata.deletionTimestamp !== undefined) return;
    const job = selected(p, stored);
    const pods = [...p.indexes.podsOf.of(job.metadata.uid ?? "")].sort(compareText).flatMap((each) => p.store.get("Pod", each) ?? []);
    const active = pods.filter(isActive);
    const succeeded = pods.filter((pod) => pod.status?.phase === "Succeeded");
    const failed = pods.filter((pod) => pod.status?.phase === "Failed").length;
    const done = finished(job, succeeded.length, active.length);
    const lost = !done && (isLost(job) || failuresOf(job, pods) > (job.spec.backoffLimit ?? 6));
    if (done || lost || job.spec.suspend === true) for (const pod of active) deleteObject(p, "Pod", keyOf(pod));
    else {
      const wait = waitsAfter(p, job, failed);
      if (wait > 0) p.enqueue(CONTROLLER.job, key, wait, true);
      else start(p, job, active, succeeded);
    }
    writeStatus(p, job, pods, done, lost);
  },
};

/** Unless it is told otherwise, a Job selects its pods by its own uid; one without labels has its template's (SetDefaults_Job). */
function selected(p: Plane, job: Job): Job {
  if (job.spec.selector !== undefined) return job;
  const { uid = "", name } = job.metadata;
  const labels = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const template = {
    ...job.spec.template,
    metadata: { ...job.spec.template.metadata, labels: { ...job.spec.template.metadata?.labels, ...labels } },
  };
  return p.store.update({
    ...job,
    metadata: { ...job.metadata, labels: Object.keys(job.metadata.labels ?? {}).length > 0 ? job.metadata.labels! : template.metadata.labels },
    spec: { ...job.spec, selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } }, template },
  });
}

/** Without `completions` a Job is done when one pod has succeeded and none is left. */
function finished(job: Job, succeeded: number, active: number): boolean {
  const { completions } = job.spec;
  return completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions;
}

function isLost(job: Job): boolean {
  return (job.status?.conditions ?? []).some(({ type, status }) => type === "Failed" && status === "True");
}

/** Pods that failed, and with restartPolicy OnFailure the restarts of those that go on. */
function failuresOf(job: Job, pods: readonly Pod[]): number {
  const restarts = job.spec.template.spec.restartPolicy === "OnFailure" ? pods.flatMap((pod) => (isActive(pod) ? (pod.status?.containerStatuses ?? []) : [])) : [];
  return pods.filter((pod) => pod.status?.phase === "Failed").length + restarts.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** What a Job's controller remembers of its pods that failed. */
interface Failures {
  readonly count: number;
  /** ns since boot of the last one */
  readonly at: number;
}

/** ns until the next pod may come: ten seconds after the first that failed, and twice as long after each further one. */
function waitsAfter(p: Plane, { metadata }: Job, count: number): number {
  if (count === 0) return 0;
  const note = `job-failures/${metadata.uid}`;
  let known = p.notes.get(note) as Failures | undefined;
  if (known === undefined || known.count < count) p.notes.set(note, (known = Object.freeze({ count, at: p.now })));
  return known.at + Math.min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (count - 1)) - p.now;
}

function start(p: Plane, job: Job, active: readonly Pod[], succeeded: readonly Pod[]): void {
  const { completions, parallelism = 1, completionMode } = job.spec;
  if (completions === undefined && succeeded.length > 0) return;
  const wanted = Math.min(parallelism, completions === undefined ? parallelism : completions - succeeded.length);
  const taken = new Set([...active, ...succeeded].map((pod) => pod.metadata.labels?.[INDEX]));
  const { namespace = "default", name } = job.metadata;
  for (let count = active.length; count < wanted; count++) {
    const index = completionMode === "Indexed" ? firstFree(taken) : null;
    const podName =
      index === null
        ? freeName(p, "Pod", namespace, `${name}-`)
        : `${name}-${index}-${randomSuffix((n) => p.below(`control/names/Pod/${namespace}/${name}`, n))}`;
    const pod = createPod(
      p,
      job,
      job.spec.template,
      podName,
      index === null ? {} : { labels: { [INDEX]: String(index) }, spec: { hostname: `${name}-${index}` } },
    );
    p.event(job, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`, "job-controller");
  }
}

function firstFree(taken: Set<string | undefined>): number {
  let index = 0;
  while (taken.has(String(index))) index++;
  taken.add(String(index));
  return index;
}

function writeStatus(p: Plane, before: Job, pods: readonly Pod[], done: boolean, lost: boolean): void {
  const job = p.store.get("Job", keyOf(before));
  if (job === undefined) return;
  const now = p.time();
  const present = pods.flatMap((pod) => p.store.get("Pod", keyOf(pod)) ?? []);
  const [active, ready, succeeded] = [
    present.filter(isActive).length,
    present.filter((pod) => isActive(pod) && isReady(pod)).length,
    present.filter((pod) => pod.status?.phase === "Succeeded").length,
  ];
  const complete = withCondition(
    withCondition(
      job.status?.conditions,
      { type: "SuccessCriteriaMet", status: "True", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" },
      now,
    ),
    { type: "Complete", status: "True", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" },
    now,
  );
  const failed = present.filter((pod) => pod.status?.phase === "Failed" || (lost && isTerminating(pod))).length;
  const tooMany = { status: "True", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  const failure = withCondition(withCondition(job.status?.conditions, { type: "FailureTarget", ...tooMany }, now), { type: "Failed", ...tooMany }, now);
  if (lost && !isLost(job)) p.event(job, "Warning", "BackoffLimitExceeded", tooMany.message, "job-controller");
  if (done && job.status?.completionTime === undefined) p.event(job, "Normal", "Completed", "Job completed", "job-controller");
  p.store.update({
    ...job,
    status: {
      ...(active === 0 ? {} : { active }),
      ready,
      ...(succeeded === 0 ? {} : { succeeded }),
      ...(failed === 0 ? {} : { failed }),
      startTime: job.status?.startTime ?? now,
      ...(done ? { completionTime: job.status?.completionTime ?? now, conditions: complete } : lost ? { conditions: failure } : {}),
    },
  });
}
