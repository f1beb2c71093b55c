/**
 * The routes of one node for one prefix: another node's block or borrowed address by that node, an own block as a blackhole, so
 * that what is for nobody in it does not leave by the default route (felix/dataplane/linux/route_mgr.go).
 */
import { parseCidr } from "../../../base/cidr.js";
import type { Act, RouteChange } from "../../../linux/plumbing/act.js";
import type { CniDoor } from "../../node-door.js";
import { type CalicoOptions, crossSubnetOnly, tunnelOf, TUNNELS } from "./calico-options.js";
import { blockOf, borrower, type CalicoDatastore } from "./ipam.js";
import { type CalicoNode, calicoNode, inSubnet } from "./node-record.js";

/** Felix's route protocol number, DeviceRouteProtocol. */
export const FELIX_PROTOCOL = "80";

type Way = Omit<RouteChange, "verb" | "ns" | "dst" | "proto" | "cause">;

/** How packets for another node's pods leave this one; null while its overlay is not known. */
function wayTo(options: CalicoOptions, self: CalicoNode, peer: CalicoNode, uplink: string): Way | null {
  const tunnel = tunnelOf(options.encapsulation);
  const direct = tunnel === "none" || (crossSubnetOnly(options.encapsulation) && inSubnet(self, peer));
  if (direct) return { via: peer.address, dev: uplink, ...(tunnel === "vxlan" ? { onlink: true } : {}) };
  if (tunnel === "ipip") return { via: peer.address, dev: TUNNELS.ipip.device, onlink: true };
  return peer.tunnelAddress === "" ? null : { via: peer.tunnelAddress, dev: TUNNELS.vxlan.device, onlink: true };
}

/** Whose pods a prefix holds: a block's node, or the one that borrows the address. */
function holderOf(store: CalicoDatastore, prefix: string): string {
  return borrower(store, prefix) ?? blockOf(store, prefix)?.affinity ?? "";
}

/** The act that brings a node's route for a prefix to what the datastore says; null: nothing is to be there, or a pod's own route is. */
export function prefixRoute(door: CniDoor, options: CalicoOptions, self: CalicoNode, uplink: string, prefix: string): Act | null {
  const holder = holderOf(door.shared, prefix);
  const to = { verb: "route-replace", ns: door.ns, dst: prefix, proto: FELIX_PROTOCOL } as const;
  if (holder === self.name) {
    const single = parseCidr(prefix)!.prefix === 32;
    return single ? null : { ...to, type: "blackhole", cause: door.cause(`IPAMBlock ${prefix}`, "spec.affinity") };
  }
  const peer = holder === "" ? undefined : calicoNode(door.shared, holder);
  const way = peer === undefined ? null : wayTo(options, self, peer, uplink);
  return way === null ? null : { ...to, ...way, cause: door.cause(`Node ${holder}`, "projectcalico.org/IPv4Address") };
}

/** Writes or takes away the route for a prefix. */
export function bringPrefix(door: CniDoor, options: CalicoOptions, self: CalicoNode, uplink: string, prefix: string): void {
  const act = prefixRoute(door, options, self, uplink, prefix);
  door.plumb(act ?? { verb: "route-del", ns: door.ns, dst: prefix, proto: FELIX_PROTOCOL });
}
