/* The API server's judgement of one object. Allocation, quota and everything that needs other objects is control's. */
import type { Problem } from "../../base/problem.js";
import { withDefaults } from "../defaults.js";
import type { KubeObject } from "../kinds.js";
import type { Located } from "../located.js";
import { checkAdminPolicy, checkBaselinePolicy, checkClusterPolicy } from "./cluster-policy.js";
import { checkCalicoNetworkPolicy, checkGlobalNetworkPolicy, checkHostEndpoint, checkTier } from "./calico.js";
import { checkConfigMap, checkSecret, checkServiceAccount } from "./config.js";
import { checkEndpoints, checkEndpointSlice } from "./endpoints.js";
import { Faults, type ValidateOptions } from "./faults.js";
import { checkIngress, checkIngressClass } from "./ingress.js";
import { checkCronJob, checkJob } from "./job.js";
import { checkBgpAdvertisement, checkBgpPeer, checkCommunity, checkIpAddressPool, checkL2Advertisement } from "./metallb.js";
import { checkNetworkPolicy } from "./network-policy.js";
import { checkNamespace, checkNode } from "./node.js";
import { checkPod } from "./pod.js";
import { checkService } from "./service.js";
import { checkUpdate } from "./update.js";
import { checkDaemonSet, checkDeployment, checkReplicaSet, checkReplicationController, checkStatefulSet } from "./workload.js";

export type { ValidateOptions } from "./faults.js";

/** Everything that is wrong or odd about an object once defaults are filled in; empty when the API server would take it. */
export function validate(located: Located, options: ValidateOptions = {}): readonly Problem[] {
  const faults = new Faults(located, options);
  check(faults, withDefaults(located.object));
  return Object.freeze(faults.problems);
}

/** The same for an object that is applied over a stored one: what may not change is told as well. */
export function validateUpdate(located: Located, old: KubeObject, options: ValidateOptions = {}): readonly Problem[] {
  const faults = new Faults(located, options);
  const next = withDefaults(located.object);
  checkUpdate(faults, next, withDefaults(old));
  check(faults, next);
  return Object.freeze(faults.problems);
}

function check(faults: Faults, object: KubeObject): void {
  switch (object.kind) {
    case "Pod":
      return checkPod(faults, object);
    case "Service":
      return checkService(faults, object);
    case "Endpoints":
      return checkEndpoints(faults, object);
    case "EndpointSlice":
      return checkEndpointSlice(faults, object);
    case "NetworkPolicy":
      return checkNetworkPolicy(faults, object);
    case "Namespace":
      return checkNamespace(faults, object);
    case "Node":
      return checkNode(faults, object);
    case "Ingress":
      return checkIngress(faults, object);
    case "IngressClass":
      return checkIngressClass(faults, object);
    case "ConfigMap":
      return checkConfigMap(faults, object);
    case "Secret":
      return checkSecret(faults, object);
    case "ServiceAccount":
      return checkServiceAccount(faults, object);
    case "AdminNetworkPolicy":
      return checkAdminPolicy(faults, object);
    case "BaselineAdminNetworkPolicy":
      return checkBaselinePolicy(faults, object);
    case "ClusterNetworkPolicy":
      return checkClusterPolicy(faults, object);
    case "CalicoNetworkPolicy":
      return checkCalicoNetworkPolicy(faults, object);
    case "GlobalNetworkPolicy":
      return checkGlobalNetworkPolicy(faults, object);
    case "Tier":
      return checkTier(faults, object);
    case "HostEndpoint":
      return checkHostEndpoint(faults, object);
    default:
      return checkMetallb(faults, object);
  }
}

function checkMetallb(faults: Faults, object: KubeObject): void {
  switch (object.kind) {
    case "IPAddressPool":
      return checkIpAddressPool(faults, object);
    case "L2Advertisement":
      return checkL2Advertisement(faults, object);
    case "BGPAdvertisement":
      return checkBgpAdvertisement(faults, object);
    case "BGPPeer":
      return checkBgpPeer(faults, object);
    case "Community":
      return checkCommunity(faults, object);
    default:
      return checkWorkload(faults, object);
  }
}

function checkWorkload(faults: Faults, object: KubeObject): void {
  switch (object.kind) {
    case "Deployment":
      return checkDeployment(faults, object);
    case "ReplicaSet":
      return checkReplicaSet(faults, object);
    case "StatefulSet":
      return checkStatefulSet(faults, object);
    case "DaemonSet":
      return checkDaemonSet(faults, object);
    case "ReplicationController":
      return checkReplicationController(faults, object);
    case "Job":
      return checkJob(faults, object);
    case "CronJob":
      return checkCronJob(faults, object);
    default:
  }
}
