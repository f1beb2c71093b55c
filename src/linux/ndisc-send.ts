/** Neighbour solicitations and advertisements that this kernel sends (ndisc_send_ns, ndisc_send_na, ndisc_solicit; RFC 4861 4.3 and 4.4). */
import type { Addr } from "../base/address-book.js";
import { ETHERTYPE, PROTO } from "../base/codes.js";
import { isMulticast6, solicitedNode } from "./address6.js";
import { RTN } from "./fib-table.js";
import { ICMP6 } from "./icmp6-codes.js";
import { selectSource6 } from "./ip6-source.js";
import type { Stack } from "./stack.js";

/** Flags of an advertisement, as they stand in the rest word. */
export const NA = Object.freeze({ router: 0x80000000 | 0, solicited: 0x40000000, override: 0x20000000 } as const);

const HOP_LIMIT = 255;
const IP_AND_MESSAGE = 64;
const OPTION = 8;
/** First word of ff02::1. */
const ALL_NODES = 0xff020000 | 0;

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
 * the packet that waits if that is an address of this device, else from the device's link-local one.
 */
export function solicitNeighbour(s: Stack, dev: number, target: Addr, waiting: number, unicast: boolean): void {
  const source = waiting === 0 ? (0 as Addr) : (s.packets.c.src[waiting]! as Addr);
  const from = source !== 0 && s.devInfo.get(dev)!.addresses.some((a) => a.addr === source) ? source : linkLocalOf(s, dev);
  if (from !== 0) send(s, dev, ICMP6.solicitation, from, unicast ? target : solicitedNode(s, target), target, 0, true);
}

/** Answers a question for `target`; `own`: it is the device's address and no anycast one, which may not replace what is known. */
export function advertise(s: Stack, dev: number, to: Addr, target: Addr, askedGroup: boolean, own: boolean): void {
  const from = own ? target : selectSource6(s, s.dev.c.ns[dev]!, dev, to);
  send(s, dev, ICMP6.advertisement, from, to, target, routerFlag(s, dev) | NA.solicited | (askedGroup && own ? NA.override : 0), askedGroup);
}

/** Tells everybody on the link that `target` is taken. */
export function advertiseToAll(s: Stack, dev: number, target: Addr): void {
  send(s, dev, ICMP6.advertisement, target, s.book.v6(ALL_NODES, 0, 0, 1), target, routerFlag(s, dev) | NA.override, true);
}

function routerFlag(s: Stack, dev: number): number {
  return s.ns.c.ip6Forward[s.dev.c.ns[dev]!] !== 0 ? NA.router : 0;
}
