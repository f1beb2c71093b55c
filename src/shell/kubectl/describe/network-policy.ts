import { formatSelector, isEmptySelector, type NetworkPolicy, type NetworkPolicyPeer, type NetworkPolicyPort } from "../../../api/index.js";
import { plainTime } from "../output/time.js";
import { Page } from "./page.js";

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

interface Side {
  readonly name: "ingress" | "egress";
  readonly peer: "From" | "To";
  readonly end: "source" | "destination";
  readonly rules: readonly Rule[];
}

/** Read first: kubectl pkg/describe/describe.go, describeNetworkPolicySpec. */
export function describeNetworkPolicy(policy: NetworkPolicy): string {
  const page = new Page();
  const { metadata, spec } = policy;
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  page.line(0, `Created on:\t${plainTime(metadata.creationTimestamp)}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
  page.line(0, "Spec:");
  const everyPod = spec.podSelector === undefined || isEmptySelector(spec.podSelector);
  page.line(1, `PodSelector:     ${everyPod ? "<none> (Allowing the specific traffic to all pods in this namespace)" : formatSelector(spec.podSelector)}`);
  const types = spec.policyTypes ?? ["Ingress", ...((spec.egress ?? []).length > 0 ? ["Egress"] : [])];
  const ingress = (spec.ingress ?? []).map(({ ports = [], from = [] }) => ({ ports, peers: from }));
  const egress = (spec.egress ?? []).map(({ ports = [], to = [] }) => ({ ports, peers: to }));
  describeSide(page, types.includes("Ingress"), { name: "ingress", peer: "From", end: "source", rules: ingress });
  describeSide(page, types.includes("Egress"), { name: "egress", peer: "To", end: "destination", rules: egress });
  page.line(1, `Policy Types: ${types.join(", ")}`);
  return page.text();
}

function describeSide(page: Page, affected: boolean, side: Side): void {
  if (!affected) {
    page.line(1, `Not affecting ${side.name} traffic`);
    return;
  }
  page.line(1, `Allowing ${side.name} traffic:`);
  if (side.rules.length === 0) page.line(2, `<none> (Selected pods are isolated for ${side.name} connectivity)`);
  side.rules.forEach((rule, i) => {
    if (i > 0) page.line(2, "----------");
    if (rule.ports.length === 0) page.line(2, "To Port: <any> (traffic allowed to all ports)");
    for (const port of rule.ports) page.line(2, portText(port));
    if (rule.peers.length === 0) page.line(2, `${side.peer}: <any> (traffic not restricted by ${side.end})`);
    for (const peer of rule.peers) {
      page.line(2, `${side.peer}:`);
      describePeer(page, peer);
    }
  });
}

function portText({ port = "<nil>", endPort, protocol = "TCP" }: NetworkPolicyPort): string {
  return endPort === undefined ? `To Port: ${port}/${protocol}` : `To Port Range: ${port}-${endPort}/${protocol}`;
}

function describePeer(page: Page, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): void {
  if (namespaceSelector !== undefined) page.line(3, `NamespaceSelector: ${formatSelector(namespaceSelector)}`);
  if (podSelector !== undefined) page.line(3, `PodSelector: ${formatSelector(podSelector)}`);
  if (namespaceSelector !== undefined || podSelector !== undefined || ipBlock === undefined) return;
  page.line(3, "IPBlock:");
  page.line(4, `CIDR: ${ipBlock.cidr}`);
  page.line(4, `Except: ${(ipBlock.except ?? []).join(", ")}`);
}
