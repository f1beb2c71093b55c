/** TCP as programs use it: listen, connect, send, close (net/ipv4/tcp.c, inet_connection_sock.c). */
import { PROTO } from "../../base/codes.js";
import { TCP_FLAG } from "../../packet/columns.js";
import { isLinkLocal } from "../address6.js";
import { ERRNO } from "../errno.js";
import { routeOutput } from "../route-output.js";
import type { Stack } from "../stack.js";
import { makeLocal } from "./local-send.js";
import { SOCKF, TCP_STATE } from "./socket-table.js";
import { bindPort, connectPort } from "./source-port.js";
import { startSequence } from "./tcp-input.js";
import { pushQueue, sendSegment, sendSyn } from "./tcp-output.js";
import { endSocket } from "./tcp-timer.js";

/** A listener at an address (0: any) and port (0: the kernel's choice): its row, or a negative errno. */
export function tcpListen(s: Stack, ns: number, addr: number, port: number, app: number): number {
  const chosen = port !== 0 ? port : bindPort(s, ns, PROTO.TCP, addr);
  for (const row of s.sock.boundTo(ns, PROTO.TCP, chosen)) {
    const other = s.sock.rows.c.localAddr[row]!;
    if (other === addr || other === 0 || addr === 0) return -ERRNO.EADDRINUSE;
  }
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = ns;
  c.proto[row] = PROTO.TCP;
  c.state[row] = TCP_STATE.listen;
  c.localAddr[row] = addr;
  c.localPort[row] = chosen;
  s.sock.own(row, app);
  s.sock.hangBound(row);
  return row;
}

/** The address that packets to `dst` would leave with, or a negative errno. */
function sourceFor(s: Stack, ns: number, dst: number): number {
  const p = makeLocal(s, 0, dst, PROTO.TCP, 0);
  const errno = routeOutput(s, p, ns, 0);
  const src = s.packets.c.src[p]!;
  s.packets.release(p);
  return errno !== 0 ? -errno : src;
}

/** What a program asks its packets to carry (IP_TTL, IP_TOS); 0 is the kernel's default. */
export interface PacketMarks {
  readonly ttl: number;
  readonly tos: number;
}

const PLAIN: PacketMarks = Object.freeze({ ttl: 0, tos: 0 });

/**
 * connect(2): begins a handshake. `src` and `sport` 0 leave the choice to the kernel. Returns the socket's row; the program
 * hears "connected" or "closed". A negative errno: refused at once (no route, say).
 */
export function tcpConnect(s: Stack, ns: number, src: number, sport: number, dst: number, dport: number, app: number, marks: PacketMarks = PLAIN): number {
  // An address of one link needs a device, which these sockets are not bound to.
  if (isLinkLocal(s, dst)) return -ERRNO.EINVAL;
  const local = src !== 0 ? src : sourceFor(s, ns, dst);
  if (local < 0) return local;
  const port = sport !== 0 ? sport : connectPort(s, ns, local, dst, dport);
  if (port === 0) return -ERRNO.EADDRNOTAVAIL;
  const known = s.sock.findConnected(ns, PROTO.TCP, local, port, dst, dport);
  if (known !== 0) {
    if (s.sock.rows.c.state[known] !== TCP_STATE.timeWait) return -ERRNO.EADDRNOTAVAIL;
    s.sock.remove(known);
  }
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = ns;
  c.proto[row] = PROTO.TCP;
  c.state[row] = TCP_STATE.synSent;
  c.localAddr[row] = local;
  c.localPort[row] = port;
  c.remoteAddr[row] = dst;
  c.remotePort[row] = dport;
  c.ttl[row] = marks.ttl;
  c.tos[row] = marks.tos;
  s.sock.own(row, app);
  startSequence(s, row);
  s.sock.hangConnected(row);
  const errno = sendSyn(s, row);
  if (errno > 0) {
    if (s.sock.rows.live[row] === 1) s.sock.remove(row);
    return -errno;
  }
  return row;
}

/** write(2): 0 or an errno. */
export function tcpSend(s: Stack, sock: number, payload: number, off: number, len: number): number {
  const c = s.sock.rows.c;
  const state = c.state[sock]!;
  if (s.sock.rows.live[sock] !== 1 || (c.flags[sock]! & SOCKF.finQueued) !== 0 || (state !== TCP_STATE.established && state !== TCP_STATE.closeWait)) return ERRNO.EPIPE;
  const chunks = s.sock.queues.get(sock) ?? [];
  const last = chunks[chunks.length - 1];
  const seq = last === undefined ? c.nextSeq[sock]! : (last.seq + last.len) | 0;
  s.sock.queues.set(sock, Object.freeze([...chunks, Object.freeze({ seq, payload, off, len })]));
  pushQueue(s, sock);
  return 0;
}

/** close(2): an orderly end, after which no data is taken; the program hears "closed" when the connection is over. */
export function tcpClose(s: Stack, sock: number): void {
  const { flags } = s.sock.rows.c;
  if (s.sock.rows.live[sock] !== 1) return;
  flags[sock] = flags[sock]! | SOCKF.readNoMore;
  tcpShutdown(s, sock);
}

/** shutdown(2) of the sending side: the peer hears that nothing more will come, and may go on sending. */
export function tcpShutdown(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (s.sock.rows.live[sock] !== 1) return;
  const state = c.state[sock]!;
  if (state === TCP_STATE.listen || state === TCP_STATE.synSent) {
    c.flags[sock] = c.flags[sock]! | SOCKF.orphan;
    endSocket(s, sock, 0);
    return;
  }
  if (state !== TCP_STATE.established && state !== TCP_STATE.closeWait && state !== TCP_STATE.synRecv) return;
  c.state[sock] = state === TCP_STATE.closeWait ? TCP_STATE.lastAck : TCP_STATE.finWait1;
  c.flags[sock] = c.flags[sock]! | SOCKF.finQueued;
  pushQueue(s, sock);
}

/** Ends a connection with a RST (SO_LINGER 0, or a program that died with bytes unread). */
export function tcpAbort(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (s.sock.rows.live[sock] !== 1) return;
  c.flags[sock] = c.flags[sock]! | SOCKF.orphan;
  if (c.state[sock] !== TCP_STATE.listen && c.state[sock] !== TCP_STATE.synSent) sendSegment(s, sock, TCP_FLAG.RST | TCP_FLAG.ACK, c.nextSeq[sock]!, 0, 0, 0);
  endSocket(s, sock, 0);
}
