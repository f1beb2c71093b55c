/**
 * Sockets of all namespaces: one row each, whatever the protocol. State only; see `udp.ts`, `tcp.ts`, `ping.ts`.
 *
 * A connected socket is found by its five-tuple, a bound one by namespace, protocol and local port: two hashes of chains.
 */
import { type Digest, mix32 } from "../../base/hash.js";
import { type Columns, Table, type TableState } from "../../engine/table.js";
import { flowHash } from "../../packet/flow-key.js";

const columns = {
  ns: "i32",
  proto: "u8",
  /** TCP_STATE */
  state: "u8",
  /** SOCKF bits */
  flags: "u16",
  localAddr: "i32",
  localPort: "u16",
  remoteAddr: "i32",
  remotePort: "u16",
  /** program that hears of it */
  app: "i32",
  /** listener that a connection came in by, 0 for the one who connected */
  parent: "i32",
  nextConnected: "i32",
  nextBound: "i32",
  /** errno of the last ICMP error or timeout */
  error: "i32",
  iss: "i32",
  /** first byte not acknowledged, next to send, and the window the peer allows, in bytes */
  unacked: "i32",
  nextSeq: "i32",
  sendWindow: "i32",
  /** next byte expected */
  expected: "i32",
  mss: "u16",
  /** MTU of the last segment's path, 0 before the first (icsk_pmtu_cookie) */
  pathMtu: "i32",
  /** shift of the windows that the peer sends */
  peerScale: "u8",
  retries: "u8",
  /** ns; retransmission timeout now, and the smoothed round trip behind it */
  rto: "f64",
  srtt: "f64",
  /** when the first byte that is not acknowledged was sent; -1 less that if it was sent again (`sentAgain`) */
  sentAt: "f64",
  tsRecent: "i32",
  /** number of the timer that counts, and of the delayed acknowledgement; rows are used again, so no two timers share one */
  timerGen: "i32",
  ackGen: "i32",
  /** TIMER kind of the one that counts, 0 if none is set */
  timerKind: "u8",
  /** next to send when a tail was probed for or a loss was seen (tlp_high_seq, high_seq) */
  lossEnd: "i32",
  mark: "i32",
  /** TCP: what packets carry if it is not 0 (IP_TTL, IP_TOS); a connection has them from its listener */
  ttl: "u8",
  tos: "u8",
} as const;

export type SocketColumns = Columns<typeof columns>;

export const TCP_STATE = Object.freeze({
  closed: 0,
  established: 1,
  synSent: 2,
  synRecv: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
} as const);

/** Words of `ss` for TCP states. */
export const TCP_STATE_WORDS: Readonly<Record<number, string>> = Object.freeze({ 0: "UNCONN", 1: "ESTAB", 2: "SYN-SENT", 3: "SYN-RECV", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 6: "TIME-WAIT", 8: "CLOSE-WAIT", 9: "LAST-ACK", 10: "LISTEN", 11: "CLOSING" });

export const SOCKF = Object.freeze({ connected: 1, bound: 2, finQueued: 4, finSent: 8, ackPending: 16, orphan: 32, dontFragment: 64, reported: 128, only4: 256, allErrors: 512, readNoMore: 1024, finJoined: 2048, probed: 4096, inLoss: 8192, sawRepeat: 16384 } as const);

/** Bytes a program has written that are not acknowledged yet, `seq` being the first one's number. */
export interface Chunk {
  readonly seq: number;
  readonly payload: number;
  readonly off: number;
  readonly len: number;
  /** not the end of what was written: no PSH behind it */
  readonly open?: true;
}

const BUCKETS = 256;
/** Timers are numbered round: a timer's number and kind are one int32. */
const LAST_TIMER = 0x7ffffff;

/** A saved `SocketTable`. */
export interface SocketState {
  readonly rows: TableState;
  readonly connected: Int32Array;
  readonly bound: Int32Array;
  readonly queues: ReadonlyMap<number, readonly Chunk[]>;
  readonly ids: number;
  readonly timers: number;
}

/** The sockets of every namespace. */
export class SocketTable {
  readonly rows: Table<typeof columns> = new Table(columns);
  /** what is still to be acknowledged, by socket */
  queues: Map<number, readonly Chunk[]> = new Map();
  /** last IP identification given to a packet that may be cut */
  ids = 0;
  /** number of the last timer */
  timers = 0;
  private connected: Int32Array = new Int32Array(BUCKETS);
  private bound: Int32Array = new Int32Array(BUCKETS);
  /** rows by program; derived */
  private readonly byApp = new Map<number, Set<number>>();

  /** The connected socket of a five-tuple, 0 if there is none. */
  findConnected(ns: number, proto: number, local: number, localPort: number, remote: number, remotePort: number): number {
    const c = this.rows.c;
    let row = this.connected[this.tupleBucket(ns, proto, local, localPort, remote, remotePort)]!;
    while (row !== 0) {
      if (c.localPort[row] === localPort && c.remotePort[row] === remotePort && c.remoteAddr[row] === remote && c.localAddr[row] === local && c.ns[row] === ns && c.proto[row] === proto) return row;
      row = c.nextConnected[row]!;
    }
    return 0;
  }

  /** The socket bound to a port: to this very address, else to any of this family. */
  findBound(ns: number, proto: number, addr: number, port: number): number {
    const c = this.rows.c;
    let any = 0;
    let row = this.bound[this.portBucket(ns, proto, port)]!;
    while (row !== 0) {
      if (c.localPort[row] === port && c.ns[row] === ns && c.proto[row] === proto) {
        if (c.localAddr[row] === addr) return row;
        if (c.localAddr[row] === 0) any = row;
      }
      row = c.nextBound[row]!;
    }
    return any;
  }

  /** Rows bound to a port of a namespace, in the order of the chain. */
  *boundTo(ns: number, proto: number, port: number): Generator<number> {
    const c = this.rows.c;
    for (let row = this.bound[this.portBucket(ns, proto, port)]!; row !== 0; row = c.nextBound[row]!) {
      if (c.localPort[row] === port && c.ns[row] === ns && c.proto[row] === proto) yield row;
    }
  }

  /** Gives a socket to a program. */
  own(row: number, app: number): void {
    this.rows.c.app[row] = app;
    const rows = this.byApp.get(app);
    if (rows === undefined) this.byApp.set(app, new Set([row]));
    else rows.add(row);
  }

  /** Rows of a program, lowest first. */
  ownedBy(app: number): readonly number[] {
    return [...(this.byApp.get(app) ?? [])].sort((a, b) => a - b);
  }

  /** Makes a socket be found by its five-tuple. */
  hangConnected(row: number): void {
    const c = this.rows.c;
    this.grow();
    const bucket = this.tupleBucket(c.ns[row]!, c.proto[row]!, c.localAddr[row]!, c.localPort[row]!, c.remoteAddr[row]!, c.remotePort[row]!);
    c.nextConnected[row] = this.connected[bucket]!;
    this.connected[bucket] = row;
    c.flags[row] = c.flags[row]! | SOCKF.connected;
  }

  /** Makes a socket be found by its local port. */
  hangBound(row: number): void {
    const c = this.rows.c;
    this.grow();
    const bucket = this.portBucket(c.ns[row]!, c.proto[row]!, c.localPort[row]!);
    c.nextBound[row] = this.bound[bucket]!;
    this.bound[bucket] = row;
    c.flags[row] = c.flags[row]! | SOCKF.bound;
  }

  /** A number for one timer. */
  nextTimer(): number {
    this.timers = (this.timers + 1) & LAST_TIMER;
    return this.timers;
  }

  /** Takes a socket out of both hashes and gives its row back. */
  remove(row: number): void {
    const c = this.rows.c;
    if ((c.flags[row]! & SOCKF.connected) !== 0) {
      unlink(this.connected, c.nextConnected, this.tupleBucket(c.ns[row]!, c.proto[row]!, c.localAddr[row]!, c.localPort[row]!, c.remoteAddr[row]!, c.remotePort[row]!), row);
    }
    if ((c.flags[row]! & SOCKF.bound) !== 0) unlink(this.bound, c.nextBound, this.portBucket(c.ns[row]!, c.proto[row]!, c.localPort[row]!), row);
    this.queues.delete(row);
    const app = c.app[row]!;
    const rows = this.byApp.get(app);
    if (rows?.delete(row) === true && rows.size === 0) this.byApp.delete(app);
    this.rows.release(row);
  }

  /** What it holds, as plain data. */
  save(): SocketState {
    return { rows: this.rows.save(), connected: this.connected.slice(), bound: this.bound.slice(), queues: new Map(this.queues), ids: this.ids, timers: this.timers };
  }

  /** Takes on a saved state. */
  restore(state: SocketState): void {
    this.rows.restore(state.rows);
    this.connected = state.connected.slice();
    this.bound = state.bound.slice();
    this.queues = new Map(state.queues);
    this.ids = state.ids;
    this.timers = state.timers;
    this.byApp.clear();
    for (let row = 1; row < this.rows.top; row++) if (this.rows.live[row] === 1) this.own(row, this.rows.c.app[row]!);
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const c = this.rows.c;
    digest.i32(this.ids);
    for (let row = 1; row < this.rows.top; row++) {
      if (this.rows.live[row] !== 1) continue;
      digest.i32(row);
      digest.i32((c.proto[row]! << 8) | c.state[row]!);
      digest.i32((c.localPort[row]! << 16) | c.remotePort[row]!);
      digest.i32(c.nextSeq[row]!);
      digest.i32(c.expected[row]!);
      digest.i32(c.unacked[row]!);
      digest.i32(c.error[row]!);
    }
  }

  private grow(): void {
    if (this.rows.count < this.connected.length) return;
    const c = this.rows.c;
    this.connected = new Int32Array(this.connected.length * 4);
    this.bound = new Int32Array(this.connected.length);
    for (let row = 1; row < this.rows.top; row++) {
      if (this.rows.live[row] !== 1) continue;
      if ((c.flags[row]! & SOCKF.connected) !== 0) {
        const bucket = this.tupleBucket(c.ns[row]!, c.proto[row]!, c.localAddr[row]!, c.localPort[row]!, c.remoteAddr[row]!, c.remotePort[row]!);
        c.nextConnected[row] = this.connected[bucket]!;
        this.connected[bucket] = row;
      }
      if ((c.flags[row]! & SOCKF.bound) !== 0) {
        const bucket = this.portBucket(c.ns[row]!, c.proto[row]!, c.localPort[row]!);
        c.nextBound[row] = this.bound[bucket]!;
        this.bound[bucket] = row;
      }
    }
  }

  private tupleBucket(ns: number, proto: number, local: number, localPort: number, remote: number, remotePort: number): number {
    return flowHash(local ^ Math.imul(ns, 0x2545f491), remote, localPort, remotePort, proto) & (this.connected.length - 1);
  }

  private portBucket(ns: number, proto: number, port: number): number {
    return mix32(ns, (proto << 16) | port) & (this.bound.length - 1);
  }
}

function unlink(buckets: Int32Array, next: Int32Array, bucket: number, row: number): void {
  let at = buckets[bucket]!;
  if (at === row) {
    buckets[bucket] = next[row]!;
    return;
  }
  while (at !== 0 && next[at] !== row) at = next[at]!;
  if (at !== 0) next[at] = next[row]!;
}
