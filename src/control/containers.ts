/** Starts of a pod's containers, and what its kubelet then writes. */
import { extended } from "../base/extended.js";
import type { Container, Pod } from "../api/index.js";
import { killApp, launch } from "../linux/sock/app.js";
import { NODE_CACHE, startNodeCache, stopNodeCache } from "./node-local-dns.js";
import type { PlaneNode } from "./options.js";
import { CONTROLLER, type Plane } from "./plane.js";
import type { ContainerRun, Exit, PodRun, ProbeKind } from "./pod-run.js";
import { isJobs } from "./pod-state.js";
import { podStatus, type Report } from "./pod-status.js";
import { defaultProgram, exitOf } from "./programs.js";
import { keyOf } from "./store.js";

/** Those that run as long as the pod does: sidecars first. */
export function lastingContainers(pod: Pod): readonly Container[] {
  return [...(pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === "Always"), ...pod.spec.containers];
}

/** Launches the container at a place among those that last; its end is noted where it is known. */
export function startContainer(p: Plane, pod: Pod, ns: number, node: string, at: number): ContainerRun {
  const container = lastingContainers(pod)[at]!;
  const given = (p.options.program ?? defaultProgram)(pod, container);
  const choice = given?.program === NODE_CACHE ? startNodeCache(p, pod, node, container, given) : given;
  const ends = choice === null && given !== null ? GIVES_UP : exitOf(pod, container);
  if (ends !== null) p.enqueue(CONTROLLER.prober, proberWork(pod, at, "exit"), ends.after, !isJobs(pod));
  const { image = "", name } = container;
  const cause = choice === null ? 0 : p.causeOf("kubelet", `Pod ${keyOf(pod)}`, "spec.containers");
  p.event(pod, "Normal", "Pulled", `Container image "${image}" already present on machine`, "kubelet", node);
  p.event(pod, "Normal", "Created", `Created container: ${name}`, "kubelet", node);
  p.event(pod, "Normal", "Started", `Started container ${name}`, "kubelet", node);
  return Object.freeze<ContainerRun>({
    name,
    app: choice === null ? 0 : launch(p.s, ns, choice.program, choice.args, cause),
    ends,
    startedAt: p.time(),
    since: p.now,
    restarts: 0,
    started: container.startupProbe === undefined,
    ready: container.readinessProbe === undefined,
    down: false,
    again: false,
    exitCode: 0,
    endedAt: "",
    backOff: "",
    lastWait: 0,
    tallies: NO_TALLIES,
  });
}

/** A program that cannot begin. */
const GIVES_UP: Exit = Object.freeze({ after: 0, code: 1 });
const NO_TALLIES: ContainerRun["tallies"] = Object.freeze({});

/** The key of what is to be done about a container: a probe, its next start, its end. */
export function proberWork(pod: Pod, at: number, what: ProbeKind | "restart" | "exit"): string {
  return `${keyOf(pod)} ${pod.metadata.uid} ${at} ${what}`;
}

/** Whether all its containers serve. */
export function allServe({ containers }: PodRun): boolean {
  return containers.every((each) => !each.down && each.started && each.ready);
}

/** Ends what its containers run, as SIGTERM does. */
export function stopContainers(p: Plane, run: PodRun): void {
  run.containers.forEach((_, at) => stopContainer(p, run, at));
}

/** Ends what one runs. */
export function stopContainer(p: Plane, run: PodRun, at: number): void {
  const app = run.containers[at]?.app ?? 0;
  if (app === 0) return;
  if (p.s.app.apps.get(app)?.program === NODE_CACHE) stopNodeCache(p, run.node, lastingContainers(run.pod)[at]!);
  killApp(p.s, app);
}

/** Writes a pod's status. */
export function report(p: Plane, pod: Pod, run: PodRun, node: PlaneNode, told: Pick<Report, "phase" | "ready" | "started">): void {
  const stored = p.store.get("Pod", keyOf(pod));
  if (stored === undefined) return;
  const { ips, containers } = run;
  const status = podStatus(stored, extended(told, { ips, hostIPs: node.addresses, now: p.time(), ...(containers.length === 0 ? {} : { containers }) }));
  p.store.update({ ...stored, status });
}

/** Replaces what is known of one container. */
export function changeContainer(p: Plane, uid: string, at: number, how: (container: ContainerRun) => Partial<ContainerRun>): PodRun {
  const run = p.run(uid)!;
  const containers = run.containers.map((each, i) => (i === at ? Object.freeze({ ...each, ...how(each) }) : each));
  const next: PodRun = { ...run, containers };
  p.keepRun(next);
  return next;
}

/** Writes what the containers of a running pod come to. */
export function reportContainers(p: Plane, pod: Pod, run: PodRun): void {
  const ready = allServe(run);
  const next: PodRun = { ...run, readySince: !ready ? -1 : run.readySince >= 0 ? run.readySince : p.now };
  p.keepRun(next);
  const node = p.nodes.get(run.node);
  const started = run.containers[0]?.startedAt;
  if (node !== undefined) report(p, pod, next, node, { phase: "Running", ready, ...(started === undefined ? {} : { started }) });
}
