/**
 * What flannel's backends have in common: the lease of a node, what its annotations say, and the way a backend is written.
 *
 * Read first: flannel's pkg/backend/{vxlan,hostgw,ipip,wireguard}; names, order and routes are theirs.
 */
import { type Cidr, formatCidr, formatWords, masked, parseCidr } from "../../base/cidr.js";
import type { Act } from "../../linux/plumbing/act.js";
import { routeGet } from "../../linux/plumbing/route-get.js";
import type { NodeDoor } from "../node-door.js";
import type { CniNode } from "./cni-model.js";

/** Backends that are modelled, by the words of net-conf.json. */
export const FLANNEL_BACKENDS = Object.freeze(["vxlan", "host-gw", "ipip", "wireguard"] as const);

/** net-conf.json, the part that is used. */
export interface FlannelOptions {
  /** pod network of the whole cluster, 10.244.0.0/16 */
  readonly network: string;
  readonly backend: (typeof FLANNEL_BACKENDS)[number];
  readonly vni: number;
  /** UDP port: of vxlan 8472, the Linux kernel's default; of wireguard 51820 */
  readonly port: number;
  /** vxlan and ipip: no tunnel to nodes on the same link */
  readonly directRouting: boolean;
}

/** Annotations of flannel's begin so. */
export const PREFIX = "flannel.alpha.coreos.com/";

/** A node as another node's flanneld sees it: its lease, where it is, and what its backend says of itself. */
export interface Lease {
  readonly subnet: Cidr;
  readonly publicIp: string;
  /** backend-data, read */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A backend by its settings. */
export interface FlannelBackend {
  /** what it takes from the uplink's MTU */
  readonly overhead: number;
  /** what makes its device on a node with this lease, and what other nodes must know of it (`backend-data`, null if nothing) */
  up(door: NodeDoor, at: { readonly lease: Cidr; readonly publicIp: string; readonly uplink: string; readonly mtu: number; readonly cause: number }): { readonly acts: readonly Act[]; readonly data: object | null };
  /** another node with its lease has come: each act is done, whether or not the others worked */
  peerUp(door: NodeDoor, self: CniNode, peer: Lease, cause: number): readonly Act[];
  /** and has gone */
  peerDown(door: NodeDoor, self: CniNode, peer: Lease): readonly Act[];
}

/** Pod CIDR of a node, which is its lease; null while it has none. */
export function leaseOf(node: CniNode): Cidr | null {
  const text = node.podCidrs.find((cidr) => !cidr.includes(":"));
  return text === undefined ? null : parseCidr(text);
}

/** A node whose annotations say that it runs this backend; others are passed over. */
export function readLease(node: CniNode, backend: string): Lease | null {
  const subnet = leaseOf(node);
  const data = node.annotations[`${PREFIX}backend-data`];
  const publicIp = node.annotations[`${PREFIX}public-ip`];
  if (subnet === null || data === undefined || publicIp === undefined || node.annotations[`${PREFIX}backend-type`] !== backend) return null;
  return { subnet, publicIp, data: (JSON.parse(data) as Readonly<Record<string, unknown>> | null) ?? {} };
}

/** The first address of a lease: what tunnel devices have, and what stands for their other ends. */
export function networkAddress(lease: Cidr): string {
  return formatWords(lease.family, masked(lease).words);
}

/** A lease as routes name it. */
export function subnetText(lease: Cidr): string {
  return formatCidr(masked(lease));
}

/** ip.DirectRouting: whether a node can be reached without a gateway. */
export function isDirect(door: NodeDoor, publicIp: string): boolean {
  const hops = routeGet(door.stack, door.ns, publicIp);
  return hops !== null && hops.length === 1 && hops[0]!.via === null;
}
