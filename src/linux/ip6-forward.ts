/** IPv6 forwarding (ip6_forward, net/ipv6/ip6_output.c), in the kernel's order, which the quoted hop limits of ICMPv6 errors show. */
import { DROP } from "../base/codes.js";
import { STEP } from "../trace/kinds.js";
import { isLinkLocal, isLoopback6, isUnspecified6 } from "./address6.js";
import { chooseHop } from "./fib.js";
import { RTN, type Route } from "./fib-table.js";
import { ICMP6 } from "./icmp6-codes.js";
import { sendRedirect6 } from "./ip6-redirect.js";
import { pathMtu } from "./path-mtu.js";
import { routeId } from "./route-id.js";
import { HOOK, hook6, NF, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** No link may carry less in one piece (IPV6_MIN_MTU). */
const LEAST_MTU = 1280;

/** Leaves a route in the packet, as `route-input.ts` does. */
export function takeRoute6(s: Stack, p: number, ns: number, route: Route): void {
  const c = s.packets.c;
  const hop = chooseHop(s, route, c.src[p]!, c.dst[p]!);
  c.rtType[p] = RTN.unicast;
  c.rtDev[p] = hop.dev;
  c.rtVia[p] = hop.via;
  c.rtMtu[p] = Math.max(LEAST_MTU, pathMtu(s, ns, c.dst[p]!, route.mtu, hop.dev));
  if (s.trace !== null) traceStep(s, STEP.ROUTE, p, ns, hop.dev, routeId(s, route), hop.via);
}

/** ip6_forward: a packet from `dev` that goes on by `route`; `iif` is where the kernel thinks that it came in. */
export function ip6Forward(s: Stack, p: number, ns: number, dev: number, iif: number, route: Route): void {
  takeRoute6(s, p, ns, route);
  const c = s.packets.c;
  if (c.ttl[p]! <= 1) {
    s.op.icmpError(p, ns, dev, ICMP6.timeExceeded, 0, 0);
    s.op.drop(p, ns, dev, DROP.TTL_EXPIRED);
    return;
  }
  const src = c.src[p]!;
  if (isUnspecified6(s, src) || isLoopback6(s, src)) {
    s.op.drop(p, ns, dev, DROP.IP_INVALID_SOURCE);
    return;
  }
  if (c.rtDev[p] === iif) sendRedirect6(s, p, ns, dev);
  else if (isLinkLocal(s, src)) {
    s.op.icmpError(p, ns, dev, ICMP6.unreachable, ICMP6.notNeighbour, 0);
    s.op.drop(p, ns, dev, DROP.IP_INVALID_SOURCE);
    return;
  }
  // A route's own or learned MTU counts on the way out only. What connection tracking put together goes on in pieces.
  const mtu = Math.max(LEAST_MTU, s.dev.c.mtu[c.rtDev[p]!]!);
  if (c.ipLen[p]! > mtu && (c.pieces[p] === 0 || c.fragMax[p]! > mtu)) {
    s.op.icmpError(p, ns, dev, ICMP6.packetTooBig, 0, mtu);
    s.op.drop(p, ns, dev, DROP.PKT_TOO_BIG);
    return;
  }
  c.ttl[p] = c.ttl[p]! - 1;
  const out = c.rtDev[p]!;
  if (s.trace !== null) traceStep(s, STEP.TTL, p, ns, out, c.ttl[p]!, 0);
  if ((s.ns.c.hooks[ns]! & hook6(HOOK.forward)) !== 0 && s.op.hook(HOOK.forward, p, ns, dev, out) !== NF.accept) return;
  s.op.ipOutput(p, ns);
}
