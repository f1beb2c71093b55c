/** ICMPv6 for this host (icmpv6_rcv): echo requests are answered, errors are told to the socket they quote, neighbours are heard. */
import { DROP, PROTO } from "../base/codes.js";
import { STEP } from "../trace/kinds.js";
import { isLinkLocal, isMulticast6 } from "./address6.js";
import { RTN } from "./fib-table.js";
import { ICMP6, isIcmp6Error } from "./icmp6-codes.js";
import { ndiscReceive } from "./ndisc-receive.js";
import { learnMtu } from "./path-mtu.js";
import { routeOutput } from "./route-output.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** icmpv6_rcv: `echoReply` takes the answers that programs wait for. */
export function icmp6Receive(s: Stack, p: number, ns: number, dev: number, echoReply: (p: number, ns: number) => boolean): void {
  const c = s.packets.c;
  const type = c.icmpType[p]!;
  if (type === ICMP6.solicitation || type === ICMP6.advertisement) ndiscReceive(s, p, ns, dev);
  else if (type === ICMP6.echo) {
    if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
    answerEcho(s, p, ns, dev);
    s.packets.release(p);
  } else if (type === ICMP6.echoReply) {
    if (echoReply(p, ns)) {
      if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
      s.packets.release(p);
    } else s.op.drop(p, ns, dev, DROP.NO_SOCKET);
  } else if (isIcmp6Error(type)) {
    const quoted = c.inner[p]!;
    if (type === ICMP6.packetTooBig && quoted !== 0) learnMtu(s, ns, c.dst[quoted]!, c.icmpInfo[p]!);
    if (quoted !== 0) s.op.socketError(p, ns);
    if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
    s.packets.release(p);
  } else s.op.drop(p, ns, dev, DROP.INVALID_PROTO);
}

/** icmpv6_echo_reply: the request turned round; one to a group or an anycast address is answered from an address of the route. */
function answerEcho(s: Stack, p: number, ns: number, dev: number): void {
  const e = s.packets.alloc();
  const c = s.packets.c;
  c.src[e] = isMulticast6(s, c.dst[p]!) || c.rtType[p] === RTN.anycast ? 0 : c.dst[p]!;
  c.dst[e] = c.src[p]!;
  c.proto[e] = PROTO.ICMP6;
  c.ttl[e] = 64;
  c.tos[e] = c.tos[p]!;
  c.etherType[e] = 0x86dd;
  c.icmpType[e] = ICMP6.echoReply;
  c.sport[e] = c.sport[p]!;
  c.dport[e] = c.dport[p]!;
  c.payload[e] = c.payload[p]!;
  c.payOff[e] = c.payOff[p]!;
  c.payLen[e] = c.payLen[p]!;
  c.ipLen[e] = c.ipLen[p]!;
  c.parent[e] = c.id[p]!;
  if (routeOutput(s, e, ns, isLinkLocal(s, c.dst[e]!) ? dev : 0) !== 0) s.packets.release(e);
  else s.op.ipLocalOut(e, ns);
}
