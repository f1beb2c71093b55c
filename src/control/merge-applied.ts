/** What `kubectl apply` makes of a manifest and of what stands: fields that it wrote last time and no longer writes go. */
import type { Kind, KubeObject, ServicePort, ServiceSpec } from "../api/index.js";
import { sameData } from "../base/same-data.js";

type Record_ = Readonly<Record<string, unknown>>;

/** The object to be stored; `last` is what was applied before, null if the object came to be another way. */
export function mergeApplied<T extends KubeObject>(last: KubeObject | null, live: T, fresh: T): T {
  const { status: _status, ...written } = stripped(fresh) as KubeObject & { readonly status?: unknown };
  const merged = merge(
    last === null ? {} : (stripped(last) as unknown as Record_),
    live as unknown as Record_,
    written as unknown as Record_,
  ) as unknown as T;
  if (live.kind !== "Service" || merged.kind !== "Service") return merged;
  return {
    ...merged,
    spec: { ...merged.spec, ...keptNodePorts(live.spec.ports, merged.spec.ports), ...listedIp(live.spec, merged.spec) },
  } as T;
}

/** A new `clusterIP` beside an old list: the list follows, as the server's `NormalizeClusterIPs` has it. */
function listedIp(live: ServiceSpec, { clusterIP, clusterIPs }: ServiceSpec): { readonly clusterIPs?: readonly string[] } {
  return clusterIP !== undefined && clusterIP !== live.clusterIP && sameData(clusterIPs, live.clusterIPs)
    ? { clusterIPs: [clusterIP] }
    : {};
}

/** Without what only the server writes. */
export function stripped<T extends KubeObject>(object: T): T {
  const {
    uid: _uid,
    resourceVersion: _rv,
    generation: _g,
    creationTimestamp: _c,
    managedFields: _m,
    selfLink: _s,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _p,
    ...metadata
  } = object.metadata;
  if (!HAS_STATUS.has(object.kind) || !Object.hasOwn(object, "status")) return { ...object, metadata };
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown };
  return { ...rest, metadata } as T;
}

const HAS_STATUS: ReadonlySet<Kind> = new Set([
  "Pod",
  "Service",
  "Node",
  "Namespace",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "ReplicationController",
  "Ingress",
  "AdminNetworkPolicy",
  "BaselineAdminNetworkPolicy",
  "ClusterNetworkPolicy",
]);

/** Maps merge key by key, lists and values are replaced whole. */
function merge(last: Record_, live: Record_, fresh: Record_): Record_ {
  const merged: Record<string, unknown> = {};
  for (const key of Object.keys(live)) if (Object.hasOwn(fresh, key) || !Object.hasOwn(last, key)) merged[key] = live[key];
  for (const key of Object.keys(fresh)) {
    const [value, old] = [fresh[key], live[key]];
    merged[key] = isMap(value) && isMap(old) ? merge(isMap(last[key]) ? last[key] : {}, old, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is Record_ {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Ports of a Service merge by their number: a node port that was allocated stays. */
function keptNodePorts(
  before: readonly ServicePort[] | undefined,
  after: readonly ServicePort[] | undefined,
): { readonly ports?: readonly ServicePort[] } {
  if (after === undefined) return {};
  const ports = after.map((port) => {
    const old = before?.find((each) => each.port === port.port && (each.protocol ?? "TCP") === (port.protocol ?? "TCP"));
    return port.nodePort !== undefined || old?.nodePort === undefined ? port : { ...port, nodePort: old.nodePort };
  });
  return { ports };
}
