/** IPv6 receive and forwarding (net/ipv6/ip6_input.c, ip6_output.c): PREROUTING, the routing decision, INPUT or FORWARD. */
import { DROP } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { isJoined6, isLinkLocal, isMulticast6, isUnspecified6 } from "./address6.js";
import { chooseHop, fibLookup } from "./fib.js";
import { RTN, type Route } from "./fib-table.js";
import { ICMP6 } from "./icmp6-codes.js";
import { pathMtu } from "./path-mtu.js";
import { routeId } from "./route-id.js";
import { DEV, HOOK, NF, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** Hooks of IPv6 stand above those of IPv4 in a namespace's `hooks`. */
const IP6 = 8;

/** ipv6_rcv: a packet for the stack, come in at `dev`. */
export function ip6Receive(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  c.iif[p] = dev;
  if ((c.meta[p]! & PACKET_META.OTHERHOST) !== 0) {
    s.op.drop(p, ns, dev, DROP.OTHERHOST);
    return;
  }
  const loopback = s.dev.c.kind[dev] === DEV.loopback;
  if (s.ns.c.disableIp6[ns] !== 0 || isMulticast6(s, c.src[p]!) || (!loopback && (isLoopback(s, c.src[p]!) || isLoopback(s, c.dst[p]!))) || isUnspecified6(s, c.dst[p]!)) {
    s.op.drop(p, ns, dev, DROP.IP_INVALID_SOURCE);
    return;
  }
  if ((s.ns.c.hooks[ns]! & (1 << (IP6 + HOOK.prerouting))) !== 0 && s.op.hook(HOOK.prerouting, p, ns, dev, 0) !== NF.accept) return;
  ip6ReceiveFinish(s, p, dev);
}

function isLoopback(s: Stack, addr: number): boolean {
  const w = s.book.words;
  const at = addr * 4;
  return (w[at]! | w[at + 1]! | w[at + 2]!) === 0 && w[at + 3] === 1;
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
  const route = fibLookup(s, ns, dst, c.src[p]!, c.mark[p]!, dev, isLinkLocal(s, dst) ? dev : 0);
  if (route !== null && route.type === RTN.local) localIn(s, p, ns, dev, route);
  else if (s.dev.c.kind[dev] === DEV.loopback) localIn(s, p, ns, dev, null);
  else if (s.ns.c.ip6Forward[ns] === 0 || isLinkLocal(s, dst)) s.op.drop(p, ns, dev, DROP.FORWARDING_OFF);
  else if (route === null || route.hops.length === 0) noWay(s, p, ns, dev, route);
  else forward(s, p, ns, dev, route);
}

/** ip6_pkt_discard and ip6_pkt_prohibit. */
function noWay(s: Stack, p: number, ns: number, dev: number, route: Route | null): void {
  if (s.trace !== null) traceStep(s, STEP.NO_ROUTE, p, ns, dev, routeId(s, route), 0);
  const type = route?.type ?? 0;
  if (type !== RTN.blackhole) s.op.icmpError(p, ns, dev, ICMP6.unreachable, type === RTN.prohibit ? ICMP6.prohibited : ICMP6.noRoute, 0);
  s.op.drop(p, ns, dev, type === RTN.blackhole ? DROP.BLACKHOLE : type === RTN.prohibit ? DROP.PROHIBIT : DROP.IP_INNOROUTES);
}

/** ip6_input: INPUT, then the protocol. */
function localIn(s: Stack, p: number, ns: number, dev: number, route: Route | null): void {
  const c = s.packets.c;
  c.rtType[p] = RTN.local;
  c.rtDev[p] = dev;
  c.rtVia[p] = 0;
  if (s.trace !== null && route !== null) traceStep(s, STEP.ROUTE_LOCAL, p, ns, dev, routeId(s, route), 0);
  if ((s.ns.c.hooks[ns]! & (1 << (IP6 + HOOK.input))) !== 0 && s.op.hook(HOOK.input, p, ns, dev, 0) !== NF.accept) return;
  s.op.localDeliver(p, ns, dev);
}

/** ip6_forward, in the kernel's order, which the quoted hop limits show. */
function forward(s: Stack, p: number, ns: number, dev: number, route: Route): void {
  const c = s.packets.c;
  const hop = chooseHop(s, route, c.src[p]!, c.dst[p]!);
  c.rtType[p] = RTN.unicast;
  c.rtDev[p] = hop.dev;
  c.rtVia[p] = hop.via;
  c.rtMtu[p] = pathMtu(s, ns, c.dst[p]!, route.mtu, hop.dev);
  if (s.trace !== null) traceStep(s, STEP.ROUTE, p, ns, hop.dev, routeId(s, route), hop.via);
  if (isLinkLocal(s, c.src[p]!) || isUnspecified6(s, c.src[p]!)) {
    s.op.drop(p, ns, dev, DROP.IP_INVALID_SOURCE);
    return;
  }
  if (c.ttl[p]! <= 1) {
    s.op.icmpError(p, ns, dev, ICMP6.timeExceeded, 0, 0);
    s.op.drop(p, ns, dev, DROP.TTL_EXPIRED);
    return;
  }
  if (c.ipLen[p]! > c.rtMtu[p]!) {
    s.op.icmpError(p, ns, dev, ICMP6.packetTooBig, 0, c.rtMtu[p]!);
    s.op.drop(p, ns, dev, DROP.PKT_TOO_BIG);
    return;
  }
  c.ttl[p] = c.ttl[p]! - 1;
  if (s.trace !== null) traceStep(s, STEP.TTL, p, ns, hop.dev, c.ttl[p]!, 0);
  if ((s.ns.c.hooks[ns]! & (1 << (IP6 + HOOK.forward))) !== 0 && s.op.hook(HOOK.forward, p, ns, dev, hop.dev) !== NF.accept) return;
  s.op.ipOutput(p, ns);
}

/** Fills the slot of IPv6 receive. */
export function installIp6Input(s: Stack): void {
  s.op.ip6Receive = (p, dev) => ip6Receive(s, p, dev);
}
