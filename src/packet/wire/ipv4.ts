// IPv4 headers, RFC 791. Options are skipped on decode (ipLen is then the length without them) and never written.

import type { AddressBook } from "../../base/address-book.js";
import type { PacketColumns } from "../columns.js";
import { checksumOf, halves, sumOf } from "./checksum.js";
import { readHalf, readWord } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of an IPv4 header without options. */
export const IPV4_BYTES = 20;

/** Writes the header of packet `p`; src and dst are its address words. The sum of a finished header is 0 in one's complement. */
export function writeIpv4(c: PacketColumns, p: number, view: DataView, at: number, src: number, dst: number): void {
  const first = 0x45000000 | (c.tos[p]! << 16) | c.ipLen[p]!;
  const second = (c.ipId[p]! << 16) | c.frag[p]!;
  const third = (c.ttl[p]! << 24) | (c.proto[p]! << 16);
  const sum = halves(first) + halves(second) + (third >>> 16) + halves(src) + halves(dst);
  view.setInt32(at, first);
  view.setInt32(at + 4, second);
  view.setInt32(at + 8, third | checksumOf(sum));
  view.setInt32(at + 12, src);
  view.setInt32(at + 16, dst);
}

/**
 * Reads the header at `bytes[at..end)` into packet `p`; answers where its body begins, or a malformed code. A quoted packet may be
 * longer than the bytes there are, and its checksum is the quoting host's affair.
 */
export function readIpv4(
  c: PacketColumns,
  book: AddressBook,
  p: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  quoted: boolean,
): number {
  if (end - at < IPV4_BYTES) return MALFORMED.IPV4_SHORT;
  const first = bytes[at]!;
  if (first >>> 4 !== 4) return MALFORMED.IPV4_VERSION;
  const header = (first & 15) * 4;
  if (header < IPV4_BYTES || at + header > end) return MALFORMED.IPV4_HEADER_LENGTH;
  const total = readHalf(bytes, at + 2);
  if (total < header || (!quoted && at + total > end)) return MALFORMED.IPV4_TOTAL_LENGTH;
  if (!quoted && sumOf(bytes, at, at + header) !== 0xffff) return MALFORMED.IPV4_CHECKSUM;
  c.tos[p] = bytes[at + 1]!;
  c.ipLen[p] = total - header + IPV4_BYTES;
  c.ipId[p] = readHalf(bytes, at + 4);
  c.frag[p] = readHalf(bytes, at + 6);
  c.ttl[p] = bytes[at + 8]!;
  c.proto[p] = bytes[at + 9]!;
  c.src[p] = book.v4(readWord(bytes, at + 12));
  c.dst[p] = book.v4(readWord(bytes, at + 16));
  return at + header;
}
