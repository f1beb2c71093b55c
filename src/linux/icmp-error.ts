/**
 * ICMP errors and redirects that this host sends about other packets (icmp_send, net/ipv4/icmp.c; RFC 1122 3.2.2, RFC 1812 4.3).
 *
 * The error quotes the packet as it is at this instant, up to 576 bytes in all. It takes over the packet's flow, so that
 * reverse translation makes it and its quote readable to the one who sent the original.
 */
import { DROP, PROTO } from "../base/codes.js";
import { IP_FLAG, PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { RTN } from "./fib-table.js";
import { ICMP, isIcmpError } from "./icmp-codes.js";
import { icmp6Error } from "./icmp6-error.js";
import { icmpAllowed, redirectAllowed, routeErrorAllowed } from "./icmp-limit.js";
import { routeOutput } from "./route-output.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** Headers of an ICMP error before its quote. */
const IP_AND_ICMP = 28;
/** RFC 1812 4.3.2.3: as much as possible within 576 bytes. */
const LARGEST_ERROR = 576;
/** Precedence "internetwork control". */
const TOS_CONTROL = 0xc0;
/** ctInfo from which on a packet belongs to the reply direction (IP_CT_IS_REPLY). */
const IS_REPLY = 3;
const RELATED = 1;
const RELATED_REPLY = 4;

/** Whether an error may be sent about `p` at all. */
function deservesError(s: Stack, p: number): boolean {
  const c = s.packets.c;
  if ((c.meta[p]! & (PACKET_META.BROADCAST | PACKET_META.MULTICAST)) !== 0) return false;
  if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) return false;
  if (c.rtType[p] === RTN.broadcast || c.rtType[p] === RTN.multicast) return false;
  if (c.proto[p] === PROTO.ICMP && isIcmpError(c.icmpType[p]!)) return false;
  const w = s.book.words[c.src[p]! * 4]!;
  return w !== 0 && w !== -1 && w >>> 28 !== 14;
}

/** icmp_send: tells the sender of `p`, which stays the caller's. `info` is the rest word (next-hop MTU, gateway). */
export function icmpError(s: Stack, p: number, ns: number, type: number, code: number, info: number): void {
  if (!deservesError(s, p)) return;
  const to = s.packets.c.src[p]!;
  const e = s.packets.alloc();
  const c = s.packets.c;
  c.dst[e] = to;
  c.src[e] = c.rtType[p] === RTN.local ? c.dst[p]! : 0;
  c.proto[e] = PROTO.ICMP;
  c.ttl[e] = 64;
  c.tos[e] = (c.tos[p]! & 0x1e) | TOS_CONTROL;
  c.icmpType[e] = type;
  c.icmpCode[e] = code;
  c.icmpInfo[e] = info;
  c.etherType[e] = 0x0800;
  c.ipLen[e] = Math.min(IP_AND_ICMP + c.ipLen[p]!, LARGEST_ERROR);
  c.parent[e] = c.id[p]!;
  if (c.ct[p] !== 0) {
    c.ct[e] = c.ct[p]!;
    c.ctInfo[e] = c.ctInfo[p]! >= IS_REPLY ? RELATED : RELATED_REPLY;
  }
  if (routeOutput(s, e, ns, 0) !== 0 || !icmpAllowed(s, ns, type, to)) {
    s.packets.release(e);
    return;
  }
  const quote = s.packets.copy(p);
  s.packets.c.inner[e] = quote;
  if (s.trace !== null) traceStep(s, STEP.ICMP_ERROR, p, ns, s.packets.c.rtDev[e]!, type, code);
  s.op.ipLocalOut(e, ns);
}

/** ip_error: the route of a packet that came in is an error; `type` is that route's RTN_*, 0 where there was none. */
export function routeError(s: Stack, p: number, ns: number, dev: number, type: number): void {
  const reason = type === RTN.blackhole ? DROP.BLACKHOLE : type === RTN.unreachable ? DROP.UNREACHABLE : type === RTN.prohibit ? DROP.PROHIBIT : DROP.IP_INNOROUTES;
  if (type !== RTN.blackhole && routeErrorAllowed(s, ns, s.packets.c.src[p]!)) {
    const code = type === RTN.unreachable ? ICMP.hostUnreachable : type === RTN.prohibit ? ICMP.adminProhibited : ICMP.netUnreachable;
    icmpError(s, p, ns, ICMP.unreachable, code, 0);
  }
  s.op.drop(p, ns, dev, reason);
}

/** ip_rt_send_redirect: the packet goes out by the device it came in by, so its sender could have gone straight. */
export function sendRedirect(s: Stack, p: number, ns: number): void {
  const c = s.packets.c;
  if (!redirectAllowed(s, ns, c.src[p]!)) return;
  const gateway = c.rtVia[p]! !== 0 ? c.rtVia[p]! : c.dst[p]!;
  icmpError(s, p, ns, ICMP.redirect, ICMP.redirectHost, s.book.words[gateway * 4]!);
}

/** Fills the slot of ICMP errors, of both families: types and codes are those of the packet's. */
export function installIcmpError(s: Stack): void {
  s.op.icmpError = (p, ns, dev, type, code, info) => (s.book.family[s.packets.c.src[p]!] === 6 ? icmp6Error(s, p, ns, dev, type, code, info) : icmpError(s, p, ns, type, code, info));
}
