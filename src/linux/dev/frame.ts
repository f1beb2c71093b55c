/** Sizes and kinds of frames, as every device driver asks for them. */
import { ETHERTYPE, PROTO } from "../../base/codes.js";
import { BROADCAST_MAC, isMulticastMac } from "../../base/mac.js";
import { CSUM, IP_FLAG, PACKET_META, TCP_FLAG } from "../../packet/columns.js";
import type { Stack } from "../stack.js";

const ARP_BYTES = 28;
export const ETHERNET_BYTES = 14;
/** A bridge or veth lets a VLAN tag more pass than the MTU says. */
const VLAN_BYTES = 4;

/** skb->len behind the Ethernet header. */
export function networkBytes(s: Stack, p: number): number {
  const c = s.packets.c;
  const type = c.etherType[p]!;
  if (type === ETHERTYPE.IPV4 || type === ETHERTYPE.IPV6) return c.ipLen[p]!;
  return type === ETHERTYPE.ARP ? ARP_BYTES : c.payLen[p]!;
}

export function frameBytes(s: Stack, p: number): number {
  return networkBytes(s, p) + ETHERNET_BYTES;
}

/** is_skb_forwardable: whether a bridge port or veth end takes a frame of this size. */
export function fitsDevice(s: Stack, p: number, dev: number): boolean {
  return networkBytes(s, p) <= s.dev.c.mtu[dev]! + VLAN_BYTES;
}

const KINDS = PACKET_META.OTHERHOST | PACKET_META.BROADCAST | PACKET_META.MULTICAST;

/** eth_type_trans: whom the frame is for, seen from a device with its MAC. */
export function classify(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const to = c.macDst[p]!;
  let kind = 0;
  if (to !== s.dev.c.mac[dev]) {
    if (to === BROADCAST_MAC) kind = PACKET_META.BROADCAST;
    else kind = isMulticastMac(to) ? PACKET_META.MULTICAST : PACKET_META.OTHERHOST;
  }
  c.meta[p] = (c.meta[p]! & ~KINDS) | kind;
}

/** skb_scrub_packet: what a kernel knows about a packet stays behind when it leaves through a cable or tunnel. */
export function scrub(s: Stack, p: number, crossesNamespace: boolean): void {
  const c = s.packets.c;
  c.ct[p] = 0;
  c.ctInfo[p] = 0;
  c.meta[p] = 0;
  c.sock[p] = 0;
  c.physIn[p] = 0;
  c.physOut[p] = 0;
  c.iif[p] = 0;
  c.rtDev[p] = 0;
  c.rtVia[p] = 0;
  c.rtType[p] = 0;
  c.rtMtu[p] = 0;
  if (crossesNamespace) c.mark[p] = 0;
}

/** CHECKSUM_PARTIAL: whole TCP and UDP packets made here leave their checksum to a device; an IPv4 reset to nobody's segment does not. */
export function leavesChecksum(s: Stack, p: number): boolean {
  const c = s.packets.c;
  if (c.csum[p] !== 0 || (c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0) return false;
  if (c.proto[p] === PROTO.TCP) return c.etherType[p] !== ETHERTYPE.IPV4 || (c.flags[p]! & TCP_FLAG.RST) === 0;
  return c.proto[p] === PROTO.UDP;
}

/**
 * Translation changes a tunnel's packet as if its checksum were left to a device; but it is that of the inner packet which is, and
 * the outer one was already reckoned with it (inet_proto_csum_replace4, lco_csum).
 */
export function staleChecksum(s: Stack, p: number): void {
  const { csum, inner } = s.packets.c;
  if (csum[p] === 0 && leftInside(s, inner[p]!)) csum[p] = CSUM.STALE;
}

/** Whether a packet in a tunnel came there without its checksum; of tunnels in tunnels every second one has it filled in on the way (iptunnel_handle_offloads). */
function leftInside(s: Stack, p: number): boolean {
  const c = s.packets.c;
  if (c.proto[p] !== PROTO.UDP || c.inner[p] === 0) return leavesChecksum(s, p);
  return (c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) === 0 && !leftInside(s, c.inner[p]!);
}

/** A device that cannot fill in checksums inside a tunnel's packet has it done first (skb_checksum_help). */
export function fillInner(s: Stack, p: number): void {
  const c = s.packets.c;
  if (c.csum[p] === CSUM.STALE) c.csum[p] = CSUM.WRONG;
}
