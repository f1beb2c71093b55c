/**
 * The routing daemon BIRD 2 as a program in a namespace: reads a configuration in its language, speaks BGP over simulated TCP, and
 * writes routes through plumbing as `proto bird`.
 *
 * Read first: BIRD's nest/proto.c (protocols and channels), nest/rt-table.c (tables), proto/bgp/bgp.c and packets.c, RFC 4271.
 * What it remembers is one frozen record (`daemon/state.ts`); an event opens it as a `Daemon`, works, and puts it back.
 */
import { AppDoor, killApp, launch, type Program, reap } from "../../linux/sock/app.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { Stack } from "../../linux/stack.js";
import { dumpLinks } from "../../linux/plumbing/dump.js";
import type { BirdConfig } from "./config/config.js";
import { readConfig } from "./config/read-config.js";
import { armKeepalive, receiveBytes } from "./daemon/bgp-receive.js";
import { flushSession } from "./daemon/bgp-send.js";
import { acceptConnection, connectionLost, connectTimeout, endRestart, sendMessage, sendOpen, sessionError, startupTimeout, GRACEFUL } from "./daemon/bgp-session.js";
import { Daemon, TIMER } from "./daemon/daemon.js";
import { prefixChanged, scanKernel } from "./daemon/kernel-learn.js";
import { scanLinks } from "./daemon/links.js";
import { addProtocol, addTables, CEASE, chooseRouterId, startAll, stopProtocol } from "./daemon/protocols.js";
import { takeConfig } from "./daemon/reconfigure.js";
import type { BirdState } from "./daemon/state.js";
import { settleHosts } from "./daemon/tables.js";
import { emptyMap, mapDelete, mapGet } from "./persistent-map.js";

interface BirdArguments {
  readonly config: BirdConfig;
  readonly text: string;
  readonly cause: number;
  /** what `show status` calls the machine */
  readonly name: string;
  /** it calls its neighbours and is not called; left out: both */
  readonly calls?: boolean;
}

/** Opens the daemon's memory, lets `work` act, sends what has to be told, and puts it back. */
export function withDaemon<T>(door: AppDoor, work: (d: Daemon) => T): T {
  const d = new Daemon(door, door.state as unknown as BirdState);
  const made = work(d);
  finish(d);
  return made;
}

function finish(d: Daemon): void {
  settleHosts(d);
  for (const name of d.dirty) if (d.knownProtocol(name)?.state === "up") flushSession(d, name);
  d.close();
}

function start(door: AppDoor, { config, text, cause, name, calls = false }: BirdArguments): void {
  const state: BirdState = Object.freeze<BirdState>({
    name,
    config,
    text,
    routerId: "",
    started: door.now,
    configured: door.now,
    links: dumpLinks(door.s, door.ns),
    tables: emptyMap(),
    protocols: emptyMap(),
    order: Object.freeze(config.protocols.map((one) => one.name)),
    socks: emptyMap(),
    listeners: Object.freeze([]),
    ...(calls ? { calls } : {}),
    nextId: 1,
    pathNumbers: emptyMap(),
    cause,
  });
  door.state = state as unknown as Readonly<Record<string, unknown>>;
  door.watch();
  withDaemon(door, (d) => {
    d.routerId = chooseRouterId(d);
    addTables(d, config);
    for (const one of config.protocols) addProtocol(d, one);
    startAll(d);
  });
}

function onTimer(d: Daemon, word: number): void {
  const due = d.dueTimer(word);
  if (due === null) return;
  const { name, timer } = due;
  const config = d.configOf(name);
  if (config.kind === "kernel" || config.kind === "device") {
    d.startTimer(name, TIMER.scan, config.scanTime);
    if (config.kind === "kernel") scanKernel(d, config);
    else scanLinks(d);
    return;
  }
  switch (timer) {
    case TIMER.connect:
      connectTimeout(d, name);
      break;
    case TIMER.hold:
    case TIMER.hold + 1:
      sessionError(d, name, timer - TIMER.hold, 4, 0);
      break;
    case TIMER.keepalive:
    case TIMER.keepalive + 1:
      sendMessage(d, name, timer - TIMER.keepalive, { type: "keepalive" });
      armKeepalive(d, name, timer - TIMER.keepalive);
      break;
    case TIMER.startup:
      startupTimeout(d, name);
      break;
    case TIMER.restart:
      endRestart(d, name);
  }
}

function onAccepted(d: Daemon, sock: number): void {
  const { addr } = d.door.peer(sock);
  const peer = d.door.addressText(addr);
  const name = d.order.find((one) => {
    const config = d.configOf(one);
    return config.kind === "bgp" && config.remoteIp === peer;
  });
  if (name === undefined || !acceptConnection(d, name, sock)) d.door.tcpClose(sock);
}

function onEvent(d: Daemon, event: AppEvent): void {
  switch (event.kind) {
    case "timer":
      onTimer(d, event.word);
      return;
    case "link":
      scanLinks(d);
      return;
    case "route":
      for (const config of d.config.protocols) if (config.kind === "kernel" && config.kernelTable === event.table) prefixChanged(d, config, event.family as 4 | 6, event.dst);
      return;
    case "accepted":
      onAccepted(d, event.sock);
      return;
    case "connected":
    case "data":
    case "end":
    case "closed":
      onSocket(d, event);
  }
}

function onSocket(d: Daemon, event: Extract<AppEvent, { kind: "connected" | "data" | "end" | "closed" }>): void {
  const known = mapGet(d.socks, String(event.sock));
  if (known === undefined) return;
  const { proto, conn } = known;
  if (event.kind === "connected") sendOpen(d, proto, conn);
  else if (event.kind === "data") receiveBytes(d, proto, conn, d.door.bytes(event));
  else if (event.kind === "end") connectionLost(d, proto, conn, 0);
  else {
    d.socks = mapDelete(d.socks, String(event.sock));
    d.setConn(proto, conn, { sock: 0 });
    connectionLost(d, proto, conn, event.errno);
  }
}

/** The program; a world in which `startBird` is used must be made with it. */
export const birdProgram: Program = Object.freeze<Program>({
  name: "bird",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as BirdArguments);
    else withDaemon(door, (d) => onEvent(d, event));
  },
});

/**
 * Starts the routing daemon in a namespace. `text` is a configuration in BIRD 2's language, `cause` a row of the cause table for the routes
 * that it writes. Returns the program's number (for `killApp`, `stopBird`, `birdOf`), or the lines that BIRD prints about a
 * configuration it refuses, without `bird: ` in front. The world's programs must hold `birdProgram`.
 */
export function startBird(s: Stack, ns: number, text: string, cause = 0, name = "podwire"): { readonly app: number } | { readonly errors: readonly string[] } {
  const config = readConfig(text);
  if (typeof config === "string") return { errors: [config] };
  return { app: launch(s, ns, birdProgram.name, { config, text, cause, name }, cause) };
}

/** The daemon ends as it should: peers are told, and its routes leave the kernel unless they are to persist. `graceful`: it will be back, so that routes stay and peers that wait are not told. */
export function stopBird(s: Stack, app: number, graceful = false): void {
  const door = new AppDoor(s, app);
  withDaemon(door, (d) => {
    // The kernel's protocol goes first, so that it hears of no route that the others take back.
    const kernels = d.order.filter((name) => d.configOf(name).kind === "kernel");
    for (const name of [...kernels, ...d.order]) stopProtocol(d, name, graceful ? GRACEFUL : CEASE.shutdown);
  });
  door.exit(0);
  reap(s, app);
}

/**
 * Gives a running daemon another configuration, as `birdc configure` does: protocols that are written otherwise restart, those with other filters or
 * other static routes go on with them. Null, or the lines
 * about a configuration that is refused; then the old one stays.
 */
export function configureBird(s: Stack, app: number, text: string): { readonly errors: readonly string[] } | null {
  const config = readConfig(text);
  if (typeof config === "string") return { errors: [config] };
  withDaemon(new AppDoor(s, app), (d) => takeConfig(d, config, text));
  return null;
}

/** The routing daemon that runs in a namespace, 0 if there is none. */
export function birdOf(s: Stack, ns: number): number {
  for (const [app, info] of s.app.apps) if (info.ns === ns && info.program === birdProgram.name && info.exit === undefined) return app;
  return 0;
}

/** Kills the daemon as `kill -9` does: its connections are reset, the routes it wrote stay. */
export function killBird(s: Stack, app: number): void {
  killApp(s, app);
}
