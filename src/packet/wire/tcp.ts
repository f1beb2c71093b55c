// TCP headers, RFC 9293, with the options that Linux sends (RFC 7323, RFC 2018), in its order (tcp_options_write). `optLen` names the
// layout, together with the SYN bit:
//   SYN  20: MSS, SACK permitted, timestamps, NOP, window scale     SYN  12: MSS, NOP, NOP, SACK permitted, NOP, window scale
//   SYN   8: MSS, NOP, window scale                                 SYN   4: MSS
//   else 12: NOP, NOP, timestamps                                   any   0: none
// Other option bytes are understood on decode and written back as NOPs.

import { type PacketColumns, TCP_FLAG } from "../columns.js";
import { checksumOf, halves } from "./checksum.js";
import { readHalf, readWord } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of a TCP header without options. */
export const TCP_BYTES = 20;

/** Bytes of the options of a Linux SYN and SYN/ACK (IP length 60). */
export const TCP_SYN_OPTIONS = 20;
/** Bytes of the options of every other segment (IP length 52 without data). */
export const TCP_SEGMENT_OPTIONS = 12;

const OPTION = { END: 0, NOP: 1, MSS: 2, WINDOW_SCALE: 3, SACK_PERMITTED: 4, TIMESTAMPS: 8 } as const;
const NOPS = 0x01010101;
const MSS_HEAD = 0x02040000;
const SACK_PERMITTED_TIMESTAMPS = 0x0402080a;
const NOP_NOP_TIMESTAMPS = 0x0101080a;
const NOP_NOP_SACK_PERMITTED = 0x01010402;
const NOP_WINDOW_SCALE = 0x01030300;

/** Writes the header of packet `p` with its options; `sum` is that of the payload and of the pseudo header. */
export function writeTcp(c: PacketColumns, p: number, view: DataView, at: number, sum: number): void {
  const sport = c.sport[p]!;
  const dport = c.dport[p]!;
  const seq = c.seq[p]!;
  const ack = c.ack[p]!;
  const optLen = c.optLen[p]!;
  const control = ((TCP_BYTES + optLen) << 26) | (c.flags[p]! << 16) | c.window[p]!;
  view.setInt32(at, (sport << 16) | dport);
  view.setInt32(at + 4, seq);
  view.setInt32(at + 8, ack);
  view.setInt32(at + 12, control);
  const options = optLen === 0 ? 0 : writeOptions(c, p, view, at + TCP_BYTES, optLen);
  const given = c.csum[p]!;
  const all = sum + sport + dport + halves(seq) + halves(ack) + halves(control) + options;
  view.setInt32(at + 16, (given === 0 ? checksumOf(all) : given & 0xffff) << 16);
}

function writeOptions(c: PacketColumns, p: number, view: DataView, at: number, optLen: number): number {
  let done = 0;
  let sum = 0;
  const put = (word: number): void => {
    view.setInt32(at + done, word);
    sum += halves(word);
    done += 4;
  };
  if ((c.flags[p]! & TCP_FLAG.SYN) !== 0) {
    if (optLen >= 4) put(MSS_HEAD | c.mss[p]!);
    if (optLen >= 20) {
      put(SACK_PERMITTED_TIMESTAMPS);
      put(c.tsval[p]!);
      put(c.tsecr[p]!);
    } else if (optLen >= 12) put(NOP_NOP_SACK_PERMITTED);
    if (optLen >= 8) put(NOP_WINDOW_SCALE | c.wscale[p]!);
  } else if (optLen >= 12) {
    put(NOP_NOP_TIMESTAMPS);
    put(c.tsval[p]!);
    put(c.tsecr[p]!);
  }
  while (done < optLen) put(NOPS);
  return sum;
}

/**
 * Reads the header at `bytes[at..end)` into packet `p`; answers where its payload begins, or a malformed code. Of a quoted segment the
 * first 8 bytes are enough.
 */
export function readTcp(c: PacketColumns, p: number, bytes: Uint8Array, at: number, end: number, quoted: boolean): number {
  if (end - at < (quoted ? 8 : TCP_BYTES)) return MALFORMED.TCP_SHORT;
  c.sport[p] = readHalf(bytes, at);
  c.dport[p] = readHalf(bytes, at + 2);
  c.seq[p] = readWord(bytes, at + 4);
  if (end - at < TCP_BYTES) return end;
  const header = (bytes[at + 12]! >>> 4) * 4;
  if (header < TCP_BYTES || (!quoted && at + header > end)) return MALFORMED.TCP_DATA_OFFSET;
  c.ack[p] = readWord(bytes, at + 8);
  c.flags[p] = bytes[at + 13]!;
  c.window[p] = readHalf(bytes, at + 14);
  c.optLen[p] = header - TCP_BYTES;
  const body = Math.min(at + header, end);
  readOptions(c, p, bytes, at + TCP_BYTES, body);
  return body;
}

/** As Linux's tcp_parse_options does, stops at the first option that makes no sense. */
function readOptions(c: PacketColumns, p: number, bytes: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === OPTION.END) return;
    if (kind === OPTION.NOP) {
      at++;
      continue;
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0;
    if (length < 2 || at + length > end) return;
    if (kind === OPTION.MSS && length === 4) c.mss[p] = readHalf(bytes, at + 2);
    else if (kind === OPTION.WINDOW_SCALE && length === 3) c.wscale[p] = bytes[at + 2]!;
    else if (kind === OPTION.TIMESTAMPS && length === 10) {
      c.tsval[p] = readWord(bytes, at + 2);
      c.tsecr[p] = readWord(bytes, at + 6);
    }
    at += length;
  }
}
