/**
 * What the control plane makes of a node whose kubelet falls silent, of its return, and of taints that somebody gives a node.
 * Read first: kubernetes `pkg/controller/nodelifecycle/node_lifecycle_controller.go` and `pkg/controller/tainteviction`.
 */
import type { Node, Pod, Taint, Toleration } from "../api/index.js";
import { compareText } from "../base/names.js";
import { SECOND } from "../base/time.js";
import { withCondition } from "./conditions.js";
import { deleteObject } from "./deletion.js";
import { tolerated } from "./node-filters.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { isFinished, isReady, isTerminating } from "./pod-state.js";
import { type Change, keyOf } from "./store.js";

const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
/** `--node-monitor-period` */
const MONITOR_PERIOD: number = 5 * SECOND;

/** Whether a node's kubelet and agents have been stopped. */
export function isSilent(p: Plane, node: string): boolean {
  return p.notes.has(silence(node));
}

/** Kubelet, CNI daemon, proxy and policy agent of a node do nothing from now on; its kernel and programs are left as they are. */
export function silenceNode(p: Plane, node: string): void {
  if (isSilent(p, node)) return;
  p.notes.set(silence(node), p.now);
  const due = Math.ceil((p.now + p.delays.nodeMonitorGrace) / MONITOR_PERIOD) * MONITOR_PERIOD;
  p.enqueue(CONTROLLER.nodeLifecycle, `silent ${node}`, due - p.now);
}

/** They are back, and take up what has happened since. */
export function returnNode(p: Plane, name: string): void {
  if (!isSilent(p, name)) return;
  p.notes.delete(silence(name));
  const node = p.store.get("Node", name);
  if (node !== undefined) writeNode(p, node, "True");
  for (const pod of podsOn(p, name)) {
    if (!isReady(pod) && (p.run(pod.metadata.uid)?.readySince ?? -1) >= 0 && !isTerminating(pod)) setReady(p, pod, true);
    p.enqueue(CONTROLLER.kubelet, `${keyOf(pod)} ${pod.metadata.uid}`, p.delays.kubelet);
  }
  for (const run of p.runsOn(name)) p.enqueue(CONTROLLER.kubelet, `${keyOf(run.pod)} ${run.uid}`, p.delays.kubelet);
  p.enqueue(CONTROLLER.proxy, name, p.delays.watch);
  p.enqueue(CONTROLLER.policy, "all", p.delays.policySync);
}

export const nodeLifecycle: Controller = {
  number: CONTROLLER.nodeLifecycle,

  watch(p: Plane, { type, object, old }: Change): void {
    if (object.kind !== "Node") return;
    // Pods of a node that is gone go at once (pod garbage collection).
    if (type === "DELETED") p.enqueue(CONTROLLER.nodeLifecycle, `gone ${keyOf(object)}`, p.delays.controller);
    else if (old?.kind === "Node" && old.spec !== object.spec && (drives(object).length > 0 || object.spec?.unschedulable !== old.spec?.unschedulable))
      p.enqueue(CONTROLLER.nodeLifecycle, `tainted ${keyOf(object)}`, p.delays.controller);
  },

  sync(p: Plane, work: string): void {
    const [what, name, pod, uid] = work.split(" ") as [string, string, string, string];
    const node = p.store.get("Node", name);
    if (what === "gone") {
      if (node === undefined) for (const each of podsOn(p, name)) deleteObject(p, "Pod", keyOf(each), 0);
    } else if (node === undefined) return;
    else if (what === "tainted") heedTaints(p, node);
    else if (what === "intolerant") {
      if (drives(node).length > 0) evict(p, pod, uid);
    } else if (!isSilent(p, name)) return;
    else if (what === "silent") markUnreachable(p, node);
    else evict(p, pod, uid);
  },
};

/** Taints that drive pods away, those of silent nodes aside. */
function drives(node: Node): readonly Taint[] {
  return (node.spec?.taints ?? []).filter(({ key, effect }) => effect === "NoExecute" && key !== UNREACHABLE);
}

/** A node that is cordoned has a taint for that; who does not bear its other taints goes, at once or when its patience ends. */
function heedTaints(p: Plane, node: Node): void {
  const { name } = node.metadata;
  const taints = node.spec?.taints ?? [];
  const others = taints.filter(({ key }) => key !== UNSCHEDULABLE);
  if ((node.spec?.unschedulable === true) !== others.length < taints.length) {
    const { taints: _taints, ...spec } = node.spec ?? {};
    const wanted = spec.unschedulable === true ? [...others, { key: UNSCHEDULABLE, effect: "NoSchedule", timeAdded: p.time() }] : others;
    node = p.store.update({ ...node, spec: { ...spec, ...(wanted.length === 0 ? {} : { taints: wanted }) } });
  }
  const driving = drives(node);
  for (const pod of driving.length === 0 ? [] : podsOn(p, name)) {
    const seconds = Math.min(...driving.map((taint) => patience(pod.spec.tolerations, taint)));
    if (seconds < Infinity && !isFinished(pod)) p.enqueue(CONTROLLER.nodeLifecycle, `intolerant ${name} ${keyOf(pod)} ${pod.metadata.uid}`, seconds * SECOND);
  }
}

function silence(node: string): string {
  return `silent/${node}`;
}

function podsOn(p: Plane, node: string): readonly Pod[] {
  return [...p.indexes.podsOn.of(node)].sort(compareText).flatMap((key) => p.store.get("Pod", key) ?? []);
}

function markUnreachable(p: Plane, node: Node): void {
  const { name } = node.metadata;
  writeNode(p, node, "Unknown");
  p.event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`, "node-controller");
  for (const pod of podsOn(p, name)) {
    if (isFinished(pod)) continue;
    if (isReady(pod)) {
      setReady(p, pod, false);
      p.event(pod, "Warning", "NodeNotReady", "Node is not ready", "node-controller");
    }
    const seconds = patience(pod.spec.tolerations, SILENT);
    if (seconds < Infinity) p.enqueue(CONTROLLER.nodeLifecycle, `evict ${name} ${keyOf(pod)} ${pod.metadata.uid}`, seconds * SECOND);
  }
}

function writeNode(p: Plane, node: Node, ready: "True" | "Unknown"): void {
  const others = (node.spec?.taints ?? []).filter((taint) => taint.key !== UNREACHABLE);
  const taints: readonly Taint[] =
    ready === "True"
      ? others
      : [
          ...others,
          { key: UNREACHABLE, effect: "NoSchedule", timeAdded: p.time() },
          { key: UNREACHABLE, effect: "NoExecute", timeAdded: p.time() },
        ];
  const { taints: _taints, ...spec } = node.spec ?? {};
  const condition =
    ready === "True"
      ? { type: "Ready", status: ready, reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: ready, reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
  p.store.update({
    ...node,
    spec: { ...spec, ...(taints.length === 0 ? {} : { taints }) },
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, p.time()) },
  });
}

function setReady(p: Plane, pod: Pod, ready: boolean): void {
  const condition = { type: "Ready", status: ready ? "True" : "False" };
  p.store.update({ ...pod, status: { ...pod.status, conditions: withCondition(pod.status?.conditions, condition, p.time()) } });
}

const SILENT: Taint = Object.freeze({ key: UNREACHABLE, effect: "NoExecute" });

/** How long a pod bears a taint, in seconds: the shortest of the tolerations that cover it. */
function patience(tolerations: readonly Toleration[] | undefined, taint: Taint): number {
  const covering = (tolerations ?? []).filter((each) => tolerated([each], taint));
  if (covering.length === 0) return 0;
  return Math.min(...covering.map((each) => each.tolerationSeconds ?? Infinity));
}

function evict(p: Plane, key: string, uid: string): void {
  const pod = p.store.get("Pod", key);
  if (pod === undefined || pod.metadata.uid !== uid || isTerminating(pod)) return;
  p.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`, "taint-eviction-controller");
  deleteObject(p, "Pod", key);
}
