/**
 * Addresses that IPv6 gives by itself, and what follows a device up and down (net/ipv6/addrconf.c): the link-local address, fe80::/64
 * with the interface identifier of the MAC (RFC 4291 appendix A), the route of the groups, the anycast addresses of a router.
 *
 * Addresses are valid at once, as with accept_dad = 0: duplicate address detection, multicast listener reports and router
 * solicitations are not sent.
 */
import { addAddressRoutes, anycastRoutes, everyRoute, insertNew, removeAddressRoutes } from "./device-routes.js";
import { carriesIp, isRunning, isUp, setDeviceInfo } from "./device.js";
import { RT_SCOPE, RT_TABLE, RTN } from "./fib-table.js";
import { DEV, type InterfaceAddress, type Stack } from "./stack.js";

const UNIVERSAL_BIT = 0x02000000;
/** IP6_RT_PRIO_ADDRCONF */
const METRIC = 256;

/** IPV6_MIN_MTU: a device that carries less has no IPv6. */
const LEAST_MTU = 1280;

/** net.ipv6.conf.{all,default,DEV}.disable_ipv6 as it holds for a device, or an MTU too small. */
export function isDisabled6(s: Stack, dev: number): boolean {
  const ns = s.dev.c.ns[dev]!;
  const { sysctls } = s.nsInfo.get(ns)!;
  const own = sysctls[`net.ipv6.conf.${s.devInfo.get(dev)!.name}.disable_ipv6`] ?? sysctls["net.ipv6.conf.default.disable_ipv6"] ?? "0";
  return s.ns.c.disableIp6[ns] !== 0 || s.dev.c.mtu[dev]! < LEAST_MTU || Number(own) !== 0;
}

/** ipv6_link_dev_addr: wider scopes first, and of one scope the newest first; IPv4 addresses keep their places. */
export function withAddress6(s: Stack, list: readonly InterfaceAddress[], a: InterfaceAddress): InterfaceAddress[] {
  const rank = (known: InterfaceAddress): number => (known.scope === "global" ? 2 : 1);
  const at = list.findIndex((known) => s.book.family[known.addr] === 6 && rank(known) <= rank(a));
  return at < 0 ? [...list, a] : [...list.slice(0, at), a, ...list.slice(at)];
}

/** addrconf_link_ready: a running device gets its link-local address and the route of the groups, if IPv6 is on. */
export function addLinkLocal(s: Stack, dev: number): void {
  const kind = s.dev.c.kind[dev]!;
  if (!isRunning(s, dev) || kind === DEV.loopback || carriesIp(kind) || isDisabled6(s, dev)) return;
  const { addresses } = s.devInfo.get(dev)!;
  if (!addresses.some((a) => a.scope === "link" && s.book.family[a.addr] === 6)) {
    const mac = s.dev.c.mac[dev]!;
    const high = Math.floor(mac / 0x1000000);
    const low = mac % 0x1000000;
    const addr = s.book.v6(0xfe800000 | 0, 0, ((high << 8) | 0xff) ^ UNIVERSAL_BIT, 0xfe000000 | low);
    const own: InterfaceAddress = Object.freeze({ addr, prefix: 64, secondary: false, scope: "link", cause: 0 });
    setDeviceInfo(s, dev, { addresses: Object.freeze(withAddress6(s, addresses, own)) });
    addAddressRoutes(s, dev, own);
  }
  addGroupRoute(s, dev);
}

const GROUPS = Object.freeze([0xff000000 | 0, 0, 0, 0] as const);

/** addrconf_add_mroute: ff00::/8 in the local table. */
function addGroupRoute(s: Stack, dev: number): void {
  const hops = s.fib.parts.link(dev);
  insertNew(s, s.dev.c.ns[dev]!, Object.freeze({ family: 6, table: RT_TABLE.local, type: RTN.multicast, words: GROUPS, prefix: 8, metric: METRIC, scope: RT_SCOPE.global, proto: "kernel", src: 0, mtu: 0, hops, cause: 0 }));
}

/** addrconf_ifdown: a device that goes down keeps no IPv6 address. */
export function dropAddresses6(s: Stack, dev: number): void {
  const { addresses } = s.devInfo.get(dev)!;
  const gone = addresses.filter((a) => s.book.family[a.addr] === 6);
  if (gone.length === 0) return;
  setDeviceInfo(s, dev, { addresses: Object.freeze(addresses.filter((a) => s.book.family[a.addr] !== 6)) });
  for (const a of gone) removeAddressRoutes(s, dev, a);
}

/** disable_ipv6 was written, or the MTU changed, for one device, or (0) for all of the namespace. */
export function disableChanged(s: Stack, ns: number, only: number): void {
  for (const dev of only !== 0 ? [only] : [...s.nsInfo.get(ns)!.devices.values()]) {
    if (!isDisabled6(s, dev)) {
      if (isUp(s, dev)) addLinkLocal(s, dev);
      continue;
    }
    dropAddresses6(s, dev);
    everyRoute(s, ns, (route) => route.family === 6 && route.hops.length > 0 && route.hops.every((hop) => hop.dev === dev));
  }
}

/** dev_forward_change: a router answers to the anycast address of each of its subnets. */
export function forwardingChanged6(s: Stack, ns: number): void {
  everyRoute(s, ns, (route) => route.family === 6 && route.type === RTN.anycast);
  for (const dev of s.nsInfo.get(ns)!.devices.values()) {
    for (const a of s.devInfo.get(dev)!.addresses) for (const route of anycastRoutes(s, dev, a)) insertNew(s, ns, route);
  }
}
