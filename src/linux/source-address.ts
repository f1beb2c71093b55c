/** Which of a host's own addresses a packet gets as its source (inet_select_addr; `ip6-source.ts` for IPv6). */
import type { Addr } from "../base/address-book.js";
import { type Nexthop, type Route, RT_SCOPE } from "./fib-table.js";
import { selectSource6 } from "./ip6-source.js";
import type { InterfaceAddress, Stack } from "./stack.js";

const SCOPE = { global: RT_SCOPE.global, link: RT_SCOPE.link, host: RT_SCOPE.host } as const;

function sameSubnet(s: Stack, own: InterfaceAddress, other: number): boolean {
  const w = s.book.words;
  for (let k = 0; k < 4; k++) {
    const bits = own.prefix - 32 * k;
    if (bits <= 0) break;
    const mask = bits >= 32 ? -1 : -1 << (32 - bits);
    if (((w[own.addr * 4 + k]! ^ w[other * 4 + k]!) & mask) !== 0) return false;
  }
  return true;
}

/**
 * An address of `dev` to speak to `towards` with: the primary address of the same subnet, else the device's first primary
 * address of wide enough scope, else one of any other device of the namespace. 0 if the namespace has none.
 */
export function selectAddress(s: Stack, dev: number, towards: number, scope: number): Addr {
  const family = towards === 0 ? 4 : s.book.family[towards]!;
  if (family === 6) return selectSource6(s, s.dev.c.ns[dev]!, dev, towards);
  const own = firstOf(s, dev, towards, scope, family);
  if (own !== 0) return own;
  const ns = s.dev.c.ns[dev]!;
  for (const other of s.nsInfo.get(ns)!.devices.values()) {
    if (other === dev) continue;
    for (const a of s.devInfo.get(other)!.addresses) {
      if (s.book.family[a.addr] === family && !a.secondary && SCOPE[a.scope] <= Math.min(scope, RT_SCOPE.link - 1)) return a.addr;
    }
  }
  return 0 as Addr;
}

function firstOf(s: Stack, dev: number, towards: number, scope: number, family: number): Addr {
  let first = 0 as Addr;
  for (const a of s.devInfo.get(dev)!.addresses) {
    if (s.book.family[a.addr] !== family || a.secondary || SCOPE[a.scope] > scope) continue;
    if (towards === 0 || sameSubnet(s, a, towards)) return a.addr;
    if (first === 0) first = a.addr;
  }
  return first;
}

/** fib_result_prefsrc: the source of a route's packets that are bound to no address. */
export function preferredSource(s: Stack, route: Route, hop: Nexthop, dst: number): Addr {
  if (route.src !== 0) return route.src;
  return selectAddress(s, hop.dev, hop.via !== 0 && s.book.family[dst] === 4 ? hop.via : dst, route.scope);
}
