/**
 * Flannel: the bridge plugin for pods, and between nodes its VXLAN backend (one overlay device a node; a route, a neighbour
 * and an FDB entry for every other node) or host-gw (a route by the other node's address alone; nodes share a link).
 *
 * Read first: flannel's pkg/backend/vxlan, pkg/backend/hostgw and pkg/trafficmngr/iptables; names, order and rules are
 * theirs. flannel enforces no NetworkPolicy.
 */
import { covers, type Cidr, formatCidr, formatWords, masked, parseCidr } from "../../base/cidr.js";
import { formatMac } from "../../base/mac.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { bridgeAdd, type BridgeConfig, bridgeDel } from "./bridge.js";
import { pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniModel, CniNode, CniResult } from "./cni-model.js";
import { flannelRules } from "./flannel-rules.js";
import { loopbackAdd, runActs } from "./sandbox-veth.js";

/** net-conf.json, the part that is used. */
export interface FlannelOptions {
  /** pod network of the whole cluster, 10.244.0.0/16 */
  readonly network: string;
  readonly backend: "vxlan" | "host-gw";
  readonly vni: number;
  /** UDP port of the overlay; 8472 is the Linux kernel's default */
  readonly port: number;
}

/** What flannel's own manifest says. */
export const FLANNEL_DEFAULTS: FlannelOptions = Object.freeze({ network: "10.244.0.0/16", backend: "vxlan", vni: 1, port: 8472 });

const PREFIX = "flannel.alpha.coreos.com/";
/** What VXLAN over IPv4 takes from the uplink's MTU. */
const VXLAN_OVERHEAD = 50;
/** The daemon's own memory: it has written subnet.env. */
const STARTED = "subnet.env";

const overhead = (options: FlannelOptions): number => (options.backend === "vxlan" ? VXLAN_OVERHEAD : 0);

/** The CNI "flannel". */
export function flannel(given: Partial<FlannelOptions> = {}): CniModel {
  const options: FlannelOptions = Object.freeze({ ...FLANNEL_DEFAULTS, ...given });
  const device = `flannel.${options.vni}`;
  return {
    name: "flannel",
    podMtu: (uplinkMtu) => uplinkMtu - overhead(options),
    nodeUp: (door, self) => nodeUp(door, self, options, device),
    peerUp: (door, self, peer) => (options.backend === "vxlan" ? peerUp(door, self, peer, device) : gatewayUp(door, self, peer)),
    peerDown: (door, self, peer) => (options.backend === "vxlan" ? peerDown(door, self, peer, device) : gatewayDown(door, self, peer)),
    add: (door, self, at) => add(door, self, at, options),
    del: (door, self, at) => bridgeDel(door, bridgeConfig(door, self, options), at),
  };
}

function leaseOf(node: CniNode): Cidr | null {
  const text = node.podCidrs.find((cidr) => !cidr.includes(":"));
  return text === undefined ? null : parseCidr(text);
}

const networkAddress = (lease: Cidr): string => formatWords(lease.family, masked(lease).words);

function mtuOf(door: NodeDoor, self: CniNode, options: FlannelOptions): number {
  const uplink = door.stack.nsInfo.get(door.ns)!.devices.get(self.uplink)!;
  return door.stack.dev.c.mtu[uplink]! - overhead(options);
}

const cause = (door: NodeDoor): number => door.cause("DaemonSet kube-flannel/kube-flannel-ds", "");

/** flanneld starts: the overlay device with its lease's first address if there is to be one, and the iptables rules. */
function nodeUp(door: NodeDoor, self: CniNode, options: FlannelOptions, device: string): { readonly annotations: Readonly<Record<string, string>> } | CniError {
  const lease = leaseOf(self);
  if (lease === null) return pluginError(`failed to acquire lease: node "${self.name}" pod cidr not assigned`);
  const network = parseCidr(options.network)!;
  if (!covers(network, lease)) {
    return pluginError(`subnet "${options.network}" specified in the flannel net config doesn't contain "${formatCidr(lease)}" PodCIDR of the "${self.name}" node`);
  }
  const publicIp = self.addresses.find((a) => !a.includes(":"))!;
  const mac = options.backend === "vxlan" ? vtepMac(door) : "";
  const why = cause(door);
  const { ns } = door;
  const overlay: readonly Act[] = [
    { verb: "link-add", ns, name: device, kind: "vxlan", mac, mtu: mtuOf(door, self, options), vxlan: { id: options.vni, port: options.port, local: publicIp, dev: self.uplink, learning: false }, cause: why },
    { verb: "addr-add", ns, dev: device, addr: `${networkAddress(lease)}/32`, cause: why },
    { verb: "link-set", ns, name: device, up: true, cause: why },
  ];
  const refused = runActs(door, [
    ...(options.backend === "vxlan" ? overlay : []),
    { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1", cause: why },
    ...flannelRules(ns, options.network, formatCidr(masked(lease)), why),
  ]);
  if (refused !== null) return refused;
  door.memory.set(STARTED, true);
  return {
    annotations: {
      [`${PREFIX}backend-data`]: options.backend === "vxlan" ? JSON.stringify({ VNI: options.vni, VtepMAC: mac }) : "null",
      [`${PREFIX}backend-type`]: options.backend,
      [`${PREFIX}kube-subnet-manager`]: "true",
      [`${PREFIX}public-ip`]: publicIp,
    },
  };
}

/** A random MAC of local administration, as flannel makes it. */
function vtepMac(door: NodeDoor): string {
  let mac = 0;
  for (let i = 0; i < 6; i++) {
    const byte = door.below("vtep-mac", 256);
    mac = mac * 256 + (i === 0 ? (byte & 0xfe) | 0x02 : byte);
  }
  return formatMac(mac);
}

interface Vtep {
  readonly subnet: Cidr;
  readonly mac: string;
  readonly publicIp: string;
}

/** What another node's annotations say of its end of the overlay; null while it has none. */
function vtepOf(peer: CniNode): Vtep | null {
  const subnet = leaseOf(peer);
  const data = peer.annotations[`${PREFIX}backend-data`];
  const publicIp = peer.annotations[`${PREFIX}public-ip`];
  if (subnet === null || data === undefined || publicIp === undefined) return null;
  const mac = (JSON.parse(data) as { readonly VtepMAC?: string }).VtepMAC;
  return mac === undefined ? null : { subnet, mac, publicIp };
}

/** handleSubnetEvents, added: neighbour, FDB entry, route, in this order. */
function peerUp(door: NodeDoor, self: CniNode, peer: CniNode, device: string): void {
  const vtep = vtepOf(peer);
  if (vtep === null || peer.name === self.name) return;
  const via = networkAddress(vtep.subnet);
  const why = door.cause(`Node ${peer.name}`, "spec.podCIDR");
  const { ns } = door;
  door.plumb({ verb: "neigh-replace", ns, dev: device, addr: via, mac: vtep.mac, state: "permanent", cause: why });
  door.plumb({ verb: "fdb-replace", ns, dev: device, mac: vtep.mac, dst: vtep.publicIp, self: true, state: "permanent", cause: why });
  door.plumb({ verb: "route-replace", ns, dst: formatCidr(masked(vtep.subnet)), via, dev: device, onlink: true, cause: why });
}

/** handleSubnetEvents, removed: all three, each whether or not the others worked. */
function peerDown(door: NodeDoor, self: CniNode, peer: CniNode, device: string): void {
  const vtep = vtepOf(peer);
  if (vtep === null || peer.name === self.name) return;
  const via = networkAddress(vtep.subnet);
  const { ns } = door;
  door.plumb({ verb: "route-del", ns, dst: formatCidr(masked(vtep.subnet)), via, dev: device });
  door.plumb({ verb: "fdb-del", ns, dev: device, mac: vtep.mac, dst: vtep.publicIp, self: true });
  door.plumb({ verb: "neigh-del", ns, dev: device, addr: via });
}

/** host-gw, of a peer whose lease has the same backend: where its pods are, and by which address. */
function gatewayOf(self: CniNode, peer: CniNode): { readonly dst: string; readonly via: string; readonly dev: string } | null {
  const subnet = leaseOf(peer);
  const via = peer.annotations[`${PREFIX}public-ip`];
  if (subnet === null || via === undefined || peer.name === self.name || peer.annotations[`${PREFIX}backend-type`] !== "host-gw") return null;
  return { dst: formatCidr(masked(subnet)), via, dev: self.uplink };
}

function gatewayUp(door: NodeDoor, self: CniNode, peer: CniNode): void {
  const way = gatewayOf(self, peer);
  if (way !== null) door.plumb({ verb: "route-replace", ns: door.ns, ...way, cause: door.cause(`Node ${peer.name}`, "spec.podCIDR") });
}

function gatewayDown(door: NodeDoor, self: CniNode, peer: CniNode): void {
  const way = gatewayOf(self, peer);
  if (way !== null) door.plumb({ verb: "route-del", ns: door.ns, ...way });
}

/** What the flannel plugin hands to the bridge plugin, from /run/flannel/subnet.env and the stock 10-flannel.conflist. */
function bridgeConfig(door: NodeDoor, self: CniNode, options: FlannelOptions): BridgeConfig {
  const lease = leaseOf(self);
  return {
    network: "cbr0",
    bridge: "cni0",
    mtu: mtuOf(door, self, options),
    hairpinMode: true,
    isDefaultGateway: true,
    subnets: lease === null ? [] : [formatCidr(masked(lease))],
    routes: [options.network],
  };
}

function add(door: NodeDoor, self: CniNode, at: CniAttachment, options: FlannelOptions): CniResult | CniError {
  if (door.memory.get(STARTED) === undefined) {
    return pluginError("failed to load flannel 'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. Check the flannel pod log for this node.");
  }
  return loopbackAdd(door, at) ?? bridgeAdd(door, bridgeConfig(door, self, options), at);
}
