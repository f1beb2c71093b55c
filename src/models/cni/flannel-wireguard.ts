/** flannel's wireguard backend (pkg/backend/wireguard): one route for the whole pod network, and a peer with its subnet for each other node. */
import { encodeBase64 } from "../../base/base64.js";
import { clampedKey, publicKeyOf } from "../../base/x25519.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { type FlannelBackend, type FlannelOptions, type Lease, networkAddress, subnetText } from "./flannel-backend.js";

/** What flannel takes off for both families: that of IPv6. */
const OVERHEAD = 80;
const DEVICE = "flannel-wg";

export function wireguardBackend({ network, port }: FlannelOptions): FlannelBackend {
  return {
    overhead: OVERHEAD,
    up(door, { lease, mtu, cause }) {
      const { ns } = door;
      const key = clampedKey(Uint8Array.from({ length: 32 }, () => door.below("private-key", 256)));
      const acts: Act[] = [
        { verb: "link-add", ns, name: DEVICE, kind: "wireguard", mtu, cause },
        { verb: "wg-set", ns, dev: DEVICE, privateKey: encodeBase64(key), listenPort: port, cause },
        { verb: "addr-add", ns, dev: DEVICE, addr: `${networkAddress(lease)}/32`, cause },
        { verb: "link-set", ns, name: DEVICE, up: true, cause },
        { verb: "route-replace", ns, dst: network, dev: DEVICE, scope: "link", cause },
      ];
      return { acts, data: { PublicKey: encodeBase64(publicKeyOf(key)) } };
    },
    peerUp(door, _self, peer, cause) {
      const publicKey = keyOf(peer);
      if (publicKey === null) return [];
      return [{ verb: "wg-set", ns: door.ns, dev: DEVICE, peers: [{ publicKey, endpoint: `${peer.publicIp}:${port}`, allowedIps: [subnetText(peer.subnet)] }], cause }];
    },
    peerDown(door: NodeDoor, _self, peer) {
      const publicKey = keyOf(peer);
      return publicKey === null ? [] : [{ verb: "wg-set", ns: door.ns, dev: DEVICE, peers: [{ publicKey, remove: true }] }];
    },
  };
}

const keyOf = ({ data }: Lease): string | null => (typeof data["PublicKey"] === "string" ? data["PublicKey"] : null);
