/**
 * The bridge plugin: a veth from the sandbox to a bridge that holds the gateway's address (containernetworking/plugins,
 * plugins/main/bridge and pkg/ip). Each step is one act, in the plugin's own order; the first refusal ends the call.
 */
import { parseCidr } from "../../base/cidr.js";
import { formatMac } from "../../base/mac.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { isCniError, pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { hostLocalAdd, hostLocalDel } from "./host-local.js";

/** The plugin's configuration, the part that is used. */
export interface BridgeConfig {
  readonly network: string;
  readonly bridge: string;
  readonly mtu: number;
  readonly hairpinMode: boolean;
  readonly isDefaultGateway: boolean;
  readonly subnets: readonly string[];
  /** routes of the IPAM section */
  readonly routes: readonly string[];
}

/** Does acts until one is refused; the refusal in the plugin's words, or null. */
function run(door: NodeDoor, acts: readonly Act[]): CniError | null {
  for (const act of acts) {
    const refused = door.plumb(act);
    if (refused !== null) return pluginError(refused.message);
  }
  return null;
}

function devicesOf(door: NodeDoor, ns: number): ReadonlyMap<string, number> {
  return door.stack.nsInfo.get(ns)!.devices;
}

function macOf(door: NodeDoor, ns: number, name: string): string {
  return formatMac(door.stack.dev.c.mac[devicesOf(door, ns).get(name)!]!);
}

/** `veth` and eight hex digits that no device of the node has. */
function vethName(door: NodeDoor): string {
  for (;;) {
    const name = `veth${door.below("veth", 2 ** 32).toString(16).padStart(8, "0")}`;
    if (!devicesOf(door, door.ns).has(name)) return name;
  }
}

function ensureBridge(door: NodeDoor, config: BridgeConfig, cause: number): CniError | null {
  if (devicesOf(door, door.ns).has(config.bridge)) return null;
  return run(door, [
    { verb: "link-add", ns: door.ns, name: config.bridge, kind: "bridge", mtu: config.mtu, cause },
    { verb: "link-set", ns: door.ns, name: config.bridge, up: true, cause },
  ]);
}

/** ADD. */
export function bridgeAdd(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniResult | CniError {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const { ns } = door;
  const pod = at.netns;
  const failed = ensureBridge(door, config, cause);
  if (failed !== null) return failed;
  if (devicesOf(door, pod).has(at.ifname)) return pluginError(`container veth name provided (${at.ifname}) already exists`);
  const veth = vethName(door);
  const wired = run(door, [
    { verb: "link-add", ns: pod, name: at.ifname, kind: "veth", mtu: config.mtu, peer: { ns, name: veth, mtu: config.mtu }, cause },
    { verb: "link-set", ns, name: veth, up: true, cause },
    { verb: "link-set", ns, name: veth, master: config.bridge, cause },
    { verb: "link-set", ns, name: veth, hairpin: config.hairpinMode, cause },
  ]);
  if (wired !== null) return wired;
  const ips: { address: string; gateway: string; interface: number }[] = [];
  for (const subnet of config.subnets) {
    const given = hostLocalAdd(door, config.network, parseCidr(subnet)!, at.containerId, at.ifname);
    if (isCniError(given)) {
      bridgeDel(door, config, at);
      return given;
    }
    ips.push({ ...given, interface: 2 });
  }
  const routes = routesFor(config, ips);
  const done = run(door, [...podActs(pod, at.ifname, ips, routes, cause), ...gatewayActs(door, config, ips, cause)]);
  if (done !== null) return done;
  return {
    interfaces: [
      { name: config.bridge, mac: macOf(door, ns, config.bridge) },
      { name: veth, mac: macOf(door, ns, veth) },
      { name: at.ifname, mac: macOf(door, pod, at.ifname), sandbox: `/var/run/netns/${door.stack.nsInfo.get(pod)!.name}` },
    ],
    ips,
    routes,
  };
}

function routesFor(config: BridgeConfig, ips: readonly { readonly gateway: string }[]): { dst: string; gw?: string }[] {
  const routes: { dst: string; gw?: string }[] = config.routes.map((dst) => ({ dst }));
  if (config.isDefaultGateway) {
    for (const ip of ips) routes.push({ dst: ip.gateway.includes(":") ? "::/0" : "0.0.0.0/0", gw: ip.gateway });
  }
  return routes;
}

function podActs(pod: number, ifname: string, ips: readonly { readonly address: string; readonly gateway: string }[], routes: readonly { dst: string; gw?: string }[], cause: number): Act[] {
  const acts: Act[] = ips.map((ip) => ({ verb: "addr-add", ns: pod, dev: ifname, addr: ip.address, cause }));
  acts.push({ verb: "link-set", ns: pod, name: ifname, up: true, cause });
  for (const route of routes) {
    const family6 = route.dst.includes(":");
    const gateway = route.gw ?? ips.find((ip) => ip.gateway.includes(":") === family6)?.gateway;
    const dst = route.dst === "0.0.0.0/0" || route.dst === "::/0" ? "default" : route.dst;
    if (gateway !== undefined) acts.push({ verb: "route-add", ns: pod, dst, via: gateway, dev: ifname, cause });
  }
  return acts;
}

/** The bridge gets the gateway's address once, keeps its MAC from then on, and the node forwards. */
function gatewayActs(door: NodeDoor, config: BridgeConfig, ips: readonly { readonly address: string; readonly gateway: string }[], cause: number): Act[] {
  const { ns } = door;
  const held = door.stack.devInfo.get(devicesOf(door, ns).get(config.bridge)!)!.addresses.map((a) => door.stack.book.text(a.addr));
  const acts: Act[] = [];
  for (const ip of ips) {
    if (held.includes(ip.gateway)) continue;
    acts.push({ verb: "addr-add", ns, dev: config.bridge, addr: `${ip.gateway}/${ip.address.split("/")[1]!}`, cause });
    acts.push({ verb: "link-set", ns, name: config.bridge, mac: macOf(door, ns, config.bridge), cause });
    acts.push({ verb: "sysctl", ns, key: ip.gateway.includes(":") ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", value: "1", cause });
  }
  return acts;
}

/** DEL: the container's interface and what it held; calling it again is no error. */
export function bridgeDel(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniError | null {
  if (door.stack.nsInfo.has(at.netns) && devicesOf(door, at.netns).has(at.ifname)) {
    const failed = run(door, [{ verb: "link-del", ns: at.netns, name: at.ifname, cause: door.cause(`Pod ${at.pod}`, "") }]);
    if (failed !== null) return failed;
  }
  hostLocalDel(door, config.network, at.containerId, at.ifname);
  return null;
}

/** The loopback plugin: `lo` of the sandbox up. */
export function loopbackAdd(door: NodeDoor, at: CniAttachment): CniError | null {
  return run(door, [{ verb: "link-set", ns: at.netns, name: "lo", up: true, cause: door.cause(`Pod ${at.pod}`, "") }]);
}
