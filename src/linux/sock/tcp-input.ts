/**
 * TCP segments in (net/ipv4/tcp_input.c, tcp_ipv4.c, tcp_minisocks.c; RFC 9293 3.10.7).
 *
 * Bytes are taken in order; a segment ahead of its time is answered with a duplicate acknowledgement and dropped, so that
 * the peer sends it again. Data is acknowledged at once, as Linux does at the start of a connection; a FIN may wait 40 ms for the program's own.
 */
import { DROP, PROTO } from "../../base/codes.js";
import { MS } from "../../base/time.js";
import { TCP_FLAG } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { ERRNO } from "../errno.js";
import { EV, type Stack } from "../stack.js";
import { wheelDelay } from "../timer-wheel.js";
import { traceStep } from "../trace-step.js";
import { hearSegment } from "./probe-socket.js";
import { SOCKF, TCP_STATE } from "./socket-table.js";
import { netnsStream } from "./source-port.js";
import { armTimer, disarmTimer, MIN_RTO, TIMER, watchRest } from "./tcp-arm.js";
import { DEFAULT_MSS, pushQueue, sendAck, sendSyn } from "./tcp-output.js";
import { sendReset } from "./tcp-reset.js";
import { endSocket, TIME_WAIT } from "./tcp-timer.js";

/** TCP_DELACK_MIN */
const DELAYED_ACK: number = 40 * MS;
/** The receive window that a peer may fill; larger than any message of our programs. */
const RECEIVE_WINDOW = 65535;

const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** tcp_v4_rcv: `p` is used up. */
export function tcpReceive(s: Stack, p: number, ns: number, dev: number): void {
  const k = s.packets.c;
  let sock = s.sock.findConnected(ns, PROTO.TCP, k.dst[p]!, k.dport[p]!, k.src[p]!, k.sport[p]!);
  if (sock === 0) sock = s.sock.findBound(ns, PROTO.TCP, k.dst[p]!, k.dport[p]!);
  if (sock !== 0 && (s.sock.rows.c.flags[sock]! & SOCKF.only4) !== 0 && !s.book.is4(k.dst[p]!)) sock = 0;
  const state = sock === 0 ? TCP_STATE.closed : s.sock.rows.c.state[sock]!;
  if (sock === 0 || state === TCP_STATE.closed) {
    if (sock === 0) hearSegment(s, p, ns);
    sendReset(s, p, ns);
    s.op.drop(p, ns, dev, DROP.NO_SOCKET);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.DELIVER, p, ns, dev, sock, 0);
  if (state === TCP_STATE.listen) onListen(s, p, ns, dev, sock);
  else if (state === TCP_STATE.synSent) onSynSent(s, p, ns, dev, sock);
  else onConnection(s, p, ns, dev, sock);
}

/** A listener makes a connection of a SYN; anything else is refused. */
function onListen(s: Stack, p: number, ns: number, dev: number, listener: number): void {
  const flags = s.packets.c.flags[p]!;
  if ((flags & TCP_FLAG.RST) !== 0) {
    s.op.drop(p, ns, dev, DROP.TCP_RESET);
    return;
  }
  if ((flags & TCP_FLAG.ACK) !== 0) {
    sendReset(s, p, ns);
    s.op.drop(p, ns, dev, DROP.TCP_FLAGS);
    return;
  }
  if ((flags & TCP_FLAG.SYN) === 0) {
    s.op.drop(p, ns, dev, DROP.TCP_FLAGS);
    return;
  }
  const sock = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  const k = s.packets.c;
  c.ns[sock] = ns;
  c.proto[sock] = PROTO.TCP;
  c.state[sock] = TCP_STATE.synRecv;
  c.localAddr[sock] = k.dst[p]!;
  c.localPort[sock] = k.dport[p]!;
  c.remoteAddr[sock] = k.src[p]!;
  c.remotePort[sock] = k.sport[p]!;
  s.sock.own(sock, c.app[listener]!);
  c.parent[sock] = listener;
  c.ttl[sock] = c.ttl[listener]!;
  c.tos[sock] = c.tos[listener]!;
  startSequence(s, sock);
  readSyn(s, p, sock);
  c.sendWindow[sock] = k.window[p]!;
  s.sock.hangConnected(sock);
  s.packets.release(p);
  if (sendSyn(s, sock) > 0 && s.sock.rows.live[sock] === 1) s.sock.remove(sock);
}

/** A sequence number to begin with, from the namespace's stream. */
export function startSequence(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const iss = s.streams.u32(netnsStream(s, c.ns[sock]!, "isn")) | 0;
  c.iss[sock] = iss;
  c.unacked[sock] = iss;
  c.nextSeq[sock] = (iss + 1) | 0;
}

function readSyn(s: Stack, p: number, sock: number): void {
  const c = s.sock.rows.c;
  const k = s.packets.c;
  c.expected[sock] = (k.seq[p]! + 1) | 0;
  c.mss[sock] = k.mss[p]! !== 0 ? k.mss[p]! : DEFAULT_MSS;
  c.peerScale[sock] = k.wscale[p]!;
  c.tsRecent[sock] = k.tsval[p]!;
}

function onSynSent(s: Stack, p: number, ns: number, dev: number, sock: number): void {
  const c = s.sock.rows.c;
  const k = s.packets.c;
  const flags = k.flags[p]!;
  if ((flags & TCP_FLAG.ACK) !== 0 && k.ack[p] !== c.nextSeq[sock]) {
    sendReset(s, p, ns);
    s.op.drop(p, ns, dev, DROP.TCP_INVALID_SEQUENCE);
    return;
  }
  if ((flags & TCP_FLAG.RST) !== 0) {
    const acceptable = (flags & TCP_FLAG.ACK) !== 0;
    s.packets.release(p);
    if (acceptable) endSocket(s, sock, ERRNO.ECONNREFUSED);
    return;
  }
  if ((flags & TCP_FLAG.SYN) === 0 || (flags & TCP_FLAG.ACK) === 0) {
    s.op.drop(p, ns, dev, DROP.TCP_FLAGS);
    return;
  }
  readSyn(s, p, sock);
  c.sendWindow[sock] = k.window[p]!;
  s.packets.release(p);
  measure(s, sock);
  disarmTimer(s, sock);
  c.unacked[sock] = c.nextSeq[sock]!;
  c.state[sock] = TCP_STATE.established;
  c.retries[sock] = 0;
  sendAck(s, sock);
  s.op.appEvent(c.app[sock]!, { kind: "connected", sock });
}

/** A round trip was seen: RFC 6298 with Linux's floor of 200 ms under the variance. What was sent again is no measure, but its timeouts are over. */
function measure(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (c.sentAt[sock]! < 0) {
    c.rto[sock] = c.srtt[sock]! + MIN_RTO;
    return;
  }
  const trip = s.engine.now - c.sentAt[sock]!;
  c.srtt[sock] = c.srtt[sock] === 0 ? trip : Math.round((c.srtt[sock]! * 7 + trip) / 8);
  c.rto[sock] = c.srtt[sock]! + MIN_RTO;
}

function onConnection(s: Stack, p: number, ns: number, dev: number, sock: number): void {
  const c = s.sock.rows.c;
  const k = s.packets.c;
  const flags = k.flags[p]!;
  const seq = k.seq[p]!;
  const length = k.payLen[p]! + ((flags & TCP_FLAG.FIN) !== 0 ? 1 : 0);
  const offset = (seq - c.expected[sock]!) | 0;
  if ((flags & TCP_FLAG.RST) !== 0) {
    onReset(s, p, ns, dev, sock, offset);
    return;
  }
  if ((flags & TCP_FLAG.SYN) !== 0) {
    if (c.state[sock] === TCP_STATE.synRecv && (flags & TCP_FLAG.ACK) === 0 && seq === ((c.expected[sock]! - 1) | 0)) {
      sendSyn(s, sock);
      s.packets.release(p);
      return;
    }
    sendAck(s, sock);
    s.op.drop(p, ns, dev, DROP.TCP_INVALID_SEQUENCE);
    return;
  }
  if (offset > RECEIVE_WINDOW || (length > 0 && offset + length <= 0)) {
    acknowledgeAgain(s, sock, offset < 0);
    s.op.drop(p, ns, dev, offset > 0 ? DROP.TCP_OVERWINDOW : DROP.TCP_OLD_DATA);
    return;
  }
  if ((flags & TCP_FLAG.ACK) === 0) {
    s.op.drop(p, ns, dev, DROP.TCP_FLAGS);
    return;
  }
  if (isUnwelcome(s, p, sock, offset)) {
    sendReset(s, p, ns);
    s.op.drop(p, ns, dev, DROP.TCP_ABORT_ON_DATA);
    endSocket(s, sock, 0);
    return;
  }
  if (length > 0 && offset > 0) {
    sendAck(s, sock);
    s.op.drop(p, ns, dev, DROP.TCP_OFOMERGE);
    return;
  }
  if (before(c.nextSeq[sock]!, k.ack[p]!)) {
    if (c.state[sock] === TCP_STATE.synRecv) sendReset(s, p, ns);
    else sendAck(s, sock);
    s.op.drop(p, ns, dev, DROP.TCP_INVALID_SEQUENCE);
    return;
  }
  c.tsRecent[sock] = k.tsval[p]!;
  const skip = Math.max(0, -offset);
  const data = { payload: k.payload[p]!, off: k.payOff[p]! + skip, len: k.payLen[p]! - skip };
  const ack = k.ack[p]!;
  const window = k.window[p]! << c.peerScale[sock]!;
  const fin = (flags & TCP_FLAG.FIN) !== 0;
  s.packets.release(p);
  const isNew = acknowledge(s, sock, ack, window);
  // The program wakes when the whole segment has been taken.
  const isNewEnd = isNew && fin && data.len === 0;
  if (isNew && !isNewEnd) tellAccepted(s, sock);
  if (s.sock.rows.live[sock] === 1 && data.len > 0) takeData(s, sock, data);
  if (s.sock.rows.live[sock] === 1 && fin) takeEnd(s, sock, isNewEnd);
}

function tellAccepted(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  s.op.appEvent(c.app[sock]!, { kind: "accepted", sock, listener: c.parent[sock]! });
}

/** Data, or a FIN behind data, that nobody will read any more (tcp_rcv_state_process, RFC 1122 4.2.2.13). */
function isUnwelcome(s: Stack, p: number, sock: number, offset: number): boolean {
  const c = s.sock.rows.c;
  if ((c.flags[sock]! & SOCKF.readNoMore) === 0 || (c.state[sock] !== TCP_STATE.finWait1 && c.state[sock] !== TCP_STATE.finWait2)) return false;
  const k = s.packets.c;
  const holds = k.payLen[p]! > 0 || (k.flags[p]! & TCP_FLAG.FIN) !== 0;
  return holds && offset + k.payLen[p]! > 0 && !before(c.nextSeq[sock]!, k.ack[p]!);
}

/** What this host has refused to let out is tried again first, and takes the acknowledgement with it (tcp_data_snd_check). */
function acknowledgeAgain(s: Stack, sock: number, isRepeat: boolean): void {
  const { flags, state, timerKind } = s.sock.rows.c;
  // What is left of a connection in TIME_WAIT says no such thing.
  const isRemnant = state[sock] === TCP_STATE.timeWait || (state[sock] === TCP_STATE.finWait2 && (flags[sock]! & SOCKF.readNoMore) !== 0);
  if (isRepeat && !isRemnant) flags[sock] = flags[sock]! | SOCKF.sawRepeat;
  if (timerKind[sock] === TIMER.persist) {
    endPersist(s, sock);
    pushQueue(s, sock);
  } else sendAck(s, sock);
}

/** tcp_ack_probe: the peer has been heard of, so what was refused is tried as if for the first time. */
function endPersist(s: Stack, sock: number): void {
  const { retries, timerKind } = s.sock.rows.c;
  if (timerKind[sock] !== TIMER.persist) return;
  retries[sock] = 0;
  disarmTimer(s, sock);
}

function onReset(s: Stack, p: number, ns: number, dev: number, sock: number, offset: number): void {
  if (offset !== 0) {
    if (offset > 0 && offset < RECEIVE_WINDOW) sendAck(s, sock);
    s.op.drop(p, ns, dev, DROP.TCP_INVALID_SEQUENCE);
    return;
  }
  s.packets.release(p);
  const state = s.sock.rows.c.state[sock]!;
  endSocket(s, sock, state === TCP_STATE.synRecv ? ERRNO.ECONNREFUSED : state === TCP_STATE.closeWait ? ERRNO.EPIPE : state === TCP_STATE.timeWait ? 0 : ERRNO.ECONNRESET);
}

/** The peer has seen everything before `ack`. True: that has made a connection of a request. */
function acknowledge(s: Stack, sock: number, ack: number, window: number): boolean {
  const c = s.sock.rows.c;
  c.sendWindow[sock] = window;
  const moved = before(c.unacked[sock]!, ack);
  if (moved) {
    measure(s, sock);
    c.unacked[sock] = ack;
    c.retries[sock] = 0;
    const kept = (s.sock.queues.get(sock) ?? []).filter((chunk) => before(ack, (chunk.seq + chunk.len) | 0));
    if (kept.length > 0) s.sock.queues.set(sock, Object.freeze(kept));
    else s.sock.queues.delete(sock);
    const { lossEnd, flags } = c;
    if (!before(ack, lossEnd[sock]!)) flags[sock] = flags[sock]! & ~SOCKF.inLoss;
    if (before(lossEnd[sock]!, ack)) flags[sock] = flags[sock]! & ~SOCKF.probed;
    if (ack === c.nextSeq[sock]) disarmTimer(s, sock);
    else watchRest(s, sock);
  }
  endPersist(s, sock);
  if (c.state[sock] === TCP_STATE.synRecv) {
    c.state[sock] = TCP_STATE.established;
    return true;
  }
  const finAcked = (c.flags[sock]! & SOCKF.finSent) !== 0 && c.unacked[sock] === c.nextSeq[sock];
  if (finAcked) onFinAcked(s, sock);
  else pushQueue(s, sock);
  return false;
}

function onFinAcked(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (c.state[sock] === TCP_STATE.finWait1) {
    c.state[sock] = TCP_STATE.finWait2;
    armTimer(s, sock, TIMER.finWait2, TIME_WAIT);
  } else if (c.state[sock] === TCP_STATE.closing) {
    waitOut(s, sock);
  } else if (c.state[sock] === TCP_STATE.lastAck) {
    endSocket(s, sock, 0);
  }
}

function waitOut(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const first = c.state[sock] !== TCP_STATE.timeWait;
  c.state[sock] = TCP_STATE.timeWait;
  armTimer(s, sock, TIMER.timeWait, TIME_WAIT);
  if (first && (c.flags[sock]! & SOCKF.orphan) === 0) {
    c.flags[sock] = c.flags[sock]! | SOCKF.orphan;
    s.op.appEvent(c.app[sock]!, { kind: "closed", sock, errno: 0 });
  }
}

function takeData(s: Stack, sock: number, data: { readonly payload: number; readonly off: number; readonly len: number }): void {
  const c = s.sock.rows.c;
  const state = c.state[sock]!;
  c.expected[sock] = (c.expected[sock]! + data.len) | 0;
  sendAck(s, sock);
  if (state !== TCP_STATE.established && state !== TCP_STATE.finWait1 && state !== TCP_STATE.finWait2) return;
  s.op.appEvent(c.app[sock]!, { kind: "data", sock, ...data });
}

function takeEnd(s: Stack, sock: number, isNew: boolean): void {
  const c = s.sock.rows.c;
  const state = c.state[sock]!;
  if (state === TCP_STATE.timeWait || state === TCP_STATE.closeWait || state === TCP_STATE.lastAck || state === TCP_STATE.closing) {
    sendAck(s, sock);
    return;
  }
  c.expected[sock] = (c.expected[sock]! + 1) | 0;
  if (state === TCP_STATE.established) {
    c.state[sock] = TCP_STATE.closeWait;
    c.flags[sock] = c.flags[sock]! | SOCKF.ackPending;
    c.ackGen[sock] = s.sock.nextTimer();
    s.engine.schedule(wheelDelay(s.engine.now, DELAYED_ACK), EV.tcp, sock, c.ackGen[sock]! * 8 + TIMER.ack);
    if (isNew) tellAccepted(s, sock);
    if (s.sock.rows.live[sock] === 1) s.op.appEvent(c.app[sock]!, { kind: "end", sock });
    return;
  }
  const acked = c.unacked[sock] === c.nextSeq[sock];
  sendAck(s, sock);
  if (state === TCP_STATE.finWait2 || (state === TCP_STATE.finWait1 && acked)) waitOut(s, sock);
  else if (state === TCP_STATE.finWait1) c.state[sock] = TCP_STATE.closing;
}
