// Packet records to bytes. Headers are written in place, bodies before the headers that carry their sums; sums come from fields and
// from the sum kept with each payload, so no byte is read back (RFC 1071: a finished header or segment with its pseudo header sums to
// zero, hence a whole inner frame costs VXLAN's outer UDP checksum a few additions).

import type { AddressBook } from "../../base/address-book.js";
import { ETHERTYPE, PROTO } from "../../base/codes.js";
import { IP_FLAG, type PacketColumns } from "../columns.js";
import type { Packets } from "../packets.js";
import type { Payloads } from "../payload.js";
import { ARP_BYTES, writeArp } from "./arp.js";
import { checksumOf, halves, sumOf } from "./checksum.js";
import { ETHERNET_BYTES, writeEthernet, writeMac } from "./ethernet.js";
import { FrameTemplate } from "./frame-template.js";
import { ICMP_BYTES, ICMP_SHAPE, ICMP6_TYPE, icmpShape, ND_BYTES, ND_OPTION_BYTES } from "./icmp.js";
import { IPV4_BYTES, writeIpv4 } from "./ipv4.js";
import { FRAGMENT_BYTES, IPV6_BYTES, isPiece, writeAddress, writeFragmentHeader, writeIpv6 } from "./ipv6.js";
import { TCP_BYTES, writeTcp } from "./tcp.js";
import { UDP_BYTES, writeUdp } from "./udp.js";
import { VXLAN_BYTES, writeVxlan } from "./vxlan.js";

/** The first four bytes of a WireGuard data message: its type, then zeros. */
const WIREGUARD_DATA = 0x04000000;

/** Bytes of the frame of packet `p`. */
export function frameLength(c: PacketColumns, p: number): number {
  const etherType = c.etherType[p]!;
  if (etherType === ETHERTYPE.IPV4 || etherType === ETHERTYPE.IPV6) return ETHERNET_BYTES + c.ipLen[p]!;
  return ETHERNET_BYTES + (etherType === ETHERTYPE.ARP ? ARP_BYTES : c.payLen[p]!);
}

/** Bytes that writing packet `p` may touch: more than its length when it quotes a packet that is cut off. */
export function frameRoom(c: PacketColumns, p: number): number {
  const inner = c.inner[p]!;
  const length = frameLength(c, p);
  if (inner === 0) return length;
  const headers = ETHERNET_BYTES + IPV6_BYTES + UDP_BYTES + VXLAN_BYTES;
  return Math.max(length, headers + frameRoom(c, inner), headers + TCP_BYTES + c.ipLen[inner]!);
}

/** Writes frames into one buffer, each over the last; between calls the buffer may be read and must not be written. */
export class FrameWriter {
  readonly out: Uint8Array;
  readonly #view: DataView;
  readonly #c: PacketColumns;
  readonly #payloads: Payloads;
  readonly #book: AddressBook;
  readonly #template: FrameTemplate = new FrameTemplate();
  /** Sum of the payload written last. */
  #bodySum = 0;

  constructor(pk: Packets, payloads: Payloads, book: AddressBook, out: Uint8Array) {
    this.#c = pk.c;
    this.#payloads = payloads;
    this.#book = book;
    this.out = out;
    this.#view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  }

  /** Writes the frame of packet `p` at the start of `out`, which has `frameRoom` bytes; answers how many bytes the frame has. */
  write(p: number): number {
    const c = this.#c;
    if (this.#template.patch(c, this.#book.words, p, this.#view)) return ETHERNET_BYTES + c.ipLen[p]!;
    this.#frame(p, 0);
    this.#template.remember(c, p, this.out, this.#bodySum);
    return frameLength(c, p);
  }

  /** Writes a frame at `at` and answers its sum. */
  #frame(p: number, at: number): number {
    const c = this.#c;
    const etherType = c.etherType[p]!;
    const sum = writeEthernet(this.#view, at, c.macDst[p]!, c.macSrc[p]!, etherType);
    const body = at + ETHERNET_BYTES;
    switch (etherType) {
      case ETHERTYPE.IPV4:
        return sum + this.#ipv4(p, body);
      case ETHERTYPE.IPV6:
        return sum + this.#ipv6(p, body);
      case ETHERTYPE.ARP:
        writeArp(c, this.#book, p, this.#view, body);
        return sum + sumOf(this.out, body, body + ARP_BYTES);
      default:
        return sum + this.#body(p, body, c.payLen[p]!);
    }
  }

  #ipv4(p: number, at: number): number {
    const c = this.#c;
    const words = this.#book.words;
    const src = words[4 * c.src[p]!]!;
    const dst = words[4 * c.dst[p]!]!;
    writeIpv4(c, p, this.#view, at, src, dst);
    const length = c.ipLen[p]! - IPV4_BYTES;
    return this.#transport(p, at + IPV4_BYTES, length, halves(src) + halves(dst) + c.proto[p]!, false);
  }

  #ipv6(p: number, at: number): number {
    const c = this.#c;
    const addresses = writeIpv6(c, this.#book, p, this.#view, at);
    let header = IPV6_BYTES;
    if (isPiece(c, p)) {
      writeFragmentHeader(c, p, this.#view, at);
      header += FRAGMENT_BYTES;
    }
    const length = c.ipLen[p]! - header;
    const sum = this.#transport(p, at + header, length, addresses + c.proto[p]!, true) + sumOf(this.out, at + IPV6_BYTES, at + header);
    return sum + addresses + sumOf(this.out, at, at + 8);
  }

  /**
   * Writes `length` bytes after the IP header and answers their sum; `pseudo` is the sum of the pseudo header without a length. The first
   * fragment of a datagram of `l4Len` bytes has the header and the checksum of all of it.
   */
  #transport(p: number, at: number, length: number, pseudo: number, isV6: boolean): number {
    const c = this.#c;
    if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) return this.#laterFragment(p, at, length);
    const begins = (c.frag[p]! & IP_FLAG.MF) !== 0 && c.l4Len[p] !== 0;
    const whole = begins ? c.l4Len[p]! : length;
    const allPseudo = pseudo + whole;
    switch (c.proto[p]!) {
      case PROTO.UDP:
        this.#udp(p, at, length, whole, allPseudo);
        break;
      case PROTO.TCP: {
        const header = TCP_BYTES + c.optLen[p]!;
        writeTcp(c, p, this.#view, at, this.#wholeBody(p, at + header, length - header, whole - header) + allPseudo);
        break;
      }
      case PROTO.ICMP:
        if (isV6) return this.#body(p, at, length);
        this.#icmp(p, at, length, whole, 0, false);
        return c.csum[p] === 0 && whole === length ? 0 : sumOf(this.out, at, at + length);
      case PROTO.ICMP6:
        if (!isV6) return this.#body(p, at, length);
        this.#icmp(p, at, length, whole, allPseudo, true);
        break;
      case PROTO.IPIP:
        this.#ipip(p, at, length);
        return sumOf(this.out, at, at + length);
      default:
        return this.#body(p, at, length);
    }
    return c.csum[p] === 0 && whole === length ? checksumOf(allPseudo) : sumOf(this.out, at, at + length);
  }

  #udp(p: number, at: number, length: number, whole: number, pseudo: number): void {
    const c = this.#c;
    const body = at + UDP_BYTES;
    const sum = c.inner[p] === 0 ? this.#wholeBody(p, body, length - UDP_BYTES, whole - UDP_BYTES) : c.vni[p]! < 0 ? this.#opaque(p, body, at + length) : this.#vxlan(p, body, at + length);
    writeUdp(c, p, this.#view, at, whole, sum + pseudo);
  }

  /** A fragment that does not begin the datagram: a slice of the payload, or of the VXLAN datagram that was cut. */
  #laterFragment(p: number, at: number, length: number): number {
    const c = this.#c;
    const isIpip = c.proto[p] === PROTO.IPIP;
    if (c.inner[p] === 0 || (c.proto[p] !== PROTO.UDP && !isIpip)) return this.#body(p, at, length);
    const whole = isIpip ? c.ipLen[c.inner[p]!]! : c.vni[p]! < 0 ? c.l4Len[p]! : UDP_BYTES + VXLAN_BYTES + frameLength(c, c.inner[p]!);
    if (isIpip) this.#ipip(p, at, whole);
    else this.#udp(p, at, whole, whole, 0);
    const skipped = (c.frag[p]! & IP_FLAG.OFFSET) * 8;
    const count = Math.max(0, Math.min(whole - skipped, length));
    this.out.copyWithin(at, at + skipped, at + skipped + count);
    this.#clear(at + count, at + length);
    return sumOf(this.out, at, at + length);
  }

  /** A WireGuard data message (type 4): nobody on the way can read what is in it. */
  #opaque(p: number, at: number, end: number): number {
    this.#clear(at, end);
    this.#view.setInt32(at, WIREGUARD_DATA);
    this.#view.setInt32(at + 4, -this.#c.vni[p]!);
    return sumOf(this.out, at, end);
  }

  #vxlan(p: number, at: number, end: number): number {
    const inner = this.#c.inner[p]!;
    const frame = at + VXLAN_BYTES;
    this.#clear(frame + frameLength(this.#c, inner), end);
    return writeVxlan(this.#view, at, this.#c.vni[p]!) + this.#frame(inner, frame);
  }

  /** The packet inside another one, or the bytes that nobody has looked into. */
  #ipip(p: number, at: number, length: number): void {
    const inner = this.#c.inner[p]!;
    if (inner === 0) {
      this.#body(p, at, length);
      return;
    }
    this.#clear(at + this.#c.ipLen[inner]!, at + length);
    this.#ipv4(inner, at);
  }

  /** Zeros where a packet says that it is longer than what it holds. */
  #clear(from: number, to: number): void {
    if (from < to) this.out.fill(0, from, to);
  }

  #icmp(p: number, at: number, length: number, whole: number, pseudo: number, isV6: boolean): void {
    const c = this.#c;
    const view = this.#view;
    const shape = icmpShape(c.icmpType[p]!, isV6);
    const body = at + ICMP_BYTES;
    view.setInt32(at, (c.icmpType[p]! << 24) | (c.icmpCode[p]! << 16));
    view.setInt32(at + 4, shape === ICMP_SHAPE.ECHO ? (c.sport[p]! << 16) | c.dport[p]! : c.icmpInfo[p]!);
    const given = c.csum[p]!;
    if (shape === ICMP_SHAPE.ERROR && c.inner[p] !== 0) this.#quote(c.inner[p]!, body, at + length);
    else if (shape === ICMP_SHAPE.ND) this.#neighbour(p, body);
    else {
      const sum = this.#wholeBody(p, body, length - ICMP_BYTES, whole - ICMP_BYTES);
      view.setInt16(at + 2, given === 0 ? checksumOf(sumOf(this.out, at, body) + sum + pseudo) : given);
      return;
    }
    view.setInt16(at + 2, given === 0 ? checksumOf(sumOf(this.out, at, at + length) + pseudo) : given);
  }

  /** A quoted packet is written whole; what goes beyond the quoting one is not part of the frame. */
  #quote(inner: number, at: number, end: number): void {
    this.#clear(at + this.#c.ipLen[inner]!, end);
    if (this.#book.is4(this.#c.src[inner]!)) this.#ipv4(inner, at);
    else this.#ipv6(inner, at);
  }

  #neighbour(p: number, at: number): void {
    const c = this.#c;
    const view = this.#view;
    writeAddress(this.#book, c.target[p]!, view, at);
    if (c.ipLen[p]! < IPV6_BYTES + ND_BYTES + ND_OPTION_BYTES) return;
    const option = at + ND_BYTES - ICMP_BYTES;
    view.setInt16(option, c.icmpType[p] === ICMP6_TYPE.NEIGHBOR_SOLICITATION ? 0x0101 : 0x0201);
    writeMac(view, option + 2, c.arpSha[p]!);
  }

  /** `#body`, but the sum is that of `whole` bytes, which a first fragment is the beginning of. */
  #wholeBody(p: number, at: number, length: number, whole: number): number {
    const sum = this.#body(p, at, length);
    return whole === length ? sum : this.#payloads.sum(this.#c.payload[p]!, this.#c.payOff[p]!, whole);
  }

  /** Writes `length` bytes of payload, zeros where there are fewer, and answers their sum. In IP packets ipLen says how many, not payLen. */
  #body(p: number, at: number, length: number): number {
    this.#bodySum = 0;
    if (length <= 0) return 0;
    const c = this.#c;
    const handle = c.payload[p]!;
    const from = c.payOff[p]!;
    const bytes = this.#payloads.bytes(handle);
    const count = Math.max(0, Math.min(length, bytes.length - from));
    if (count === bytes.length) this.out.set(bytes, at);
    else for (let i = 0; i < count; i++) this.out[at + i] = bytes[from + i]!;
    this.#clear(at + count, at + length);
    this.#bodySum = this.#payloads.sum(handle, from, count);
    return this.#bodySum;
  }
}

/**
 * Writes the frame of packet `p` with all its layers and real checksums at the start of `out`, and answers its length in bytes.
 * Throws a RangeError if `out` has fewer than `frameRoom` bytes. For many frames keep a FrameWriter.
 */
export function encodeFrame(pk: Packets, payloads: Payloads, book: AddressBook, p: number, out: Uint8Array): number {
  return new FrameWriter(pk, payloads, book, out).write(p);
}
