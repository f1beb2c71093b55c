/** UDP sockets (RFC 768; net/ipv4/udp.c). Sockets are unconnected unless `udpConnect` is called, which lets ICMP errors through. */
import { DROP, PROTO } from "../../base/codes.js";
import { STEP } from "../../trace/kinds.js";
import { isLinkLocal } from "../address6.js";
import { ERRNO } from "../errno.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { heard, makeLocal, sendLocal } from "./local-send.js";
import { SOCKF } from "./socket-table.js";
import { bindPort } from "./source-port.js";

const HEADERS4 = 28;
const HEADERS6 = 48;

/** A socket bound to an address (0: any) and port (0: the kernel's choice): its row, or a negative errno. */
export function udpBind(s: Stack, ns: number, addr: number, port: number, app: number): number {
  const chosen = port !== 0 ? port : bindPort(s, ns, PROTO.UDP, addr);
  if (chosen === 0) return -ERRNO.EADDRNOTAVAIL;
  for (const row of s.sock.boundTo(ns, PROTO.UDP, chosen)) {
    const other = s.sock.rows.c.localAddr[row]!;
    if (other === addr || other === 0 || addr === 0) return -ERRNO.EADDRINUSE;
  }
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = ns;
  c.proto[row] = PROTO.UDP;
  c.localAddr[row] = addr;
  c.localPort[row] = chosen;
  s.sock.own(row, app);
  s.sock.hangBound(row);
  return row;
}

/** connect(2): the socket speaks to this peer alone, and hears of ICMP errors about it. 0, or EINVAL for an address of one link, which needs a device. */
export function udpConnect(s: Stack, sock: number, addr: number, port: number): number {
  if (isLinkLocal(s, addr)) return ERRNO.EINVAL;
  const c = s.sock.rows.c;
  c.remoteAddr[sock] = addr;
  c.remotePort[sock] = port;
  return 0;
}

/** sendto(2): 0 or an errno. A pending error of the socket comes first, as in the kernel. */
export function udpSend(s: Stack, sock: number, dst: number, dport: number, payload: number, off: number, len: number): number {
  const c = s.sock.rows.c;
  if (c.error[sock] !== 0) {
    const pending = c.error[sock]!;
    c.error[sock] = 0;
    return pending;
  }
  const p = makeLocal(s, c.localAddr[sock]!, dst, PROTO.UDP, sock);
  const k = s.packets.c;
  k.sport[p] = c.localPort[sock]!;
  k.dport[p] = dport;
  k.payload[p] = payload;
  k.payOff[p] = off;
  k.payLen[p] = len;
  k.mark[p] = c.mark[sock]!;
  k.ipLen[p] = (s.book.is4(dst) ? HEADERS4 : HEADERS6) + len;
  if (s.trace !== null) traceStep(s, STEP.SEND, p, c.ns[sock]!, 0, sock, 0);
  return heard(sendLocal(s, p, c.ns[sock]!, "fits"));
}

export function udpClose(s: Stack, sock: number): void {
  s.sock.remove(sock);
}

/** __udp4_lib_rcv */
export function udpReceive(s: Stack, p: number, ns: number, dev: number): void {
  const k = s.packets.c;
  const sock = s.sock.findBound(ns, PROTO.UDP, k.dst[p]!, k.dport[p]!);
  const c = s.sock.rows.c;
  const otherFamily = sock !== 0 && (c.flags[sock]! & SOCKF.only4) !== 0 && !s.book.is4(k.dst[p]!);
  const stranger = sock !== 0 && c.remoteAddr[sock] !== 0 && (c.remoteAddr[sock] !== k.src[p] || c.remotePort[sock] !== k.sport[p]);
  if (sock === 0 || stranger || otherFamily) {
    // nf_reset_ct: its connection is forgotten by now, and the error's is found by what it quotes.
    k.ct[p] = 0;
    k.ctInfo[p] = 0;
    if (s.book.is4(k.dst[p]!)) s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.portUnreachable, 0);
    else s.op.icmpError(p, ns, dev, ICMP6.unreachable, ICMP6.portUnreachable, 0);
    s.op.drop(p, ns, dev, DROP.NO_SOCKET);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.DELIVER, p, ns, dev, sock, 0);
  const event = { kind: "datagram", sock, from: k.src[p]!, port: k.sport[p]!, payload: k.payload[p]!, off: k.payOff[p]!, len: k.payLen[p]! } as const;
  const app = c.app[sock]!;
  s.packets.release(p);
  s.op.appEvent(app, event);
}
