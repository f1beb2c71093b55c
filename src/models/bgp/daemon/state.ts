/** What a routing daemon remembers: plain frozen records, replaced and never changed. */
import type { LinkRecord } from "../../../linux/plumbing/dump.js";
import type { BgpCapability } from "../../../packet/wire/bgp.js";
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import type { BirdConfig } from "../config/config.js";
import type { PersistentMap } from "../persistent-map.js";
import type { BirdRoute, Destination, RouteHop } from "../route.js";

/** How an address that routes go by is reached. */
export interface HostEntry {
  readonly address: string;
  /** "" : it is not reached */
  readonly dest: Destination | "";
  readonly hops: readonly RouteHop[];
  readonly metric: number;
  /** length of the prefix that leads there; 0 where none does, or where that is itself looked up: only what happens to a prefix as long or longer is heard of */
  readonly prefix: number;
}

export interface TableState {
  readonly name: string;
  readonly family: 4 | 6;
  /** routes by prefix, the best one first */
  readonly nets: PersistentMap<readonly BirdRoute[]>;
  /** prefixes by length: how many there are, for looking up the longest */
  readonly lengths: Readonly<Record<number, number>>;
  readonly hosts: PersistentMap<HostEntry>;
  /** the same addresses in a row, and their words: a change of a prefix asks all of them */
  readonly hostNames: readonly string[];
  readonly hostWords: Int32Array;
  /** prefixes with a change that the best route hid: they count when the addresses are looked up again */
  readonly hidden: PersistentMap<true>;
}

/** Counters of `show protocols all`. */
export interface ChannelStats {
  readonly importUpdates: readonly [received: number, rejected: number, filtered: number, ignored: number, accepted: number];
  readonly importWithdraws: readonly [received: number, rejected: number, ignored: number, accepted: number];
  readonly exportUpdates: readonly [received: number, rejected: number, filtered: number, accepted: number];
  readonly exportWithdraws: readonly [received: number, accepted: number];
}

export interface ChannelState {
  readonly family: 4 | 6;
  readonly table: string;
  readonly up: boolean;
  /** what has been passed on, by prefix, or by prefix and path */
  readonly exported: PersistentMap<BirdRoute>;
  /** of these the ones that the kernel has refused */
  readonly unsynced: PersistentMap<true>;
  readonly imported: number;
  readonly filtered: number;
  readonly preferred: number;
  readonly stats: ChannelStats;
}

/** Numbers of a connection's states, in BIRD's order. */
export const BGP_STATE = Object.freeze({ idle: 0, connect: 1, active: 2, openSent: 3, openConfirm: 4, established: 5, close: 6 } as const);

/** One of the two connections that a session may be made of. */
export interface ConnState {
  readonly state: number;
  readonly sock: number;
  /** bytes of a message that has not all come yet */
  readonly buffer: Uint8Array;
  readonly holdTime: number;
  readonly keepaliveTime: number;
  readonly as4: boolean;
  readonly capabilities: readonly BgpCapability[];
  readonly remoteId: string;
}

export interface BgpState {
  /** waits for its neighbour; waits after an error; connects */
  readonly phase: "prepare" | "delay" | "connect";
  readonly device: string;
  readonly source: string;
  /** outgoing, incoming */
  readonly conns: readonly [ConnState, ConnState];
  /** the one that the session lives on: 0, 1, or -1 */
  readonly active: number;
  readonly remoteId: string;
  /** the words that `show protocols` has behind the state */
  readonly error: string;
  /** seconds to wait at the next start */
  readonly startupDelay: number;
  /** ns; of the last error that counts, -1: none yet */
  readonly erredAt: number;
  /** the peer restarts and its routes are kept */
  readonly restarting: boolean;
  /** routes, by prefix and path, that the restarting peer has not told again */
  readonly stale: PersistentMap<true>;
  /** families in which several paths to a prefix are taken from the peer, and told to it */
  readonly paths: { readonly rx: readonly (4 | 6)[]; readonly tx: readonly (4 | 6)[] };
  /** what is still to be sent, by family and prefix; null: withdrawn */
  readonly pending: PersistentMap<BgpAttributes | null>;
  /** families whose end of table is still to be told */
  readonly ends: readonly (4 | 6)[];
}

export interface ProtocolState {
  readonly name: string;
  /** number that its timers carry */
  readonly id: number;
  readonly state: "down" | "start" | "up";
  readonly since: number;
  readonly disabled: boolean;
  readonly channels: readonly ChannelState[];
  readonly bgp: BgpState | null;
  /** kernel: its table is no more what the last scan has left */
  readonly rescan: boolean;
  /** deadlines of timers, ns; and for when their event is set */
  readonly timers: Readonly<Record<number, { readonly at: number; readonly set: number }>>;
}

export interface BirdState {
  readonly name: string;
  readonly config: BirdConfig;
  readonly text: string;
  readonly routerId: string;
  readonly started: number;
  readonly configured: number;
  readonly links: readonly LinkRecord[];
  readonly tables: PersistentMap<TableState>;
  readonly protocols: PersistentMap<ProtocolState>;
  /** names in the order of the configuration */
  readonly order: readonly string[];
  /** session and connection of each socket, by its row */
  readonly socks: PersistentMap<{ readonly proto: string; readonly conn: number }>;
  readonly listeners: readonly number[];
  /** it calls its neighbours and is not called */
  readonly calls?: boolean;
  readonly nextId: number;
  /** numbers of paths, by the protocol and path that they stand for */
  readonly pathNumbers: PersistentMap<number>;
  readonly cause: number;
}

export const NO_STATS: ChannelStats = Object.freeze<ChannelStats>({
  importUpdates: Object.freeze([0, 0, 0, 0, 0] as const),
  importWithdraws: Object.freeze([0, 0, 0, 0] as const),
  exportUpdates: Object.freeze([0, 0, 0, 0] as const),
  exportWithdraws: Object.freeze([0, 0] as const),
});

export const IDLE_CONN: ConnState = Object.freeze({ state: BGP_STATE.idle, sock: 0, buffer: new Uint8Array(0), holdTime: 0, keepaliveTime: 0, as4: false, capabilities: Object.freeze([]), remoteId: "" });
