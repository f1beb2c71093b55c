/** Kinds of IPv6 addresses (RFC 4291 section 2.4), by handle. */
import type { Addr } from "../base/address-book.js";
import type { InterfaceAddress, Stack } from "./stack.js";

const SOLICITED_NODE = 0xff000000 | 0;
const LOW_24_BITS = 0xffffff;

export function isMulticast6(s: Stack, addr: number): boolean {
  return s.book.words[addr * 4]! >>> 24 === 0xff;
}

/** fe80::/10 */
export function isLinkLocal(s: Stack, addr: number): boolean {
  return s.book.family[addr] === 6 && s.book.words[addr * 4]! >>> 22 === 0x3fa;
}

export function isUnspecified6(s: Stack, addr: number): boolean {
  const w = s.book.words;
  const at = addr * 4;
  return (w[at]! | w[at + 1]! | w[at + 2]! | w[at + 3]!) === 0;
}

/** ::1 */
export function isLoopback6(s: Stack, addr: number): boolean {
  const w = s.book.words;
  const at = addr * 4;
  return (w[at]! | w[at + 1]! | w[at + 2]!) === 0 && w[at + 3] === 1;
}

/** Scopes as multicast addresses number them (RFC 4291 section 2.7). */
export const SCOPE6 = Object.freeze({ link: 2, site: 5, global: 14 } as const);

/** ipv6_addr_src_scope */
export function scope6(s: Stack, addr: number): number {
  const first = s.book.words[addr * 4]!;
  if (first >>> 24 === 0xff) return (first >>> 16) & 15;
  if (first >>> 22 === 0x3fa || isLoopback6(s, addr)) return SCOPE6.link;
  return first >>> 22 === 0x3fb ? SCOPE6.site : SCOPE6.global;
}

/** rt6_need_strict: an address that means something on one link alone. */
export function needsLink(s: Stack, addr: number): boolean {
  const first = s.book.words[addr * 4]!;
  return first >>> 24 === 0xff ? scope6(s, addr) <= SCOPE6.link : first >>> 22 === 0x3fa || isLoopback6(s, addr);
}

/** ff02::1:ffXX:XXXX of an address. */
export function solicitedNode(s: Stack, addr: number): Addr {
  return s.book.v6(0xff020000 | 0, 0, 1, SOLICITED_NODE | (s.book.words[addr * 4 + 3]! & LOW_24_BITS));
}

/** The anycast address of a subnet's routers: its host part is zero (RFC 4291 2.6.1). */
function anycastOf(s: Stack, { addr, prefix }: InterfaceAddress): Addr {
  const w = s.book.words;
  const word = (k: number): number => w[addr * 4 + k]! & (prefix >= 32 * k + 32 ? -1 : prefix <= 32 * k ? 0 : -1 << (32 * k + 32 - prefix));
  return s.book.v6(word(0), word(1), word(2), word(3));
}

/** Whether a group of this link is one that `dev` listens to: all nodes, all routers of a router, the groups of its addresses. */
export function isJoined6(s: Stack, ns: number, dev: number, group: number): boolean {
  const w = s.book.words;
  const at = group * 4;
  if (w[at] !== (0xff020000 | 0) && w[at] !== (0xff010000 | 0)) return false;
  if (w[at + 1] === 0 && w[at + 2] === 0) return w[at + 3] === 1 || (w[at + 3] === 2 && s.ns.c.ip6Forward[ns] === 1);
  const router = s.ns.c.ip6Forward[ns] !== 0;
  return s.devInfo.get(dev)!.addresses.some((a) => s.book.family[a.addr] === 6 && (solicitedNode(s, a.addr) === group || (router && solicitedNode(s, anycastOf(s, a)) === group)));
}
