/**
 * Bridges and their ports as configuration: joining and leaving, the bridge's own MAC, carrier and MTU, permanent entries.
 *
 * Kernel: net/bridge/br_if.c, br_stp_if.c, br_fdb.c. There is no spanning tree: a port forwards as soon as it runs.
 */
import { BROADCAST_MAC, isMulticastMac } from "../../base/mac.js";
import { addLinkLocal } from "../addrconf.js";
import { isRunning, isUp, portsOf, setDeviceInfo } from "../device.js";
import { flushNeighbours } from "../neigh.js";
import { DEV, DEVF, type Stack } from "../stack.js";
import { FDBF } from "./fdb-table.js";

/** BR_STATE_FORWARDING: the bridge is up, the port is up and has carrier. */
export function isForwarding(s: Stack, port: number): boolean {
  return isUp(s, s.dev.c.master[port]!) && isRunning(s, port);
}

/** fdb_add_local: frames for `mac` are this machine's own. */
function addLocal(s: Stack, bridge: number, port: number, mac: number): void {
  if (mac === 0 || mac === BROADCAST_MAC || isMulticastMac(mac)) return;
  const known = s.fdb.find(bridge, mac);
  if (known !== 0) {
    if ((s.fdb.rows.c.flags[known]! & FDBF.local) !== 0) return;
    s.fdb.remove(known);
  }
  const row = s.fdb.add(bridge, mac);
  const c = s.fdb.rows.c;
  c.port[row] = port;
  c.flags[row] = FDBF.local | FDBF.permanent;
  c.updated[row] = s.engine.now;
}

/** fdb_delete_local: the address stays local if the bridge or another port has it too. */
function deleteLocal(s: Stack, bridge: number, port: number, mac: number): void {
  const row = s.fdb.find(bridge, mac);
  const c = s.fdb.rows.c;
  if (row === 0 || (c.flags[row]! & FDBF.local) === 0 || c.port[row] !== port) return;
  for (const other of portsOf(s, bridge)) {
    if (other !== port && s.dev.c.mac[other] === mac) {
      c.port[row] = other;
      return;
    }
  }
  if (port !== 0 && s.dev.c.mac[bridge] === mac) c.port[row] = 0;
  else s.fdb.remove(row);
}

/** br_stp_change_bridge_id: the bridge answers to another MAC from now on. */
export function changeBridgeMac(s: Stack, bridge: number, mac: number): void {
  deleteLocal(s, bridge, 0, s.dev.c.mac[bridge]!);
  s.dev.c.mac[bridge] = mac;
  addLocal(s, bridge, 0, mac);
  flushNeighbours(s, bridge, false);
  refreshBridgeCarrier(s, bridge);
}

/** br_stp_recalculate_bridge_id: without a MAC of its own a bridge has the lowest of its ports, or none. True: it has another one now. */
function recalculateMac(s: Stack, bridge: number): boolean {
  if (s.devInfo.get(bridge)!.macGiven === true) return false;
  let lowest = 0;
  for (const port of portsOf(s, bridge)) {
    const mac = s.dev.c.mac[port]!;
    if (lowest === 0 || mac < lowest) lowest = mac;
  }
  if (lowest === s.dev.c.mac[bridge]) return false;
  changeBridgeMac(s, bridge, lowest);
  return true;
}

/** br_mtu_auto_adjust: as large as the smallest port's. */
function recalculateMtu(s: Stack, bridge: number): void {
  if (s.devInfo.get(bridge)!.mtuGiven === true) return;
  const mtus = portsOf(s, bridge).map((port) => s.dev.c.mtu[port]!);
  s.dev.c.mtu[bridge] = mtus.length === 0 ? 1500 : Math.min(...mtus);
}

/** br_port_state_selection: a bridge has carrier while one of its ports forwards. */
export function refreshBridgeCarrier(s: Stack, bridge: number): void {
  const c = s.dev.c;
  const before = c.flags[bridge]!;
  const alive = isUp(s, bridge) && portsOf(s, bridge).some((port) => isRunning(s, port));
  c.flags[bridge] = alive ? before | DEVF.carrier : before & ~DEVF.carrier;
  if ((before & DEVF.carrier) !== 0 && !alive) flushNeighbours(s, bridge, true);
  else if ((before & DEVF.carrier) === 0 && alive) addLinkLocal(s, bridge);
}

/** br_dev_open: a bridge that never had a port has carrier until it gets one. */
export function openBridge(s: Stack, bridge: number): void {
  if (portsOf(s, bridge).some((port) => isRunning(s, port))) refreshBridgeCarrier(s, bridge);
}

/** br_fdb_delete_by_port: forgets what was learned at a port; `all`: the permanent entries too. */
export function flushPort(s: Stack, bridge: number, port: number, all: boolean): void {
  const c = s.fdb.rows.c;
  s.fdb.removeWhere(bridge, (row) => c.port[row] === port && (all || (c.flags[row]! & (FDBF.permanent | FDBF.static)) === 0));
}

/** br_stp_disable_bridge: no port forwards any more, and the carrier of those that did is gone. */
export function closeBridge(s: Stack, bridge: number): void {
  for (const port of portsOf(s, bridge)) flushPort(s, bridge, port, false);
  if (portsOf(s, bridge).some((port) => isRunning(s, port))) refreshBridgeCarrier(s, bridge);
}

/** A port or its bridge went up, down, or gained or lost its carrier. */
export function portChanged(s: Stack, port: number): void {
  const bridge = s.dev.c.master[port]!;
  if (bridge === 0) return;
  if (!isForwarding(s, port)) flushPort(s, bridge, port, false);
  refreshBridgeCarrier(s, bridge);
}

/** find_portno: the lowest that no port has. */
function freeNumber(s: Stack, bridge: number): number {
  const taken = new Set(portsOf(s, bridge).map((port) => s.devInfo.get(port)!.portNumber));
  let number = 1;
  while (taken.has(number)) number++;
  return number;
}

/** br_add_if: the device is one that may be a port and has no master. */
export function joinBridge(s: Stack, bridge: number, port: number): void {
  const c = s.dev.c;
  c.master[port] = bridge;
  c.flags[port]! |= DEVF.learning | DEVF.flood;
  setDeviceInfo(s, port, { portNumber: freeNumber(s, bridge) });
  setDeviceInfo(s, bridge, { ports: Object.freeze([port, ...portsOf(s, bridge)]) });
  addLocal(s, bridge, port, c.mac[port]!);
  const renamed = recalculateMac(s, bridge);
  recalculateMtu(s, bridge);
  // Nobody looks at the ports of a bridge whose id stays as it is.
  if (renamed || isRunning(s, port)) refreshBridgeCarrier(s, bridge);
}

/** br_del_if. */
export function leaveBridge(s: Stack, port: number): void {
  const c = s.dev.c;
  const bridge = c.master[port]!;
  if (bridge === 0) return;
  setDeviceInfo(s, bridge, { ports: Object.freeze(portsOf(s, bridge).filter((other) => other !== port)) });
  deleteLocal(s, bridge, port, c.mac[port]!);
  flushPort(s, bridge, port, true);
  c.master[port] = 0;
  c.flags[port]! &= ~(DEVF.hairpin | DEVF.learning | DEVF.flood);
  recalculateMac(s, bridge);
  recalculateMtu(s, bridge);
  refreshBridgeCarrier(s, bridge);
}

/** The MAC of a port changed: its local entry and perhaps the bridge's MAC follow. */
export function portMacChanged(s: Stack, port: number, before: number): void {
  const bridge = s.dev.c.master[port]!;
  if (bridge === 0) return;
  deleteLocal(s, bridge, port, before);
  addLocal(s, bridge, port, s.dev.c.mac[port]!);
  recalculateMac(s, bridge);
}

/** The MTU of a port changed. */
export function portMtuChanged(s: Stack, port: number): void {
  const bridge = s.dev.c.master[port]!;
  if (bridge !== 0) recalculateMtu(s, bridge);
}

/** What a bridge is made with: an address given by hand is kept, a random one gives way to a port's. A new bridge has carrier as long as nobody gives it an id. */
export function initBridge(s: Stack, bridge: number, ageing: number, macGiven: boolean): void {
  setDeviceInfo(s, bridge, { bridge: Object.freeze({ ageing }), ports: Object.freeze([]), macGiven });
  if (!macGiven) s.dev.c.flags[bridge]! |= DEVF.carrier;
  if (macGiven) addLocal(s, bridge, 0, s.dev.c.mac[bridge]!);
}

export function isBridge(s: Stack, dev: number): boolean {
  return s.dev.c.kind[dev] === DEV.bridge;
}
