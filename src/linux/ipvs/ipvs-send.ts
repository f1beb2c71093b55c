/** The way of a request to its real server (net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_nfct.c): route, TTL, MTU, rewriting, OUTPUT. */
import { DROP, ETHERTYPE, PROTO } from "../../base/codes.js";
import { IP_FLAG, PACKET_META } from "../../packet/columns.js";
import { STEP, TUNNEL } from "../../trace/kinds.js";
import { scrub } from "../dev/frame.js";
import { IPIP_OVERHEAD } from "../dev/ipip-device.js";
import { chooseHop, fibLookup } from "../fib.js";
import { RTN } from "../fib-table.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import { conntrackConfirm, forgetFlow } from "../nf/conntrack.js";
import { CTINFO, CTS, directionOf } from "../nf/conntrack-table.js";
import { pathMtu } from "../path-mtu.js";
import { routeId } from "../route-id.js";
import { routeOutput } from "../route-output.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { CONNF, FORWARD } from "./ipvs-table.js";

const REMOTE = 0;
const LOCAL = 1;
/** The packet is gone. */
const LOST = 2;

/** ip_vs_nat_xmit: rewrites a request and sends it on, or the like for real servers that get it otherwise. A verdict NF.*: what is for this machine goes on where it is. */
export function sendToServer(s: Stack, hook: number, p: number, ns: number, row: number): number {
  const cc = s.ipvs.connections.c;
  const forward = s.ipvs.reals.c.forward[cc.real[row]!];
  if (forward === FORWARD.route) return sendAsItIs(s, hook, p, ns, row);
  if (forward === FORWARD.tunnel) return sendInTunnel(s, hook, p, ns, row);
  const way = routeToServer(s, hook, p, ns, cc.addr[row]!, 0);
  if (way === LOST) return NF.stolen;
  const c = s.packets.c;
  c.dst[p] = cc.addr[row]!;
  c.dport[p] = cc.port[row]!;
  if (s.trace !== null) traceStep(s, STEP.NAT_DESTINATION, p, ns, c.iif[p]!, c.dst[p]!, c.dport[p]!);
  return sendOrGoOn(s, p, ns, row, way === LOCAL, true);
}

/** ip_vs_dr_xmit: the real server has the virtual address too, and is reached by its MAC. */
function sendAsItIs(s: Stack, hook: number, p: number, ns: number, row: number): number {
  const addr = s.ipvs.connections.c.addr[row]!;
  const way = routeToServer(s, hook, p, ns, addr, 0);
  if (way === LOST) return NF.stolen;
  const c = s.packets.c;
  if (way === REMOTE && c.rtVia[p] === 0) c.rtVia[p] = addr;
  return sendOrGoOn(s, p, ns, row, way === LOCAL, false);
}

/** ip_vs_tunnel_xmit: as the body of a packet to the real server (RFC 2003). IPv4 alone. */
function sendInTunnel(s: Stack, hook: number, p: number, ns: number, row: number): number {
  const addr = s.ipvs.connections.c.addr[row]!;
  const way = routeToServer(s, hook, p, ns, addr, IPIP_OVERHEAD);
  if (way === LOST) return NF.stolen;
  if (way === LOCAL) return sendOrGoOn(s, p, ns, row, true, false);
  const outer = s.packets.alloc();
  const c = s.packets.c;
  c.parent[outer] = c.id[p]!;
  c.dst[outer] = addr;
  c.proto[outer] = PROTO.IPIP;
  c.ttl[outer] = c.ttl[p]!;
  c.tos[outer] = c.tos[p]!;
  c.frag[outer] = c.frag[p]! & IP_FLAG.DF;
  c.ipLen[outer] = c.ipLen[p]! + IPIP_OVERHEAD;
  c.mark[outer] = c.mark[p]!;
  c.etherType[outer] = ETHERTYPE.IPV4;
  c.dev[outer] = c.dev[p]!;
  c.iif[outer] = c.iif[p]!;
  c.meta[outer] = c.meta[outer]! | PACKET_META.IPVS;
  const tracked = (s.ipvs.connections.c.flags[row]! & CONNF.conntrack) !== 0;
  if ((tracked && conntrackConfirm(s, p, ns) !== NF.accept) || routeOutput(s, outer, ns, 0) !== 0) {
    s.packets.release(outer);
    s.op.drop(p, ns, s.packets.c.dev[p]!, DROP.NETFILTER_DROP);
    return NF.stolen;
  }
  if (s.trace !== null) traceStep(s, STEP.ENCAP, p, ns, s.packets.c.rtDev[outer]!, TUNNEL.ipip, addr);
  scrub(s, p, false);
  s.packets.c.inner[outer] = p;
  s.op.ipLocalOut(outer, ns);
  return NF.stolen;
}

/** ip_vs_nat_send_or_cont, and ip_vs_send_or_cont for what is not rewritten. */
function sendOrGoOn(s: Stack, p: number, ns: number, row: number, local: boolean, rewritten: boolean): number {
  const c = s.packets.c;
  c.meta[p] = c.meta[p]! | PACKET_META.IPVS;
  alterFlow(s, row, p, true, rewritten);
  if (local) return NF.accept;
  s.op.ipLocalOut(p, ns);
  return NF.stolen;
}

/** ip_vs_icmp_xmit: an error about what a virtual server sent, to the real server that sent it. A verdict NF.*. */
export function sendErrorToServer(s: Stack, hook: number, p: number, ns: number, row: number): number {
  const cc = s.ipvs.connections.c;
  if (s.ipvs.reals.c.forward[cc.real[row]!] !== FORWARD.masquerade) return sendToServer(s, hook, p, ns, row);
  const way = routeToServer(s, hook, p, ns, cc.addr[row]!, 0);
  if (way === LOST) return NF.stolen;
  const c = s.packets.c;
  const quoted = c.inner[p]!;
  c.dst[p] = cc.addr[row]!;
  c.src[quoted] = cc.addr[row]!;
  c.sport[quoted] = cc.port[row]!;
  if (s.trace !== null) traceStep(s, STEP.NAT_DESTINATION, p, ns, c.iif[p]!, c.dst[p]!, 0);
  return sendOrGoOn(s, p, ns, row, way === LOCAL, true);
}

const isLoopback = (s: Stack, addr: number): boolean => s.book.is4(addr) && s.book.words[addr * 4]! >>> 24 === 127;

/** __ip_vs_get_out_rt, for what grows by `overhead` bytes: leaves the route in a packet that goes to another machine, and keeps the one of a packet that stays. */
function routeToServer(s: Stack, hook: number, p: number, ns: number, addr: number, overhead: number): number {
  const c = s.packets.c;
  const v6 = !s.book.is4(addr);
  const route = fibLookup(s, ns, addr, 0, 0, 0, 0);
  if (route === null || route.hops.length === 0) {
    if (v6) s.op.icmpError(p, ns, c.iif[p]!, ICMP6.unreachable, ICMP6.addressUnreachable, 0);
    else s.op.icmpError(p, ns, c.iif[p]!, ICMP.unreachable, ICMP.hostUnreachable, 0);
    return lost(s, p, ns, DROP.IP_OUTNOROUTES);
  }
  if (route.type === RTN.local) return hook === HOOK.input && isLoopback(s, addr) ? lost(s, p, ns, DROP.NOT_SPECIFIED) : LOCAL;
  if (isLoopback(s, c.src[p]!)) return lost(s, p, ns, DROP.NOT_SPECIFIED);
  if (c.ttl[p]! <= 1) {
    s.op.icmpError(p, ns, c.iif[p]!, v6 ? ICMP6.timeExceeded : ICMP.timeExceeded, 0, 0);
    return lost(s, p, ns, DROP.TTL_EXPIRED);
  }
  const hop = chooseHop(s, route, 0, addr);
  const mtu = pathMtu(s, ns, addr, route.mtu, hop.dev) - overhead;
  const isError = c.proto[p] === PROTO.ICMP || c.proto[p] === PROTO.ICMP6;
  if (c.ipLen[p]! > mtu && !isError && (v6 || (c.frag[p]! & IP_FLAG.DF) !== 0)) {
    if (v6) s.op.icmpError(p, ns, c.iif[p]!, ICMP6.packetTooBig, 0, mtu);
    else s.op.icmpError(p, ns, c.iif[p]!, ICMP.unreachable, ICMP.fragmentationNeeded, mtu);
    return lost(s, p, ns, DROP.PKT_TOO_BIG);
  }
  c.ttl[p] = c.ttl[p]! - 1;
  c.rtType[p] = route.type;
  c.rtDev[p] = hop.dev;
  c.rtVia[p] = hop.via;
  c.rtMtu[p] = mtu;
  if (s.trace !== null) {
    traceStep(s, STEP.TTL, p, ns, hop.dev, c.ttl[p]!, 0);
    traceStep(s, STEP.ROUTE, p, ns, hop.dev, routeId(s, route), hop.via);
  }
  return REMOTE;
}

function lost(s: Stack, p: number, ns: number, reason: number): number {
  s.op.drop(p, ns, s.packets.c.dev[p]!, reason);
  return LOST;
}

/**
 * ip_vs_update_conntrack and ip_vs_notrack: a new flow is to be answered by the real server (`request`), or is that server's own
 * and comes from the virtual address; without the setting, IPVS hides its packets from connection tracking.
 */
export function alterFlow(s: Stack, row: number, p: number, request: boolean, rewritten: boolean): void {
  const c = s.packets.c;
  const cc = s.ipvs.connections.c;
  const flow = c.ct[p]!;
  if (flow === 0) return;
  if ((cc.flags[row]! & CONNF.conntrack) === 0) {
    forgetFlow(s, p);
    c.ct[p] = 0;
    c.ctInfo[p] = CTINFO.untracked;
    return;
  }
  if (!rewritten) return;
  if ((s.ct.t.c.status[flow]! & (CTS.confirmed | CTS.dying)) !== 0 || directionOf(c.ctInfo[p]!) === 1) return;
  if (c.proto[p] === PROTO.ICMP || c.proto[p] === PROTO.ICMP6) return;
  if (request) s.ct.setTuple(flow, 1, cc.addr[row]!, s.ct.dst(flow, 1), cc.port[row]!, s.ct.dport(flow, 1));
  else s.ct.setTuple(flow, 1, s.ct.src(flow, 1), cc.vaddr[row]!, s.ct.sport(flow, 1), cc.vport[row]!);
}
