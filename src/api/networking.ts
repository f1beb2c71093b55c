/* NetworkPolicy and Ingress. Read first: k8s.io/api networking/v1/types.go. */
import type { IntOrString, LabelSelector, ObjectOf } from "./meta.js";

/** A range of addresses, less the excepted ones. */
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

/** A port, a range of ports or a named port. */
export interface NetworkPolicyPort {
  readonly protocol?: string;
  readonly port?: IntOrString;
  readonly endPort?: number;
}

/** Who may talk to pods, and at which ports. */
export interface NetworkPolicyIngressRule {
  readonly from?: readonly NetworkPolicyPeer[];
  readonly ports?: readonly NetworkPolicyPort[];
}

/** Whom pods may talk to, and at which ports. */
export interface NetworkPolicyEgressRule {
  readonly to?: readonly NetworkPolicyPeer[];
  readonly ports?: readonly NetworkPolicyPort[];
}

/** Which pods a NetworkPolicy isolates, and what it opens again. */
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

/** The Service behind a path, and its port. */
export interface IngressServiceBackend {
  readonly name: string;
  readonly port?: { readonly name?: string; readonly number?: number };
}

/** Where an Ingress sends requests. */
export interface IngressBackend {
  readonly service?: IngressServiceBackend;
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

/** One path of an Ingress rule. */
export interface HttpIngressPath {
  readonly path?: string;
  /** `Exact`, `Prefix` or `ImplementationSpecific`. */
  readonly pathType: string;
  readonly backend: IngressBackend;
}

/** What an Ingress does for one host. */
export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths: readonly HttpIngressPath[] };
}

/** What an Ingress wants. */
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

