/** `ip route`. */
import { type Cidr, contains, parseCidr } from "../../base/cidr.js";
import { RT_TABLE, RTN, type Route, tableKey } from "../../linux/fib-table.js";
import type { RouteChange, RouteFlush, RouteType } from "../../linux/plumbing/act.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { findDevice, prefixOf } from "./device-list.js";
import { type IpOptions, printed, verbOf } from "./ip-options.js";
import { routeGet } from "./route-get.js";
import { compareRoutes, routeJson, routeLine, scopeText } from "./route-text.js";
import { protocolWord, tableId } from "./route-words.js";

const VERBS = ["list", "show", "lst", "get", "add", "change", "replace", "prepend", "append", "test", "delete", "flush", "save", "restore", "showdump"] as const;
const TYPES: readonly string[] = ["unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast"];

export function ipRoute(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "route", VERBS, "list");
  switch (verb) {
    case "list":
    case "show":
    case "lst":
      return said(showRoutes(place, options, reader));
    case "get":
      return routeGet(place, options, reader);
    case "add":
    case "replace":
    case "append":
    case "delete":
      return changeRoute(place, options, verb === "delete" ? "route-del" : `route-${verb}`, reader);
    case "change":
      return changeRoute(place, options, "route-replace", reader);
    case "flush":
      return flushRoutes(place, options, reader);
    default:
      throw new NotModelled(`ip route ${verb}`);
  }
}

interface Filter {
  table: number;
  dev: number;
  via: number;
  proto: string;
  type: number;
  scope: string;
  src: number;
  metric: number | null;
  dst: { readonly cidr: Cidr; readonly text: string; readonly how: "exact" | "root" | "match" } | null;
}

const DEFAULT4: Cidr = { family: 4, words: [0, 0, 0, 0], prefix: 0 };
const DEFAULT6: Cidr = { family: 6, words: [0, 0, 0, 0], prefix: 0 };

function readFilter(place: Place, options: IpOptions, reader: WordReader): Filter {
  const filter: Filter = { table: RT_TABLE.main, dev: 0, via: 0, proto: "", type: 0, scope: "", src: 0, metric: null, dst: null };
  const prefix = (text: string): Cidr => (text === "default" ? (options.family === 6 ? DEFAULT6 : DEFAULT4) : prefixOf(text));
  while (!reader.done) {
    const word = reader.take();
    if (word === "table") filter.table = tableId(reader.argument());
    else if (word === "dev" || word === "oif") filter.dev = findDevice(place, reader.argument());
    else if (word === "via") filter.via = place.s.book.ofText(reader.argument());
    else if (word === "src") filter.src = place.s.book.ofText(reader.argument().split("/")[0]!);
    else if (word === "metric") filter.metric = Number(reader.argument());
    else if (word === "proto" || word === "protocol") filter.proto = protocolWord(reader.argument());
    else if (word === "scope") filter.scope = reader.argument();
    else if (word === "type") filter.type = RTN[reader.argument() as RouteType] ?? 0;
    else if (word === "cache" || word === "cloned" || word === "vrf" || word === "from") throw new NotModelled(`ip route show ${word}`);
    else if (TYPES.includes(word)) filter.type = RTN[word as RouteType];
    else {
      const how = word === "root" || word === "match" || word === "exact" ? word : "exact";
      const text = how === word || word === "to" ? reader.argument() : word;
      filter.dst = { cidr: prefix(text), text, how };
    }
  }
  return filter;
}

/** Members of a route that the filter fixes: they are not said again. */
function omitted(filter: Filter): string[] {
  const omit: string[] = [];
  if (filter.dev !== 0) omit.push("dev");
  if (filter.via !== 0) omit.push("gateway");
  if (filter.proto !== "") omit.push("protocol");
  if (filter.scope !== "") omit.push("scope");
  if (filter.src !== 0) omit.push("prefsrc");
  if (filter.metric !== null) omit.push("metric");
  return omit;
}

function passes(route: Route, filter: Filter): boolean {
  if (filter.dev !== 0 && (route.hops.length !== 1 || route.hops[0]!.dev !== filter.dev)) return false;
  if (filter.via !== 0 && (route.hops.length !== 1 || route.hops[0]!.via !== filter.via)) return false;
  if (filter.proto !== "" && route.proto !== filter.proto) return false;
  if (filter.type !== 0 && route.type !== filter.type) return false;
  if (filter.scope !== "" && scopeText(route.scope) !== filter.scope) return false;
  if (filter.src !== 0 && route.src !== filter.src) return false;
  if (filter.metric !== null && route.metric !== filter.metric) return false;
  if (filter.dst === null) return true;
  const { cidr, how } = filter.dst;
  if (cidr.family !== route.family) return false;
  if (how === "root") return route.prefix >= cidr.prefix && contains(cidr, route.words);
  if (how === "match") return route.prefix <= cidr.prefix && contains({ family: route.family, words: route.words, prefix: route.prefix }, cidr.words);
  return cidr.prefix === route.prefix && cidr.words.every((word, i) => word === route.words[i]);
}

function showRoutes(place: Place, options: IpOptions, reader: WordReader): string {
  const { s, ns } = place;
  const filter = readFilter(place, options, reader);
  const form = { details: options.details, withTable: filter.table === 0, omit: omitted(filter) };
  const shown: Route[] = [];
  const wanted = options.family !== 0 ? options.family : (filter.dst?.cidr.family ?? 0);
  for (const family of [4, 6] as const) {
    if (wanted !== 0 ? wanted !== family : family === 6 && filter.table !== 0) continue;
    for (const table of tablesOf(place, family, filter.table)) {
      const routes = [...(s.fib.tables.get(tableKey(ns, family, table))?.values() ?? [])].flat().filter((route) => passes(route, filter));
      shown.push(...routes.sort(compareRoutes));
    }
  }
  return options.json ? printed(options, shown.map((route) => routeJson(s, route, form))) : shown.map((route) => routeLine(s, route, form, options.oneLine ? "\\" : "\n")).join("\n");
}

/** The tables a dump visits; 0 asks for all, in the order the kernel hashes them: main first, local last. */
function tablesOf({ s, ns }: Place, family: 4 | 6, table: number): number[] {
  if (table !== 0) return [table];
  const known = new Set<number>();
  for (const key of s.fib.keys.get(ns) ?? []) for (const routes of s.fib.tables.get(key)!.values()) if (routes[0]!.family === family) known.add(routes[0]!.table);
  return [...known].sort((a, b) => (a & 255) - (b & 255));
}

const V6 = (text: string | undefined): boolean => text?.includes(":") === true;

function changeRoute(place: Place, options: IpOptions, verb: RouteChange["verb"], reader: WordReader): Output {
  const made: { -readonly [K in keyof RouteChange]: RouteChange[K] } = { verb, ns: place.ns, dst: "" };
  const hops: { via?: string; dev?: string; weight?: number; onlink?: boolean }[] = [];
  while (!reader.done) {
    const word = reader.take();
    const hop = hops[hops.length - 1] ?? made;
    if (word === "nexthop") hops.push({});
    else if (word === "via") {
      const next = reader.argument();
      hop.via = next === "inet" || next === "inet6" ? reader.argument() : next;
    } else if (word === "dev" || word === "oif") {
      hop.dev = reader.argument();
      findDevice(place, hop.dev);
    } else if (word === "weight") (hop as { weight?: number }).weight = Number(reader.argument());
    else if (word === "onlink") hop.onlink = true;
    else if (word === "src") made.src = reader.argument();
    else if (["metric", "priority", "preference"].includes(word)) made.metric = Number(reader.argument());
    else if (word === "table") made.table = tableId(reader.argument());
    else if (word === "proto" || word === "protocol") made.proto = protocolWord(reader.argument());
    else if (word === "scope") made.scope = reader.argument() as NonNullable<RouteChange["scope"]>;
    else if (word === "mtu") {
      if (reader.takeIf("lock")) throw new NotModelled("ip route mtu lock");
      made.mtu = Number(reader.argument());
    } else if (["nhid", "encap", "advmss", "rtt", "window", "hoplimit", "initcwnd", "tos", "dsfield", "from", "pref", "expires", "congctl", "features", "quickack", "realms", "rto_min"].includes(word)) throw new NotModelled(`ip route ${word}`);
    else if (made.dst === "" && TYPES.includes(word)) made.type = word as RouteType;
    else if (made.dst === "") made.dst = word === "to" ? reader.argument() : word;
    else throw new Ended(255, `Error: either "to" is duplicate, or "${word}" is a garbage.`);
  }
  if (hops.length > 0) made.nexthops = hops;
  if (made.dst === "") throw new NotModelled("ip route without a destination");
  if (made.dst === "all" || made.dst === "any") made.dst = "default";
  const v6 = options.family === 6 || V6(made.dst) || V6(made.via) || hops.some((hop) => V6(hop.via));
  if (made.dst === "default" && v6) made.dst = "::/0";
  const bad = badDestination(made.dst);
  if (bad !== null) return bad;
  return act(place, made);
}

function badDestination(dst: string): Output | null {
  if (dst === "default") return null;
  const cidr = parseCidr(dst.includes("/") ? dst : `${dst}/${dst.includes(":") ? 128 : 32}`);
  return cidr === null ? failed(1, `Error: any valid prefix is expected rather than "${dst}".`) : null;
}

function flushRoutes(place: Place, options: IpOptions, reader: WordReader): Output {
  if (reader.done) throw new Ended(255, '"ip route flush" requires arguments.');
  if (reader.peek() === "cache") {
    place.s.fib.mtus.delete(place.ns);
    return said("");
  }
  const filter = readFilter(place, options, reader);
  const made: { -readonly [K in keyof RouteFlush]: RouteFlush[K] } = { verb: "route-flush", ns: place.ns, family: options.family === 6 ? 6 : 4, table: filter.table };
  if (filter.dev !== 0) made.dev = place.s.devInfo.get(filter.dev)!.name;
  if (filter.dst !== null) made.dst = filter.dst.text;
  if (filter.proto !== "") made.proto = filter.proto;
  return act(place, made);
}
