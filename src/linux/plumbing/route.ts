/** Routes: `ip route add|replace|append|del|flush` (fib_create_info, fib_table_insert; net/ipv4/fib_semantics.c, fib_trie.c). */
import { type Cidr, masked, parseAddress, parseCidr } from "../../base/cidr.js";
import { everyRoute, insertRoute } from "../device-routes.js";
import { gatewayRoute, gatewayRoute6, isLocalAddress, setRoutes } from "../fib.js";
import { type Nexthop, prefixKey, RT_SCOPE, RT_TABLE, type Route, RTN, type RouteTypeName, tableKey } from "../fib-table.js";
import { DEVF, type Stack } from "../stack.js";
import { type ActResult, extackError, noDevice, type RouteChange, type RouteFlush, rtnetlinkError } from "./act.js";

const METRIC6_USER = 1024;

function destination(act: RouteChange): Cidr | null {
  if (act.dst === "default") {
    const v6 = act.via?.includes(":") === true || act.nexthops?.some((hop) => hop.via?.includes(":")) === true || act.src?.includes(":") === true;
    return { family: v6 ? 6 : 4, words: [0, 0, 0, 0], prefix: 0 };
  }
  return act.dst.includes("/") ? parseCidr(act.dst) : parseCidr(`${act.dst}/${act.dst.includes(":") ? 128 : 32}`);
}

function handle(s: Stack, text: string): number {
  const parsed = parseAddress(text);
  if (parsed === null) return 0;
  const [w0, w1, w2, w3] = parsed.words;
  return parsed.family === 4 ? s.book.v4(w0) : s.book.v6(w0, w1, w2, w3);
}

const up = (s: Stack, dev: number): boolean => (s.dev.c.flags[dev]! & DEVF.up) !== 0;

interface HopWords {
  readonly via?: string;
  readonly dev?: string;
  readonly weight?: number;
  readonly onlink?: boolean;
}

/** fib_check_nh: the hop, or why it cannot be one. */
function checkHop(s: Stack, ns: number, words: HopWords, scope: number, table: number): Nexthop | NonNullable<ActResult> {
  const named = words.dev === undefined ? 0 : s.nsInfo.get(ns)!.devices.get(words.dev);
  if (named === undefined) return noDevice(words.dev!);
  if (words.via === undefined) {
    if (named === 0) return rtnetlinkError("ENODEV");
    if (!up(s, named)) return extackError("ENETDOWN", "Device for nexthop is not up");
    return words.weight === undefined ? s.fib.parts.link(named)[0]! : Object.freeze({ dev: named, via: 0, weight: words.weight, onlink: false });
  }
  const via = handle(s, words.via);
  if (via === 0) return { errno: "EINVAL", message: `Error: any valid address is expected rather than "${words.via}".` };
  const hop = (dev: number): Nexthop => Object.freeze({ dev, via, weight: words.weight ?? 1, onlink: words.onlink === true });
  if (words.onlink === true) {
    if (named === 0) return extackError("EINVAL", "Nexthop device required for onlink");
    if (!up(s, named)) return extackError("ENETDOWN", "Nexthop device is not up");
    if (isLocalAddress(s, ns, via)) return extackError("EINVAL", "Nexthop has invalid gateway");
    return hop(named);
  }
  if (named !== 0 && !up(s, named)) return extackError("ENETDOWN", "Nexthop device is not up");
  const way = s.book.family[via] === 6 ? gatewayRoute6(s, ns, via, table, named) : gatewayRoute(s, ns, via, table, named);
  const dev = way?.hops[0]?.dev ?? 0;
  // IPv6 says it in fewer words (ip6_route_check_nh).
  if (s.book.family[via] === 6 && (way === null || way.hops.length === 0 || way.hops[0]!.via !== 0)) return rtnetlinkError("EHOSTUNREACH");
  if (way === null || dev === 0) return extackError(way === null ? "ENETUNREACH" : "EINVAL", "Nexthop has invalid gateway");
  const reachable = way.type === RTN.unicast && (s.book.family[via] === 6 || way.scope > Math.max(scope, RT_SCOPE.global)) && way.hops[0]!.via === 0;
  if (!reachable) return extackError("EINVAL", "Nexthop has invalid gateway");
  return hop(named !== 0 ? named : dev);
}

const isError = (x: Nexthop | NonNullable<ActResult>): x is NonNullable<ActResult> => "errno" in x;

function scopeOf(act: RouteChange, type: number): number {
  if (act.scope !== undefined) return RT_SCOPE[act.scope];
  if (type === RTN.local) return RT_SCOPE.host;
  if (type === RTN.broadcast) return RT_SCOPE.link;
  if (type === RTN.unicast && act.via === undefined && act.nexthops === undefined) return RT_SCOPE.link;
  return RT_SCOPE.global;
}

/** The route an act describes, checked against the namespace, or the refusal. */
function buildRoute(s: Stack, act: RouteChange, dst: Cidr): Route | NonNullable<ActResult> {
  const type = RTN[(act.type ?? "unicast") as RouteTypeName];
  const scope = scopeOf(act, type);
  const hops: Nexthop[] = [];
  if (type === RTN.unicast || type === RTN.local || type === RTN.broadcast) {
    for (const words of act.nexthops ?? [act as HopWords]) {
      const hop = checkHop(s, act.ns, words, scope, act.table ?? RT_TABLE.main);
      if (isError(hop)) return hop;
      hops.push(hop);
    }
  }
  const src = act.src === undefined ? 0 : handle(s, act.src);
  if (src !== 0 && !isLocalAddress(s, act.ns, src)) return extackError("EINVAL", s.book.family[src] === 6 ? "Invalid source address" : "Invalid prefsrc address");
  const { words } = s.fib.parts.prefix(prefixKey(dst.family, dst.words, dst.prefix), dst.words);
  return Object.freeze({
    family: dst.family,
    table: act.table ?? (type === RTN.local || type === RTN.broadcast ? RT_TABLE.local : RT_TABLE.main),
    type,
    words,
    prefix: dst.prefix,
    metric: act.metric ?? (dst.family === 6 ? METRIC6_USER : 0),
    scope,
    proto: act.proto ?? "boot",
    src,
    mtu: act.mtu ?? 0,
    hops: Object.freeze(hops.slice()),
    cause: act.cause ?? 0,
  });
}

/** `ip route add|replace|append|del`. */
export function changeRoute(s: Stack, act: RouteChange): ActResult {
  const given = destination(act);
  // IPv6 takes a destination with host bits and forgets them.
  const dst = given !== null && given.family === 6 ? masked(given) : given;
  if (dst === null) return { errno: "EINVAL", message: `Error: any valid prefix is expected rather than "${act.dst}".` };
  if (masked(dst).words.some((word, i) => word !== dst.words[i])) return extackError("EINVAL", "Invalid prefix for given prefix length");
  if (act.verb === "route-del") return deleteRoute(s, act, dst);
  const route = buildRoute(s, act, dst);
  if ("errno" in route) return route;
  const key = tableKey(act.ns, dst.family, route.table);
  const list = s.fib.tables.get(key)?.get(prefixKey(dst.family, dst.words, dst.prefix)) ?? [];
  const equal = list.findIndex((known) => known.metric === route.metric);
  if (act.verb === "route-add" && equal >= 0) return rtnetlinkError("EEXIST");
  if (act.verb === "route-replace" && equal >= 0) {
    setRoutes(s, key, dst.family, dst.words, dst.prefix, list.map((known, i) => (i === equal ? route : known)));
    return null;
  }
  insertRoute(s, act.ns, route);
  return null;
}

function deleteRoute(s: Stack, act: RouteChange, dst: Cidr): ActResult {
  const key = tableKey(act.ns, dst.family, act.table ?? (act.type === "local" || act.type === "broadcast" ? RT_TABLE.local : RT_TABLE.main));
  const list = s.fib.tables.get(key)?.get(prefixKey(dst.family, dst.words, dst.prefix)) ?? [];
  const dev = act.dev === undefined ? 0 : s.nsInfo.get(act.ns)!.devices.get(act.dev);
  if (dev === undefined) return noDevice(act.dev!);
  const via = act.via === undefined ? 0 : handle(s, act.via);
  const at = list.findIndex(
    (known) =>
      (act.type === undefined || known.type === RTN[act.type as RouteTypeName]) &&
      (act.metric === undefined || known.metric === act.metric) &&
      (act.proto === undefined || known.proto === act.proto) &&
      (dev === 0 || known.hops.some((hop) => hop.dev === dev)) &&
      (via === 0 || known.hops.some((hop) => hop.via === via)),
  );
  // The root of an IPv6 table always has an entry, which cannot be deleted (fib6_del).
  if (at < 0) return rtnetlinkError(dst.family === 6 && dst.prefix === 0 && dev === 0 && via === 0 && act.metric === undefined ? "ENOENT" : "ESRCH");
  setRoutes(s, key, dst.family, dst.words, dst.prefix, list.filter((_, i) => i !== at));
  return null;
}

/** `ip route flush`: routes of the main table unless another is named, by device, destination or protocol. */
export function flushRoutes(s: Stack, act: RouteFlush): ActResult {
  const dev = act.dev === undefined ? 0 : s.nsInfo.get(act.ns)!.devices.get(act.dev);
  if (dev === undefined) return noDevice(act.dev!);
  const dst = act.dst === undefined ? null : act.dst.includes("/") ? parseCidr(act.dst) : parseCidr(`${act.dst}/32`);
  everyRoute(
    s,
    act.ns,
    (route) =>
      route.family === (act.family ?? 4) &&
      route.table === (act.table ?? RT_TABLE.main) &&
      (act.proto === undefined || route.proto === act.proto) &&
      (dev === 0 || route.hops.some((hop) => hop.dev === dev)) &&
      (dst === null || (route.prefix === dst.prefix && route.words.every((word, i) => word === dst.words[i]))),
  );
  return null;
}
