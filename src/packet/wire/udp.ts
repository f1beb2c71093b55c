// UDP headers, RFC 768 (and RFC 8200 8.1 for IPv6). A computed checksum of 0 is sent as 0xffff, for 0 says that there is none.

import type { PacketColumns } from "../columns.js";
import { checksumOf } from "./checksum.js";
import { readHalf } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of a UDP header. */
export const UDP_BYTES = 8;

/** Writes the header of packet `p`, of `length` bytes with its body; `sum` is that of the body and of the pseudo header. */
export function writeUdp(c: PacketColumns, p: number, view: DataView, at: number, length: number, sum: number): void {
  const ports = (c.sport[p]! << 16) | c.dport[p]!;
  const given = c.csum[p]!;
  const checksum = given === 0 ? checksumOf(sum + c.sport[p]! + c.dport[p]! + length) || 0xffff : given & 0xffff;
  view.setInt32(at, ports);
  view.setInt32(at + 4, (length << 16) | checksum);
}

/**
 * Reads the header at `bytes[at..end)` into packet `p`; answers where its body ends, or a malformed code. `whole` is false for first
 * fragments and cut quotes, whose length and checksum speak of bytes that are not there.
 */
export function readUdp(c: PacketColumns, p: number, bytes: Uint8Array, at: number, end: number, whole: boolean): number {
  if (end - at < UDP_BYTES) return MALFORMED.UDP_SHORT;
  const length = readHalf(bytes, at + 4);
  if (length < UDP_BYTES || (whole && at + length > end)) return MALFORMED.UDP_LENGTH;
  c.sport[p] = readHalf(bytes, at);
  c.dport[p] = readHalf(bytes, at + 2);
  if (!whole) {
    c.l4Len[p] = length;
    return Math.min(at + length, end);
  }
  // As udp_trim: what the IP packet has beyond the datagram is no part of it.
  c.ipLen[p] = c.ipLen[p]! - (end - at - length);
  return at + length;
}
