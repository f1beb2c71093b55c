/*
 * Cluster-wide policy. Read first: kubernetes-sigs/network-policy-api apis/v1alpha1 (AdminNetworkPolicy,
 * BaselineAdminNetworkPolicy) and apis/v1alpha2 (ClusterNetworkPolicy).
 */
import type { LabelSelector, MetaCondition, ObjectOf } from "./meta.js";

/** Both selectors must hold; an absent one matches everything. */
export interface NamespacedPods {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
}

/** Exactly one field. */
export interface PolicySubject {
  readonly namespaces?: LabelSelector;
  readonly pods?: NamespacedPods;
}

/** Exactly one field. */
export interface PolicyIngressPeer {
  readonly namespaces?: LabelSelector;
  readonly pods?: NamespacedPods;
}

/** Exactly one field. */
export interface PolicyEgressPeer extends PolicyIngressPeer {
  readonly nodes?: LabelSelector;
  readonly networks?: readonly string[];
  readonly domainNames?: readonly string[];
}

/** Exactly one field. */
export interface AdminPolicyPort {
  readonly portNumber?: { readonly protocol?: string; readonly port: number };
  readonly portRange?: { readonly protocol?: string; readonly start: number; readonly end: number };
  readonly namedPort?: string;
}

/** One ingress rule of an AdminNetworkPolicy. */
export interface AdminPolicyIngressRule {
  readonly name?: string;
  /** `Allow`, `Deny` or (not in the baseline) `Pass`. */
  readonly action: string;
  readonly from: readonly PolicyIngressPeer[];
  readonly ports?: readonly AdminPolicyPort[];
}

/** One egress rule of an AdminNetworkPolicy. */
export interface AdminPolicyEgressRule {
  readonly name?: string;
  readonly action: string;
  readonly to: readonly PolicyEgressPeer[];
  readonly ports?: readonly AdminPolicyPort[];
}

/** What a dataplane says about a policy. */
export interface PolicyConditions {
  readonly conditions?: readonly MetaCondition[];
}

export interface AdminNetworkPolicy extends ObjectOf<"policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"> {
  readonly spec: {
    readonly priority: number;
    readonly subject: PolicySubject;
    readonly ingress?: readonly AdminPolicyIngressRule[];
    readonly egress?: readonly AdminPolicyEgressRule[];
  };
  readonly status?: PolicyConditions;
}

export interface BaselineAdminNetworkPolicy
  extends ObjectOf<"policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"> {
  readonly spec: {
    readonly subject: PolicySubject;
    readonly ingress?: readonly AdminPolicyIngressRule[];
    readonly egress?: readonly AdminPolicyEgressRule[];
  };
  readonly status?: PolicyConditions;
}

/** Exactly one of `number` and `range`. */
export interface ClusterPolicyPort {
  readonly number?: number;
  readonly range?: { readonly start: number; readonly end: number };
}

/** The destination ports of one protocol. */
export interface ClusterPolicyPortMatch {
  readonly destinationPort?: ClusterPolicyPort;
}

/** Exactly one field. */
export interface ClusterPolicyProtocol {
  readonly tcp?: ClusterPolicyPortMatch;
  readonly udp?: ClusterPolicyPortMatch;
  readonly sctp?: ClusterPolicyPortMatch;
  readonly destinationNamedPort?: string;
}

/** One ingress rule of a ClusterNetworkPolicy. */
export interface ClusterPolicyIngressRule {
  readonly name?: string;
  /** `Accept`, `Deny` or `Pass`. */
  readonly action: string;
  readonly from: readonly PolicyIngressPeer[];
  readonly protocols?: readonly ClusterPolicyProtocol[];
}

/** One egress rule of a ClusterNetworkPolicy. */
export interface ClusterPolicyEgressRule {
  readonly name?: string;
  readonly action: string;
  readonly to: readonly PolicyEgressPeer[];
  readonly protocols?: readonly ClusterPolicyProtocol[];
}

export interface ClusterNetworkPolicy extends ObjectOf<"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"> {
  readonly spec: {
    /** `Admin` or `Baseline`. */
    readonly tier: string;
    readonly priority: number;
    readonly subject: PolicySubject;
    readonly ingress?: readonly ClusterPolicyIngressRule[];
    readonly egress?: readonly ClusterPolicyEgressRule[];
  };
  readonly status?: PolicyConditions;
}
