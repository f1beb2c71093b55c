/** One pod on every node that suits. Read first: kubernetes `pkg/controller/daemon/daemon_controller.go` and `update.go`. */
import type { DaemonSet, IntOrString, Node, Pod, PodSpec, Toleration } from "../api/index.js";
import { compareText } from "../base/names.js";
import { deleteObject } from "./deletion.js";
import { fitsAffinity, tolerated } from "./node-filters.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { createPod, freeName, templateHash } from "./pod-from-template.js";
import { isActive, isFinished, isReady } from "./pod-state.js";
import { noteRevision } from "./revisions.js";
import { type Change, keyOf } from "./store.js";

const HASH = "controller-revision-hash";

export const daemonSets: Controller = {
  number: CONTROLLER.daemonSet,

  watch(p: Plane, { type, object, old }: Change): void {
    if (object.kind === "DaemonSet" && type !== "DELETED") p.enqueue(CONTROLLER.daemonSet, keyOf(object), p.delays.controller);
    else if (object.kind === "Pod") {
      const owner = object.metadata.ownerReferences?.find((each) => each.controller === true);
      if (owner?.kind === "DaemonSet") p.enqueue(CONTROLLER.daemonSet, `${object.metadata.namespace}/${owner.name}`, p.delays.controller);
    } else if (
      object.kind === "Node" &&
      (type !== "MODIFIED" || (old?.kind === "Node" && (old.spec !== object.spec || old.metadata.labels !== object.metadata.labels)))
    ) {
      for (const set of p.store.list("DaemonSet")) p.enqueue(CONTROLLER.daemonSet, keyOf(set), p.delays.controller);
    }
  },

  sync(p: Plane, key: string): void {
    const set = p.store.get("DaemonSet", key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const hash = templateHash(p, set.spec.template);
    noteRevision(p, set, hash);
    const spec = daemonSpec(set.spec.template.spec);
    const byNode = podsByNode(p, set);
    const wanted = p.indexes.nodesByName(p.store).filter((node) => suits(spec, node));
    for (const node of wanted) {
      const { name } = node.metadata;
      const pods = byNode.get(name) ?? [];
      if (pods.length === 0) create(p, set, hash, spec, name);
      for (const pod of pods.filter(isFinished)) remove(p, set, pod);
      for (const pod of pods.filter(isActive).slice(1)) remove(p, set, pod);
    }
    const names = new Set(wanted.map((node) => node.metadata.name));
    for (const [node, pods] of byNode) if (!names.has(node)) for (const pod of pods.filter(isActive)) remove(p, set, pod);
    roll(p, set, hash, wanted, byNode);
    writeStatus(p, set, hash, wanted, byNode);
  },
};

/** The pods of a set by the node each is for, the oldest first. */
function podsByNode(p: Plane, set: DaemonSet): ReadonlyMap<string, readonly Pod[]> {
  const pods = [...p.indexes.podsOf.of(set.metadata.uid ?? "")].flatMap((key) => p.store.get("Pod", key) ?? []);
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods.sort(
    (a, b) =>
      compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") || compareText(a.metadata.name, b.metadata.name),
  )) {
    const node = targetOf(pod);
    byNode.set(node, [...(byNode.get(node) ?? []), pod]);
  }
  return new Map([...byNode].sort(([a], [b]) => compareText(a, b)));
}

function targetOf({ spec }: Pod): string {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return spec.nodeName ?? terms[0]?.matchFields?.[0]?.values?.[0] ?? "";
}

/** What daemons bear that other pods do not. */
function daemonSpec(spec: PodSpec): PodSpec {
  const bears = (word: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${word}`, operator: "Exists", effect });
  const added = [
    bears("not-ready", "NoExecute"),
    bears("unreachable", "NoExecute"),
    bears("disk-pressure", "NoSchedule"),
    bears("memory-pressure", "NoSchedule"),
    bears("pid-pressure", "NoSchedule"),
    bears("unschedulable", "NoSchedule"),
    ...(spec.hostNetwork === true ? [bears("network-unavailable", "NoSchedule")] : []),
  ];
  return { ...spec, tolerations: [...(spec.tolerations ?? []), ...added] };
}

function suits(spec: PodSpec, node: Node): boolean {
  return (
    fitsAffinity(spec, node) &&
    (node.spec?.taints ?? []).every((taint) => taint.effect === "PreferNoSchedule" || tolerated(spec.tolerations, taint))
  );
}

function create(p: Plane, set: DaemonSet, hash: string, spec: PodSpec, node: string): void {
  const { namespace = "default", name } = set.metadata;
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }] };
  const nodeAffinity = { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
  const pod = createPod(p, set, set.spec.template, freeName(p, "Pod", namespace, `${name}-`), {
    labels: { [HASH]: hash, "pod-template-generation": String(set.metadata.generation ?? 1) },
    spec: { affinity: { ...spec.affinity, nodeAffinity }, ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations }) },
  });
  p.event(set, "Normal", "SuccessfulCreate", `Created pod: ${pod.metadata.name}`, "daemonset-controller");
}

function remove(p: Plane, set: DaemonSet, pod: Pod): void {
  deleteObject(p, "Pod", keyOf(pod));
  p.event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`, "daemonset-controller");
}

/** Old pods go as far as `maxUnavailable` allows; those that do not serve anyway go first. */
function roll(p: Plane, set: DaemonSet, hash: string, wanted: readonly Node[], byNode: ReadonlyMap<string, readonly Pod[]>): void {
  if (set.spec.updateStrategy?.type === "OnDelete") return;
  const most = Math.max(1, Math.ceil(share(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length)));
  let down = 0;
  const old: Pod[] = [];
  for (const node of wanted) {
    const [pod] = (byNode.get(node.metadata.name) ?? []).filter(isActive);
    if (pod === undefined) down++;
    else if (pod.metadata.labels?.[HASH] === hash) down += isReady(pod) ? 0 : 1;
    else if (isReady(pod)) old.push(pod);
    else {
      remove(p, set, pod);
      down++;
    }
  }
  for (const pod of old.slice(0, Math.max(0, most - down))) remove(p, set, pod);
}

function share(value: IntOrString, of: number): number {
  return typeof value === "number" ? value : (Number(value.replace("%", "")) * of) / 100;
}

function writeStatus(p: Plane, set: DaemonSet, hash: string, wanted: readonly Node[], byNode: ReadonlyMap<string, readonly Pod[]>): void {
  const firsts = wanted.flatMap((node) => (byNode.get(node.metadata.name) ?? []).filter(isActive).slice(0, 1));
  const names = new Set(wanted.map((node) => node.metadata.name));
  const ready = firsts.filter(isReady).length;
  const updated = firsts.filter((pod) => pod.metadata.labels?.[HASH] === hash).length;
  p.store.update({
    ...set,
    status: {
      currentNumberScheduled: firsts.length,
      desiredNumberScheduled: wanted.length,
      numberMisscheduled: [...byNode.keys()].filter((node) => !names.has(node)).length,
      numberReady: ready,
      observedGeneration: set.metadata.generation ?? 1,
      ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
      ...(ready === 0 ? {} : { numberAvailable: ready }),
      ...(wanted.length === ready ? {} : { numberUnavailable: wanted.length - ready }),
    },
  });
}
