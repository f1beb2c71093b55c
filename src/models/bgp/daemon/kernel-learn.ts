/** What the kernel protocol reads: routes that others wrote, if it learns, and whether its own are still there. */
import { dumpPrefix, dumpRoutes, type RouteRecord } from "../../../linux/plumbing/dump.js";
import { plumb } from "../../../linux/plumbing.js";
import type { KernelConfig } from "../config/config.js";
import { emptyMap, mapEntries, mapGet } from "../persistent-map.js";
import { type BirdRoute, type Destination, NO_HOPS } from "../route.js";
import type { Daemon } from "./daemon.js";
import { PROTO_BIRD, syncRoute } from "./kernel-export.js";
import { BARE_ROUTE, learnRoute, walkTable } from "./tables.js";

const KERNEL_PREFERENCE = 10;
const DESTINATIONS: Readonly<Record<string, Destination>> = Object.freeze({ unicast: "unicast", blackhole: "blackhole", unreachable: "unreachable", prohibit: "prohibit" });
/** rtnetlink's numbers of who wrote a route (`krt_source`). */
const SOURCES: Readonly<Record<string, number>> = Object.freeze({ redirect: 1, kernel: 2, boot: 3, static: 4, ra: 9, dhcp: 16, bgp: 186, ospf: 188, rip: 189 });

/** A route of somebody else: not the kernel's own, and not ours. */
function isAlien(route: RouteRecord): boolean {
  return route.proto !== PROTO_BIRD && route.proto !== "kernel" && DESTINATIONS[route.type] !== undefined;
}

function learned(d: Daemon, config: KernelConfig, route: RouteRecord): BirdRoute {
  const hops = route.hops.map((hop) => Object.freeze({ gateway: hop.via, device: hop.dev, weight: hop.weight, onlink: hop.onlink }));
  return Object.freeze({
    ...BARE_ROUTE,
    net: route.dst,
    proto: config.name,
    kind: "kernel",
    source: "RTS_INHERIT",
    dest: DESTINATIONS[route.type]!,
    hops: route.type === "unicast" ? Object.freeze(hops) : NO_HOPS,
    preference: config.channels[0]!.preference || KERNEL_PREFERENCE,
    krt: Object.freeze({ source: SOURCES[route.proto] ?? (Number(route.proto) || 0), metric: route.metric, ...(route.src === "" ? {} : { prefsrc: route.src }), ...(route.scope === 0 || route.dst.includes(":") ? {} : { scope: route.scope }) }),
    since: d.now,
  });
}

/** Somebody else has changed the kernel's routes to a prefix. */
export function prefixChanged(d: Daemon, config: KernelConfig, family: 4 | 6, dst: string): void {
  learnPrefix(d, config, family, dst);
  const ours = mapGet(d.channel(config.name, family)?.exported ?? emptyMap<BirdRoute>(), dst) !== undefined;
  const there = dumpPrefix(d.door.s, d.door.ns, dst, config.kernelTable).some((one) => one.proto === PROTO_BIRD);
  if (ours !== there && !d.protocol(config.name).rescan) d.setProtocol(config.name, { rescan: true });
}

function learnPrefix(d: Daemon, config: KernelConfig, family: 4 | 6, dst: string): void {
  if (!config.learn || d.channel(config.name, family)?.up !== true) return;
  const best = dumpPrefix(d.door.s, d.door.ns, dst, config.kernelTable).find(isAlien);
  const channel = d.channel(config.name, family)!;
  const known = mapGet(d.table(channel.table).nets, dst)?.some((one) => one.proto === config.name) === true;
  if (best !== undefined) learnRoute(d, config.name, family, dst, learned(d, config, best));
  else if (known) learnRoute(d, config.name, family, dst, null);
}

/** Reads the whole table: learns, writes again what is lost, and takes away what a daemon before this one has left. */
export function scanKernel(d: Daemon, config: KernelConfig): void {
  if (!d.protocol(config.name).rescan) return;
  d.setProtocol(config.name, { rescan: false });
  for (const { family } of config.channels) {
    const channel = d.channel(config.name, family)!;
    if (!channel.up) continue;
    const routes = dumpRoutes(d.door.s, d.door.ns, family, config.kernelTable);
    if (config.learn) {
      for (const dst of new Set(routes.filter(isAlien).map((one) => one.dst))) learnPrefix(d, config, family, dst);
      for (const [net, list] of walkTable(d.table(channel.table))) if (list.some((one) => one.proto === config.name)) learnPrefix(d, config, family, net);
    }
    const ours = routes.filter((one) => one.proto === PROTO_BIRD);
    const { exported } = d.channel(config.name, family)!;
    for (const one of ours) {
      if (mapGet(exported, one.dst) !== undefined) continue;
      plumb(d.door.s, { verb: "route-del", ns: d.door.ns, dst: one.dst, table: config.kernelTable, metric: one.metric, proto: PROTO_BIRD });
    }
    const there = new Set(ours.map((one) => one.dst));
    for (const [net, route] of mapEntries(exported)) if (!there.has(net)) syncRoute(d, config, net, route, null);
  }
}

/** The protocol goes down: its routes leave the kernel unless they are to stay. */
export function withdrawKernel(d: Daemon, config: KernelConfig): void {
  if (config.persist) return;
  for (const { family } of config.channels) for (const [, route] of mapEntries(d.channel(config.name, family)!.exported)) syncRoute(d, config, route.net, null, route);
}
