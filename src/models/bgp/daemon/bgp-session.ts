/**
 * Sessions: states, connections and timers (BIRD's proto/bgp/bgp.c; RFC 4271 8). What messages say is in `bgp-receive.ts`.
 *
 * A session tries to connect while it also listens; up to two connections exist until one of them is established. After an
 * error that counts, the session starts again only after a wait that doubles each time.
 */
import { SECOND } from "../../../base/time.js";
import { type BgpCapability, type BgpMessage, encodeBgp } from "../../../packet/wire/bgp.js";
import type { BgpConfig } from "../config/config.js";
import { emptyMap, mapDelete, mapGet, mapSet } from "../persistent-map.js";
import { CAPABILITY, capabilitiesOf, capabilityFamilies, pathFamilies } from "./bgp-capabilities.js";
import { routerIdOf } from "./bgp-export.js";
import { notificationWords, socketWords } from "./bgp-words.js";
import { type Daemon, TIMER } from "./daemon.js";
import { findNeighbour } from "./neighbours.js";
import { BGP_STATE, type BgpState, IDLE_CONN } from "./state.js";
import { feedChannel, flushRoutes, keysOf } from "./tables.js";

/** Internetwork control (CS6), and what a listener answers with before it knows its peer. */
const TOS = 0xc0;
const LISTENER_TTL = 255;
const OUT = 0;
const IN = 1;

const NO_PATHS: BgpState["paths"] = Object.freeze({ rx: Object.freeze([]), tx: Object.freeze([]) });

/** A session that has not begun. */
export function newSession(config: BgpConfig): BgpState {
  return Object.freeze<BgpState>({
    phase: "prepare",
    device: "",
    source: config.localIp,
    conns: Object.freeze([IDLE_CONN, IDLE_CONN] as const),
    active: -1,
    remoteId: "",
    error: "",
    startupDelay: 0,
    erredAt: -1,
    restarting: false,
    stale: emptyMap(),
    paths: NO_PATHS,
    pending: emptyMap(),
    ends: Object.freeze([]),
  });
}

/** Sends a message on a connection. */
export function sendMessage(d: Daemon, name: string, at: number, message: BgpMessage): void {
  const { sock, as4 } = d.conn(name, at);
  if (sock > 0) d.door.tcpSend(sock, encodeBgp(message, as4));
}

/** bgp_start: the protocol begins; a session to a neighbour waits until its address is on a link. */
export function startSession(d: Daemon, name: string): void {
  const config = d.bgpConfig(name);
  d.setProtocol(name, { state: "start", since: d.now });
  d.setBgp(name, { phase: "prepare", device: "", source: config.localIp, conns: [IDLE_CONN, IDLE_CONN], active: -1, pending: emptyMap(), ends: [] });
  if (config.multihop > 0) initiate(d, name);
  else neighbourChanged(d, name);
}

/** bgp_neigh_notify: links have changed. */
export function neighbourChanged(d: Daemon, name: string): void {
  const config = d.bgpConfig(name);
  const { state } = d.protocol(name);
  if (config.multihop > 0 || state === "down") return;
  const neighbour = findNeighbour(d.links, config.remoteIp, config.device);
  const waits = d.bgp(name).phase === "prepare";
  if (neighbour === null || neighbour.local) {
    if (!waits) lose(d, name, "Error: Neighbor lost", false);
  } else if (config.checkLink && !neighbour.link.running) {
    if (!waits) lose(d, name, "Error: Link down", state === "up");
  } else if (waits) {
    d.setBgp(name, { device: neighbour.link.name, source: config.localIp === "" ? neighbour.own.address : config.localIp });
    initiate(d, name);
  }
}

function lose(d: Daemon, name: string, error: string, delays: boolean): void {
  d.setBgp(name, { error });
  if (delays) raiseDelay(d, name);
  stopSession(d, name, null);
}

/** bgp_initiate: listens, and connects, or waits first. */
function initiate(d: Daemon, name: string): void {
  const config = d.bgpConfig(name);
  const { startupDelay } = d.bgp(name);
  listen(d, config);
  d.setBgp(name, { phase: startupDelay > 0 ? "delay" : "connect" });
  if (startupDelay > 0) d.startSpread(name, TIMER.startup, startupDelay);
  else if (!config.passive) beginActive(d, name);
}

/** The wait after an error is over. */
export function startupTimeout(d: Daemon, name: string): void {
  if (d.bgp(name).phase !== "delay") return;
  d.setBgp(name, { phase: "connect" });
  if (!d.bgpConfig(name).passive) beginActive(d, name);
}

function listen(d: Daemon, config: BgpConfig): void {
  if (d.listeners.length > 0 || d.before.calls === true) return;
  const sock = d.door.tcpListen(0, config.localPort);
  if (sock <= 0) return;
  d.door.mark(sock, { ttl: LISTENER_TTL, tos: TOS });
  d.listeners = Object.freeze([sock]);
}

/** Stops to listen when no session is left that could be called. */
function unlisten(d: Daemon): void {
  const wanted = d.order.some((name) => {
    const { state, bgp } = d.protocol(name);
    return bgp !== null && state !== "down" && bgp.phase !== "prepare";
  });
  if (wanted) return;
  for (const sock of d.listeners) d.door.tcpClose(sock);
  d.listeners = Object.freeze([]);
}

function setState(d: Daemon, name: string, at: number, state: number): void {
  d.setConn(name, at, { state });
}

/** bgp_active: connects after the delay. */
function beginActive(d: Daemon, name: string): void {
  setState(d, name, OUT, BGP_STATE.active);
  d.startSpread(name, TIMER.connect + OUT, Math.max(1, d.bgpConfig(name).connectDelay));
}

/** The connect timer: it is time to connect, or the connection has taken too long. */
export function connectTimeout(d: Daemon, name: string): void {
  if (d.protocol(name).state !== "start") {
    enterIdle(d, name, OUT);
    return;
  }
  closeSocket(d, name, OUT, false);
  connect(d, name);
}

function connect(d: Daemon, name: string): void {
  const config = d.bgpConfig(name);
  const { source } = d.bgp(name);
  const { door } = d;
  const sock = door.tcpConnect(door.addressOf(config.remoteIp), config.remotePort, source === "" ? 0 : door.addressOf(source), 0, { ttl: Math.max(1, config.multihop), tos: TOS });
  if (sock < 0) {
    d.setBgp(name, { error: `Socket: ${socketWords(-sock)}` });
    enterIdle(d, name, OUT);
    return;
  }
  d.socks = mapSet(d.socks, String(sock), Object.freeze({ proto: name, conn: OUT }));
  d.setConn(name, OUT, { ...IDLE_CONN, state: BGP_STATE.connect, sock });
  d.startSpread(name, TIMER.connect + OUT, config.connectRetry);
}

/** bgp_incoming_connection: whether the session takes the connection. */
export function acceptConnection(d: Daemon, name: string, sock: number): boolean {
  const bgp = d.bgp(name);
  const state = bgp.active >= 0 ? bgp.conns[bgp.active]!.state : BGP_STATE.idle;
  if (state === BGP_STATE.established && isRestartable(d, name)) {
    d.setBgp(name, { error: "Error: Graceful restart" });
    keepForRestart(d, name);
    enterIdle(d, name, bgp.active);
  }
  const now = d.bgp(name);
  if (d.protocol(name).state === "down" || now.phase !== "connect" || now.conns[IN].sock !== 0) return false;
  d.socks = mapSet(d.socks, String(sock), Object.freeze({ proto: name, conn: IN }));
  d.setConn(name, IN, { ...IDLE_CONN, sock });
  d.door.mark(sock, { ttl: Math.max(1, d.bgpConfig(name).multihop), tos: TOS });
  sendOpen(d, name, IN);
  return true;
}

/** bgp_send_open: the connection stands. */
export function sendOpen(d: Daemon, name: string, at: number): void {
  const config = d.bgpConfig(name);
  if (at === OUT) d.stopTimer(name, TIMER.connect + OUT);
  const capabilities = capabilitiesOf(config, false);
  sendMessage(d, name, at, { type: "open", as: config.localAs, holdTime: config.holdTime, id: routerIdOf(d, config), capabilities });
  setState(d, name, at, BGP_STATE.openSent);
  d.startSpread(name, TIMER.hold + at, config.startupHoldTime);
}

function closeSocket(d: Daemon, name: string, at: number, abort: boolean): void {
  const { sock } = d.conn(name, at);
  if (sock > 0) {
    d.socks = mapDelete(d.socks, String(sock));
    if (abort) d.door.tcpAbort(sock);
    else d.door.tcpClose(sock);
  }
  for (const timer of [TIMER.connect, TIMER.hold, TIMER.keepalive]) d.stopTimer(name, timer + at);
  d.setConn(name, at, IDLE_CONN);
}

/** bgp_conn_enter_idle_state, and the decision that follows it. */
export function enterIdle(d: Daemon, name: string, at: number): void {
  const wasActive = d.bgp(name).active === at;
  closeSocket(d, name, at, false);
  if (wasActive) leaveEstablished(d, name);
  decide(d, name);
}

/** bgp_decision: try again if nothing else is on its way. */
function decide(d: Daemon, name: string): void {
  const { state } = d.protocol(name);
  const { conns, phase } = d.bgp(name);
  if (state !== "start" || phase !== "connect" || d.bgpConfig(name).passive) return;
  if (conns[OUT].state === BGP_STATE.idle && conns[IN].state !== BGP_STATE.openConfirm) beginActive(d, name);
}

/** The session was up and is no more: back to connecting, its routes gone unless its peer is restarting. */
function leaveEstablished(d: Daemon, name: string): void {
  const { restarting } = d.bgp(name);
  for (const { family } of d.protocol(name).channels) {
    d.setChannel(name, family, { up: false, exported: emptyMap() });
    if (!restarting) flushRoutes(d, name, family);
  }
  d.setBgp(name, { active: -1, pending: emptyMap(), ends: [] });
  d.dirty.delete(name);
  d.setProtocol(name, { state: "start", since: d.now });
}

/** In which families both ends know of several paths. */
export function agreePaths(d: Daemon, name: string, at: number): void {
  const theirs = d.conn(name, at).capabilities;
  const ours = capabilitiesOf(d.bgpConfig(name), false);
  const both = (mine: "rx" | "tx", other: "rx" | "tx"): readonly (4 | 6)[] => Object.freeze(pathFamilies(ours, mine).filter((family) => pathFamilies(theirs, other).includes(family)));
  d.setBgp(name, { paths: Object.freeze({ rx: both("rx", "tx"), tx: both("tx", "rx") }) });
}

/** bgp_conn_enter_established_state: tables are told to the peer from now on. */
export function enterEstablished(d: Daemon, name: string, at: number): void {
  const { source } = d.bgp(name);
  const { sock } = d.conn(name, at);
  const local = source !== "" ? source : d.door.addressText(d.door.s.sock.rows.c.localAddr[sock]!);
  setState(d, name, at, BGP_STATE.established);
  d.setBgp(name, { active: at, source: local, error: "", remoteId: d.conn(name, at).remoteId, restarting: false });
  d.setProtocol(name, { state: "up", since: d.now });
  const peer = capabilityFamilies(d.conn(name, at).capabilities);
  const able = d.bgpConfig(name).gracefulRestart !== "off" && d.conn(name, at).capabilities.some((one) => one.code === CAPABILITY.gracefulRestart);
  for (const { family } of d.protocol(name).channels) {
    if (peer !== null && !peer.includes(family)) continue;
    d.setChannel(name, family, { up: true });
    feedChannel(d, name, family);
    if (able) d.setBgp(name, { ends: Object.freeze([...d.bgp(name).ends, family]) });
  }
  d.dirty.add(name);
  // A peer that comes back without its old routes has nothing to be waited for.
  if (d.timeLeft(name, TIMER.restart) >= 0 && !isRestartable(d, name)) endRestart(d, name);
}

/** bgp_error: tells the peer what is wrong and ends the connection; all but a cease ends the session with a wait. */
export function sessionError(d: Daemon, name: string, at: number, code: number, subcode: number, data: readonly number[] = []): void {
  if (d.conn(name, at).state === BGP_STATE.close || d.conn(name, at).sock === 0) return;
  d.setBgp(name, { error: `BGP Error: ${notificationWords(code, subcode)}` });
  sendMessage(d, name, at, { type: "notification", code, subcode, data });
  if (code === 6) {
    enterIdle(d, name, at);
    return;
  }
  raiseDelay(d, name);
  stopSession(d, name, null);
}

/** bgp_update_startup_delay: each error in a row doubles the wait. */
export function raiseDelay(d: Daemon, name: string): void {
  const config = d.bgpConfig(name);
  const { erredAt, startupDelay } = d.bgp(name);
  const forgotten = erredAt >= 0 && d.now - erredAt >= config.errorForget * SECOND;
  const known = forgotten ? 0 : startupDelay;
  const [least, most] = config.errorWait;
  d.setBgp(name, { erredAt: d.now, startupDelay: known === 0 ? least : Math.min(2 * known, most) });
}

/** In place of a subcode: peers that can wait for us are not told. */
export const GRACEFUL = -1;

/** bgp_stop and the start that follows: both connections end, all routes go; `subcode`: a cease that the peer is told. */
export function stopSession(d: Daemon, name: string, subcode: number | null, restarts = true): void {
  const { conns } = d.bgp(name);
  for (const at of [OUT, IN]) {
    const { state } = conns[at]!;
    const tells = subcode !== null && !(subcode === GRACEFUL && d.bgpConfig(name).gracefulRestart === "on");
    if (tells && state >= BGP_STATE.openSent && state <= BGP_STATE.established) sendMessage(d, name, at, { type: "notification", code: 6, subcode: subcode === GRACEFUL ? 4 : subcode, data: [] });
    closeSocket(d, name, at, false);
  }
  d.setBgp(name, { restarting: false, stale: emptyMap() });
  d.stopTimer(name, TIMER.startup);
  d.stopTimer(name, TIMER.restart);
  leaveEstablished(d, name);
  d.setProtocol(name, { state: "down", since: d.now });
  if (restarts) startSession(d, name);
  unlisten(d);
}

const graceful = (d: Daemon, name: string): BgpCapability | undefined => {
  const { active, conns } = d.bgp(name);
  return active < 0 ? undefined : conns[active]!.capabilities.find((one) => one.code === CAPABILITY.gracefulRestart);
};

/** Whether the peer would keep forwarding while its daemon restarts, and we would wait for it. */
export function isRestartable(d: Daemon, name: string): boolean {
  const capability = graceful(d, name);
  return d.bgpConfig(name).gracefulRestart !== "off" && capability !== undefined && capability.bytes.length > 2;
}

/** bgp_handle_graceful_restart: routes are kept, marked stale, for the time that the peer has asked for. */
export function keepForRestart(d: Daemon, name: string): void {
  const { bytes } = graceful(d, name)!;
  const time = (bytes[0]! & 0x0f) * 256 + bytes[1]!;
  let stale = emptyMap<true>();
  for (const { family } of d.protocol(name).channels) for (const key of keysOf(d, name, family)) stale = mapSet(stale, key, true);
  d.setBgp(name, { restarting: true, stale });
  d.startTimer(name, TIMER.restart, time * SECOND);
}

/** The peer has not come back, or has told its table again: what is still stale goes. */
export function endRestart(d: Daemon, name: string): void {
  d.stopTimer(name, TIMER.restart);
  const { stale } = d.bgp(name);
  d.setBgp(name, { restarting: false, stale: emptyMap() });
  for (const { family } of d.protocol(name).channels) flushRoutes(d, name, family, (route) => mapGet(stale, `${route.net}@${route.path}`) !== undefined);
}

/** A socket is gone: at once an error of it, or an orderly end. */
export function connectionLost(d: Daemon, name: string, at: number, errno: number): void {
  const { state } = d.conn(name, at);
  d.setBgp(name, { error: `Socket: ${socketWords(errno)}` });
  if (state === BGP_STATE.established && isRestartable(d, name)) keepForRestart(d, name);
  enterIdle(d, name, at);
}
