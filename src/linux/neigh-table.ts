import { type Digest, mix32 } from "../base/hash.js";
import { Table, type TableState } from "../engine/table.js";
import { RowLists } from "./row-lists.js";

/** Neighbour states, numbered as NUD_* in linux/neighbour.h. */
export const NUD = Object.freeze({
  none: 0,
  incomplete: 1,
  reachable: 2,
  stale: 4,
  delay: 8,
  probe: 16,
  failed: 32,
  noarp: 64,
  permanent: 128,
  /** sets of states, as the kernel groups them */
  inTimer: 1 | 2 | 8 | 16,
  valid: 128 | 64 | 2 | 16 | 4 | 8,
  connected: 128 | 64 | 2,
} as const);

const neighColumns = {
  dev: "i32",
  /** Addr */
  addr: "i32",
  mac: "f64",
  state: "u8",
  probes: "u8",
  /** a packet has been sent by it, so that its link-layer header is cached (neigh->hh) */
  cached: "u8",
  /** says of itself that it is a router (NTF_ROUTER) */
  router: "u8",
  /** last use, confirmation and change, ns */
  used: "f64",
  confirmed: "f64",
  updated: "f64",
  /** id of the pending timer event, 0 if none */
  timer: "f64",
  /** first and last row of the queue of parked packets, and what it weighs */
  head: "i32",
  tail: "i32",
  queued: "i32",
  bytes: "i32",
  cause: "i32",
  /** next row of the same hash bucket */
  next: "i32",
  /** neighbours of the same device */
  after: "i32",
  before: "i32",
} as const;

const parkedColumns = { packet: "i32", next: "i32", size: "i32" } as const;

/** A saved `NeighbourTable`. */
export interface NeighbourTableState {
  readonly rows: TableState;
  readonly parked: TableState;
}

/** Neighbours of all devices by (device, address), and the packets that wait for their MACs. */
export class NeighbourTable {
  readonly rows: Table<typeof neighColumns> = new Table(neighColumns, 64);
  readonly parked: Table<typeof parkedColumns> = new Table(parkedColumns, 16);
  private buckets: Int32Array = new Int32Array(64);
  private readonly byDevice: RowLists = new RowLists();

  /** The row of a neighbour, 0 if there is none. */
  find(dev: number, addr: number): number {
    const c = this.rows.c;
    for (let row = this.buckets[this.bucket(dev, addr)]!; row !== 0; row = c.next[row]!) {
      if (c.addr[row] === addr && c.dev[row] === dev) return row;
    }
    return 0;
  }

  /** A new row in state none; the caller has looked that there is no other. */
  add(dev: number, addr: number): number {
    const row = this.rows.alloc();
    const c = this.rows.c;
    c.dev[row] = dev;
    c.addr[row] = addr;
    this.byDevice.add(c, dev, row);
    if (this.rows.count > this.buckets.length) this.reindex(this.buckets.length * 2);
    else this.link(row);
    return row;
  }

  /** Takes a row out; its parked packets have been taken before. */
  remove(row: number): void {
    const c = this.rows.c;
    const at = this.bucket(c.dev[row]!, c.addr[row]!);
    let last = 0;
    for (let r = this.buckets[at]!; r !== row && r !== 0; r = c.next[r]!) last = r;
    if (last === 0) this.buckets[at] = c.next[row]!;
    else c.next[last] = c.next[row]!;
    this.byDevice.remove(c, c.dev[row]!, row);
    this.rows.release(row);
  }

  /** Rows of a device's neighbours, lowest first. */
  of(dev: number): number[] {
    return this.byDevice.of(this.rows.c, dev);
  }

  /** Puts a packet at the end of a neighbour's queue. */
  park(row: number, packet: number, size: number): void {
    const entry = this.parked.alloc();
    const q = this.parked.c;
    q.packet[entry] = packet;
    q.size[entry] = size;
    const c = this.rows.c;
    if (c.tail[row] === 0) c.head[row] = entry;
    else q.next[c.tail[row]!] = entry;
    c.tail[row] = entry;
    c.queued[row]!++;
    c.bytes[row]! += size;
  }

  /** Takes the first packet of a neighbour's queue, 0 if it is empty. */
  unpark(row: number): number {
    const c = this.rows.c;
    const entry = c.head[row]!;
    if (entry === 0) return 0;
    const q = this.parked.c;
    c.head[row] = q.next[entry]!;
    if (c.head[row] === 0) c.tail[row] = 0;
    c.queued[row]!--;
    c.bytes[row]! -= q.size[entry]!;
    const packet = q.packet[entry]!;
    this.parked.release(entry);
    return packet;
  }

  /** The packet parked last, 0 if there is none; it stays where it is. */
  lastParked(row: number): number {
    const entry = this.rows.c.tail[row]!;
    return entry === 0 ? 0 : this.parked.c.packet[entry]!;
  }

  /** What it holds, as plain data. */
  save(): NeighbourTableState {
    return { rows: this.rows.save(), parked: this.parked.save() };
  }

  /** Takes on a saved state. */
  restore(state: NeighbourTableState): void {
    this.rows.restore(state.rows);
    this.parked.restore(state.parked);
    this.reindex(this.buckets.length);
    this.byDevice.clear();
    for (let r = 1; r < this.rows.top; r++) if (this.rows.live[r] === 1) this.byDevice.add(this.rows.c, this.rows.c.dev[r]!, r);
  }

  /** Folds what can decide a later step; the order of rows is part of the state. */
  fold(digest: Digest): void {
    const { c, live, top } = this.rows;
    digest.i32(this.rows.count);
    for (let r = 1; r < top; r++) {
      if (live[r] !== 1) continue;
      digest.i32(r);
      digest.i32(c.dev[r]!);
      digest.i32(c.addr[r]!);
      digest.f64(c.mac[r]!);
      digest.i32(c.state[r]! | (c.probes[r]! << 8) | (c.router[r]! << 16));
      digest.f64(c.used[r]!);
      digest.f64(c.confirmed[r]!);
      digest.f64(c.updated[r]!);
      digest.i32(c.timer[r] === 0 ? 0 : 1);
      for (let e = c.head[r]!; e !== 0; e = this.parked.c.next[e]!) digest.i32(this.parked.c.packet[e]!);
    }
  }

  private bucket(dev: number, addr: number): number {
    return mix32(dev, addr) & (this.buckets.length - 1);
  }

  private link(row: number): void {
    const c = this.rows.c;
    const at = this.bucket(c.dev[row]!, c.addr[row]!);
    c.next[row] = this.buckets[at]!;
    this.buckets[at] = row;
  }

  private reindex(size: number): void {
    let wanted = size;
    while (wanted < this.rows.count) wanted *= 2;
    this.buckets = new Int32Array(wanted);
    for (let r = 1; r < this.rows.top; r++) if (this.rows.live[r] === 1) this.link(r);
  }
}
