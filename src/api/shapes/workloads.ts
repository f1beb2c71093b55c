import { conditions, labelSelector, objectReference, templateMeta } from "./meta.js";
import { podTemplate } from "./pod.js";
import { any, bool, int32, int64, intOrString, list, loose, named, record, text, time, type Shape } from "./shape.js";

type Fields = Readonly<Record<string, Shape>>;

const rollingUpdate = (go: string): Shape => record(go, { maxSurge: intOrString, maxUnavailable: intOrString });

const counts = (go: string, ...names: readonly string[]): Shape =>
  loose(record(go, { ...Object.fromEntries(names.map((name) => [name, int32])), observedGeneration: int64, conditions }));

export const deploymentFields: Fields = {
  spec: record(
    "v1.DeploymentSpec",
    {
      replicas: int32,
      selector: labelSelector,
      template: podTemplate,
      strategy: record("v1.DeploymentStrategy", {
        type: named("v1.DeploymentStrategyType"),
        rollingUpdate: rollingUpdate("v1.RollingUpdateDeployment"),
      }),
      minReadySeconds: int32,
      revisionHistoryLimit: int32,
      progressDeadlineSeconds: int32,
      paused: bool,
    },
    "template",
  ),
  status: counts(
    "v1.DeploymentStatus",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
  ),
};

export const replicaSetFields: Fields = {
  spec: record("v1.ReplicaSetSpec", {
    replicas: int32,
    minReadySeconds: int32,
    selector: labelSelector,
    template: podTemplate,
  }),
  status: counts(
    "v1.ReplicaSetStatus",
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "terminatingReplicas",
  ),
};

export const statefulSetFields: Fields = {
  spec: record(
    "v1.StatefulSetSpec",
    {
      replicas: int32,
      selector: labelSelector,
      template: podTemplate,
      serviceName: text,
      podManagementPolicy: named("v1.PodManagementPolicyType"),
      updateStrategy: record("v1.StatefulSetUpdateStrategy", {
        type: named("v1.StatefulSetUpdateStrategyType"),
        rollingUpdate: record("v1.RollingUpdateStatefulSetStrategy", { partition: int32, maxUnavailable: intOrString }),
      }),
      minReadySeconds: int32,
      revisionHistoryLimit: int32,
      ordinals: record("v1.StatefulSetOrdinals", { start: int32 }),
      persistentVolumeClaimRetentionPolicy: record("v1.StatefulSetPersistentVolumeClaimRetentionPolicy", {
        whenDeleted: text,
        whenScaled: text,
      }),
      volumeClaimTemplates: any,
    },
    "template",
  ),
  status: counts(
    "v1.StatefulSetStatus",
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "collisionCount",
  ),
};

export const daemonSetFields: Fields = {
  spec: record(
    "v1.DaemonSetSpec",
    {
      selector: labelSelector,
      template: podTemplate,
      updateStrategy: record("v1.DaemonSetUpdateStrategy", {
        type: named("v1.DaemonSetUpdateStrategyType"),
        rollingUpdate: rollingUpdate("v1.RollingUpdateDaemonSet"),
      }),
      minReadySeconds: int32,
      revisionHistoryLimit: int32,
    },
    "template",
  ),
  status: counts(
    "v1.DaemonSetStatus",
    "currentNumberScheduled",
    "desiredNumberScheduled",
    "numberMisscheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
  ),
};

const jobSpec: Shape = record(
  "v1.JobSpec",
  {
    template: podTemplate,
    parallelism: int32,
    completions: int32,
    completionMode: named("v1.CompletionMode"),
    backoffLimit: int32,
    backoffLimitPerIndex: int32,
    maxFailedIndexes: int32,
    activeDeadlineSeconds: int64,
    ttlSecondsAfterFinished: int32,
    suspend: bool,
    selector: labelSelector,
    manualSelector: bool,
    podReplacementPolicy: named("v1.PodReplacementPolicy"),
    managedBy: text,
    podFailurePolicy: any,
    successPolicy: any,
  },
  "template",
);

export const jobFields: Fields = {
  spec: jobSpec,
  status: loose(
    record("v1.JobStatus", {
      active: int32,
      ready: int32,
      succeeded: int32,
      failed: int32,
      terminating: int32,
      startTime: time,
      completionTime: time,
      completedIndexes: text,
      failedIndexes: text,
      conditions,
      uncountedTerminatedPods: any,
    }),
  ),
};

export const cronJobFields: Fields = {
  spec: record(
    "v1.CronJobSpec",
    {
      schedule: text,
      timeZone: text,
      jobTemplate: record("v1.JobTemplateSpec", { metadata: templateMeta, spec: jobSpec }, "spec"),
      concurrencyPolicy: named("v1.ConcurrencyPolicy"),
      suspend: bool,
      startingDeadlineSeconds: int64,
      successfulJobsHistoryLimit: int32,
      failedJobsHistoryLimit: int32,
    },
    "schedule",
    "jobTemplate",
  ),
  status: loose(
    record("v1.CronJobStatus", { active: list(objectReference), lastScheduleTime: time, lastSuccessfulTime: time }),
  ),
};
