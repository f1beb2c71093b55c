/**
 * IPVS of every namespace: virtual servers, real servers and connections. State only; read first
 * include/net/ip_vs.h (ip_vs_service, ip_vs_dest, ip_vs_conn).
 *
 * A connection stands in one chain with all others of its client's address and port, newest first: requests and replies
 * are both found there, as in the kernel's table.
 */
import type { Digest } from "../../base/hash.js";
import { Table, type TableState } from "../../engine/table.js";

const serverColumns = {
  ns: "i32",
  /** 4 or 6 */
  family: "u8",
  proto: "u8",
  /** Addr; 0 where packets are chosen by their mark */
  addr: "i32",
  port: "i32",
  /** 0: by address */
  fwmark: "i32",
  /** index in SCHEDULERS */
  scheduler: "u8",
  /** SERVERF bits */
  flags: "u8",
  /** s a client keeps its real server for */
  timeout: "i32",
  /** of a client's address: IPv4 the mask as a word, IPv6 the prefix length */
  netmask: "i32",
  /** rr, wrr: the real server chosen last, 0 is the head of the list */
  cursor: "i32",
  /** wrr: the weight it stands at */
  weight: "i32",
  cause: "i32",
  conns: "f64",
  inPackets: "f64",
  outPackets: "f64",
  inBytes: "f64",
  outBytes: "f64",
} as const;

const realColumns = {
  /** virtual server, 0 once it was taken out of it (the kernel's trash) */
  server: "i32",
  addr: "i32",
  port: "i32",
  weight: "i32",
  /** FORWARD: how requests reach it */
  forward: "u8",
  /** the last that was not 0, which mh goes by */
  lastWeight: "i32",
  active: "i32",
  inactive: "i32",
  persistent: "i32",
  /** connections and templates that name it */
  refs: "i32",
  cause: "i32",
  conns: "f64",
  inPackets: "f64",
  outPackets: "f64",
  inBytes: "f64",
  outBytes: "f64",
} as const;

const connectionColumns = {
  ns: "i32",
  /** 0: template of a virtual server by mark */
  proto: "u8",
  /** IPVS_TCP of a TCP connection, 0 of others */
  state: "u8",
  /** CONNF bits */
  flags: "u8",
  client: "i32",
  /** Addr; of a template by mark the mark */
  vaddr: "i32",
  addr: "i32",
  /** 0: template */
  clientPort: "i32",
  vport: "i32",
  port: "i32",
  /** real server, which may be out of its virtual server by now */
  real: "i32",
  /** template that it was made by */
  control: "i32",
  /** how many connections a template has made that still stand */
  controlled: "i32",
  /** ns from a packet to the end */
  timeout: "f64",
  expires: "f64",
  /** pending EV.ipvs, never later than `expires` */
  event: "f64",
  /** next in its chain */
  next: "i32",
} as const;

/** Bits of a virtual server's flags, numbered as IP_VS_SVC_F_*. */
export const SERVERF = Object.freeze({ persistent: 1, sched1: 8, sched2: 16, sched3: 32 } as const);

/** How requests reach a real server (IP_VS_CONN_F_FWD_MASK): rewritten; in IP in IP; as they are, by its MAC. */
export const FORWARD = Object.freeze({ masquerade: 0, tunnel: 2, route: 3 } as const);

/** Bits of a connection's flags: made for persistence; counted as inactive; keeps its conntrack flow; template that a connection was established by; no answer has come by. */
export const CONNF = Object.freeze({ template: 1, inactive: 2, conntrack: 4, assured: 8, oneWay: 16 } as const);

/** Real servers that an address is kept with, the one that came last first; ns of the last use, and of the last change. */
export interface LocalityEntry {
  readonly reals: readonly number[];
  readonly lastUse: number;
  readonly lastChange: number;
}

/** What lblc or lblcr keep for a virtual server, by address. */
export interface Locality {
  /** records are frozen, and replaced */
  readonly entries: Map<number, LocalityEntry>;
  /** looks since all were looked at */
  counter: number;
  /** bucket that the last early look ended at */
  rover: number;
  /** ns */
  nextLook: number;
}

/** What names a virtual server in its namespace. */
export interface ServerName {
  readonly family: number;
  readonly proto: number;
  readonly addr: number;
  readonly port: number;
  readonly fwmark: number;
}

/** What a real server in the trash was, by which it is found again (ip_vs_trash_get_dest). */
export interface TrashedReal extends ServerName {
  readonly ns: number;
  readonly row: number;
}

/** A saved `IpvsTables`. */
export interface IpvsState {
  readonly servers: TableState;
  readonly reals: TableState;
  readonly connections: TableState;
  readonly lists: ReadonlyMap<number, readonly number[]>;
  readonly chains: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly trash: readonly TrashedReal[];
  readonly timeouts: ReadonlyMap<number, IpvsTimeouts>;
  readonly localities: ReadonlyMap<number, Locality>;
}

/** Seconds, as `ipvsadm --set` gives them. */
export interface IpvsTimeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

const TWO_16 = 65536;
const TWO_19 = 524288;
const TWO_24 = 16777216;

/** Virtual servers, real servers and connections of every namespace. */
export class IpvsTables {
  /** virtual servers */
  readonly servers: Table<typeof serverColumns> = new Table(serverColumns);
  /** real servers */
  readonly reals: Table<typeof realColumns> = new Table(realColumns);
  /** connections, and templates of clients that keep their server */
  readonly connections: Table<typeof connectionColumns> = new Table(connectionColumns);
  /** real servers by virtual server, the one added last first; a change replaces the list */
  readonly lists: Map<number, readonly number[]> = new Map();
  /** first connection of each client's chain, by namespace and `chainKey` */
  readonly chains: Map<number, Map<number, number>> = new Map();
  /** real servers that were taken out while connections named them */
  trash: readonly TrashedReal[] = [];
  /** by namespace, where somebody has set any */
  readonly timeouts: Map<number, IpvsTimeouts> = new Map();
  /** virtual servers by namespace and `serverKey`; derived */
  private names: Map<number, Map<number, number>> = new Map();
  /** what hashing schedulers fill from a virtual server's list; derived, dropped when the list or a weight changes */
  readonly buckets: Map<number, Int32Array> = new Map();
  /** of virtual servers with lblc or lblcr */
  readonly localities: Map<number, Locality> = new Map();

  /** Row of a virtual server of exactly this name, 0 if there is none. */
  find(ns: number, name: ServerName): number {
    return this.names.get(ns)?.get(serverKey(name)) ?? 0;
  }

  /** Virtual servers of a namespace, in the order of their rows. */
  of(ns: number): number[] {
    return [...(this.names.get(ns)?.values() ?? [])].sort((a, b) => a - b);
  }

  /** Makes a virtual server findable. */
  enter(row: number): void {
    const c = this.servers.c;
    let names = this.names.get(c.ns[row]!);
    if (names === undefined) this.names.set(c.ns[row]!, (names = new Map()));
    names.set(serverKey(this.nameOf(row)), row);
  }

  /** Makes it no longer findable. */
  leave(row: number): void {
    this.names.get(this.servers.c.ns[row]!)?.delete(serverKey(this.nameOf(row)));
  }

  /** What names a virtual server. */
  nameOf(row: number): ServerName {
    const c = this.servers.c;
    return { family: c.family[row]!, proto: c.proto[row]!, addr: c.addr[row]!, port: c.port[row]!, fwmark: c.fwmark[row]! };
  }

  /** First connection of a client's chain, 0 if there is none. */
  chain(ns: number, proto: number, client: number, clientPort: number): number {
    return this.chains.get(ns)?.get(chainKey(proto, client, clientPort)) ?? 0;
  }

  /** Puts a connection first into its chain. */
  hash(row: number): void {
    const c = this.connections.c;
    let chains = this.chains.get(c.ns[row]!);
    if (chains === undefined) this.chains.set(c.ns[row]!, (chains = new Map()));
    const key = chainKey(c.proto[row]!, c.client[row]!, c.clientPort[row]!);
    c.next[row] = chains.get(key) ?? 0;
    chains.set(key, row);
  }

  /** Takes a connection out of its chain. */
  unhash(row: number): void {
    const c = this.connections.c;
    const chains = this.chains.get(c.ns[row]!)!;
    const key = chainKey(c.proto[row]!, c.client[row]!, c.clientPort[row]!);
    const first = chains.get(key)!;
    if (first === row) {
      if (c.next[row] === 0) chains.delete(key);
      else chains.set(key, c.next[row]!);
      return;
    }
    for (let at = first; at !== 0; at = c.next[at]!) {
      if (c.next[at] !== row) continue;
      c.next[at] = c.next[row]!;
      return;
    }
  }

  /** What it holds, as plain data. */
  save(): IpvsState {
    return {
      servers: this.servers.save(),
      reals: this.reals.save(),
      connections: this.connections.save(),
      lists: new Map(this.lists),
      chains: new Map([...this.chains].map(([ns, chains]) => [ns, new Map(chains)])),
      trash: this.trash,
      timeouts: new Map(this.timeouts),
      localities: copyOf(this.localities),
    };
  }

  /** Takes on a saved state. */
  restore(state: IpvsState): void {
    this.servers.restore(state.servers);
    this.reals.restore(state.reals);
    this.connections.restore(state.connections);
    this.lists.clear();
    for (const [row, list] of state.lists) this.lists.set(row, list);
    this.chains.clear();
    for (const [ns, chains] of state.chains) this.chains.set(ns, new Map(chains));
    this.trash = state.trash;
    this.timeouts.clear();
    for (const [ns, timeouts] of state.timeouts) this.timeouts.set(ns, timeouts);
    this.buckets.clear();
    this.localities.clear();
    for (const [row, kept] of copyOf(state.localities)) this.localities.set(row, kept);
    this.names = new Map();
    for (let row = 1; row < this.servers.top; row++) if (this.servers.live[row] === 1) this.enter(row);
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const { servers, reals, connections } = this;
    for (let row = 1; row < servers.top; row++) {
      if (servers.live[row] !== 1) continue;
      const c = servers.c;
      const list = this.lists.get(row)!;
      for (const value of [c.proto[row]!, c.port[row]!, c.fwmark[row]!, c.scheduler[row]!, c.flags[row]!, c.timeout[row]!, list.indexOf(c.cursor[row]!), c.weight[row]!]) digest.i32(value);
      for (const real of list) for (const value of [reals.c.port[real]!, reals.c.weight[real]!, reals.c.active[real]!, reals.c.inactive[real]!]) digest.i32(value);
    }
    for (const { entries, counter, rover, nextLook } of this.localities.values()) {
      digest.i32(counter);
      digest.i32(rover);
      digest.f64(nextLook);
      for (const { reals: kept, lastUse, lastChange } of entries.values()) {
        for (const real of kept) digest.i32(real);
        digest.f64(lastUse);
        digest.f64(lastChange);
      }
    }
    for (let row = 1; row < connections.top; row++) {
      if (connections.live[row] !== 1) continue;
      const c = connections.c;
      for (const value of [c.proto[row]!, c.state[row]!, c.flags[row]!, c.clientPort[row]!, c.vport[row]!, c.port[row]!]) digest.i32(value);
      digest.f64(c.expires[row]!);
    }
  }
}

const copyOf = (localities: ReadonlyMap<number, Locality>): Map<number, Locality> => new Map([...localities].map(([row, kept]) => [row, { ...kept, entries: new Map(kept.entries) }]));

function serverKey({ family, proto, addr, port, fwmark }: ServerName): number {
  return fwmark === 0 ? addr * TWO_24 + proto * TWO_16 + port : -((fwmark >>> 0) * 2 + (family === 6 ? 1 : 0));
}

function chainKey(proto: number, client: number, clientPort: number): number {
  return client * TWO_19 + (proto & 7) * TWO_16 + clientPort;
}
