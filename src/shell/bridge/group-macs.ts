/** The group addresses a device listens to: all hosts of both families, and the solicited-node groups of its IPv6 addresses. */
import { parseMac } from "../../base/mac.js";
import { isUp } from "../../linux/device.js";
import type { Stack } from "../../linux/stack.js";

const ALL_HOSTS4 = parseMac("01:00:5e:00:00:01")!;
const ALL_NODES6 = parseMac("33:33:00:00:00:01")!;
const SOLICITED = parseMac("33:33:ff:00:00:00")!;
const LOW_24_BITS = 0xffffff;

export function groupMacs(s: Stack, dev: number): number[] {
  if (!isUp(s, dev)) return [];
  const macs = [ALL_NODES6, ALL_HOSTS4];
  for (const { addr } of s.devInfo.get(dev)!.addresses) {
    if (s.book.family[addr] !== 6) continue;
    const mac = SOLICITED + (s.book.words[addr * 4 + 3]! & LOW_24_BITS);
    if (!macs.includes(mac)) macs.push(mac);
  }
  return macs;
}
