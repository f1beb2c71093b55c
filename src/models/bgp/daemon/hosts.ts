/** Next hops that are not neighbours: looked up in a table, and again when what leads to them changes (BIRD's hostcache). */
import { masked, formatCidr, parseAddress, parseCidr, contains } from "../../../base/cidr.js";
import { emptyMap, mapEntries, mapGet, mapSet } from "../persistent-map.js";
import { sameData } from "../../../base/same-data.js";
import { type BirdRoute, NO_HOPS, UNKNOWN_METRIC } from "../route.js";
import type { Daemon } from "./daemon.js";
import { isOwnAddress } from "./neighbours.js";
import type { HostEntry, TableState } from "./state.js";

/** The routes to an address by its longest prefix with a valid one, the best first. */
function routesTo(table: TableState, address: string): readonly BirdRoute[] {
  const { family, words } = parseAddress(address)!;
  if (family !== table.family) return [];
  const lengths = Object.keys(table.lengths).map(Number).sort((a, b) => b - a);
  for (const prefix of lengths) {
    const list = mapGet(table.nets, formatCidr(masked({ family, words, prefix })));
    if (list?.[0]?.filtered === false) return list;
  }
  return [];
}

/** The best route to an address, by its longest prefix; null if there is none. */
export function routeTo(table: TableState, address: string): BirdRoute | null {
  return routesTo(table, address)[0] ?? null;
}

function lookUp(d: Daemon, table: TableState, address: string): HostEntry {
  const lost = { address, dest: "", hops: NO_HOPS, metric: 0, prefix: 0 } as const;
  const list = routesTo(table, address);
  const [route] = list;
  // A next hop that any route of as much preference reaches by a next hop to be looked up is none.
  if (route === undefined || list.some((one) => one.preference >= route.preference && one.recursive !== "")) return Object.freeze(lost);
  const prefix = Number(route.net.slice(route.net.indexOf("/") + 1));
  if (route.dest === "unicast" && route.hops.some((hop) => hop.gateway === "" && isOwnAddress(d.links, hop.device, address))) return Object.freeze({ ...lost, prefix });
  return Object.freeze({ address, dest: route.dest, hops: route.hops, metric: route.source === "RTS_DEVICE" ? 0 : UNKNOWN_METRIC, prefix });
}

/** How an address is reached now; from here on changes are followed. */
export function hostOf(d: Daemon, tableName: string, address: string): HostEntry {
  const table = d.table(tableName);
  const known = mapGet(table.hosts, address);
  if (known !== undefined) return known;
  const made = lookUp(d, table, address);
  const hostWords = new Int32Array(table.hostWords.length + 4);
  hostWords.set(table.hostWords);
  hostWords.set(parseAddress(address)!.words, table.hostWords.length);
  d.setTable(tableName, { hosts: mapSet(table.hosts, address, made), hostNames: Object.freeze([...table.hostNames, address]), hostWords });
  return made;
}

/** The route with the hops that lead to its next hop. */
export function withHost(route: BirdRoute, host: HostEntry): BirdRoute {
  if (host.dest !== "unicast") return { ...route, dest: host.dest === "" ? "unreachable" : host.dest, hops: NO_HOPS, igpMetric: host.metric };
  const hops = Object.freeze(host.hops.map((hop) => (hop.gateway !== "" ? hop : Object.freeze({ ...hop, gateway: route.bgp.nextHopLocal ?? host.address }))));
  return { ...route, dest: "unicast", hops, igpMetric: host.metric };
}

/**
 * Looks up again, after the best routes of prefixes have changed: the addresses that are now reached otherwise. An address is heard of
 * by the prefixes that could lead to it; once one is, all are looked up, those too that a hidden change is about (rt_update_hostcache).
 */
export function refreshHosts(d: Daemon, tableName: string, nets: ReadonlySet<string>): HostEntry[] {
  const { hosts, hostNames, hostWords, hidden } = d.table(tableName);
  const asked = new Set<number>();
  for (const net of nets) {
    const cidr = parseCidr(net)!;
    for (let i = 0; i < hostNames.length; i++) if (contains(cidr, hostWords, i * 4) && cidr.prefix >= mapGet(hosts, hostNames[i]!)!.prefix) asked.add(i);
  }
  if (asked.size === 0) return [];
  for (const [net] of mapEntries(hidden)) {
    const cidr = parseCidr(net)!;
    for (let i = 0; i < hostNames.length; i++) if (contains(cidr, hostWords, i * 4)) asked.add(i);
  }
  d.setTable(tableName, { hidden: emptyMap() });
  const changed: HostEntry[] = [];
  for (const i of asked) {
    const address = hostNames[i]!;
    const made = lookUp(d, d.table(tableName), address);
    if (sameData(made, mapGet(d.table(tableName).hosts, address))) continue;
    d.setTable(tableName, { hosts: mapSet(d.table(tableName).hosts, address, made) });
    changed.push(made);
  }
  return changed;
}
