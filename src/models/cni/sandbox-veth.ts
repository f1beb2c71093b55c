/** What the bridge and ptp plugins share: acts done until one is refused, and the veth of a sandbox (pkg/ip/link_linux.go, pkg/ipam). */
import { formatMac } from "../../base/mac.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError } from "./cni-model.js";
import { hostLocalDel } from "./host-local.js";

/** Addresses with their gateways, as an IPAM plugin gives them. */
export interface GivenAddress {
  readonly address: string;
  readonly gateway: string;
}

/** Does acts until one is refused; the refusal in the plugin's words, or null. */
export function runActs(door: NodeDoor, acts: readonly Act[]): CniError | null {
  for (const act of acts) {
    const refused = door.plumb(act);
    if (refused !== null) return pluginError(refused.message);
  }
  return null;
}

/** Device rows of a namespace, by name. */
export function devicesOf(door: NodeDoor, ns: number): ReadonlyMap<string, number> {
  return door.stack.nsInfo.get(ns)!.devices;
}

export function macOf(door: NodeDoor, ns: number, name: string): string {
  return formatMac(door.stack.dev.c.mac[devicesOf(door, ns).get(name)!]!);
}

/** `veth` and eight hex digits that no device of the node has. */
export function vethName(door: NodeDoor): string {
  for (;;) {
    const name = `veth${door.below("veth", 2 ** 32).toString(16).padStart(8, "0")}`;
    if (!devicesOf(door, door.ns).has(name)) return name;
  }
}

/** The pair, made in the sandbox, its other end up on the node; refused where the name is taken. */
export function makeVeth(door: NodeDoor, at: CniAttachment, veth: string, mtu: number, cause: number): CniError | null {
  if (devicesOf(door, at.netns).has(at.ifname)) return pluginError(`container veth name provided (${at.ifname}) already exists`);
  return runActs(door, [
    { verb: "link-add", ns: at.netns, name: at.ifname, kind: "veth", mtu, peer: { ns: door.ns, name: veth, mtu }, cause },
    { verb: "link-set", ns: door.ns, name: veth, up: true, cause },
  ]);
}

/** Addresses, device up, then routes: what `ipam.ConfigureIface` does in the sandbox. */
export function configureActs(at: CniAttachment, ips: readonly GivenAddress[], routes: readonly { readonly dst: string; readonly gw?: string }[], cause: number): Act[] {
  const { netns: ns, ifname: dev } = at;
  const acts: Act[] = ips.map((ip) => ({ verb: "addr-add", ns, dev, addr: ip.address, cause }));
  acts.push({ verb: "link-set", ns, name: dev, up: true, cause });
  for (const route of routes) {
    const family6 = route.dst.includes(":");
    const via = route.gw ?? ips.find((ip) => ip.gateway.includes(":") === family6)?.gateway;
    const dst = route.dst === "0.0.0.0/0" || route.dst === "::/0" ? "default" : route.dst;
    if (via !== undefined) acts.push({ verb: "route-add", ns, dst, via, dev, cause });
  }
  return acts;
}

/** Verb DEL: the container's interface and what it held; calling it again is no error. */
export function detachSandbox(door: NodeDoor, network: string, at: CniAttachment): CniError | null {
  if (door.stack.nsInfo.has(at.netns) && devicesOf(door, at.netns).has(at.ifname)) {
    const failed = runActs(door, [{ verb: "link-del", ns: at.netns, name: at.ifname, cause: door.cause(`Pod ${at.pod}`, "") }]);
    if (failed !== null) return failed;
  }
  hostLocalDel(door, network, at.containerId, at.ifname);
  return null;
}

/** The loopback plugin: `lo` of the sandbox up. */
export function loopbackAdd(door: NodeDoor, at: CniAttachment): CniError | null {
  return runActs(door, [{ verb: "link-set", ns: at.netns, name: "lo", up: true, cause: door.cause(`Pod ${at.pod}`, "") }]);
}
