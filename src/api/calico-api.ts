/*
 * Calico's own policy: tiers, policies with order and actions, host endpoints. Read first: projectcalico/api
 * pkg/apis/projectcalico/v3 (networkpolicy.go, globalnetworkpolicy.go, tier.go, hostendpoint.go).
 */
import type { ObjectOf } from "./meta.js";

/** One end of a rule; all that is given must hold. */
export interface CalicoEntityRule {
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  /** `app == 'web'`; with a namespace's policy, of that namespace unless `namespaceSelector` is given */
  readonly selector?: string;
  readonly notSelector?: string;
  readonly namespaceSelector?: string;
  /** numbers, names, and ranges as text `8080:8090` */
  readonly ports?: readonly (number | string)[];
  readonly notPorts?: readonly (number | string)[];
  readonly serviceAccounts?: { readonly names?: readonly string[]; readonly selector?: string };
}

/** ICMP type and code. */
export interface CalicoIcmp {
  readonly type?: number;
  readonly code?: number;
}

/** One rule, tried in its turn. */
export interface CalicoRule {
  /** `Allow`, `Deny`, `Log` or `Pass` */
  readonly action: string;
  readonly ipVersion?: number;
  /** a name or a number */
  readonly protocol?: number | string;
  readonly notProtocol?: number | string;
  readonly icmp?: CalicoIcmp;
  readonly notICMP?: CalicoIcmp;
  readonly source?: CalicoEntityRule;
  readonly destination?: CalicoEntityRule;
}

/** What a policy says, and of whom. */
export interface CalicoPolicySpec {
  /** `default` unless given */
  readonly tier?: string;
  /** lower first; without one, last */
  readonly order?: number;
  readonly selector?: string;
  readonly serviceAccountSelector?: string;
  /** `Ingress`, `Egress`; unless given, by which rules there are */
  readonly types?: readonly string[];
  readonly ingress?: readonly CalicoRule[];
  readonly egress?: readonly CalicoRule[];
}

/** A policy of every namespace, and of host endpoints. */
export interface GlobalNetworkPolicySpec extends CalicoPolicySpec {
  readonly namespaceSelector?: string;
  readonly doNotTrack?: boolean;
  readonly preDNAT?: boolean;
  readonly applyOnForward?: boolean;
}

/** A NetworkPolicy of projectcalico.org: two APIs have one word for their policies. */
export interface CalicoNetworkPolicy extends ObjectOf<"projectcalico.org/v3", "CalicoNetworkPolicy"> {
  readonly spec: CalicoPolicySpec;
}

export interface GlobalNetworkPolicy extends ObjectOf<"projectcalico.org/v3", "GlobalNetworkPolicy"> {
  readonly spec: GlobalNetworkPolicySpec;
}

/** When a tier is asked, and what it does with what none of its policies decided. */
export interface TierSpec {
  /** lower first; without one, last */
  readonly order?: number;
  /** `Deny` (default) or `Pass` */
  readonly defaultAction?: string;
}

export interface Tier extends ObjectOf<"projectcalico.org/v3", "Tier"> {
  readonly spec: TierSpec;
}

/** An interface of a node, under policy from then on. */
export interface HostEndpointSpec {
  readonly node: string;
  /** a device, or `*` for all that are not workloads' */
  readonly interfaceName?: string;
  readonly expectedIPs?: readonly string[];
  readonly profiles?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly protocol: number | string; readonly port: number }[];
}

export interface HostEndpoint extends ObjectOf<"projectcalico.org/v3", "HostEndpoint"> {
  readonly spec: HostEndpointSpec;
}
