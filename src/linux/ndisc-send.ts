/** Neighbour solicitations and advertisements that this kernel sends (ndisc_send_ns, ndisc_send_na, ndisc_solicit; RFC 4861 4.3 and 4.4). */
import type { Addr } from "../base/address-book.js";
import { ETHERTYPE, PROTO } from "../base/codes.js";
import { isMulticast6, solicitedNode } from "./address6.js";
import { isLocalAddress } from "./fib.js";
import { RTN } from "./fib-table.js";
import { ICMP6 } from "./icmp6-codes.js";
import type { Stack } from "./stack.js";

/** Flags of an advertisement, as they stand in the rest word. */
export const NA = Object.freeze({ router: 0x80000000 | 0, solicited: 0x40000000, override: 0x20000000 } as const);

const HOP_LIMIT = 255;
const IP_AND_MESSAGE = 64;
const OPTION = 8;

function send(s: Stack, dev: number, type: number, src: Addr, dst: Addr, target: Addr, flags: number, withMac: boolean): void {
  const p = s.packets.alloc();
  const c = s.packets.c;
  c.etherType[p] = ETHERTYPE.IPV6;
  c.src[p] = src;
  c.dst[p] = dst;
  c.proto[p] = PROTO.ICMP6;
  c.ttl[p] = HOP_LIMIT;
  c.icmpType[p] = type;
  c.icmpInfo[p] = flags;
  c.target[p] = target;
  c.arpSha[p] = withMac ? s.dev.c.mac[dev]! : 0;
  c.ipLen[p] = IP_AND_MESSAGE + (withMac ? OPTION : 0);
  c.rtType[p] = isMulticast6(s, dst) ? RTN.multicast : RTN.unicast;
  c.rtDev[p] = dev;
  c.rtVia[p] = 0;
  c.rtMtu[p] = s.dev.c.mtu[dev]!;
  s.op.ipLocalOut(p, s.dev.c.ns[dev]!);
}

function linkLocalOf(s: Stack, dev: number): Addr {
  return s.devInfo.get(dev)!.addresses.find((a) => a.scope === "link" && s.book.family[a.addr] === 6)?.addr ?? (0 as Addr);
}

/**
 * Asks for the MAC of `target`: its group, or the target alone where a MAC is to be confirmed. The question comes from the source of
 * the packet that waits if that is an address of this host, else from the device's link-local one.
 */
export function solicitNeighbour(s: Stack, dev: number, target: Addr, waiting: number, unicast: boolean): void {
  const ns = s.dev.c.ns[dev]!;
  const source = waiting === 0 ? (0 as Addr) : (s.packets.c.src[waiting]! as Addr);
  const from = source !== 0 && s.book.family[source] === 6 && isLocalAddress(s, ns, source) ? source : linkLocalOf(s, dev);
  if (from !== 0) send(s, dev, ICMP6.solicitation, from, unicast ? target : solicitedNode(s, target), target, 0, true);
}

/** Answers a question for `target`, one of this host's addresses. */
export function advertise(s: Stack, dev: number, to: Addr, target: Addr, askedGroup: boolean): void {
  const router = s.ns.c.ip6Forward[s.dev.c.ns[dev]!] === 1 ? NA.router : 0;
  send(s, dev, ICMP6.advertisement, target, to, target, router | NA.solicited | (askedGroup ? NA.override : 0), askedGroup);
}
