/**
 * How much data a TCP segment may carry on its path, and what happens when that becomes less: what was sent is sent again at
 * once, cut smaller (tcp_v4_mtu_reduced, tcp_v6_mtu_reduced, tcp_simple_retransmit; RFC 1191 section 6.4).
 */
import type { Addr } from "../../base/address-book.js";
import { learnedMtu } from "../path-mtu.js";
import type { Stack } from "../stack.js";
import { type Chunk, SOCKF, TCP_STATE } from "./socket-table.js";

const HEADERS4 = 40;
const HEADERS6 = 60;
/** Timestamp option with its padding. */
export const OPTION_BYTES = 12;

/** Bytes of data in a full segment: no more than the peer takes, nor than the path of the last segment. */
export function segmentRoom(s: Stack, sock: number): number {
  const c = s.sock.rows.c;
  const path = c.pathMtu[sock]! - (s.book.is4(c.remoteAddr[sock]! as Addr) ? HEADERS4 : HEADERS6);
  return Math.min(c.mss[sock]!, path > 0 ? path : c.mss[sock]!) - OPTION_BYTES;
}

/** The pieces in which the sent part of a chunk went out, `room` bytes each, and the part that was not sent. */
function cutAsSent(chunk: Chunk, next: number, room: number): Chunk[] {
  const sent = Math.max(0, Math.min(chunk.len, (next - chunk.seq) | 0));
  const pieces: Chunk[] = [];
  for (let at = 0; at < chunk.len; ) {
    const len = at < sent ? Math.min(room, sent - at) : chunk.len - at;
    const open = chunk.open === true || at + len < chunk.len;
    pieces.push(Object.freeze({ seq: (chunk.seq + at) | 0, payload: chunk.payload, off: chunk.off + at, len, ...(open ? { open } : {}) }));
    at += len;
  }
  return pieces;
}

/**
 * The path of a connection carries less than before. True: something that was sent is too long now, and all that is not
 * acknowledged is to be sent again from the first byte.
 */
export function pathShrank(s: Stack, sock: number): boolean {
  const c = s.sock.rows.c;
  const mtu = learnedMtu(s, c.ns[sock]!, c.remoteAddr[sock]!);
  const state = c.state[sock]!;
  if (mtu === 0 || mtu >= c.pathMtu[sock]! || state === TCP_STATE.synSent || state === TCP_STATE.synRecv || state === TCP_STATE.timeWait) return false;
  const before = segmentRoom(s, sock);
  c.pathMtu[sock] = mtu;
  const after = segmentRoom(s, sock);
  const next = c.nextSeq[sock]!;
  const chunks = (s.sock.queues.get(sock) ?? []).flatMap((chunk) => cutAsSent(chunk, next, before));
  if (!chunks.some((chunk) => ((next - chunk.seq) | 0) > 0 && chunk.len > after)) return false;
  s.sock.queues.set(sock, Object.freeze(chunks));
  c.lossEnd[sock] = next;
  c.nextSeq[sock] = c.unacked[sock]!;
  c.flags[sock] = (c.flags[sock]! & ~(SOCKF.finSent | SOCKF.finJoined | SOCKF.probed)) | SOCKF.inLoss;
  return true;
}
