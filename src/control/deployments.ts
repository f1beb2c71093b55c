/** Deployments by way of ReplicaSets. Read first: kubernetes `pkg/controller/deployment/rolling.go` and `recreate.go`. */
import type { Deployment, IntOrString, ReplicaSet } from "../api/index.js";
import { compareText } from "../base/names.js";
import { withCondition } from "./conditions.js";
import { forget } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { ownedBy, templateHash } from "./pod-from-template.js";
import { type Change, keyOf } from "./store.js";

const REVISION = "deployment.kubernetes.io/revision";
const HASH = "pod-template-hash";

export const deployments: Controller = {
  number: CONTROLLER.deployment,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "Deployment" && type !== "DELETED") p.enqueue(CONTROLLER.deployment, keyOf(object), p.delays.controller);
    if (object.kind !== "ReplicaSet") {
      if (object.kind === "Pod" && type === "DELETED") awaitedEnd(p, object.metadata.namespace, object.metadata.ownerReferences?.[0]?.name);
      return;
    }
    const owner = object.metadata.ownerReferences?.find((each) => each.controller === true);
    if (owner?.kind === "Deployment") p.enqueue(CONTROLLER.deployment, `${object.metadata.namespace}/${owner.name}`, p.delays.controller);
  },

  sync(p: Plane, key: string): void {
    const deployment = p.store.get("Deployment", key);
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const sets = setsOf(p, deployment);
    const hash = templateHash(p, deployment.spec.template, deployment.status?.collisionCount);
    const fresh = sets.find((set) => set.metadata.labels?.[HASH] === hash);
    const old = sets.filter((set) => set !== fresh);
    if (deployment.spec.paused !== true || fresh !== undefined) roll(p, deployment, hash, fresh, old);
    forgetHistory(p, deployment, old);
    writeStatus(p, deployment, hash);
  },
};

/** A Deployment that is recreated waits for its last old pod. */
function awaitedEnd(p: Plane, namespace: string | undefined, set: string | undefined): void {
  const owner = p.store.get("ReplicaSet", `${namespace}/${set}`)?.metadata.ownerReferences?.[0];
  if (owner?.kind === "Deployment") p.enqueue(CONTROLLER.deployment, `${namespace}/${owner.name}`, p.delays.controller);
}

/** The ReplicaSets of a Deployment, oldest first. */
function setsOf(p: Plane, deployment: Deployment): readonly ReplicaSet[] {
  const sets: ReplicaSet[] = [];
  for (const full of p.indexes.owned.of(deployment.metadata.uid ?? "")) {
    const set = full.startsWith("ReplicaSet ") ? p.store.get("ReplicaSet", full.slice("ReplicaSet ".length)) : undefined;
    if (set !== undefined) sets.push(set);
  }
  return sets.sort((a, b) => revisionOf(a) - revisionOf(b) || compareText(a.metadata.name, b.metadata.name));
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0);
}

function roll(p: Plane, deployment: Deployment, hash: string, known: ReplicaSet | undefined, old: readonly ReplicaSet[]): void {
  const wanted = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === "Recreate") {
    let left = false;
    for (const set of old) {
      scale(p, deployment, set, 0);
      left ||= p.indexes.podsOf.of(set.metadata.uid ?? "").size > 0;
    }
    if (!left) makeOrScale(p, deployment, hash, known, old, wanted);
    return;
  }
  const { surge, unavailable } = bounds(deployment);
  const total = sum([...old, ...(known === undefined ? [] : [known])], replicasOf);
  const has = known === undefined ? 0 : replicasOf(known);
  const room = Math.max(0, wanted + surge - total);
  const next = has > wanted ? wanted : has + Math.min(room, wanted - has);
  const fresh = makeOrScale(p, deployment, hash, known, old, next);
  if (next !== has || known === undefined) return;
  scaleDownOld(p, deployment, fresh, old, wanted - unavailable);
}

/** Old sets give up what never served first, and then what can be spared. */
function scaleDownOld(p: Plane, deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[], least: number): void {
  const all = [...old, fresh];
  let spare = sum(all, replicasOf) - least - (replicasOf(fresh) - availableOf(fresh));
  if (spare <= 0) return;
  const left = new Map(old.map((set) => [set, replicasOf(set)]));
  for (const set of old) {
    const unhealthy = Math.min(spare, replicasOf(set) - availableOf(set));
    if (unhealthy <= 0) continue;
    spare -= unhealthy;
    left.set(set, replicasOf(set) - unhealthy);
  }
  // What the sets say of available pods may be older than what was asked of them: `spare` holds either way.
  let healthy = Math.min(spare, sum(all, availableOf) - least);
  for (const set of old) {
    const down = Math.min(healthy, left.get(set)!);
    if (down <= 0) continue;
    healthy -= down;
    left.set(set, left.get(set)! - down);
  }
  for (const [set, replicas] of left) scale(p, deployment, set, replicas);
}

function makeOrScale(
  p: Plane,
  deployment: Deployment,
  hash: string,
  known: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  replicas: number,
): ReplicaSet {
  if (known !== undefined) {
    const revision = Math.max(revisionOf(known), ...old.map((set) => revisionOf(set) + 1));
    const told = ownAnnotations(deployment);
    if (revision !== revisionOf(known) || Object.entries(told).some(([key, value]) => known!.metadata.annotations?.[key] !== value)) {
      const annotations = { ...known.metadata.annotations, ...told, [REVISION]: String(revision) };
      known = p.store.update({ ...known, metadata: { ...known.metadata, annotations } });
    }
    return scale(p, deployment, known, replicas);
  }
  const { namespace = "default", name } = deployment.metadata;
  const { template, selector, minReadySeconds } = deployment.spec;
  const labels = { ...template.metadata?.labels, [HASH]: hash };
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  const set = p.store.create<ReplicaSet>({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      annotations: { ...ownAnnotations(deployment), [REVISION]: String(revision) },
      ownerReferences: [ownedBy(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  });
  if (replicas > 0) scaled(p, deployment, set, 0, replicas);
  return set;
}

/** What a ReplicaSet takes over from its Deployment, `change-cause` among it (deploymentutil.SetNewReplicaSetAnnotations). */
function ownAnnotations({ metadata }: Deployment): Readonly<Record<string, string>> {
  return metadata.annotations === undefined ? NONE : Object.fromEntries(Object.entries(metadata.annotations).filter(([key]) => key !== REVISION && key !== LAST_APPLIED));
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

function scale(p: Plane, deployment: Deployment, set: ReplicaSet, replicas: number): ReplicaSet {
  if (replicasOf(set) === replicas) return set;
  scaled(p, deployment, set, replicasOf(set), replicas);
  return p.store.update({ ...set, spec: { ...set.spec, replicas } });
}

function scaled(p: Plane, deployment: Deployment, set: ReplicaSet, from: number, to: number): void {
  const message = `Scaled ${to > from ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${to}`;
  p.event(deployment, "Normal", "ScalingReplicaSet", message, "deployment-controller");
}

/** Old sets without pods, beyond what is to be remembered. */
function forgetHistory(p: Plane, deployment: Deployment, old: readonly ReplicaSet[]): void {
  const idle = old.filter((set) => replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0);
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  for (const set of idle.slice(0, Math.max(0, old.length - limit))) forget(p, "ReplicaSet", keyOf(set));
}

/** Pods above and below the wanted number while rolling: percentages of it, up and down. */
function bounds(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge = "25%", maxUnavailable = "25%" } = deployment.spec.strategy?.rollingUpdate ?? {};
  const wanted = deployment.spec.replicas ?? 1;
  const surge = Math.ceil(share(maxSurge, wanted));
  const unavailable = Math.min(wanted, Math.floor(share(maxUnavailable, wanted)));
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function share(value: IntOrString, of: number): number {
  return typeof value === "number" ? value : (Number(value.replace("%", "")) * of) / 100;
}

function writeStatus(p: Plane, before: Deployment, hash: string): void {
  const deployment = p.store.get("Deployment", keyOf(before));
  if (deployment === undefined) return;
  const sets = setsOf(p, deployment);
  const fresh = sets.find((set) => set.metadata.labels?.[HASH] === hash);
  const count = (of: (set: ReplicaSet) => number): number => sum(sets, of);
  const available = count(availableOf);
  const numbers = {
    replicas: count((set) => set.status?.replicas ?? 0),
    updatedReplicas: fresh?.status?.replicas ?? 0,
    readyReplicas: count((set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, count(replicasOf) - available),
  };
  const enough = available >= (deployment.spec.replicas ?? 1) - bounds(deployment).unavailable;
  const now = p.time();
  const availability = enough
    ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
  const wanted = deployment.spec.replicas ?? 1;
  const complete = numbers.updatedReplicas === wanted && numbers.replicas === wanted && available === wanted;
  const words = fresh === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${fresh.metadata.name}"`;
  const progress = complete
    ? { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message: `${words} has successfully progressed.` }
    : { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: `${words} is progressing.` };
  const conditions = withCondition(withCondition(deployment.status?.conditions, progress, now), availability, now);
  const shown = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0));
  const revision = fresh?.metadata.annotations?.[REVISION];
  const annotations =
    revision === undefined ? deployment.metadata.annotations : { ...deployment.metadata.annotations, [REVISION]: revision };
  p.store.update({
    ...deployment,
    metadata: annotations === undefined ? deployment.metadata : { ...deployment.metadata, annotations },
    status: {
      observedGeneration: deployment.metadata.generation ?? 1,
      ...shown,
      ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
      conditions,
    },
  });
}

function replicasOf(set: ReplicaSet): number {
  return set.spec.replicas ?? 1;
}

function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0;
}

function sum(sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + of(set), 0);
}
