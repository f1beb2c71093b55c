/** Policies in the one shape that Felix renders, whichever API they were written in. */
import type { CalicoSelector } from "../../../api/calico-selector.js";

/** What a rule does with a packet that it matches. */
export type FelixAction = "allow" | "deny" | "pass" | "log";

/** Numbers from one to another. */
export interface FelixPorts {
  readonly first: number;
  readonly last: number;
}

/** One end of a rule: all that is given must hold. */
export interface FelixEnd {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  /** null: whoever */
  readonly selector: CalicoSelector | null;
  readonly notSelector: CalicoSelector | null;
  readonly ports: readonly FelixPorts[];
  readonly namedPorts: readonly string[];
  readonly notPorts: readonly FelixPorts[];
  readonly notNamedPorts: readonly string[];
}

/** An end of which nothing is asked. */
export const ANY_END: FelixEnd = Object.freeze({ nets: [], notNets: [], selector: null, notSelector: null, ports: [], namedPorts: [], notPorts: [], notNamedPorts: [] });

/** ICMP type, and a code where one is asked for. */
export interface FelixIcmp {
  readonly type: number;
  readonly code: number | null;
}

/** One rule. */
export interface FelixPolicyRule {
  /** field path, `spec.ingress[0].from[1]` */
  readonly path: string;
  readonly action: FelixAction;
  /** "tcp", "udp", ..., a number as text, or empty for all */
  readonly protocol: string;
  readonly notProtocol: string;
  /** 0: both */
  readonly ipVersion: 0 | 4 | 6;
  readonly icmp: FelixIcmp | null;
  readonly notIcmp: FelixIcmp | null;
  readonly source: FelixEnd;
  readonly destination: FelixEnd;
}

/** A policy. */
export interface FelixPolicy {
  /** for causes: `NetworkPolicy shop/deny` */
  readonly object: string;
  /** for names of chains: `knp/shop/deny` */
  readonly id: string;
  /** as PolicyID.String of felix/types prints it: names of groups are made of it */
  readonly groupId: string;
  /** kind as comments tell it */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  /** Infinity where none is given */
  readonly order: number;
  readonly selector: CalicoSelector;
  /** field path of the selector */
  readonly selectorPath: string;
  /** null: the direction is not touched */
  readonly ingress: readonly FelixPolicyRule[] | null;
  readonly egress: readonly FelixPolicyRule[] | null;
  /** `doNotTrack`, `preDNAT`, `applyOnForward`: for host endpoints alone */
  readonly untracked: boolean;
  readonly preDnat: boolean;
  readonly onForward: boolean;
}

/** A tier; policies without one are of `default`. */
export interface FelixTier {
  readonly name: string;
  readonly order: number;
  readonly defaultAction: "Deny" | "Pass";
}

/** The tiers that are always there (libcalico-go: tier defaults). */
export const TIERS: readonly FelixTier[] = Object.freeze([
  { name: "kube-admin", order: 1000, defaultAction: "Pass" },
  { name: "default", order: 1_000_000, defaultAction: "Deny" },
  { name: "kube-baseline", order: 10_000_000, defaultAction: "Pass" },
]);
