/**
 * Tracked connections of every namespace: one row each, found by either of its two tuples.
 *
 * A tuple is (namespace, source, destination, two ports, protocol); for ICMP the ports are the identifier and type * 256 +
 * code, as in the kernel's nf_conntrack_tuple. Both tuples hang in one open hash of chains: node 2 * row is the original
 * direction, 2 * row + 1 the reply. Rows that are not confirmed yet hang in no chain. State only; see `conntrack.ts`.
 */
import type { Digest } from "../../base/hash.js";
import { type Columns, Table, type TableState } from "../../engine/table.js";
import { flowHash } from "../../packet/flow-key.js";

const columns = {
  ns: "i32",
  origSrc: "i32",
  origDst: "i32",
  replSrc: "i32",
  replDst: "i32",
  origSport: "u16",
  origDport: "u16",
  replSport: "u16",
  replDport: "u16",
  proto: "u8",
  tcpState: "u8",
  /** IPS_* bits, see CTS */
  status: "i32",
  mark: "i32",
  zone: "u16",
  /** which directions the zone counts for: 3 both, 1 original, 2 reply */
  zoneDir: "u8",
  /** ns; of an unconfirmed flow: how long it will live from its confirmation */
  timeout: "f64",
  /** ns: from here on a UDP flow seen in both directions is a stream */
  streamAt: "f64",
  /** next node in the chain of the original, and of the reply tuple */
  nextOrig: "i32",
  nextRepl: "i32",
  /** device of a masqueraded flow, 0 if none */
  masqDev: "i32",
  // What TCP window tracking knows of each sender (ip_ct_tcp_state): highest byte sent, highest allowed, window, highest ack.
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

export type ConntrackColumns = Columns<typeof columns>;

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
} as const);

/** `ctInfo` of a packet, numbered as enum ip_conntrack_info. */
export const CTINFO = Object.freeze({ established: 0, related: 1, new: 2, establishedReply: 3, relatedReply: 4, untracked: 7 } as const);

/** 0 original, 1 reply (CTINFO2DIR). */
export function directionOf(ctInfo: number): 0 | 1 {
  return ctInfo >= CTINFO.establishedReply && ctInfo !== CTINFO.untracked ? 1 : 0;
}

const FIRST_BUCKETS = 64;

/** A saved `ConntrackTable`. */
export interface ConntrackState {
  readonly table: TableState;
  readonly buckets: Int32Array;
  readonly hashed: number;
  readonly leaving: readonly (readonly [number, number])[];
  readonly sweep: number;
}

/** The tracked flows of every namespace. */
export class ConntrackTable {
  readonly t: Table<typeof columns> = new Table(columns);
  private buckets: Int32Array = new Int32Array(FIRST_BUCKETS);
  /** nodes in chains */
  private hashed = 0;
  /** rows that are gone but may still be looked at by a packet under way: [row, time], oldest first */
  leaving: (readonly [number, number])[] = [];
  /** where the search for timed-out rows goes on */
  sweep = 1;

  /** Node (2 * row + direction) of a confirmed tuple, 0 if there is none. `dir` -1 accepts either direction's zone. */
  find(ns: number, src: number, dst: number, sport: number, dport: number, proto: number, zone: number): number {
    const c = this.t.c;
    let node = this.buckets[this.bucket(ns, src, dst, sport, dport, proto)]!;
    while (node !== 0) {
      const row = node >> 1;
      if ((node & 1) === 0) {
        if (c.origSport[row] === sport && c.origSrc[row] === src && c.origDst[row] === dst && c.origDport[row] === dport && c.proto[row] === proto && c.ns[row] === ns && this.zoneOf(row, 0) === zone) return node;
        node = c.nextOrig[row]!;
      } else {
        if (c.replSport[row] === sport && c.replSrc[row] === src && c.replDst[row] === dst && c.replDport[row] === dport && c.proto[row] === proto && c.ns[row] === ns && this.zoneOf(row, 1) === zone) return node;
        node = c.nextRepl[row]!;
      }
    }
    return 0;
  }

  /** Hangs both tuples of a row into their chains. */
  insert(row: number): void {
    if (this.hashed + 2 > this.buckets.length) this.rehash(this.buckets.length * 4, row);
    this.hang(row);
    this.hashed += 2;
  }

  /** Takes both tuples of a row out of their chains. */
  unhash(row: number): void {
    const c = this.t.c;
    this.unlink(this.bucket(c.ns[row]!, c.origSrc[row]!, c.origDst[row]!, c.origSport[row]!, c.origDport[row]!, c.proto[row]!), row * 2);
    this.unlink(this.bucket(c.ns[row]!, c.replSrc[row]!, c.replDst[row]!, c.replSport[row]!, c.replDport[row]!, c.proto[row]!), row * 2 + 1);
    this.hashed -= 2;
  }

  /** The zone of a flow in one direction (0 original, 1 reply). */
  zoneOf(row: number, dir: number): number {
    return (this.t.c.zoneDir[row]! & (1 << dir)) !== 0 ? this.t.c.zone[row]! : 0;
  }

  /** What it holds, as plain data. */
  save(): ConntrackState {
    return { table: this.t.save(), buckets: this.buckets.slice(), hashed: this.hashed, leaving: [...this.leaving], sweep: this.sweep };
  }

  /** Takes on a saved state. */
  restore(state: ConntrackState): void {
    this.t.restore(state.table);
    this.buckets = state.buckets.slice();
    this.hashed = state.hashed;
    this.leaving = [...state.leaving];
    this.sweep = state.sweep;
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const c = this.t.c;
    for (let row = 1; row < this.t.top; row++) {
      if (this.t.live[row] !== 1) continue;
      digest.i32(row);
      digest.i32(c.status[row]!);
      digest.i32(c.tcpState[row]!);
      digest.i32((c.origSport[row]! << 16) | c.origDport[row]!);
      digest.i32((c.replSport[row]! << 16) | c.replDport[row]!);
      digest.i32(c.mark[row]!);
      digest.f64(c.timeout[row]!);
    }
  }

  private bucket(ns: number, src: number, dst: number, sport: number, dport: number, proto: number): number {
    return flowHash(src ^ Math.imul(ns, 0x2545f491), dst, sport, dport, proto) & (this.buckets.length - 1);
  }

  private hang(row: number): void {
    const c = this.t.c;
    const original = this.bucket(c.ns[row]!, c.origSrc[row]!, c.origDst[row]!, c.origSport[row]!, c.origDport[row]!, c.proto[row]!);
    c.nextOrig[row] = this.buckets[original]!;
    this.buckets[original] = row * 2;
    const reply = this.bucket(c.ns[row]!, c.replSrc[row]!, c.replDst[row]!, c.replSport[row]!, c.replDport[row]!, c.proto[row]!);
    c.nextRepl[row] = this.buckets[reply]!;
    this.buckets[reply] = row * 2 + 1;
  }

  private unlink(bucket: number, node: number): void {
    const c = this.t.c;
    const after = (n: number): number => ((n & 1) === 0 ? c.nextOrig[n >> 1]! : c.nextRepl[n >> 1]!);
    let at = this.buckets[bucket]!;
    if (at === node) {
      this.buckets[bucket] = after(node);
      return;
    }
    while (at !== 0) {
      const next = after(at);
      if (next === node) {
        if ((at & 1) === 0) c.nextOrig[at >> 1] = after(node);
        else c.nextRepl[at >> 1] = after(node);
        return;
      }
      at = next;
    }
  }

  /** All rows but the one that is about to be hung. */
  private rehash(size: number, except: number): void {
    this.buckets = new Int32Array(size);
    for (let row = 1; row < this.t.top; row++) {
      if (row !== except && this.t.live[row] === 1 && (this.t.c.status[row]! & CTS.confirmed) !== 0 && (this.t.c.status[row]! & CTS.dying) === 0) this.hang(row);
    }
  }
}
