/**
 * Routing tables: routes come in through a channel's import filter, the best of a prefix is chosen, and the protocols that
 * export from the table hear of it (rte_update, rte_recalculate, rte_announce of BIRD's nest/rt-table.c).
 */
import type { KernelConfig } from "../config/config.js";
import { runFilter } from "../filter/evaluate.js";
import { mapDelete, mapEntries, mapGet, mapSet } from "../persistent-map.js";
import { sameData } from "../../../base/same-data.js";
import { type BirdRoute, familyOf, NO_HOPS, sameRoute, walkOrder } from "../route.js";
import { canMerge, isBetter, neighbourAs } from "./better.js";
import { attributesFor, mayExport } from "./bgp-export.js";
import type { Daemon } from "./daemon.js";
import { refreshHosts, withHost } from "./hosts.js";
import { mergeHops, syncRoute } from "./kernel-export.js";
import type { TableState } from "./state.js";

type List = readonly BirdRoute[];
const NONE: List = Object.freeze([]);

/** A protocol's route to a prefix, null: it has none any more. `path` tells several of a peer's from each other. */
export function learnRoute(d: Daemon, name: string, family: 4 | 6, net: string, given: BirdRoute | null, path = 0): void {
  const channel = d.channel(name, family);
  if (channel === undefined) return;
  const config = d.channelConfig(name, family);
  const list = mapGet(d.table(channel.table).nets, net) ?? NONE;
  const old = list.find((one) => one.proto === name && one.path === path) ?? null;
  let route: BirdRoute | null = null;
  if (given !== null) {
    const done = runFilter(d.config, config.importFilter, given);
    d.count(name, family, "importUpdates", ...(done.accepted ? [0] : [0, 2]));
    if (done.accepted) route = done.route;
    else if (config.keepFiltered) route = Object.freeze({ ...given, filtered: true });
  } else {
    d.count(name, family, "importWithdraws", ...(old === null ? [0, 2] : [0]));
  }
  if (route === null && old === null) return;
  if (route !== null && old !== null && sameRoute(route, old)) {
    if (!route.filtered) d.count(name, family, "importUpdates", 3);
    return;
  }
  if (route !== null && !route.filtered) d.count(name, family, "importUpdates", 4);
  else if (old !== null && !old.filtered) d.count(name, family, "importWithdraws", 3);
  replace(d, channel.table, net, list, old, route);
}


/** Counts of a channel that follow a change of one of its routes. */
function tally(d: Daemon, route: BirdRoute | null | undefined, key: "imported" | "filtered" | "preferred", by: 1 | -1): void {
  if (route === null || route === undefined) return;
  d.tally(route.proto, familyOf(route.net), key, by);
}

function replace(d: Daemon, tableName: string, net: string, list: List, old: BirdRoute | null, route: BirdRoute | null): void {
  if (old !== null) tally(d, old, old.filtered ? "filtered" : "imported", -1);
  if (route !== null) tally(d, route, route.filtered ? "filtered" : "imported", 1);
  store(d, tableName, net, list, relink(d, list, old, route), old, route);
}

/** The list with one route in another's place: the best comes first, the others keep their places. */
function relink(d: Daemon, list: List, old: BirdRoute | null, route: BirdRoute | null): List {
  const best = list[0] ?? null;
  const at = old === null ? list.length : list.indexOf(old);
  const rest = list.filter((one) => one !== old);
  const bgp = [...rest, ...(route === null ? [] : [route])].some((one) => one.kind === "bgp" && d.bgpConfig(one.proto).deterministicMed);
  if (bgp) return elect(d, suppress(d, route === null ? rest : [route, ...rest]));
  if (route !== null && (best === null || best === old ? rest.length === 0 : isBetter(d, route, best))) return [route, ...rest];
  if (old !== null && old === best) return elect(d, route === null ? rest : [route, ...rest]);
  return route === null ? rest : [...rest.slice(0, at), route, ...rest.slice(at)];
}

/** The best one moves to the front. */
function elect(d: Daemon, list: List): List {
  let best = list[0];
  for (const one of list) if (one !== best && isBetter(d, one, best!)) best = one;
  return best === undefined ? list : [best, ...list.filter((one) => one !== best)];
}

/** Deterministic MED: of the routes by one neighbouring AS only the best may be chosen, and those that are as good (bgp_rte_recalculate). */
function suppress(d: Daemon, list: List): List {
  const plain = list.map((one) => (one.suppressed ? Object.freeze({ ...one, suppressed: false }) : one));
  const groupOf = (one: BirdRoute): string => (one.kind === "bgp" && !one.filtered && d.bgpConfig(one.proto).deterministicMed ? `${neighbourAs(one, d.bgpConfig(one.proto))} ${one.preference}` : "");
  const best = new Map<string, BirdRoute>();
  for (const one of plain) {
    const known = best.get(groupOf(one));
    if (known === undefined || isBetter(d, one, known)) best.set(groupOf(one), one);
  }
  return plain.map((one) => {
    const group = groupOf(one);
    const first = best.get(group)!;
    return group === "" || one === first || canMerge(d, first, one) ? one : Object.freeze({ ...one, suppressed: true });
  });
}

const valid = (route: BirdRoute | undefined): BirdRoute | null => (route === undefined || route.filtered ? null : route);

function withLength(lengths: TableState["lengths"], net: string, by: 1 | -1): TableState["lengths"] {
  const prefix = Number(net.slice(net.indexOf("/") + 1));
  const known = lengths[prefix] ?? 0;
  if (known + by > 0) return Object.freeze({ ...lengths, [prefix]: known + by });
  const { [prefix]: _, ...rest } = lengths;
  return Object.freeze(rest);
}

function store(d: Daemon, tableName: string, net: string, before: List, after: List, old: BirdRoute | null, route: BirdRoute | null): void {
  const table = d.table(tableName);
  const nets = after.length === 0 ? mapDelete(table.nets, net) : mapSet(table.nets, net, Object.freeze(after));
  const lengths = before.length === 0 ? withLength(table.lengths, net, 1) : after.length === 0 ? withLength(table.lengths, net, -1) : table.lengths;
  d.setTable(tableName, { nets, lengths });
  const [was, is] = [valid(before[0]), valid(after[0])];
  if (was !== is) {
    tally(d, was, "preferred", -1);
    tally(d, is, "preferred", 1);
    if (table.hosts.size > 0) {
      const moved = d.moved.get(tableName);
      if (moved === undefined) d.moved.set(tableName, new Set([net]));
      else moved.add(net);
    }
  } else if (table.hosts.size > 0 && ((old !== null && old.recursive !== "") || (route !== null && route.recursive !== ""))) {
    d.setTable(tableName, { hidden: mapSet(d.table(tableName).hidden, net, true) });
  }
  const stored = route === null ? undefined : after.find((one) => one.proto === route.proto && one.path === route.path);
  announce(d, tableName, net, was, is, valid(old ?? undefined), valid(stored));
}

function announce(d: Daemon, tableName: string, net: string, was: BirdRoute | null, is: BirdRoute | null, old: BirdRoute | null, route: BirdRoute | null): void {
  if (was === null && is === null) return;
  const { family } = d.table(tableName);
  for (const name of d.order) {
    const config = d.configOf(name);
    if (config.kind !== "kernel" && config.kind !== "bgp") continue;
    const channel = d.channel(name, family);
    if (channel === undefined || !channel.up || channel.table !== tableName) continue;
    if (tellsPaths(d, name, family)) {
      if (route !== null) exportNet(d, name, family, net, route, pathKey(d, route));
      else if (old !== null) exportNet(d, name, family, net, null, pathKey(d, old));
      continue;
    }
    const merges = config.kind === "kernel" && config.mergeLimit > 0;
    if (was === is && !merges) continue;
    if (was === is && !(route !== null && canMerge(d, is!, route)) && !(old !== null && couldMerge(d, is!, old))) continue;
    exportNet(d, name, family, net, is);
  }
}

/**
 * Whether a route that has gone was one of those that were merged. BIRD puts a route aside before it takes it out of a group of deterministic
 * MED, so that its kernel protocol does not hear of it: the hop stays until something else happens to the prefix.
 */
function couldMerge(d: Daemon, best: BirdRoute, gone: BirdRoute): boolean {
  return canMerge(d, best, gone) && !(gone.kind === "bgp" && d.bgpConfig(gone.proto).deterministicMed);
}

/** Whether the peer is told every path and not the best alone. */
function tellsPaths(d: Daemon, name: string, family: 4 | 6): boolean {
  return d.configOf(name).kind === "bgp" && d.bgp(name).paths.tx.includes(family);
}

/** A prefix with the number that a path has towards our peers: one for each source of routes. */
function pathKey(d: Daemon, route: BirdRoute): string {
  return `${route.net}@${d.pathNumber(`${route.proto} ${route.path}`)}`;
}

/** Tells a channel what is best for a prefix now; `key` is that of one path where all are told. */
function exportNet(d: Daemon, name: string, family: 4 | 6, net: string, best: BirdRoute | null, key: string = net): void {
  const channel = d.channel(name, family)!;
  const old = mapGet(channel.exported, key) ?? null;
  d.count(name, family, best === null ? "exportWithdraws" : "exportUpdates", 0);
  const passed = best === null ? null : passExport(d, name, family, best);
  if (passed === null && old === null) return;
  const config = d.configOf(name);
  const route = passed === null ? null : config.kind === "kernel" && config.mergeLimit > 0 ? mergePaths(d, name, family, config, best!, passed.route) : passed.route;
  const now = d.channel(name, family)!;
  d.setChannel(name, family, { exported: route === null ? mapDelete(now.exported, key) : mapSet(now.exported, key, route) });
  if (route === null) d.count(name, family, "exportWithdraws", 1);
  else d.count(name, family, "exportUpdates", 3);
  if (config.kind === "kernel") {
    if (route === null || old === null || !sameData({ ...route, since: 0 }, { ...old, since: 0 })) syncRoute(d, config, net, route, old);
    return;
  }
  const attributes = passed === null ? null : attributesFor(d, name, family, passed.route, passed.set);
  d.setBgp(name, { pending: mapSet(d.bgp(name).pending, key, attributes) });
  d.dirty.add(name);
}

function passExport(d: Daemon, name: string, family: 4 | 6, route: BirdRoute): { readonly route: BirdRoute; readonly set: ReadonlySet<string> } | null {
  const config = d.configOf(name);
  const allowed = config.kind === "bgp" ? mayExport(d, name, route) : route.proto !== name;
  if (!allowed) {
    d.count(name, family, "exportUpdates", 1);
    return null;
  }
  const done = runFilter(d.config, d.channelConfig(name, family).exportFilter, route);
  if (done.accepted) return done;
  d.count(name, family, "exportUpdates", 2);
  return null;
}

/** The best route with the hops of all that are as good (rt_export_merged). */
function mergePaths(d: Daemon, name: string, family: 4 | 6, config: KernelConfig, best: BirdRoute, passed: BirdRoute): BirdRoute {
  if (passed.dest !== "unicast") return passed;
  const list = mapGet(d.table(d.channel(name, family)!.table).nets, best.net) ?? NONE;
  const filter = d.channelConfig(name, family).exportFilter;
  const others = list
    .filter((one) => one !== best && canMerge(d, best, one))
    .map((one) => runFilter(d.config, filter, one))
    .filter((done) => done.accepted && done.route.dest === "unicast")
    .map((done) => done.route);
  if (others.length === 0) return passed;
  return Object.freeze({ ...passed, hops: mergeHops([passed, ...others], d.links, config.mergeLimit) });
}

/** What `show route export` asks: the route as it would be passed on, or null. */
export function exportView(d: Daemon, name: string, family: 4 | 6, route: BirdRoute): { readonly allowed: boolean; readonly route: BirdRoute | null } {
  const config = d.configOf(name);
  const allowed = config.kind === "bgp" ? mayExport(d, name, route) : route.proto !== name;
  if (!allowed) return { allowed, route: null };
  const done = runFilter(d.config, d.channelConfig(name, family).exportFilter, route);
  return { allowed, route: done.accepted ? done.route : null };
}

/** Every prefix of a table in the order in which the daemon walks it. */
export function walkTable(table: TableState): (readonly [string, List])[] {
  return mapEntries(table.nets)
    .map(([net, list]) => [net, list, walkOrder(net)] as const)
    .sort((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1))
    .map(([net, list]) => [net, list] as const);
}

/** A channel comes up: it hears of everything that its table holds. */
export function feedChannel(d: Daemon, name: string, family: 4 | 6): void {
  const { table } = d.channel(name, family)!;
  for (const [net, list] of walkTable(d.table(table))) {
    if (tellsPaths(d, name, family)) for (const one of list.filter((each) => !each.filtered)) exportNet(d, name, family, net, one, pathKey(d, one));
    else if (valid(list[0]) !== null) exportNet(d, name, family, net, list[0]!);
  }
}

/** The protocol's routes go, or those that `gone` names. */
export function flushRoutes(d: Daemon, name: string, family: 4 | 6, gone: (route: BirdRoute) => boolean = () => true): void {
  const channel = d.channel(name, family)!;
  for (const [net, list] of walkTable(d.table(channel.table))) {
    for (const old of list) if (old.proto === name && gone(old)) replace(d, channel.table, net, mapGet(d.table(channel.table).nets, net)!, currentOf(d, channel.table, old), null);
  }
}

/** The record that now stands for a route: choosing the best may have replaced it. */
function currentOf(d: Daemon, table: string, route: BirdRoute): BirdRoute {
  return mapGet(d.table(table).nets, route.net)!.find((one) => one.proto === route.proto && one.path === route.path)!;
}

/** Keys of a protocol's routes: prefix and path. */
export function keysOf(d: Daemon, name: string, family: 4 | 6): string[] {
  const { nets } = d.table(d.channel(name, family)!.table);
  return mapEntries(nets).flatMap(([net, list]) => list.filter((one) => one.proto === name).map((one) => `${net}@${one.path}`));
}

/** Rounds of looking up next hops; each can move routes that others go by. */
const ROUNDS = 32;

/** Follows the changes of this event to the routes whose next hops were looked up (rt_next_hop_update). */
export function settleHosts(d: Daemon): void {
  for (let round = 0; d.moved.size > 0 && round < ROUNDS; round++) {
    const moved = [...d.moved];
    d.moved.clear();
    for (const [tableName, nets] of moved) {
      const hosts = new Map(refreshHosts(d, tableName, nets).map((host) => [host.address, host]));
      if (hosts.size === 0) continue;
      for (const name of d.tableNames()) if (d.table(name).family === d.table(tableName).family) moveRoutes(d, name, tableName, hosts);
    }
  }
}

function moveRoutes(d: Daemon, tableName: string, igp: string, hosts: ReadonlyMap<string, Parameters<typeof withHost>[1]>): void {
  for (const [net] of walkTable(d.table(tableName))) {
    for (const old of mapGet(d.table(tableName).nets, net) ?? NONE) {
      const host = hosts.get(old.recursive);
      if (host === undefined || igpTableOf(d, old) !== igp) continue;
      const made = Object.freeze({ ...withHost(old, host), since: d.now });
      const list = mapGet(d.table(tableName).nets, net) ?? NONE;
      const at = list.indexOf(old);
      if (at >= 0) replace(d, tableName, net, list, old, made);
    }
  }
}

/** The table in which a route's next hop is looked up. */
function igpTableOf(d: Daemon, route: BirdRoute): string {
  const family = familyOf(route.net);
  return d.channelConfig(route.proto, family).igpTable || d.channel(route.proto, family)!.table;
}

/** A route without hops, for protocols that make one. */
export const BARE_ROUTE = Object.freeze({ path: 0, hops: NO_HOPS, from: "", recursive: "", igpMetric: 0, bgp: Object.freeze({}), krt: Object.freeze({}), filtered: false, suppressed: false } as const);

