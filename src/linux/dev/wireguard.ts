/**
 * WireGuard: IP packets in UDP messages that only the peer can read (drivers/net/wireguard: device.c, send.c, receive.c,
 * allowedips.c). The destination address says by the allowed IPs which peer; the peer says by the key who sent.
 *
 * What is modelled is the way and the size of data messages: 16 bytes of header, the packet padded to sixteens, 16 bytes of tag.
 * Keys are taken as agreed: there is no handshake, no rekeying and no keepalive, and the contents are opaque bytes on the
 * wire. Built from the sources alone: the kernel that labs are recorded on has no WireGuard.
 */
import type { Addr } from "../../base/address-book.js";
import { contains } from "../../base/cidr.js";
import { DROP, ETHERTYPE, PROTO } from "../../base/codes.js";
import { STEP, TUNNEL } from "../../trace/kinds.js";
import { countRx, countTx, isUp } from "../device.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import { routeOutput } from "../route-output.js";
import type { Stack, WireguardOptions, WireguardPeer } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { scrub } from "./frame.js";
import { toCell } from "./gro-cells.js";

const TTL = 64;
const IPV4 = 20;
const IPV6 = 40;
const UDP = 8;
/** Message type, receiver and counter; the tag of ChaCha20-Poly1305 behind the packet. */
const HEADER = 16;
const TAG = 16;
const PADDED_TO = 16;
const ECN_MASK = 3;

/** wg_allowedips_lookup: the peer with the longest prefix that holds an address; null if none does. */
function peerOf(s: Stack, { peers }: WireguardOptions, addr: number): WireguardPeer | null {
  let best: WireguardPeer | null = null;
  let longest = -1;
  for (const peer of peers) {
    for (const cidr of peer.allowed) {
      if (cidr.prefix > longest && cidr.family === s.book.family[addr] && contains(cidr, s.book.words, addr * 4)) [best, longest] = [peer, cidr.prefix];
    }
  }
  return best;
}

/** calculate_skb_padding: to sixteens, but not beyond the MTU. */
function paddedLength(bytes: number, mtu: number): number {
  return Math.max(bytes, Math.min(mtu, Math.ceil(bytes / PADDED_TO) * PADDED_TO));
}

/** err_icmp: nobody there has this address, or nobody knows where that peer is. */
function unreachable(s: Stack, p: number, dev: number): void {
  const ns = s.dev.c.ns[dev]!;
  const v6 = s.packets.c.etherType[p] === ETHERTYPE.IPV6;
  s.dev.c.txErrors[dev]!++;
  s.op.icmpError(p, ns, dev, v6 ? ICMP6.unreachable : ICMP.unreachable, v6 ? ICMP6.addressUnreachable : ICMP.hostUnreachable, 0);
  s.op.drop(p, ns, dev, DROP.WIREGUARD_NO_PEER);
}

/** wg_xmit, as far as wg_socket_send_skb_to_peer. */
export function wireguardTransmit(s: Stack, p: number, dev: number): void {
  const ns = s.dev.c.ns[dev]!;
  const own = s.devInfo.get(dev)!.wireguard!;
  const peer = peerOf(s, own, s.packets.c.dst[p]!);
  if (peer === null || peer.endpoint === 0 || own.publicKey === "") {
    unreachable(s, p, dev);
    return;
  }
  const outer = s.packets.alloc();
  const c = s.packets.c;
  const message = HEADER + paddedLength(c.ipLen[p]!, s.dev.c.mtu[dev]!) + TAG;
  const is4 = s.book.is4(peer.endpoint);
  c.parent[outer] = c.id[p]!;
  c.dst[outer] = peer.endpoint;
  c.proto[outer] = PROTO.UDP;
  c.ttl[outer] = TTL;
  c.tos[outer] = c.tos[p]! & ECN_MASK;
  c.sport[outer] = own.port;
  c.dport[outer] = peer.endpointPort;
  // Which session it belongs to: the row of the device whose key it is made with, told from a VNI by its sign.
  c.vni[outer] = -dev;
  c.ipLen[outer] = (is4 ? IPV4 : IPV6) + UDP + message;
  c.etherType[outer] = is4 ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
  c.dev[outer] = dev;
  c.iif[outer] = dev;
  if (routeOutput(s, outer, ns, 0) !== 0 || s.packets.c.rtDev[outer] === dev) {
    const loops = s.packets.c.rtDev[outer] === dev;
    s.packets.release(outer);
    s.dev.c.txErrors[dev]!++;
    s.op.drop(p, ns, dev, loops ? DROP.XMIT_RECURSION : DROP.IP_OUTNOROUTES);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.ENCAP, p, ns, dev, TUNNEL.wireguard, peer.endpoint);
  scrub(s, p, true);
  s.packets.c.inner[outer] = p;
  if (s.op.ipLocalOut(outer, ns) === 0) countTx(s, dev, message - HEADER);
  else s.dev.c.txDropped[dev]!++;
}

/**
 * wg_receive: takes a UDP packet for a device's port out of the demultiplexer's hands. False: nobody listens there, and the
 * packet is still the caller's.
 */
export function wireguardReceive(s: Stack, p: number, ns: number): boolean {
  for (const dev of s.nsInfo.get(ns)!.tunnels ?? []) {
    const own = s.devInfo.get(dev)!.wireguard;
    if (own === undefined || own.port !== s.packets.c.dport[p] || !isUp(s, dev)) continue;
    consume(s, p, ns, dev, own);
    return true;
  }
  return false;
}

/** wg_packet_consume_data_done: from a peer whose key is known, made for our key, and from one of the peer's addresses. */
function consume(s: Stack, p: number, ns: number, dev: number, own: WireguardOptions): void {
  const c = s.packets.c;
  const inner = c.inner[p]!;
  const sender = c.vni[p]! < 0 ? s.devInfo.get(-c.vni[p]!)?.wireguard : undefined;
  const from = sender === undefined ? undefined : own.peers.find((peer) => peer.publicKey === sender.publicKey);
  const isForUs = sender !== undefined && inner !== 0 && peerOf(s, sender, c.dst[inner]!)?.publicKey === own.publicKey;
  if (from === undefined || !isForUs || peerOf(s, own, c.src[inner]!) !== from) {
    s.op.drop(p, ns, dev, DROP.WIREGUARD_NOT_TAKEN);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.DECAP, p, ns, dev, TUNNEL.wireguard, inner);
  const bytes = c.ipLen[p]! - (s.book.is4(c.src[p]! as Addr) ? IPV4 : IPV6) - UDP;
  c.mark[inner] = c.mark[p]!;
  c.macSrc[inner] = 0;
  c.macDst[inner] = s.dev.c.mac[dev]!;
  c.inner[p] = 0;
  s.packets.release(p);
  countRx(s, dev, bytes);
  s.packets.c.dev[inner] = dev;
  toCell(s, inner, dev);
}
