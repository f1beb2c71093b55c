/**
 * The link-local address of a device (addrconf_dev_config, net/ipv6/addrconf.c): fe80::/64 with the interface identifier of its MAC
 * (RFC 4291 appendix A), there while the device runs. Addresses are valid at once: duplicate address detection, multicast listener
 * reports and router solicitations are not sent.
 */
import { addAddressRoutes, removeAddressRoutes } from "./device-routes.js";
import { isRunning, setDeviceInfo } from "./device.js";
import { DEV, type InterfaceAddress, type Stack } from "./stack.js";

const UNIVERSAL_BIT = 0x02000000;

/** Gives a running device its link-local address, if IPv6 is on and it has none. */
export function addLinkLocal(s: Stack, dev: number): void {
  const kind = s.dev.c.kind[dev]!;
  if (!isRunning(s, dev) || kind === DEV.loopback || kind === DEV.ipip || s.ns.c.disableIp6[s.dev.c.ns[dev]!] !== 0) return;
  const { addresses } = s.devInfo.get(dev)!;
  if (addresses.some((a) => a.scope === "link" && s.book.family[a.addr] === 6)) return;
  const mac = s.dev.c.mac[dev]!;
  const high = Math.floor(mac / 0x1000000);
  const low = mac % 0x1000000;
  const addr = s.book.v6(0xfe800000 | 0, 0, ((high << 8) | 0xff) ^ UNIVERSAL_BIT, 0xfe000000 | low);
  const own: InterfaceAddress = Object.freeze({ addr, prefix: 64, secondary: false, scope: "link", cause: 0 });
  setDeviceInfo(s, dev, { addresses: Object.freeze([...addresses, own]) });
  addAddressRoutes(s, dev, own);
}

/** addrconf_ifdown: a device that goes down keeps no IPv6 address. */
export function dropAddresses6(s: Stack, dev: number): void {
  const { addresses } = s.devInfo.get(dev)!;
  const gone = addresses.filter((a) => s.book.family[a.addr] === 6);
  if (gone.length === 0) return;
  setDeviceInfo(s, dev, { addresses: Object.freeze(addresses.filter((a) => s.book.family[a.addr] !== 6)) });
  for (const a of gone) removeAddressRoutes(s, dev, a);
}
