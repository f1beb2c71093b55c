/** Which port a MAC is behind (net/bridge/br_fdb.c): learned from sources, aged when asked, never consulted once too old. */
import { SECOND } from "../../base/time.js";
import { STEP } from "../../trace/kinds.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { FDBF } from "./fdb-table.js";

const VXLAN_AGEING = 300 * SECOND;

/** Whether an entry has been silent for the ageing time; the kernel's collector would have removed it. */
export function isAged(s: Stack, row: number): boolean {
  const c = s.fdb.rows.c;
  if ((c.flags[row]! & (FDBF.permanent | FDBF.static)) !== 0) return false;
  const ageing = s.devInfo.get(c.owner[row]!)?.bridge?.ageing ?? VXLAN_AGEING;
  return c.updated[row]! + ageing <= s.engine.now;
}

/** The entry of a MAC, 0 if there is none that counts. */
export function findEntry(s: Stack, owner: number, mac: number): number {
  const row = s.fdb.find(owner, mac);
  if (row === 0 || !isAged(s, row)) return row;
  s.fdb.remove(row);
  return 0;
}

/** br_fdb_update: the frame's source is behind `port` from now on. */
export function learn(s: Stack, p: number, bridge: number, port: number): void {
  const mac = s.packets.c.macSrc[p]!;
  if (s.devInfo.get(bridge)!.bridge!.ageing === 0) return;
  let row = findEntry(s, bridge, mac);
  if (row !== 0) {
    const c = s.fdb.rows.c;
    if ((c.flags[row]! & FDBF.local) !== 0) return;
    c.updated[row] = s.engine.now;
    if (c.port[row] === port) return;
  } else row = s.fdb.add(bridge, mac);
  const c = s.fdb.rows.c;
  c.port[row] = port;
  c.updated[row] = s.engine.now;
  if (s.trace !== null) traceStep(s, STEP.BRIDGE_LEARN, p, s.dev.c.ns[bridge]!, bridge, port, 0);
}
