/**
 * VXLAN: Ethernet frames in UDP (RFC 7348; drivers/net/vxlan/vxlan_core.c). Out: the FDB says behind which machines a MAC is,
 * and a new outer packet of this host carries the frame there. In: the VNI says which device the frame comes out of.
 */
import type { Addr } from "../../base/address-book.js";
import { DROP, ETHERTYPE, PROTO } from "../../base/codes.js";
import { mix32 } from "../../base/hash.js";
import { IP_FLAG, PACKET_META } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { countRx, countTx, isUnicastMac, isUp } from "../device.js";
import { cloneOf } from "../nf/conntrack.js";
import { routeOutput } from "../route-output.js";
import type { Stack, VxlanOptions } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { findEntry } from "./bridge-fdb.js";
import { FDBF } from "./fdb-table.js";
import { fillInner, leavesChecksum, networkBytes, scrub } from "./frame.js";
import { toCell } from "./gro-cells.js";

const TTL = 64;
/** Outer IP, UDP and VXLAN headers and the inner Ethernet header. */
const OVERHEAD = 20 + 8 + 8 + 14;
/** An IPv6 header is so much longer. */
const OVER_IPV6 = 20;
/** IP_TUNNEL_RECURSION_LIMIT; a tunnel and its device each count. */
const TUNNEL_RECURSION_LIMIT = 5;
const ZERO_MAC = 0;

/** vxlan_xmit: to the destinations of the frame's MAC, else to those of the zero MAC. */
export function vxlanTransmit(s: Stack, p: number, dev: number): void {
  fillInner(s, p);
  let first = findEntry(s, dev, s.packets.c.macDst[p]!);
  if (first === 0) first = s.fdb.find(dev, ZERO_MAC);
  if (first === 0) {
    s.dev.c.txDropped[dev]!++;
    s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.NO_TX_TARGET);
    return;
  }
  s.fdb.rows.c.used[first] = s.engine.now;
  for (let row = s.fdb.rows.c.more[first]!; row !== 0; row = s.fdb.rows.c.more[row]!) {
    encapsulate(s, cloneOf(s, p), dev, s.fdb.rows.c.remote[row]! as Addr);
  }
  encapsulate(s, p, dev, s.fdb.rows.c.remote[first]! as Addr);
}

/** udp_flow_src_port: the same port for every packet of an inner flow, in [low, high). */
function sourcePort(s: Stack, p: number, [low, high]: readonly [number, number]): number {
  const c = s.packets.c;
  const w = s.book.words;
  let hash = mix32(c.etherType[p]!, c.proto[p]!);
  for (let k = 0; k < 4; k++) hash = mix32(hash, mix32(w[c.src[p]! * 4 + k]!, w[c.dst[p]! * 4 + k]!));
  if (c.proto[p] === PROTO.TCP || c.proto[p] === PROTO.UDP) hash = mix32(hash, (c.sport[p]! << 16) | c.dport[p]!);
  if (c.etherType[p] === ETHERTYPE.ARP) hash = mix32(c.macSrc[p]! | 0, c.macDst[p]! | 0);
  return low + Math.floor(((hash >>> 0) / 4294967296) * (high - low));
}

/** vxlan_xmit_one: the outer packet goes to routing and OUTPUT as any packet of this host. */
function encapsulate(s: Stack, p: number, dev: number, remote: Addr): void {
  const ns = s.dev.c.ns[dev]!;
  const vxlan = s.devInfo.get(dev)!.vxlan!;
  const bytes = networkBytes(s, p);
  const outer = s.packets.alloc();
  const c = s.packets.c;
  c.parent[outer] = c.id[p]!;
  c.src[outer] = vxlan.local;
  c.dst[outer] = remote;
  c.proto[outer] = PROTO.UDP;
  c.ttl[outer] = TTL;
  c.sport[outer] = sourcePort(s, p, vxlan.sourcePorts);
  c.dport[outer] = vxlan.port;
  c.vni[outer] = vxlan.vni;
  c.ipLen[outer] = bytes + OVERHEAD + (s.book.is4(remote) ? 0 : OVER_IPV6);
  c.mark[outer] = c.mark[p]!;
  // An IPv6 packet is cut for programs alone.
  if (!s.book.is4(remote)) c.frag[outer] = IP_FLAG.DF;
  c.etherType[outer] = s.book.is4(remote) ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
  // POSTROUTING of the outer packet still knows the tunnel as its input device.
  c.dev[outer] = dev;
  c.iif[outer] = dev;
  if (s.trace !== null) traceStep(s, STEP.ENCAP, p, ns, dev, vxlan.vni, remote);
  const own = c.meta[p]! & PACKET_META.LOCAL_OUT;
  scrub(s, p, true);
  c.meta[p] = own;
  s.packets.c.inner[outer] = p;
  const { dev: device } = s;
  const errno = routeOutput(s, outer, ns, remote === vxlan.remote ? device.c.peer[dev]! : 0);
  const circular = errno === 0 && s.packets.c.rtDev[outer] === dev;
  if (errno !== 0 || circular || s.nested > TUNNEL_RECURSION_LIMIT) {
    device.c.txErrors[dev]!++;
    if (errno !== 0) device.c.txCarrier[dev]!++;
    if (circular) device.c.collisions[dev]!++;
    s.op.drop(outer, ns, dev, errno === 0 ? DROP.XMIT_RECURSION : DROP.IP_OUTNOROUTES);
    return;
  }
  const counted = countedBytes(s, p);
  s.nested++;
  // iptunnel_xmit and ip6tunnel_xmit count what their host let out.
  if (s.op.ipLocalOut(outer, ns) === 0) countTx(s, dev, counted);
  else if (s.book.is4(remote)) device.c.txDropped[dev]!++;
  else device.c.txErrors[dev]!++;
  s.nested--;
}

/**
 * What iptunnel_xmit takes for the length of the inner packet. A packet that is led into a tunnel again has its inner headers
 * marked anew every second time only (iptunnel_handle_offloads), beginning with the first if its own checksum was left to the device.
 */
function countedBytes(s: Stack, p: number): number {
  const c = s.packets.c;
  const chain = [p];
  const isPiece = (row: number): boolean => (c.frag[row]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0;
  // The pieces of a packet are new ones.
  while (c.proto[chain[0]!] === PROTO.UDP && c.inner[chain[0]!] !== 0 && !isPiece(chain[0]!)) chain.unshift(c.inner[chain[0]!]!);
  const first = chain[0]!;
  const again = chain.length - 1;
  const left = leavesChecksum(s, first);
  return networkBytes(s, chain[again === 0 || again % 2 === (left ? 0 : 1) ? again : again - 1]!);
}

/**
 * vxlan_rcv: takes a UDP packet for the tunnel's port out of the demultiplexer's hands. False: no tunnel listens there, and
 * the packet is still the caller's.
 */
export function vxlanReceive(s: Stack, p: number, ns: number): boolean {
  const c = s.packets.c;
  const inner = c.inner[p]!;
  let listening = false;
  // The devices of one port share a socket, which is open while one of them is up.
  for (const dev of s.nsInfo.get(ns)!.tunnels ?? []) {
    const vxlan = s.devInfo.get(dev)!.vxlan;
    if (vxlan === undefined || vxlan.port !== c.dport[p] || !isUp(s, dev)) continue;
    listening = true;
    if (inner === 0 || vxlan.vni !== c.vni[p]) continue;
    decapsulate(s, p, inner, ns, dev, vxlan);
    return true;
  }
  if (listening) s.op.drop(p, ns, c.dev[p]!, inner === 0 ? DROP.VXLAN_INVALID_HDR : DROP.VXLAN_VNI_NOT_FOUND);
  return listening;
}

function decapsulate(s: Stack, p: number, inner: number, ns: number, dev: number, vxlan: VxlanOptions): void {
  const c = s.packets.c;
  const from = c.macSrc[inner]!;
  if (from === s.dev.c.mac[dev]) {
    s.op.drop(p, ns, dev, DROP.LOCAL_MAC);
    return;
  }
  if (vxlan.learning) {
    const refused = snoop(s, inner, dev, c.src[p]! as Addr);
    if (refused !== 0) {
      s.op.drop(p, ns, dev, refused);
      return;
    }
  }
  if (s.trace !== null) traceStep(s, STEP.DECAP, p, ns, dev, vxlan.vni, inner);
  c.mark[inner] = c.mark[p]!;
  c.meta[inner] = 0;
  c.inner[p] = 0;
  s.packets.release(p);
  countRx(s, dev, networkBytes(s, inner));
  s.packets.c.dev[inner] = dev;
  toCell(s, inner, dev);
}

/** vxlan_snoop: the inner source is behind the outer one. 0, or why the frame may not come in. */
function snoop(s: Stack, inner: number, dev: number, remote: Addr): number {
  const mac = s.packets.c.macSrc[inner]!;
  if (!isUnicastMac(mac)) return DROP.MAC_INVALID_SOURCE;
  const row = findEntry(s, dev, mac);
  if (row !== 0) {
    const c = s.fdb.rows.c;
    c.updated[row] = s.engine.now;
    if (c.remote[row] === remote) return 0;
    if ((c.flags[row]! & FDBF.permanent) !== 0) return DROP.VXLAN_ENTRY_EXISTS;
    c.remote[row] = remote;
    return 0;
  }
  const added = s.fdb.add(dev, mac);
  const c = s.fdb.rows.c;
  c.remote[added] = remote;
  c.updated[added] = s.engine.now;
  return 0;
}
