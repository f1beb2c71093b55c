/* Which controller a pod belongs to, and which pod templates of a set of manifests stand for pods. */
import type { KubeObject, Located, OwnerReference, PodTemplateSpec } from "../api/index.js";

export class Owners {
  readonly #byId = new Map<string, KubeObject>();

  constructor(objects: readonly Located[]) {
    for (const { object } of objects) {
      if (isWorkload(object)) this.#byId.set(workloadId(object), object);
    }
  }

  get size(): number {
    return this.#byId.size;
  }

  /** `ns/name[Kind]` of the top controller present; an absent controller still gives its name; without one, the object itself. */
  workloadOf(object: KubeObject): string {
    let at = object;
    for (let hops = 0; hops < 8; hops++) {
      const owner = controllerOf(at);
      if (owner === undefined || owner.kind === "Node") break;
      const id = `${namespaceOf(at)}/${owner.name}[${owner.kind || "Pod"}]`;
      const next = this.#byId.get(id);
      if (next === undefined) return at === object && at.kind === "Pod" ? id : workloadId(at);
      at = next;
    }
    return workloadId(at);
  }
}

/** The pod template of a workload object; null for every other kind. */
export function templateOf(object: KubeObject): PodTemplateSpec | null {
  switch (object.kind) {
    case "DaemonSet":
    case "Deployment":
    case "Job":
    case "StatefulSet":
      return object.spec.template;
    case "ReplicaSet":
    case "ReplicationController":
      return object.spec.template ?? null;
    case "CronJob":
      return object.spec.jobTemplate.spec.template;
    default:
      return null;
  }
}

export function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? "default";
}

export function workloadId(object: KubeObject): string {
  return `${namespaceOf(object)}/${object.metadata.name}[${object.kind}]`;
}

function isWorkload(object: KubeObject): boolean {
  switch (object.kind) {
    case "CronJob":
    case "DaemonSet":
    case "Deployment":
    case "Job":
    case "ReplicaSet":
    case "ReplicationController":
    case "StatefulSet":
      return true;
    default:
      return false;
  }
}

function controllerOf(object: KubeObject): OwnerReference | undefined {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.find((each) => each.controller === true) ?? (owners.length === 1 && owners[0]!.controller === undefined ? owners[0] : undefined);
}
