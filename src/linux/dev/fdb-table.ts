import { type Digest, mix32 } from "../../base/hash.js";
import { Table, type TableState } from "../../engine/table.js";
import { RowLists } from "../row-lists.js";

/** Bits of `flags`: kept for ever, of the bridge or port itself, kept until deleted, written by a person. */
export const FDBF = Object.freeze({ permanent: 1, local: 2, static: 4, user: 8 } as const);

const fdbColumns = {
  /** the bridge or VXLAN device whose table this is */
  owner: "i32",
  mac: "f64",
  /** bridge: port, 0 for the bridge itself */
  port: "i32",
  /** VXLAN: the other end of the tunnel (Addr) */
  remote: "i32",
  flags: "u8",
  /** last frame from, and last frame to this address, ns */
  updated: "f64",
  used: "f64",
  /** VXLAN: next destination of the same address, in the order they were given */
  more: "i32",
  cause: "i32",
  /** next row of the same hash bucket */
  next: "i32",
  /** first rows of the same owner */
  after: "i32",
  before: "i32",
} as const;

/** Forwarding databases of all bridges and VXLAN devices: (device, MAC) to a port or to remote ends. */
export class FdbTable {
  readonly rows: Table<typeof fdbColumns> = new Table(fdbColumns, 64);
  private buckets: Int32Array = new Int32Array(64);
  private readonly byOwner: RowLists = new RowLists();

  /** First row of an address, 0 if there is none; further destinations hang on `more`. */
  find(owner: number, mac: number): number {
    const c = this.rows.c;
    for (let row = this.buckets[this.bucket(owner, mac)]!; row !== 0; row = c.next[row]!) {
      if (c.mac[row] === mac && c.owner[row] === owner) return row;
    }
    return 0;
  }

  /** A new entry; the caller has looked that the address has none. */
  add(owner: number, mac: number): number {
    const row = this.rows.alloc();
    const c = this.rows.c;
    c.owner[row] = owner;
    c.mac[row] = mac;
    this.byOwner.add(c, owner, row);
    if (this.rows.count > this.buckets.length) this.reindex(this.buckets.length * 2);
    else this.link(row);
    return row;
  }

  /** One more destination of an address that has a row. */
  addMore(first: number): number {
    const row = this.rows.alloc();
    const c = this.rows.c;
    c.owner[row] = c.owner[first]!;
    c.mac[row] = c.mac[first]!;
    let last = first;
    while (c.more[last] !== 0) last = c.more[last]!;
    c.more[last] = row;
    return row;
  }

  /** Takes out an address with all its destinations. */
  remove(first: number): void {
    const c = this.rows.c;
    this.unlink(first);
    this.byOwner.remove(c, c.owner[first]!, first);
    let row = first;
    while (row !== 0) {
      const more = c.more[row]!;
      this.rows.release(row);
      row = more;
    }
  }

  /** Takes out one destination of an address; the address goes with its last one. */
  removeOne(first: number, row: number): void {
    const c = this.rows.c;
    if (row === first) {
      const second = c.more[first]!;
      this.unlink(first);
      this.byOwner.remove(c, c.owner[first]!, first);
      this.rows.release(first);
      if (second === 0) return;
      this.link(second);
      this.byOwner.add(c, c.owner[second]!, second);
      return;
    }
    let last = first;
    while (c.more[last] !== row) last = c.more[last]!;
    c.more[last] = c.more[row]!;
    this.rows.release(row);
  }

  /** First rows of the addresses in a device's table, lowest first. */
  of(owner: number): number[] {
    return this.byOwner.of(this.rows.c, owner);
  }

  /** Takes out every address of `owner` that `which` names by its first row. */
  removeWhere(owner: number, which: (row: number) => boolean): void {
    for (const row of this.of(owner)) if (which(row)) this.remove(row);
  }

  private firstRows(): number[] {
    const { live, top, c } = this.rows;
    const later = new Set<number>();
    for (let r = 1; r < top; r++) if (live[r] === 1 && c.more[r] !== 0) later.add(c.more[r]!);
    const rows: number[] = [];
    for (let r = 1; r < top; r++) if (live[r] === 1 && !later.has(r)) rows.push(r);
    return rows;
  }

  /** What it holds, as plain data. */
  save(): TableState {
    return this.rows.save();
  }

  /** Takes on a saved state. */
  restore(state: TableState): void {
    this.rows.restore(state);
    this.reindex(this.buckets.length);
    this.byOwner.clear();
    for (const row of this.firstRows()) this.byOwner.add(this.rows.c, this.rows.c.owner[row]!, row);
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    const { c, live, top } = this.rows;
    digest.i32(this.rows.count);
    for (let r = 1; r < top; r++) {
      if (live[r] !== 1) continue;
      digest.i32(r);
      digest.i32(c.owner[r]!);
      digest.f64(c.mac[r]!);
      digest.i32(c.port[r]!);
      digest.i32(c.remote[r]!);
      digest.i32(c.flags[r]!);
      digest.i32(c.more[r]!);
      digest.f64(c.updated[r]!);
    }
  }

  private bucket(owner: number, mac: number): number {
    return mix32(mix32(owner, mac | 0), Math.floor(mac / 4294967296)) & (this.buckets.length - 1);
  }

  private link(row: number): void {
    const c = this.rows.c;
    const at = this.bucket(c.owner[row]!, c.mac[row]!);
    c.next[row] = this.buckets[at]!;
    this.buckets[at] = row;
  }

  private unlink(row: number): void {
    const c = this.rows.c;
    const at = this.bucket(c.owner[row]!, c.mac[row]!);
    let last = 0;
    for (let r = this.buckets[at]!; r !== row && r !== 0; r = c.next[r]!) last = r;
    if (last === 0) this.buckets[at] = c.next[row]!;
    else c.next[last] = c.next[row]!;
  }

  private reindex(size: number): void {
    let wanted = size;
    while (wanted < this.rows.count) wanted *= 2;
    this.buckets = new Int32Array(wanted);
    for (const row of this.firstRows()) this.link(row);
  }
}
