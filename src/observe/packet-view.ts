/** A packet record as people read it. */
import { PROTO_NAME } from "../base/codes.js";
import type { AddressBook } from "../base/address-book.js";
import type { Packets } from "../packet/packets.js";
import type { PacketView } from "./walk-record.js";

const ETHERTYPE_ARP = 0x0806;
const FLAG_LETTERS = ["F", "S", "R", "P", "A", "U", "E", "C"];

/** "SA" for SYN and ACK. */
export function flagLetters(flags: number): string {
  return FLAG_LETTERS.filter((_, bit) => ((flags >> bit) & 1) === 1).join("");
}

/** Protocol word of a packet; ICMPv6 is icmp6. */
export function protocolWord(number: number): string {
  return number === 58 ? "icmp6" : (PROTO_NAME[number] ?? `proto ${number}`);
}

/** The record of row `p`; a tunnelled packet has its inner one inside. */
export function viewPacket(packets: Packets, book: AddressBook, p: number): PacketView {
  const c = packets.c;
  if (c.etherType[p] === ETHERTYPE_ARP) {
    return { src: book.text(c.src[p]!), dst: book.text(c.dst[p]!), sport: 0, dport: 0, proto: "arp", ttl: 0, length: 28 };
  }
  const proto = c.proto[p]!;
  const isTunnel = (proto === 17 || proto === 4) && c.inner[p] !== 0;
  return {
    src: book.text(c.src[p]!),
    dst: book.text(c.dst[p]!),
    sport: c.sport[p]!,
    dport: c.dport[p]!,
    proto: protocolWord(proto),
    ttl: c.ttl[p]!,
    length: c.ipLen[p]!,
    ...(proto === 6 ? { flags: flagLetters(c.flags[p]!) } : {}),
    ...(c.mark[p] !== 0 ? { mark: `0x${(c.mark[p]! >>> 0).toString(16)}` } : {}),
    ...(isTunnel ? { inner: viewPacket(packets, book, c.inner[p]!) } : {}),
  };
}

/** "10.0.0.1:80", or the address alone where there are no ports. */
export function endpointText(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
