/*
 * What may not change when an object is applied again. Read first: the `Validate...Update` functions of
 * k8s.io/kubernetes pkg/apis/{core,apps,batch,discovery}/validation. Both objects have their defaults.
 */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet, StatefulSetSpec } from "../apps.js";
import type { Job } from "../batch.js";
import type { ConfigMap, Node, Secret, Service } from "../core.js";
import type { KubeObject, ObjectOfKind } from "../kinds.js";
import type { Pod, PodSpec } from "../pod.js";
import { sameData } from "../../base/same-data.js";
import type { Faults } from "./faults.js";

const immutable = "field is immutable";

/** Reports forbidden changes from `old`, which is of the same kind, to `next`. */
export function checkUpdate(faults: Faults, next: KubeObject, old: KubeObject): void {
  switch (next.kind) {
    case "Pod":
      return checkPodUpdate(faults, next, of(old, "Pod"));
    case "Service":
      return checkServiceUpdate(faults, next, of(old, "Service"));
    case "Node":
      return checkNodeUpdate(faults, next, of(old, "Node"));
    case "StatefulSet":
      return checkStatefulSetUpdate(faults, next, of(old, "StatefulSet"));
    case "Deployment":
    case "ReplicaSet":
    case "DaemonSet":
      return checkSelectorUpdate(faults, next, old as Deployment | ReplicaSet | DaemonSet);
    case "Job":
      return checkJobUpdate(faults, next, of(old, "Job"));
    case "ConfigMap":
    case "Secret":
      return checkDataUpdate(faults, next, old as ConfigMap | Secret);
    case "EndpointSlice":
      return unchanged(faults, "addressType", next.addressType, of(old, "EndpointSlice").addressType);
    default:
  }
}

function of<K extends KubeObject["kind"]>(object: KubeObject, _kind: K): ObjectOfKind<K> {
  return object as ObjectOfKind<K>;
}

function unchanged(faults: Faults, path: string, next: unknown, old: unknown): void {
  if (!sameData(next, old)) faults.invalid(path, next ?? null, immutable);
}

const changeable =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** The server appends a diff of the two specs to this message; podwire does not. */
function checkPodUpdate(faults: Faults, next: Pod, old: Pod): void {
  const kept = (old.spec.tolerations ?? []).every((each) => (next.spec.tolerations ?? []).some((other) => sameData(each, other)));
  if (!kept || !sameData(withoutChangeable(next.spec), withoutChangeable(old.spec))) faults.forbidden("spec", changeable);
}

function withoutChangeable(spec: PodSpec): unknown {
  const withoutImages = (containers: PodSpec["containers"] | undefined): unknown =>
    containers?.map(({ image: _image, imagePullPolicy: _policy, ...rest }) => rest);
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, ...rest } = spec;
  return { ...rest, containers: withoutImages(spec.containers), initContainers: withoutImages(spec.initContainers) };
}

function checkServiceUpdate(faults: Faults, next: Service, old: Service): void {
  if (next.spec.type === "ExternalName" || old.spec.type === "ExternalName") return;
  const path = "spec.clusterIPs";
  const was = old.spec.clusterIPs ?? [];
  const now = next.spec.clusterIPs ?? was;
  if (was.length > 0 && now.length === 0) faults.invalid(`${path}[0]`, now, "primary clusterIP can not be unset");
  now.forEach((ip, index) => {
    const before = was[index];
    if (before !== undefined && before !== ip) faults.invalid(`${path}[${index}]`, now, "may not change once set");
  });
  if (was.length > 1 && now.length === 1 && next.spec.ipFamilyPolicy !== "SingleStack") {
    const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    faults.invalid("spec.ipFamilyPolicy", next.spec.ipFamilyPolicy ?? null, detail);
  }
  const primary = old.spec.ipFamilies?.[0];
  const families = next.spec.ipFamilies ?? old.spec.ipFamilies ?? [];
  const headless = was[0] === "None";
  if (!headless && primary !== undefined && families[0] !== primary) faults.invalid("spec.ipFamilies[0]", families, "may not change once set");
  const port = old.spec.healthCheckNodePort ?? 0;
  const asked = next.spec.healthCheckNodePort ?? port;
  if (port !== 0 && asked !== port && next.spec.externalTrafficPolicy === "Local") faults.forbidden("spec.healthCheckNodePort", immutable);
}

function checkNodeUpdate(faults: Faults, next: Node, old: Node): void {
  const cidrs = old.spec?.podCIDRs ?? [];
  if (cidrs.length > 0 && !sameData(next.spec?.podCIDRs ?? cidrs, cidrs)) {
    faults.forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid');
  }
  const provider = old.spec?.providerID ?? "";
  if (provider !== "" && (next.spec?.providerID ?? provider) !== provider) {
    faults.forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid');
  }
}

function checkSelectorUpdate(faults: Faults, next: Deployment | ReplicaSet | DaemonSet, old: Deployment | ReplicaSet | DaemonSet): void {
  unchanged(faults, "spec.selector", next.spec.selector, old.spec.selector);
}

const statefulChangeable =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

function checkStatefulSetUpdate(faults: Faults, next: StatefulSet, old: StatefulSet): void {
  const fixed = ({ selector, serviceName, podManagementPolicy, volumeClaimTemplates }: StatefulSetSpec): unknown => ({
    selector,
    serviceName,
    podManagementPolicy,
    volumeClaimTemplates,
  });
  if (!sameData(fixed(next.spec), fixed(old.spec))) faults.forbidden("spec", statefulChangeable);
}

function checkJobUpdate(faults: Faults, next: Job, old: Job): void {
  if (old.spec.completionMode !== "Indexed") unchanged(faults, "spec.completions", next.spec.completions, old.spec.completions);
  if (next.spec.selector !== undefined) unchanged(faults, "spec.selector", next.spec.selector, old.spec.selector);
  unchanged(faults, "spec.completionMode", next.spec.completionMode, old.spec.completionMode);
}

function checkDataUpdate(faults: Faults, next: ConfigMap | Secret, old: ConfigMap | Secret): void {
  if (next.kind === "Secret" && old.kind === "Secret") unchanged(faults, "type", next.type, old.type);
  if (old.immutable !== true) return;
  const words = "field is immutable when `immutable` is set";
  if (next.immutable !== true) faults.forbidden("immutable", words);
  if (!sameData(next.data ?? {}, old.data ?? {})) faults.forbidden("data", words);
}
