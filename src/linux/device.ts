/** Network devices as rows: making, finding, naming, moving and counting them. What a kind does with a frame is in dev/. */
import { isMulticastMac } from "../base/mac.js";
import { DEV, DEVF, type DeviceInfo, type Stack } from "./stack.js";

const LOOPBACK_MTU = 65536;
const ETHERNET_MTU = 1500;

/** Row of the device with that name in a namespace, 0 if there is none. */
export function deviceByName(s: Stack, ns: number, name: string): number {
  return s.nsInfo.get(ns)?.devices.get(name) ?? 0;
}

/** Name of a device, empty if there is none. */
export function deviceName(s: Stack, dev: number): string {
  return s.devInfo.get(dev)?.name ?? "";
}

/** Name of the place where a device is, for the streams of chance drawn there: `node-1/cni/vetha`. */
export function devicePlace(s: Stack, dev: number): string {
  const ns = s.dev.c.ns[dev]!;
  return `node-${s.ns.c.node[ns]!}/${s.nsInfo.get(ns)?.name ?? ""}/${deviceName(s, dev)}`;
}

/** Replaces part of a device's cold half. */
export function setDeviceInfo(s: Stack, dev: number, change: Partial<DeviceInfo>): void {
  s.devInfo.set(dev, Object.freeze({ ...s.devInfo.get(dev)!, ...change }));
}

/** Whether devices of a kind carry IP packets and no frames: they have no MAC, and nobody is asked for one there. */
export function carriesIp(kind: number): boolean {
  return kind === DEV.ipip || kind === DEV.wireguard;
}

/** All devices of a namespace, in order of their interface index. */
export function devicesOf(s: Stack, ns: number): number[] {
  const rows = Array.from(s.nsInfo.get(ns)?.devices.values() ?? []);
  return rows.sort((a, b) => s.devInfo.get(a)!.index - s.devInfo.get(b)!.index);
}

/** Ports of a bridge, the one that joined last first, as the kernel lists and floods them. */
export function portsOf(s: Stack, bridge: number): readonly number[] {
  return s.devInfo.get(bridge)?.ports ?? [];
}

function setDevices(s: Stack, ns: number, change: (devices: Map<string, number>) => void): void {
  const info = s.nsInfo.get(ns)!;
  const devices = new Map(info.devices);
  change(devices);
  const tunnels = Object.freeze(Array.from(devices.values()).filter((dev) => s.dev.c.kind[dev] === DEV.vxlan || carriesIp(s.dev.c.kind[dev]!)));
  s.nsInfo.set(ns, Object.freeze({ ...info, devices, tunnels }));
}

/** A random address as eth_hw_addr_random gives: unicast, locally administered; drawn from the device's own stream. */
export function randomMac(s: Stack, dev: number): number {
  const stream = s.streams.stream(`${devicePlace(s, dev)}/mac`);
  const first = (s.streams.below(stream, 64) << 2) | 2;
  const high = first * 256 + s.streams.below(stream, 256);
  return high * 4294967296 + s.streams.u32(stream);
}

export interface NewDevice {
  readonly kind: number;
  readonly name: string;
  readonly mac?: number | undefined;
  readonly mtu?: number | undefined;
  readonly cause?: number | undefined;
}

/** Makes a device that is down, with the settings of `net.ipv4.conf.default`; the name must be free. */
export function addDevice(s: Stack, ns: number, wanted: NewDevice): number {
  const dev = s.dev.alloc();
  const c = s.dev.c;
  const { kind, name } = wanted;
  c.ns[dev] = ns;
  c.kind[dev] = kind;
  c.flags[dev] = kind === DEV.loopback || kind === DEV.dummy || kind === DEV.ifb || kind === DEV.vxlan || carriesIp(kind) ? DEVF.carrier : 0;
  c.mtu[dev] = wanted.mtu ?? (kind === DEV.loopback ? LOOPBACK_MTU : ETHERNET_MTU);
  const defaults = s.nsInfo.get(ns)!.sysctls;
  const byDefault = (key: string): number => Number(defaults[`net.ipv4.conf.default.${key}`] ?? "0");
  c.rpFilter[dev] = byDefault("rp_filter");
  c.routeLocalnet[dev] = byDefault("route_localnet");
  c.arpIgnore[dev] = byDefault("arp_ignore");
  c.proxyArp[dev] = byDefault("proxy_arp");
  const index = ++s.ns.c.lastIndex[ns]!;
  s.devInfo.set(dev, Object.freeze({ name, index, addresses: Object.freeze([]), cause: wanted.cause ?? 0 }));
  setDevices(s, ns, (devices) => devices.set(name, dev));
  c.mac[dev] = wanted.mac ?? (kind === DEV.loopback || carriesIp(kind) ? 0 : randomMac(s, dev));
  return dev;
}

/** Forgets a device; whatever hung on it has been taken off before. Frames on their way to it find nobody. */
export function removeDevice(s: Stack, dev: number): void {
  const { c: packet, live, top } = s.packets;
  for (let p = 1; p < top; p++) if (live[p] === 1 && packet.dev[p] === dev) packet.dev[p] = 0;
  const name = deviceName(s, dev);
  setDevices(s, s.dev.c.ns[dev]!, (devices) => devices.delete(name));
  s.devInfo.delete(dev);
  s.dev.release(dev);
}

/** Gives a device another name. */
export function renameDevice(s: Stack, dev: number, name: string): void {
  const old = deviceName(s, dev);
  setDevices(s, s.dev.c.ns[dev]!, (devices) => {
    devices.delete(old);
    devices.set(name, dev);
  });
  setDeviceInfo(s, dev, { name });
}

/** Puts a device that is down and without addresses into another namespace; it keeps its index unless that is taken there. */
export function moveDevice(s: Stack, dev: number, ns: number): void {
  const { name, index } = s.devInfo.get(dev)!;
  setDevices(s, s.dev.c.ns[dev]!, (devices) => devices.delete(name));
  const taken = devicesOf(s, ns).some((other) => s.devInfo.get(other)!.index === index);
  s.dev.c.ns[dev] = ns;
  setDevices(s, ns, (devices) => devices.set(name, dev));
  if (taken) setDeviceInfo(s, dev, { index: ++s.ns.c.lastIndex[ns]! });
}

/** Up and with carrier: frames can pass (IFF_UP and netif_carrier_ok). */
export function isRunning(s: Stack, dev: number): boolean {
  return (s.dev.c.flags[dev]! & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier);
}

export function isUp(s: Stack, dev: number): boolean {
  return (s.dev.c.flags[dev]! & DEVF.up) !== 0;
}

/** An address that one interface may have: not zero and not of a group. */
export function isUnicastMac(mac: number): boolean {
  return mac !== 0 && !isMulticastMac(mac);
}

/** One packet of so many bytes in. */
export function countRx(s: Stack, dev: number, bytes: number): void {
  const c = s.dev.c;
  c.rxPackets[dev]!++;
  c.rxBytes[dev]! += bytes;
}

/** One packet of so many bytes out. */
export function countTx(s: Stack, dev: number, bytes: number): void {
  const c = s.dev.c;
  c.txPackets[dev]!++;
  c.txBytes[dev]! += bytes;
}
