/** Routes as `ip route` prints them (iproute.c print_route). */
import { formatCidr } from "../../base/cidr.js";
import { type Nexthop, RT_SCOPE, RT_TABLE, RTN, type Route } from "../../linux/fib-table.js";
import { DEVF, type Stack } from "../../linux/stack.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { tableText } from "./route-words.js";

const TYPE_WORDS: Readonly<Record<number, string>> = Object.freeze(Object.fromEntries(Object.entries(RTN).map(([word, number]) => [number, word])));
const SCOPE_WORDS: Readonly<Record<number, string>> = Object.freeze({ [RT_SCOPE.link]: "link", [RT_SCOPE.host]: "host", [RT_SCOPE.site]: "site", [RT_SCOPE.nowhere]: "nowhere" });

/** Word of a route's type: `blackhole`. */
export function typeText(type: number): string {
  return TYPE_WORDS[type] ?? String(type);
}

/** Word of a route's scope: `link`. */
export function scopeText(scope: number): string {
  return SCOPE_WORDS[scope] ?? "global";
}

export function deviceText(s: Stack, dev: number): string {
  return s.devInfo.get(dev)?.name ?? `if${dev}`;
}

/** The next hop of an own address has no scope, and no link that could be down. */
function flagWords(s: Stack, hop: Nexthop, type: number): string[] {
  const flags = s.dev.c.flags[hop.dev] ?? 0;
  const words: string[] = [];
  if (hop.onlink) words.push("onlink");
  if (type !== RTN.local && hop.dev !== 0 && (flags & DEVF.up) !== 0 && (flags & DEVF.carrier) === 0) words.push("linkdown");
  return words;
}

/** How a route is shown. */
export interface RouteForm {
  /** `-d` */
  readonly details: boolean;
  /** `table all` names tables */
  readonly withTable: boolean;
  /** members that were asked for and are not said again */
  readonly omit: readonly string[];
}

const field = (key: string, value: Json, text: string): Field => ({ key, value, text });

function gatewayField(s: Stack, family: 4 | 6, via: number): Field {
  const text = s.book.text(via as never);
  return family === 4 && s.book.family[via] === 6 ? field("via", { family: "inet6", host: text }, `via inet6 ${text}`) : field("gateway", text, `via ${text}`);
}

const flagsField = (flags: readonly string[]): Field => field("flags", flags, flags.join(" "));

/** The members of one route, the hops of a route with several left out. */
function routeFields(s: Stack, route: Route, { details, withTable, omit }: RouteForm): Field[] {
  const bits = route.family === 4 ? 32 : 128;
  const cidr = formatCidr({ family: route.family, words: route.words, prefix: route.prefix });
  const dst = route.prefix === 0 ? "default" : route.prefix === bits ? cidr.split("/")[0]! : cidr;
  const fields: Field[] = [];
  if (route.type !== RTN.unicast || details) fields.push(field("type", typeText(route.type), typeText(route.type)));
  fields.push(field("dst", dst, dst));
  const single = route.hops.length === 1 ? route.hops[0] : undefined;
  if (single !== undefined) {
    if (single.via !== 0) fields.push(gatewayField(s, route.family, single.via));
    if (single.dev !== 0) fields.push(field("dev", deviceText(s, single.dev), `dev ${deviceText(s, single.dev)}`));
  } else if (route.hops.length === 0 && route.family === 6) fields.push(field("dev", "lo", "dev lo"));
  if (withTable && route.table !== RT_TABLE.main) fields.push(field("table", tableText(route.table), `table ${tableText(route.table)}`));
  if (route.proto !== "" && (route.proto !== "boot" || details)) fields.push(field("protocol", route.proto, `proto ${route.proto}`));
  const scope = scopeText(route.scope);
  if (route.family === 4 && (scope !== "global" || details)) fields.push(field("scope", scope, `scope ${scope}`));
  if (route.src !== 0) fields.push(field("prefsrc", s.book.text(route.src), `src ${s.book.text(route.src)}`));
  if (route.metric !== 0 || route.family === 6) fields.push(field("metric", route.metric, `metric ${route.metric}`));
  fields.push(flagsField(single !== undefined ? flagWords(s, single, route.type) : groupFlags(s, route)));
  if (route.mtu !== 0) fields.push(field("metrics", [{ mtu: route.mtu }], `mtu ${route.mtu}`));
  if (route.family === 6) fields.push(field("pref", "medium", "pref medium"));
  return fields.filter(({ key }) => !omit.includes(key === "via" ? "gateway" : key));
}

/** A route of several hops is down when all of them are. */
function groupFlags(s: Stack, route: Route): string[] {
  return route.family === 4 && route.hops.length > 0 && route.hops.every((hop) => flagWords(s, hop, route.type).includes("linkdown")) ? ["linkdown"] : [];
}

/** One route, several lines where it has several hops, with the blank that ends each line of the tool's. */
export function routeLine(s: Stack, route: Route, form: RouteForm, newline = "\n"): string {
  const line = fieldsText(routeFields(s, route, form));
  const end = route.family === 4 ? " " : "";
  if (route.hops.length < 2) return line + end;
  return [line + end, ...route.hops.map((hop) => hopLine(s, route.family, hop))].join(newline);
}

export function routeJson(s: Stack, route: Route, form: RouteForm): { readonly [key: string]: Json } {
  const made = fieldsObject(routeFields(s, route, form));
  return route.hops.length < 2 ? made : { ...made, nexthops: route.hops.map((hop) => fieldsObject(hopFields(s, route.family, hop))) };
}

function hopFields(s: Stack, family: 4 | 6, hop: Nexthop): Field[] {
  return [
    ...(hop.via === 0 ? [] : [gatewayField(s, family, hop.via)]),
    field("dev", deviceText(s, hop.dev), `dev ${deviceText(s, hop.dev)}`),
    field("weight", hop.weight, `weight ${hop.weight}`),
    flagsField(flagWords(s, hop, RTN.unicast)),
  ];
}

function hopLine(s: Stack, family: 4 | 6, hop: Nexthop): string {
  return `\tnexthop ${fieldsText(hopFields(s, family, hop))} `;
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
