/** What `kubectl describe` says of workloads. Read first: kubectl pkg/describe/describe.go, describeDeployment and its neighbours. */
import { type Condition, type DaemonSet, type Deployment, formatSelector, type Job, type KubeObject, type LabelSelector, matches, type Pod, type ReplicaSet, type StatefulSet } from "../../../api/index.js";
import { compareText } from "../../../base/names.js";
import { sameData } from "../../../base/same-data.js";
import { mailTime, secondsOf, spanText } from "../output/time.js";
import { bareTemplate, ownReplicaSets } from "../rollout-history.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page, sortedEntries } from "./page.js";
import { describePodTemplate } from "./pod-template.js";

const LONGEST_INDEXES = 50;

export function describeDeployment(deployment: Deployment, source: KubectlSource): string {
  const page = new Page();
  const { metadata, spec, status = {} } = deployment;
  describeName(page, deployment);
  page.line(0, `CreationTimestamp:\t${mailTime(metadata.creationTimestamp)}`);
  describeMarks(page, deployment);
  page.line(0, `Selector:\t${formatSelector(spec.selector)}`);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  page.line(0, `Replicas:\t${spec.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`);
  page.line(0, `StrategyType:\t${spec.strategy?.type ?? ""}`);
  page.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`);
  const rolling = spec.strategy?.rollingUpdate;
  if (rolling !== undefined) page.line(0, `RollingUpdateStrategy:\t${rolling.maxUnavailable ?? ""} max unavailable, ${rolling.maxSurge ?? ""} max surge`);
  describePodTemplate(page, spec.template);
  describeConditions(page, status.conditions);
  const time = (set: ReplicaSet): string => set.metadata.creationTimestamp ?? "";
  const sets = [...ownReplicaSets(deployment, source)].sort((a, b) => compareText(time(a), time(b)) || compareText(a.metadata.name, b.metadata.name));
  const template = bareTemplate(spec.template);
  const present = sets.find((set) => sameData(bareTemplate(set.spec.template!), template));
  if (sets.length > 0) {
    page.line(0, `OldReplicaSets:\t${setsText(sets.filter((set) => set !== present))}`);
    page.line(0, `NewReplicaSet:\t${setsText(present === undefined ? [] : [present])}`);
  }
  return finished(page, deployment, source);
}

function setsText(sets: readonly ReplicaSet[]): string {
  if (sets.length === 0) return "<none>";
  return sets.map(({ metadata, spec, status }) => `${metadata.name} (${status?.replicas ?? 0}/${spec.replicas ?? 1} replicas created)`).join(", ");
}

export function describeReplicaSet(set: ReplicaSet, source: KubectlSource): string {
  const page = new Page();
  describeName(page, set);
  page.line(0, `Selector:\t${formatSelector(set.spec.selector)}`);
  describeMarks(page, set);
  describeController(page, set);
  page.line(0, `Replicas:\t${set.status?.replicas ?? 0} current / ${set.spec.replicas ?? 1} desired`);
  page.line(0, `Pods Status:\t${podsStatus(set, set.spec.selector, source)}`);
  if (set.spec.template !== undefined) describePodTemplate(page, set.spec.template);
  describeConditions(page, set.status?.conditions);
  return finished(page, set, source);
}

export function describeDaemonSet(daemons: DaemonSet, source: KubectlSource): string {
  const page = new Page();
  const { spec, status } = daemons;
  describeName(page, daemons);
  page.line(0, `Selector:\t${formatSelector(spec.selector)}`);
  const wanted = sortedEntries(spec.template.spec.nodeSelector).map(([key, value]) => `${key}=${value}`);
  page.line(0, `Node-Selector:\t${wanted.length === 0 ? "<none>" : wanted.join(",")}`);
  describeMarks(page, daemons);
  page.line(0, `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`);
  page.line(0, `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`);
  page.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`);
  page.line(0, `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`);
  page.line(0, `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`);
  page.line(0, `Pods Status:\t${podsStatus(daemons, spec.selector, source)}`);
  describePodTemplate(page, spec.template);
  return finished(page, daemons, source);
}

export function describeStatefulSet(set: StatefulSet, source: KubectlSource): string {
  const page = new Page();
  const { metadata, spec, status } = set;
  describeName(page, set);
  page.line(0, `CreationTimestamp:\t${mailTime(metadata.creationTimestamp)}`);
  page.line(0, `Selector:\t${formatSelector(spec.selector)}`);
  describeMarks(page, set);
  page.line(0, `Replicas:\t${spec.replicas ?? 1} desired | ${status?.replicas ?? 0} total`);
  page.line(0, `Update Strategy:\t${spec.updateStrategy?.type ?? ""}`);
  const { partition, maxUnavailable } = spec.updateStrategy?.rollingUpdate ?? {};
  if (partition !== undefined) page.line(1, `Partition:\t${partition}`);
  if (partition !== undefined && maxUnavailable !== undefined) page.line(1, `MaxUnavailable:\t${maxUnavailable}`);
  page.line(0, `Pods Status:\t${podsStatus(set, spec.selector, source)}`);
  describePodTemplate(page, spec.template);
  describeClaims(page, spec.volumeClaimTemplates);
  return finished(page, set, source);
}

interface Claim {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly storageClassName?: string; readonly accessModes?: readonly string[]; readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

function describeClaims(page: Page, templates: unknown): void {
  const claims = (Array.isArray(templates) ? templates : []) as readonly Claim[];
  page.line(0, claims.length === 0 ? "Volume Claims:\t<none>" : "Volume Claims:");
  for (const { metadata = {}, spec = {} } of claims) {
    page.line(1, `Name:\t${metadata.name ?? ""}`);
    page.line(1, `StorageClass:\t${spec.storageClassName ?? ""}`);
    page.labels("  Labels", metadata.labels);
    page.labels("  Annotations", metadata.annotations);
    page.line(1, `Capacity:\t${spec.resources?.requests?.storage ?? "<default>"}`);
    page.line(1, `Access Modes:\t[${(spec.accessModes ?? []).join(" ")}]`);
  }
}

export function describeJob(job: Job, source: KubectlSource): string {
  const page = new Page();
  const { spec, status = {} } = job;
  const optional = (title: string, value: unknown, unit = ""): void => {
    if (value !== undefined) page.line(0, `${title}:\t${String(value)}${unit}`);
  };
  describeName(page, job);
  page.line(0, `Selector:\t${formatSelector(spec.selector)}`);
  describeMarks(page, job);
  describeController(page, job);
  optional("Parallelism", spec.parallelism);
  page.line(0, `Completions:\t${spec.completions ?? "<unset>"}`);
  optional("Completion Mode", spec.completionMode);
  optional("Suspend", spec.suspend);
  optional("Backoff Limit", spec.backoffLimit);
  optional("TTL Seconds After Finished", spec.ttlSecondsAfterFinished);
  const began = secondsOf(status.startTime);
  const ended = secondsOf(status.completionTime);
  if (began !== undefined) page.line(0, `Start Time:\t${mailTime(status.startTime)}`);
  if (ended !== undefined) page.line(0, `Completed At:\t${mailTime(status.completionTime)}`);
  if (began !== undefined && ended !== undefined) page.line(0, `Duration:\t${spanText(ended - began)}`);
  optional("Active Deadline Seconds", spec.activeDeadlineSeconds, "s");
  const ready = status.ready === undefined ? "" : ` (${status.ready} Ready)`;
  page.line(0, `Pods Statuses:\t${status.active ?? 0} Active${ready} / ${status.succeeded ?? 0} Succeeded / ${status.failed ?? 0} Failed`);
  if (spec.completionMode === "Indexed") page.line(0, `Completed Indexes:\t${indexesText(status.completedIndexes ?? "")}`);
  describePodTemplate(page, spec.template);
  return finished(page, job, source);
}

/** A long list ends at the last comma that fits. */
function indexesText(indexes: string): string {
  if (indexes === "") return "<none>";
  if (indexes.length <= LONGEST_INDEXES) return indexes;
  return `${indexes.slice(0, indexes.lastIndexOf(",", LONGEST_INDEXES - 1) + 1)}...`;
}

function describeName(page: Page, { metadata }: KubeObject): void {
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
}

function describeMarks(page: Page, { metadata }: KubeObject): void {
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
}

function describeController(page: Page, { metadata }: KubeObject): void {
  const owner = metadata.ownerReferences?.find((each) => each.controller === true);
  if (owner !== undefined) page.line(0, `Controlled By:\t${owner.kind}/${owner.name}`);
}

function describeConditions(page: Page, conditions: readonly Condition[] = []): void {
  if (conditions.length === 0) return;
  page.line(0, "Conditions:");
  page.line(1, "Type\tStatus\tReason");
  page.line(1, "----\t------\t------");
  for (const { type, status, reason = "" } of conditions) page.line(1, `${type} \t${status}\t${reason}`);
}

/** How many of its pods are in each phase; a pod without a phase counts nowhere. */
function podsStatus({ metadata }: KubeObject, selector: LabelSelector, source: KubectlSource): string {
  const pods = (source.list("Pod", metadata.namespace ?? "") as readonly Pod[]).filter(
    (pod) => matches(selector, pod.metadata.labels) && pod.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === metadata.uid),
  );
  const count = (phase: string): number => pods.filter((pod) => pod.status?.phase === phase).length;
  return `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`;
}

function finished(page: Page, object: KubeObject, source: KubectlSource): string {
  page.events(eventsAbout(source.events(), object), source.now());
  return page.text();
}
