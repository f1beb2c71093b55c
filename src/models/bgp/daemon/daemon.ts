/** The daemon at work on one event: its memory opened for writing, put back as one frozen record at the end. */
import { compareText } from "../../../base/names.js";
import type { LinkRecord } from "../../../linux/plumbing/dump.js";
import type { AppDoor } from "../../../linux/sock/app.js";
import type { BgpConfig, BirdConfig, ChannelConfig, ProtocolConfig } from "../config/config.js";
import { mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from "../persistent-map.js";
import type { BgpState, BirdState, ChannelState, ChannelStats, ConnState, ProtocolState, TableState } from "./state.js";
import type { MadeUpdates, Told } from "./update-group.js";

/** Timers of a protocol: those of its connections by number of the connection, and its own. */
export const TIMER = Object.freeze({ connect: 0, hold: 2, keepalive: 4, startup: 6, restart: 7, scan: 8 } as const);
const TIMERS_PER_PROTOCOL = 16;

/** Where the rows of a channel's statistics begin among its counts, and where its sums stand. */
const ROWS: Readonly<Record<keyof ChannelStats, number>> = Object.freeze({ importUpdates: 0, importWithdraws: 5, exportUpdates: 9, exportWithdraws: 13 });
const SUMS = Object.freeze({ imported: 15, filtered: 16, preferred: 17 } as const);
const COUNTS = 18;

export class Daemon {
  name: string;
  config: BirdConfig;
  text: string;
  routerId: string;
  configured: number;
  links: readonly LinkRecord[];
  order: readonly string[];
  socks: BirdState["socks"];
  listeners: readonly number[];
  nextId: number;
  private pathNumbers: BirdState["pathNumbers"];
  /** sessions that have something to send */
  readonly dirty: Set<string> = new Set();
  /** what a peer was told last in this event */
  told: Told | null = null;
  /** UPDATE messages that this event has made, by what they tell */
  readonly updates: Map<object, MadeUpdates> = new Map();
  /** tables of which some prefixes have changed since their hosts were looked up */
  readonly moved: Map<string, Set<string>> = new Map();
  private tableMap: PersistentMap<TableState>;
  private protocolMap: PersistentMap<ProtocolState>;
  /** records that this event has replaced; they go into the maps at its end */
  private readonly newTables: Map<string, TableState> = new Map();
  private readonly newProtocols: Map<string, ProtocolState> = new Map();
  /** what has been counted of each channel: the rows of its statistics one behind the other, then its three sums */
  private readonly counts: Map<string, Int32Array> = new Map();

  constructor(
    readonly door: AppDoor,
    readonly before: BirdState,
  ) {
    this.name = before.name;
    this.config = before.config;
    this.text = before.text;
    this.routerId = before.routerId;
    this.configured = before.configured;
    this.links = before.links;
    this.tableMap = before.tables;
    this.protocolMap = before.protocols;
    this.order = before.order;
    this.socks = before.socks;
    this.listeners = before.listeners;
    this.nextId = before.nextId;
    this.pathNumbers = before.pathNumbers;
  }

  /** Another configuration holds from now on. */
  replaceConfig(config: BirdConfig, text: string): void {
    this.config = config;
    this.text = text;
    this.configured = this.now;
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
    for (const [key, counts] of this.counts) this.addCounts(key, counts);
    const { name, config, text, routerId, configured, links, order, socks, listeners, nextId, pathNumbers } = this;
    let [tables, protocols] = [this.tableMap, this.protocolMap];
    for (const [key, made] of this.newTables) tables = mapSet(tables, key, made);
    for (const [key, made] of this.newProtocols) protocols = mapSet(protocols, key, made);
    const state: BirdState = { ...this.before, name, config, text, routerId, configured, links, tables, protocols, order, socks, listeners, nextId, pathNumbers };
    this.door.state = state as unknown as Readonly<Record<string, unknown>>;
  }

  /** The number of a source of routes towards peers that hear of every path. */
  pathNumber(source: string): number {
    const known = mapGet(this.pathNumbers, source);
    if (known !== undefined) return known;
    this.pathNumbers = mapSet(this.pathNumbers, source, this.pathNumbers.size + 1);
    return this.pathNumbers.size;
  }

  /** What the configuration says of a protocol. */
  configOf(name: string): ProtocolConfig {
    return this.config.named[name]!;
  }

  bgpConfig(name: string): BgpConfig {
    return this.config.named[name] as BgpConfig;
  }

  protocol(name: string): ProtocolState {
    return this.knownProtocol(name)!;
  }

  knownProtocol(name: string): ProtocolState | undefined {
    return this.newProtocols.get(name) ?? mapGet(this.protocolMap, name);
  }

  setProtocol(name: string, change: Partial<ProtocolState>): void {
    this.newProtocols.set(name, Object.freeze({ ...this.protocol(name), ...change }));
  }

  addProtocol(made: ProtocolState): void {
    this.newProtocols.set(made.name, made);
  }

  dropProtocol(name: string): void {
    this.newProtocols.delete(name);
    this.protocolMap = mapDelete(this.protocolMap, name);
    for (const key of [...this.counts.keys()]) if (key.startsWith(`${name} `)) this.counts.delete(key);
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
    const counts = this.countsOf(name, family);
    for (const place of places) counts[ROWS[row] + place]!++;
  }

  /** Counts a route of a channel that has come or gone. */
  tally(name: string, family: 4 | 6, sum: keyof typeof SUMS, by: 1 | -1): void {
    this.countsOf(name, family)[SUMS[sum]]! += by;
  }

  private countsOf(name: string, family: 4 | 6): Int32Array {
    const key = `${name} ${family}`;
    let counts = this.counts.get(key);
    if (counts === undefined) this.counts.set(key, (counts = new Int32Array(COUNTS)));
    return counts;
  }

  private addCounts(key: string, counts: Int32Array): void {
    const name = key.slice(0, key.indexOf(" "));
    const family = Number(key.slice(key.indexOf(" ") + 1)) as 4 | 6;
    const channel = this.knownProtocol(name)?.channels.find((one) => one.family === family);
    if (channel === undefined) return;
    const add = <T extends readonly number[]>(row: keyof ChannelStats): T => {
      const known = channel.stats[row] as readonly number[];
      const at = ROWS[row];
      return (known.every((_, i) => counts[at + i] === 0) ? known : Object.freeze(known.map((n, i) => n + counts[at + i]!))) as unknown as T;
    };
    const stats = Object.freeze<ChannelStats>({ importUpdates: add("importUpdates"), importWithdraws: add("importWithdraws"), exportUpdates: add("exportUpdates"), exportWithdraws: add("exportWithdraws") });
    this.setChannel(name, family, { stats, imported: channel.imported + counts[SUMS.imported]!, filtered: channel.filtered + counts[SUMS.filtered]!, preferred: channel.preferred + counts[SUMS.preferred]! });
  }

  /** Forgets what has been counted of a protocol. */
  forgetCounts(name: string): void {
    this.counts.delete(`${name} 4`);
    this.counts.delete(`${name} 6`);
  }

  table(name: string): TableState {
    return this.knownTable(name)!;
  }

  knownTable(name: string): TableState | undefined {
    return this.newTables.get(name) ?? mapGet(this.tableMap, name);
  }

  setTable(name: string, change: Partial<TableState>): void {
    this.newTables.set(name, Object.freeze({ ...this.table(name), ...change }));
  }

  addTable(made: TableState): void {
    this.newTables.set(made.name, made);
  }

  /** Names of all tables. */
  tableNames(): readonly string[] {
    const names = new Set([...mapEntries(this.tableMap).map(([name]) => name), ...this.newTables.keys()]);
    return [...names].sort(compareText);
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
