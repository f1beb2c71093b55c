/**
 * TCP's timer for what is sent: it sends again, probes for a lost tail, or tries anew what this host itself refused to let out.
 * One of the three is pending at a time.
 *
 * Kernel: tcp_schedule_loss_probe, tcp_rearm_rto, tcp_ld_RTO_revert (net/ipv4/tcp_output.c, tcp_input.c, tcp_ipv4.c); RFC 6298,
 * RFC 8985 section 7, RFC 6069.
 */
import { MS, SECOND } from "../../base/time.js";
import { EV, type Stack } from "../stack.js";
import { wheelDelay } from "../timer-wheel.js";
import { SOCKF } from "./socket-table.js";
import { segmentRoom } from "./tcp-mtu.js";

export const MIN_RTO: number = 200 * MS;
export const MAX_RTO: number = 120 * SECOND;
/** TCP_TIMEOUT_MIN */
const SHORTEST: number = 8 * MS;
/** Of the timers of one tick a neighbour's comes first, and so does what a failed neighbour has to say to a socket. */
const AFTER_NEIGHBOURS = 1;

/** Timer kinds in the low bits of the second word of EV.tcp; the generation is above them. */
export const TIMER = Object.freeze({ retransmit: 1, ack: 2, timeWait: 3, finWait2: 4, lossProbe: 5, persist: 6 } as const);

/** (Re)starts the timer. */
export function armTimer(s: Stack, sock: number, kind: number, delay: number): void {
  const c = s.sock.rows.c;
  c.timerGen[sock] = s.sock.nextTimer();
  c.timerKind[sock] = kind;
  s.engine.schedule(wheelDelay(s.engine.now, delay) + AFTER_NEIGHBOURS, EV.tcp, sock, c.timerGen[sock]! * 8 + kind);
}

export function disarmTimer(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  c.timerGen[sock] = s.sock.nextTimer();
  c.timerKind[sock] = 0;
}

/** `sentAt` of what was sent again, which is no measure of a round trip. */
export function sentAgain(now: number): number {
  return -1 - now;
}

/** tcp_rto_delta_us: how long until the first byte that is not acknowledged is due to be sent again. */
function rtoLeft(s: Stack, sock: number): number {
  const { sentAt, rto } = s.sock.rows.c;
  const at = sentAt[sock]!;
  return (at < 0 ? -1 - at : at) + rto[sock]! - s.engine.now;
}

/** Whether what is under way is one segment. */
function isSingle(s: Stack, sock: number): boolean {
  const c = s.sock.rows.c;
  const flags = c.flags[sock]!;
  const fin = (flags & SOCKF.finSent) !== 0 ? 1 : 0;
  const bytes = ((c.nextSeq[sock]! - c.unacked[sock]!) | 0) - fin;
  if (bytes <= 0) return true;
  const first = s.sock.queues.get(sock)?.[0];
  const inFirst = first === undefined || ((first.seq + first.len - c.unacked[sock]!) | 0) >= bytes;
  return inFirst && bytes <= segmentRoom(s, sock) && (fin === 0 || (flags & SOCKF.finJoined) !== 0);
}

/** A probe for a lost tail, but not later than `bound` (if that lies ahead). False: a loss is being mended already. */
function armLossProbe(s: Stack, sock: number, bound: number): boolean {
  const c = s.sock.rows.c;
  if ((c.flags[sock]! & SOCKF.inLoss) !== 0) return false;
  const delay = 2 * c.srtt[sock]! + (isSingle(s, sock) ? MIN_RTO : SHORTEST);
  armTimer(s, sock, TIMER.lossProbe, bound > 0 ? Math.min(delay, bound) : delay);
  return true;
}

/** Something new was sent; `wasIdle`: nothing was under way before. */
export function watchSent(s: Stack, sock: number, wasIdle: boolean): void {
  const c = s.sock.rows.c;
  if (armLossProbe(s, sock, rtoLeft(s, sock))) return;
  if (wasIdle || c.timerKind[sock] !== TIMER.retransmit) armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
}

/** Something was acknowledged, and more is under way. */
export function watchRest(s: Stack, sock: number): void {
  const rto = s.sock.rows.c.rto[sock]!;
  if (!armLossProbe(s, sock, rto)) armTimer(s, sock, TIMER.retransmit, rto);
}

/** What the probe for a lost tail was about has been probed for: the rest of the time until the first byte is due. */
export function rearmRest(s: Stack, sock: number): void {
  armTimer(s, sock, TIMER.retransmit, Math.max(1, rtoLeft(s, sock)));
}

/** An ICMP error says that there was no way for segment `seq`: that is no congestion, and the last doubling of the timeout is taken back. */
export function revertBackoff(s: Stack, sock: number, seq: number): void {
  const c = s.sock.rows.c;
  const base = c.srtt[sock]! + MIN_RTO;
  if (seq !== c.unacked[sock] || c.retries[sock] === 0 || c.timerKind[sock] !== TIMER.retransmit || c.rto[sock]! <= base) return;
  c.rto[sock] = Math.max(base, c.rto[sock]! / 2);
  rearmRest(s, sock);
}
