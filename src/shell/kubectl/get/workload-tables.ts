/** Columns of workloads. Read first: kubernetes pkg/printers/internalversion/printers.go. */
import { type CronJob, type DaemonSet, type Deployment, formatSelector, type Job, type PodSpec, type ReplicaSet, type ReplicationController, type StatefulSet } from "../../../api/index.js";
import { ageText, secondsOf, spanText } from "../output/time.js";
import { labelsText, type TableKind } from "./table.js";

function containerCells(spec: PodSpec | undefined): [names: string, images: string] {
  const containers = spec?.containers ?? [];
  return [containers.map((c) => c.name).join(","), containers.map((c) => c.image ?? "").join(",")];
}

export const deploymentTable: TableKind<Deployment> = {
  columns: ["Name", "Ready", "Up-to-date", "Available", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells({ metadata, spec, status = {} }, { now }) {
    const ready = `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
    return [metadata.name, ready, String(status.updatedReplicas ?? 0), String(status.availableReplicas ?? 0), ageText(now, metadata.creationTimestamp), ...containerCells(spec.template.spec), formatSelector(spec.selector)];
  },
};

export const replicaSetTable: TableKind<ReplicaSet> = {
  columns: ["Name", "Desired", "Current", "Ready", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells({ metadata, spec, status }, { now }) {
    const counts = [spec.replicas ?? 0, status?.replicas ?? 0, status?.readyReplicas ?? 0].map(String);
    return [metadata.name, ...counts, ageText(now, metadata.creationTimestamp), ...containerCells(spec.template?.spec), formatSelector(spec.selector)];
  },
};

export const replicationControllerTable: TableKind<ReplicationController> = {
  columns: ["Name", "Desired", "Current", "Ready", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells({ metadata, spec, status }, { now }) {
    const counts = [spec.replicas ?? 0, status?.replicas ?? 0, status?.readyReplicas ?? 0].map(String);
    return [metadata.name, ...counts, ageText(now, metadata.creationTimestamp), ...containerCells(spec.template?.spec), labelsText(spec.selector)];
  },
};

export const statefulSetTable: TableKind<StatefulSet> = {
  columns: ["Name", "Ready", "Age"],
  wide: ["Containers", "Images"],
  cells: ({ metadata, spec, status }, { now }) => [metadata.name, `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`, ageText(now, metadata.creationTimestamp), ...containerCells(spec.template.spec)],
};

export const daemonSetTable: TableKind<DaemonSet> = {
  columns: ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells({ metadata, spec, status }, { now }) {
    const counts = [status?.desiredNumberScheduled, status?.currentNumberScheduled, status?.numberReady, status?.updatedNumberScheduled, status?.numberAvailable];
    return [
      metadata.name,
      ...counts.map((count) => String(count ?? 0)),
      labelsText(spec.template.spec.nodeSelector),
      ageText(now, metadata.creationTimestamp),
      ...containerCells(spec.template.spec),
      formatSelector(spec.selector),
    ];
  },
};

function completions({ completions: wanted, parallelism = 1 }: Job["spec"], succeeded: number): string {
  if (wanted !== undefined) return `${succeeded}/${wanted}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobStatus(job: Job): string {
  const holds = (type: string): boolean => (job.status?.conditions ?? []).some((c) => c.type === type && c.status === "True");
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(holds) ?? "Running";
}

export const jobTable: TableKind<Job> = {
  columns: ["Name", "Status", "Completions", "Duration", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells(job, { now }) {
    const { metadata, spec, status } = job;
    const began = secondsOf(status?.startTime);
    const ended = secondsOf(status?.completionTime) ?? now;
    return [
      metadata.name,
      jobStatus(job),
      completions(spec, status?.succeeded ?? 0),
      began === undefined ? "" : spanText(ended - began),
      ageText(now, metadata.creationTimestamp),
      ...containerCells(spec.template.spec),
      formatSelector(spec.selector),
    ];
  },
};

export const cronJobTable: TableKind<CronJob> = {
  columns: ["Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age"],
  wide: ["Containers", "Images", "Selector"],
  cells({ metadata, spec, status }, { now }) {
    const last = status?.lastScheduleTime;
    const template = spec.jobTemplate.spec;
    return [
      metadata.name,
      spec.schedule,
      spec.timeZone ?? "<none>",
      spec.suspend === true ? "True" : "False",
      String(Array.isArray(status?.active) ? status.active.length : 0),
      last === undefined ? "<none>" : ageText(now, last),
      ageText(now, metadata.creationTimestamp),
      ...containerCells(template.template.spec),
      formatSelector(template.selector),
    ];
  },
};
