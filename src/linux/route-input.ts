/**
 * Where a packet that came in goes: here, on, or nowhere (ip_route_input_slow and fib_validate_source).
 *
 * Kernel: net/ipv4/route.c, net/ipv4/fib_frontend.c. The answer is left in the packet (`rtDev`, `rtVia`, `rtType`, `rtMtu`);
 * the return value is 0 or the reason of the drop.
 */
import { DROP } from "../base/codes.js";
import { STEP } from "../trace/kinds.js";
import { chooseHop, fibLookup, hasRules, isLocalAddress } from "./fib.js";
import { RTN, type Route } from "./fib-table.js";
import { routeId } from "./route-id.js";
import { DEV, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** `rtType` of a packet whose route is an error: the RTN_* number of the error, or this where no route was found. */
export const NO_ROUTE = 100;

const isLoopback = (w: number): boolean => w >>> 24 === 127;
const isMulticast = (w: number): boolean => w >>> 28 === 14;

/** Addresses that never are a packet's on the wire: 0 if the pair is sound, else the reason. */
function martian(s: Stack, p: number, ns: number, dev: number): number {
  const c = s.packets.c;
  const src = s.book.words[c.src[p]! * 4]!;
  const dst = s.book.words[c.dst[p]! * 4]!;
  if (isMulticast(src) || src === -1) return DROP.IP_INVALID_SOURCE;
  if (dst === -1 || (src === 0 && dst === 0)) return 0;
  if (src >>> 24 === 0) return DROP.IP_INVALID_SOURCE;
  if (dst >>> 24 === 0) return DROP.IP_INVALID_DEST;
  const localnet = s.ns.c.routeLocalnet[ns] === 1 || s.dev.c.routeLocalnet[dev] === 1;
  if (!localnet && (isLoopback(src) || isLoopback(dst))) return DROP.IP_LOCALNET;
  return 0;
}

/** fib_validate_source: 0, or why this source may not come in by this device. */
export function validateSource(s: Stack, ns: number, src: number, dst: number, dev: number, outDev: number): number {
  const strict = Math.max(s.ns.c.rpFilter[ns]!, s.dev.c.rpFilter[dev]!);
  const acceptLocal = s.ns.c.acceptLocal[ns] === 1;
  if (strict === 0 && (dev !== outDev || s.ns.c.sendRedirects[ns] === 0) && !hasRules(s, ns)) {
    return !acceptLocal && isLocalAddress(s, ns, src) ? DROP.IP_LOCAL_SOURCE : 0;
  }
  // net.ipv4.conf.*.src_valid_mark is off: the way back is looked for without the mark.
  const back = fibLookup(s, ns, src, dst, 0, outDev !== 0 ? outDev : s.ns.c.lo[ns]!, 0);
  if (back === null) return strict !== 0 ? DROP.IP_RPFILTER : 0;
  if (back.type !== RTN.unicast && (back.type !== RTN.local || !acceptLocal)) return back.hops.length === 0 ? (strict !== 0 ? DROP.IP_RPFILTER : 0) : DROP.IP_LOCAL_SOURCE;
  for (const hop of back.hops) if (hop.dev === dev) return 0;
  return strict === 1 ? DROP.IP_RPFILTER : 0;
}

function answer(s: Stack, p: number, ns: number, route: Route | null, type: number, dev: number, via: number): void {
  const c = s.packets.c;
  c.rtType[p] = type;
  c.rtDev[p] = dev;
  c.rtVia[p] = via;
  if (s.trace !== null) {
    const kind = type === RTN.local || type === RTN.broadcast ? STEP.ROUTE_LOCAL : route === null ? STEP.NO_ROUTE : STEP.ROUTE;
    traceStep(s, kind, p, ns, dev, routeId(s, route), via);
  }
}

/** Routes an IPv4 packet that came in by `dev`. After 0, `rtType` says: local or broadcast (for this host), unicast (forward), or an error route. */
export function routeInput(s: Stack, p: number, ns: number, dev: number): number {
  const c = s.packets.c;
  const dst = c.dst[p]!;
  if (s.dev.c.kind[dev] === DEV.loopback) {
    c.rtType[p] = RTN.local;
    c.rtDev[p] = dev;
    c.rtVia[p] = 0;
    return 0;
  }
  const odd = martian(s, p, ns, dev);
  if (odd !== 0) return odd;
  const word = s.book.words[dst * 4]!;
  if (word === -1 || word === 0) {
    answer(s, p, ns, null, RTN.broadcast, dev, 0);
    return 0;
  }
  const route = fibLookup(s, ns, dst, c.src[p]!, c.mark[p]!, dev, 0);
  if (route === null) {
    answer(s, p, ns, null, NO_ROUTE, 0, 0);
    return 0;
  }
  if (route.type === RTN.local || route.type === RTN.broadcast) {
    const bad = validateSource(s, ns, c.src[p]!, dst, dev, 0);
    if (bad !== 0) return bad;
    answer(s, p, ns, route, route.type, dev, 0);
    return 0;
  }
  if (s.ns.c.ipForward[ns] === 0) {
    answer(s, p, ns, route, NO_ROUTE, 0, 0);
    return 0;
  }
  if (route.type !== RTN.unicast) {
    answer(s, p, ns, route, route.type, 0, 0);
    return 0;
  }
  const hop = chooseHop(s, route, c.src[p]!, dst);
  const bad = validateSource(s, ns, c.src[p]!, dst, dev, hop.dev);
  if (bad !== 0) return bad;
  answer(s, p, ns, route, RTN.unicast, hop.dev, hop.via);
  // ip_dst_mtu_maybe_forward: what this host has learned is for its own packets (net.ipv4.ip_forward_use_pmtu is off).
  c.rtMtu[p] = route.mtu !== 0 ? route.mtu : s.dev.c.mtu[hop.dev]!;
  return 0;
}
