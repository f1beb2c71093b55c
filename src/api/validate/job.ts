/* Read first: k8s.io/kubernetes pkg/apis/batch/validation/validation.go. CronJobs are templates here: nothing runs on time. */
import type { CronJob, Job, JobSpec } from "../batch.js";
import { dnsSubdomainFaults, tooLong } from "../names.js";
import { scheduleFault } from "./cron-schedule.js";
import type { Faults } from "./faults.js";
import { checkLabelSelector, checkObjectMeta } from "./meta.js";
import { checkPodTemplate } from "./pod.js";

/** A CronJob's name leaves room for the 11 characters that its Jobs append. */
const longestCronName = 52;

export function checkJob(faults: Faults, { metadata, spec }: Job): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  if (spec.selector !== undefined && spec.manualSelector !== true && metadata.uid === undefined) {
    faults.invalid("spec.selector", spec.selector, "`selector` not auto-generated");
  }
  if (spec.selector === undefined && spec.manualSelector === true) faults.required("spec.selector");
  checkLabelSelector(faults, "spec.selector", spec.selector);
  checkJobSpec(faults, "spec", spec);
}

function checkJobSpec(faults: Faults, path: string, spec: JobSpec): void {
  const counts = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
  ] as const;
  for (const field of counts) faults.nonNegative(`${path}.${field}`, spec[field]);
  faults.oneOf(`${path}.completionMode`, spec.completionMode, ["NonIndexed", "Indexed"]);
  if (spec.completionMode === "Indexed" && spec.completions === undefined) {
    faults.required(`${path}.completions`, "when completion mode is Indexed");
  }
  checkPodTemplate(faults, `${path}.template`, spec.template);
  const restart = `${path}.template.spec.restartPolicy`;
  if (spec.template.spec.restartPolicy === "Always") faults.required(restart, 'valid values: "OnFailure", "Never"');
}

export function checkCronJob(faults: Faults, { metadata, spec }: CronJob): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  faults.invalidEach("metadata.name", metadata.name, tooLong(metadata.name, longestCronName));
  if (spec.schedule === "") faults.required("spec.schedule");
  else {
    const fault = scheduleFault(spec.schedule);
    if (fault !== undefined) faults.invalid("spec.schedule", spec.schedule, fault);
  }
  faults.nonNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds);
  faults.oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
  faults.nonNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit);
  faults.nonNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit);

  const job = spec.jobTemplate.spec;
  checkJobSpec(faults, "spec.jobTemplate.spec", job);
  if (job.selector !== undefined) {
    faults.invalid("spec.jobTemplate.spec.selector", job.selector, "`selector` will be auto-generated");
  }
  if (job.manualSelector === true) faults.unsupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]);
}
