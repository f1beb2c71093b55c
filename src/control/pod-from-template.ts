/** Pods and ReplicaSets as their owners write them: names, labels and owner references. */
import { extended } from "../base/extended.js";
import { fnv1a32 } from "../base/hash.js";
import { generateName, safeEncode } from "../base/names.js";
import {
  deepFreeze,
  type Kind,
  type KubeObject,
  type Labels,
  type OwnerReference,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  type Toleration,
  withDefaults,
} from "../api/index.js";
import type { Plane } from "./plane.js";
import { keyIn } from "./store.js";

/** The reference by which a controller owns what it makes. */
export function ownedBy(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? "", controller: true, blockOwnerDeletion: true };
}

/** A free name for `generateName: base`, drawn from the stream of that base. */
export function freeName(p: Plane, kind: Kind, namespace: string, base: string): string {
  const draw = (n: number): number => p.below(`control/names/${kind}/${keyIn(namespace, base)}`, n);
  for (;;) {
    const name = generateName(base, draw);
    if (p.store.get(kind, keyIn(namespace, name)) === undefined) return name;
  }
}

/** Ten characters at most, of `456789bcdf`, equal for equal templates (`pod-template-hash`, `controller-revision-hash`). */
export function templateHash(p: Plane, template: PodTemplateSpec, collisions = 0): string {
  let hash = p.templateHashes.get(template);
  if (hash === undefined || collisions !== 0) {
    hash = safeEncode(String(fnv1a32(canonical(template) + (collisions === 0 ? "" : String(collisions)))));
    if (collisions === 0) p.templateHashes.set(template, hash);
  }
  return hash;
}

/** Stores a pod of a template. */
export function createPod(
  p: Plane,
  owner: KubeObject,
  template: PodTemplateSpec,
  name: string,
  more: { readonly labels?: Labels; readonly spec?: Partial<Pod["spec"]> } = {},
): Pod {
  const { metadata = {}, spec } = template;
  const labels = { ...metadata.labels, ...more.labels };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? "default",
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [ownedBy(owner)],
    },
    spec: more.spec === undefined ? templateSpec(p, template) : admittedSpec({ ...spec, ...more.spec }),
  };
  return storePod(p, pod);
}

/** Pods of one template share one spec until each is bound. */
function templateSpec(p: Plane, template: PodTemplateSpec): PodSpec {
  let spec = p.templateSpecs.get(template);
  if (spec === undefined) p.templateSpecs.set(template, (spec = deepFreeze(admittedSpec(template.spec))));
  return spec;
}

/** A pod that somebody wrote, on its way into the store. */
export function admitPod(p: Plane, pod: Pod): Pod {
  return storePod(p, { ...pod, spec: admittedSpec(withDefaults(pod).spec) });
}

/** The spec with what admission adds to the defaults: a service account, and patience with nodes that fail. */
function admittedSpec(spec: PodSpec): PodSpec {
  const tolerations = [...(spec.tolerations ?? []), ...FOR_A_WHILE.filter((each) => !covers(spec.tolerations ?? [], each))];
  const account = spec.serviceAccountName ?? "default";
  return { ...spec, serviceAccountName: account, serviceAccount: account, tolerations };
}

function storePod(p: Plane, pod: Pod): Pod {
  return p.store.create(extended(pod, { status: { phase: "Pending", qosClass: qosClass(pod) } }));
}

/** Admission DefaultTolerationSeconds. */
const FOR_A_WHILE: readonly Toleration[] = Object.freeze(
  ["not-ready", "unreachable"].map((word) =>
    Object.freeze({ key: `node.kubernetes.io/${word}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }),
  ),
);

function covers(tolerations: readonly Toleration[], other: Toleration): boolean {
  const allEffects = (effect: string | undefined): boolean => effect === undefined || effect === "" || effect === "NoExecute";
  return tolerations.some((each) => (each.key === undefined || each.key === "" || each.key === other.key) && allEffects(each.effect));
}

/** Guaranteed where every container limits cpu and memory to what it requests, BestEffort where none asks for anything. */
function qosClass({ spec }: Pod): string {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const asks = containers.some(({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }).some(counts));
  if (!asks) return "BestEffort";
  const fixed = containers.every(({ resources }) =>
    ["cpu", "memory"].every(
      (word) =>
        resources?.limits?.[word] !== undefined &&
        String(resources.requests?.[word] ?? resources.limits[word]) === String(resources.limits[word]),
    ),
  );
  return fixed ? "Guaranteed" : "Burstable";
}

function counts(resource: string): boolean {
  return resource === "cpu" || resource === "memory";
}

/** JSON with keys in order, so that equal data is equal text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const record = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`).join(",")}}`;
}
