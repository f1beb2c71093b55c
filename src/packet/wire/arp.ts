// ARP for IPv4 over Ethernet, RFC 826. In the record src and dst are the sender's and the target's protocol addresses.

import type { AddressBook } from "../../base/address-book.js";
import type { PacketColumns } from "../columns.js";
import { readHalf, readMac, readWord, writeMac } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of an ARP message for IPv4 over Ethernet. */
export const ARP_BYTES = 28;
/** Operations of ARP. */
export const ARP_OP = { REQUEST: 1, REPLY: 2 } as const;

const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;

/** Writes the 28 bytes of packet `p`. */
export function writeArp(c: PacketColumns, book: AddressBook, p: number, view: DataView, at: number): void {
  view.setInt32(at, (HARDWARE_ETHERNET << 16) | PROTOCOL_IPV4);
  view.setInt32(at + 4, 0x06040000 | c.arpOp[p]!);
  writeMac(view, at + 8, c.arpSha[p]!);
  view.setInt32(at + 14, book.words[4 * c.src[p]!]!);
  writeMac(view, at + 18, c.arpTha[p]!);
  view.setInt32(at + 24, book.words[4 * c.dst[p]!]!);
}

/** Reads `bytes[at..end)` into packet `p`; 0, or a malformed code. */
export function readArp(c: PacketColumns, book: AddressBook, p: number, bytes: Uint8Array, at: number, end: number): number {
  if (end - at < ARP_BYTES) return MALFORMED.ARP_SHORT;
  if (readHalf(bytes, at) !== HARDWARE_ETHERNET || readHalf(bytes, at + 2) !== PROTOCOL_IPV4 || readHalf(bytes, at + 4) !== 0x0604) {
    return MALFORMED.ARP_FORMAT;
  }
  c.arpOp[p] = readHalf(bytes, at + 6);
  c.arpSha[p] = readMac(bytes, at + 8);
  c.src[p] = book.v4(readWord(bytes, at + 14));
  c.arpTha[p] = readMac(bytes, at + 18);
  c.dst[p] = book.v4(readWord(bytes, at + 24));
  return 0;
}
