/**
 * The way out for a packet of this host, and its source address where the sender chose none (ip_route_output_key_hash).
 *
 * Kernel: net/ipv4/route.c. The answer is left in the packet; the return value is 0 or an errno number.
 */
import { isLinkLocal, needsLink } from "./address6.js";
import { ERRNO } from "./errno.js";
import { STEP } from "../trace/kinds.js";
import { chooseHop, fibLookup } from "./fib.js";
import { type Route, RTN } from "./fib-table.js";
import { pathMtu } from "./path-mtu.js";
import { routeId } from "./route-id.js";
import { selectSource6 } from "./ip6-source.js";
import { preferredSource } from "./source-address.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** What a program hears when the best route is an error. */
export function routeErrno(type: number): number {
  if (type === RTN.blackhole) return ERRNO.EINVAL;
  if (type === RTN.unreachable) return ERRNO.EHOSTUNREACH;
  if (type === RTN.prohibit) return ERRNO.EACCES;
  return ERRNO.ENETUNREACH;
}

function isLoopbackAddr(s: Stack, addr: number): boolean {
  return s.book.family[addr] === 4 ? s.book.words[addr * 4]! >>> 24 === 127 : false;
}

/**
 * Routes packet `p` (src may be 0) of namespace `ns`; `oif` binds it to a device (0: any). Sets `rtDev`, `rtVia`, `rtType`,
 * `rtMtu` and a missing `src`.
 */
export function routeOutput(s: Stack, p: number, ns: number, oif: number): number {
  const c = s.packets.c;
  const dst = c.dst[p]!;
  if (s.book.family[dst] === 4) {
    const word = s.book.words[dst * 4]!;
    if (word === -1 || word >>> 28 === 14) return routeToGroup(s, p, ns, oif, word === -1 ? RTN.broadcast : RTN.multicast);
  }
  const bound = oif === 0 && s.book.family[dst] === 6 && needsLink(s, dst) ? linkOf(s, ns, c.src[p]!) : oif;
  let route = fibLookup(s, ns, dst, c.src[p]!, c.mark[p]!, 0, bound);
  if ((route === null || route.hops.length === 0) && c.src[p] === 0 && s.book.family[dst] === 6) {
    // ip6_dst_lookup_tail: a source is chosen without a route, and the rules are asked again with it.
    c.src[p] = selectSource6(s, ns, bound, dst);
    if (c.src[p] === 0) return ERRNO.EADDRNOTAVAIL;
    route = fibLookup(s, ns, dst, c.src[p]!, c.mark[p]!, 0, bound);
  }
  if (route === null) return ERRNO.ENETUNREACH;
  if (route.hops.length === 0) return routeErrno(route.type);
  if (route.type === RTN.anycast) return settle(s, p, ns, route, s.ns.c.lo[ns]!, 0);
  if (route.type === RTN.local) {
    if (c.src[p] === 0) c.src[p] = route.src !== 0 ? route.src : dst;
    return settle(s, p, ns, route, s.ns.c.lo[ns]!, 0);
  }
  const hop = chooseHop(s, route, c.src[p]!, dst);
  if (c.src[p] === 0) {
    const source = preferredSource(s, route, hop, dst);
    // IPv6 chooses from nothing: a host without an address cannot send.
    if (source === 0 && s.book.family[dst] === 6) return ERRNO.EADDRNOTAVAIL;
    c.src[p] = source;
  }
  if (isLoopbackAddr(s, c.src[p]!) && s.ns.c.routeLocalnet[ns] === 0 && s.dev.c.routeLocalnet[hop.dev] === 0) return ERRNO.EINVAL;
  return settle(s, p, ns, route, hop.dev, hop.via);
}

/** The device that an address of one link is on: a socket that has spoken on that link goes on doing so. 0 if `src` says none. */
function linkOf(s: Stack, ns: number, src: number): number {
  if (src === 0 || !isLinkLocal(s, src)) return 0;
  const own = fibLookup(s, ns, src, 0, 0, 0, 0);
  return own !== null && own.type === RTN.local ? own.hops[0]!.dev : 0;
}

function routeToGroup(s: Stack, p: number, ns: number, oif: number, type: number): number {
  const c = s.packets.c;
  let dev = oif;
  if (dev === 0) {
    const route = fibLookup(s, ns, c.dst[p]!, c.src[p]!, c.mark[p]!, 0, 0);
    if (route === null || route.hops.length === 0) return ERRNO.ENETUNREACH;
    dev = route.hops[0]!.dev;
    if (c.src[p] === 0) c.src[p] = preferredSource(s, route, route.hops[0]!, c.dst[p]!);
  }
  c.rtType[p] = type;
  c.rtDev[p] = dev;
  c.rtVia[p] = 0;
  c.rtMtu[p] = s.dev.c.mtu[dev]!;
  return 0;
}

function settle(s: Stack, p: number, ns: number, route: Route, dev: number, via: number): number {
  const c = s.packets.c;
  c.rtType[p] = route.type;
  c.rtDev[p] = dev;
  c.rtVia[p] = via;
  c.rtMtu[p] = pathMtu(s, ns, c.dst[p]!, route.mtu, dev);
  if (s.trace !== null) traceStep(s, STEP.ROUTE, p, ns, dev, routeId(s, route), via);
  return 0;
}
