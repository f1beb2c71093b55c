/* NetworkPolicy and Ingress. Read first: k8s.io/api networking/v1/types.go. */
import type { IntOrString, LabelSelector, ObjectOf } from "./meta.js";

export interface IPBlock {
  readonly cidr: string;
  readonly except?: readonly string[];
}

/** Exactly `ipBlock`, or one or both selectors; an absent selector differs from `{}`, which matches everything. */
export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: IPBlock;
}

export interface NetworkPolicyPort {
  readonly protocol?: string;
  readonly port?: IntOrString;
  readonly endPort?: number;
}

export interface NetworkPolicyIngressRule {
  readonly from?: readonly NetworkPolicyPeer[];
  readonly ports?: readonly NetworkPolicyPort[];
}

export interface NetworkPolicyEgressRule {
  readonly to?: readonly NetworkPolicyPeer[];
  readonly ports?: readonly NetworkPolicyPort[];
}

export interface NetworkPolicySpec {
  /** Absent means every pod of the namespace. */
  readonly podSelector?: LabelSelector;
  readonly ingress?: readonly NetworkPolicyIngressRule[];
  readonly egress?: readonly NetworkPolicyEgressRule[];
  /** Absent or empty is defaulted: Ingress, and Egress when there is an egress rule. */
  readonly policyTypes?: readonly string[];
}

export interface NetworkPolicy extends ObjectOf<"networking.k8s.io/v1", "NetworkPolicy"> {
  readonly spec: NetworkPolicySpec;
}

export interface IngressServiceBackend {
  readonly name: string;
  readonly port?: { readonly name?: string; readonly number?: number };
}

export interface IngressBackend {
  readonly service?: IngressServiceBackend;
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export interface HttpIngressPath {
  readonly path?: string;
  /** `Exact`, `Prefix` or `ImplementationSpecific`. */
  readonly pathType: string;
  readonly backend: IngressBackend;
}

export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths: readonly HttpIngressPath[] };
}

export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly defaultBackend?: IngressBackend;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly rules?: readonly IngressRule[];
}

export interface Ingress extends ObjectOf<"networking.k8s.io/v1", "Ingress"> {
  readonly spec?: IngressSpec;
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string; readonly ports?: unknown }[];
    };
  };
}

export interface IngressClass extends ObjectOf<"networking.k8s.io/v1", "IngressClass"> {
  readonly spec?: { readonly controller?: string; readonly parameters?: unknown };
}

