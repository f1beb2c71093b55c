/** What the bridge and ptp plugins share: acts done until one is refused, and the veth of a sandbox (pkg/ip/link_linux.go, pkg/ipam). */
import { formatWords, lastAddress, parseCidr } from "../../base/cidr.js";
import { formatMac } from "../../base/mac.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { type GivenAddress, hostLocalAdd, hostLocalDel, type IpamCall } from "./host-local.js";
import type { IpamConf } from "./host-local-ranges.js";
import { teardownIpMasq } from "./ip-masq.js";

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

/** Addresses of a device with their lengths, of both families; none if it is not there. */
export function addressesOf(door: NodeDoor, ns: number, name: string): string[] {
  const dev = door.stack.nsInfo.get(ns)?.devices.get(name);
  return dev === undefined ? [] : door.stack.devInfo.get(dev)!.addresses.map(({ addr, prefix }) => `${door.stack.book.text(addr)}/${prefix}`);
}

/** Where containerd keeps a namespace. */
export function netnsPath(door: NodeDoor, netns: number): string {
  return `/var/run/netns/${door.stack.nsInfo.get(netns)?.name ?? ""}`;
}

/** `veth` and eight hex digits that no device of the node has. */
export function vethName(door: NodeDoor): string {
  for (;;) {
    const name = `veth${door.below("veth", 2 ** 32).toString(16).padStart(8, "0")}`;
    if (!devicesOf(door, door.ns).has(name)) return name;
  }
}

/** The pair, made in the sandbox, its other end up on the node; refused where the name is taken. An MTU of 0 is the kernel's. */
export function makeVeth(door: NodeDoor, at: CniAttachment, veth: string, mtu: number, cause: number): CniError | null {
  if (devicesOf(door, at.netns).has(at.ifname)) return pluginError(`container veth name provided (${at.ifname}) already exists`);
  const size = mtu === 0 ? {} : { mtu };
  return runActs(door, [
    { verb: "link-add", ns: at.netns, name: at.ifname, kind: "veth", ...size, peer: { ns: door.ns, name: veth, ...size }, cause },
    { verb: "link-set", ns: door.ns, name: veth, up: true, cause },
  ]);
}

/** An address as the plugins' netlink library adds it: one of IPv4 with its subnet's broadcast address. */
export function addressAct(ns: number, dev: string, addr: string, cause: number): Act {
  const cidr = parseCidr(addr)!;
  const broadcast = cidr.family === 4 && cidr.prefix < 31 ? { broadcast: formatWords(4, lastAddress(cidr)) } : {};
  return { verb: "addr-add", ns, dev, addr, ...broadcast, cause };
}

/** Addresses, device up, then routes: what `ipam.ConfigureIface` does in the sandbox. */
export function configureActs(at: CniAttachment, ips: readonly GivenAddress[], routes: readonly { readonly dst: string; readonly gw?: string }[], cause: number): Act[] {
  const { netns: ns, ifname: dev } = at;
  const acts: Act[] = ips.map((ip) => addressAct(ns, dev, ip.address, cause));
  acts.push({ verb: "link-set", ns, name: dev, up: true, cause });
  for (const route of routes) {
    const family6 = route.dst.includes(":");
    const via = route.gw ?? ips.find((ip) => ip.gateway.includes(":") === family6)?.gateway;
    const dst = route.dst === "0.0.0.0/0" || route.dst === "::/0" ? "default" : route.dst;
    if (via !== undefined) acts.push({ verb: "route-add", ns, dst, via, dev, cause });
  }
  return acts;
}

/** What a plugin that makes interfaces is told besides its own: the `ipam` object, the runtime's part, and whether to translate. */
export interface SandboxConfig {
  readonly network: string;
  readonly ipam: IpamConf;
  readonly ipMasq: boolean;
  /** addresses asked for by the runtime or in CNI_ARGS */
  readonly wanted?: readonly string[];
  readonly ranges?: IpamCall["ranges"];
}

/** The IPAM plugin as a delegate is called: with the outer plugin's configuration and the same attachment. */
export function ipamCall({ network, ipam, wanted, ranges }: SandboxConfig, { containerId, ifname }: CniAttachment): IpamCall {
  return { network, ipam, containerId, ifname, ...(wanted === undefined ? {} : { wanted }), ...(ranges === undefined ? {} : { ranges }) };
}

/** Addresses from the IPAM plugin; a configuration without one is for frames alone. */
export function ipamAdd(door: NodeDoor, config: SandboxConfig, at: CniAttachment): readonly GivenAddress[] | CniError {
  const { type } = config.ipam;
  if (type === "") return [];
  if (type !== "host-local") return pluginError(`failed to find plugin "${type}" in path [/opt/cni/bin]`);
  return hostLocalAdd(door, ipamCall(config, at));
}

/** Verb DEL: the container's interface and what it held; calling it again is no error. */
export function detachSandbox(door: NodeDoor, config: SandboxConfig, at: CniAttachment): CniError | null {
  hostLocalDel(door, ipamCall(config, at));
  const held = addressesOf(door, at.netns, at.ifname).filter((address) => !address.startsWith("fe80:"));
  if (door.stack.nsInfo.get(at.netns)?.devices.has(at.ifname) !== true) return null;
  const failed = runActs(door, [{ verb: "link-del", ns: at.netns, name: at.ifname, cause: door.cause(`Pod ${at.pod}`, "") }]);
  if (failed === null && config.ipMasq) for (const address of held) teardownIpMasq(door, config.network, at.containerId, address);
  return failed;
}

/** The loopback plugin: `lo` of the sandbox up. */
export function loopbackAdd(door: NodeDoor, at: CniAttachment): CniError | null {
  return runActs(door, [{ verb: "link-set", ns: at.netns, name: "lo", up: true, cause: door.cause(`Pod ${at.pod}`, "") }]);
}

/** The last entry of a result's interfaces. */
export function sandboxInterface(door: NodeDoor, at: CniAttachment): CniResult["interfaces"][number] {
  return { name: at.ifname, mac: macOf(door, at.netns, at.ifname), sandbox: netnsPath(door, at.netns) };
}
