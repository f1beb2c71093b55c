/** Routes into the kernel (BIRD's krt): `proto bird`, a metric of its own, through the one writing door. */
import type { Act, RouteChange } from "../../../linux/plumbing/act.js";
import { plumb } from "../../../linux/plumbing.js";
import type { KernelConfig } from "../config/config.js";
import { mapDelete, mapSet } from "../persistent-map.js";
import { type BirdRoute, compareAddresses, familyOf, type RouteHop } from "../route.js";
import type { Daemon } from "./daemon.js";

/** `proto` of the routes that the daemon writes. */
export const PROTO_BIRD = "bird";

function actOf(d: Daemon, config: KernelConfig, verb: "route-replace" | "route-del", route: BirdRoute): Act {
  const base: RouteChange = {
    verb,
    ns: d.door.ns,
    dst: route.net.endsWith("/0") && verb === "route-replace" ? "default" : route.net,
    table: config.kernelTable,
    metric: route.krt.metric ?? config.metric,
    proto: PROTO_BIRD,
    cause: d.cause,
  };
  if (verb === "route-del") return base;
  const src = route.krt.prefsrc === undefined ? {} : { src: route.krt.prefsrc };
  if (route.dest !== "unicast") return { ...base, type: route.dest, ...src };
  const dev = (hop: RouteHop): string => route.krt.tunnel || hop.device;
  const onlink = (hop: RouteHop): { readonly onlink?: true } => (hop.onlink || route.krt.tunnel ? { onlink: true } : {});
  // Into a tunnel goes what the route's own next hop is to get, however that is reached.
  const via = (hop: RouteHop): string => (route.krt.tunnel && route.recursive) || hop.gateway;
  const words = (hop: RouteHop): object => (hop.gateway === "" ? { dev: dev(hop) } : { via: via(hop), dev: dev(hop), ...onlink(hop) });
  if (route.hops.length === 1) return { ...base, ...words(route.hops[0]!), ...src };
  return { ...base, nexthops: route.hops.map((hop) => ({ ...words(hop), weight: hop.weight })), ...src };
}

/** Writes a route or takes one away; one that the kernel refuses is noted, and tried again at the next scan. */
export function syncRoute(d: Daemon, config: KernelConfig, net: string, route: BirdRoute | null, old: BirdRoute | null): void {
  const done = writeRoute(d, config, route, old) || route === null;
  const { unsynced } = d.channel(config.name, familyOf(net))!;
  const made = done ? mapDelete(unsynced, net) : mapSet(unsynced, net, true);
  if (made !== unsynced) d.setChannel(config.name, familyOf(net), { unsynced: made });
  if (!done) d.setProtocol(config.name, { rescan: true });
}

/** False if the kernel refuses it. */
function writeRoute(d: Daemon, config: KernelConfig, route: BirdRoute | null, old: BirdRoute | null): boolean {
  const act = (verb: "route-replace" | "route-del", one: BirdRoute): boolean => d.door.quietly(() => plumb(d.door.s, actOf(d, config, verb, one))) === null;
  if (route === null) return old === null || act("route-del", old);
  if (old !== null && (old.krt.metric ?? config.metric) !== (route.krt.metric ?? config.metric)) act("route-del", old);
  if (act("route-replace", route)) return true;
  if (old !== null) act("route-del", old);
  return false;
}

/** Hops of several routes in one, each once, in the order of their gateways. */
export function mergeHops(routes: readonly BirdRoute[], links: Daemon["links"], limit: number): readonly RouteHop[] {
  const indexOf = (device: string): number => links.find((link) => link.name === device)?.index ?? 0;
  const order = (a: RouteHop, b: RouteHop): number => b.weight - a.weight || compareAddresses(a.gateway || "0.0.0.0", b.gateway || "0.0.0.0") || indexOf(a.device) - indexOf(b.device);
  const hops: RouteHop[] = [];
  for (const hop of routes.flatMap((route) => route.hops)) if (hops.every((known) => order(known, hop) !== 0)) hops.push(hop);
  return Object.freeze(hops.sort(order).slice(0, limit));
}
