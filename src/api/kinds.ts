/* The kinds that podwire reads, with what the API server knows about each. */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from "./apps.js";
import type { CronJob, Job } from "./batch.js";
import type { CalicoNetworkPolicy, GlobalNetworkPolicy, HostEndpoint, Tier } from "./calico-api.js";
import type {
  ConfigMap,
  Endpoints,
  Event,
  Lease,
  Namespace,
  Node,
  ReplicationController,
  Secret,
  Service,
  ServiceAccount,
} from "./core.js";
import type { EndpointSlice } from "./discovery.js";
import type { BGPAdvertisement, BGPPeer, Community, IPAddressPool, L2Advertisement } from "./metallb-api.js";
import type { Ingress, IngressClass, NetworkPolicy } from "./networking.js";
import type { Pod } from "./pod.js";
import type { AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy } from "./policy-api.js";

/** Every object that podwire holds, told apart by `kind`. */
export type KubeObject =
  | AdminNetworkPolicy
  | BGPAdvertisement
  | BGPPeer
  | BaselineAdminNetworkPolicy
  | CalicoNetworkPolicy
  | ClusterNetworkPolicy
  | Community
  | ConfigMap
  | CronJob
  | DaemonSet
  | Deployment
  | EndpointSlice
  | Endpoints
  | Event
  | GlobalNetworkPolicy
  | HostEndpoint
  | IPAddressPool
  | Ingress
  | IngressClass
  | Job
  | L2Advertisement
  | Lease
  | Namespace
  | NetworkPolicy
  | Node
  | Pod
  | ReplicaSet
  | ReplicationController
  | Secret
  | Service
  | ServiceAccount
  | StatefulSet
  | Tier;

/** The kind of an object that is understood. */
export type Kind = KubeObject["kind"];

/** The object type of a kind: `ObjectOfKind<"Pod">` is `Pod`. */
export type ObjectOfKind<K extends Kind> = Extract<KubeObject, { readonly kind: K }>;

export interface KindInfo {
  readonly kind: Kind;
  readonly apiVersion: string;
  /** Resource name in lower-case plural, as in paths and messages. */
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** The kind's word in manifests, where another API has the same one. */
  readonly written?: string;
  /** Other apiVersions that it is written under. */
  readonly also?: readonly string[];
}

const core = "v1";
const apps = "apps/v1";
const batch = "batch/v1";
const net = "networking.k8s.io/v1";
const metallb = "metallb.io/v1beta1";
const npa1 = "policy.networking.k8s.io/v1alpha1";

function info(kind: Kind, apiVersion: string, plural: string, shortNames: readonly string[], namespaced = true): KindInfo {
  return Object.freeze({ kind, apiVersion, plural, shortNames: Object.freeze(shortNames), namespaced });
}

function calico(kind: Kind, plural: string, namespaced: boolean, written?: string): KindInfo {
  const more = { also: Object.freeze(["crd.projectcalico.org/v1"]), ...(written === undefined ? {} : { written }) };
  return Object.freeze({ ...info(kind, "projectcalico.org/v3", plural, [], namespaced), ...more });
}

/** Every kind, sorted by name. */
export const kinds: readonly KindInfo[] = Object.freeze([
  info("AdminNetworkPolicy", npa1, "adminnetworkpolicies", ["anp"], false),
  info("BGPAdvertisement", metallb, "bgpadvertisements", []),
  info("BGPPeer", "metallb.io/v1beta2", "bgppeers", []),
  info("BaselineAdminNetworkPolicy", npa1, "baselineadminnetworkpolicies", ["banp"], false),
  calico("CalicoNetworkPolicy", "networkpolicies", true, "NetworkPolicy"),
  info("ClusterNetworkPolicy", "policy.networking.k8s.io/v1alpha2", "clusternetworkpolicies", ["cnp"], false),
  info("Community", metallb, "communities", []),
  info("ConfigMap", core, "configmaps", ["cm"]),
  info("CronJob", batch, "cronjobs", ["cj"]),
  info("DaemonSet", apps, "daemonsets", ["ds"]),
  info("Deployment", apps, "deployments", ["deploy"]),
  info("EndpointSlice", "discovery.k8s.io/v1", "endpointslices", []),
  info("Endpoints", core, "endpoints", ["ep"]),
  info("Event", core, "events", ["ev"]),
  calico("GlobalNetworkPolicy", "globalnetworkpolicies", false),
  calico("HostEndpoint", "hostendpoints", false),
  info("IPAddressPool", metallb, "ipaddresspools", []),
  info("Ingress", net, "ingresses", ["ing"]),
  info("IngressClass", net, "ingressclasses", [], false),
  info("Job", batch, "jobs", []),
  info("L2Advertisement", metallb, "l2advertisements", []),
  info("Lease", "coordination.k8s.io/v1", "leases", []),
  info("Namespace", core, "namespaces", ["ns"], false),
  info("NetworkPolicy", net, "networkpolicies", ["netpol"]),
  info("Node", core, "nodes", ["no"], false),
  info("Pod", core, "pods", ["po"]),
  info("ReplicaSet", apps, "replicasets", ["rs"]),
  info("ReplicationController", core, "replicationcontrollers", ["rc"]),
  info("Secret", core, "secrets", []),
  info("Service", core, "services", ["svc"]),
  info("ServiceAccount", core, "serviceaccounts", ["sa"]),
  info("StatefulSet", apps, "statefulsets", ["sts"]),
  calico("Tier", "tiers", false),
]);

/** The facts of a kind that is known to exist. */
export function kindInfo(kind: Kind): KindInfo {
  const found = kinds.find((each) => each.kind === kind);
  if (found === undefined) throw new RangeError(`no such kind: ${kind}`);
  return found;
}

/** The kind behind an untrusted apiVersion and kind, or undefined. */
export function findKind(apiVersion: string, kind: string): KindInfo | undefined {
  return kinds.find((each) => writtenKind(each) === kind && (each.apiVersion === apiVersion || each.also?.includes(apiVersion) === true));
}

/** The word that manifests have for a kind. */
export function writtenKind({ kind, written }: KindInfo): string {
  return written ?? kind;
}

/** `services` or `deployments.apps`: how the API server names the resource in its messages. */
export function groupResource(of: KindInfo): string {
  const slash = of.apiVersion.indexOf("/");
  return slash < 0 ? of.plural : `${of.plural}.${of.apiVersion.slice(0, slash)}`;
}

/** `Service shop/web`, or `Node n1` for what lives in no namespace. */
export function objectName(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? `${object.kind} ${name}` : `${object.kind} ${namespace}/${name}`;
}
