/**
 * How often a host says no: the token bucket per remote address that ICMP errors are drawn from.
 *
 * Kernel: inet_peer_xrlim_allow (net/ipv4/inetpeer.c), icmpv4_xrlim_allow (icmp.c), ip_error (route.c). One bucket per
 * remote serves both limiters, as the kernel's inet_peer does: `icmp_ratelimit` takes from it for types in
 * `icmp_ratemask`, and "no route" takes `error_cost` first, whatever the mask says.
 */
import { MS, SECOND } from "../base/time.js";
import type { Stack } from "./stack.js";
import { isSameTick } from "./timer-wheel.js";

/** net.ipv4.route.error_cost and error_burst. */
const ERROR_COST: number = SECOND;
const ERROR_BURST: number = 5 * SECOND;
/** XRLIM_BURST_FACTOR */
const BURST_FACTOR = 6;
/** A new peer's bucket was last filled this long ago, so it starts full. */
const LONG_AGO: number = 60 * SECOND;

/** net.ipv4.route.redirect_load, redirect_number, redirect_silence. */
const REDIRECT_LOAD: number = 20 * MS;
const REDIRECT_NUMBER = 9;
const REDIRECT_SILENCE: number = REDIRECT_LOAD * 1024;

/** A cost of 0 is always paid, and empties the bucket: one that is never full holds nothing for the other limiters. */
function take(s: Stack, ns: number, peer: number, cost: number, burst: number): boolean {
  const key = `${ns}:${peer}`;
  const now = s.engine.now;
  const [tokens, last] = s.fib.errorTokens.get(key) ?? [0, now - LONG_AGO];
  // The kernel looks at the bucket's size only when its clock has gone on (inet_peer_xrlim_allow).
  const filled = isSameTick(last, now) ? tokens : Math.min(tokens + now - last, burst);
  const allowed = filled >= cost;
  s.fib.errorTokens.set(key, [allowed ? filled - cost : filled, now]);
  return allowed;
}

/** Whether an ICMP error of `type` may go to `peer` now. */
export function icmpAllowed(s: Stack, ns: number, type: number, peer: number): boolean {
  if ((s.ns.c.icmpRatemask[ns]! & (1 << type)) === 0) return true;
  const limit = s.ns.c.icmpRatelimit[ns]! * MS;
  return take(s, ns, peer, limit, BURST_FACTOR * limit);
}

/**
 * Whether an ICMPv6 error of `type` may go to `peer` now: net.ipv6.icmp.ratelimit, which `packet too big` is exempt from. A wider
 * prefix of the route back gives more bandwidth (icmpv6_xrlim_allow).
 */
export function icmp6Allowed(s: Stack, ns: number, type: number, peer: number, prefix: number): boolean {
  const limit = (Number(s.nsInfo.get(ns)!.sysctls["net.ipv6.icmp.ratelimit"] ?? "1000") >> ((128 - prefix) >> 5)) * MS;
  return type === 2 || take(s, ns, peer, limit, BURST_FACTOR * limit);
}

/** Redirects are limited by where the packet goes and by whom they are for (ip6_forward, ndisc_send_redirect). */
export function redirect6Allowed(s: Stack, ns: number, dst: number, src: number): boolean {
  return take(s, ns, dst, SECOND, BURST_FACTOR * SECOND) && take(s, ns, src, SECOND, BURST_FACTOR * SECOND);
}

/** Whether the routing code may complain about a packet of `peer` now. */
export function routeErrorAllowed(s: Stack, ns: number, peer: number): boolean {
  return take(s, ns, peer, ERROR_COST, ERROR_BURST);
}

/** ip_rt_send_redirect: redirects to one host come ever more rarely, and stop after nine. */
export function redirectAllowed(s: Stack, ns: number, peer: number): boolean {
  const key = `redirect ${ns}:${peer}`;
  const now = s.engine.now;
  let [sent, last] = s.fib.errorTokens.get(key) ?? [0, now - LONG_AGO];
  if (now > last + REDIRECT_SILENCE) sent = 0;
  if (sent >= REDIRECT_NUMBER) {
    s.fib.errorTokens.set(key, [sent, now]);
    return false;
  }
  if (sent !== 0 && now <= last + REDIRECT_LOAD * 2 ** sent) return false;
  last = now;
  s.fib.errorTokens.set(key, [sent + 1, last]);
  return true;
}
