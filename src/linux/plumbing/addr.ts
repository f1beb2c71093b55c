/** Addresses of devices: `ip addr add|del|replace|flush` (net/ipv4/devinet.c, net/ipv6/addrconf.c). */
import type { Addr } from "../../base/address-book.js";
import { lastAddress, masked, parseCidr, type Cidr } from "../../base/cidr.js";
import { withAddress6 } from "../addrconf.js";
import { isLinkLocal, isLoopback6 } from "../address6.js";
import { addAddressRoutes, removeAddressRoutes } from "../device-routes.js";
import { endMasquerade } from "../nf/masquerade.js";
import { linkChanged } from "../sock/netlink.js";
import type { InterfaceAddress, Stack } from "../stack.js";
import { type ActResult, type AddrChange, type AddrFlush, extackError, noDevice } from "./act.js";

function handleOf(s: Stack, cidr: Cidr): Addr {
  const [w0, w1, w2, w3] = cidr.words;
  return cidr.family === 4 ? s.book.v4(w0) : s.book.v6(w0, w1, w2, w3);
}

function parse(text: string): Cidr | null {
  return text.includes("/") ? parseCidr(text) : parseCidr(`${text}/${text.includes(":") ? 128 : 32}`);
}

const sameWords = (a: readonly number[], b: readonly number[]): boolean => a.every((word, i) => word === b[i]);

function subnetOf(s: Stack, a: InterfaceAddress): readonly number[] {
  const w = s.book.words.subarray(a.addr * 4, a.addr * 4 + 4);
  return masked({ family: s.book.family[a.addr] as 4 | 6, words: [w[0]!, w[1]!, w[2]!, w[3]!], prefix: a.prefix }).words;
}

function setAddresses(s: Stack, dev: number, addresses: readonly InterfaceAddress[]): void {
  s.devInfo.set(dev, Object.freeze({ ...s.devInfo.get(dev)!, addresses: Object.freeze(addresses.slice()) }));
  linkChanged(s, s.dev.c.ns[dev]!);
}

/** The kernel keeps primaries in front of secondaries. */
function withAddress(list: readonly InterfaceAddress[], a: InterfaceAddress): InterfaceAddress[] {
  if (a.secondary) return [...list, a];
  const at = list.findIndex((known) => known.secondary);
  return at < 0 ? [...list, a] : [...list.slice(0, at), a, ...list.slice(at)];
}

function remove(s: Stack, dev: number, a: InterfaceAddress): void {
  const list = s.devInfo.get(dev)!.addresses;
  // Without promote_secondaries, an address takes the secondary ones of its subnet with it.
  const gone = a.secondary
    ? [a]
    : list.filter((b) => b === a || (b.secondary && b.prefix === a.prefix && s.book.family[b.addr] === s.book.family[a.addr] && sameWords(subnetOf(s, a), subnetOf(s, b))));
  setAddresses(s, dev, list.filter((b) => !gone.includes(b)));
  for (const b of gone) {
    removeAddressRoutes(s, dev, b);
    endMasquerade(s, dev, b.addr);
  }
}

/** The kernel knows the scope of an IPv6 address by its bits. */
function scopeOf6(s: Stack, addr: Addr): "global" | "link" | "host" {
  return isLoopback6(s, addr) ? "host" : isLinkLocal(s, addr) ? "link" : "global";
}

/** `ip addr add|del|replace`. */
export function changeAddress(s: Stack, act: AddrChange): ActResult {
  const dev = s.nsInfo.get(act.ns)!.devices.get(act.dev);
  if (dev === undefined) return noDevice(act.dev);
  const cidr = parse(act.addr);
  if (cidr === null) return { errno: "EINVAL", message: `Error: any valid prefix is expected rather than "${act.addr}".` };
  const addr = handleOf(s, cidr);
  const list = s.devInfo.get(dev)!.addresses;
  const known = list.find((a) => a.addr === addr && a.prefix === cidr.prefix);
  if (act.verb === "addr-del") {
    if (known === undefined) return cidr.family === 4 ? extackError("EADDRNOTAVAIL", "ipv4: Address not found") : extackError("EADDRNOTAVAIL", "ipv6: address not found");
    remove(s, dev, known);
    return null;
  }
  if (known !== undefined) {
    if (act.verb === "addr-replace") return null;
    return cidr.family === 4 ? extackError("EEXIST", "ipv4: Address already assigned") : extackError("EEXIST", "ipv6: address already assigned");
  }
  const subnet = masked(cidr).words;
  const secondary = cidr.family === 4 && list.some((a) => a.prefix === cidr.prefix && s.book.family[a.addr] === 4 && sameWords(subnetOf(s, a), subnet));
  const broadcast = act.broadcast === undefined ? (0 as Addr) : act.broadcast === "+" ? handleOf(s, { ...cidr, words: lastAddress(cidr) }) : s.book.ofText(act.broadcast);
  const made: InterfaceAddress = Object.freeze({ addr, prefix: cidr.prefix, secondary, scope: act.scope ?? (cidr.family === 6 ? scopeOf6(s, addr) : "global"), ...(broadcast === 0 ? {} : { broadcast }), ...(act.nodad === true && cidr.family === 6 ? { nodad: true } : {}), cause: act.cause ?? 0 });
  setAddresses(s, dev, cidr.family === 6 ? withAddress6(s, list, made) : withAddress(list, made));
  addAddressRoutes(s, dev, made);
  return null;
}

/** `ip addr flush dev D`. */
export function flushAddresses(s: Stack, act: AddrFlush): ActResult {
  const dev = s.nsInfo.get(act.ns)!.devices.get(act.dev);
  if (dev === undefined) return noDevice(act.dev);
  while (s.devInfo.get(dev)!.addresses.length > 0) remove(s, dev, s.devInfo.get(dev)!.addresses[0]!);
  return null;
}
