/**
 * Devices going up and down, gaining and losing carrier, and leaving, with all that follows at once: routes, neighbours,
 * bridge ports, the other end (dev_open, dev_close, netif_carrier_on and the netdevice notifiers).
 */
import type { Addr } from "../base/address-book.js";
import { addLinkLocal, dropAddresses6, isDisabled6 } from "./addrconf.js";
import { closeBridge, isBridge, leaveBridge, openBridge, portChanged } from "./dev/bridge-port.js";
import { FDBF } from "./dev/fdb-table.js";
import { addAddressRoutes, deviceRoutesDown, deviceRoutesGone, deviceRoutesUp } from "./device-routes.js";
import { deviceByName, devicesOf, isUp, portsOf, removeDevice, setDeviceInfo } from "./device.js";
import { flushNeighbours } from "./neigh.js";
import { linkChanged } from "./sock/netlink.js";
import { endMasquerade } from "./nf/masquerade.js";
import { DEV, DEVF, type InterfaceAddress, type Stack } from "./stack.js";

/** A cable's two ends have carrier while both are up. */
function refreshCable(s: Stack, dev: number): void {
  const kind = s.dev.c.kind[dev]!;
  if (kind !== DEV.veth && kind !== DEV.uplink) return;
  const peer = s.dev.c.peer[dev]!;
  const alive = peer !== 0 && isUp(s, dev) && isUp(s, peer);
  setCarrier(s, dev, alive);
  if (peer !== 0) setCarrier(s, peer, alive);
}

function setCarrier(s: Stack, dev: number, on: boolean): void {
  const flags = s.dev.c.flags[dev]!;
  if (((flags & DEVF.carrier) !== 0) === on) return;
  s.dev.c.flags[dev] = on ? flags | DEVF.carrier : flags & ~DEVF.carrier;
  // arp_evict_nocarrier: what was learned over a dead cable is forgotten.
  if (on) addLinkLocal(s, dev);
  else flushNeighbours(s, dev, true);
  portChanged(s, dev);
  linkChanged(s, s.dev.c.ns[dev]!);
}

/** `lo` gets its addresses when it first comes up. */
function addLoopbackAddresses(s: Stack, dev: number): void {
  const wanted: { addr: Addr; prefix: number }[] = [{ addr: s.book.ofText("127.0.0.1"), prefix: 8 }];
  if (!isDisabled6(s, dev)) wanted.push({ addr: s.book.ofText("::1"), prefix: 128 });
  for (const { addr, prefix } of wanted) {
    const { addresses } = s.devInfo.get(dev)!;
    if (addresses.some((known) => known.addr === addr)) continue;
    const own: InterfaceAddress = Object.freeze({ addr, prefix, secondary: false, scope: "host", cause: 0 });
    setDeviceInfo(s, dev, { addresses: Object.freeze([...addresses, own]) });
    addAddressRoutes(s, dev, own);
  }
}

/** `ip link set DEV up`. */
export function setUp(s: Stack, dev: number): void {
  if (isUp(s, dev)) return;
  s.dev.c.flags[dev]! |= DEVF.up | DEVF.used;
  deviceRoutesUp(s, dev);
  if (s.dev.c.kind[dev] === DEV.loopback) addLoopbackAddresses(s, dev);
  if (isBridge(s, dev)) openBridge(s, dev);
  refreshCable(s, dev);
  addLinkLocal(s, dev);
  portChanged(s, dev);
  linkChanged(s, s.dev.c.ns[dev]!);
}

/** `ip link set DEV down`. */
export function setDown(s: Stack, dev: number): void {
  if (!isUp(s, dev)) return;
  s.dev.c.flags[dev]! &= ~DEVF.up;
  if (isBridge(s, dev)) closeBridge(s, dev);
  if (s.dev.c.kind[dev] === DEV.vxlan) flushLearned(s, dev);
  refreshCable(s, dev);
  portChanged(s, dev);
  flushNeighbours(s, dev, false);
  dropAddresses6(s, dev);
  endMasquerade(s, dev);
  deviceRoutesDown(s, dev);
  linkChanged(s, s.dev.c.ns[dev]!);
}

function flushLearned(s: Stack, vxlan: number): void {
  const c = s.fdb.rows.c;
  s.fdb.removeWhere(vxlan, (row) => (c.flags[row]! & FDBF.permanent) === 0);
}

/** What every device must lose before it is deleted or moved: it is down, no port, without addresses and routes. */
export function detach(s: Stack, dev: number): void {
  setDown(s, dev);
  leaveBridge(s, dev);
  flushNeighbours(s, dev, false);
  deviceRoutesGone(s, dev);
  linkChanged(s, s.dev.c.ns[dev]!);
  setDeviceInfo(s, dev, { addresses: Object.freeze([]) });
}

/** Deletes a device, the other end of its cable, and the tunnels that stand on it. */
export function deleteDevice(s: Stack, dev: number): void {
  const kind = s.dev.c.kind[dev]!;
  const peer = kind === DEV.veth || kind === DEV.uplink ? s.dev.c.peer[dev]! : 0;
  for (const other of devicesOf(s, s.dev.c.ns[dev]!)) {
    if (s.dev.c.kind[other] === DEV.vxlan && s.dev.c.peer[other] === dev) deleteDevice(s, other);
  }
  detach(s, dev);
  if (isBridge(s, dev)) for (const port of portsOf(s, dev)) leaveBridge(s, port);
  if (isBridge(s, dev) || kind === DEV.vxlan) s.fdb.removeWhere(dev, () => true);
  removeDevice(s, dev);
  if (peer !== 0) {
    s.dev.c.peer[peer] = 0;
    deleteDevice(s, peer);
  }
}

/** Deletes everything in a namespace but its `lo`. */
export function deleteDevices(s: Stack, ns: number): void {
  for (const dev of devicesOf(s, ns)) {
    const { name } = s.devInfo.get(dev) ?? { name: "" };
    // A device may have gone with one deleted before it.
    if (dev !== s.ns.c.lo[ns] && deviceByName(s, ns, name) === dev) deleteDevice(s, dev);
  }
  detach(s, s.ns.c.lo[ns]!);
}
