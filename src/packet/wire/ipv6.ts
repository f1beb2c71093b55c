// IPv6 headers, RFC 8200. Hop-by-hop, routing and destination options are skipped on decode (ipLen is then the length without them).
// A fragment header stands for `frag` and `ipId` as in IPv4 and belongs to ipLen; on a packet that is whole it is skipped.

import type { AddressBook } from "../../base/address-book.js";
import { IP_FLAG, type PacketColumns } from "../columns.js";
import { halves } from "./checksum.js";
import { readHalf, readWord } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of the fixed IPv6 header. */
export const IPV6_BYTES = 40;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION_OPTIONS = 60;
const FRAGMENT = 44;
export const FRAGMENT_BYTES = 8;
const NEXT_HEADER_AT = 6;

/** Whether `p` is a piece of an IPv6 packet, with a fragment header. */
export function isPiece(c: PacketColumns, p: number): boolean {
  return (c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0;
}

/** Puts a fragment header behind the IPv6 header at `at`. */
export function writeFragmentHeader(c: PacketColumns, p: number, view: DataView, at: number): void {
  const frag = c.frag[p]!;
  view.setUint8(at + NEXT_HEADER_AT, FRAGMENT);
  view.setInt32(at + IPV6_BYTES, (c.proto[p]! << 24) | ((frag & IP_FLAG.OFFSET) << 3) | ((frag & IP_FLAG.MF) !== 0 ? 1 : 0));
  view.setInt32(at + IPV6_BYTES + 4, c.ipId[p]!);
}

/** Writes the header of packet `p` and answers the sum of its addresses, which the pseudo header needs. */
export function writeIpv6(c: PacketColumns, book: AddressBook, p: number, view: DataView, at: number): number {
  const first = 0x60000000 | (c.tos[p]! << 20) | (c.ipId[p]! & 0xfffff);
  const second = ((c.ipLen[p]! - IPV6_BYTES) << 16) | (c.proto[p]! << 8) | c.ttl[p]!;
  view.setInt32(at, first);
  view.setInt32(at + 4, second);
  return writeAddress(book, c.src[p]!, view, at + 8) + writeAddress(book, c.dst[p]!, view, at + 24);
}

/** Writes 16 bytes of an address and answers their sum. */
export function writeAddress(book: AddressBook, address: number, view: DataView, at: number): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) {
    const word = book.words[4 * address + i]!;
    view.setInt32(at + 4 * i, word);
    sum += halves(word);
  }
  return sum;
}

/** The address at `at`. */
export function readAddress(book: AddressBook, bytes: Uint8Array, at: number): number {
  return book.v6(readWord(bytes, at), readWord(bytes, at + 4), readWord(bytes, at + 8), readWord(bytes, at + 12));
}

/** Reads the header at `bytes[at..end)` into packet `p`; answers where its body begins, or a malformed code. */
export function readIpv6(
  c: PacketColumns,
  book: AddressBook,
  p: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  quoted: boolean,
): number {
  if (end - at < IPV6_BYTES) return MALFORMED.IPV6_SHORT;
  const first = readWord(bytes, at);
  if (first >>> 28 !== 6) return MALFORMED.IPV6_VERSION;
  const total = IPV6_BYTES + readHalf(bytes, at + 4);
  if (!quoted && at + total > end) return MALFORMED.IPV6_PAYLOAD_LENGTH;
  const limit = quoted ? end : at + total;
  let next = bytes[at + 6]!;
  let body = at + IPV6_BYTES;
  let frag = 0;
  let id = first & 0xfffff;
  while (next === HOP_BY_HOP || next === ROUTING || next === DESTINATION_OPTIONS || next === FRAGMENT) {
    if (body + 8 > limit) return MALFORMED.IPV6_EXTENSION;
    if (next === FRAGMENT) {
      const place = readHalf(bytes, body + 2);
      frag = (place >> 3) | ((place & 1) !== 0 ? IP_FLAG.MF : 0);
      if (frag !== 0) id = readWord(bytes, body + 4);
    }
    const length = next === FRAGMENT ? FRAGMENT_BYTES : (bytes[body + 1]! + 1) * 8;
    if (body + length > limit) return MALFORMED.IPV6_EXTENSION;
    next = bytes[body]!;
    body += length;
  }
  c.tos[p] = (first >>> 20) & 0xff;
  c.ipId[p] = id;
  c.frag[p] = frag;
  c.ipLen[p] = total - (body - at - IPV6_BYTES) + (frag !== 0 ? FRAGMENT_BYTES : 0);
  c.proto[p] = next;
  c.ttl[p] = bytes[at + 7]!;
  c.src[p] = readAddress(book, bytes, at + 8);
  c.dst[p] = readAddress(book, bytes, at + 24);
  return body;
}
