/** What a cluster asks of a policy dataplane: to bring one node's kernel to a view of policies and pods. */
import type { ActResult } from "../../linux/plumbing/act.js";
import type { CalicoNetworkPolicy, GlobalNetworkPolicy, HostEndpoint, SourceRef, Tier } from "../../api/index.js";
import type { PolicyInput } from "../../policy/input.js";
import type { NodeDoor } from "../node-door.js";

/**
 * What is to be enforced, for all nodes alike: pods with their addresses and nodes, namespaces, nodes, policies with the
 * places they were written at. Immutable: a change is another object, and what is built from one is built once for all nodes.
 */
export interface EnforceView extends PolicyInput {
  /** objects of projectcalico.org, for the dataplane that reads them */
  readonly calico?: readonly CalicoSource[];
}

/** Any of Calico's kinds that say who may talk to whom. */
export type CalicoObject = CalicoNetworkPolicy | GlobalNetworkPolicy | HostEndpoint | Tier;

/** An object of Calico's, and where it was read. */
export interface CalicoSource {
  readonly object: CalicoObject;
  readonly source: SourceRef | null;
}

/** Something about a node that keeps what is enforced from being what the policies say. */
export interface EnforceNote {
  /** `bridge-nf-off`: frames between pods of one bridge meet no iptables rule; `cluster-policy`, `calico-policy`: a kind that is not enforced */
  readonly code: "bridge-nf-off" | "cluster-policy" | "calico-policy";
  readonly message: string;
}

/** A policy dataplane at work; everything it knows of a node is in that node's kernel. */
export interface EnforceModel {
  readonly name: string;
  /** It has chains for every pod, so that it needs the view where there is no policy too; left out: no. */
  readonly everyPod?: boolean;
  /** The agent starts: the chains that everything hangs on, before any pod does. */
  nodeUp(door: NodeDoor): void;
  /**
   * Brings the node to the view, writing what differs alone, and puts its jumps back to the head of their chains. Null, or the
   * first act that the kernel refused; the next call tries again.
   */
  sync(door: NodeDoor, view: EnforceView): ActResult;
  /** What is not enforced here, though a policy may ask for it. */
  notes(door: NodeDoor, view?: EnforceView): readonly EnforceNote[];
}
