/** Names and MACs that Calico makes of names, so that every component finds them without asking. */
import { sha1 } from "../../../base/sha1.js";

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Host end of a pod's veth: `cali` and 11 hex digits of SHA-1 over "namespace.pod" (libcalico-go conversion, VethNameForWorkload). */
export function workloadInterface(pod: string): string {
  return `cali${hex(sha1(pod.replace("/", "."))).slice(0, 11)}`;
}

/** MAC of a node's vxlan.calico: 0x66 and five bytes of SHA-1 over the node's name (felix/calc/vxlan_resolver.go). */
export function vtepMac(node: string): string {
  return `66:${hex(sha1(node).subarray(0, 5)).replace(/(..)(?=.)/g, "$1:")}`;
}

/** Host end of every pod's veth has this MAC. */
export const HOST_SIDE_MAC = "ee:ee:ee:ee:ee:ee";

/** The gateway of every pod, which no device holds: the host end answers for it by proxy ARP. */
export const POD_GATEWAY = "169.254.1.1";
