/** The overlay device of a node and what it knows of the others' (felix/dataplane/linux/vxlan_mgr.go, ipip_mgr.go). */
import type { Act } from "../../../linux/plumbing/act.js";
import type { CniDoor } from "../../node-door.js";
import { devicesOf } from "../sandbox-veth.js";
import { CALICO_VXLAN, type CalicoTunnel, TUNNELS } from "./calico-options.js";
import type { CalicoNode } from "./node-record.js";

/** The acts that make it, with its address and MTU; one that stands from an earlier start gets its address anew. */
export function tunnelActs(door: CniDoor, tunnel: Exclude<CalicoTunnel, "none">, self: CalicoNode, uplink: string, mtu: number, cause: number): Act[] {
  const { ns } = door;
  const { device } = TUNNELS[tunnel];
  const vxlan = { id: CALICO_VXLAN.vni, port: CALICO_VXLAN.port, local: self.address, dev: uplink, learning: false };
  const make: Act =
    tunnel === "vxlan"
      ? { verb: "link-add", ns, name: device, kind: "vxlan", mac: self.tunnelMac, mtu, vxlan, cause }
      : { verb: "link-add", ns, name: device, kind: "ipip", mtu, cause };
  return [
    devicesOf(door, ns).has(device) ? { verb: "addr-flush", ns, dev: device, cause } : make,
    { verb: "addr-add", ns, dev: device, addr: `${self.tunnelAddress}/32`, cause },
    { verb: "link-set", ns, name: device, up: true, cause },
  ];
}

/** Key in a node's memory of what its daemon has written of another's end. */
const VTEP = "vtep/";

/** Where another node's end of vxlan.calico is: a neighbour and an FDB entry, for ever. */
export function vtepUp(door: CniDoor, peer: CalicoNode): void {
  if (peer.tunnelMac === "") return;
  const { ns } = door;
  const { device: dev } = TUNNELS.vxlan;
  const known = door.memory.get(VTEP + peer.name) as CalicoNode | undefined;
  if (known !== undefined && (known.tunnelAddress !== peer.tunnelAddress || known.address !== peer.address)) vtepDown(door, peer.name);
  const cause = door.cause(`Node ${peer.name}`, "projectcalico.org/VXLANTunnelMACAddr");
  door.plumb({ verb: "neigh-replace", ns, dev, addr: peer.tunnelAddress, mac: peer.tunnelMac, state: "permanent", cause });
  door.plumb({ verb: "fdb-replace", ns, dev, mac: peer.tunnelMac, dst: peer.address, self: true, state: "permanent", cause });
  door.memory.set(VTEP + peer.name, peer);
}

/** It is gone. */
export function vtepDown(door: CniDoor, name: string): void {
  const known = door.memory.get(VTEP + name) as CalicoNode | undefined;
  if (known === undefined) return;
  const { ns } = door;
  const { device: dev } = TUNNELS.vxlan;
  door.plumb({ verb: "fdb-del", ns, dev, mac: known.tunnelMac, dst: known.address, self: true });
  door.plumb({ verb: "neigh-del", ns, dev, addr: known.tunnelAddress });
  door.memory.delete(VTEP + name);
}

/** A daemon that starts again takes away the ends of nodes that went while it was not there (felix/vxlanfdb: a resync of ARP and FDB). */
export function keepVteps(door: CniDoor, present: readonly string[]): void {
  for (const key of [...door.memory.keys()]) if (key.startsWith(VTEP) && !present.includes(key.slice(VTEP.length))) vtepDown(door, key.slice(VTEP.length));
}
