/*
 * What policy is judged on, as plain records: pods, namespaces, nodes, policies. A folder of manifests
 * (read-input.ts) and a running cluster's store both come down to this.
 */
import type {
  AdminNetworkPolicy,
  BaselineAdminNetworkPolicy,
  ClusterNetworkPolicy,
  Labels,
  NetworkPolicy,
  Protocol,
  SourceRef,
} from "../api/index.js";

/** A port that a container declares. */
export interface PodPort {
  /** Empty for a port without name. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly number: number;
  /** Set on ports of restartable init containers. */
  readonly sidecar?: boolean;
}

/** A pod, or a pod template that stands for its pods. */
export interface PodInput {
  readonly namespace: string;
  /** The pod's name, or its workload's when `template`. */
  readonly name: string;
  readonly labels: Labels;
  /** `ns/name[Kind]` of the top controller; empty for a pod that is its own. */
  readonly workload: string;
  /** A workload's pod template that stands for the pods it would make. */
  readonly template: boolean;
  readonly owned: boolean;
  /** Addresses as text, at most one of each family; empty when unknown. */
  readonly ips: readonly string[];
  /** Name of the node; empty when unknown. */
  readonly node: string;
  readonly hostNetwork: boolean;
  /** Empty counts as running. */
  readonly phase: "" | "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly ports: readonly PodPort[];
  /** Name of its service account, where one is written. */
  readonly serviceAccount?: string;
  readonly source: SourceRef | null;
}

/** A namespace and its labels. */
export interface NamespaceInput {
  readonly name: string;
  readonly labels: Labels;
  readonly source: SourceRef | null;
}

/** A node, its labels and addresses. */
export interface NodeInput {
  readonly name: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  readonly source: SourceRef | null;
}

/** Any of the policy kinds that are judged. */
export type PolicyObject = NetworkPolicy | AdminNetworkPolicy | BaselineAdminNetworkPolicy | ClusterNetworkPolicy;

/** A policy and where it was read. */
export interface PolicySource {
  readonly object: PolicyObject;
  readonly source: SourceRef | null;
}

/** Everything that policy is judged on. */
export interface PolicyInput {
  readonly pods: readonly PodInput[];
  readonly namespaces: readonly NamespaceInput[];
  readonly nodes: readonly NodeInput[];
  readonly policies: readonly PolicySource[];
}
