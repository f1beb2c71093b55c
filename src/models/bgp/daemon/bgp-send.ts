/** What a session has to tell goes out: prefixes with equal attributes share a message, withdrawn ones come first. */
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import { encodeAttributes } from "../../../packet/wire/bgp-attributes.js";
import { BGP_LONGEST, type BgpUpdate, encodeBgp, splitNets } from "../../../packet/wire/bgp.js";
import { emptyMap, mapEntries } from "../persistent-map.js";
import { netOf, walkOrder } from "../route.js";
import { sendMessage } from "./bgp-session.js";
import type { Daemon } from "./daemon.js";

const NO_ATTRIBUTES: BgpAttributes = Object.freeze({});
const NO_NETS: readonly string[] = Object.freeze([]);
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

/** Sends messages that peers may have in common: they are made once in an event (what FRR calls an update group). */
function sendShared(d: Daemon, name: string, at: number, of: object, nets: readonly string[], whole: BgpUpdate, parts: (as4: boolean) => readonly BgpUpdate[]): void {
  const { as4, sock } = d.conn(name, at);
  if (sock <= 0) return;
  const key = nets.length === 1 ? nets[0]! : nets.join(" ");
  let made = d.updates.get(of);
  if (made === undefined || made.as4 !== as4 || made.nets !== key) {
    const one = encodeBgp(whole, as4);
    const messages = one.length <= BGP_LONGEST ? [one] : parts(as4).map((message) => encodeBgp(message, as4));
    made = { as4, nets: key, messages };
    d.updates.set(of, made);
  }
  for (const message of made.messages) d.door.tcpSend(sock, message);
}

const update = (message: Partial<BgpUpdate>): BgpUpdate => ({ type: "update", withdrawn: NO_NETS, attributes: NO_ATTRIBUTES, reach: NO_NETS, ...message });

function withdraw(d: Daemon, name: string, at: number, nets: readonly string[]): void {
  const [four, six] = [nets.filter((net) => !isSix(net)), nets.filter(isSix)];
  if (four.length > 0) sendShared(d, name, at, NO_ATTRIBUTES, four, update({ withdrawn: four }), () => splitNets(four, 0).map((withdrawn) => update({ withdrawn })));
  if (six.length > 0) sendShared(d, name, at, NO_ATTRIBUTES, six, update({ unreach6: six }), () => splitNets(six, MP_HEADER).map((unreach6) => update({ unreach6 })));
}

function announceNets(d: Daemon, name: string, at: number, attributes: BgpAttributes, nets: readonly string[]): void {
  if (!isSix(nets[0]!)) {
    const parts = (as4: boolean): BgpUpdate[] => splitNets(nets, encodeAttributes(attributes, as4).length).map((reach) => update({ attributes, reach }));
    sendShared(d, name, at, attributes, nets, update({ attributes, reach: nets }), parts);
    return;
  }
  const { nextHop = "::", nextHopLocal, ...rest } = attributes;
  const nextHops = nextHopLocal === undefined ? [nextHop] : [nextHop, nextHopLocal];
  const with6 = (part: readonly string[]): BgpUpdate => update({ attributes: rest, reach6: { nextHops, nets: part } });
  sendShared(d, name, at, attributes, nets, with6(nets), (as4) => splitNets(nets, encodeAttributes(rest, as4).length + MP_HEADER).map(with6));
}
