/* Jobs. Read first: k8s.io/api batch/v1/types.go. */
import type { Condition, LabelSelector, ObjectOf, ObjectReference, TemplateMeta } from "./meta.js";
import type { PodTemplateSpec } from "./pod.js";

/** What a Job wants. */
export interface JobSpec {
  readonly template: PodTemplateSpec;
  readonly parallelism?: number;
  readonly completions?: number;
  /** `NonIndexed` (default) or `Indexed`. */
  readonly completionMode?: string;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly suspend?: boolean;
  readonly selector?: LabelSelector;
  readonly manualSelector?: boolean;
  readonly podReplacementPolicy?: string;
  readonly managedBy?: string;
  readonly podFailurePolicy?: unknown;
  readonly successPolicy?: unknown;
}

/** What the job controller has found. */
export interface JobStatus {
  readonly active?: number;
  readonly ready?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly terminating?: number;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  readonly conditions?: readonly Condition[];
  readonly uncountedTerminatedPods?: unknown;
}

export interface Job extends ObjectOf<"batch/v1", "Job"> {
  readonly spec: JobSpec;
  readonly status?: JobStatus;
}

/** What a CronJob wants. */
export interface CronJobSpec {
  readonly schedule: string;
  readonly timeZone?: string;
  readonly jobTemplate: { readonly metadata?: TemplateMeta; readonly spec: JobSpec };
  readonly concurrencyPolicy?: string;
  readonly suspend?: boolean;
  readonly startingDeadlineSeconds?: number;
  readonly successfulJobsHistoryLimit?: number;
  readonly failedJobsHistoryLimit?: number;
}

export interface CronJob extends ObjectOf<"batch/v1", "CronJob"> {
  readonly spec: CronJobSpec;
  readonly status?: {
    readonly active?: readonly ObjectReference[];
    readonly lastScheduleTime?: string;
    readonly lastSuccessfulTime?: string;
  };
}
