import type { Kind } from "../kinds.js";
import { calicoNetworkPolicyFields, globalNetworkPolicyFields, hostEndpointFields, tierFields } from "./calico.js";
import {
  adminNetworkPolicyFields,
  baselineAdminNetworkPolicyFields,
  clusterNetworkPolicyFields,
} from "./cluster-policy.js";
import {
  configMapFields,
  endpointsFields,
  eventFields,
  leaseFields,
  namespaceFields,
  nodeFields,
  replicationControllerFields,
  secretFields,
  serviceAccountFields,
  serviceFields,
} from "./core.js";
import { bgpAdvertisementFields, bgpPeerFields, communityFields, ipAddressPoolFields, l2AdvertisementFields } from "./metallb.js";
import { objectMeta } from "./meta.js";
import { endpointSliceFields, ingressClassFields, ingressFields, networkPolicyFields } from "./networking.js";
import { podSpec, podStatus } from "./pod.js";
import { record, text, type RecordShape, type Shape } from "./shape.js";
import {
  cronJobFields,
  daemonSetFields,
  deploymentFields,
  jobFields,
  replicaSetFields,
  statefulSetFields,
} from "./workloads.js";

const withSpec = ["metadata", "spec"] as const;

function kindShape(kind: Kind, fields: Readonly<Record<string, Shape>>, zeroed: readonly string[]): RecordShape {
  return record(`v1.${kind}`, { apiVersion: text, kind: text, metadata: objectMeta, ...fields }, ...zeroed);
}

const bare = ["metadata"] as const;

/** The form of each kind. */
export const shapeOfKind: Readonly<Record<Kind, RecordShape>> = {
  AdminNetworkPolicy: kindShape("AdminNetworkPolicy", adminNetworkPolicyFields, withSpec),
  BGPAdvertisement: kindShape("BGPAdvertisement", bgpAdvertisementFields, bare),
  BGPPeer: kindShape("BGPPeer", bgpPeerFields, withSpec),
  BaselineAdminNetworkPolicy: kindShape("BaselineAdminNetworkPolicy", baselineAdminNetworkPolicyFields, withSpec),
  CalicoNetworkPolicy: kindShape("NetworkPolicy", calicoNetworkPolicyFields, withSpec),
  ClusterNetworkPolicy: kindShape("ClusterNetworkPolicy", clusterNetworkPolicyFields, withSpec),
  Community: kindShape("Community", communityFields, bare),
  ConfigMap: kindShape("ConfigMap", configMapFields, bare),
  CronJob: kindShape("CronJob", cronJobFields, withSpec),
  DaemonSet: kindShape("DaemonSet", daemonSetFields, withSpec),
  Deployment: kindShape("Deployment", deploymentFields, withSpec),
  EndpointSlice: kindShape("EndpointSlice", endpointSliceFields, ["metadata", "addressType", "endpoints"]),
  Endpoints: kindShape("Endpoints", endpointsFields, bare),
  Event: kindShape("Event", eventFields, ["metadata", "involvedObject"]),
  GlobalNetworkPolicy: kindShape("GlobalNetworkPolicy", globalNetworkPolicyFields, withSpec),
  HostEndpoint: kindShape("HostEndpoint", hostEndpointFields, withSpec),
  IPAddressPool: kindShape("IPAddressPool", ipAddressPoolFields, withSpec),
  Ingress: kindShape("Ingress", ingressFields, bare),
  IngressClass: kindShape("IngressClass", ingressClassFields, bare),
  Job: kindShape("Job", jobFields, withSpec),
  L2Advertisement: kindShape("L2Advertisement", l2AdvertisementFields, bare),
  Lease: kindShape("Lease", leaseFields, bare),
  Namespace: kindShape("Namespace", namespaceFields, bare),
  NetworkPolicy: kindShape("NetworkPolicy", networkPolicyFields, withSpec),
  Node: kindShape("Node", nodeFields, bare),
  Pod: kindShape("Pod", { spec: podSpec, status: podStatus }, withSpec),
  ReplicaSet: kindShape("ReplicaSet", replicaSetFields, withSpec),
  ReplicationController: kindShape("ReplicationController", replicationControllerFields, withSpec),
  Secret: kindShape("Secret", secretFields, bare),
  Service: kindShape("Service", serviceFields, withSpec),
  ServiceAccount: kindShape("ServiceAccount", serviceAccountFields, bare),
  StatefulSet: kindShape("StatefulSet", statefulSetFields, withSpec),
  Tier: kindShape("Tier", tierFields, withSpec),
};
