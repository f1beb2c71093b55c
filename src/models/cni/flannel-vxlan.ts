/** flannel's vxlan backend (pkg/backend/vxlan): one overlay device a node; a neighbour, an FDB entry and a route for each other node. */
import { formatMac } from "../../base/mac.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { type FlannelBackend, type FlannelOptions, isDirect, type Lease, networkAddress, subnetText } from "./flannel-backend.js";

/** Outer IP, UDP and VXLAN headers and the inner Ethernet header. */
const OVERHEAD = 50;

export function vxlanBackend({ vni, port, directRouting }: FlannelOptions): FlannelBackend {
  const dev = `flannel.${vni}`;
  const isNear = (door: NodeDoor, peer: Lease): boolean => directRouting && isDirect(door, peer.publicIp);
  return {
    overhead: OVERHEAD,
    up(door, { lease, publicIp, uplink, mtu, cause }) {
      const { ns } = door;
      const mac = vtepMac(door);
      const acts: Act[] = [
        { verb: "link-add", ns, name: dev, kind: "vxlan", mac, mtu, vxlan: { id: vni, port, local: publicIp, dev: uplink, learning: false }, cause },
        { verb: "addr-add", ns, dev, addr: `${networkAddress(lease)}/32`, cause },
        { verb: "link-set", ns, name: dev, up: true, cause },
      ];
      return { acts, data: { VNI: vni, VtepMAC: mac } };
    },
    // handleSubnetEvents, added: neighbour, FDB entry, route, in this order.
    peerUp(door, _self, peer, cause) {
      const mac = macOf(peer);
      const { ns } = door;
      const dst = subnetText(peer.subnet);
      if (mac === null) return [];
      if (isNear(door, peer)) return [{ verb: "route-replace", ns, dst, via: peer.publicIp, cause }];
      const via = networkAddress(peer.subnet);
      return [
        { verb: "neigh-replace", ns, dev, addr: via, mac, state: "permanent", cause },
        { verb: "fdb-replace", ns, dev, mac, dst: peer.publicIp, self: true, state: "permanent", cause },
        { verb: "route-replace", ns, dst, via, dev, onlink: true, cause },
      ];
    },
    // handleSubnetEvents, removed: all three, each whether or not the others worked.
    peerDown(door, _self, peer) {
      const mac = macOf(peer);
      const { ns } = door;
      const dst = subnetText(peer.subnet);
      if (mac === null) return [];
      if (isNear(door, peer)) return [{ verb: "route-del", ns, dst, via: peer.publicIp }];
      const via = networkAddress(peer.subnet);
      return [
        { verb: "route-del", ns, dst, via, dev },
        { verb: "fdb-del", ns, dev, mac, dst: peer.publicIp, self: true },
        { verb: "neigh-del", ns, dev, addr: via },
      ];
    },
  };
}

const macOf = ({ data }: Lease): string | null => (typeof data["VtepMAC"] === "string" ? data["VtepMAC"] : null);

/** A random MAC of local administration, as flannel makes it. */
function vtepMac(door: NodeDoor): string {
  let mac = 0;
  for (let i = 0; i < 6; i++) {
    const byte = door.below("vtep-mac", 256);
    mac = mac * 256 + (i === 0 ? (byte & 0xfe) | 0x02 : byte);
  }
  return formatMac(mac);
}
