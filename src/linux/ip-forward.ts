/** IPv4 forwarding (net/ipv4/ip_forward.c): TTL, MTU, redirects, FORWARD. In the kernel's order, which the quoted TTLs of ICMP errors show. */
import { DROP } from "../base/codes.js";
import { outgrowsMemory } from "./dev/tunnel-room.js";
import { IP_FLAG } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { ICMP } from "./icmp-codes.js";
import { sendRedirect } from "./icmp-error.js";
import { HOOK, NF, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** ip_forward: a routed packet from `dev` on its way to its `rtDev`. */
export function ipForward(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  if (c.ttl[p]! <= 1) {
    s.op.icmpError(p, ns, dev, ICMP.timeExceeded, 0, 0);
    s.op.drop(p, ns, dev, DROP.TTL_EXPIRED);
    return;
  }
  const mtu = c.rtMtu[p]!;
  if (c.ipLen[p]! > mtu && (c.frag[p]! & IP_FLAG.DF) !== 0) {
    s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.fragmentationNeeded, mtu);
    s.op.drop(p, ns, dev, DROP.PKT_TOO_BIG);
    return;
  }
  const out = c.rtDev[p]!;
  if (outgrowsMemory(s, p, out)) {
    s.op.drop(p, ns, dev, DROP.NOT_SPECIFIED);
    return;
  }
  c.ttl[p] = c.ttl[p]! - 1;
  if (out === dev && s.ns.c.sendRedirects[ns] === 1) sendRedirect(s, p, ns);
  if (s.trace !== null) traceStep(s, STEP.TTL, p, ns, out, c.ttl[p]!, 0);
  if ((s.ns.c.hooks[ns]! & (1 << HOOK.forward)) !== 0 && s.op.hook(HOOK.forward, p, ns, dev, out) !== NF.accept) return;
  s.op.ipOutput(p, ns);
}
