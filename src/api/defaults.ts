/*
 * What the API server fills in before it validates and stores an object.
 * Read first: k8s.io/kubernetes pkg/apis/{core,apps,batch,networking,discovery}/v1/defaults.go; the Service's traffic
 * policies and families are set where addresses are allocated, by control/. Nothing here depends on the cluster.
 */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from "./apps.js";
import type { CronJob, Job, JobSpec } from "./batch.js";
import type { Endpoints, Namespace, Node, ReplicationController, Secret, Service, ServicePort } from "./core.js";
import type { EndpointSlice } from "./discovery.js";
import type { KubeObject } from "./kinds.js";
import type { NetworkPolicy, NetworkPolicyPort } from "./networking.js";
import { podSpecWithDefaults, templateWithDefaults } from "./pod-defaults.js";
import type { Pod } from "./pod.js";
import type { AdminNetworkPolicy, AdminPolicyPort, BaselineAdminNetworkPolicy } from "./policy-api.js";
import { deepFreeze } from "./freeze.js";

/** The object as the API server would store it; a new frozen object, equal when applied again. */
export function withDefaults<T extends KubeObject>(object: T): T {
  return deepFreeze(defaulted(object)) as T;
}

function defaulted(object: KubeObject): KubeObject {
  switch (object.kind) {
    case "Pod":
      return pod(object);
    case "Service":
      return service(object);
    case "Endpoints":
      return endpoints(object);
    case "EndpointSlice":
      return endpointSlice(object);
    case "NetworkPolicy":
      return networkPolicy(object);
    case "Namespace":
      return namespace(object);
    case "Node":
      return node(object);
    case "Secret":
      return secret(object);
    case "AdminNetworkPolicy":
    case "BaselineAdminNetworkPolicy":
      return adminPolicy(object);
    default:
      return workload(object);
  }
}

function workload(object: KubeObject): KubeObject {
  switch (object.kind) {
    case "Deployment":
      return deployment(object);
    case "ReplicaSet":
      return replicaSet(object);
    case "StatefulSet":
      return statefulSet(object);
    case "DaemonSet":
      return daemonSet(object);
    case "ReplicationController":
      return replicationController(object);
    case "Job":
      return job(object);
    case "CronJob":
      return cronJob(object);
    default:
      return object;
  }
}

function pod(object: Pod): Pod {
  return { ...object, spec: podSpecWithDefaults(object.spec) };
}

function service(object: Service): Service {
  const { spec } = object;
  const type = spec.type ?? "ClusterIP";
  const external = type === "NodePort" || type === "LoadBalancer";
  const exposed = external || (type === "ClusterIP" && (spec.externalIPs ?? []).length > 0);
  const affinity = spec.sessionAffinity ?? "None";
  const clusterIPs = spec.clusterIPs === undefined && (spec.clusterIP ?? "") !== "" ? { clusterIPs: [spec.clusterIP ?? ""] } : {};
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  return {
    ...object,
    spec: {
      ...spec,
      ...clusterIPs,
      type,
      sessionAffinity: affinity,
      ...(affinity === "ClientIP" ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } } : {}),
      ...(spec.ports === undefined ? {} : { ports: spec.ports.map(servicePort) }),
      ...(exposed ? { externalTrafficPolicy: spec.externalTrafficPolicy ?? "Cluster" } : {}),
      ...(type === "ExternalName" ? {} : { internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster" }),
      ...(type === "LoadBalancer" ? { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true } : {}),
    },
    ...serviceStatus(object),
  };
}

function servicePort(port: ServicePort): ServicePort {
  const target = port.targetPort;
  const unset = target === undefined || target === 0 || target === "";
  return { ...port, protocol: port.protocol ?? "TCP", targetPort: unset ? port.port : target };
}

function serviceStatus({ status }: Service): Pick<Service, "status"> {
  const ingress = status?.loadBalancer?.ingress;
  if (status === undefined || ingress === undefined) return {};
  const withMode = ingress.map((each) => (each.ip === undefined ? each : { ...each, ipMode: each.ipMode ?? "VIP" }));
  return { status: { ...status, loadBalancer: { ...status.loadBalancer, ingress: withMode } } };
}

function endpoints(object: Endpoints): Endpoints {
  const subsets = (object.subsets ?? []).map((subset) => ({
    ...subset,
    ...(subset.ports === undefined
      ? {}
      : { ports: subset.ports.map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })) }),
  }));
  return object.subsets === undefined ? object : { ...object, subsets };
}

function endpointSlice(object: EndpointSlice): EndpointSlice {
  const ports = object.ports?.map((port) => ({ ...port, name: port.name ?? "", protocol: port.protocol ?? "TCP" }));
  return ports === undefined ? object : { ...object, ports };
}

function networkPolicy(object: NetworkPolicy): NetworkPolicy {
  const { spec } = object;
  const withProtocol = (ports: readonly NetworkPolicyPort[] | undefined): { ports?: readonly NetworkPolicyPort[] } =>
    ports === undefined ? {} : { ports: ports.map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })) };
  const written = spec.policyTypes ?? [];
  const counted = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  return {
    ...object,
    spec: {
      ...spec,
      podSelector: spec.podSelector ?? {},
      ...(spec.ingress === undefined
        ? {}
        : { ingress: spec.ingress.map((rule) => ({ ...rule, ...withProtocol(rule.ports) })) }),
      ...(spec.egress === undefined ? {} : { egress: spec.egress.map((rule) => ({ ...rule, ...withProtocol(rule.ports) })) }),
      policyTypes: written.length === 0 ? counted : written,
    },
  };
}

/** Every namespace carries its own name as a label, whatever is written. */
function namespace(object: Namespace): Namespace {
  const { metadata } = object;
  const labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
  return { ...object, metadata: metadata.name === "" ? metadata : { ...metadata, labels } };
}

/** `podCIDR` and the first of `podCIDRs` are one value; where they differ, the single field wins. */
function node(object: Node): Node {
  const { podCIDR = "", podCIDRs = [] } = object.spec ?? {};
  const primary = podCIDR === "" ? podCIDRs[0] : podCIDR;
  if (primary === undefined) return object;
  const all = podCIDRs[0] === primary ? podCIDRs : [primary];
  return { ...object, spec: { ...object.spec, podCIDR: primary, podCIDRs: all } };
}

function secret(object: Secret): Secret {
  return { ...object, type: object.type ?? "Opaque" };
}

function adminPolicy<T extends AdminNetworkPolicy | BaselineAdminNetworkPolicy>(object: T): T {
  const port = (each: AdminPolicyPort): AdminPolicyPort => ({
    ...each,
    ...(each.portNumber === undefined ? {} : { portNumber: { ...each.portNumber, protocol: each.portNumber.protocol ?? "TCP" } }),
    ...(each.portRange === undefined ? {} : { portRange: { ...each.portRange, protocol: each.portRange.protocol ?? "TCP" } }),
  });
  const rule = <R extends { readonly ports?: readonly AdminPolicyPort[] }>(each: R): R =>
    each.ports === undefined ? each : { ...each, ports: each.ports.map(port) };
  const { ingress, egress } = object.spec;
  return {
    ...object,
    spec: {
      ...object.spec,
      ...(ingress === undefined ? {} : { ingress: ingress.map(rule) }),
      ...(egress === undefined ? {} : { egress: egress.map(rule) }),
    },
  };
}

function deployment(object: Deployment): Deployment {
  const { spec } = object;
  const type = spec.strategy?.type ?? "RollingUpdate";
  const rolling = {
    maxUnavailable: spec.strategy?.rollingUpdate?.maxUnavailable ?? "25%",
    maxSurge: spec.strategy?.rollingUpdate?.maxSurge ?? "25%",
  };
  return {
    ...object,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      strategy: { ...spec.strategy, type, ...(type === "RollingUpdate" ? { rollingUpdate: rolling } : {}) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
      template: templateWithDefaults(spec.template),
    },
  };
}

function replicaSet(object: ReplicaSet): ReplicaSet {
  const { spec } = object;
  const template = spec.template === undefined ? {} : { template: templateWithDefaults(spec.template) };
  return { ...object, spec: { ...spec, replicas: spec.replicas ?? 1, ...template } };
}

function statefulSet(object: StatefulSet): StatefulSet {
  const { spec } = object;
  const type = spec.updateStrategy?.type ?? "RollingUpdate";
  const rolling = { ...spec.updateStrategy?.rollingUpdate, partition: spec.updateStrategy?.rollingUpdate?.partition ?? 0 };
  return {
    ...object,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      podManagementPolicy: spec.podManagementPolicy ?? "OrderedReady",
      updateStrategy: { ...spec.updateStrategy, type, ...(type === "RollingUpdate" ? { rollingUpdate: rolling } : {}) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: spec.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? "Retain",
        whenScaled: spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? "Retain",
      },
      template: templateWithDefaults(spec.template),
    },
  };
}

function daemonSet(object: DaemonSet): DaemonSet {
  const { spec } = object;
  const type = spec.updateStrategy?.type ?? "RollingUpdate";
  const rolling = {
    maxUnavailable: spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1,
    maxSurge: spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0,
  };
  return {
    ...object,
    spec: {
      ...spec,
      updateStrategy: { ...spec.updateStrategy, type, ...(type === "RollingUpdate" ? { rollingUpdate: rolling } : {}) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      template: templateWithDefaults(spec.template),
    },
  };
}

/** Selector and labels of a ReplicationController default to the labels of its template. */
function replicationController(object: ReplicationController): ReplicationController {
  const { spec, metadata } = object;
  const labels = spec.template?.metadata?.labels;
  const selector = Object.keys(spec.selector ?? {}).length === 0 ? labels : spec.selector;
  const ownLabels = metadata.labels ?? labels;
  return {
    ...object,
    metadata: ownLabels === undefined ? metadata : { ...metadata, labels: ownLabels },
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      ...(selector === undefined ? {} : { selector }),
      ...(spec.template === undefined ? {} : { template: templateWithDefaults(spec.template) }),
    },
  };
}

function job(object: Job): Job {
  return { ...object, spec: jobSpec(object.spec) };
}

function jobSpec(spec: JobSpec): JobSpec {
  const once = spec.completions === undefined && spec.parallelism === undefined;
  return {
    ...spec,
    ...(once ? { completions: 1 } : {}),
    parallelism: spec.parallelism ?? 1,
    completionMode: spec.completionMode ?? "NonIndexed",
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1),
    suspend: spec.suspend ?? false,
    podReplacementPolicy: spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed"),
    template: templateWithDefaults(spec.template),
  };
}

function cronJob(object: CronJob): CronJob {
  const { spec } = object;
  return {
    ...object,
    spec: {
      ...spec,
      concurrencyPolicy: spec.concurrencyPolicy ?? "Allow",
      suspend: spec.suspend ?? false,
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
      jobTemplate: { ...spec.jobTemplate, spec: jobSpec(spec.jobTemplate.spec) },
    },
  };
}
