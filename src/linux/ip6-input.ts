/** IPv6 receive (net/ipv6/ip6_input.c): PREROUTING, the routing decision, then INPUT and the protocol, or forwarding. */
import { DROP } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { isJoined6, isLoopback6, isMulticast6, isUnspecified6, needsLink } from "./address6.js";
import { fibLookup } from "./fib.js";
import { RTN, type Route } from "./fib-table.js";
import { gatherForTracking, gatherFragment, isFragment } from "./fragment.js";
import { ICMP6 } from "./icmp6-codes.js";
import { ip6Forward } from "./ip6-forward.js";
import { routeId } from "./route-id.js";
import { DEV, HOOK, hook6, NF, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** ipv6_rcv: a packet for the stack, come in at `dev`. */
export function ip6Receive(s: Stack, first: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  c.iif[first] = dev;
  if ((c.meta[first]! & PACKET_META.OTHERHOST) !== 0) {
    s.op.drop(first, ns, dev, DROP.OTHERHOST);
    return;
  }
  const bad = martian6(s, first, dev);
  if (bad !== 0) {
    s.op.drop(first, ns, dev, bad);
    return;
  }
  const p = gatherForTracking(s, first, ns);
  if (p === 0) return;
  if ((s.ns.c.hooks[ns]! & hook6(HOOK.prerouting)) !== 0 && s.op.hook(HOOK.prerouting, p, ns, dev, 0) !== NF.accept) return;
  if (s.cells.listing !== dev) ip6ReceiveFinish(s, p, dev);
  else s.cells.list.push(p);
}

/** Addresses that never are a packet's on the wire: 0 if the pair is sound, else the reason. */
function martian6(s: Stack, p: number, dev: number): number {
  const { src, dst } = s.packets.c;
  if (s.ns.c.disableIp6[s.dev.c.ns[dev]!] !== 0) return DROP.IP_INVALID_DEST;
  if (isMulticast6(s, src[p]!)) return DROP.IP_INVALID_SOURCE;
  if (isUnspecified6(s, dst[p]!)) return DROP.IP_INVALID_DEST;
  if (s.dev.c.kind[dev] !== DEV.loopback && (isLoopback6(s, src[p]!) || isLoopback6(s, dst[p]!))) return DROP.IP_LOCALNET;
  return 0;
}

/** ip6_rcv_finish: routes a packet that has been through PREROUTING, and sends it up or on. */
export function ip6ReceiveFinish(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  const dst = c.dst[p]!;
  if (isMulticast6(s, dst)) {
    if (isJoined6(s, ns, dev, dst)) localIn(s, p, ns, dev, null);
    else s.op.drop(p, ns, dev, DROP.IP_INVALID_DEST);
    return;
  }
  // A packet that br_netfilter has routed after DNAT carries that route's device as its input device (ip6_rcv_core).
  const iif = c.rtDev[p] !== 0 ? c.rtDev[p]! : dev;
  const route = routeInput6(s, p, ns, dev);
  if (route !== null && (route.type === RTN.local || route.type === RTN.anycast)) localIn(s, p, ns, dev, route);
  else if (s.dev.c.kind[dev] === DEV.loopback) localIn(s, p, ns, dev, null);
  else if (route === null || route.hops.length === 0) noWay(s, p, ns, dev, route);
  else if (s.ns.c.ip6Forward[ns] === 0) s.op.drop(p, ns, dev, DROP.FORWARDING_OFF);
  else ip6Forward(s, p, ns, dev, iif, route);
}

/** ip6_route_input: addresses of one link are looked for on the device alone. */
export function routeInput6(s: Stack, p: number, ns: number, dev: number): Route | null {
  const c = s.packets.c;
  return fibLookup(s, ns, c.dst[p]!, c.src[p]!, c.mark[p]!, dev, needsLink(s, c.dst[p]!) ? dev : 0);
}

/** ip6_pkt_discard and ip6_pkt_prohibit, which a host that does not forward comes to as well. */
function noWay(s: Stack, p: number, ns: number, dev: number, route: Route | null): void {
  if (s.trace !== null) traceStep(s, STEP.NO_ROUTE, p, ns, dev, routeId(s, route), 0);
  const type = route?.type ?? 0;
  if (type !== RTN.blackhole) s.op.icmpError(p, ns, dev, ICMP6.unreachable, type === RTN.prohibit ? ICMP6.prohibited : ICMP6.noRoute, 0);
  s.op.drop(p, ns, dev, type === RTN.blackhole ? DROP.BLACKHOLE : type === RTN.prohibit ? DROP.PROHIBIT : type === RTN.unreachable ? DROP.UNREACHABLE : DROP.IP_INNOROUTES);
}

/** ip6_input: INPUT, then the protocol. Pieces are put together behind the hook, if PREROUTING has not done it. */
function localIn(s: Stack, first: number, ns: number, dev: number, route: Route | null): void {
  let p = first;
  const c = s.packets.c;
  c.rtType[p] = route === null ? RTN.local : route.type;
  c.rtDev[p] = dev;
  c.rtVia[p] = 0;
  if (s.trace !== null && route !== null) traceStep(s, STEP.ROUTE_LOCAL, p, ns, dev, routeId(s, route), 0);
  if ((s.ns.c.hooks[ns]! & hook6(HOOK.input)) !== 0 && s.op.hook(HOOK.input, p, ns, dev, 0) !== NF.accept) return;
  if (isFragment(s, p)) {
    p = gatherFragment(s, p, ns);
    if (p === 0) return;
  }
  s.op.localDeliver(p, ns, dev);
}

/** Fills the slots of IPv6 receive. */
export function installIp6Input(s: Stack): void {
  s.op.ip6Receive = (p, dev) => ip6Receive(s, p, dev);
  s.op.ip6ReceiveFinish = (p, dev) => ip6ReceiveFinish(s, p, dev);
}
