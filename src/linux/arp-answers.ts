/**
 * Addresses that a program answers ARP for on a device, without the kernel having them: what a packet socket (AF_PACKET) is
 * used for by announcers of addresses. The kernel goes on with the question as if nobody had answered.
 */
import type { Addr } from "../base/address-book.js";
import { BROADCAST_MAC } from "../base/mac.js";
import { ARPOP, sendArp } from "./arp-send.js";
import { setDeviceInfo } from "./device.js";
import type { Stack } from "./stack.js";

/** The program answers for the address from now on, and says so to everybody (a gratuitous ARP, request and reply). */
export function answerFor(s: Stack, dev: number, addr: Addr, app: number): void {
  const { arpAnswers = [] } = s.devInfo.get(dev)!;
  setDeviceInfo(s, dev, { arpAnswers: Object.freeze([...arpAnswers.filter((each) => each.app !== app || each.addr !== addr), Object.freeze({ addr, app })]) });
  const mac = s.dev.c.mac[dev]!;
  sendArp(s, dev, ARPOP.request, addr, addr, 0, BROADCAST_MAC);
  sendArp(s, dev, ARPOP.reply, addr, addr, mac, BROADCAST_MAC);
}

/** The program has ended. */
export function answerNoMore(s: Stack, ns: number, app: number): void {
  for (const dev of s.nsInfo.get(ns)?.devices.values() ?? []) {
    const { arpAnswers } = s.devInfo.get(dev)!;
    if (arpAnswers?.some((each) => each.app === app) !== true) continue;
    setDeviceInfo(s, dev, { arpAnswers: Object.freeze(arpAnswers.filter((each) => each.app !== app)) });
  }
}
