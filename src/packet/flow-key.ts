// Flow keys: two addresses (handles), two ports, a protocol. Handles are equal exactly when addresses are, so integers are all there
// is to compare. ICMP flows use sport and dport as they stand in the record (identifier, sequence) or as conntrack chooses.

import type { PacketColumns } from "./columns.js";

/** A well-mixed 32-bit hash of a 5-tuple; the two directions of a flow hash apart. */
export function flowHash(src: number, dst: number, sport: number, dport: number, proto: number): number {
  let h = Math.imul(src, 0x9e3779b1) ^ Math.imul(dst, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae3d);
  h ^= Math.imul(((sport << 16) | dport) ^ proto, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 13), 0x165667b1);
  return h ^ (h >>> 16);
}

/** `flowHash` of packet `p`. */
export function packetFlowHash(c: PacketColumns, p: number): number {
  return flowHash(c.src[p]!, c.dst[p]!, c.sport[p]!, c.dport[p]!, c.proto[p]!);
}

/** Whether packets `p` and `q` belong to one direction of one flow. */
export function sameFlow(c: PacketColumns, p: number, q: number): boolean {
  return (
    c.src[p] === c.src[q] && c.dst[p] === c.dst[q] && c.sport[p] === c.sport[q] && c.dport[p] === c.dport[q] && c.proto[p] === c.proto[q]
  );
}

/** Whether `q` goes the opposite way of the flow of `p`. */
export function isReverseFlow(c: PacketColumns, p: number, q: number): boolean {
  return (
    c.src[p] === c.dst[q] && c.dst[p] === c.src[q] && c.sport[p] === c.dport[q] && c.dport[p] === c.sport[q] && c.proto[p] === c.proto[q]
  );
}
