/*
 * The points that Kubernetes leaves open or contradicts itself on, as named switches. The default of each
 * is the reading that most implementations share; a profile (profiles.ts) sets those where one differs.
 */

/** Points on which network plugins differ. */
export interface PolicySwitches {
  /** `none`: the cluster's network plugin enforces no policy at all. */
  readonly enforcement: "all" | "none";
  /** Traffic from a pod to the node it runs on: exempt, or judged like any other address. */
  readonly podToOwnNode: "allowed" | "judged";
  /** Pods with hostNetwork: the node's address and nothing more, or selectable like other pods. */
  readonly hostNetworkPods: "node" | "pod";
  /** Connections that exist when a policy or label changes: left alone, or judged again. Read by dataplanes. */
  readonly existingConnections: "kept" | "rejudged";
  /** ICMP and every protocol but TCP, UDP, SCTP under NetworkPolicy: isolated, and allowed by rules without ports; or not looked at. */
  readonly otherProtocols: "judged" | "allowed";
  /** One port name in two containers of a pod: all numbers count, or the first. */
  readonly repeatedPortNames: "union" | "first";
  /** Named ports of sidecars (restartable init containers): counted or missed. */
  readonly sidecarPortNames: "counted" | "missed";
  /** A pod that reaches itself through a Service, under NetworkPolicy. Cluster-wide policy always judges it. */
  readonly serviceHairpin: "allowed" | "judged";
  /** Which destination rules see when a Service is asked: the chosen endpoint, or the Service. Read by whoever translates Services. */
  readonly serviceDestination: "endpoint" | "service";
  /** Two cluster-wide policies of one tier and priority: the lower name wins, or the set is refused. */
  readonly equalPriorities: "by-name" | "refused";
  /** `tcp: {}` in a ClusterNetworkPolicy: all TCP ports, or no port. */
  readonly emptyProtocol: "all-ports" | "no-port";
  /** Whether an ipBlock matches a pod that has such an address. */
  readonly ipBlockMatchesPods: "yes" | "no";
  /** Whether an ipBlock matches a node that has such an address. */
  readonly ipBlockMatchesNodes: "yes" | "no";
  /** `port` to `endPort`, or `port` alone. */
  readonly endPort: "enforced" | "ignored";
  /** SCTP entries: matched, or isolating without ever opening. */
  readonly sctp: "matched" | "unmatched";
  /** Pods that have ended: no endpoint and no peer, or still both. */
  readonly finishedPods: "left-out" | "kept";
  /** Pods that no controller owns: under policy like others, or not. */
  readonly ownerlessPods: "covered" | "not-covered";
  /** matchExpressions of peers: honoured, or passed over. */
  readonly peerExpressions: "matched" | "ignored";
}

/** The readings that most implementations share. */
export const defaultSwitches: PolicySwitches = Object.freeze({
  enforcement: "all",
  podToOwnNode: "allowed",
  hostNetworkPods: "node",
  existingConnections: "kept",
  otherProtocols: "judged",
  repeatedPortNames: "union",
  sidecarPortNames: "counted",
  serviceHairpin: "allowed",
  serviceDestination: "endpoint",
  equalPriorities: "by-name",
  emptyProtocol: "all-ports",
  ipBlockMatchesPods: "yes",
  ipBlockMatchesNodes: "yes",
  endPort: "enforced",
  sctp: "matched",
  finishedPods: "left-out",
  ownerlessPods: "covered",
  peerExpressions: "matched",
});
