/**
 * A pod's life on its node: sandbox and CNI ADD, programs, readiness, and the graceful end. One work item a pod, keyed
 * `ns/name uid`; what is known of it is its `PodRun`. Read first: kubernetes `pkg/kubelet/pod_workers.go`.
 */
import type { Pod } from "../api/index.js";
import { SECOND } from "../base/time.js";
import { allServe, lastingContainers, report, startContainer, stopContainers } from "./containers.js";
import { finishPod } from "./container-end.js";
import type { PlaneNode } from "./options.js";
import { isSilent } from "./node-lifecycle.js";
import { isUp } from "./node-agent.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import type { PodRun } from "./pod-run.js";
import { isJobs, isTerminating } from "./pod-state.js";
import { resumeProbes, startProbes } from "./probes.js";
import { deafTo, exitOf } from "./programs.js";
import { newContainerId, startSandbox, stopSandbox } from "./sandbox.js";
import { type Change, keyOf } from "./store.js";
import { forget } from "./deletion.js";

export const kubelet: Controller = {
  number: CONTROLLER.kubelet,

  watch(p: Plane, { type, object, old }: Change): void {
    if (object.kind !== "Pod" || object.spec.nodeName === undefined) return;
    const before = old?.kind === "Pod" ? old : null;
    const bound = type !== "DELETED" && before?.spec.nodeName !== object.spec.nodeName;
    const ending = isTerminating(object) && (before === null || !isTerminating(before));
    if (bound || ending || type === "DELETED") p.enqueue(CONTROLLER.kubelet, `${keyOf(object)} ${object.metadata.uid}`, p.delays.kubelet);
  },

  sync(p: Plane, work: string): void {
    const [key, uid] = work.split(" ") as [string, string];
    const stored = p.store.get("Pod", key);
    const pod = stored?.metadata.uid === uid ? stored : undefined;
    const run = p.run(uid);
    // A kubelet that has stopped takes up its work when it returns.
    if (isSilent(p, run?.node ?? pod?.spec.nodeName ?? "")) return;
    if (pod === undefined) {
      if (run !== undefined) end(p, run);
    } else if (isTerminating(pod)) terminate(p, pod, run, work);
    else advance(p, pod, run, work);
  },
};

function advance(p: Plane, pod: Pod, run: PodRun | undefined, work: string): void {
  const node = p.nodes.get(pod.spec.nodeName ?? "");
  if (node === undefined) return;
  if (run === undefined) return see(p, pod, node, work);
  if (run.due > p.now) return p.enqueue(CONTROLLER.kubelet, work, run.due - p.now);
  if (run.stage === "seen") attach(p, pod, run, node, work);
  else if (run.stage === "starting") start(p, pod, run, node, work);
  else if (run.stage === "running" && runsToItsEnd(pod)) finishPod(p, pod, run, node, "Succeeded");
  else if (run.stage === "running") resumeProbes(p, pod, run);
}

function see(p: Plane, pod: Pod, node: PlaneNode, work: string): void {
  const run: PodRun = {
    uid: pod.metadata.uid ?? "",
    node: node.name,
    stage: "seen",
    due: p.now + p.delays.sandbox,
    ns: 0,
    containerId: newContainerId(p, node.name),
    ips: [],
    containers: [],
    readySince: -1,
    pod,
  };
  p.keepRun(run);
  report(p, pod, run, node, { phase: "Pending", ready: false });
  p.enqueue(CONTROLLER.kubelet, work, p.delays.sandbox);
}

function attach(p: Plane, pod: Pod, run: PodRun, node: PlaneNode, work: string): void {
  const host = pod.spec.hostNetwork === true;
  if (!host && !isUp(p, node.name)) {
    p.event(
      pod,
      "Warning",
      "NetworkNotReady",
      "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
      "kubelet",
      node.name,
    );
    return p.enqueue(CONTROLLER.kubelet, work, p.delays.sandboxRetry, true);
  }
  const sandbox = host ? { ns: node.ns, ips: node.addresses } : startSandbox(p, node, pod, run.containerId);
  if ("code" in sandbox) {
    const { name } = p.options.cni;
    const why = `failed to setup network for sandbox "${run.containerId}": plugin type="${name}" failed (add): ${sandbox.msg}`;
    p.event(
      pod,
      "Warning",
      "FailedCreatePodSandBox",
      `Failed to create pod sandbox: rpc error: code = Unknown desc = ${why}`,
      "kubelet",
      node.name,
    );
    p.keepRun({ ...run, containerId: newContainerId(p, node.name), due: p.now + p.delays.sandboxRetry });
    return p.enqueue(CONTROLLER.kubelet, work, p.delays.sandboxRetry, true);
  }
  const init = (pod.spec.initContainers ?? []).length * p.delays.initContainer;
  p.keepRun({ ...run, ...sandbox, stage: "starting", due: p.now + init + p.delays.containerStart });
  p.enqueue(CONTROLLER.kubelet, work, init + p.delays.containerStart);
}

function start(p: Plane, pod: Pod, run: PodRun, node: PlaneNode, work: string): void {
  const specs = lastingContainers(pod);
  const containers = specs.map((_, at) => startContainer(p, pod, run.ns, node.name, at));
  const started: PodRun = Object.freeze({ ...run, stage: "running", containers, due: p.now });
  const ready = allServe(started);
  const lasting = runsToItsEnd(pod) ? p.delays.run : 0;
  const running: PodRun = { ...started, due: p.now + lasting, readySince: ready ? p.now : -1 };
  p.keepRun(running);
  report(p, pod, running, node, { phase: "Running", ready, started: p.time() });
  specs.forEach((_, at) => startProbes(p, pod, running, at));
  if (lasting > 0) p.enqueue(CONTROLLER.kubelet, work, lasting);
}

/** podwire runs no images: the pods of a Job come to a good end after a while, unless their end is told. */
function runsToItsEnd(pod: Pod): boolean {
  return isJobs(pod) && lastingContainers(pod).every((container) => exitOf(pod, container) === null);
}

function terminate(p: Plane, pod: Pod, run: PodRun | undefined, work: string): void {
  const grace = (pod.metadata.deletionGracePeriodSeconds ?? 30) * SECOND;
  if (run === undefined) return forget(p, "Pod", keyOf(pod));
  if (run.stage !== "stopping" && run.stage !== "stopped") {
    const asked = Math.min(grace, preStop(pod) + p.delays.containerStop + Math.max(0, ...lastingContainers(pod).map((container) => deafTo(pod, container))));
    const runs = run.containers.some((each) => !each.down);
    if (runs)
      for (const { name } of pod.spec.containers) p.event(pod, "Normal", "Killing", `Stopping container ${name}`, "kubelet", run.node);
    p.keepRun({ ...run, stage: "stopping", due: p.now + (runs ? asked : 0) });
    return p.enqueue(CONTROLLER.kubelet, work, runs ? asked : 0);
  }
  if (run.due > p.now) return p.enqueue(CONTROLLER.kubelet, work, run.due - p.now);
  if (run.stage === "stopping") {
    stopContainers(p, run);
    p.keepRun({ ...run, stage: "stopped", containers: [], due: p.now + p.delays.sandboxStop });
    return p.enqueue(CONTROLLER.kubelet, work, p.delays.sandboxStop);
  }
  stopSandbox(p, pod, run);
  p.dropRun(run);
  forget(p, "Pod", keyOf(pod));
}

/** A pod that is gone from the API: what is left of it on the node goes too. */
function end(p: Plane, run: PodRun): void {
  stopContainers(p, run);
  stopSandbox(p, run.pod, run);
  p.dropRun(run);
}

/** The longest sleep that a container's preStop asks for. */
function preStop(pod: Pod): number {
  return pod.spec.containers.reduce((longest, { lifecycle }) => {
    const handler = lifecycle?.preStop;
    const command = (handler?.exec?.command ?? []).join(" ");
    const slept = handler?.sleep?.seconds ?? Number(/(?:^|\s)sleep\s+(\d+)/.exec(command)?.[1] ?? 0);
    return Math.max(longest, slept * SECOND);
  }, 0);
}
