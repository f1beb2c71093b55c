/** The status of a pod as its kubelet writes it. */
import { extended } from "../base/extended.js";
import type { Condition, Container, ContainerState, ContainerStatus, Pod, PodStatus } from "../api/index.js";
import { fnv1a32 } from "../base/hash.js";
import { withCondition } from "./conditions.js";
import type { ContainerRun } from "./pod-run.js";

/** What a kubelet reports at one moment. */
export interface Report {
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly ready: boolean;
  readonly hostIPs: readonly string[];
  readonly ips: readonly string[];
  readonly now: string;
  /** start of the first container */
  readonly started?: string;
  /** the containers since they were started */
  readonly containers?: readonly ContainerRun[];
}

export function podStatus(pod: Pod, report: Report): PodStatus {
  const { phase, ready, ips, hostIPs, now } = report;
  const sandboxed = ips.length > 0;
  const over = finished(report);
  const reason =
    phase === "Succeeded" ? { reason: "PodCompleted" } : phase === "Failed" ? { reason: "PodFailed" } : ready ? {} : { reason: "ContainersNotReady", message: unreadyMessage(pod, report) };
  const initialised = phase !== "Pending";
  const uninitialised = {
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${(pod.spec.initContainers ?? []).map((each) => each.name).join(" ")}]`,
  };
  const hasInit = (pod.spec.initContainers ?? []).length > 0;
  const told: readonly Condition[] = [
    { type: "PodReadyToStartContainers", status: sandboxed && !over ? "True" : "False" },
    {
      type: "Initialized",
      status: initialised || !hasInit ? "True" : "False",
      ...(initialised || !hasInit ? (phase === "Succeeded" ? reason : {}) : uninitialised),
    },
    { type: "Ready", status: ready ? "True" : "False", ...reason },
    { type: "ContainersReady", status: ready ? "True" : "False", ...reason },
  ];
  let conditions = pod.status?.conditions ?? [];
  for (const condition of told) conditions = withCondition(conditions, condition, now);
  const init = pod.spec.initContainers ?? [];
  const restarted = pod.status?.startTime ?? now;
  return {
    ...pod.status,
    phase,
    conditions,
    ...(hostIPs.length === 0 ? {} : { hostIP: hostIPs[0]!, hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(ips.length === 0 ? {} : { podIP: ips[0]!, podIPs: ips.map((ip) => ({ ip })) }),
    startTime: restarted,
    ...(init.length === 0
      ? {}
      : { initContainerStatuses: init.map((each) => containerStatus(pod, each, initState(each, report), initialised)) }),
    containerStatuses: pod.spec.containers.map((each) => mainStatus(pod, each, report)),
  };
}

function unreadyMessage(pod: Pod, report: Report): string {
  const unready = pod.spec.containers.filter((each) => !isServing(each, report));
  return `containers with unready status: [${unready.map((each) => each.name).join(" ")}]`;
}

function runOf({ name }: Container, { containers }: Report): ContainerRun | undefined {
  return containers?.find((each) => each.name === name);
}

function isServing(container: Container, report: Report): boolean {
  const run = runOf(container, report);
  return run === undefined ? report.ready : report.phase === "Running" && !run.down && run.started && run.ready;
}

function mainStatus(pod: Pod, container: Container, report: Report): ContainerStatus {
  const run = runOf(container, report);
  const state: ContainerState =
    run === undefined
      ? containerState(pod, report)
      : finished(report) && !run.down
        ? containerState(pod, report)
      : run.backOff !== ""
        ? { waiting: { reason: "CrashLoopBackOff", message: run.backOff } }
        : run.down
          ? { terminated: { exitCode: run.exitCode, reason: run.exitCode === 0 ? "Completed" : "Error", startedAt: run.startedAt, finishedAt: run.endedAt } }
          : { running: { startedAt: run.startedAt } };
  const status = containerStatus(pod, container, state, isServing(container, report));
  if (run === undefined) return status;
  const before = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
  const ended = state.terminated === undefined ? (before?.state?.terminated ?? before?.lastState?.terminated) : before?.lastState?.terminated;
  const lived = { restartCount: run.restarts, started: state.running !== undefined && run.started };
  return extended(status, ended === undefined ? lived : { ...lived, lastState: { terminated: ended } });
}

function finished({ phase }: Report): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function containerState(pod: Pod, { phase, started, now }: Report): ContainerState {
  if (phase === "Pending")
    return { waiting: { reason: (pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating" } };
  const startedAt = started ?? now;
  if (phase === "Running") return { running: { startedAt } };
  const fine = phase === "Succeeded";
  return { terminated: { exitCode: fine ? 0 : 1, reason: fine ? "Completed" : "Error", startedAt, finishedAt: now } };
}

function initState(container: Container, report: Report): ContainerState {
  if (report.phase === "Pending") return { waiting: { reason: "PodInitializing" } };
  const startedAt = report.started ?? report.now;
  if (container.restartPolicy === "Always") return { running: { startedAt } };
  return { terminated: { exitCode: 0, reason: "Completed", startedAt, finishedAt: startedAt } };
}

function containerStatus(pod: Pod, container: Container, state: ContainerState, ready: boolean): ContainerStatus {
  const { image = "", name } = container;
  const live = state.waiting === undefined;
  return {
    name,
    ready: ready && (state.running !== undefined || state.terminated?.exitCode === 0),
    restartCount: 0,
    image,
    imageID: "",
    started: state.running !== undefined,
    state,
    ...(live ? { containerID: `containerd://${digits(`${pod.metadata.uid} ${name}`)}` } : {}),
  };
}

/** 64 hexadecimal digits that a text stands for. */
function digits(text: string): string {
  let hex = "";
  for (let i = 0; i < 8; i++) hex += fnv1a32(`${i} ${text}`).toString(16).padStart(8, "0");
  return hex;
}
