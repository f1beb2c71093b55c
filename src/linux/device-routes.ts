/**
 * The routes that addresses bring, and those that go with a device (fib_add_ifaddr, fib_del_ifaddr, fib_disable_ip;
 * net/ipv4/fib_frontend.c, addrconf.c for IPv6).
 *
 * An address always makes a local route; the connected and broadcast routes stand only while the device is up.
 */
import type { Addr } from "../base/address-book.js";
import { type Cidr, lastAddress, masked, type Words } from "../base/cidr.js";
import { prefixKey, RT_SCOPE, RT_TABLE, RTN, type Route, tableKey } from "./fib-table.js";
import { setRoutes } from "./fib.js";
import { DEV, DEVF, type InterfaceAddress, type Stack } from "./stack.js";

/** Metric of the connected routes of IPv6 (IP6_RT_PRIO_ADDRCONF); IPv4 has 0. */
const METRIC6_CONNECTED = 256;

function cidrOf(s: Stack, a: InterfaceAddress): Cidr {
  const w = s.book.words;
  const at = a.addr * 4;
  return { family: s.book.family[a.addr] as 4 | 6, words: [w[at]!, w[at + 1]!, w[at + 2]!, w[at + 3]!], prefix: a.prefix };
}

/** The primary address whose subnet `a` is in: itself unless it is a secondary one. */
function primaryOf(s: Stack, dev: number, a: InterfaceAddress): Addr {
  if (!a.secondary) return a.addr;
  const own = masked(cidrOf(s, a));
  for (const other of s.devInfo.get(dev)!.addresses) {
    const theirs = cidrOf(s, other);
    if (!other.secondary && other.prefix === a.prefix && theirs.family === own.family && same(masked(theirs).words, own.words)) return other.addr;
  }
  return a.addr;
}

const isUp = (s: Stack, dev: number): boolean => (s.dev.c.flags[dev]! & DEVF.up) !== 0;

/** A router is also who its subnets' anycast addresses lead to (the address whose host part is zero; RFC 4291 2.6.1). */
export function anycastRoutes(s: Stack, dev: number, a: InterfaceAddress): Route[] {
  const ns = s.dev.c.ns[dev]!;
  if (s.book.family[a.addr] !== 6 || s.ns.c.ip6Forward[ns] === 0 || a.prefix >= 127 || s.dev.c.kind[dev] === DEV.loopback || !isUp(s, dev)) return [];
  const hops = s.fib.parts.link(dev);
  return [
    Object.freeze({ family: 6, table: RT_TABLE.local, type: RTN.anycast, words: masked(cidrOf(s, a)).words, prefix: 128, metric: 0, scope: RT_SCOPE.host, proto: "kernel", src: 0, mtu: 0, hops, cause: a.cause }),
  ];
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.every((word, i) => word === b[i]);

function routesOf(s: Stack, dev: number, a: InterfaceAddress, isUp: boolean): Route[] {
  const cidr = cidrOf(s, a);
  const family = cidr.family;
  const src = primaryOf(s, dev, a);
  const hops = s.fib.parts.link(dev);
  const make = (type: number, table: number, given: Words, prefix: number, scope: number): Route => {
    const { words } = s.fib.parts.prefix(prefixKey(family, given, prefix), given);
    return Object.freeze({ family, table, type, words, prefix, metric: 0, scope, proto: "kernel", src: family === 4 ? src : 0, mtu: 0, hops, cause: a.cause });
  };
  const bits = family === 4 ? 32 : 128;
  const routes = [make(RTN.local, RT_TABLE.local, cidr.words, bits, RT_SCOPE.host)];
  if (!isUp || a.secondary) return routes;
  const loopback = s.dev.c.kind[dev] === DEV.loopback;
  if (cidr.prefix < bits) {
    if (loopback && family === 4) routes.push(make(RTN.local, RT_TABLE.local, masked(cidr).words, cidr.prefix, RT_SCOPE.host));
    else routes.push({ ...make(RTN.unicast, RT_TABLE.main, masked(cidr).words, cidr.prefix, RT_SCOPE.link), metric: family === 4 ? 0 : METRIC6_CONNECTED });
  } else if (family === 6 && !loopback) {
    routes.push({ ...make(RTN.unicast, RT_TABLE.main, cidr.words, bits, RT_SCOPE.link), metric: METRIC6_CONNECTED });
  }
  if (family === 4 && cidr.prefix < 31) routes.push(make(RTN.broadcast, RT_TABLE.local, lastAddress(cidr), 32, RT_SCOPE.link));
  return routes;
}

function listOf(s: Stack, ns: number, r: Route): readonly Route[] {
  return s.fib.tables.get(tableKey(ns, r.family, r.table))?.get(prefixKey(r.family, r.words, r.prefix)) ?? [];
}

/** Puts a route among those of its prefix, sorted by metric, after its equals. */
export function insertRoute(s: Stack, ns: number, route: Route): void {
  const list = [...listOf(s, ns, route)];
  let at = list.length;
  while (at > 0 && list[at - 1]!.metric > route.metric) at--;
  list.splice(at, 0, Object.freeze(route));
  setRoutes(s, tableKey(ns, route.family, route.table), route.family, route.words, route.prefix, list);
}

/** Takes out of a table's prefix the routes that `gone` names. */
export function removeRoutes(s: Stack, ns: number, like: Route, gone: (route: Route) => boolean): void {
  const list = listOf(s, ns, like);
  const kept = list.filter((route) => !gone(route));
  if (kept.length !== list.length) setRoutes(s, tableKey(ns, like.family, like.table), like.family, like.words, like.prefix, kept);
}

function present(s: Stack, ns: number, r: Route): boolean {
  return listOf(s, ns, r).some((known) => known.type === r.type && known.metric === r.metric && known.hops[0]?.dev === r.hops[0]!.dev);
}

/** Inserts a route unless its prefix has one of this type, metric and device already. */
export function insertNew(s: Stack, ns: number, route: Route): void {
  if (!present(s, ns, route)) insertRoute(s, ns, route);
}

/** The routes of an address that a device has just got. */
export function addAddressRoutes(s: Stack, dev: number, a: InterfaceAddress): void {
  const ns = s.dev.c.ns[dev]!;
  for (const route of routesOf(s, dev, a, isUp(s, dev))) insertNew(s, ns, route);
  if (s.book.family[a.addr] === 6) for (const route of anycastRoutes(s, dev, a)) insertNew(s, ns, route);
}

/** Takes back the routes of an address that has just gone, and those that prefer it as their source. */
export function removeAddressRoutes(s: Stack, dev: number, a: InterfaceAddress): void {
  const ns = s.dev.c.ns[dev]!;
  const v6 = s.book.family[a.addr] === 6;
  for (const route of v6 ? [...routesOf(s, dev, a, true), ...anycastRoutes(s, dev, a)] : routesOf(s, dev, a, true)) {
    if (v6 && route.type !== RTN.local && sharesSubnet(s, dev, a)) continue;
    removeRoutes(s, ns, route, (known) => known.proto === "kernel" && known.type === route.type && known.hops[0]?.dev === dev);
  }
  if (!v6 || a.scope !== "link") everyRoute(s, ns, (known) => known.src === a.addr && known.type !== RTN.local);
}

/** Whether another address of the device keeps the connected route of this one. */
function sharesSubnet(s: Stack, dev: number, a: InterfaceAddress): boolean {
  const own = masked(cidrOf(s, a)).words;
  return s.devInfo.get(dev)!.addresses.some((b) => b !== a && b.prefix === a.prefix && s.book.family[b.addr] === 6 && same(masked(cidrOf(s, b)).words, own));
}

/** Removes every route of a namespace for which `gone` holds. */
export function everyRoute(s: Stack, ns: number, gone: (route: Route) => boolean): void {
  for (const key of s.fib.keys.get(ns) ?? []) {
    const table = s.fib.tables.get(key)!;
    for (const list of [...table.values()]) {
      const kept = list.filter((route) => !gone(route));
      const { family, words, prefix } = list[0]!;
      if (kept.length !== list.length) setRoutes(s, key, family, words, prefix, kept);
    }
  }
}

/** NETDEV_UP: connected and broadcast routes come back; routes that somebody had added do not. */
export function deviceRoutesUp(s: Stack, dev: number): void {
  for (const a of s.devInfo.get(dev)!.addresses) addAddressRoutes(s, dev, a);
}

/** NETDEV_DOWN: every route through the device goes, but for the local routes of its addresses. */
export function deviceRoutesDown(s: Stack, dev: number): void {
  everyRoute(s, s.dev.c.ns[dev]!, (route) => route.type !== RTN.local && route.hops.length > 0 && route.hops.every((hop) => hop.dev === dev));
}

/** The device leaves the namespace: nothing that names it stays. */
export function deviceRoutesGone(s: Stack, dev: number): void {
  everyRoute(s, s.dev.c.ns[dev]!, (route) => route.hops.some((hop) => hop.dev === dev));
}
