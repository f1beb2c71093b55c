/** TCP's timers (net/ipv4/tcp_timer.c): retransmission with its back-off, delayed acknowledgements, and the end of waiting states. */
import { SECOND } from "../../base/time.js";
import { ERRNO } from "../errno.js";
import { EV, type Stack } from "../stack.js";
import { SOCKF, TCP_STATE } from "./socket-table.js";
import { armTimer, disarmTimer, MAX_RTO, MIN_RTO, rearmRest, sentAgain, TIMER } from "./tcp-arm.js";
import { pushQueue, resendLast, retransmit, sendAck, sendSyn } from "./tcp-output.js";

/** net.ipv4.tcp_syn_retries, tcp_syn_linear_timeouts (6.5 and later), tcp_synack_retries, tcp_retries2. */
const SYN_RETRIES = 6;
const SYN_LINEAR = 4;
const SYNACK_RETRIES = 5;
const DATA_RETRIES = 15;
/** TCP_TIMEWAIT_LEN, and net.ipv4.tcp_fin_timeout. */
export const TIME_WAIT: number = 60 * SECOND;

/** Ends a socket and tells its program once. */
export function endSocket(s: Stack, sock: number, errno: number): void {
  const c = s.sock.rows.c;
  if (s.sock.rows.live[sock] !== 1) return;
  const app = c.app[sock]!;
  const silent = (c.flags[sock]! & SOCKF.orphan) !== 0 || (c.state[sock] === TCP_STATE.synRecv && c.parent[sock] !== 0);
  disarmTimer(s, sock);
  s.sock.remove(sock);
  if (!silent) s.op.appEvent(app, { kind: "closed", sock, errno });
}

function onRetransmit(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  const state = c.state[sock]!;
  const limit = state === TCP_STATE.synSent ? SYN_RETRIES + SYN_LINEAR : state === TCP_STATE.synRecv ? SYNACK_RETRIES : DATA_RETRIES;
  if (c.retries[sock]! >= limit) {
    endSocket(s, sock, c.error[sock] !== 0 ? c.error[sock]! : ERRNO.ETIMEDOUT);
    return;
  }
  c.retries[sock] = c.retries[sock]! + 1;
  const linear = state === TCP_STATE.synSent && c.retries[sock]! <= SYN_LINEAR;
  if (!linear) c.rto[sock] = Math.min(c.rto[sock]! * 2, MAX_RTO);
  c.sentAt[sock] = sentAgain(s.engine.now);
  if (state === TCP_STATE.synSent || state === TCP_STATE.synRecv) {
    const errno = sendSyn(s, sock);
    if (s.sock.rows.live[sock] !== 1) return;
    // reqsk_timer_handler: a request whose answer cannot be sent again is forgotten.
    if (errno !== 0 && state === TCP_STATE.synRecv && c.parent[sock] !== 0) endSocket(s, sock, ERRNO.ETIMEDOUT);
    else if (errno > 0) armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
    return;
  }
  c.flags[sock] = (c.flags[sock]! & ~SOCKF.probed) | SOCKF.inLoss;
  c.lossEnd[sock] = c.nextSeq[sock]!;
  retransmit(s, sock);
  if (s.sock.rows.live[sock] === 1) armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
}

/** tcp_send_loss_probe: the last segment once more; if it was probed for before, its turn comes with all that is lost. */
function onLossProbe(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (c.unacked[sock] === c.nextSeq[sock]) return;
  if ((c.flags[sock]! & SOCKF.probed) !== 0) {
    rearmRest(s, sock);
    return;
  }
  c.flags[sock] = c.flags[sock]! | SOCKF.probed;
  c.lossEnd[sock] = c.nextSeq[sock]!;
  resendLast(s, sock);
  if (s.sock.rows.live[sock] === 1) armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
}

/** tcp_send_probe0: what this host refused to let out is tried again, ever more rarely. */
function onPersist(s: Stack, sock: number): void {
  const c = s.sock.rows.c;
  if (c.unacked[sock] !== c.nextSeq[sock]) return;
  if (c.retries[sock]! >= DATA_RETRIES) {
    endSocket(s, sock, c.error[sock] !== 0 ? c.error[sock]! : ERRNO.ETIMEDOUT);
    return;
  }
  pushQueue(s, sock);
  if (s.sock.rows.live[sock] !== 1) return;
  if (c.unacked[sock] !== c.nextSeq[sock]) {
    c.retries[sock] = 0;
    armTimer(s, sock, TIMER.retransmit, c.rto[sock]!);
  } else if (c.timerKind[sock] === TIMER.persist) {
    c.retries[sock] = c.retries[sock]! + 1;
    armTimer(s, sock, TIMER.persist, Math.min(Math.max(c.rto[sock]!, MIN_RTO) * 2 ** c.retries[sock]!, MAX_RTO));
  }
}

function onTimer(s: Stack, sock: number, word: number): void {
  const c = s.sock.rows.c;
  if (s.sock.rows.live[sock] !== 1) return;
  const kind = word % 8;
  const gen = Math.floor(word / 8);
  if (kind === TIMER.ack) {
    if (gen === c.ackGen[sock] && (c.flags[sock]! & SOCKF.ackPending) !== 0) sendAck(s, sock);
    return;
  }
  if (gen !== c.timerGen[sock]) return;
  c.timerKind[sock] = 0;
  if (kind === TIMER.retransmit) onRetransmit(s, sock);
  else if (kind === TIMER.lossProbe) onLossProbe(s, sock);
  else if (kind === TIMER.persist) onPersist(s, sock);
  else endSocket(s, sock, 0);
}

/** Fills the engine's slot of TCP timers. */
export function installTcpTimers(s: Stack): void {
  s.engine.on(EV.tcp, (sock, word) => onTimer(s, sock, word));
}
