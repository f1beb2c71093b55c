/** Which of a host's own IPv6 addresses a packet gets as its source (ipv6_dev_get_saddr, net/ipv6/addrconf.c; RFC 6724 section 5). */
import type { Addr } from "../base/address-book.js";
import { isMulticast6, SCOPE6, scope6 } from "./address6.js";
import type { Stack } from "./stack.js";

/** The policy table of RFC 6724 as net/ipv6/addrlabel.c has it, the longest prefix first: words, length, label. */
const LABELS: readonly (readonly [readonly [number, number, number, number], number, number])[] = [
  [[0, 0, 0, 1], 128, 0],
  [[0, 0, 0xffff, 0], 96, 4],
  [[0, 0, 0, 0], 96, 3],
  [[0x20010000, 0, 0, 0], 32, 6],
  [[0x20010010, 0, 0, 0], 28, 7],
  [[0x20020000, 0, 0, 0], 16, 2],
  [[0x3ffe0000, 0, 0, 0], 16, 12],
  [[0xfec00000 | 0, 0, 0, 0], 10, 11],
  [[0xfc000000 | 0, 0, 0, 0], 7, 5],
];
const OTHER_LABEL = 1;

/** Leading bits that an address shares with four words. */
function sharedBits(s: Stack, a: number, words: ArrayLike<number>, at: number): number {
  for (let k = 0; k < 4; k++) {
    const differs = s.book.words[a * 4 + k]! ^ words[at + k]!;
    if (differs !== 0) return 32 * k + Math.clz32(differs);
  }
  return 128;
}

function labelOf(s: Stack, a: number): number {
  return LABELS.find(([words, prefix]) => sharedBits(s, a, words, 0) >= prefix)?.[2] ?? OTHER_LABEL;
}

/** How good a source is, compared from the first number on; the rules of RFC 6724 that tell our addresses apart. */
function score(s: Stack, own: Addr, prefix: number, isOut: boolean, dst: number): readonly number[] {
  const wanted = scope6(s, dst);
  const scope = scope6(s, own);
  return [
    own === dst ? 1 : 0,
    // The smallest scope that reaches as far as the destination, else the one that reaches farthest.
    scope >= wanted ? 32 - scope : scope - 32,
    isOut ? 1 : 0,
    labelOf(s, own) === labelOf(s, dst) ? 1 : 0,
    Math.min(sharedBits(s, own, s.book.words, dst * 4), prefix),
  ];
}

function isBetter(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! > b[i]!;
  return false;
}

/** The source for a packet to `dst` that leaves by `out` (0: by any device); 0 if the namespace has no address. */
export function selectSource6(s: Stack, ns: number, out: number, dst: number): Addr {
  const outOnly = out !== 0 && (isMulticast6(s, dst) || scope6(s, dst) <= SCOPE6.link);
  let best: Addr = 0;
  let bestScore: readonly number[] = [];
  const consider = (dev: number): void => {
    for (const a of s.devInfo.get(dev)!.addresses) {
      if (s.book.family[a.addr] !== 6) continue;
      const mine = score(s, a.addr, a.prefix, dev === out, dst);
      if (best !== 0 && !isBetter(mine, bestScore)) continue;
      best = a.addr;
      bestScore = mine;
    }
  };
  if (out !== 0 && s.dev.c.ns[out] === ns) consider(out);
  if (!outOnly) for (const dev of s.nsInfo.get(ns)!.devices.values()) if (dev !== out) consider(dev);
  return best;
}
