/** `kubectl apply`: many objects, judged together, stored together or not at all. */
import { extended } from "../base/extended.js";
import type { Problem } from "../base/problem.js";
import {
  groupResource,
  kindInfo,
  type KubeObject,
  type Located,
  objectName,
  type Pod,
  placeOf,
  type Service,
  validate,
  withDefaults,
} from "../api/index.js";
import { Faults } from "../api/validate/faults.js";
import { mergeApplied, stripped } from "./merge-applied.js";
import { NOT_READY_TAINT } from "./node-agent.js";
import type { Plane } from "./plane.js";
import { admitPod, freeName } from "./pod-from-template.js";
import { sameData } from "../base/same-data.js";
import type { Taken } from "./service-allocators.js";
import { keyOf } from "./store.js";

/** One object on its way into the store. */
interface Planned {
  readonly located: Located;
  readonly object: KubeObject;
  readonly live: KubeObject | undefined;
}

/** How objects are applied. */
export interface ApplyOptions {
  /** The objects have been validated already. */
  readonly validated?: boolean;
  /** Namespaces that are missing are made. */
  readonly makeNamespaces?: boolean;
}

/** Stores the objects; with an error among the problems nothing is. */
export function applyObjects(p: Plane, objects: readonly Located[], options: ApplyOptions): readonly Problem[] {
  const problems: Problem[] = options.validated === true ? [] : objects.flatMap((located) => validate(located));
  const coming = new Set(objects.flatMap(({ object }) => (object.kind === "Namespace" ? [object.metadata.name] : [])));
  const planned: Planned[] = [];
  const taken: Taken[] = [];
  for (const located of objects) {
    const faults = new Faults(located, {});
    const missing = missingNamespace(p, located.object, coming);
    if (missing !== null && options.makeNamespaces !== true) problems.push(notFound(located, missing));
    const plan = planOne(p, located, faults, taken);
    problems.push(...faults.problems);
    planned.push(plan);
  }
  if (problems.some((problem) => problem.severity === "error")) {
    for (const each of taken) p.services.giveBack(each);
    return Object.freeze(problems);
  }
  for (const { object } of planned) {
    const missing = missingNamespace(p, object, new Set());
    if (missing !== null && object.kind !== "Namespace" && !coming.has(missing)) createNamespace(p, missing);
  }
  // Namespaces first: what is in them may stand earlier in the file.
  for (const each of planned) if (each.object.kind === "Namespace") commit(p, each);
  for (const each of planned) if (each.object.kind !== "Namespace") commit(p, each);
  return Object.freeze(problems);
}

/** Stores an object as PUT does: what it no longer says is gone; its status and what only the server writes stay. */
export function replaceObject(p: Plane, located: Located): readonly Problem[] {
  const live = p.store.get(located.object.kind, keyOf(located.object));
  if (live === undefined) {
    const message = `${groupResource(kindInfo(located.object.kind))} "${located.object.metadata.name}" not found`;
    return Object.freeze([Object.freeze<Problem>({ code: "not-found", severity: "error", path: "", message, object: objectName(located.object) })]);
  }
  const { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
  const kept = { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds };
  const metadata = { ...stripped(located.object).metadata, ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)) };
  const status = "status" in live ? { status: live.status } : {};
  const faults = new Faults(located, {});
  const problems: Problem[] = [...validate(located)];
  let object = withDefaults({ ...stripped(located.object), metadata, ...status } as KubeObject);
  checkUpdate(live, object, faults);
  let taken: Taken | null = null;
  if (object.kind === "Service") {
    const admitted = p.services.admit(object, live.kind === "Service" ? live : null, (stream, n) => p.below(stream, n));
    for (const { path, value, detail } of admitted.faults) faults.invalid(path, value, detail);
    object = admitted.service;
    taken = admitted.taken;
  }
  problems.push(...faults.problems);
  if (problems.some((problem) => problem.severity === "error")) {
    if (taken !== null) p.services.giveBack(taken);
  } else p.store.update(object);
  return Object.freeze(problems);
}

export function createNamespace(p: Plane, name: string): void {
  const labels = { "kubernetes.io/metadata.name": name };
  p.store.create({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
}

function planOne(p: Plane, located: Located, faults: Faults, taken: Taken[]): Planned {
  const given = located.object.metadata.name === "" ? named(p, located.object) : located.object;
  const live = p.store.get(given.kind, keyOf(given));
  const last = p.applied.get(objectName(given)) ?? null;
  const object = withDefaults(live === undefined ? stripped(given) : mergeApplied(last, live, given));
  if (live !== undefined) checkUpdate(live, object, faults);
  if (object.kind !== "Service") return { located, object, live };
  const admitted = p.services.admit(object, live?.kind === "Service" ? live : null, (stream, n) => p.below(stream, n));
  for (const { path, value, detail } of admitted.faults) {
    if (value === null) faults.add("internal-error", "", "Internal error occurred", detail, path);
    else faults.invalid(path, value, detail);
  }
  taken.push(admitted.taken);
  return { located, object: admitted.service, live };
}

function named(p: Plane, object: KubeObject): KubeObject {
  const { namespace = "", generateName = "" } = object.metadata;
  return { ...object, metadata: { ...object.metadata, name: freeName(p, object.kind, namespace, generateName) } };
}

/** Fields that never change once set. */
function checkUpdate(live: KubeObject, object: KubeObject, faults: Faults): void {
  if (live.kind === "Service" && object.kind === "Service") checkServiceUpdate(live, object, faults);
  else if (live.kind === "Pod" && object.kind === "Pod") checkPodUpdate(live, object, faults);
  else if (live.kind === "EndpointSlice" && object.kind === "EndpointSlice")
    immutable(faults, "addressType", live.addressType, object.addressType);
  else if ("spec" in live && "spec" in object && SELECTED.has(live.kind)) {
    immutable(
      faults,
      "spec.selector",
      (live.spec as Readonly<Record<string, unknown>>)["selector"],
      (object.spec as Readonly<Record<string, unknown>>)["selector"],
    );
  }
}

const SELECTED: ReadonlySet<string> = new Set(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"]);

function immutable(faults: Faults, path: string, old: unknown, now: unknown): void {
  if (!sameData(old, now)) faults.invalid(path, now, "field is immutable");
}

function checkServiceUpdate(live: Service, object: Service, faults: Faults): void {
  const [old, now] = [live.spec.clusterIPs ?? [], object.spec.clusterIPs ?? []];
  if (live.spec.type === "ExternalName" || object.spec.type === "ExternalName" || old[0] === undefined) return;
  if (now[0] === undefined) faults.invalid("spec.clusterIPs[0]", now, "primary clusterIP can not be unset");
  else if (now[0] !== old[0]) faults.invalid("spec.clusterIPs[0]", now, "may not change once set");
}

const POD_UPDATE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function checkPodUpdate(live: Pod, object: Pod, faults: Faults): void {
  const fixed = (pod: Pod): unknown => ({
    ...pod.spec,
    containers: pod.spec.containers.map((each) => ({ ...each, image: "", imagePullPolicy: "" })),
    initContainers: pod.spec.initContainers?.map((each) => ({ ...each, image: "", imagePullPolicy: "" })),
    activeDeadlineSeconds: 0,
    tolerations: [],
  });
  if (!sameData(fixed(live), fixed(object))) faults.forbidden("spec", POD_UPDATE);
}

function missingNamespace(p: Plane, object: KubeObject, coming: ReadonlySet<string>): string | null {
  const { namespace } = object.metadata;
  if (namespace === undefined || namespace === "" || !kindInfo(object.kind).namespaced) return null;
  return coming.has(namespace) || p.store.get("Namespace", namespace) !== undefined ? null : namespace;
}

function notFound({ object, source }: Located, namespace: string): Problem {
  const [line, column] = placeOf(source, "metadata.namespace");
  const where = source.file === "" ? {} : { file: source.file, line, column };
  const message = `${groupResource(kindInfo("Namespace"))} "${namespace}" not found`;
  return Object.freeze({
    code: "not-found",
    severity: "error",
    path: "metadata.namespace",
    message,
    object: objectName(object),
    ...where,
    fix: `add a Namespace ${namespace}`,
  });
}

function commit(p: Plane, { located, object, live }: Planned): void {
  const name = objectName(object);
  p.sources.set(name, located.source);
  p.applied.set(name, stripped(located.object));
  if (live !== undefined) p.store.update(object);
  else if (object.kind === "Pod") admitPod(p, object);
  else if (object.kind === "Namespace") p.store.create({ ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
  else if (object.kind === "Service") p.store.create(extended(object, { status: { loadBalancer: {} } }));
  else if (object.kind === "Node")
    p.store.create({ ...object, spec: { ...object.spec, taints: [...(object.spec?.taints ?? []), NOT_READY_TAINT] } });
  else p.store.create(object);
}
