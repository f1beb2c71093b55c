/**
 * The learning bridge: what comes in by a port, and what the machine sends by the bridge device.
 *
 * Kernel: net/bridge/br_input.c (br_handle_frame, br_handle_frame_finish, br_pass_frame_up), br_forward.c (br_flood,
 * __br_forward), br_device.c (br_dev_xmit). No VLAN filtering, spanning tree or multicast snooping.
 */
import { DROP } from "../../base/codes.js";
import { BROADCAST_MAC, isMulticastMac } from "../../base/mac.js";
import { PACKET_META } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { countRx, countTx, isUnicastMac, portsOf } from "../device.js";
import { splitPacket } from "../fragment.js";
import { cloneOf } from "../nf/conntrack.js";
import { DEVF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { findEntry, learn } from "./bridge-fdb.js";
import { bridgeForwardHooks, bridgePrerouting, callsIptables } from "./bridge-nf.js";
import { isForwarding } from "./bridge-port.js";
import { FDBF } from "./fdb-table.js";
import { fillInner, fitsDevice, frameBytes, networkBytes } from "./frame.js";

/** 01:80:c2:00:00:01 to 0f: for the next bridge alone, never passed on. */
const LINK_LOCAL = 0x0180c2000000;

/** What a bridge does with the frames of its own machine. */
export type TakesUp = (s: Stack, p: number, bridge: number) => void;

/** br_handle_frame: `up` takes the frames that are for this machine. */
export function bridgeReceive(s: Stack, p: number, port: number, up: TakesUp): void {
  const c = s.packets.c;
  const bridge = s.dev.c.master[port]!;
  const ns = s.dev.c.ns[port]!;
  const to = c.macDst[p]!;
  if (!isUnicastMac(c.macSrc[p]!)) {
    s.op.drop(p, ns, port, DROP.MAC_INVALID_SOURCE);
    return;
  }
  if (!isForwarding(s, port) || (to > LINK_LOCAL && to <= LINK_LOCAL + 15)) {
    s.op.drop(p, ns, port, DROP.BRIDGE_INGRESS_STP_STATE);
    return;
  }
  if (to === s.dev.c.mac[bridge]) c.meta[p]! &= ~PACKET_META.OTHERHOST;
  const shown = callsIptables(s, p, ns) ? bridgePrerouting(s, p, bridge, port) : p;
  if (shown !== 0) bridgeForward(s, shown, bridge, port, up);
}

/** br_handle_frame_finish: learns, then to the one port, to all, or up. */
function bridgeForward(s: Stack, p: number, bridge: number, port: number, up: TakesUp): void {
  const c = s.packets.c;
  const flags = s.dev.c.flags;
  if ((flags[port]! & DEVF.learning) !== 0) learn(s, p, bridge, port);
  const to = c.macDst[p]!;
  const promiscuous = (flags[bridge]! & DEVF.promisc) !== 0;
  if (isMulticastMac(to)) {
    flood(s, p, bridge, port, to === BROADCAST_MAC, true);
    passUp(s, p, bridge, up);
    return;
  }
  const row = findEntry(s, bridge, to);
  if (row !== 0 && (s.fdb.rows.c.flags[row]! & FDBF.local) !== 0) {
    passUp(s, p, bridge, up);
    return;
  }
  if (row === 0) flood(s, p, bridge, port, false, promiscuous);
  else {
    s.fdb.rows.c.used[row] = s.engine.now;
    toPort(s, p, bridge, s.fdb.rows.c.port[row]!, port, promiscuous);
  }
  if (promiscuous) passUp(s, p, bridge, up);
}

/** br_pass_frame_up; the bridge counts what it takes without the Ethernet header. */
function passUp(s: Stack, p: number, bridge: number, up: TakesUp): void {
  countRx(s, bridge, networkBytes(s, p));
  s.packets.c.dev[p] = bridge;
  if (s.trace !== null) traceStep(s, STEP.BRIDGE_UP, p, s.dev.c.ns[bridge]!, bridge, 0, 0);
  up(s, p, bridge);
}

/** should_deliver; `from` is 0 for frames of the machine itself. */
function mayLeave(s: Stack, port: number, from: number): boolean {
  return isForwarding(s, port) && (port !== from || (s.dev.c.flags[port]! & DEVF.hairpin) !== 0);
}

/** br_forward; with `keep` the packet stays the caller's and a copy goes. */
function toPort(s: Stack, p: number, bridge: number, port: number, from: number, keep: boolean): void {
  if (port === 0 || !mayLeave(s, port, from)) {
    if (!keep) s.op.drop(p, s.dev.c.ns[bridge]!, bridge, DROP.BRIDGE_NO_EGRESS_PORT);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.BRIDGE_FORWARD, p, s.dev.c.ns[bridge]!, bridge, port, 0);
  leave(s, keep ? cloneOf(s, p) : p, bridge, port);
}

/** br_flood: a copy out of each port, the packet itself out of the last one unless it is kept. */
function flood(s: Stack, p: number, bridge: number, from: number, broadcast: boolean, keep: boolean): void {
  const group = broadcast || isMulticastMac(s.packets.c.macDst[p]!);
  const out = portsOf(s, bridge).filter((port) => mayLeave(s, port, from) && (group || (s.dev.c.flags[port]! & DEVF.flood) !== 0));
  const ns = s.dev.c.ns[bridge]!;
  if (out.length === 0) {
    if (!keep) s.op.drop(p, ns, bridge, DROP.BRIDGE_NO_EGRESS_PORT);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.BRIDGE_FLOOD, p, ns, bridge, out.length, 0);
  const last = out.length - 1;
  out.forEach((port, i) => {
    const copy = keep || i < last ? cloneOf(s, p) : p;
    if (copy !== p && s.trace !== null) traceStep(s, STEP.CLONE, copy, ns, bridge, p, port);
    leave(s, copy, bridge, port);
  });
}

/** __br_forward. */
function leave(s: Stack, p: number, bridge: number, port: number): void {
  const shown = (s.packets.c.meta[p]! & PACKET_META.BRIDGED) !== 0;
  if (!bridgeForwardHooks(s, p, bridge, port)) return;
  if (shown && mustSplit(s, p, port)) for (const piece of splitPacket(s, p, pieceSize(s, p, port), port)) push(s, piece, bridge, port);
  else push(s, p, bridge, port);
}

/** br_nf_dev_queue_xmit: what iptables saw whole leaves in pieces as it came. */
function mustSplit(s: Stack, p: number, port: number): boolean {
  const c = s.packets.c;
  return c.fragMax[p] !== 0 && c.ipLen[p]! > pieceSize(s, p, port);
}

function pieceSize(s: Stack, p: number, port: number): number {
  return Math.min(s.dev.c.mtu[port]!, s.packets.c.fragMax[p]!);
}

/** br_dev_queue_push_xmit */
function push(s: Stack, p: number, bridge: number, port: number): void {
  if (!fitsDevice(s, p, port)) {
    s.op.drop(p, s.dev.c.ns[bridge]!, port, DROP.PKT_TOO_BIG);
    return;
  }
  s.op.transmit(p, port);
}

/** br_dev_xmit. */
export function bridgeTransmit(s: Stack, p: number, bridge: number): void {
  const c = s.packets.c;
  fillInner(s, p);
  countTx(s, bridge, frameBytes(s, p));
  const to = c.macDst[p]!;
  const row = isMulticastMac(to) ? 0 : findEntry(s, bridge, to);
  if (row === 0) flood(s, p, bridge, 0, to === BROADCAST_MAC, false);
  else toPort(s, p, bridge, s.fdb.rows.c.port[row]!, 0, false);
}

/** br_nf_pre_routing_finish_bridge_slow: a DNATed frame that waited for its new MAC goes on from the port it came in by. */
export function bridgeResume(s: Stack, p: number, bridge: number, up: TakesUp): void {
  const c = s.packets.c;
  const port = c.physIn[p]!;
  c.meta[p]! &= ~PACKET_META.BRIDGED_DNAT;
  c.macSrc[p] = c.arpSha[p]!;
  c.arpSha[p] = 0;
  if (!portsOf(s, bridge).includes(port)) {
    s.op.drop(p, s.dev.c.ns[bridge]!, bridge, DROP.LINK_DOWN);
    return;
  }
  c.dev[p] = port;
  bridgeForward(s, p, bridge, port, up);
}
