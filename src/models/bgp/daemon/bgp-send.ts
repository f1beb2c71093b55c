/** What a session has to tell goes out: prefixes with equal attributes share a message, withdrawn ones come first. */
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import { encodeAttributes } from "../../../packet/wire/bgp-attributes.js";
import { splitNets } from "../../../packet/wire/bgp.js";
import { emptyMap, mapEntries } from "../persistent-map.js";
import { netOf, walkOrder } from "../route.js";
import { sendMessage } from "./bgp-session.js";
import type { Daemon } from "./daemon.js";

const NO_ATTRIBUTES: BgpAttributes = Object.freeze({});
/** Room for the header of MP_REACH_NLRI and two next hops. */
const MP_HEADER = 48;

function inWalkOrder<V>(entries: [string, V][]): [string, V][] {
  if (entries.length < 2) return entries;
  return entries.map((entry) => [walkOrder(netOf(entry[0])), entry] as const).sort((a, b) => a[0] - b[0] || (a[1][0] < b[1][0] ? -1 : 1)).map(([, entry]) => entry);
}

/** Sends everything that waits. */
export function flushSession(d: Daemon, name: string): void {
  const { active, pending, ends } = d.bgp(name);
  if (active < 0) return;
  const gone: string[] = [];
  const buckets = new Map<string, { readonly attributes: BgpAttributes; readonly nets: string[] }>();
  const waiting = inWalkOrder(mapEntries(pending));
  for (const [net, attributes] of waiting) {
    if (attributes === null) {
      gone.push(net);
      continue;
    }
    const key = waiting.length === 1 ? "" : `${isSix(net) ? 6 : 4} ${JSON.stringify(attributes)}`;
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, { attributes, nets: [net] });
    else bucket.nets.push(net);
  }
  d.setBgp(name, { pending: emptyMap(), ends: [] });
  withdraw(d, name, active, gone);
  for (const { attributes, nets } of buckets.values()) announceNets(d, name, active, attributes, nets);
  for (const family of ends) {
    sendMessage(d, name, active, { type: "update", withdrawn: [], attributes: NO_ATTRIBUTES, reach: [], ...(family === 6 ? { unreach6: [] } : {}) });
  }
}

const isSix = (net: string): boolean => net.includes(":");

function withdraw(d: Daemon, name: string, at: number, nets: readonly string[]): void {
  for (const part of splitNets(nets.filter((net) => !isSix(net)), 0)) sendMessage(d, name, at, { type: "update", withdrawn: part, attributes: NO_ATTRIBUTES, reach: [] });
  for (const part of splitNets(nets.filter(isSix), MP_HEADER)) sendMessage(d, name, at, { type: "update", withdrawn: [], attributes: NO_ATTRIBUTES, reach: [], unreach6: part });
}

function announceNets(d: Daemon, name: string, at: number, attributes: BgpAttributes, nets: readonly string[]): void {
  const { as4 } = d.conn(name, at);
  if (!isSix(nets[0]!)) {
    const { length } = encodeAttributes(attributes, as4);
    for (const part of splitNets(nets, length)) sendMessage(d, name, at, { type: "update", withdrawn: [], attributes, reach: part });
    return;
  }
  const { nextHop = "::", nextHopLocal, ...rest } = attributes;
  const nextHops = nextHopLocal === undefined ? [nextHop] : [nextHop, nextHopLocal];
  const { length } = encodeAttributes(rest, as4);
  for (const part of splitNets(nets, length + MP_HEADER)) sendMessage(d, name, at, { type: "update", withdrawn: [], attributes: rest, reach: [], reach6: { nextHops, nets: part } });
}
