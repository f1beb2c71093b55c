/* Read first: k8s.io/kubernetes pkg/apis/apps/validation and pkg/apis/core/validation (ReplicationController). */
import type { DaemonSet, Deployment, DeploymentSpec, ReplicaSet, RollingUpdate, StatefulSet } from "../apps.js";
import type { ReplicationController } from "../core.js";
import type { IntOrString, LabelSelector } from "../meta.js";
import { dnsSubdomainFaults } from "../names.js";
import type { PodTemplateSpec } from "../pod.js";
import { isEmptySelector, matches } from "../selector.js";
import type { Faults } from "./faults.js";
import { checkLabelSelector, checkObjectMeta } from "./meta.js";
import { checkPodTemplate } from "./pod.js";

const path = "spec.template";

export function checkDeployment(faults: Faults, { metadata, spec }: Deployment): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  faults.nonNegative("spec.replicas", spec.replicas);
  checkSelector(faults, spec.selector, "empty selector is invalid for deployment");
  checkTemplate(faults, "ReplicaSet", spec.selector, spec.template);
  checkStrategy(faults, spec);
  faults.nonNegative("spec.minReadySeconds", spec.minReadySeconds);
  faults.nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit);
  const deadline = spec.progressDeadlineSeconds;
  faults.nonNegative("spec.progressDeadlineSeconds", deadline);
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    faults.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
  }
}

export function checkReplicaSet(faults: Faults, { metadata, spec }: ReplicaSet): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  faults.nonNegative("spec.replicas", spec.replicas);
  faults.nonNegative("spec.minReadySeconds", spec.minReadySeconds);
  checkSelector(faults, spec.selector, "empty selector is invalid for deployment");
  checkTemplate(faults, "ReplicaSet", spec.selector, spec.template ?? { spec: { containers: [] } });
}

export function checkStatefulSet(faults: Faults, { metadata, spec }: StatefulSet): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  const management = spec.podManagementPolicy;
  if (management !== undefined && management !== "OrderedReady" && management !== "Parallel") {
    faults.invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'");
  }
  checkStatefulUpdate(faults, spec.updateStrategy ?? {});
  faults.nonNegative("spec.replicas", spec.replicas);
  faults.nonNegative("spec.minReadySeconds", spec.minReadySeconds);
  faults.nonNegative("spec.ordinals.start", spec.ordinals?.start);
  checkSelector(faults, spec.selector, "empty selector is invalid for statefulset");
  checkTemplate(faults, "StatefulSet", spec.selector, spec.template);
}

function checkStatefulUpdate(faults: Faults, strategy: NonNullable<StatefulSet["spec"]["updateStrategy"]>): void {
  const at = "spec.updateStrategy";
  const { type, rollingUpdate } = strategy;
  if (type === "OnDelete" && rollingUpdate !== undefined) {
    const internal = { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null };
    faults.invalidJson(`${at}.rollingUpdate`, internal, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type !== undefined && type !== "OnDelete" && type !== "RollingUpdate") {
    faults.invalidJson(at, { Type: type, RollingUpdate: null }, "must be 'RollingUpdate' or 'OnDelete'");
  }
  faults.nonNegative(`${at}.rollingUpdate.partition`, rollingUpdate?.partition);
}

export function checkDaemonSet(faults: Faults, { metadata, spec }: DaemonSet): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  const selector = spec.selector as LabelSelector | undefined;
  checkLabelSelector(faults, "spec.selector", selector);
  if (selector !== undefined && isEmptySelector(selector)) {
    faults.invalid("spec.selector", selector, "empty selector is invalid for daemonset");
  }
  checkTemplate(faults, "DaemonSet", selector, spec.template);
  faults.nonNegative("spec.minReadySeconds", spec.minReadySeconds);
  checkDaemonUpdate(faults, spec.updateStrategy ?? {});
  faults.nonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit);
}

function checkDaemonUpdate(faults: Faults, strategy: NonNullable<DaemonSet["spec"]["updateStrategy"]>): void {
  const at = "spec.updateStrategy";
  const { type, rollingUpdate } = strategy;
  if (type !== undefined && type !== "RollingUpdate" && type !== "OnDelete") {
    faults.unsupportedJson(at, { Type: type, RollingUpdate: null }, ["RollingUpdate", "OnDelete"]);
  }
  if (type !== "RollingUpdate" || rollingUpdate === undefined) return;
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  checkAmounts(faults, `${at}.rollingUpdate`, rollingUpdate);
  if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) {
    faults.required(`${at}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0");
  } else if (amount(maxUnavailable) > 0 && amount(maxSurge) > 0) {
    faults.invalid(`${at}.rollingUpdate.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero");
  }
}

export function checkReplicationController(faults: Faults, { metadata, spec }: ReplicationController): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  faults.nonNegative("spec.minReadySeconds", spec.minReadySeconds);
  const selector = spec.selector ?? {};
  if (Object.keys(selector).length === 0) faults.required("spec.selector");
  faults.nonNegative("spec.replicas", spec.replicas);
  if (spec.template === undefined) faults.required(path);
  else checkTemplate(faults, "ReplicationController", { matchLabels: selector }, spec.template);
}

function checkSelector(faults: Faults, selector: LabelSelector | undefined, whenEmpty: string): void {
  if (selector === undefined) {
    faults.required("spec.selector");
    return;
  }
  checkLabelSelector(faults, "spec.selector", selector);
  if (isEmptySelector(selector)) faults.invalid("spec.selector", selector, whenEmpty);
}

/** An absent selector matches nothing, so it is told twice, as the server does. */
function checkTemplate(faults: Faults, kind: string, selector: LabelSelector | undefined, template: PodTemplateSpec): void {
  const labels = template.metadata?.labels;
  if (selector === undefined || !matches(selector, labels)) {
    faults.invalid(`${path}.metadata.labels`, labels ?? null, "`selector` does not match template `labels`");
  }
  checkPodTemplate(faults, path, template);
  faults.oneOf(`${path}.spec.restartPolicy`, template.spec.restartPolicy, ["Always"]);
  if (template.spec.activeDeadlineSeconds !== undefined) {
    faults.forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

function checkStrategy(faults: Faults, spec: DeploymentSpec): void {
  const at = "spec.strategy";
  const { type, rollingUpdate } = spec.strategy ?? {};
  if (type === "Recreate") {
    if (rollingUpdate !== undefined) {
      faults.forbidden(`${at}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
    }
  } else if (type === undefined || type === "RollingUpdate") {
    if (rollingUpdate !== undefined) checkRollingUpdate(faults, `${at}.rollingUpdate`, rollingUpdate);
  } else {
    faults.unsupportedJson(at, { Type: type, RollingUpdate: null }, ["Recreate", "RollingUpdate"]);
  }
}

function checkRollingUpdate(faults: Faults, at: string, rolling: RollingUpdate): void {
  checkAmounts(faults, at, rolling);
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) {
    faults.invalid(`${at}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0");
  }
  if (typeof maxUnavailable === "string" && amount(maxUnavailable) > 100) {
    faults.invalid(`${at}.maxUnavailable`, maxUnavailable, "must not be greater than 100%");
  }
}

function checkAmounts(faults: Faults, at: string, rolling: RollingUpdate): void {
  for (const field of ["maxUnavailable", "maxSurge"] as const) {
    const value = rolling[field];
    if (typeof value === "number") faults.nonNegative(`${at}.${field}`, value);
    else if (value !== undefined && !/^[0-9]+%$/.test(value)) {
      const words = "a valid percent string must be a numeric string followed by an ending '%'";
      faults.invalid(`${at}.${field}`, value, `${words} (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`);
    }
  }
}

/** The number in `3` or in `25%`; 0 for text that is no percentage. */
function amount(value: IntOrString): number {
  if (typeof value === "number") return value;
  return /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : 0;
}
