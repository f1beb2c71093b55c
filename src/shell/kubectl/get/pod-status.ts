/** The words under READY, STATUS and RESTARTS of a pod. Read first: kubernetes pkg/printers/internalversion/printers.go, printPod. */
import type { Container, ContainerStatus, Pod } from "../../../api/index.js";
import { secondsOf, spanText } from "../output/time.js";

interface Told {
  readonly ready: number;
  readonly restarts: number;
  /** seconds since 1970 of the last restart; 0 for none */
  readonly last: number;
  readonly reason: string;
}

const hasCondition = (pod: Pod, type: string): boolean => (pod.status?.conditions ?? []).some((c) => c.type === type && c.status === "True");
const lastEnd = (status: ContainerStatus): number => secondsOf(status.lastState?.terminated?.finishedAt) ?? 0;
const isSidecar = (container: Container | undefined): boolean => container?.restartPolicy === "Always";

/** `1/1`, `Running`, `3 (2m ago)`. */
export function podStatus(pod: Pod, now: number): { readonly ready: string; readonly status: string; readonly restarts: string } {
  const { initContainers = [], containers } = pod.spec;
  const total = containers.length + initContainers.filter(isSidecar).length;
  const init = initStatus(pod);
  const told = init.busy && !hasCondition(pod, "Initialized") ? init : runningStatus(pod, init);
  const restarts = told.restarts !== 0 && told.last > 0 ? `${told.restarts} (${spanText(now - told.last)} ago)` : String(told.restarts);
  return { ready: `${told.ready}/${total}`, status: endingStatus(pod, told.reason), restarts };
}

/** The reason of the phase, then that of the first init container that is not through. */
function initStatus(pod: Pod): Told & { readonly busy: boolean; readonly sidecarRestarts: number; readonly sidecarLast: number } {
  const { initContainers = [] } = pod.spec;
  const gated = (pod.status?.conditions ?? []).some((c) => c.type === "PodScheduled" && c.reason === "SchedulingGated");
  let reason = gated ? "SchedulingGated" : pod.status?.reason || pod.status?.phase || "";
  const sum = { ready: 0, restarts: 0, last: 0, sidecarRestarts: 0, sidecarLast: 0 };
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (let i = 0; i < statuses.length; i++) {
    const status = statuses[i]!;
    const sidecar = isSidecar(initContainers.find((c) => c.name === status.name));
    sum.restarts += status.restartCount;
    sum.last = Math.max(sum.last, lastEnd(status));
    if (sidecar) {
      sum.sidecarRestarts += status.restartCount;
      sum.sidecarLast = Math.max(sum.sidecarLast, lastEnd(status));
    }
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready) sum.ready++;
      continue;
    }
    if (terminated !== undefined) reason = `Init:${endReason(terminated)}`;
    else if (waiting?.reason !== undefined && waiting.reason !== "" && waiting.reason !== "PodInitializing") reason = `Init:${waiting.reason}`;
    else reason = `Init:${i}/${initContainers.length}`;
    return { ...sum, reason, busy: true };
  }
  return { ...sum, reason, busy: false };
}

function endReason(terminated: NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>): string {
  if (terminated.reason !== undefined && terminated.reason !== "") return terminated.reason;
  return (terminated.signal ?? 0) !== 0 ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** The reasons of the containers; the first container's wins. */
function runningStatus(pod: Pod, init: ReturnType<typeof initStatus>): Told {
  let { ready, reason } = init;
  let restarts = init.sidecarRestarts;
  let last = init.sidecarLast;
  let running = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    restarts += status.restartCount;
    last = Math.max(last, lastEnd(status));
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== "") reason = waiting.reason;
    else if (terminated !== undefined) reason = endReason(terminated);
    else if (status.ready && status.state?.running !== undefined) {
      running = true;
      ready++;
    }
  }
  if (reason === "Completed" && running) reason = hasCondition(pod, "Ready") ? "Running" : "NotReady";
  return { ready, restarts, last, reason };
}

function endingStatus(pod: Pod, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed" ? reason : "Terminating";
}
