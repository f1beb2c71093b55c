/** Starts of a pod's containers, and what its kubelet then writes. */
import type { Container, Pod } from "../api/index.js";
import { killApp, launch } from "../linux/sock/app.js";
import type { PlaneNode } from "./options.js";
import type { Plane } from "./plane.js";
import { appsOf, type ContainerRun, type PodRun } from "./pod-run.js";
import { podStatus, type Report } from "./pod-status.js";
import { defaultProgram } from "./programs.js";
import { keyOf } from "./store.js";

/** Those that run as long as the pod does: sidecars first. */
export function lastingContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === "Always"), ...pod.spec.containers];
}

/** Launches what a container runs. */
export function startContainer(p: Plane, pod: Pod, ns: number, node: string, container: Container): ContainerRun {
  const choice = (p.options.program ?? defaultProgram)(pod, container);
  const { image = "", name } = container;
  const cause = choice === null ? 0 : p.causeOf("kubelet", `Pod ${keyOf(pod)}`, "spec.containers");
  p.event(pod, "Normal", "Pulled", `Container image "${image}" already present on machine`, "kubelet", node);
  p.event(pod, "Normal", "Created", `Created container: ${name}`, "kubelet", node);
  p.event(pod, "Normal", "Started", `Started container ${name}`, "kubelet", node);
  return Object.freeze<ContainerRun>({
    name,
    app: choice === null ? 0 : launch(p.s, ns, choice.program, choice.args, cause),
    startedAt: p.time(),
    since: p.now,
    restarts: 0,
    started: container.startupProbe === undefined,
    ready: container.readinessProbe === undefined,
    down: false,
    backOff: "",
    lastWait: 0,
    tallies: NO_TALLIES,
  });
}

const NO_TALLIES: ContainerRun["tallies"] = Object.freeze({});

/** Whether all its containers serve. */
export function allServe({ containers }: PodRun): boolean {
  return containers.every((each) => !each.down && each.started && each.ready);
}

export function stopContainers(p: Plane, run: PodRun): void {
  for (const app of appsOf(run)) killApp(p.s, app);
}

/** Writes a pod's status. */
export function report(p: Plane, pod: Pod, run: PodRun, node: PlaneNode, told: Pick<Report, "phase" | "ready" | "started">): void {
  const stored = p.store.get("Pod", keyOf(pod));
  if (stored === undefined) return;
  const status = podStatus(stored, {
    ...told,
    ips: run.ips,
    hostIPs: node.addresses,
    now: p.time(),
    ...(run.containers.length === 0 ? {} : { containers: run.containers }),
  });
  p.store.update({ ...stored, status });
}
