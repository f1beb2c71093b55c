/**
 * TCP in connection tracking: states, windows, timeouts.
 *
 * Read first: net/netfilter/nf_conntrack_proto_tcp.c and Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter"
 * (the four window conditions). Sequence numbers are compared modulo 2^32, as signed differences of int32.
 */
import { PROTO } from "../../base/codes.js";
import { SECOND } from "../../base/time.js";
import { TCP_FLAG } from "../../packet/columns.js";
import type { Stack } from "../stack.js";
import { type WindowColumns, CTS } from "./conntrack-table.js";
import { FLOW_TIMEOUTS, type FlowTimeout, flowTimeout, tcpLiberal, tcpLoose } from "./conntrack-timeouts.js";

/** What tracking says of a segment. */
export const TCP_VERDICT = Object.freeze({ accept: 0, invalid: 1, repeat: 2 } as const);

/** States, numbered as enum tcp_conntrack; the words are those of `conntrack -L`. */
export const TCP_STATES: readonly string[] = Object.freeze(["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"]);
const NO = 0, SS = 1, SR = 2, ES = 3, FW = 4, CW = 5, LA = 6, TW = 7, CL = 8, S2 = 9;
/** Not a state: the segment is invalid, or is let through without a change. */
const IV = 14, IG = 15;

const TIMEOUT_WORD: readonly FlowTimeout[] = ["tcp_timeout_syn_sent", "tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_established", "tcp_timeout_fin_wait", "tcp_timeout_close_wait", "tcp_timeout_last_ack", "tcp_timeout_time_wait", "tcp_timeout_close", "tcp_timeout_syn_sent"];

/** Kinds of segment (get_conntrack_index). */
const SYN = 0, SYNACK = 1, FIN = 2, ACK = 3, RST = 4, BARE = 5;

/** Next state by direction, kind of segment, and state NONE..SYN_SENT2. */
const NEXT: readonly (readonly (readonly number[])[])[] = [
  [
    [SS, SS, IG, IG, IG, IG, IG, SS, SS, S2],
    [IV, IV, SR, IV, IV, IV, IV, IV, IV, SR],
    [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    [ES, IV, ES, ES, CW, CW, TW, TW, CL, IV],
    [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
    [IV, IV, IV, IV, IV, IV, IV, IV, IV, IV],
  ],
  [
    [IV, S2, IV, IV, IV, IV, IV, SS, IV, S2],
    [IV, SR, IG, IG, IG, IG, IG, IG, IG, SR],
    [IV, IV, FW, FW, LA, LA, LA, TW, CL, IV],
    [IV, IG, SR, ES, CW, CW, TW, TW, CL, IG],
    [IV, CL, CL, CL, CL, CL, CL, CL, CL, CL],
    [IV, IV, IV, IV, IV, IV, IV, IV, IV, IV],
  ],
];

/** Bits of flags0 and flags1 (IP_CT_TCP_FLAG_*). */
const WINDOW_SCALE = 1, CLOSE_INIT = 4, LIBERAL = 8, UNACKNOWLEDGED = 16, MAXACK_SET = 32;
/** Segment flag combinations a sound stack never sends; PSH, ECE and CWR do not count (tcp_valid_flags). */
const VALID_FLAGS: ReadonlySet<number> = new Set([2, 2 | 32, 2 | 16, 2 | 16 | 32, 4, 4 | 16, 4 | 16 | 32, 1 | 16, 1 | 16 | 32, 16, 16 | 32]);
/** Largest window without scaling: how far back an ACK may lie (MAXACKWINCONST). */
const MAX_ACK_WINDOW = 66000;
const LARGEST_SCALE = 14;

const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
const after = (a: number, b: number): boolean => before(b, a);

function kindOf(flags: number): number {
  if ((flags & TCP_FLAG.RST) !== 0) return RST;
  if ((flags & TCP_FLAG.SYN) !== 0) return (flags & TCP_FLAG.ACK) !== 0 ? SYNACK : SYN;
  if ((flags & TCP_FLAG.FIN) !== 0) return FIN;
  return (flags & TCP_FLAG.ACK) !== 0 ? ACK : BARE;
}

/** The sequence number behind the segment's last byte; SYN and FIN count as one each. */
function endOf(s: Stack, p: number): number {
  const c = s.packets.c;
  const flags = c.flags[p]!;
  return (c.seq[p]! + c.payLen[p]! + ((flags & TCP_FLAG.SYN) !== 0 ? 1 : 0) + ((flags & TCP_FLAG.FIN) !== 0 ? 1 : 0)) | 0;
}

// The columns of the two senders, by direction.
const sentEnd = (w: WindowColumns, dir: number): Int32Array => (dir === 0 ? w.end0 : w.end1);
const maxEnd = (w: WindowColumns, dir: number): Int32Array => (dir === 0 ? w.maxEnd0 : w.maxEnd1);
const maxWin = (w: WindowColumns, dir: number): Int32Array => (dir === 0 ? w.maxWin0 : w.maxWin1);
const maxAck = (w: WindowColumns, dir: number): Int32Array => (dir === 0 ? w.maxAck0 : w.maxAck1);
const scale = (w: WindowColumns, dir: number): Uint8Array => (dir === 0 ? w.scale0 : w.scale1);
const flagBits = (w: WindowColumns, dir: number): Uint8Array => (dir === 0 ? w.flags0 : w.flags1);

function takeOptions(s: Stack, p: number, row: number, dir: number): void {
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  const c = s.packets.c;
  const scaled = c.wscale[p]! > 0;
  scale(w, dir)[at] = scaled ? Math.min(c.wscale[p]!, LARGEST_SCALE) : 0;
  flagBits(w, dir)[at] = scaled ? WINDOW_SCALE : 0;
}

/** tcp_new: whether a first segment may begin a flow, and what it tells. */
function beginFlow(s: Stack, p: number, row: number, kind: number): boolean {
  const next = NEXT[0]![kind]![NO]!;
  if (next === IV || next === IG) return false;
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  const end = endOf(s, p);
  const window = Math.max(1, s.packets.c.window[p]!);
  sentEnd(w, 0)[at] = end;
  if (next === SS) {
    maxWin(w, 0)[at] = window;
    maxEnd(w, 0)[at] = end;
    takeOptions(s, p, row, 0);
    return true;
  }
  if (!tcpLoose(s, s.ct.ns(row))) return false;
  maxWin(w, 0)[at] = window;
  maxEnd(w, 0)[at] = (end + window) | 0;
  flagBits(w, 0)[at] = LIBERAL;
  flagBits(w, 1)[at] = LIBERAL;
  return true;
}

/** tcp_init_sender */
function initSender(s: Stack, p: number, row: number, dir: number, end: number): void {
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  sentEnd(w, dir)[at] = end;
  maxEnd(w, dir)[at] = end;
  maxWin(w, dir)[at] = Math.max(1, s.packets.c.window[p]!);
  takeOptions(s, p, row, dir);
  const both = flagBits(w, 0)[at]! & flagBits(w, 1)[at]! & WINDOW_SCALE;
  if (dir === 1 && both === 0) {
    scale(w, 0)[at] = 0;
    scale(w, 1)[at] = 0;
  }
}

/** tcp_in_window's answer: fits; does not, and the segment is invalid; does not, but is let through without a change. */
const FITS = 0, OUTSIDE = 1, IGNORE = 2;

function inWindow(s: Stack, p: number, row: number, dir: number, kind: number): number {
  const c = s.packets.c;
  const t = s.ct.t.c;
  const w = s.ct.windows.c;
  const at = t.more[row]!;
  const other = 1 - dir;
  const flags = c.flags[p]!;
  const hasSyn = (flags & TCP_FLAG.SYN) !== 0;
  const hasAck = (flags & TCP_FLAG.ACK) !== 0;
  const rawWindow = c.window[p]!;
  let seq = c.seq[p]!;
  let ack = c.ack[p]!;
  let end = endOf(s, p);
  const state = t.tcpState[row]!;
  if (maxWin(w, dir)[at] === 0) {
    if (hasSyn) {
      initSender(s, p, row, dir, end);
      if (!hasAck) return FITS;
    } else {
      const window = Math.max(1, rawWindow << scale(w, dir)[at]!);
      sentEnd(w, dir)[at] = end;
      maxWin(w, dir)[at] = window;
      maxEnd(w, dir)[at] = (end + window) | 0;
      if (maxWin(w, other)[at] === 0) {
        sentEnd(w, other)[at] = ack;
        maxEnd(w, other)[at] = ack;
      } else if (ack === ((sentEnd(w, other)[at]! + 1) | 0)) sentEnd(w, other)[at] = ack;
    }
  } else if (hasSyn && after(end, sentEnd(w, dir)[at]!) && (state === SS || state === SR)) {
    initSender(s, p, row, dir, end);
    if (dir === 1 && !hasAck) return FITS;
  }
  const isReset = (flags & TCP_FLAG.RST) !== 0;
  if (!hasAck || (isReset && ack === 0)) ack = sentEnd(w, other)[at]!;
  if (isReset && seq === 0 && state === SS) {
    seq = sentEnd(w, dir)[at]!;
    end = seq;
  }
  const liberal = ((flagBits(w, dir)[at]! | flagBits(w, other)[at]!) & LIBERAL) !== 0 || tcpLiberal(s, s.ct.ns(row));
  const fit = fourBounds(s, row, dir, seq, ack, end);
  if (fit !== FITS) return liberal ? FITS : fit;
  const window = hasSyn ? rawWindow : rawWindow << scale(w, dir)[at]!;
  if (maxWin(w, dir)[at]! < window) maxWin(w, dir)[at] = window;
  if (after(end, sentEnd(w, dir)[at]!)) {
    sentEnd(w, dir)[at] = end;
    flagBits(w, dir)[at] = flagBits(w, dir)[at]! | UNACKNOWLEDGED;
  }
  if (hasAck) {
    const known = (flagBits(w, dir)[at]! & MAXACK_SET) !== 0;
    if (!known || after(ack, maxAck(w, dir)[at]!)) maxAck(w, dir)[at] = ack;
    flagBits(w, dir)[at] = flagBits(w, dir)[at]! | MAXACK_SET;
  }
  if (maxWin(w, other)[at] !== 0 && after(end, maxEnd(w, dir)[at]!)) maxWin(w, other)[at] = maxWin(w, other)[at]! + ((end - maxEnd(w, dir)[at]!) | 0);
  if (after((ack + window) | 0, (maxEnd(w, other)[at]! - 1) | 0)) maxEnd(w, other)[at] = (ack + window + (window === 0 ? 1 : 0)) | 0;
  if (ack === sentEnd(w, other)[at]) flagBits(w, other)[at] = flagBits(w, other)[at]! & ~UNACKNOWLEDGED;
  if (kind === ACK) countRetransmission(s, row, dir, seq, ack, end, rawWindow);
  return FITS;
}

/** The four conditions: neither data nor acknowledgement ahead of, or far behind, what the other side has shown. */
function fourBounds(s: Stack, row: number, dir: number, seq: number, ack: number, end: number): number {
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  const other = 1 - dir;
  const ownEnd = sentEnd(w, dir)[at]!;
  const otherEnd = sentEnd(w, other)[at]!;
  if (!before(seq, (maxEnd(w, dir)[at]! + 1) | 0)) return OUTSIDE;
  if (!before(ack, (otherEnd + 1) | 0)) return OUTSIDE;
  const room = maxWin(w, other)[at]!;
  if (room !== 0 && !after(end, (ownEnd - room - 1) | 0)) return IGNORE;
  if (!after(ack, (otherEnd - Math.max(maxWin(w, dir)[at]!, MAX_ACK_WINDOW) - 1) | 0)) return IGNORE;
  return FITS;
}

function countRetransmission(s: Stack, row: number, dir: number, seq: number, ack: number, end: number, window: number): void {
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  if (w.lastDir[at] === dir && w.lastSeq[at] === seq && w.lastAck[at] === ack && w.lastEnd[at] === end && w.lastWin[at] === window) {
    w.retrans[at] = Math.min(255, w.retrans[at]! + 1);
    return;
  }
  w.lastDir[at] = dir;
  w.lastSeq[at] = seq;
  w.lastAck[at] = ack;
  w.lastEnd[at] = end;
  w.lastWin[at] = window;
  w.retrans[at] = 0;
}

/** nf_conntrack_tcp_packet: a TCP_VERDICT; the flow's state and timeout follow the segment. */
export function tcpPacket(s: Stack, p: number, row: number, dir: 0 | 1): number {
  const flags = s.packets.c.flags[p]!;
  const t = s.ct.t.c;
  const w = s.ct.windows.c;
  const at = t.more[row]!;
  if (!VALID_FLAGS.has(flags & ~(TCP_FLAG.PSH | TCP_FLAG.ECE | TCP_FLAG.CWR))) return TCP_VERDICT.invalid;
  const kind = kindOf(flags);
  if ((t.status[row]! & CTS.confirmed) === 0 && !beginFlow(s, p, row, kind)) return TCP_VERDICT.invalid;
  const old = t.tcpState[row]!;
  let next = NEXT[dir]![kind]![old]!;
  if (next === SS && old >= TW) {
    const closed = ((flagBits(w, 0)[at]! | flagBits(w, 1)[at]!) & CLOSE_INIT) !== 0;
    if (closed || (w.lastDir[at] === dir && w.lastIndex[at] === RST)) return TCP_VERDICT.repeat;
    next = IG;
  }
  if (next === IV) return TCP_VERDICT.invalid;
  if (next === IG) {
    const answersIgnoredSyn = kind === SYNACK && w.lastIndex[at] === SYN && dir !== w.lastDir[at] && s.packets.c.ack[p] === w.lastEnd[at];
    if (!answersIgnoredSyn) return ignore(s, p, row, dir, kind);
    next = SR;
  }
  if (next === CL && kind === RST) {
    const answer = resetFits(s, p, row, dir);
    if (answer === OUTSIDE) return TCP_VERDICT.invalid;
    if (answer === FITS) return settle(s, row, dir, kind, old, next);
  }
  const fit = inWindow(s, p, row, dir, kind);
  if (fit === OUTSIDE) return TCP_VERDICT.invalid;
  if (fit === IGNORE) return TCP_VERDICT.accept;
  return settle(s, row, dir, kind, old, next);
}

/** nf_conntrack_tcp_set_closing: a connection that was reset in the name of an end is over, whatever its ends believe. */
export function tcpClosing(s: Stack, row: number): void {
  const t = s.ct.t.c;
  if (s.ct.proto(row) !== PROTO.TCP || (t.status[row]! & CTS.confirmed) === 0 || t.tcpState[row] === CL) return;
  t.tcpState[row] = CL;
  t.timeout[row] = s.engine.now + flowTimeout(s, s.ct.ns(row), "tcp_timeout_close");
}

function ignore(s: Stack, p: number, row: number, dir: number, kind: number): number {
  const w = s.ct.windows.c;
  const at = s.ct.t.c.more[row]!;
  w.lastIndex[at] = kind;
  w.lastDir[at] = dir;
  w.lastSeq[at] = s.packets.c.seq[p]!;
  w.lastEnd[at] = endOf(s, p);
  w.lastWin[at] = s.packets.c.window[p]!;
  return TCP_VERDICT.accept;
}

/** A reset: OUTSIDE if it is older than what was acknowledged, FITS if it answers a segment that was let through, else the window decides (IGNORE). */
function resetFits(s: Stack, p: number, row: number, dir: number): number {
  const t = s.ct.t.c;
  const w = s.ct.windows.c;
  const at = t.more[row]!;
  const other = 1 - dir;
  if ((flagBits(w, other)[at]! & MAXACK_SET) !== 0 && before(s.packets.c.seq[p]!, maxAck(w, other)[at]!)) return OUTSIDE;
  const status = t.status[row]!;
  const answers = ((status & CTS.seenReply) !== 0 && w.lastIndex[at] === SYN) || ((status & CTS.assured) === 0 && w.lastIndex[at] === ACK);
  return answers && s.packets.c.ack[p] === w.lastEnd[at] ? FITS : IGNORE;
}

function settle(s: Stack, row: number, dir: number, kind: number, old: number, next: number): number {
  const t = s.ct.t.c;
  const w = s.ct.windows.c;
  const at = t.more[row]!;
  w.lastIndex[at] = kind;
  w.lastDir[at] = dir;
  t.tcpState[row] = next;
  if (old !== next && next === FW) flagBits(w, dir)[at] = flagBits(w, dir)[at]! | CLOSE_INIT;
  const ns = s.ct.ns(row);
  let life = flowTimeout(s, ns, kind === RST ? "tcp_timeout_close" : TIMEOUT_WORD[next]!);
  const unacknowledged = flowTimeout(s, ns, "tcp_timeout_unacknowledged");
  if (kind !== RST && ((flagBits(w, 0)[at]! | flagBits(w, 1)[at]!) & UNACKNOWLEDGED) !== 0) life = Math.min(life, unacknowledged);
  if (kind !== RST && w.lastWin[at] === 0 && kind === ACK) life = Math.min(life, FLOW_TIMEOUTS.tcp_timeout_max_retrans * SECOND);
  if ((t.status[row]! & CTS.seenReply) === 0) {
    if (kind === RST) {
      t.timeout[row] = (t.status[row]! & CTS.confirmed) !== 0 ? s.engine.now : 0;
      return TCP_VERDICT.accept;
    }
    if (next === ES) life = Math.min(life, unacknowledged);
  } else if ((t.status[row]! & CTS.assured) === 0 && (old === SR || old === ES) && next === ES) {
    t.status[row] = t.status[row]! | CTS.assured;
  }
  t.timeout[row] = (t.status[row]! & CTS.confirmed) !== 0 ? s.engine.now + life : life;
  return TCP_VERDICT.accept;
}
