/** RSTs: for segments that no socket wants (tcp_v4_send_reset), and for REJECT --reject-with tcp-reset (nf_send_reset). RFC 9293 3.10.7. */
import { PROTO } from "../../base/codes.js";
import { IP_FLAG, TCP_FLAG } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { routeOutput } from "../route-output.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { makeLocal } from "./local-send.js";

/** ctInfo from which on a packet belongs to the reply direction, and what an answer's becomes (nf_conntrack_attach). */
const IS_REPLY = 3;
const RELATED = 1;
const RELATED_REPLY = 4;

/**
 * The RST that answers `p`, which stays the caller's; none answers an RST. One that rejects belongs to the packet's flow, and
 * goes straight out of the bridge port that the packet came in by, from the MAC that it was for, past all hooks.
 */
export function sendReset(s: Stack, p: number, ns: number, rejects = false): void {
  if ((s.packets.c.flags[p]! & TCP_FLAG.RST) !== 0) return;
  const r = makeLocal(s, s.packets.c.dst[p]!, s.packets.c.src[p]!, PROTO.TCP, 0);
  const c = s.packets.c;
  const flags = c.flags[p]!;
  c.sport[r] = c.dport[p]!;
  c.dport[r] = c.sport[p]!;
  c.parent[r] = c.id[p]!;
  c.ipLen[r] = s.book.is4(c.dst[r]!) ? 40 : 60;
  c.frag[r] = IP_FLAG.DF;
  if (rejects && c.ct[p] !== 0) {
    c.ct[r] = c.ct[p]!;
    c.ctInfo[r] = c.ctInfo[p]! >= IS_REPLY ? RELATED : RELATED_REPLY;
  }
  if ((flags & TCP_FLAG.ACK) !== 0) {
    c.flags[r] = TCP_FLAG.RST;
    c.seq[r] = c.ack[p]!;
  } else {
    c.flags[r] = TCP_FLAG.RST | TCP_FLAG.ACK;
    const length = c.payLen[p]! + ((flags & TCP_FLAG.SYN) !== 0 ? 1 : 0) + ((flags & TCP_FLAG.FIN) !== 0 ? 1 : 0);
    c.ack[r] = (c.seq[p]! + length) | 0;
  }
  if (routeOutput(s, r, ns, 0) !== 0) {
    s.packets.release(r);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.TCP_RESET, p, ns, c.rtDev[r]!, 0, 0);
  const port = rejects ? c.physIn[p]! : 0;
  if (port === 0) {
    s.op.ipLocalOut(r, ns);
    return;
  }
  c.macSrc[r] = c.macDst[p]!;
  c.macDst[r] = c.macSrc[p]!;
  s.op.transmit(r, port);
}

/** nf_send_reset: as if the destination itself had refused; the reset belongs to the packet's flow. */
export function rejectWithReset(s: Stack, p: number, ns: number): void {
  sendReset(s, p, ns, true);
}
