/** What a session does with the messages of its peer (BIRD's proto/bgp/packets.c). */
import { BGP_ERROR, type BgpOpen, type BgpUpdate, bgpLength, decodeBgp } from "../../../packet/wire/bgp.js";
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import { pathNumbers } from "../filter/paths.js";
import { mapDelete } from "../persistent-map.js";
import { type BirdRoute, EMPTY_KRT, netOf } from "../route.js";
import { CAPABILITY } from "./bgp-capabilities.js";
import { clusterOf, isInternal, isRecursive, routerIdOf } from "./bgp-export.js";
import { agreePaths, endRestart, enterEstablished, enterIdle, raiseDelay, sendMessage, sessionError, stopSession } from "./bgp-session.js";
import { notificationWords } from "./bgp-words.js";
import { type Daemon, TIMER } from "./daemon.js";
import { hostOf, withHost } from "./hosts.js";
import { findNeighbour } from "./neighbours.js";
import { BGP_STATE } from "./state.js";
import { BARE_ROUTE, feedChannel, learnRoute } from "./tables.js";

const BGP_PREFERENCE = 100;

/** Bytes have come on a connection: every whole message among them is dealt with. */
export function receiveBytes(d: Daemon, name: string, at: number, bytes: Uint8Array): void {
  const { sock } = d.conn(name, at);
  const known = d.conn(name, at).buffer;
  const all = known.length === 0 ? bytes : new Uint8Array(known.length + bytes.length);
  if (known.length > 0) {
    all.set(known);
    all.set(bytes, known.length);
  }
  let from = 0;
  for (;;) {
    // The connection may have ended by what a message said.
    if (d.conn(name, at).sock !== sock) return;
    const length = bgpLength(all, from);
    if (typeof length !== "number") {
      sessionError(d, name, at, length.code, length.subcode, length.data);
      return;
    }
    if (length === 0 || from + length > all.length) break;
    receiveMessage(d, name, at, all.subarray(from, from + length));
    from += length;
  }
  if (known.length > 0 || from < all.length) d.setConn(name, at, { buffer: all.slice(from) });
}

function receiveMessage(d: Daemon, name: string, at: number, bytes: Uint8Array): void {
  const { state, as4 } = d.conn(name, at);
  const message = decodeBgp(bytes, as4, d.bgp(name).paths.rx);
  switch (message.type) {
    case "fault":
      sessionError(d, name, at, message.code, message.subcode, message.data);
      return;
    case "open":
      if (state !== BGP_STATE.openSent) sessionError(d, name, at, BGP_ERROR.fsm, state === BGP_STATE.openConfirm ? 2 : 3);
      else onOpen(d, name, at, message);
      return;
    case "keepalive":
      onKeepalive(d, name, at, state);
      return;
    case "update":
      if (state === BGP_STATE.openConfirm) enterEstablished(d, name, at);
      if (d.conn(name, at).state !== BGP_STATE.established) sessionError(d, name, at, BGP_ERROR.fsm, 1);
      else onUpdate(d, name, at, message);
      return;
    case "notification":
      onNotification(d, name, at, message.code, message.subcode);
      return;
    case "refresh":
      if (state === BGP_STATE.established && message.subtype === 0) refresh(d, name, message.afi === 2 ? 6 : 4);
  }
}

/** Our table is told once more. */
function refresh(d: Daemon, name: string, family: 4 | 6): void {
  if (d.channel(name, family)?.up !== true) return;
  feedChannel(d, name, family);
  d.dirty.add(name);
}

function onOpen(d: Daemon, name: string, at: number, open: BgpOpen): void {
  const config = d.bgpConfig(name);
  const as4 = open.capabilities.find((one) => one.code === CAPABILITY.as4)?.bytes;
  const as = as4 === undefined || as4.length !== 4 ? open.as : ((as4[0]! << 24) | (as4[1]! << 16) | (as4[2]! << 8) | as4[3]!) >>> 0;
  if (as !== config.remoteAs) {
    sessionError(d, name, at, BGP_ERROR.open, 2, [(open.as >>> 8) & 255, open.as & 255]);
    return;
  }
  if (open.holdTime === 1 || open.holdTime === 2) {
    sessionError(d, name, at, BGP_ERROR.open, 6, [open.holdTime >>> 8, open.holdTime & 255]);
    return;
  }
  const local = routerIdOf(d, config);
  if (open.id === "0.0.0.0" || (isInternal(config) && open.id === local)) {
    sessionError(d, name, at, BGP_ERROR.open, 3);
    return;
  }
  if (!winsCollision(d, name, at, open.id, local)) return;
  const holdTime = Math.min(open.holdTime, config.holdTime);
  const keepaliveTime = config.keepaliveTime > 0 ? Math.min(config.keepaliveTime, holdTime) : Math.floor(holdTime / 3);
  d.setConn(name, at, { holdTime, keepaliveTime, as4: config.as4 && as4 !== undefined, capabilities: open.capabilities, remoteId: open.id, state: BGP_STATE.openConfirm });
  d.setBgp(name, { remoteId: open.id });
  agreePaths(d, name, at);
  sendMessage(d, name, at, { type: "keepalive" });
  if (holdTime > 0) d.startSpread(name, TIMER.hold + at, holdTime);
  else d.stopTimer(name, TIMER.hold + at);
  armKeepalive(d, name, at);
}

/** Whether this connection goes on beside the other one (RFC 4271 6.8); one of the two may be ended here. */
function winsCollision(d: Daemon, name: string, at: number, remoteId: string, localId: string): boolean {
  const other = 1 - at;
  const { state } = d.conn(name, other);
  if (state === BGP_STATE.connect || state === BGP_STATE.active) {
    // While this one lives nobody connects again.
    d.setConn(name, at, { state: BGP_STATE.openConfirm });
    enterIdle(d, name, other);
    return true;
  }
  if (state === BGP_STATE.openConfirm) {
    const theirs = isHigher(remoteId, localId);
    if (theirs === (at === 1)) {
      sessionError(d, name, other, BGP_ERROR.cease, 7);
      return true;
    }
  }
  if (state === BGP_STATE.openConfirm || state === BGP_STATE.established) {
    sessionError(d, name, at, BGP_ERROR.cease, 7);
    return false;
  }
  return true;
}

function isHigher(a: string, b: string): boolean {
  const [x, y] = [a.split(".").map(Number), b.split(".").map(Number)];
  const at = x.findIndex((n, i) => n !== y[i]);
  return at >= 0 && x[at]! > y[at]!;
}

/** The next KEEPALIVE is due after this time without another message. */
export function armKeepalive(d: Daemon, name: string, at: number): void {
  const { keepaliveTime } = d.conn(name, at);
  if (keepaliveTime > 0) d.startSpread(name, TIMER.keepalive + at, keepaliveTime);
}

function onKeepalive(d: Daemon, name: string, at: number, state: number): void {
  const { holdTime } = d.conn(name, at);
  if (holdTime > 0) d.startSpread(name, TIMER.hold + at, holdTime);
  if (state === BGP_STATE.openConfirm) enterEstablished(d, name, at);
  else if (state === BGP_STATE.openSent) sessionError(d, name, at, BGP_ERROR.fsm, 1);
}

function onNotification(d: Daemon, name: string, at: number, code: number, subcode: number): void {
  d.setBgp(name, { error: `Received: ${notificationWords(code, subcode)}` });
  if (code === BGP_ERROR.cease) {
    // A collision, a shutdown or a reset is no error of ours: the session may come back at once.
    if (d.bgp(name).active === at) stopSession(d, name, null);
    else enterIdle(d, name, at);
    return;
  }
  raiseDelay(d, name);
  stopSession(d, name, null);
}

function onUpdate(d: Daemon, name: string, at: number, update: BgpUpdate): void {
  const { holdTime } = d.conn(name, at);
  if (holdTime > 0) d.startSpread(name, TIMER.hold + at, holdTime);
  const empty = update.withdrawn.length === 0 && update.reach.length === 0;
  if (empty && update.reach6 === undefined && (update.unreach6 === undefined || update.unreach6.length === 0)) {
    endOfTable(d, name);
    return;
  }
  for (const key of update.withdrawn) learnRoute(d, name, 4, netOf(key), null, pathOf(key));
  for (const key of update.unreach6 ?? []) learnRoute(d, name, 6, netOf(key), null, pathOf(key));
  if (update.reach.length > 0) learnNets(d, name, 4, update.reach, update.attributes);
  if (update.reach6 !== undefined) {
    const [nextHop = "", nextHopLocal] = update.reach6.nextHops;
    learnNets(d, name, 6, update.reach6.nets, Object.freeze({ ...update.attributes, nextHop, ...(nextHopLocal === undefined ? {} : { nextHopLocal }) }));
  }
}

/** The peer has told its whole table. */
function endOfTable(d: Daemon, name: string): void {
  if (d.timeLeft(name, TIMER.restart) >= 0) endRestart(d, name);
}

/** Number of the path behind a prefix, 0 if it has none. */
const pathOf = (key: string): number => Number(key.split("@")[1] ?? 0);

function learnNets(d: Daemon, name: string, family: 4 | 6, nets: readonly string[], attributes: BgpAttributes): void {
  const wanted = acceptable(d, name, attributes) ? routeFor(d, name, family, attributes) : null;
  let { stale } = d.bgp(name);
  if (stale.size > 0) {
    for (const key of nets) stale = mapDelete(stale, `${netOf(key)}@${pathOf(key)}`);
    d.setBgp(name, { stale });
  }
  for (const key of nets) {
    const [net, path] = [netOf(key), pathOf(key)];
    learnRoute(d, name, family, net, wanted === null ? null : Object.freeze({ ...wanted, net, path }), path);
  }
}

/** Whether a route that comes with these attributes has been here before (loops by AS, router and cluster). */
function acceptable(d: Daemon, name: string, a: BgpAttributes): boolean {
  const config = d.bgpConfig(name);
  const passes = pathNumbers(a.asPath ?? []).filter((as) => as === config.localAs).length;
  if (passes > config.allowLocalAs) return false;
  if (!isInternal(config)) return true;
  if (a.originatorId === routerIdOf(d, config)) return false;
  const cluster = clusterOf(d, config);
  return cluster === "" || a.clusterList?.includes(cluster) !== true;
}

/** The route without its prefix; null if its next hop is nothing to go by. */
function routeFor(d: Daemon, name: string, family: 4 | 6, a: BgpAttributes): BirdRoute | null {
  const config = d.bgpConfig(name);
  const channel = d.channelConfig(name, family);
  const internal = isInternal(config);
  const { originatorId, clusterList, localPref, ...rest } = a;
  const bgp: BgpAttributes = Object.freeze({
    ...rest,
    localPref: (internal || config.allowLocalPref ? localPref : undefined) ?? config.defaultLocalPref,
    ...(internal && originatorId !== undefined ? { originatorId } : {}),
    ...(internal && clusterList !== undefined ? { clusterList } : {}),
  });
  const base = {
    ...BARE_ROUTE,
    net: "",
    proto: name,
    kind: "bgp",
    source: "RTS_BGP",
    preference: channel.preference || BGP_PREFERENCE,
    from: config.remoteIp,
    bgp,
    krt: EMPTY_KRT,
    since: d.now,
  } as const;
  const nextHop = a.nextHop ?? "";
  if (isRecursive(config, channel)) {
    const table = channel.igpTable || d.channel(name, family)!.table;
    return withHost({ ...base, dest: "unreachable", recursive: nextHop }, hostOf(d, table, nextHop));
  }
  const neighbour = findNeighbour(d.links, nextHop);
  if (neighbour === null || neighbour.local) return null;
  const hop = Object.freeze({ gateway: nextHop, device: neighbour.link.name, weight: 1, onlink: false });
  return { ...base, dest: "unicast", hops: Object.freeze([hop]), igpMetric: channel.cost };
}
