/** Links and addresses as the device protocol sees them, and who acts on them: direct routes, static ones, sessions to neighbours. */
import { dumpLinks, type LinkAddress, type LinkRecord } from "../../../linux/plumbing/dump.js";
import type { DirectConfig, StaticConfig, StaticHop, StaticRoute } from "../config/config.js";
import { runFilter } from "../filter/evaluate.js";
import { matchesPattern } from "../filter/sets.js";
import { sameData } from "../../../base/same-data.js";
import { type BirdRoute, NO_HOPS, type RouteHop } from "../route.js";
import { neighbourChanged } from "./bgp-session.js";
import type { Daemon } from "./daemon.js";
import { hostOf, withHost } from "./hosts.js";
import { findNeighbour, subnetOf } from "./neighbours.js";
import { BARE_ROUTE, learnRoute, walkTable } from "./tables.js";

const DIRECT_PREFERENCE = 240;
const STATIC_PREFERENCE = 200;

/** Reads the links again; whoever cares hears of a change. */
export function scanLinks(d: Daemon): void {
  const links = dumpLinks(d.door.s, d.door.ns);
  if (sameData(links, d.links)) return;
  d.links = links;
  // An address that is now our own, or no more, changes what next hops mean.
  for (const name of d.order) {
    const config = d.configOf(name);
    if (d.protocol(name).state === "down") continue;
    if (config.kind === "direct") syncDirect(d, config);
    else if (config.kind === "static") syncStatic(d, config);
    else if (config.kind === "bgp") neighbourChanged(d, name);
  }
}

/** Whether an `interface` clause takes this link: the first pattern that fits decides. */
function takes(patterns: readonly string[], link: LinkRecord): boolean {
  if (patterns.length === 0) return true;
  for (const pattern of patterns) {
    const out = pattern.startsWith("-");
    if (matchesPattern(out ? pattern.slice(1) : pattern, link.name)) return !out;
  }
  return false;
}

/** Makes a protocol's routes those that it should have now. */
function syncRoutes(d: Daemon, name: string, family: 4 | 6, wanted: ReadonlyMap<string, BirdRoute>): void {
  const channel = d.channel(name, family);
  if (channel === undefined || !channel.up) return;
  for (const [net, list] of walkTable(d.table(channel.table))) {
    if (list.some((one) => one.proto === name) && !wanted.has(net)) learnRoute(d, name, family, net, null);
  }
  for (const [net, route] of wanted) learnRoute(d, name, family, net, route);
}

/** The routes of addresses (dev_ifa_notify): one for each subnet of a link that is up. */
export function syncDirect(d: Daemon, config: DirectConfig): void {
  for (const { family, preference } of config.channels) {
    const wanted = new Map<string, BirdRoute>();
    for (const link of d.links) {
      if (!link.up || !takes(config.interfaces, link) || (config.checkLink && !link.running)) continue;
      for (const own of link.addresses.filter((one) => isRouted(one, family))) {
        const net = subnetOf(own);
        const hop: RouteHop = Object.freeze({ gateway: "", device: link.name, weight: 1, onlink: false });
        if (!wanted.has(net)) wanted.set(net, Object.freeze({ ...BARE_ROUTE, net, proto: config.name, kind: "direct", source: "RTS_DEVICE", dest: "unicast", hops: Object.freeze([hop]), preference: preference || DIRECT_PREFERENCE, since: d.now }));
      }
    }
    syncRoutes(d, config.name, family, wanted);
  }
}

const isRouted = (own: LinkAddress, family: 4 | 6): boolean => own.scope === "global" && own.address.includes(":") === (family === 6);

/** The way that a static route's hop goes now; null if it goes nowhere. */
function wayOf(d: Daemon, config: StaticConfig, hop: StaticHop): RouteHop | null {
  const usable = (link: LinkRecord | undefined): boolean => link?.up === true && (!config.checkLink || link.running);
  if (hop.gateway === "" || hop.onlink) {
    const link = d.links.find((one) => one.name === hop.device);
    return usable(link) ? Object.freeze({ gateway: hop.gateway, device: hop.device, weight: hop.weight, onlink: hop.onlink }) : null;
  }
  const neighbour = findNeighbour(d.links, hop.gateway, hop.device);
  if (neighbour === null || neighbour.local || !usable(neighbour.link)) return null;
  return Object.freeze({ gateway: hop.gateway, device: neighbour.link.name, weight: hop.weight, onlink: false });
}

function staticRoute(d: Daemon, config: StaticConfig, given: StaticRoute, family: 4 | 6): BirdRoute | null {
  const { net, dest } = given;
  const preference = config.channels.find((one) => one.family === family)!.preference || STATIC_PREFERENCE;
  const base = { ...BARE_ROUTE, net, proto: config.name, kind: "static", source: "RTS_STATIC", preference, since: d.now } as const;
  let made: BirdRoute;
  if (dest === "recursive") {
    const table = config.channels.find((one) => one.family === family)!.igpTable || d.channel(config.name, family)!.table;
    made = withHost({ ...base, dest: "unreachable", recursive: given.via }, hostOf(d, table, given.via));
  } else if (dest === "unicast") {
    const hops = given.hops.map((hop) => wayOf(d, config, hop)).filter((hop) => hop !== null);
    if (hops.length === 0) return null;
    made = { ...base, dest, hops: Object.freeze(hops) };
  } else made = { ...base, dest, hops: NO_HOPS };
  if (given.body.length === 0) return Object.freeze(made);
  // The block behind a route sets its attributes; it need not accept.
  return runFilter(d.config, { kind: "filter", name: "", body: given.body }, Object.freeze(made)).route;
}

/** The routes that the configuration names. */
export function syncStatic(d: Daemon, config: StaticConfig): void {
  for (const { family } of config.channels) {
    const wanted = new Map<string, BirdRoute>();
    for (const given of config.routes) {
      if (given.net.includes(":") !== (family === 6)) continue;
      const route = staticRoute(d, config, given, family);
      if (route !== null) wanted.set(given.net, route);
    }
    syncRoutes(d, config.name, family, wanted);
  }
}
