/** flannel's backends of one route a node: host-gw by the other node's address, ipip by the same through a tunnel device. */
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import type { CniNode } from "./cni-model.js";
import { type FlannelBackend, type FlannelOptions, isDirect, type Lease, networkAddress, subnetText } from "./flannel-backend.js";

const IPIP_OVERHEAD = 20;
const IPIP_DEVICE = "flannel.ipip";

/** Nodes share a link (pkg/backend/hostgw). */
export function hostGatewayBackend(): FlannelBackend {
  const route = (self: CniNode, peer: Lease): { dst: string; via: string; dev: string } => ({ dst: subnetText(peer.subnet), via: peer.publicIp, dev: self.uplink });
  return {
    overhead: 0,
    up: () => ({ acts: [], data: null }),
    peerUp: ({ ns }, self, peer, cause) => [{ verb: "route-replace", ns, ...route(self, peer), cause }],
    peerDown: ({ ns }, self, peer) => [{ verb: "route-del", ns, ...route(self, peer) }],
  };
}

/** IP in IP (pkg/backend/ipip): the next hop of the route is the outer destination. */
export function ipipBackend({ directRouting }: FlannelOptions): FlannelBackend {
  const way = (door: NodeDoor, self: CniNode, peer: Lease): string => (directRouting && isDirect(door, peer.publicIp) ? self.uplink : IPIP_DEVICE);
  return {
    overhead: IPIP_OVERHEAD,
    up({ ns }, { lease, publicIp, mtu, cause }) {
      const dev = IPIP_DEVICE;
      const acts: Act[] = [
        { verb: "link-add", ns, name: dev, kind: "ipip", ipip: { local: publicIp, pmtudisc: false }, cause },
        { verb: "link-set", ns, name: dev, mtu, cause },
        { verb: "addr-add", ns, dev, addr: `${networkAddress(lease)}/32`, cause },
        { verb: "link-set", ns, name: dev, up: true, cause },
      ];
      return { acts, data: null };
    },
    peerUp: (door, self, peer, cause) => [{ verb: "route-replace", ns: door.ns, dst: subnetText(peer.subnet), via: peer.publicIp, dev: way(door, self, peer), onlink: true, cause }],
    peerDown: (door, self, peer) => [{ verb: "route-del", ns: door.ns, dst: subnetText(peer.subnet), via: peer.publicIp, dev: way(door, self, peer) }],
  };
}
