// Bytes to packet records. Every length is checked before it is used and every checksum verified; what is wrong is a code, never an
// exception. Payload bytes are interned. A quoted packet (in an ICMP error) may be cut anywhere after its first 8 transport bytes.

import type { AddressBook } from "../../base/address-book.js";
import { ETHERTYPE, PROTO } from "../../base/codes.js";
import { IP_FLAG, type PacketColumns } from "../columns.js";
import type { Packets } from "../packets.js";
import type { Payloads } from "../payload.js";
import { readArp } from "./arp.js";
import { fold, halves, sumOf } from "./checksum.js";
import { ETHERNET_BYTES, readHalf, readMac, readWord } from "./ethernet.js";
import { ICMP_BYTES, ICMP_SHAPE, icmpShape, ND_BYTES, ND_OPTION_BYTES } from "./icmp.js";
import { IPV4_BYTES, readIpv4 } from "./ipv4.js";
import { FRAGMENT_BYTES, IPV6_BYTES, readAddress, readIpv6 } from "./ipv6.js";
import { MALFORMED } from "./malformed.js";
import { readTcp } from "./tcp.js";
import { readUdp, UDP_BYTES } from "./udp.js";
import { readVxlan, VXLAN_BYTES, VXLAN_PORT } from "./vxlan.js";

/** Tunnels in tunnels and quotes of quotes that are followed. */
const DEEPEST = 8;
const LITERAL = 0x10000;
const UDP_CHECKSUM_AT = 6;
const TCP_CHECKSUM_AT = 16;

class FrameReader {
  readonly #pk: Packets;
  readonly #c: PacketColumns;
  readonly #payloads: Payloads;
  readonly #book: AddressBook;
  readonly #bytes: Uint8Array;
  readonly #vxlanPort: number;

  constructor(pk: Packets, payloads: Payloads, book: AddressBook, bytes: Uint8Array, vxlanPort: number) {
    this.#pk = pk;
    this.#c = pk.c;
    this.#payloads = payloads;
    this.#book = book;
    this.#bytes = bytes;
    this.#vxlanPort = vxlanPort;
  }

  /** Reads a frame into packet `p`; 0 or a malformed code, as all methods here. */
  frame(p: number, at: number, end: number, depth: number): number {
    if (depth > DEEPEST) return MALFORMED.TOO_DEEP;
    if (end - at < ETHERNET_BYTES) return MALFORMED.ETHERNET_SHORT;
    const c = this.#c;
    c.macDst[p] = readMac(this.#bytes, at);
    c.macSrc[p] = readMac(this.#bytes, at + 6);
    const etherType = readHalf(this.#bytes, at + 12);
    c.etherType[p] = etherType;
    const body = at + ETHERNET_BYTES;
    switch (etherType) {
      case ETHERTYPE.IPV4:
        return this.#ipv4(p, body, end, depth, false);
      case ETHERTYPE.IPV6:
        return this.#ipv6(p, body, end, depth, false);
      case ETHERTYPE.ARP:
        return readArp(c, this.#book, p, this.#bytes, body, end);
      default:
        return this.#payload(p, body, end);
    }
  }

  #ipv4(p: number, at: number, end: number, depth: number, quoted: boolean): number {
    const c = this.#c;
    const body = readIpv4(c, this.#book, p, this.#bytes, at, end, quoted);
    if (body < 0) return body;
    const pseudo = sumOf(this.#bytes, at + 12, at + 20) + c.proto[p]!;
    return this.#transport(p, body, body + c.ipLen[p]! - IPV4_BYTES, end, pseudo, depth, quoted, false);
  }

  #ipv6(p: number, at: number, end: number, depth: number, quoted: boolean): number {
    const c = this.#c;
    const body = readIpv6(c, this.#book, p, this.#bytes, at, end, quoted);
    if (body < 0) return body;
    const pseudo = sumOf(this.#bytes, at + 8, at + 40) + c.proto[p]!;
    return this.#transport(p, body, body + c.ipLen[p]! - IPV6_BYTES - (c.frag[p] !== 0 ? FRAGMENT_BYTES : 0), end, pseudo, depth, quoted, true);
  }

  /** `said` is where the IP header says that the packet ends, `pseudo` the pseudo header's sum without the length. */
  #transport(p: number, at: number, said: number, end: number, pseudo: number, depth: number, quoted: boolean, isV6: boolean): number {
    const frag = this.#c.frag[p]!;
    const limit = Math.min(said, end);
    if ((frag & IP_FLAG.OFFSET) !== 0) return this.#payload(p, at, limit);
    const whole = said <= end && (frag & IP_FLAG.MF) === 0;
    switch (this.#c.proto[p]!) {
      case PROTO.UDP:
        return this.#udp(p, at, limit, pseudo, depth, whole, quoted, isV6);
      case PROTO.TCP:
        return this.#tcp(p, at, limit, pseudo, whole, quoted);
      case PROTO.ICMP:
        return isV6 ? this.#payload(p, at, limit) : this.#icmp(p, at, limit, 0, depth, whole, quoted, false);
      case PROTO.IPIP:
        return whole && !quoted && !isV6 ? this.#ipip(p, at, limit, depth) : this.#payload(p, at, limit);
      case PROTO.ICMP6:
        return isV6 ? this.#icmp(p, at, limit, pseudo + limit - at, depth, whole, quoted, true) : this.#payload(p, at, limit);
      default:
        return this.#payload(p, at, limit);
    }
  }

  #udp(p: number, at: number, end: number, pseudo: number, depth: number, whole: boolean, quoted: boolean, isV6: boolean): number {
    const c = this.#c;
    const bodyEnd = readUdp(c, p, this.#bytes, at, end, whole);
    if (bodyEnd < 0) return bodyEnd;
    const given = readHalf(this.#bytes, at + UDP_CHECKSUM_AT);
    const sums = whole && given !== 0 && this.#sums(at, bodyEnd, pseudo + bodyEnd - at);
    if (whole && !quoted && !sums && (given !== 0 || isV6)) return MALFORMED.UDP_CHECKSUM;
    if (!sums) c.csum[p] = LITERAL | given;
    const body = at + UDP_BYTES;
    if (c.dport[p] !== this.#vxlanPort || !whole || quoted) return this.#payload(p, body, bodyEnd);
    const vni = readVxlan(this.#bytes, body, bodyEnd);
    if (vni < 0) return vni;
    c.vni[p] = vni;
    const inner = this.#pk.alloc();
    c.inner[p] = inner;
    return this.frame(inner, body + VXLAN_BYTES, bodyEnd, depth + 1);
  }

  /** The packet inside another one, whose link layer is empty; a body that is no packet is only bytes. */
  #ipip(p: number, at: number, end: number, depth: number): number {
    if (depth >= DEEPEST) return MALFORMED.TOO_DEEP;
    const inner = this.#pk.alloc();
    this.#c.etherType[inner] = ETHERTYPE.IPV4;
    if (this.#ipv4(inner, at, end, depth + 1, false) < 0) {
      this.#pk.release(inner);
      return this.#payload(p, at, end);
    }
    this.#c.inner[p] = inner;
    return 0;
  }

  #tcp(p: number, at: number, end: number, pseudo: number, whole: boolean, quoted: boolean): number {
    const body = readTcp(this.#c, p, this.#bytes, at, end, quoted);
    if (body < 0) return body;
    const sums = whole && this.#sums(at, end, pseudo + end - at);
    if (!sums) {
      if (whole && !quoted) return MALFORMED.TCP_CHECKSUM;
      this.#c.csum[p] = LITERAL | (at + TCP_CHECKSUM_AT + 2 <= end ? readHalf(this.#bytes, at + TCP_CHECKSUM_AT) : 0);
    }
    return this.#payload(p, body, end);
  }

  #icmp(p: number, at: number, end: number, pseudo: number, depth: number, whole: boolean, quoted: boolean, isV6: boolean): number {
    const c = this.#c;
    if (end - at < ICMP_BYTES) return MALFORMED.ICMP_SHORT;
    const sums = whole && this.#sums(at, end, pseudo);
    if (!sums) {
      if (whole && !quoted) return MALFORMED.ICMP_CHECKSUM;
      c.csum[p] = LITERAL | readHalf(this.#bytes, at + 2);
    }
    c.icmpType[p] = this.#bytes[at]!;
    c.icmpCode[p] = this.#bytes[at + 1]!;
    const body = at + ICMP_BYTES;
    switch (icmpShape(c.icmpType[p]!, isV6)) {
      case ICMP_SHAPE.ECHO:
        c.sport[p] = readHalf(this.#bytes, at + 4);
        c.dport[p] = readHalf(this.#bytes, at + 6);
        return this.#payload(p, body, end);
      case ICMP_SHAPE.ERROR:
        c.icmpInfo[p] = readWord(this.#bytes, at + 4);
        return quoted || !whole ? this.#payload(p, body, end) : this.#quote(p, body, end, depth, isV6);
      case ICMP_SHAPE.ND:
        c.icmpInfo[p] = readWord(this.#bytes, at + 4);
        return this.#neighbour(p, body, end);
      default:
        c.icmpInfo[p] = readWord(this.#bytes, at + 4);
        return this.#payload(p, body, end);
    }
  }

  #quote(p: number, at: number, end: number, depth: number, isV6: boolean): number {
    const inner = this.#pk.alloc();
    this.#c.inner[p] = inner;
    this.#c.etherType[inner] = isV6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4;
    const code = isV6 ? this.#ipv6(inner, at, end, depth + 1, true) : this.#ipv4(inner, at, end, depth + 1, true);
    return code < 0 ? MALFORMED.ICMP_QUOTE : 0;
  }

  /** Target, and the link-layer address if it is the first option; other options are passed over (ipLen is then without them). */
  #neighbour(p: number, at: number, end: number): number {
    const c = this.#c;
    const options = at + ND_BYTES - ICMP_BYTES;
    if (options > end) return MALFORMED.ICMP_SHORT;
    c.target[p] = readAddress(this.#book, this.#bytes, at);
    const kind = options + ND_OPTION_BYTES <= end ? readHalf(this.#bytes, options) : 0;
    const addressed = kind === 0x0101 || kind === 0x0201;
    if (addressed) c.arpSha[p] = readMac(this.#bytes, options + 2);
    c.ipLen[p] = IPV6_BYTES + ND_BYTES + (addressed ? ND_OPTION_BYTES : 0);
    return 0;
  }

  #sums(at: number, end: number, pseudo: number): boolean {
    return fold(sumOf(this.#bytes, at, end) + halves(pseudo)) === 0xffff;
  }

  #payload(p: number, at: number, end: number): number {
    this.#c.payload[p] = this.#payloads.putRange(this.#bytes, at, end);
    this.#c.payLen[p] = Math.max(0, end - at);
    return 0;
  }
}

/**
 * Reads the Ethernet frame `bytes[from..to)` into a new packet and answers its row, or a negative MALFORMED code. Bytes after the IP
 * packet (padding) are ignored; UDP to `vxlanPort` is taken for VXLAN.
 */
export function decodeFrame(
  pk: Packets,
  payloads: Payloads,
  book: AddressBook,
  bytes: Uint8Array,
  from: number = 0,
  to: number = bytes.length,
  vxlanPort: number = VXLAN_PORT,
): number {
  const p = pk.alloc();
  const code = new FrameReader(pk, payloads, book, bytes, vxlanPort).frame(p, Math.max(0, from), Math.min(to, bytes.length), 0);
  if (code === 0) return p;
  pk.release(p);
  return code;
}
