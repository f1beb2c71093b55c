/** Echo requests of programs (raw ICMP sockets, net/ipv4/raw.c): the identifier is the socket's, the sequence the program's. */
import { PROTO } from "../../base/codes.js";
import { STEP } from "../../trace/kinds.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { heard, makeLocal, sendLocal } from "./local-send.js";

const HEADERS4 = 28;
const HEADERS6 = 48;

/** A socket for echo requests of both families; `ident` 0 lets the kernel choose a free one. */
export function pingOpen(s: Stack, ns: number, app: number, ident: number): number {
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = ns;
  c.proto[row] = PROTO.ICMP;
  c.localPort[row] = ident !== 0 ? ident : freeIdent(s, ns, app);
  s.sock.own(row, app);
  s.sock.hangBound(row);
  return row;
}

/** An identifier that no socket has, and that no program before had, as those of processes do not return soon. */
function freeIdent(s: Stack, ns: number, app: number): number {
  let ident = app & 0xffff;
  while (ident === 0 || s.sock.findBound(ns, PROTO.ICMP, 0, ident) !== 0) ident = (ident + 1) & 0xffff;
  return ident;
}

/** One echo request of `size` data bytes: 0 or an errno. */
export function pingSend(s: Stack, sock: number, dst: number, sequence: number, size: number, ttl: number, dontFragment: boolean, src = 0, mark = 0): number {
  const c = s.sock.rows.c;
  const v4 = s.book.is4(dst);
  const p = makeLocal(s, src !== 0 ? src : c.localAddr[sock]!, dst, v4 ? PROTO.ICMP : PROTO.ICMP6, sock);
  const k = s.packets.c;
  k.ttl[p] = ttl;
  k.icmpType[p] = v4 ? ICMP.echo : ICMP6.echo;
  k.sport[p] = c.localPort[sock]!;
  k.dport[p] = sequence;
  k.payLen[p] = size;
  k.mark[p] = mark;
  k.ipLen[p] = (v4 ? HEADERS4 : HEADERS6) + size;
  if (s.trace !== null) traceStep(s, STEP.SEND, p, c.ns[sock]!, 0, sock, 0);
  const errno = sendLocal(s, p, c.ns[sock]!, dontFragment ? "never" : "allow");
  // rawv6_sendmsg hides nothing.
  return v4 ? heard(errno) : errno;
}

export function pingClose(s: Stack, sock: number): void {
  s.sock.remove(sock);
}

/** Gives an echo reply to the socket it belongs to; false if nobody waits for it. `p` stays the caller's. */
export function pingReceive(s: Stack, p: number, ns: number): boolean {
  const k = s.packets.c;
  const sock = s.sock.findBound(ns, PROTO.ICMP, 0, k.sport[p]!);
  if (sock === 0) return false;
  s.op.appEvent(s.sock.rows.c.app[sock]!, { kind: "echo", sock, from: k.src[p]!, sequence: k.dport[p]!, ttl: k.ttl[p]!, len: k.payLen[p]! });
  return true;
}
