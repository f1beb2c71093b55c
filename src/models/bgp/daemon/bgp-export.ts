/** Routes on their way to a BGP peer: who may hear of them, and with which attributes (BIRD's bgp_preexport, bgp_update_attrs, bgp_update_next_hop). */
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import type { BgpConfig, ChannelConfig } from "../config/config.js";
import { prependPath } from "../filter/paths.js";
import type { BirdRoute } from "../route.js";
import type { Daemon } from "./daemon.js";

/** Well-known communities (RFC 1997). */
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;

export const isInternal = (config: BgpConfig): boolean => config.localAs === config.remoteAs;

/** Whether next hops are looked up in a table; else they are neighbours. */
export const isRecursive = (config: BgpConfig, channel: ChannelConfig): boolean => (channel.gateway === "" ? config.multihop > 0 : channel.gateway === "recursive");

/** Cluster id of a reflector's session, "" if its peer is no client. */
export function clusterOf(d: Daemon, config: BgpConfig): string {
  if (!config.rrClient) return "";
  return config.clusterId !== "" ? config.clusterId : routerIdOf(d, config);
}

export function routerIdOf(d: Daemon, config: BgpConfig): string {
  return config.routerId !== "" ? config.routerId : d.routerId;
}

/** Whether a session may hear of a route at all, before any filter. */
export function mayExport(d: Daemon, name: string, route: BirdRoute): boolean {
  if (route.proto === name) return false;
  if (route.kind !== "bgp") return true;
  const config = d.bgpConfig(name);
  const from = d.bgpConfig(route.proto);
  if (isInternal(config) && isInternal(from) && config.localAs === from.localAs) {
    if (!config.rrClient && !from.rrClient) return false;
    const cluster = clusterOf(d, config);
    if (cluster !== "" && route.bgp.clusterList?.includes(cluster) === true) return false;
  }
  if (!config.interpretCommunities) return true;
  const has = (community: number): boolean => route.bgp.communities?.includes(community) === true;
  if (has(NO_ADVERTISE)) return false;
  return isInternal(config) || (!has(NO_EXPORT) && !has(NO_EXPORT_SUBCONFED));
}

/** Whether an option of the next hop speaks of routes from this source. */
function concerns(d: Daemon, option: ChannelConfig["nextHopSelf"], route: BirdRoute): boolean {
  if (option === "" || option === "all") return option === "all";
  return route.kind === "bgp" && isInternal(d.bgpConfig(route.proto)) === (option === "ibgp");
}

/** The next hop that the peer is told; "" if there is none that it could use. */
function nextHopFor(d: Daemon, name: string, family: 4 | 6, route: BirdRoute, set: ReadonlySet<string>): string {
  const config = d.bgpConfig(name);
  const channel = d.channelConfig(name, family);
  const { device } = d.bgp(name);
  const v6 = family === 6;
  const own = ownNextHop(d, name, family);
  const known = route.bgp.nextHop;
  const self = concerns(d, channel.nextHopSelf, route);
  const usable = known !== undefined && known.includes(":") === v6;
  let hop = own;
  if (usable && !self && keepsNextHop(d, config, channel, route, device, set)) hop = known;
  else if (!self && (known === undefined || !keepsNextHop(d, config, channel, route, device, set))) {
    // Without a next hop of its own a route is told by its gateway where the peer can use that.
    const [first] = route.hops;
    const gateway = route.dest === "unicast" && route.hops.length === 1 ? first!.gateway : "";
    const reachable = gateway !== "" && gateway.includes(":") === v6 && (isInternal(config) || (config.multihop === 0 && first!.device === device));
    if (reachable) hop = gateway;
  }
  return hop === config.remoteIp ? "" : hop;
}

/** Our own address as a next hop. */
function ownNextHop(d: Daemon, name: string, family: 4 | 6): string {
  const { device, source } = d.bgp(name);
  return source.includes(":") === (family === 6) ? source : ownAddress(d, device, family);
}

/** Our address on the link to a neighbour. */
function linkLocal(d: Daemon, device: string): string | undefined {
  return d.links.find((link) => link.name === device)?.addresses.find((a) => a.scope === "link")?.address;
}

function ownAddress(d: Daemon, device: string, family: 4 | 6): string {
  const addresses = d.links.filter((link) => device === "" || link.name === device).flatMap((link) => link.addresses);
  return addresses.find((a) => a.address.includes(":") === (family === 6) && a.scope === "global")?.address ?? "";
}

function keepsNextHop(d: Daemon, config: BgpConfig, channel: ChannelConfig, route: BirdRoute, device: string, set: ReadonlySet<string>): boolean {
  if (concerns(d, channel.nextHopKeep, route) || set.has("bgp_next_hop")) return true;
  if (isInternal(config)) return true;
  if (route.kind !== "bgp") return false;
  const from = d.bgpConfig(route.proto);
  return config.multihop === 0 && from.multihop === 0 && d.bgp(route.proto).device === device;
}

/** Order of two rows of numbers. */
function inOrder(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((n, i) => n !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

/** What the peer is told of a route; null: nothing, or that it is gone. `set` holds what the export filter wrote. */
export function attributesFor(d: Daemon, name: string, family: 4 | 6, route: BirdRoute, set: ReadonlySet<string>): BgpAttributes | null {
  const config = d.bgpConfig(name);
  const internal = isInternal(config);
  const nextHop = nextHopFor(d, name, family, route, set);
  if (nextHop === "") return null;
  const local = family === 6 && nextHop === ownNextHop(d, name, family) ? linkLocal(d, d.bgp(name).device) : undefined;
  const { told } = d;
  // Peers that are to hear the same of a route share one record, so that their messages are made once.
  const same = told !== null && told.route === route && told.nextHop === nextHop && told.nextHopLocal === local && set.size === 0 && areAlike(d, told.config, config);
  if (same) return told.attributes;
  const { nextHopLocal: _, med, localPref, originatorId, clusterList, communities = [], largeCommunities = [], extCommunities = [], ...rest } = route.bgp;
  const path = rest.asPath ?? [];
  const made: { -readonly [K in keyof BgpAttributes]: BgpAttributes[K] } = {
    ...rest,
    // What another protocol learned began here; what lost its origin on the way is incomplete.
    origin: rest.origin ?? (route.kind === "bgp" ? 2 : 0),
    asPath: internal ? path : prependPath(path, config.localAs),
    nextHop,
  };
  // Lists go out in order, and not at all when they are empty.
  if (communities.length > 0) made.communities = Object.freeze([...communities].sort((a, b) => a - b));
  if (extCommunities.length > 0) made.extCommunities = Object.freeze([...extCommunities].sort(inOrder));
  if (largeCommunities.length > 0) made.largeCommunities = Object.freeze([...largeCommunities].sort(inOrder));
  if (local !== undefined) made.nextHopLocal = local;
  if (med !== undefined && (internal || set.has("bgp_med"))) made.med = med;
  if (internal || config.allowLocalPref) made.localPref = localPref ?? config.defaultLocalPref;
  if (internal) {
    if (originatorId !== undefined) made.originatorId = originatorId;
    if (clusterList !== undefined) made.clusterList = clusterList;
    reflect(d, config, route, made);
  }
  const attributes = Object.freeze(made);
  if (set.size === 0) d.told = { route, config, nextHop, nextHopLocal: local, attributes };
  return attributes;
}

/** Whether two peers hear the same of every route that they are told by one next hop. */
function areAlike(d: Daemon, a: BgpConfig, b: BgpConfig): boolean {
  if (a === b) return true;
  if (a.localAs !== b.localAs || isInternal(a) !== isInternal(b)) return false;
  return a.allowLocalPref === b.allowLocalPref && a.defaultLocalPref === b.defaultLocalPref && clusterOf(d, a) === clusterOf(d, b);
}

/** What a reflector adds to a route from one internal peer for another (RFC 4456 8). */
function reflect(d: Daemon, config: BgpConfig, route: BirdRoute, made: { -readonly [K in keyof BgpAttributes]: BgpAttributes[K] }): void {
  if (route.kind !== "bgp") return;
  const from = d.bgpConfig(route.proto);
  if (!isInternal(from) || from.localAs !== config.localAs) return;
  made.originatorId ??= d.bgp(route.proto).remoteId;
  const [theirs, ours] = [clusterOf(d, from), clusterOf(d, config)];
  let list = made.clusterList ?? [];
  if (theirs !== "") list = [theirs, ...list];
  if (ours !== "" && ours !== theirs) list = [ours, ...list];
  made.clusterList = Object.freeze(list);
}
