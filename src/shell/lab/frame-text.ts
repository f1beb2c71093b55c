/**
 * One line for a frame, as the lab's recorder on the real kernel words it, without what chance chooses (IP id, TCP numbers,
 * window, checksums).
 */
import { ETHERTYPE, PROTO } from "../../base/codes.js";
import type { AddressBook } from "../../base/address-book.js";
import { formatMac } from "../../base/mac.js";
import { IP_FLAG } from "../../packet/columns.js";
import type { Packets } from "../../packet/packets.js";

const TCP_LETTERS = "FSRPAUEC";
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** Protocol number of the fragment header. */
const FRAGMENT = 44;
const LEAST_TRANSPORT = 14;
const QUOTING: readonly number[] = [3, 11, 5, 12];
const PLAIN: readonly number[] = [0, 8];
const VXLAN_PORT = 8472;
const WHOLE = 1 << 20;

/** The frame in row `p` of a pool. */
export function frameText(pk: Packets, book: AddressBook, p: number): string {
  const c = pk.c;
  const macs = `${formatMac(c.macSrc[p]!)}>${formatMac(c.macDst[p]!)} `;
  const type = c.etherType[p]!;
  const text = (addr: number): string => book.text(addr as never);
  if (type === ETHERTYPE.ARP) {
    if (c.arpOp[p] === 1) return `${macs}ARP who-has ${text(c.dst[p]!)} tell ${text(c.src[p]!)}`;
    return `${macs}ARP ${text(c.src[p]!)} is-at ${formatMac(c.arpSha[p]!)} to ${text(c.dst[p]!)}`;
  }
  if (type === ETHERTYPE.IPV4) return macs + packetText(pk, book, p, WHOLE);
  if (type === ETHERTYPE.IPV6) return macs + packet6Text(pk, book, p);
  return `${macs}ethertype ${type.toString(16).padStart(4, "0")}`;
}

/** An IPv4 packet of which the first `limit` bytes were kept. */
export function packetText(pk: Packets, book: AddressBook, p: number, limit: number): string {
  const c = pk.c;
  if (limit < IPV4_HEADER) return "short";
  const frag = c.frag[p]!;
  let base = `${book.text(c.src[p]! as never)}>${book.text(c.dst[p]! as never)} ttl${c.ttl[p]!} len${c.ipLen[p]!}`;
  if ((frag & IP_FLAG.DF) !== 0) base += " DF";
  if ((frag & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0) base += ` frag(off=${(frag & IP_FLAG.OFFSET) * 8},mf=${(frag & IP_FLAG.MF) !== 0 ? 1 : 0})`;
  if ((frag & IP_FLAG.OFFSET) !== 0) return base;
  const bytes = Math.min(c.ipLen[p]!, limit) - IPV4_HEADER;
  const ports = `${c.sport[p]!}>${c.dport[p]!}`;
  switch (c.proto[p]) {
    case PROTO.TCP:
      return `TCP ${ports} ${letters(c.flags[p]!)} plen${bytes - IPV4_HEADER - c.optLen[p]!} ${base}`;
    case PROTO.UDP:
      if (c.dport[p] === VXLAN_PORT && c.inner[p] !== 0) return `VXLAN vni${c.vni[p]!} flags08 udp ${ports} ${base} [ ${innerText(pk, book, c.inner[p]!)} ]`;
      return `UDP ${ports} ${base}`;
    case PROTO.ICMP: {
      const type = c.icmpType[p]!;
      const rest = PLAIN.includes(type) ? "" : ` rest${(c.icmpInfo[p]! >>> 0).toString(16).padStart(8, "0")}`;
      const quote = QUOTING.includes(type) && c.inner[p] !== 0 ? ` ( ${packetText(pk, book, c.inner[p]!, bytes - 8)} )` : "";
      return `ICMP ${type}/${c.icmpCode[p]!}${rest} ${base}${quote}`;
    }
    default:
      return `proto${c.proto[p]!} ${base}`;
  }
}

/** What the recorder says of a frame inside a tunnel: it does not look into IPv6 there. */
function innerText(pk: Packets, book: AddressBook, p: number): string {
  const c = pk.c;
  if (c.etherType[p] === ETHERTYPE.IPV6) return `${formatMac(c.macSrc[p]!)}>${formatMac(c.macDst[p]!)} ethertype 86dd`;
  return frameText(pk, book, p);
}

const letters = (flags: number): string => [...TCP_LETTERS].filter((_, bit) => ((flags >> bit) & 1) !== 0).join("");

function packet6Text(pk: Packets, book: AddressBook, p: number): string {
  const c = pk.c;
  const ports = `${c.sport[p]!}>${c.dport[p]!}`;
  let what = `proto${c.proto[p]!}`;
  // The recorder looks for ports only where a TCP header's flags could be.
  const short = c.ipLen[p]! - IPV6_HEADER < LEAST_TRANSPORT;
  if ((c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0) what = `proto${FRAGMENT}`;
  else if (c.proto[p] === PROTO.TCP) what = `TCP ${ports} ${letters(c.flags[p]!)}`;
  else if (c.proto[p] === PROTO.UDP) what = short ? "UDP" : `UDP ${ports}`;
  else if (c.proto[p] === PROTO.ICMP6) what = `ICMP6 ${c.icmpType[p]!}/${c.icmpCode[p]!}`;
  return `${what} ${book.text(c.src[p]! as never)}>${book.text(c.dst[p]! as never)} ttl${c.ttl[p]!} len${c.ipLen[p]!}`;
}
