/**
 * ICMPv6 errors that this host sends about other packets (icmp6_send, net/ipv6/icmp.c; RFC 4443 section 2.4). The error quotes
 * the packet as it is at this instant, up to 1280 bytes in all, and takes over the packet's flow.
 */
import { PROTO } from "../base/codes.js";
import { IP_FLAG, PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { isIcmp6Error, ICMP6 } from "./icmp6-codes.js";
import { icmp6Allowed } from "./icmp-limit.js";
import { fibLookup, isLocalAddress } from "./fib.js";
import { selectSource6 } from "./ip6-source.js";
import { routeOutput } from "./route-output.js";
import { isLinkLocal, isMulticast6, isUnspecified6 } from "./address6.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** Headers of an ICMPv6 error before its quote. */
const IP_AND_ICMP = 48;
/** IPV6_MIN_MTU */
const LARGEST_ERROR = 1280;
/** ctInfo from which on a packet belongs to the reply direction (IP_CT_IS_REPLY). */
const IS_REPLY = 3;
const RELATED = 1;
const RELATED_REPLY = 4;
const NOT_FOR_US = PACKET_META.BROADCAST | PACKET_META.MULTICAST;

function deservesError(s: Stack, p: number, type: number): boolean {
  const c = s.packets.c;
  if (isMulticast6(s, c.src[p]!) || isUnspecified6(s, c.src[p]!)) return false;
  if (isMulticast6(s, c.dst[p]!) && type !== ICMP6.packetTooBig) return false;
  if ((c.meta[p]! & NOT_FOR_US) !== 0 && type !== ICMP6.packetTooBig) return false;
  // Behind the first piece nobody can tell an error from an echo: unlike IPv4's, each piece has its own (is_ineligible).
  return (c.frag[p]! & IP_FLAG.OFFSET) !== 0 || c.proto[p] !== PROTO.ICMP6 || !isIcmp6Error(c.icmpType[p]!);
}

/** Loopback is not limited. */
function mayComplain(s: Stack, e: number, ns: number, type: number, oif: number): boolean {
  const { rtDev, dst, src } = s.packets.c;
  if (rtDev[e] === s.ns.c.lo[ns]) return true;
  return icmp6Allowed(s, ns, type, dst[e]!, fibLookup(s, ns, dst[e]!, src[e]!, 0, 0, oif)?.prefix ?? 0);
}

/** The address that the packet was for; else, unless the way back has a source of its own, the best one seen from where the packet came in; 0: the way back decides. */
function sourceOfError(s: Stack, p: number, ns: number, oif: number): number {
  const { src, dst } = s.packets.c;
  if (isLocalAddress(s, ns, dst[p]!)) return dst[p]!;
  const back = fibLookup(s, ns, src[p]!, 0, 0, 0, oif);
  const from = cameInBy(s, p);
  return from === 0 || (back !== null && back.src !== 0) ? 0 : selectSource6(s, ns, from, src[p]!);
}

/** IP6CB(skb)->iif: 0 for a packet that a bridge carries. One that a bridge has led to the machine was routed there, and counts as come from where it goes. */
function cameInBy(s: Stack, p: number): number {
  const { meta, iif, rtDev } = s.packets.c;
  if ((meta[p]! & PACKET_META.BRIDGED) !== 0) return 0;
  return (meta[p]! & PACKET_META.ROUTED_BY_BRIDGE) !== 0 ? rtDev[p]! : iif[p]!;
}

/** Tells the sender of `p`, which stays the caller's. `info` is the rest word (MTU). */
export function icmp6Error(s: Stack, p: number, ns: number, dev: number, type: number, code: number, info: number): void {
  if (!deservesError(s, p, type)) return;
  const e = s.packets.alloc();
  const c = s.packets.c;
  c.dst[e] = c.src[p]!;
  c.proto[e] = PROTO.ICMP6;
  c.ttl[e] = 64;
  c.icmpType[e] = type;
  c.icmpCode[e] = code;
  c.icmpInfo[e] = info;
  c.etherType[e] = 0x86dd;
  c.ipLen[e] = Math.min(IP_AND_ICMP + c.ipLen[p]!, LARGEST_ERROR);
  c.parent[e] = c.id[p]!;
  if (c.ct[p] !== 0) {
    c.ct[e] = c.ct[p]!;
    c.ctInfo[e] = c.ctInfo[p]! >= IS_REPLY ? RELATED : RELATED_REPLY;
  }
  const oif = isLinkLocal(s, c.dst[e]!) ? dev : 0;
  c.src[e] = sourceOfError(s, p, ns, oif);
  if (routeOutput(s, e, ns, oif) !== 0 || !mayComplain(s, e, ns, type, oif)) {
    s.packets.release(e);
    return;
  }
  const quote = s.packets.copy(p);
  s.packets.c.inner[e] = quote;
  if (s.trace !== null) traceStep(s, STEP.ICMP_ERROR, p, ns, s.packets.c.rtDev[e]!, type, code);
  s.op.ipLocalOut(e, ns);
}
