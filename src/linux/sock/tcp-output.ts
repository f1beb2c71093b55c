/**
 * TCP segments out (net/ipv4/tcp_output.c): SYNs with Linux's options and windows, data within the peer's window, FIN behind
 * the last byte, and the retransmission timer that watches over them. No congestion window: the peer's window is the limit.
 */
import { PROTO } from "../../base/codes.js";
import { mix32 } from "../../base/hash.js";
import { MS, SECOND } from "../../base/time.js";
import { IP_FLAG, TCP_FLAG } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { isMtuLocked } from "../path-mtu.js";
import { routeOutput } from "../route-output.js";
import { EV, type Stack } from "../stack.js";
import { wheelDelay } from "../timer-wheel.js";
import { traceStep } from "../trace-step.js";
import { makeLocal } from "./local-send.js";
import { type Chunk, SOCKF, TCP_STATE } from "./socket-table.js";
import { OPTION_BYTES, pathShrank, segmentRoom } from "./tcp-mtu.js";

/** MSS, SACK permitted, timestamps, window scale. */
const SYN_OPTION_BYTES = 20;
const WINDOW_SCALE = 7;
/** tcp_rmem's default buffer gives this much window at first. */
const FIRST_WINDOW = 65535;
const INITIAL_RTO: number = SECOND;
/** Of the timers of one tick a neighbour's comes first, and so does what a failed neighbour has to say to a socket. */
const AFTER_NEIGHBOURS = 1;
export const MIN_RTO: number = 200 * MS;
export const MAX_RTO: number = 120 * SECOND;
/** RFC 1122: what a peer without the option gets. */
export const DEFAULT_MSS = 536;

/** Timer kinds in the low bits of the second word of EV.tcp; the generation is above them. */
export const TIMER = Object.freeze({ retransmit: 1, ack: 2, timeWait: 3, finWait2: 4 } as const);

/** The clock of the timestamp option: milliseconds since boot and an offset of the pair of hosts. */
export function timestamp(s: Stack, sock: number): number {
  const c = s.sock.rows.c;
  const w = s.book.words;
  return (mix32(w[c.localAddr[sock]! * 4]!, w[c.remoteAddr[sock]! * 4]!) + Math.floor(s.engine.now / MS)) | 0;
}

const isSyn = (flags: number): boolean => (flags & TCP_FLAG.SYN) !== 0;

/** What the header's window field says: unscaled in a SYN, as RFC 7323 wants. */
function windowField(flags: number, mss: number): number {
  const usable = isSyn(flags) && (flags & TCP_FLAG.ACK) !== 0 ? mss - OPTION_BYTES : mss;
  const window = Math.max(1, Math.floor(FIRST_WINDOW / usable)) * usable;
  return isSyn(flags) ? Math.min(window, 65535) : window >> WINDOW_SCALE;
}

/** One segment of a socket. `seq` is given, the rest is the socket's. Returns 0, the errno of a missing way, or below 0 that of what refused it on its way out. */
export function sendSegment(s: Stack, sock: number, flags: number, seq: number, payload: number, off: number, len: number): number {
  const c = s.sock.rows.c;
  const ns = c.ns[sock]!;
  const p = makeLocal(s, c.localAddr[sock]!, c.remoteAddr[sock]!, PROTO.TCP, sock);
  const k = s.packets.c;
  k.sport[p] = c.localPort[sock]!;
  k.dport[p] = c.remotePort[sock]!;
  k.mark[p] = c.mark[sock]!;
  if (c.ttl[sock] !== 0) k.ttl[p] = c.ttl[sock]!;
  k.tos[p] = c.tos[sock]!;
  const errno = routeOutput(s, p, ns, 0);
  if (errno !== 0) {
    s.packets.release(p);
    return errno;
  }
  const header = s.book.is4(k.dst[p]!) ? 20 : 40;
  const advertised = k.rtMtu[p]! - header - 20;
  k.flags[p] = flags;
  k.seq[p] = seq;
  k.ack[p] = (flags & TCP_FLAG.ACK) !== 0 ? c.expected[sock]! : 0;
  k.window[p] = windowField(flags, advertised);
  k.optLen[p] = isSyn(flags) ? SYN_OPTION_BYTES : OPTION_BYTES;
  k.tsval[p] = timestamp(s, sock);
  k.tsecr[p] = c.tsRecent[sock]!;
  if (isSyn(flags)) {
    k.mss[p] = advertised;
    k.wscale[p] = WINDOW_SCALE;
  }
  k.payload[p] = payload;
  k.payOff[p] = off;
  k.payLen[p] = len;
  k.ipLen[p] = header + 20 + k.optLen[p]! + len;
  c.pathMtu[sock] = k.rtMtu[p]!;
  // The answer to a SYN is never long enough to be cut.
  const isAnswer = isSyn(flags) && (flags & TCP_FLAG.ACK) !== 0;
  if (isAnswer || !isMtuLocked(s, ns, k.dst[p]!)) k.frag[p] = IP_FLAG.DF;
  else k.ipId[p] = s.sock.ids = (s.sock.ids + 1) & 0xffff;
  if ((flags & TCP_FLAG.ACK) !== 0) clearAck(s, sock);
  if (s.trace !== null) traceStep(s, STEP.SEND, p, ns, 0, sock, 0);
  return -s.op.ipLocalOut(p, ns);
}

export function sendAck(s: Stack, sock: number): void {
  sendSegment(s, sock, TCP_FLAG.ACK, s.sock.rows.c.nextSeq[sock]!, 0, 0, 0);
}

function clearAck(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if ((c.flags[sock]! & SOCKF.ackPending) === 0) return;
  c.flags[sock] = c.flags[sock]! & ~SOCKF.ackPending;
  c.ackGen[sock] = s.sock.nextTimer();
}

/** (Re)starts the retransmission timer. */
export function armTimer(s: Stack, sock: number, kind: number, delay: number): void {
  const c = s.sock.rows.c;
  c.timerGen[sock] = s.sock.nextTimer();
  s.engine.schedule(wheelDelay(s.engine.now, delay) + AFTER_NEIGHBOURS, EV.tcp, sock, c.timerGen[sock]! * 8 + kind);
}

export function disarmTimer(s: Stack, sock: number): void {
  s.sock.rows.c.timerGen[sock] = s.sock.nextTimer();
}

/** The first segment of a handshake, from either end; what it returns is `sendSegment`'s. */
export function sendSyn(s: Stack, sock: number): number {
  const c = s.sock.rows.c;
  const flags = c.state[sock] === TCP_STATE.synRecv ? TCP_FLAG.SYN | TCP_FLAG.ACK : TCP_FLAG.SYN;
  const errno = sendSegment(s, sock, flags, c.iss[sock]!, 0, 0, 0);
  if (errno > 0) return errno;
  if (s.sock.rows.live[sock] === 1 && c.state[sock] !== TCP_STATE.closed) {
    if (c.rto[sock] === 0) c.rto[sock] = INITIAL_RTO;
    c.sentAt[sock] = s.engine.now;
    armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
  }
  return errno;
}

/** Bytes that may still be sent before the peer's window is full. */
function room(s: Stack, sock: number): number {
  const c = s.sock.rows.c;
  return c.sendWindow[sock]! - ((c.nextSeq[sock]! - c.unacked[sock]!) | 0);
}

/** tcp_write_xmit: sends what is queued and fits, and the FIN behind it. */
export function pushQueue(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const chunks = s.sock.queues.get(sock) ?? [];
  let sent = false;
  for (const chunk of chunks) {
    while (((c.nextSeq[sock]! - chunk.seq) | 0) >= 0 && ((c.nextSeq[sock]! - (chunk.seq + chunk.len)) | 0) < 0) {
      const done = (c.nextSeq[sock]! - chunk.seq) | 0;
      const size = Math.min(chunk.len - done, segmentRoom(s, sock), room(s, sock));
      if (size <= 0) return;
      if (c.unacked[sock] === c.nextSeq[sock]) c.sentAt[sock] = s.engine.now;
      const seq = c.nextSeq[sock]!;
      c.nextSeq[sock] = (seq + size) | 0;
      const last = done + size === chunk.len && chunk.open !== true;
      sendSegment(s, sock, TCP_FLAG.ACK | (last ? TCP_FLAG.PSH : 0), seq, chunk.payload, chunk.off + done, size);
      sent = true;
    }
  }
  if ((c.flags[sock]! & (SOCKF.finQueued | SOCKF.finSent)) === SOCKF.finQueued) {
    c.flags[sock] = c.flags[sock]! | SOCKF.finSent;
    const seq = c.nextSeq[sock]!;
    c.nextSeq[sock] = (seq + 1) | 0;
    sendSegment(s, sock, TCP_FLAG.ACK | TCP_FLAG.FIN, seq, 0, 0, 0);
    sent = true;
  }
  if (sent && s.sock.rows.live[sock] === 1) armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
}

/** Sends again from the first byte that nobody has acknowledged. */
export function retransmit(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const first: Chunk | undefined = s.sock.queues.get(sock)?.[0];
  if (first !== undefined) {
    const done = (c.unacked[sock]! - first.seq) | 0;
    const size = Math.min(first.len - done, segmentRoom(s, sock));
    const last = done + size === first.len && first.open !== true;
    sendSegment(s, sock, TCP_FLAG.ACK | (last ? TCP_FLAG.PSH : 0), c.unacked[sock]!, first.payload, first.off + done, size);
  } else if ((c.flags[sock]! & SOCKF.finSent) !== 0) {
    sendSegment(s, sock, TCP_FLAG.ACK | TCP_FLAG.FIN, (c.nextSeq[sock]! - 1) | 0, 0, 0, 0);
  }
}

/** An ICMP error says that a segment of this socket was too long: what it had in flight is sent again in shorter ones. */
export function onTooLong(s: Stack, sock: number): void {
  if (pathShrank(s, sock)) pushQueue(s, sock);
}
