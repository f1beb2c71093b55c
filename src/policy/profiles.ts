/*
 * Where implementations differ, as named profiles: the switches that one sets otherwise than the default,
 * and in words what it does that no switch describes. Sources: the projects' own docs and issues, named
 * in each note.
 */
import { defaultSwitches, type PolicySwitches } from "./switches.js";

/** How one network plugin reads policies. */
export interface PolicyProfile {
  readonly name: string;
  readonly switches: Partial<PolicySwitches>;
  /** Known differences that are not modelled here. */
  readonly notModelled: readonly string[];
}

/** Every plugin whose reading is known. */
export const policyProfiles: readonly PolicyProfile[] = Object.freeze([
  { name: "upstream", switches: {}, notModelled: [] },
  { name: "flannel", switches: { enforcement: "none" }, notModelled: [] },
  { name: "canal", switches: {}, notModelled: [] },
  { name: "k3s", switches: {}, notModelled: [] },
  {
    name: "calico",
    switches: {},
    notModelled: ["host policy, which may be judged before destination translation (docs.tigera.io host-endpoints/pre-dnat)"],
  },
  {
    name: "cilium",
    switches: { ipBlockMatchesPods: "no", ipBlockMatchesNodes: "no", sctp: "unmatched", serviceHairpin: "allowed" },
    notModelled: [
      "an egress port name that two pods use for different numbers breaks (cilium/cilium#30003)",
      "releases that ignored endPort without a word (cilium/cilium#28684); set endPort to ignored for them",
    ],
  },
  {
    name: "cilium-nodes",
    switches: { ipBlockMatchesPods: "no", ipBlockMatchesNodes: "yes", sctp: "unmatched", serviceHairpin: "allowed" },
    notModelled: ["an egress port name that two pods use for different numbers breaks (cilium/cilium#30003)"],
  },
  {
    name: "kube-router",
    switches: {},
    notModelled: ["releases in which matchExpressions of peers did not work (kube-router#614); set peerExpressions to ignored for them"],
  },
  { name: "antrea", switches: { serviceHairpin: "allowed" }, notModelled: ["a CIDR with host bits was rejected in its data plane (antrea#1764)"] },
  {
    name: "ovn-kubernetes",
    switches: { otherProtocols: "judged" },
    notModelled: ["policy-group labels on namespaces that select host network and router traffic (OKD docs)"],
  },
  {
    name: "aws-vpc-cni",
    switches: { serviceDestination: "service", ownerlessPods: "not-covered" },
    notModelled: ["one address family only", "at most 24 port entries for a selector (EKS docs)"],
  },
  { name: "azure-npm", switches: { endPort: "ignored" }, notModelled: ["further departures (Azure/azure-container-networking#465)"] },
  {
    name: "aks-cilium",
    switches: { ipBlockMatchesPods: "no", ipBlockMatchesNodes: "no", sctp: "unmatched" },
    notModelled: ["replies of a pod that reaches itself through a Service may be judged (azure-cni-powered-by-cilium)"],
  },
]);

/** All switches of a profile, `upstream` being the defaults; undefined for an unknown name. */
export function profileSwitches(name: string): PolicySwitches | undefined {
  const profile = policyProfiles.find((each) => each.name === name);
  return profile === undefined ? undefined : { ...defaultSwitches, ...profile.switches };
}
