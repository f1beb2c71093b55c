/**
 * The end of a container and what comes after it: another start, its back-off, or the end of the pod. Read first: kubernetes
 * `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (computePodActions, doBackOff) and `pkg/kubelet/kubelet_pods.go` (getPhase).
 */
import type { Container, Pod } from "../api/index.js";
import { SECOND } from "../base/time.js";
import { killApp } from "../linux/sock/app.js";
import { changeContainer, lastingContainers, proberWork, report, reportContainers, stopContainer, stopContainers } from "./containers.js";
import type { PlaneNode } from "./options.js";
import { CONTROLLER, type Plane } from "./plane.js";
import type { ContainerRun, PodRun, ProbeKind } from "./pod-run.js";
import { deafTo } from "./programs.js";
import { stopSandbox } from "./sandbox.js";

/** A kubelet's back-off between restarts of a container. */
const FIRST_BACK_OFF: number = 10 * SECOND;
const LONGEST_BACK_OFF: number = 300 * SECOND;
/** So long after its last restart a container starts afresh. */
const BACK_OFF_FORGOTTEN: number = 600 * SECOND;

/** How a container ended: by itself, or stopped because a probe had failed. */
export interface Ending {
  readonly failed: ProbeKind | null;
  /** status of its program */
  readonly code: number;
}

/** Ends a container of a running pod, and does what its restartPolicy has for that. */
export function endContainer(p: Plane, pod: Pod, uid: string, at: number, { failed, code }: Ending): void {
  const before = p.run(uid)!;
  const { app, restarts, lastWait, since } = before.containers[at]!;
  const spec = lastingContainers(pod)[at]!;
  const again = startsAgain(pod, spec, failed, code);
  if (failed !== null) p.event(pod, "Normal", "Killing", `Container ${spec.name} failed ${failed} probe${again ? ", will be restarted" : ""}`, "kubelet", before.node);
  if (failed !== null) stopContainer(p, before, at);
  else if (app !== 0) killApp(p.s, app);
  const wait = restarts === 0 || p.now - since > BACK_OFF_FORGOTTEN ? 0 : Math.min(LONGEST_BACK_OFF, Math.max(FIRST_BACK_OFF, lastWait * 2));
  const run = changeContainer(p, uid, at, () => ({ app: 0, down: true, exitCode: code, endedAt: p.time(), again, ready: false, lastWait: wait, tallies: Object.freeze({}) }));
  const main = mainRuns(pod, run);
  const node = p.nodes.get(run.node);
  if (node !== undefined && main.every((each) => each.down && !each.again)) return finishPod(p, pod, run, node, main.every((each) => each.exitCode === 0) ? "Succeeded" : "Failed");
  reportContainers(p, pod, run);
  if (!again) return;
  if (wait > 0) {
    const id = `${pod.metadata.name}_${pod.metadata.namespace ?? "default"}(${uid})`;
    p.event(pod, "Warning", "BackOff", `Back-off restarting failed container ${spec.name} in pod ${id}`, "kubelet", run.node);
    const backOff = `back-off ${words(wait)} restarting failed container=${spec.name} pod=${id}`;
    reportContainers(p, pod, changeContainer(p, uid, at, () => ({ backOff })));
  }
  const stop = failed === null ? 0 : p.delays.containerStop + Math.min(deafTo(pod, spec), (pod.spec.terminationGracePeriodSeconds ?? 30) * SECOND);
  p.enqueue(CONTROLLER.prober, proberWork(pod, at, "restart"), stop + wait, wait > 0);
}

/** The containers of a pod without its sidecars, which come first. */
function mainRuns(pod: Pod, { containers }: PodRun): readonly ContainerRun[] {
  return containers.slice(containers.length - pod.spec.containers.length);
}

/** A sidecar always; who is stopped for a probe unless its pod never restarts; else as the restartPolicy says. */
function startsAgain(pod: Pod, spec: Container, failed: ProbeKind | null, code: number): boolean {
  const policy = spec.restartPolicy ?? pod.spec.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && (failed !== null || code !== 0));
}

/** The end of a pod whose containers will not run again: its sandbox goes, its objects and last states stay. */
export function finishPod(p: Plane, pod: Pod, run: PodRun, node: PlaneNode, phase: "Succeeded" | "Failed"): void {
  stopContainers(p, run);
  stopSandbox(p, pod, run);
  p.dropRun(run);
  const started = pod.status?.containerStatuses?.[0]?.state?.running?.startedAt;
  report(p, pod, run, node, { phase, ready: false, ...(started === undefined ? {} : { started }) });
  p.keepRun({ ...run, stage: "done", containers: [], ns: 0, readySince: -1 });
}

/** "10s", "1m20s", as Go writes a duration. */
function words(ns: number): string {
  const seconds = ns / SECOND;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
