/*
 * What an operator tells MetalLB: which addresses it may give, and how it announces them. Read first: metallb api/v1beta1
 * (ipaddresspool_types.go, l2advertisement_types.go, bgpadvertisement_types.go, community_types.go), api/v1beta2/bgppeer_types.go.
 */
import type { LabelSelector, ObjectOf } from "./meta.js";

/** Addresses that Services may be given. */
export interface IPAddressPoolSpec {
  /** CIDRs, and ranges `a.b.c.d-e.f.g.h` */
  readonly addresses: readonly string[];
  /** false: only Services that ask for the pool, or for one of its addresses, get one; true unless given */
  readonly autoAssign?: boolean;
  /** leave out addresses that end in .0 or .255 */
  readonly avoidBuggyIPs?: boolean;
}

export interface IPAddressPool extends ObjectOf<"metallb.io/v1beta1", "IPAddressPool"> {
  readonly spec: IPAddressPoolSpec;
}

/** Which pools, nodes and Services an advertisement speaks of: whatever is left out means all. */
export interface MetallbAdvertised {
  readonly ipAddressPools?: readonly string[];
  readonly ipAddressPoolSelectors?: readonly LabelSelector[];
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly serviceSelectors?: readonly LabelSelector[];
}

/** Addresses are answered for by ARP, of one node each. */
export interface L2Advertisement extends ObjectOf<"metallb.io/v1beta1", "L2Advertisement"> {
  readonly spec?: MetallbAdvertised;
}

/** Addresses are announced to routers, by every node that may. */
export interface BGPAdvertisementSpec extends MetallbAdvertised {
  /** length of the prefix that is announced, 32 unless given */
  readonly aggregationLength?: number;
  readonly aggregationLengthV6?: number;
  /** LOCAL_PREF, told to peers of the same AS; 0: none */
  readonly localPref?: number;
  /** `64512:100`, or names of Community objects' entries */
  readonly communities?: readonly string[];
  /** names of BGPPeers; left out: all */
  readonly peers?: readonly string[];
}

export interface BGPAdvertisement extends ObjectOf<"metallb.io/v1beta1", "BGPAdvertisement"> {
  readonly spec?: BGPAdvertisementSpec;
}

/** A router that nodes speak to. */
export interface BGPPeerSpec {
  readonly myASN: number;
  readonly peerASN?: number;
  /** `internal`: the peer's AS is ours */
  readonly dynamicASN?: string;
  readonly peerAddress?: string;
  readonly sourceAddress?: string;
  /** 179 unless given */
  readonly peerPort?: number;
  /** durations, `90s`; both or none */
  readonly holdTime?: string;
  readonly keepaliveTime?: string;
  readonly connectTime?: string;
  readonly routerID?: string;
  readonly nodeSelectors?: readonly LabelSelector[];
  readonly enableGracefulRestart?: boolean;
  readonly ebgpMultiHop?: boolean;
}

export interface BGPPeer extends ObjectOf<"metallb.io/v1beta2", "BGPPeer"> {
  readonly spec: BGPPeerSpec;
}

/** Names for communities. */
export interface Community extends ObjectOf<"metallb.io/v1beta1", "Community"> {
  readonly spec?: { readonly communities?: readonly { readonly name: string; readonly value: string }[] };
}

/** Any of MetalLB's kinds. */
export type MetallbObject = BGPAdvertisement | BGPPeer | Community | IPAddressPool | L2Advertisement;
