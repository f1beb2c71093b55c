/** IPv4 receive (net/ipv4/ip_input.c): ip_rcv, PREROUTING, the routing decision, INPUT, and delivery to a protocol. */
import { DROP } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { RTN } from "./fib-table.js";
import { gatherForTracking, gatherFragment, isFragment } from "./fragment.js";
import { routeError } from "./icmp-error.js";
import { ipForward } from "./ip-forward.js";
import { NO_ROUTE, routeInput } from "./route-input.js";
import { HOOK, NF, type Stack } from "./stack.js";

/** ip_rcv: a packet for the stack, come in at `dev`. */
export function ipReceive(s: Stack, first: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  c.iif[first] = dev;
  if ((c.meta[first]! & PACKET_META.OTHERHOST) !== 0) {
    s.op.drop(first, ns, dev, DROP.OTHERHOST);
    return;
  }
  const p = gatherForTracking(s, first, ns);
  if (p === 0) return;
  if ((s.ns.c.hooks[ns]! & (1 << HOOK.prerouting)) !== 0 && s.op.hook(HOOK.prerouting, p, ns, dev, 0) !== NF.accept) return;
  if (s.cells.listing !== dev) ipReceiveFinish(s, p, dev);
  else s.cells.list.push(p);
}

/** ip_rcv_finish: routes a packet that has been through PREROUTING, and sends it up or on. */
export function ipReceiveFinish(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  const bad = routeInput(s, p, ns, dev);
  if (bad !== 0) {
    s.op.drop(p, ns, dev, bad);
    return;
  }
  const type = c.rtType[p]!;
  if (type === RTN.unicast) {
    ipForward(s, p, ns, dev);
  } else if (type === RTN.local || type === RTN.broadcast) {
    ipLocalIn(s, p, ns, dev);
  } else if (s.ns.c.ipForward[ns] === 0) {
    s.op.drop(p, ns, dev, DROP.FORWARDING_OFF);
  } else {
    routeError(s, p, ns, dev, type === NO_ROUTE ? 0 : type);
  }
}

/** ip_local_deliver: reassembly, INPUT, then the protocol. */
function ipLocalIn(s: Stack, first: number, ns: number, dev: number): void {
  let p = first;
  if (isFragment(s, p)) {
    p = gatherFragment(s, p, ns);
    if (p === 0) return;
  }
  if ((s.ns.c.hooks[ns]! & (1 << HOOK.input)) !== 0 && s.op.hook(HOOK.input, p, ns, dev, 0) !== NF.accept) return;
  s.op.localDeliver(p, ns, dev);
}

/** Fills the slots of IPv4 receive. */
export function installIpInput(s: Stack): void {
  s.op.ipReceive = (p, dev) => ipReceive(s, p, dev);
  s.op.ipReceiveFinish = (p, dev) => ipReceiveFinish(s, p, dev);
}
