/**
 * Tracked connections of every namespace: one row each, found by either of its two tuples.
 *
 * A tuple is (namespace, source, destination, two ports, protocol); for ICMP the ports are the identifier and type * 256 +
 * code, as in the kernel's nf_conntrack_tuple. Both tuples of a row lie in eight words of one line of cache, so that a packet that
 * finds its flow reads a slot of the hash and that line. Both stand in one open hash: node 2 * row is the original direction,
 * 2 * row + 1 the reply; a slot is the node, and above it bits of its hash, so that others are passed by unread.
 * Rows that are not confirmed yet stand in no slot. State only; see `conntrack.ts`.
 */
import { PROTO } from "../../base/codes.js";
import type { Digest } from "../../base/hash.js";
import { BrokenInvariant } from "../../base/problem.js";
import { type Columns, Table, type TableState } from "../../engine/table.js";

const columns = {
  tcpState: "u8",
  /** IPS_* bits, see CTS */
  status: "u16",
  mark: "i32",
  /** ns; of an unconfirmed flow: how long it will live from its confirmation */
  timeout: "f64",
  /** of TCP its row in `windows`; of UDP the time, ns, from which on a flow seen in both directions is a stream */
  more: "f64",
  /** interface index that MASQUERADE chose the source for, 0 if it did not */
  masquerade: "u16",
} as const;

/** What window tracking knows of each sender of a TCP flow (ip_ct_tcp_state): highest byte sent, highest allowed, window, highest ack. */
const windowColumns = {
  end0: "i32",
  end1: "i32",
  maxEnd0: "i32",
  maxEnd1: "i32",
  maxWin0: "i32",
  maxWin1: "i32",
  maxAck0: "i32",
  maxAck1: "i32",
  lastSeq: "i32",
  lastAck: "i32",
  lastEnd: "i32",
  lastWin: "u16",
  scale0: "u8",
  scale1: "u8",
  flags0: "u8",
  flags1: "u8",
  lastDir: "u8",
  lastIndex: "u8",
  retrans: "u8",
} as const;

/** Words of a row in `tuples`: source, destination and ports of the original and of the reply tuple, place, zone. */
const TUPLE_WORDS = 3;
const ROW_WORDS = 8;
const PLACE = 6;
const ZONE = 7;

export type WindowColumns = Columns<typeof windowColumns>;

/** Status bits, numbered as IPS_*. */
export const CTS = Object.freeze({
  expected: 1,
  seenReply: 2,
  assured: 4,
  confirmed: 8,
  srcNat: 16,
  dstNat: 32,
  natMask: 48,
  srcNatDone: 128,
  dstNatDone: 256,
  natDoneMask: 384,
  dying: 512,
  /** ours: copies of its first packet are under way, and it ends with the last of them */
  shared: 32768,
} as const);

/** `ctInfo` of a packet, numbered as enum ip_conntrack_info. */
export const CTINFO = Object.freeze({ established: 0, related: 1, new: 2, establishedReply: 3, relatedReply: 4, untracked: 7 } as const);

/** 0 original, 1 reply (CTINFO2DIR). */
export function directionOf(ctInfo: number): 0 | 1 {
  return ctInfo >= CTINFO.establishedReply && ctInfo !== CTINFO.untracked ? 1 : 0;
}

const FIRST_SLOTS = 64;
/** Bits of a slot that name the node; the rest are of the hash. */
const NODE_BITS = 25;
const NODE = (1 << NODE_BITS) - 1;

/** A saved `ConntrackTable`. */
export interface ConntrackState {
  readonly table: TableState;
  readonly windows: TableState;
  readonly tuples: Int32Array;
  readonly slots: Int32Array;
  readonly hashed: number;
  readonly leaving: readonly (readonly [number, number])[];
  readonly sweep: number;
}

/** The tracked flows of every namespace. */
export class ConntrackTable {
  readonly t: Table<typeof columns> = new Table(columns);
  /** of the TCP flows alone, see `more` */
  readonly windows: Table<typeof windowColumns> = new Table(windowColumns);
  private tuples: Int32Array = new Int32Array(0);
  private slots: Int32Array = new Int32Array(FIRST_SLOTS);
  /** nodes in slots */
  private hashed = 0;
  /** rows that are gone but may still be looked at by a packet under way: [row, time], oldest first */
  leaving: (readonly [number, number])[] = [];
  /** by namespace, what its settings say; taken out when they change (a cache, see conntrack-timeouts.ts) @internal */
  readonly settings: unknown[] = [];
  /** where the search for timed-out rows goes on */
  sweep = 1;

  /** A new row; `zoneDir` says which directions the zone counts for: 3 both, 1 original, 2 reply. Its tuples are to be set. */
  add(ns: number, proto: number, zone: number, zoneDir: number): number {
    const row = this.t.alloc();
    const words = this.t.live.length * ROW_WORDS;
    if (this.tuples.length < words) this.tuples = widened(this.tuples, words);
    this.tuples[row * ROW_WORDS + PLACE] = (ns << 8) | proto;
    this.tuples[row * ROW_WORDS + ZONE] = (zone << 2) | zoneDir;
    if (proto === PROTO.TCP) this.t.c.more[row] = this.windows.alloc();
    return row;
  }

  /** Gives a row back. */
  release(row: number): void {
    if (this.proto(row) === PROTO.TCP) this.windows.release(this.t.c.more[row]!);
    this.t.release(row);
  }

  /** `dir` 0 original, 1 reply; ports below 65536. */
  setTuple(row: number, dir: number, src: number, dst: number, sport: number, dport: number): void {
    const at = row * ROW_WORDS + dir * TUPLE_WORDS;
    this.tuples[at] = src;
    this.tuples[at + 1] = dst;
    this.tuples[at + 2] = (sport << 16) | dport;
  }

  /** Source of a tuple; `dir` 0 original, 1 reply. */
  src(row: number, dir: number): number {
    return this.tuples[row * ROW_WORDS + dir * TUPLE_WORDS]!;
  }

  /** Destination of a tuple. */
  dst(row: number, dir: number): number {
    return this.tuples[row * ROW_WORDS + dir * TUPLE_WORDS + 1]!;
  }

  /** Source port of a tuple. */
  sport(row: number, dir: number): number {
    return this.tuples[row * ROW_WORDS + dir * TUPLE_WORDS + 2]! >>> 16;
  }

  /** Destination port of a tuple. */
  dport(row: number, dir: number): number {
    return this.tuples[row * ROW_WORDS + dir * TUPLE_WORDS + 2]! & 65535;
  }

  /** Namespace of a flow. */
  ns(row: number): number {
    return this.tuples[row * ROW_WORDS + PLACE]! >>> 8;
  }

  /** Protocol of a flow. */
  proto(row: number): number {
    return this.tuples[row * ROW_WORDS + PLACE]! & 255;
  }

  /** Zone of a flow. */
  zone(row: number): number {
    return this.tuples[row * ROW_WORDS + ZONE]! >>> 2;
  }

  /** Which directions the zone counts for: 3 both, 1 original, 2 reply. */
  zoneDir(row: number): number {
    return this.tuples[row * ROW_WORDS + ZONE]! & 3;
  }

  /** ns: from here on a UDP flow seen in both directions is a stream. */
  streamAt(row: number): number {
    return this.t.c.more[row]!;
  }

  /** Says from when on, ns, a UDP flow seen in both directions is a stream. */
  setStreamAt(row: number, time: number): void {
    this.t.c.more[row] = time;
  }

  /** Node (2 * row + direction) of a confirmed tuple, 0 if there is none. */
  find(ns: number, src: number, dst: number, sport: number, dport: number, proto: number, zone: number): number {
    const { tuples, slots } = this;
    const ports = (sport << 16) | dport;
    const place = (ns << 8) | proto;
    const hash = hashOf(place, src, dst, ports);
    const mask = slots.length - 1;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = slots[i]!;
      if (slot === 0) return 0;
      if ((slot ^ hash) >>> NODE_BITS !== 0) continue;
      const node = slot & NODE;
      const row = (node >> 1) * ROW_WORDS;
      const at = row + (node & 1) * TUPLE_WORDS;
      if (tuples[at] !== src || tuples[at + 2] !== ports || tuples[at + 1] !== dst || tuples[row + PLACE] !== place) continue;
      const word = tuples[row + ZONE]!;
      if (((word & (1 << (node & 1))) !== 0 ? word >>> 2 : 0) === zone) return node;
    }
  }

  /** Puts both tuples of a row into the hash. */
  insert(row: number): void {
    if ((this.hashed + 2) * 2 > this.slots.length) this.rehash(this.slots.length * 2, row);
    this.put(row * 2);
    this.put(row * 2 + 1);
    this.hashed += 2;
  }

  /** Takes both tuples of a row out of the hash. */
  unhash(row: number): void {
    this.take(row * 2);
    this.take(row * 2 + 1);
    this.hashed -= 2;
  }

  /** The zone that counts in one direction, 0 original, 1 reply. */
  zoneOf(row: number, dir: number): number {
    return (this.zoneDir(row) & (1 << dir)) !== 0 ? this.zone(row) : 0;
  }

  /** What it holds, as plain data. */
  save(): ConntrackState {
    const { top } = this.t;
    return {
      table: this.t.save(),
      windows: this.windows.save(),
      tuples: this.tuples.slice(0, top * ROW_WORDS),
      slots: this.slots.slice(),
      hashed: this.hashed,
      leaving: [...this.leaving],
      sweep: this.sweep,
    };
  }

  /** Takes on a saved state. */
  restore(state: ConntrackState): void {
    this.t.restore(state.table);
    this.windows.restore(state.windows);
    this.tuples = widened(state.tuples, this.t.live.length * ROW_WORDS);
    this.slots = state.slots.slice();
    this.hashed = state.hashed;
    this.leaving = [...state.leaving];
    this.sweep = state.sweep;
    this.settings.length = 0;
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const c = this.t.c;
    for (let row = 1; row < this.t.top; row++) {
      if (this.t.live[row] !== 1) continue;
      digest.i32(row);
      digest.i32(c.status[row]!);
      digest.i32(c.tcpState[row]!);
      digest.i32((this.sport(row, 0) << 16) | this.dport(row, 0));
      digest.i32((this.sport(row, 1) << 16) | this.dport(row, 1));
      digest.i32(c.mark[row]!);
      digest.f64(c.timeout[row]!);
    }
  }

  private hashOfNode(node: number): number {
    const row = (node >> 1) * ROW_WORDS;
    const at = row + (node & 1) * TUPLE_WORDS;
    return hashOf(this.tuples[row + PLACE]!, this.tuples[at]!, this.tuples[at + 1]!, this.tuples[at + 2]!);
  }

  private put(node: number): void {
    if (node > NODE) throw new BrokenInvariant("too many connections at once", { step: 0, seed: 0, detail: { node } });
    const hash = this.hashOfNode(node);
    const mask = this.slots.length - 1;
    let i = hash & mask;
    while (this.slots[i] !== 0) i = (i + 1) & mask;
    this.slots[i] = (hash & ~NODE) | node;
  }

  /** Those behind the empty slot that would be looked for before it move up. */
  private take(node: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let empty = this.hashOfNode(node) & mask;
    while ((slots[empty]! & NODE) !== node) {
      if (slots[empty] === 0) return;
      empty = (empty + 1) & mask;
    }
    for (let i = (empty + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      const wanted = this.hashOfNode(slots[i]! & NODE) & mask;
      if (((i - wanted) & mask) < ((i - empty) & mask)) continue;
      slots[empty] = slots[i]!;
      empty = i;
    }
    slots[empty] = 0;
  }

  /** All rows but the one that is about to be put in. */
  private rehash(size: number, except: number): void {
    this.slots = new Int32Array(size);
    for (let row = 1; row < this.t.top; row++) {
      if (row === except || this.t.live[row] !== 1 || (this.t.c.status[row]! & CTS.confirmed) === 0 || (this.t.c.status[row]! & CTS.dying) !== 0) continue;
      this.put(row * 2);
      this.put(row * 2 + 1);
    }
  }
}

function hashOf(place: number, src: number, dst: number, ports: number): number {
  let h = Math.imul((src + Math.imul(dst, 0x9e3779b1)) ^ ports, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ place, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

function widened(array: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
}
