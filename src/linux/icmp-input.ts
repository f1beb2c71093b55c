/** ICMP for this host (icmp_rcv): echo requests are answered, errors are told to the socket they quote, MTUs are learned. */
import { DROP, PROTO } from "../base/codes.js";
import { STEP } from "../trace/kinds.js";
import { ICMP, isIcmpError } from "./icmp-codes.js";
import { learnMtu } from "./path-mtu.js";
import { routeOutput } from "./route-output.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** icmp_rcv: `echoReply` takes the answers that programs wait for. */
export function icmpReceive(s: Stack, p: number, ns: number, dev: number, echoReply: (p: number, ns: number) => boolean): void {
  const c = s.packets.c;
  const type = c.icmpType[p]!;
  if (type === ICMP.echo) {
    if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
    if (c.rtType[p] !== 3) answerEcho(s, p, ns);
    s.packets.release(p);
  } else if (type === ICMP.echoReply) {
    if (echoReply(p, ns)) {
      if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
      s.packets.release(p);
    } else s.op.drop(p, ns, dev, DROP.NO_SOCKET);
  } else if (isIcmpError(type)) {
    const quoted = c.inner[p]!;
    if (type === ICMP.unreachable && c.icmpCode[p] === ICMP.fragmentationNeeded && quoted !== 0) learnMtu(s, ns, c.dst[quoted]!, c.icmpInfo[p]! & 0xffff);
    if (quoted !== 0) s.op.socketError(p, ns);
    if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, type, 0);
    s.packets.release(p);
  } else {
    s.op.drop(p, ns, dev, DROP.INVALID_PROTO);
  }
}

/** icmp_echo: the request turned round, from the address it was sent to. */
function answerEcho(s: Stack, p: number, ns: number): void {
  const e = s.packets.alloc();
  const c = s.packets.c;
  c.src[e] = c.dst[p]!;
  c.dst[e] = c.src[p]!;
  c.proto[e] = PROTO.ICMP;
  c.ttl[e] = 64;
  c.tos[e] = c.tos[p]!;
  c.etherType[e] = 0x0800;
  c.icmpType[e] = ICMP.echoReply;
  c.sport[e] = c.sport[p]!;
  c.dport[e] = c.dport[p]!;
  c.payload[e] = c.payload[p]!;
  c.payOff[e] = c.payOff[p]!;
  c.payLen[e] = c.payLen[p]!;
  c.ipLen[e] = c.ipLen[p]!;
  c.parent[e] = c.id[p]!;
  if (routeOutput(s, e, ns, 0) !== 0) {
    s.packets.release(e);
    return;
  }
  s.op.ipLocalOut(e, ns);
}
