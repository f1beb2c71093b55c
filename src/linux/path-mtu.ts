/** Learned path MTUs (fib_nh_exception): per destination, for ten minutes (net.ipv4.route.mtu_expires). */
import type { Addr } from "../base/address-book.js";
import { SECOND } from "../base/time.js";
import type { Stack } from "./stack.js";

const MTU_EXPIRES: number = 600 * SECOND;
/** net.ipv4.route.min_pmtu: a smaller hint is raised to this. */
const MIN_PMTU = 552;
/** IPV6_MIN_MTU */
const MIN_PMTU6 = 1280;

/** What may leave by `dev` to `dst` in one piece: the route's own mtu, the device's, or less where an ICMP error taught it. */
export function pathMtu(s: Stack, ns: number, dst: number, routeMtu: number, dev: number): number {
  const mtu = routeMtu !== 0 ? routeMtu : s.dev.c.mtu[dev]!;
  const learned = s.fib.mtus.get(ns)?.get(dst as Addr);
  return learned !== undefined && learned.expires > s.engine.now && learned.mtu < mtu ? learned.mtu : mtu;
}

/** What ICMP errors have taught about `dst`, 0 if nothing. */
export function learnedMtu(s: Stack, ns: number, dst: number): number {
  const learned = s.fib.mtus.get(ns)?.get(dst as Addr);
  return learned !== undefined && learned.expires > s.engine.now ? learned.mtu : 0;
}

/** Whether somebody asked for so little that routers are left to cut (an MTU that is locked, `mtu lock`). */
export function isMtuLocked(s: Stack, ns: number, dst: number): boolean {
  const learned = s.fib.mtus.get(ns)?.get(dst as Addr);
  return learned !== undefined && learned.locked === true && learned.expires > s.engine.now;
}

/** ip_rt_update_pmtu: remembers what "fragmentation needed" said about a destination. */
export function learnMtu(s: Stack, ns: number, dst: number, mtu: number): void {
  const learned = new Map(s.fib.mtus.get(ns));
  const v6 = s.book.family[dst] === 6;
  const least = v6 ? MIN_PMTU6 : MIN_PMTU;
  learned.set(dst as Addr, { mtu: Math.max(mtu, least), ...(mtu < least && !v6 ? { locked: true } : {}), expires: s.engine.now + MTU_EXPIRES });
  s.fib.mtus.set(ns, learned);
}
