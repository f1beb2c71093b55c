/**
 * Names of chains and sets. All begin with NETPOL, which is how an agent knows its own. A chain's name may have 28 characters
 * and a set's 31; what does not fit is told by a hash, so that one object has one name on every node.
 */
import { encodeBase32 } from "../../base/base32.js";
import { sha256 } from "../../base/sha256.js";
import type { Direction } from "../../policy/rules.js";

/** What INPUT, FORWARD and OUTPUT jump to. */
export const TOP_CHAIN = "NETPOL";
/** Where a rule that matches goes: sets the mark, and comes back to the pod's chain. */
export const ALLOW_CHAIN = "NETPOL-ALLOW";
/** Which chain judges which pod of the node. */
export const DISPATCH_CHAIN: Readonly<Record<Direction, string>> = Object.freeze({ egress: "NETPOL-EGRESS", ingress: "NETPOL-INGRESS" });
/** Set of the node's pods that a policy isolates. */
export function isolatedSetName(family: 4 | 6, direction: Direction): string {
  return `NETPOL${family}-${direction === "egress" ? "EGRESS" : "INGRESS"}`;
}

function hash(text: string): string {
  return encodeBase32(sha256(text).subarray(0, 10));
}

/** Chain of one pod, "shop/web-0", and direction. */
export function podChainName(pod: string, direction: Direction): string {
  return `NETPOL-${direction === "egress" ? "FROM" : "TO"}-${hash(pod)}`;
}

/** Chain of one policy, "NetworkPolicy shop/deny", and direction. */
export function policyChainName(policy: string, direction: Direction): string {
  return `NETPOL-${direction === "egress" ? "PE" : "PI"}-${hash(policy)}`;
}

/** Set of a peer's addresses, or of what the named ports of a peer stand for. */
export function peerSetName(family: 4 | 6, kind: "pods" | "block" | "ports", policy: string, path: string): string {
  return `NETPOL${family}-${hash(`${kind} ${policy} ${path}`)}`;
}

export function isOwnChain(name: string): boolean {
  return name === TOP_CHAIN || name.startsWith("NETPOL-");
}

export function isOwnSet(name: string, family: 4 | 6): boolean {
  return name.startsWith(`NETPOL${family}-`);
}
