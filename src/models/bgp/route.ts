/** A route as the daemon keeps it: plain frozen records. */
import { compareText } from "../../base/names.js";
import { sameData } from "../../base/same-data.js";
import { parseAddress, parseCidr } from "../../base/cidr.js";
import type { BgpAttributes } from "../../packet/wire/bgp-attributes.js";

export interface RouteHop {
  /** "" : the destination is a neighbour itself */
  readonly gateway: string;
  readonly device: string;
  readonly weight: number;
  readonly onlink: boolean;
}

/** What the kernel's protocol knows of a route beyond its hops. */
export interface KernelAttributes {
  readonly source?: number;
  readonly metric?: number;
  readonly prefsrc?: string;
  /** number of a scope that is not global */
  readonly scope?: number;
  /** Calico's: the tunnel device that the route is to go through */
  readonly tunnel?: string;
}

export type Destination = "unicast" | "blackhole" | "unreachable" | "prohibit";
export type RouteSource = "RTS_STATIC" | "RTS_DEVICE" | "RTS_INHERIT" | "RTS_BGP";

export interface BirdRoute {
  readonly net: string;
  /** name of the protocol that it came from */
  readonly proto: string;
  /** number of the path where its peer tells several, else 0 */
  readonly path: number;
  readonly kind: "static" | "direct" | "kernel" | "bgp";
  readonly source: RouteSource;
  readonly dest: Destination;
  readonly hops: readonly RouteHop[];
  readonly preference: number;
  /** the router that told it, "" if nobody did */
  readonly from: string;
  /** address that the hops were found by, "" if they were not looked up */
  readonly recursive: string;
  readonly igpMetric: number;
  readonly bgp: BgpAttributes;
  readonly krt: KernelAttributes;
  /** ns since boot */
  readonly since: number;
  /** an import filter refused it; it is only shown */
  readonly filtered: boolean;
  /** not to be chosen, for another of its neighbouring AS is better (deterministic MED) */
  readonly suppressed: boolean;
}

/** A metric that nobody knows. */
export const UNKNOWN_METRIC = 0x7fffffff;

export const EMPTY_BGP: BgpAttributes = Object.freeze({});
export const EMPTY_KRT: KernelAttributes = Object.freeze({});
export const NO_HOPS: readonly RouteHop[] = Object.freeze([]);

/** Whether a new route says what the old one said (rte_same): then nothing is told and it keeps its age. */
export function sameRoute(a: BirdRoute, b: BirdRoute): boolean {
  return sameData({ ...a, since: 0, suppressed: false }, { ...b, since: 0, suppressed: false });
}

export const familyOf = (net: string): 4 | 6 => (net.includes(":") ? 6 : 4);

/** The words of an address; those of IPv4 stand among IPv6's as ::ffff:0:0/96. */
function wordsOf(text: string): readonly number[] | null {
  const parsed = parseAddress(text);
  return parsed === null || parsed.family === 6 ? (parsed?.words ?? null) : [0, 0, 0xffff, parsed.words[0]];
}

/** Order of two addresses as numbers. */
export function compareAddresses(a: string, b: string): number {
  const [x, y] = [wordsOf(a), wordsOf(b)];
  if (x === null || y === null) return compareText(a, b);
  for (let i = 0; i < 4; i++) {
    const d = (x[i]! >>> 0) - (y[i]! >>> 0);
    if (d !== 0) return d;
  }
  return 0;
}

/** A prime near the golden part of 2^32, by which BIRD spreads words. */
const GOLDEN = 2902958171;

/** A prefix without the number of a path. */
export function netOf(key: string): string {
  const at = key.indexOf("@");
  return at < 0 ? key : key.slice(0, at);
}

/** Place of a prefix in the order in which the daemon's tables are walked: its hash. */
export function walkOrder(net: string): number {
  const { family, words, prefix } = parseCidr(net)!;
  if (family === 4) return (Math.imul(words[0], GOLDEN) ^ (prefix << 26)) >>> 0;
  const x = words[0] ^ words[1] ^ words[2] ^ words[3];
  return (x ^ (x << 16) ^ (x << 24) ^ (prefix << 26)) >>> 0;
}
