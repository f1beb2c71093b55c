/** The daemon at work on one event: its memory opened for writing, put back as one frozen record at the end. */
import type { LinkRecord } from "../../../linux/plumbing/dump.js";
import type { AppDoor } from "../../../linux/sock/app.js";
import type { BgpConfig, BirdConfig, ChannelConfig, ProtocolConfig } from "../config/config.js";
import { mapGet, mapSet, type PersistentMap } from "../persistent-map.js";
import type { BgpState, BirdState, ChannelState, ChannelStats, ConnState, ProtocolState, TableState } from "./state.js";

/** Timers of a protocol: those of its connections by number of the connection, and its own. */
export const TIMER = Object.freeze({ connect: 0, hold: 2, keepalive: 4, startup: 6, restart: 7, scan: 8 } as const);
const TIMERS_PER_PROTOCOL = 16;

export class Daemon {
  name: string;
  config: BirdConfig;
  text: string;
  routerId: string;
  configured: number;
  links: readonly LinkRecord[];
  tables: PersistentMap<TableState>;
  protocols: PersistentMap<ProtocolState>;
  order: readonly string[];
  socks: BirdState["socks"];
  listeners: readonly number[];
  nextId: number;
  /** sessions that have something to send */
  readonly dirty: Set<string> = new Set();
  /** tables of which some prefixes have changed since their hosts were looked up */
  readonly moved: Map<string, Set<string>> = new Map();
  private byName: ReadonlyMap<string, ProtocolConfig>;

  constructor(
    readonly door: AppDoor,
    private readonly before: BirdState,
  ) {
    this.name = before.name;
    this.config = before.config;
    this.text = before.text;
    this.routerId = before.routerId;
    this.configured = before.configured;
    this.links = before.links;
    this.tables = before.tables;
    this.protocols = before.protocols;
    this.order = before.order;
    this.socks = before.socks;
    this.listeners = before.listeners;
    this.nextId = before.nextId;
    this.byName = new Map(this.config.protocols.map((one) => [one.name, one]));
  }

  /** Another configuration holds from now on. */
  replaceConfig(config: BirdConfig, text: string): void {
    this.config = config;
    this.text = text;
    this.configured = this.now;
    this.byName = new Map(config.protocols.map((one) => [one.name, one]));
  }

  get now(): number {
    return this.door.now;
  }

  get started(): number {
    return this.before.started;
  }

  get cause(): number {
    return this.before.cause;
  }

  /** Puts the memory back. */
  close(): void {
    const { name, config, text, routerId, configured, links, tables, protocols, order, socks, listeners, nextId } = this;
    const state: BirdState = { ...this.before, name, config, text, routerId, configured, links, tables, protocols, order, socks, listeners, nextId };
    this.door.state = state as unknown as Readonly<Record<string, unknown>>;
  }

  /** What the configuration says of a protocol. */
  configOf(name: string): ProtocolConfig {
    return this.byName.get(name)!;
  }

  bgpConfig(name: string): BgpConfig {
    return this.byName.get(name) as BgpConfig;
  }

  protocol(name: string): ProtocolState {
    return mapGet(this.protocols, name)!;
  }

  setProtocol(name: string, change: Partial<ProtocolState>): void {
    this.protocols = mapSet(this.protocols, name, Object.freeze({ ...this.protocol(name), ...change }));
  }

  bgp(name: string): BgpState {
    return this.protocol(name).bgp!;
  }

  setBgp(name: string, change: Partial<BgpState>): void {
    this.setProtocol(name, { bgp: Object.freeze({ ...this.bgp(name), ...change }) });
  }

  conn(name: string, at: number): ConnState {
    return this.bgp(name).conns[at]!;
  }

  setConn(name: string, at: number, change: Partial<ConnState>): void {
    const [out, into] = this.bgp(name).conns;
    const made = Object.freeze({ ...(at === 0 ? out : into), ...change });
    this.setBgp(name, { conns: Object.freeze(at === 0 ? [made, into] : [out, made]) as BgpState["conns"] });
  }

  channel(name: string, family: 4 | 6): ChannelState | undefined {
    return this.protocol(name).channels.find((one) => one.family === family);
  }

  channelConfig(name: string, family: 4 | 6): ChannelConfig {
    return this.configOf(name).channels.find((one) => one.family === family)!;
  }

  setChannel(name: string, family: 4 | 6, change: Partial<ChannelState>): void {
    const { channels } = this.protocol(name);
    this.setProtocol(name, { channels: Object.freeze(channels.map((one) => (one.family === family ? Object.freeze({ ...one, ...change }) : one))) });
  }

  /** Counts one in a row of a channel's statistics. */
  count(name: string, family: 4 | 6, row: keyof ChannelStats, ...places: readonly number[]): void {
    const { stats } = this.channel(name, family)!;
    const made = (stats[row] as readonly number[]).map((n, i) => (places.includes(i) ? n + 1 : n));
    this.setChannel(name, family, { stats: Object.freeze({ ...stats, [row]: Object.freeze(made) }) });
  }

  table(name: string): TableState {
    return mapGet(this.tables, name)!;
  }

  setTable(name: string, change: Partial<TableState>): void {
    this.tables = mapSet(this.tables, name, Object.freeze({ ...this.table(name), ...change }));
  }

  /** Starts a timer, or moves it; `delay` in ns. An event that comes too early sets itself again. */
  startTimer(name: string, timer: number, delay: number): void {
    const { id, timers } = this.protocol(name);
    const at = this.now + delay;
    const known = timers[timer];
    const pending = known !== undefined && known.set > this.now && known.set <= at;
    if (!pending) this.door.timer(delay, id * TIMERS_PER_PROTOCOL + timer);
    this.setProtocol(name, { timers: Object.freeze({ ...timers, [timer]: Object.freeze({ at, set: pending ? known.set : at }) }) });
  }

  /** A timer with BIRD's spread: as much as a quarter of it earlier. */
  startSpread(name: string, timer: number, seconds: number): void {
    const { s, ns } = this.door;
    const stream = s.streams.stream(`node-${s.ns.c.node[ns]!}/${s.nsInfo.get(ns)?.name ?? ""}/bird/${name}/timers`);
    const time = seconds * 1_000_000;
    const early = s.streams.below(stream, Math.floor(time / 4) + 1);
    this.startTimer(name, timer, (time - early) * 1000);
  }

  stopTimer(name: string, timer: number): void {
    const { timers } = this.protocol(name);
    const known = timers[timer];
    if (known !== undefined && known.at >= 0) this.setProtocol(name, { timers: Object.freeze({ ...timers, [timer]: Object.freeze({ at: -1, set: known.set }) }) });
  }

  /** ns that a timer still runs, -1 if it does not. */
  timeLeft(name: string, timer: number): number {
    const at = this.protocol(name).timers[timer]?.at ?? -1;
    return at < 0 ? -1 : Math.max(0, at - this.now);
  }

  /** The timer that an event's word stands for, if it is due; one that was moved is set again. */
  dueTimer(word: number): { readonly name: string; readonly timer: number } | null {
    const id = Math.floor(word / TIMERS_PER_PROTOCOL);
    const timer = word % TIMERS_PER_PROTOCOL;
    const name = this.order.find((one) => this.protocol(one).id === id);
    if (name === undefined) return null;
    const known = this.protocol(name).timers[timer];
    if (known === undefined || known.at < 0) return null;
    if (known.at > this.now) {
      // Another event of this timer may be on its way already.
      if (known.set > this.now) return null;
      this.door.timer(known.at - this.now, word);
      this.setProtocol(name, { timers: Object.freeze({ ...this.protocol(name).timers, [timer]: Object.freeze({ at: known.at, set: known.at }) }) });
      return null;
    }
    this.stopTimer(name, timer);
    return { name, timer };
  }
}
