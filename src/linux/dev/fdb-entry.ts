/** Entries of a VXLAN device's own table as somebody writes them (drivers/net/vxlan: vxlan_fdb_update). */
import type { Addr } from "../../base/address-book.js";
import type { Stack } from "../stack.js";
import { FDBF } from "./fdb-table.js";

/** The row of an address's destination `remote`, 0 if there is none. */
export function findRemote(s: Stack, first: number, remote: Addr): number {
  const c = s.fdb.rows.c;
  for (let row = first; row !== 0; row = c.more[row]!) if (c.remote[row] === remote) return row;
  return 0;
}

/** Adds a destination behind those that the address has; one that is there already stays as it is. */
export function addPermanent(s: Stack, dev: number, mac: number, remote: Addr, cause: number): void {
  const first = s.fdb.find(dev, mac);
  if (first !== 0 && findRemote(s, first, remote) !== 0) return;
  const row = first === 0 ? s.fdb.add(dev, mac) : s.fdb.addMore(first);
  const c = s.fdb.rows.c;
  c.remote[row] = remote;
  c.flags[row] = FDBF.permanent | FDBF.user;
  c.updated[row] = s.engine.now;
  c.cause[row] = cause;
}
