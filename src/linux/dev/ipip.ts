/**
 * IP in IP: an IPv4 packet as the body of another one, protocol 4 (RFC 2003; net/ipv4/ipip.c, ip_tunnel.c). A device without a
 * remote address is one for many: the next hop of the route is where the outer packet goes.
 *
 * Built from the sources alone: the kernel that labs are recorded on has no ipip.
 */
import type { Addr } from "../../base/address-book.js";
import { DROP, ETHERTYPE, PROTO } from "../../base/codes.js";
import { IP_FLAG } from "../../packet/columns.js";
import { STEP, TUNNEL } from "../../trace/kinds.js";
import { countRx, countTx, devicesOf, isUp } from "../device.js";
import { ICMP } from "../icmp-codes.js";
import { learnMtu } from "../path-mtu.js";
import { routeOutput } from "../route-output.js";
import type { IpipOptions, Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { scrub } from "./frame.js";
import { toCell } from "./gro-cells.js";
import { IPIP_OVERHEAD } from "./ipip-device.js";

const INHERIT_TOS = 1;
const ECN_MASK = 3;
const ECN_ECT0 = 2;
const ECN_CE = 3;

/** tx_error: counted, and nobody is told. */
function refuse(s: Stack, p: number, dev: number, reason: number): void {
  s.dev.c.txErrors[dev]!++;
  s.op.drop(p, s.dev.c.ns[dev]!, dev, reason);
}

/** Row of the device that outer packets are bound to, 0 if they may leave anywhere. */
function boundTo(s: Stack, ns: number, index: number): number {
  return index === 0 ? 0 : (devicesOf(s, ns).find((dev) => s.devInfo.get(dev)!.index === index) ?? 0);
}

/** The outer TOS: the tunnel's or the packet's DSCP, with the packet's ECN bits, congestion told as "capable" (INET_ECN_encapsulate). */
function outerTos(tunnel: number, inner: number): number {
  const ecn = inner & ECN_MASK;
  const base = tunnel === INHERIT_TOS ? inner : tunnel;
  return (base & ~ECN_MASK) | (ecn === ECN_CE ? ECN_ECT0 : ecn);
}

/** ip_tunnel_xmit. */
export function ipipTransmit(s: Stack, p: number, dev: number): void {
  const ns = s.dev.c.ns[dev]!;
  const tunnel = s.devInfo.get(dev)!.ipip!;
  if (s.packets.c.etherType[p] !== ETHERTYPE.IPV4) {
    refuse(s, p, dev, DROP.INVALID_PROTO);
    return;
  }
  const outer = s.packets.alloc();
  const c = s.packets.c;
  const inner = c.ipLen[p]!;
  const mayCut = (c.frag[p]! & IP_FLAG.DF) === 0;
  const remote = tunnel.remote !== 0 ? tunnel.remote : c.rtVia[p]! !== 0 ? c.rtVia[p]! : c.dst[p]!;
  c.parent[outer] = c.id[p]!;
  c.src[outer] = tunnel.local;
  c.dst[outer] = remote;
  c.proto[outer] = PROTO.IPIP;
  c.ttl[outer] = tunnel.ttl === 0 ? c.ttl[p]! : tunnel.ttl;
  c.tos[outer] = outerTos(tunnel.tos, c.tos[p]!);
  c.frag[outer] = tunnel.pmtudisc || !mayCut ? IP_FLAG.DF : 0;
  c.ipLen[outer] = inner + IPIP_OVERHEAD;
  c.mark[outer] = c.mark[p]!;
  c.etherType[outer] = ETHERTYPE.IPV4;
  // POSTROUTING of the outer packet still knows the tunnel as its input device.
  c.dev[outer] = dev;
  c.iif[outer] = dev;
  const routed = routeOutput(s, outer, ns, boundTo(s, ns, tunnel.link)) === 0;
  if (!routed || s.packets.c.rtDev[outer] === dev) {
    s.packets.release(outer);
    refuse(s, p, dev, routed ? DROP.XMIT_RECURSION : DROP.IP_OUTNOROUTES);
    return;
  }
  // tnl_update_pmtu: the way is narrower than the sender of an uncuttable packet thinks.
  const mtu = c.frag[outer] !== 0 ? c.rtMtu[outer]! - IPIP_OVERHEAD : s.dev.c.mtu[dev]!;
  if (mtu < c.rtMtu[p]!) learnMtu(s, ns, c.dst[p]!, mtu);
  if (!mayCut && mtu < inner) {
    s.packets.release(outer);
    s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.fragmentationNeeded, mtu);
    refuse(s, p, dev, DROP.PKT_TOO_BIG);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.ENCAP, p, ns, dev, TUNNEL.ipip, remote);
  scrub(s, p, true);
  s.packets.c.inner[outer] = p;
  if (s.op.ipLocalOut(outer, ns) === 0) countTx(s, dev, inner);
  else s.dev.c.txDropped[dev]!++;
}

/** ip_tunnel_lookup: both ends as given, then the remote one alone, then the local one, then `tunl0`; only devices that are up. */
function tunnelFor(s: Stack, ns: number, local: Addr, remote: Addr, index: number): number {
  const info = s.nsInfo.get(ns)!;
  const mayBe = (info.tunnels ?? []).filter((dev) => s.devInfo.get(dev)!.ipip !== undefined && isUp(s, dev));
  const best = (fits: (tunnel: IpipOptions) => boolean): number => {
    const found = mayBe.filter((dev) => fits(s.devInfo.get(dev)!.ipip!));
    return found.find((dev) => s.devInfo.get(dev)!.ipip!.link === index) ?? found[0] ?? 0;
  };
  return (
    best((t) => t.remote === remote && t.local === local) ||
    best((t) => t.remote === remote && t.local === 0) ||
    best((t) => t.remote === 0 && t.local !== 0 && t.local === local) ||
    (info.fallback !== undefined && isUp(s, info.fallback) ? info.fallback : 0)
  );
}

/** ip_tunnel_rcv: takes a packet of protocol 4 out of the demultiplexer's hands. False: this machine knows no ipip, and the packet is still the caller's. */
export function ipipReceive(s: Stack, p: number, ns: number, dev: number): boolean {
  if (!s.ipipNodes.has(s.ns.c.node[ns]!)) return false;
  const c = s.packets.c;
  const tunnel = tunnelFor(s, ns, c.dst[p]! as Addr, c.src[p]! as Addr, s.devInfo.get(dev)!.index);
  const inner = c.inner[p]!;
  if (tunnel === 0) {
    // tunnel4_rcv: protocol 4 is known, but nobody takes this packet.
    s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.portUnreachable, 0);
    s.op.drop(p, ns, dev, DROP.IP_NOPROTO);
  } else if (inner === 0) s.op.drop(p, ns, tunnel, DROP.HDR_TRUNC);
  else if ((c.tos[p]! & ECN_MASK) === ECN_CE && (c.tos[inner]! & ECN_MASK) === 0) s.op.drop(p, ns, tunnel, DROP.IP_TUNNEL_ECN);
  else decapsulate(s, p, inner, ns, tunnel);
  return true;
}

function decapsulate(s: Stack, p: number, inner: number, ns: number, dev: number): void {
  const c = s.packets.c;
  if (s.trace !== null) traceStep(s, STEP.DECAP, p, ns, dev, TUNNEL.ipip, inner);
  if ((c.tos[p]! & ECN_MASK) === ECN_CE) c.tos[inner] = c.tos[inner]! | ECN_CE;
  c.mark[inner] = c.mark[p]!;
  c.macSrc[inner] = 0;
  c.macDst[inner] = s.dev.c.mac[dev]!;
  c.inner[p] = 0;
  s.packets.release(p);
  countRx(s, dev, s.packets.c.ipLen[inner]!);
  s.packets.c.dev[inner] = dev;
  toCell(s, inner, dev);
}
