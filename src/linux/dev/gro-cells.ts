/**
 * gro_cells (include/net/gro_cells.h, net/core/gro_cells.c): what a tunnel unpacks waits in a queue of its device until the
 * kernel has no frame left in its backlog. Cables put their frames into that backlog, so whatever else goes on at the same
 * instant is over before the inner packet comes in.
 */
import { ETHERTYPE } from "../../base/codes.js";
import { EV, type Stack } from "../stack.js";

/** Rounds that others have before the cells: a poll of the backlog takes 64 frames (net.core.dev_weight). */
const ROUNDS = 64;
/** net.core.gro_normal_batch */
const BATCH = 8;

/** gro_cells_receive. */
export function toCell(s: Stack, p: number, dev: number): void {
  const { cells } = s;
  if (cells.packets.length === 0) s.engine.schedule(0, EV.cells, 0, 0);
  cells.packets = [...cells.packets, p];
  cells.devices = [...cells.devices, dev];
}

/** gro_cell_poll, device by device in the order in which they got their first; `deliver` takes a frame out of a device's backlog. */
export function pollCells(s: Stack, round: number, deliver: (p: number, dev: number) => void): void {
  if (round < ROUNDS && s.engine.nextTime() === s.engine.now) {
    s.engine.schedule(0, EV.cells, round + 1, 0);
    return;
  }
  const { packets, devices } = s.cells;
  s.cells.packets = s.cells.devices = [];
  if (packets.length === 1) {
    deliver(packets[0]!, devices[0]!);
    return;
  }
  for (const dev of new Set(devices)) {
    const own = packets.filter((_, i) => devices[i] === dev);
    for (let i = 0; i < own.length; i += BATCH) receiveList(s, own.slice(i, i + BATCH), dev, deliver);
  }
}

/** netif_receive_skb_list, ip_list_rcv: all packets of a list are through PREROUTING before the first of them is routed. */
function receiveList(s: Stack, packets: readonly number[], dev: number, deliver: (p: number, dev: number) => void): void {
  s.cells.listing = dev;
  for (const p of packets) deliver(p, dev);
  s.cells.listing = 0;
  for (const p of s.cells.list.splice(0)) {
    if (s.packets.c.etherType[p] === ETHERTYPE.IPV6) s.op.ip6ReceiveFinish(p, dev);
    else s.op.ipReceiveFinish(p, dev);
  }
}
