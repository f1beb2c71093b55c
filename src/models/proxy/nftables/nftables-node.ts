import type { LocalDetector, ProxyNode } from "../proxy-node.js";

/** Releases whose rule texts differ; each stands for those before it back to the one named before. */
export const nftablesReleases = ["1.35", "1.36", "1.37"] as const;
/** A release of kube-proxy whose texts are known. */
export type NftablesRelease = (typeof nftablesReleases)[number];

/** What the nftables mode knows of a node beyond what every mode does. */
export interface NftablesNode extends ProxyNode {
  readonly release: NftablesRelease;
  /** Service networks of the family as ServiceCIDR objects give them, canonical; none where they are not known. */
  readonly serviceCIDRs: readonly string[];
}

/** `ip` or `ip6`: the table's family, and the word that addresses are matched by. */
export function familyWord(node: Pick<NftablesNode, "family">): "ip" | "ip6" {
  return node.family === 4 ? "ip" : "ip6";
}

/** Since 1.36 marks are written in place, and Services without affinity need no chain for each endpoint. */
export function isCompact(node: Pick<NftablesNode, "release">): boolean {
  return node.release !== "1.35";
}

/** What marks a connection for masquerading. */
export function markStatement(node: NftablesNode): string {
  return isCompact(node) ? `mark set mark or ${node.mark}` : "jump mark-for-masquerade";
}

/** Match on packets of this node's pods, or on all others; null where the node cannot tell. */
export function detectorMatch(node: NftablesNode, local: boolean): string | null {
  return node.detector === null ? null : matchOf(node.detector, familyWord(node), local ? "" : "!= ");
}

function matchOf(detector: LocalDetector, ip: string, not: string): string {
  if (detector.kind === "cidr") return `${ip} saddr ${not}${detector.cidr}`;
  return `iifname ${not}${detector.name}${detector.kind === "prefix" ? "*" : ""}`;
}
