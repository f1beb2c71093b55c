/** What a session has to tell goes out: prefixes with equal attributes share a message, withdrawn ones come first. */
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import { encodeAttributes } from "../../../packet/wire/bgp-attributes.js";
import { splitNets } from "../../../packet/wire/bgp.js";
import { emptyMap, mapEntries } from "../persistent-map.js";
import { walkOrder } from "../route.js";
import { armKeepalive } from "./bgp-receive.js";
import { sendMessage } from "./bgp-session.js";
import type { Daemon } from "./daemon.js";

const NO_ATTRIBUTES: BgpAttributes = Object.freeze({});
/** Room for the header of MP_REACH_NLRI and two next hops. */
const MP_HEADER = 48;

/** Sends everything that waits. */
export function flushSession(d: Daemon, name: string): void {
  const { active, pending, ends } = d.bgp(name);
  if (active < 0) return;
  const gone: string[] = [];
  const buckets = new Map<string, { readonly attributes: BgpAttributes; readonly nets: string[] }>();
  const waiting = mapEntries(pending).sort((a, b) => walkOrder(a[0]) - walkOrder(b[0]) || (a[0] < b[0] ? -1 : 1));
  for (const [net, attributes] of waiting) {
    if (attributes === null) {
      gone.push(net);
      continue;
    }
    const key = `${isSix(net) ? 6 : 4} ${JSON.stringify(attributes)}`;
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
  if (waiting.length + ends.length > 0) armKeepalive(d, name, active);
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
