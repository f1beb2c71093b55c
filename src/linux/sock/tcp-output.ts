/**
 * TCP segments out (net/ipv4/tcp_output.c): SYNs with Linux's options and windows, data within the peer's window, FIN behind
 * the last byte. No congestion window: the peer's window is the limit.
 */
import { PROTO } from "../../base/codes.js";
import { mix32 } from "../../base/hash.js";
import { MS, SECOND } from "../../base/time.js";
import { IP_FLAG, TCP_FLAG } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { isMtuLocked } from "../path-mtu.js";
import { routeOutput } from "../route-output.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { makeLocal } from "./local-send.js";
import { type Chunk, SOCKF, TCP_STATE } from "./socket-table.js";
import { armTimer, MIN_RTO, sentAgain, TIMER, watchSent } from "./tcp-arm.js";
import { OPTION_BYTES, pathShrank, segmentRoom } from "./tcp-mtu.js";

/** MSS, SACK permitted, timestamps, window scale. */
const SYN_OPTION_BYTES = 20;
/** NOP, NOP, SACK of one block. */
const BLOCK_BYTES = 12;
const WINDOW_SCALE = 7;
/** tcp_rmem's default buffer gives this much window at first. */
const FIRST_WINDOW = 65535;
const INITIAL_RTO: number = SECOND;
/** RFC 1122: what a peer without the option gets. */
export const DEFAULT_MSS = 536;

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
  k.optLen[p] = isSyn(flags) ? SYN_OPTION_BYTES : OPTION_BYTES + repeatBytes(s, sock);
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

/** The next segment says which data came twice (RFC 2883); our words for that block are as many NOPs. */
function repeatBytes(s: Stack, sock: number): number {
  const { flags } = s.sock.rows.c;
  if ((flags[sock]! & SOCKF.sawRepeat) === 0) return 0;
  flags[sock] = flags[sock]! & ~SOCKF.sawRepeat;
  return BLOCK_BYTES;
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

/** tcp_write_xmit: sends what is queued and fits, and the FIN with its last byte. What this host refuses to let out counts as not sent. */
export function pushQueue(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const chunks = s.sock.queues.get(sock) ?? [];
  const first = c.nextSeq[sock]!;
  const wasIdle = c.unacked[sock] === first;
  let goesOn = true;
  for (let at = 0; goesOn && at < chunks.length; at++) goesOn = sendChunk(s, sock, chunks[at]!, at === chunks.length - 1);
  if (goesOn && finWaits(c.flags[sock]!)) goesOn = sendNew(s, sock, TCP_FLAG.FIN, 0, 0, 0);
  if (s.sock.rows.live[sock] !== 1) return;
  if (c.nextSeq[sock] !== first) watchSent(s, sock, wasIdle);
  else if (!goesOn && wasIdle && c.timerKind[sock] === 0) armTimer(s, sock, TIMER.persist, Math.max(c.rto[sock]!, MIN_RTO));
}

function finWaits(flags: number): boolean {
  return (flags & (SOCKF.finQueued | SOCKF.finSent)) === SOCKF.finQueued;
}

/** False: there is no room for all of it, or a segment did not get out. */
function sendChunk(s: Stack, sock: number, chunk: Chunk, isLast: boolean): boolean {
  const c = s.sock.rows.c;
  while (((c.nextSeq[sock]! - chunk.seq) | 0) >= 0 && ((c.nextSeq[sock]! - (chunk.seq + chunk.len)) | 0) < 0) {
    const done = (c.nextSeq[sock]! - chunk.seq) | 0;
    const size = Math.min(chunk.len - done, segmentRoom(s, sock), room(s, sock));
    if (size <= 0) return false;
    const whole = done + size === chunk.len;
    const fin = whole && isLast && finWaits(c.flags[sock]!) ? TCP_FLAG.FIN : 0;
    if (!sendNew(s, sock, (whole && chunk.open !== true ? TCP_FLAG.PSH : 0) | fin, chunk.payload, chunk.off + done, size)) return false;
  }
  return true;
}

/** The next segment in order; it counts as sent if it got out of this host. */
function sendNew(s: Stack, sock: number, flags: number, payload: number, off: number, len: number): boolean {
  const c = s.sock.rows.c;
  const seq = c.nextSeq[sock]!;
  if (c.unacked[sock] === seq) c.sentAt[sock] = s.engine.now;
  if (sendSegment(s, sock, TCP_FLAG.ACK | flags, seq, payload, off, len) !== 0 || s.sock.rows.live[sock] !== 1) return false;
  const fin = (flags & TCP_FLAG.FIN) !== 0;
  c.nextSeq[sock] = (seq + len + (fin ? 1 : 0)) | 0;
  if (fin) c.flags[sock] = c.flags[sock]! | SOCKF.finSent | (len > 0 ? SOCKF.finJoined : 0);
  return true;
}

/** Sends again from the first byte that nobody has acknowledged; a FIN that fits behind it joins it (tcp_retrans_try_collapse). */
export function retransmit(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const chunks = s.sock.queues.get(sock);
  const first = chunks?.[0];
  if (first === undefined) {
    resendFin(s, sock);
    return;
  }
  const done = (c.unacked[sock]! - first.seq) | 0;
  const most = segmentRoom(s, sock);
  const size = Math.min(first.len - done, most);
  const whole = done + size === first.len;
  const fin = whole && chunks!.length === 1 && (c.flags[sock]! & SOCKF.finSent) !== 0 && ((c.flags[sock]! & SOCKF.finJoined) !== 0 || size < most);
  if (fin) c.flags[sock] = c.flags[sock]! | SOCKF.finJoined;
  sendSegment(s, sock, TCP_FLAG.ACK | (whole && first.open !== true ? TCP_FLAG.PSH : 0) | (fin ? TCP_FLAG.FIN : 0), c.unacked[sock]!, first.payload, first.off + done, size);
}

/** Sends the last segment again, as a probe. */
export function resendLast(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const chunks = s.sock.queues.get(sock);
  const joined = (c.flags[sock]! & SOCKF.finJoined) !== 0;
  const last = chunks?.filter((chunk) => ((c.nextSeq[sock]! - chunk.seq) | 0) > 0).at(-1);
  if (last === undefined || ((c.flags[sock]! & SOCKF.finSent) !== 0 && !joined)) {
    if (c.unacked[sock] === ((c.nextSeq[sock]! - 1) | 0)) c.sentAt[sock] = sentAgain(s.engine.now);
    resendFin(s, sock);
    return;
  }
  const sent = Math.min(last.len, (c.nextSeq[sock]! - last.seq) | 0);
  const from = Math.max(0, (c.unacked[sock]! - last.seq) | 0);
  const most = segmentRoom(s, sock);
  const size = (sent - from) % most || most;
  const seq = (last.seq + sent - size) | 0;
  if (seq === c.unacked[sock]) c.sentAt[sock] = sentAgain(s.engine.now);
  sendSegment(s, sock, TCP_FLAG.ACK | (sent === last.len && last.open !== true ? TCP_FLAG.PSH : 0) | (joined ? TCP_FLAG.FIN : 0), seq, last.payload, last.off + sent - size, size);
}

function resendFin(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if ((c.flags[sock]! & SOCKF.finSent) !== 0) sendSegment(s, sock, TCP_FLAG.ACK | TCP_FLAG.FIN, (c.nextSeq[sock]! - 1) | 0, 0, 0, 0);
}

/** An ICMP error says that a segment of this socket was too long: what it had in flight is sent again in shorter ones. */
export function onTooLong(s: Stack, sock: number): void {
  if (pathShrank(s, sock)) pushQueue(s, sock);
}
