/** The group addresses a device listens to: all hosts of both families, the solicited-node groups of its IPv6 addresses, and a router's. */
import { parseMac } from "../../base/mac.js";
import { isUp } from "../../linux/device.js";
import type { Stack } from "../../linux/stack.js";

const ALL_HOSTS4 = parseMac("01:00:5e:00:00:01")!;
const ALL_NODES6 = parseMac("33:33:00:00:00:01")!;
const ALL_ROUTERS6 = parseMac("33:33:00:00:00:02")!;
const SOLICITED = parseMac("33:33:ff:00:00:00")!;
const LOW_24_BITS = 0xffffff;
/** RFC 6164: not between two routers */
const LONGEST_WITH_ANYCAST = 127;

export function groupMacs(s: Stack, dev: number): number[] {
  if (!isUp(s, dev)) return [];
  const macs = [ALL_NODES6, ALL_HOSTS4];
  const routes = s.ns.c.ip6Forward[s.dev.c.ns[dev]!] === 1;
  for (const { addr, prefix } of s.devInfo.get(dev)!.addresses) {
    if (s.book.family[addr] !== 6) continue;
    // A router is also asked for by the anycast address of each of its networks, whose low bits are 0.
    const groups = [SOLICITED + (s.book.words[addr * 4 + 3]! & LOW_24_BITS), ...(routes ? [ALL_ROUTERS6] : []), ...(routes && prefix < LONGEST_WITH_ANYCAST ? [SOLICITED] : [])];
    for (const mac of groups) if (!macs.includes(mac)) macs.push(mac);
  }
  return macs;
}
