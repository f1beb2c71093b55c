/*
 * Policies of all four kinds in one shape. A rule keeps its field path, so that every answer can name the
 * line that decided it (`reasonOf`). Read first: facts on NetworkPolicy v1 defaults, and v1alpha1/v1alpha2
 * types of kubernetes-sigs/network-policy-api.
 */
import { type LabelSelector, placeOf, type Protocol, type SourceRef } from "../api/index.js";
import type { AddressRange } from "./address.js";
import type { PolicyObject } from "./input.js";

/** The end at which a connection is judged. */
export type Direction = "egress" | "ingress";
/** When a policy is asked: admin first, baseline last. */
export type Tier = "admin" | "namespace" | "baseline";
/** What a rule does with a connection; `pass` leaves it to the next tier. */
export type Action = "allow" | "deny" | "pass";

/** One rule of a policy. */
export interface Rule {
  readonly path: string;
  readonly action: Action;
  /** null: everyone, inside and outside the cluster. */
  readonly peers: readonly Peer[] | null;
  /** null: every port of every protocol. */
  readonly ports: readonly PortMatch[] | null;
}

/** `pods`: both selectors; a null `namespaces` is the policy's own namespace, a null `pods` is every pod. */
export type Peer =
  | { readonly kind: "pods"; readonly path: string; readonly namespaces: LabelSelector | null; readonly pods: LabelSelector | null }
  | { readonly kind: "block"; readonly path: string; readonly strict: boolean; readonly range: AddressRange; readonly except: readonly AddressRange[] }
  | { readonly kind: "nodes"; readonly path: string; readonly selector: LabelSelector }
  | { readonly kind: "names"; readonly path: string; readonly names: readonly string[] }
  | { readonly kind: "nobody"; readonly path: string };

/** A port range (`name` empty) or the name of a container port of the destination. */
export interface PortMatch {
  readonly path: string;
  /** null: whatever protocol. */
  readonly protocol: Protocol | null;
  readonly first: number;
  readonly last: number;
  readonly name: string;
}

/** A policy of any kind in one shape. */
export interface Policy {
  /** `NetworkPolicy shop/deny`, `ClusterNetworkPolicy name`. */
  readonly id: string;
  readonly kind: PolicyObject["kind"];
  readonly tier: Tier;
  readonly priority: number;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string;
  /** Namespaces whose pods may be subject; null is the own one. */
  readonly subjectNamespaces: LabelSelector | null;
  readonly subjectPods: LabelSelector | null;
  readonly subjectPath: string;
  /** null: this direction is not touched. */
  readonly egress: readonly Rule[] | null;
  readonly ingress: readonly Rule[] | null;
  readonly source: SourceRef | null;
}

/** Where a decision is written. */
export interface Reason {
  readonly policy: string;
  readonly path: string;
  readonly file: string;
  /** Counted from 1; 0 when the policy was read from no file. */
  readonly line: number;
}

/** A field path of a policy with its file and line. */
export function reasonOf(policy: Policy, path: string): Reason {
  const { source } = policy;
  if (source === null) return { policy: policy.id, path, file: "", line: 0 };
  return { policy: policy.id, path, file: source.file, line: placeOf(source, path)[0] };
}
