/** ARP packets that this kernel sends (arp_create, arp_xmit, arp_solicit in net/ipv4/arp.c; RFC 826). */
import type { Addr } from "../base/address-book.js";
import { ETHERTYPE } from "../base/codes.js";
import { BROADCAST_MAC } from "../base/mac.js";
import { STEP } from "../trace/kinds.js";
import { isLocalAddress } from "./fib.js";
import { RT_SCOPE } from "./fib-table.js";
import { selectAddress } from "./source-address.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

export const ARPOP = Object.freeze({ request: 1, reply: 2 } as const);

/** Sends one ARP packet out of `dev`. */
export function sendArp(s: Stack, dev: number, op: number, spa: Addr, tpa: Addr, tha: number, macDst: number): void {
  const p = s.packets.alloc();
  const c = s.packets.c;
  const mac = s.dev.c.mac[dev]!;
  c.etherType[p] = ETHERTYPE.ARP;
  c.macSrc[p] = mac;
  c.macDst[p] = macDst;
  c.arpOp[p] = op;
  c.arpSha[p] = mac;
  c.src[p] = spa;
  c.arpTha[p] = tha;
  c.dst[p] = tpa;
  if (s.trace !== null) traceStep(s, op === ARPOP.request ? STEP.ARP_REQUEST : STEP.ARP_REPLY, p, s.dev.c.ns[dev]!, dev, op === ARPOP.request ? tpa : spa, 0);
  s.op.transmit(p, dev);
}

/** The stricter of what all devices are told and what this one is. */
function announceMode(s: Stack, ns: number, dev: number): number {
  const { sysctls } = s.nsInfo.get(ns)!;
  return Math.max(Number(sysctls["net.ipv4.conf.all.arp_announce"] ?? 0), Number(sysctls[`net.ipv4.conf.${s.devInfo.get(dev)!.name}.arp_announce`] ?? 0));
}

/** inet_addr_onlink: whether one subnet of the device holds both. */
function sharesSubnet(s: Stack, dev: number, a: Addr, b: Addr): boolean {
  return s.devInfo.get(dev)!.addresses.some(({ addr, prefix, secondary }) => {
    if (secondary || !s.book.is4(addr)) return false;
    const mask = prefix === 0 ? 0 : -1 << (32 - prefix);
    return ((s.book.word(addr) ^ s.book.word(a)) & mask) === 0 && ((s.book.word(addr) ^ s.book.word(b)) & mask) === 0;
  });
}

/**
 * Asks for the MAC of `target`: to everybody, or to `mac` alone if it is not 0. The question comes from the source of the
 * packet that waits if that is an address of this host (arp_announce 0), and with 1 in a subnet with the target; else, and
 * with 2 always, from the device's own.
 */
export function solicitArp(s: Stack, dev: number, target: Addr, waiting: number, mac: number): void {
  const ns = s.dev.c.ns[dev]!;
  const source = waiting === 0 ? (0 as Addr) : (s.packets.c.src[waiting]! as Addr);
  const mode = announceMode(s, ns, dev);
  const may = source !== 0 && mode < 2 && isLocalAddress(s, ns, source) && (mode === 0 || sharesSubnet(s, dev, target, source));
  const own = may ? source : selectAddress(s, dev, target, RT_SCOPE.link);
  const from = own === 0 ? s.book.v4(0) : own;
  sendArp(s, dev, ARPOP.request, from, target, 0, mac === 0 ? BROADCAST_MAC : mac);
}
