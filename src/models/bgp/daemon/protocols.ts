/** Protocols come up and go down, whatever their kind; a configuration is taken on or replaced. */
import { AFI4, AFI6, UNICAST } from "../../../packet/wire/bgp.js";
import { compareAddresses } from "../route.js";
import type { BirdConfig, KernelConfig, ProtocolConfig } from "../config/config.js";
import { emptyMap } from "../persistent-map.js";
import { GRACEFUL, newSession, sendMessage, startSession, stopSession } from "./bgp-session.js";
import { type Daemon, TIMER } from "./daemon.js";
import { scanKernel, withdrawKernel } from "./kernel-learn.js";
import { syncDirect, syncStatic } from "./links.js";
import { type ChannelState, NO_STATS, type ProtocolState, type TableState } from "./state.js";
import { feedChannel, flushRoutes } from "./tables.js";

const DEFAULT_TABLES: Readonly<Record<4 | 6, string>> = Object.freeze({ 4: "master4", 6: "master6" });

/** Ceases that a peer is told of (RFC 4486). */
export const CEASE = Object.freeze({ shutdown: 2, removed: 3, reset: 4 } as const);

function channelsOf(config: ProtocolConfig): readonly ChannelState[] {
  return Object.freeze(
    config.channels.map(({ family, table }) =>
      Object.freeze({ family, table: table === "" ? DEFAULT_TABLES[family] : table, up: false, exported: emptyMap<never>(), unsynced: emptyMap<never>(), imported: 0, filtered: 0, preferred: 0, stats: NO_STATS }),
    ),
  );
}

/** Makes a protocol known; it is down. */
export function addProtocol(d: Daemon, config: ProtocolConfig): void {
  const made = Object.freeze<ProtocolState>({
    name: config.name,
    id: d.nextId++,
    state: "down",
    since: d.now,
    disabled: config.disabled,
    channels: channelsOf(config),
    bgp: config.kind === "bgp" ? newSession(config) : null,
    rescan: true,
    timers: Object.freeze({}),
  });
  d.addProtocol(made);
}

/** Tables that a configuration names. */
export function addTables(d: Daemon, config: BirdConfig): void {
  for (const { name, family } of config.tables) {
    if (d.knownTable(name) !== undefined) continue;
    const made = Object.freeze<TableState>({ name, family, nets: emptyMap(), lengths: Object.freeze({}), hosts: emptyMap(), hostNames: Object.freeze([]), hostWords: new Int32Array(0), hidden: emptyMap() });
    d.addTable(made);
  }
}

/** The id that is used where none is given: the lowest address of a link that is not the loopback's. */
export function chooseRouterId(d: Daemon): string {
  if (d.config.routerId !== "") return d.config.routerId;
  const addresses = d.links.filter((link) => !link.loopback).flatMap((link) => link.addresses.filter((a) => !a.address.includes(":")).map((a) => a.address));
  return addresses.sort(compareAddresses)[0] ?? "";
}

/** The kernel's protocol hears of the whole table, and reads its own. */
export function feedKernel(d: Daemon, config: KernelConfig): void {
  if (d.protocol(config.name).state !== "up") return;
  for (const { family } of config.channels) feedChannel(d, config.name, family);
  d.setProtocol(config.name, { rescan: true });
  scanKernel(d, config);
  d.startTimer(config.name, TIMER.scan, config.scanTime);
}

/** All protocols of a daemon that begins; the kernel's tables are fed when the others have told what they have. */
export function startAll(d: Daemon): void {
  for (const name of d.order) startProtocol(d, name, false);
  for (const name of d.order) {
    const config = d.configOf(name);
    if (config.kind === "kernel") feedKernel(d, config);
  }
}

/** Starts a protocol; `feeds`: a kernel's is fed at once. */
export function startProtocol(d: Daemon, name: string, feeds = true): void {
  const config = d.configOf(name);
  if (d.protocol(name).disabled || d.protocol(name).state !== "down") return;
  d.setProtocol(name, { channels: channelsOf(config) });
  d.forgetCounts(name);
  if (config.kind === "bgp") {
    startSession(d, name);
    return;
  }
  d.setProtocol(name, { state: "up", since: d.now });
  for (const { family } of config.channels) d.setChannel(name, family, { up: true });
  if (config.kind === "direct") syncDirect(d, config);
  else if (config.kind === "static") syncStatic(d, config);
  else if (config.kind === "kernel") {
    if (feeds) feedKernel(d, config);
  } else d.startTimer(name, TIMER.scan, config.scanTime);
}

/** Stops a protocol; its routes go. A graceful stop leaves those in the kernel. */
export function stopProtocol(d: Daemon, name: string, cease: number = CEASE.shutdown): void {
  const config = d.configOf(name);
  if (d.protocol(name).state === "down") return;
  if (config.kind === "bgp") {
    d.setBgp(name, { error: "", startupDelay: 0, erredAt: -1 });
    stopSession(d, name, cease, false);
    d.setBgp(name, { error: "" });
    return;
  }
  if (config.kind === "kernel" && cease !== GRACEFUL) withdrawKernel(d, config);
  for (const { family } of config.channels) {
    d.setChannel(name, family, { up: false, exported: emptyMap(), unsynced: emptyMap() });
    flushRoutes(d, name, family);
  }
  d.stopTimer(name, TIMER.scan);
  d.setProtocol(name, { state: "down", since: d.now });
}

/** Down and up again. */
export function restartProtocol(d: Daemon, name: string): void {
  stopProtocol(d, name, CEASE.reset);
  startProtocol(d, name);
}

/** Asks the peer for its table, and tells it ours, once more; other protocols have nothing that a second look would change. */
export function reloadProtocol(d: Daemon, name: string, asks: boolean, tells: boolean): void {
  const { bgp, channels } = d.protocol(name);
  for (const { family, up } of channels.filter((one) => one.up)) {
    if (asks && bgp === null) {
      // What the kernel holds is learned again through the filter.
      const config = d.configOf(name);
      d.setProtocol(name, { rescan: true });
      if (config.kind === "kernel") scanKernel(d, config);
    }
    if (asks && bgp !== null && up) sendMessage(d, name, bgp.active, { type: "refresh", afi: family === 4 ? AFI4 : AFI6, subtype: 0, safi: UNICAST });
    if (!tells || bgp === null) continue;
    feedChannel(d, name, family);
    d.dirty.add(name);
  }
}

/** Forgets a protocol that the configuration has no more. */
export function removeProtocol(d: Daemon, name: string): void {
  stopProtocol(d, name, CEASE.removed);
  d.dropProtocol(name);
  d.order = Object.freeze(d.order.filter((one) => one !== name));
}
