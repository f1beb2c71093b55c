/**
 * Flannel: the bridge plugin for pods, and between nodes one of its backends: vxlan, host-gw, ipip, wireguard.
 *
 * Read first: flannel's main.go, pkg/trafficmngr/iptables and flannel-backend.ts; names, order and rules are theirs. flannel
 * enforces no NetworkPolicy.
 */
import { covers, formatCidr, masked, parseCidr } from "../../base/cidr.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { BRIDGE_DEFAULTS, bridgeAdd, type BridgeConfig, bridgeDel } from "./bridge.js";
import { pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniModel, CniNode, CniResult } from "./cni-model.js";
import { type FlannelBackend, type FlannelOptions, leaseOf, PREFIX, readLease } from "./flannel-backend.js";
import { hostGatewayBackend, ipipBackend } from "./flannel-gateways.js";
import { flannelRules } from "./flannel-rules.js";
import { vxlanBackend } from "./flannel-vxlan.js";
import { wireguardBackend } from "./flannel-wireguard.js";
import { mapPodPorts, unmapPodPorts } from "./plugins/pod-ports.js";
import { loopbackAdd, runActs } from "./sandbox-veth.js";

/** What flannel's own manifest says. */
export const FLANNEL_DEFAULTS: FlannelOptions = Object.freeze({ network: "10.244.0.0/16", backend: "vxlan", vni: 1, port: 8472, directRouting: false });

const WIREGUARD_PORT = 51820;
/** The name in 10-flannel.conflist. */
const NETWORK = "cbr0";
/** The daemon's own memory: what it did when it started, of which subnet.env tells. */
const STARTED = "subnet.env";

function backendOf(options: FlannelOptions): FlannelBackend {
  switch (options.backend) {
    case "vxlan":
      return vxlanBackend(options);
    case "host-gw":
      return hostGatewayBackend();
    case "ipip":
      return ipipBackend(options);
    case "wireguard":
      return wireguardBackend(options);
  }
}

/** The CNI "flannel". */
export function flannel(given: Partial<FlannelOptions> = {}): CniModel {
  const ports = given.backend === "wireguard" ? { port: WIREGUARD_PORT } : {};
  const options: FlannelOptions = Object.freeze({ ...FLANNEL_DEFAULTS, ...ports, ...given });
  const backend = backendOf(options);
  return {
    name: "flannel",
    podMtu: (uplinkMtu) => uplinkMtu - backend.overhead,
    nodeUp: (door, self) => nodeUp(door, self, options, backend),
    peerUp(door, self, peer) {
      const lease = peer.name === self.name ? null : readLease(peer, options.backend);
      if (lease !== null) for (const act of backend.peerUp(door, self, lease, door.cause(`Node ${peer.name}`, "spec.podCIDR"))) door.plumb(act);
    },
    peerDown(door, self, peer) {
      const lease = peer.name === self.name ? null : readLease(peer, options.backend);
      if (lease !== null) for (const act of backend.peerDown(door, self, lease)) door.plumb(act);
    },
    add: (door, self, at) => add(door, self, at, options, backend),
    del: (door, self, at) => unmapPodPorts(door, NETWORK, at) ?? bridgeDel(door, bridgeConfig(door, self, options, backend), at),
  };
}

function mtuOf(door: NodeDoor, self: CniNode, backend: FlannelBackend): number {
  const uplink = door.stack.nsInfo.get(door.ns)!.devices.get(self.uplink)!;
  return door.stack.dev.c.mtu[uplink]! - backend.overhead;
}

/** A daemon that starts again, perhaps with another lease, takes away what it had set up; the pods' bridge is not its own. */
function undo(door: NodeDoor): void {
  for (const act of [...((door.memory.get(STARTED) as readonly Act[] | undefined) ?? [])].reverse()) {
    if (act.verb === "link-add") door.plumb({ verb: "link-del", ns: act.ns, name: act.name });
    else if (act.verb === "iptables" && (act.op === "append" || act.op === "insert")) {
      const { at: _at, ...rule } = act;
      door.plumb({ ...rule, op: "delete" });
    } else if (act.verb === "iptables" && act.op === "new-chain") door.plumb({ ...act, op: "delete-chain" });
  }
}

/** flanneld starts: the backend's device if it has one, and the iptables rules. */
function nodeUp(door: NodeDoor, self: CniNode, options: FlannelOptions, backend: FlannelBackend): { readonly annotations: Readonly<Record<string, string>> } | CniError {
  const lease = leaseOf(self);
  if (lease === null) return pluginError(`failed to acquire lease: node "${self.name}" pod cidr not assigned`);
  const network = parseCidr(options.network)!;
  if (!covers(network, lease)) {
    return pluginError(`subnet "${options.network}" specified in the flannel net config doesn't contain "${formatCidr(lease)}" PodCIDR of the "${self.name}" node`);
  }
  const publicIp = self.addresses.find((a) => !a.includes(":"))!;
  const cause = door.cause("DaemonSet kube-flannel/kube-flannel-ds", "");
  const { ns } = door;
  undo(door);
  const { acts, data } = backend.up(door, { lease, publicIp, uplink: self.uplink, mtu: mtuOf(door, self, backend), cause });
  const done: readonly Act[] = [
    ...acts,
    { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1", cause },
    ...flannelRules(ns, options.network, formatCidr(masked(lease)), cause),
  ];
  door.memory.set(STARTED, Object.freeze(done));
  const refused = runActs(door, done);
  if (refused !== null) return refused;
  return {
    annotations: {
      [`${PREFIX}backend-data`]: JSON.stringify(data),
      [`${PREFIX}backend-type`]: options.backend,
      [`${PREFIX}kube-subnet-manager`]: "true",
      [`${PREFIX}public-ip`]: publicIp,
    },
  };
}

/** What the flannel plugin hands to the bridge plugin, from /run/flannel/subnet.env and the stock 10-flannel.conflist. */
function bridgeConfig(door: NodeDoor, self: CniNode, options: FlannelOptions, backend: FlannelBackend): BridgeConfig {
  const lease = leaseOf(self);
  return {
    ...BRIDGE_DEFAULTS,
    network: NETWORK,
    mtu: mtuOf(door, self, backend),
    hairpinMode: true,
    isGateway: true,
    isDefaultGateway: true,
    ipam: { type: "host-local", ranges: lease === null ? [] : [[{ subnet: formatCidr(masked(lease)) }]], routes: [{ dst: options.network }] },
  };
}

function add(door: NodeDoor, self: CniNode, at: CniAttachment, options: FlannelOptions, backend: FlannelBackend): CniResult | CniError {
  if (door.memory.get(STARTED) === undefined) {
    return pluginError("failed to load flannel 'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. Check the flannel pod log for this node.");
  }
  return loopbackAdd(door, at) ?? mapPodPorts(door, NETWORK, at, bridgeAdd(door, bridgeConfig(door, self, options, backend), at));
}
