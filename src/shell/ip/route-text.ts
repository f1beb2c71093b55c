/** Routes as `ip route` prints them (iproute.c print_route), without the blank at the end of each line. */
import { formatCidr } from "../../base/cidr.js";
import { type Nexthop, RT_SCOPE, RT_TABLE, RTN, type Route } from "../../linux/fib-table.js";
import { DEVF, type Stack } from "../../linux/stack.js";
import { tableText } from "./route-words.js";

const TYPE_WORDS: Readonly<Record<number, string>> = Object.freeze(Object.fromEntries(Object.entries(RTN).map(([word, number]) => [number, word])));
const SCOPE_WORDS: Readonly<Record<number, string>> = Object.freeze({ [RT_SCOPE.link]: "link", [RT_SCOPE.host]: "host", [RT_SCOPE.site]: "site", [RT_SCOPE.nowhere]: "nowhere" });

/** Word of a route's type: `blackhole`. */
export function typeText(type: number): string {
  return TYPE_WORDS[type] ?? String(type);
}

export function deviceText(s: Stack, dev: number): string {
  return s.devInfo.get(dev)?.name ?? `if${dev}`;
}

function flagWords(s: Stack, hop: Nexthop): string[] {
  const flags = s.dev.c.flags[hop.dev] ?? 0;
  const words: string[] = [];
  if (hop.onlink) words.push("onlink");
  if (hop.dev !== 0 && (flags & DEVF.up) !== 0 && (flags & DEVF.carrier) === 0) words.push("linkdown");
  return words;
}

/** One route, several lines where it has several hops. `details` and `withTable` as `-d` and `table all` ask. */
export function routeLine(s: Stack, route: Route, details: boolean, withTable: boolean): string {
  const bits = route.family === 4 ? 32 : 128;
  const cidr = formatCidr({ family: route.family, words: route.words, prefix: route.prefix });
  const words: string[] = [];
  if (route.type !== RTN.unicast || details) words.push(typeText(route.type));
  words.push(route.prefix === 0 ? "default" : route.prefix === bits ? cidr.split("/")[0]! : cidr);
  const single = route.hops.length === 1 ? route.hops[0] : undefined;
  if (single !== undefined) {
    if (single.via !== 0) words.push("via", s.book.text(single.via));
    if (single.dev !== 0) words.push("dev", deviceText(s, single.dev));
  } else if (route.hops.length === 0 && route.family === 6) words.push("dev", "lo");
  if (withTable && route.table !== RT_TABLE.main) words.push("table", tableText(route.table));
  if (route.proto !== "" && (route.proto !== "boot" || details)) words.push("proto", route.proto);
  if (route.family === 4 && (SCOPE_WORDS[route.scope] !== undefined || details)) words.push("scope", SCOPE_WORDS[route.scope] ?? "global");
  if (route.src !== 0) words.push("src", s.book.text(route.src));
  if (route.metric !== 0 || route.family === 6) words.push("metric", String(route.metric));
  if (single !== undefined) words.push(...flagWords(s, single));
  if (route.mtu !== 0) words.push("mtu", String(route.mtu));
  if (route.family === 6) words.push("pref", "medium");
  const more = single === undefined ? route.hops : [];
  return [words.join(" "), ...more.map((hop) => hopLine(s, hop))].join(" \n");
}

function hopLine(s: Stack, hop: Nexthop): string {
  const via = hop.via === 0 ? "" : ` via ${s.book.text(hop.via)}`;
  const flags = flagWords(s, hop).map((word) => ` ${word}`).join("");
  return `\tnexthop${via} dev ${deviceText(s, hop.dev)} weight ${hop.weight}${flags}`;
}

/** The order of the kernel's dump: IPv4 by address, the longest prefix of an address first; IPv6 the more specific first. */
export function compareRoutes(a: Route, b: Route): number {
  for (let k = 0; k < 4; k++) {
    const shared = a.family === 6 ? Math.min(a.prefix, b.prefix) - 32 * k : 32;
    if (shared <= 0) break;
    const mask = shared >= 32 ? -1 : -1 << (32 - shared);
    const [x, y] = [(a.words[k]! & mask) >>> 0, (b.words[k]! & mask) >>> 0];
    if (x !== y) return x - y;
  }
  return b.prefix - a.prefix || a.metric - b.metric;
}
