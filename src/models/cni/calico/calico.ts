/**
 * Calico: addresses from blocks of a pool, pods behind a veth with a /32 each, and between nodes plain routes, VXLAN or IPIP. What
 * its daemons know of each other is in the cluster's datastore (`door.shared`), as it is in the real one.
 *
 * Read first: felix/dataplane/linux/route_mgr.go, libcalico-go/lib/ipam. Routes are Felix's (ProgramClusterRoutes: Enabled), or
 * with clusterRoutingMode BIRD those of a routing daemon on every node.
 */
import { configureBird, startBird, stopBird } from "../../bgp/bird-program.js";
import type { CniDoor } from "../../node-door.js";
import { pluginError } from "../cni-errors.js";
import type { CniAttachment, CniError, CniModel, CniNode, CniResult } from "../cni-model.js";
import { loopbackAdd, macOf, runActs } from "../sandbox-veth.js";
import { addBgpNode, bgpNodes, birdConfig, dropBgpNode } from "./bird-config.js";
import { workloadInterface, vtepMac, POD_GATEWAY } from "./calico-names.js";
import { CALICO_DEFAULTS, type CalicoOptions, tunnelOf, TUNNELS } from "./calico-options.js";
import { bringPrefix } from "./cluster-routes.js";
import { affineBlocks, assignAddress, borrowedBy, changeCount, changedPrefix, releaseHandle, releaseNode } from "./ipam.js";
import { type CalicoNode, calicoNode, keepCalicoNode } from "./node-record.js";
import { makePodInterface, removePodInterface } from "./pod-interface.js";
import { keepVteps, tunnelActs, vtepDown, vtepUp } from "./tunnels.js";

/** Key of a node's memory: how many changes of the datastore its daemon has heard. */
const HEARD = "heard";
/** And the configuration of its routing daemon. */
const BIRD = "bird.cfg";
/** Key of what is shared: the number of a node's routing daemon. */
const daemonKey = (node: string): string => `bird/${node}`;

/** The CNI "calico". */
export function calico(given: Partial<CalicoOptions> = {}): CniModel {
  const options: CalicoOptions = Object.freeze({ ...CALICO_DEFAULTS, ...given });
  const tunnel = tunnelOf(options.encapsulation);
  const podMtu = (uplinkMtu: number): number => uplinkMtu - (tunnel === "none" ? 0 : TUNNELS[tunnel].overhead);
  return {
    name: "calico",
    speaks: options.clusterRoutingMode === "BIRD",
    podMtu,
    nodeUp: (door, self) => nodeUp(door, self, options, podMtu(uplinkMtu(door, self))),
    peerUp: (door, self, peer) => peerUp(door, self, peer, options),
    peerDown: (door, self, peer) => peerDown(door, self, peer, options),
    sharedChanged: (door, self) => hear(door, self, options),
    add: (door, self, at) => add(door, self, at, options, podMtu(uplinkMtu(door, self))),
    del(door, _self, at) {
      const failed = removePodInterface(door, at);
      if (failed !== null) return failed;
      const before = changeCount(door.shared);
      releaseHandle(door.shared, handleOf(at), door.stack.engine.now);
      if (changeCount(door.shared) !== before) door.announce();
      return null;
    },
  };
}

const handleOf = (at: CniAttachment): string => `k8s-pod-network.${at.containerId}`;

function uplinkMtu({ stack, ns }: CniDoor, self: CniNode): number {
  return stack.dev.c.mtu[stack.nsInfo.get(ns)!.devices.get(self.uplink)!]!;
}

/** The node's address with the length of its subnet, as the node's start-up finds it on the device. */
function addressWithPrefix({ stack, ns }: CniDoor, self: CniNode, address: string): string {
  const held = stack.devInfo.get(stack.nsInfo.get(ns)!.devices.get(self.uplink)!)!.addresses.find((each) => stack.book.text(each.addr) === address);
  return `${address}/${held?.prefix ?? 32}`;
}

function nodeUp(door: CniDoor, self: CniNode, options: CalicoOptions, mtu: number): { readonly annotations: Readonly<Record<string, string>> } | CniError {
  const tunnel = tunnelOf(options.encapsulation);
  const address = self.addresses.find((each) => !each.includes(":"));
  if (address === undefined) return pluginError(`node "${self.name}" has no IPv4 address`);
  const handle = `${tunnel}-tunnel-addr-${self.name}`;
  releaseHandle(door.shared, handle, door.stack.engine.now);
  const given = tunnel === "none" ? null : assignAddress(door.shared, options, self.name, handle, door.stack.engine.now);
  if (given !== null && "refused" in given) return pluginError(`failed to assign the address of ${TUNNELS[tunnel as "vxlan"].device}: ${given.refused}`);
  const node: CalicoNode = {
    name: self.name,
    address,
    subnet: addressWithPrefix(door, self, address),
    tunnelAddress: given?.address ?? "",
    tunnelMac: tunnel === "vxlan" ? vtepMac(self.name) : "",
  };
  const cause = door.cause("DaemonSet calico-system/calico-node", "");
  const refused = runActs(door, [
    { verb: "sysctl", ns: door.ns, key: "net.ipv4.ip_forward", value: "1", cause },
    ...(tunnel === "none" ? [] : tunnelActs(door, tunnel, node, self.uplink, mtu, cause)),
  ]);
  if (refused !== null) return refused;
  keepCalicoNode(door.shared, node);
  addBgpNode(door.shared, node.name);
  keepVteps(door, bgpNodes(door.shared));
  start(door, self, node, options);
  door.announce();
  return { annotations: annotationsOf(node, tunnel) };
}

function annotationsOf(node: CalicoNode, tunnel: "vxlan" | "ipip" | "none"): Readonly<Record<string, string>> {
  return {
    "projectcalico.org/IPv4Address": node.subnet,
    ...(tunnel === "ipip" ? { "projectcalico.org/IPv4IPIPTunnelAddr": node.tunnelAddress } : {}),
    ...(tunnel === "vxlan" ? { "projectcalico.org/IPv4VXLANTunnelAddr": node.tunnelAddress, "projectcalico.org/VXLANTunnelMACAddr": node.tunnelMac } : {}),
  };
}

/** A daemon that starts has its own blocks; of the others' it hears with their nodes, or it was here before. */
function start(door: CniDoor, self: CniNode, node: CalicoNode, options: CalicoOptions): void {
  if (options.clusterRoutingMode === "BIRD" || door.memory.has(HEARD)) return hear(door, self, options);
  door.memory.set(HEARD, changeCount(door.shared));
  for (const prefix of affineBlocks(door.shared, self.name)) bringPrefix(door, options, node, self.uplink, prefix);
}

/** Everything of the datastore that has changed since the daemon looked last. */
function hear(door: CniDoor, self: CniNode, options: CalicoOptions): void {
  const node = calicoNode(door.shared, self.name);
  if (node === undefined) return;
  const now = changeCount(door.shared);
  if (options.clusterRoutingMode === "BIRD") {
    runBird(door, birdConfig(door.shared, options, node));
    return;
  }
  const changed = new Set<string>();
  for (let n = (door.memory.get(HEARD) ?? 0) as number; n < now; n++) changed.add(changedPrefix(door.shared, n));
  for (const prefix of changed) bringPrefix(door, options, node, self.uplink, prefix);
  door.memory.set(HEARD, now);
}

/** The number of a node's routing daemon, 0 if none runs. */
function daemonOf({ shared, stack }: CniDoor, node: string): number {
  const app = (shared.get(daemonKey(node)) ?? 0) as number;
  const info = stack.app.apps.get(app);
  return info === undefined || info.exit !== undefined ? 0 : app;
}

/** The routing daemon of a node gets a configuration, or starts with it. */
function runBird(door: CniDoor, text: string): void {
  const running = daemonOf(door, door.node);
  if (running !== 0 && door.memory.get(BIRD) === text) return;
  door.memory.set(BIRD, text);
  const cause = door.cause("DaemonSet calico-system/calico-node", "");
  const refused = running === 0 ? startBird(door.stack, door.ns, text, cause, door.node) : configureBird(door.stack, running, text);
  if (refused !== null && "app" in refused) door.shared.set(daemonKey(door.node), refused.app);
  if (refused !== null && "errors" in refused) throw new RangeError(`bird.cfg of ${door.node}: ${refused.errors.join("; ")}`);
}

/** Others' blocks that this daemon has heard of are reached as soon as it hears of the node that holds them. */
function peerUp(door: CniDoor, self: CniNode, { name }: CniNode, options: CalicoOptions): void {
  const [node, peer] = [calicoNode(door.shared, self.name), calicoNode(door.shared, name)];
  if (node === undefined || peer === undefined || name === self.name) return;
  vtepUp(door, peer);
  if (options.clusterRoutingMode === "BIRD") return;
  for (const prefix of [...affineBlocks(door.shared, name), ...borrowedBy(door.shared, name)]) bringPrefix(door, options, node, self.uplink, prefix);
}

/** The first to hear gives back what the node held, as kube-controllers would. */
function peerDown(door: CniDoor, self: CniNode, { name }: CniNode, options: CalicoOptions): void {
  const peer = calicoNode(door.shared, name);
  if (peer === undefined || name === self.name) return;
  releaseNode(door.shared, name, door.stack.engine.now);
  dropBgpNode(door.shared, name);
  // Its calico-node is taken away with the Node, and so are its sessions with routers that are no nodes.
  const daemon = daemonOf(door, name);
  if (daemon !== 0) stopBird(door.stack, daemon);
  door.shared.delete(daemonKey(name));
  vtepDown(door, name);
  hear(door, self, options);
}

function add(door: CniDoor, self: CniNode, at: CniAttachment, options: CalicoOptions, mtu: number): CniResult | CniError {
  if (calicoNode(door.shared, self.name) === undefined) {
    return pluginError("stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/");
  }
  const before = changeCount(door.shared);
  const given = assignAddress(door.shared, options, self.name, handleOf(at), door.stack.engine.now);
  if (changeCount(door.shared) !== before) door.announce();
  if ("refused" in given) return pluginError(`failed to request IPv4 addresses: ${given.refused}`);
  const failed = loopbackAdd(door, at) ?? makePodInterface(door, at, given.address, mtu);
  if (failed !== null) {
    releaseHandle(door.shared, handleOf(at), door.stack.engine.now);
    return failed;
  }
  const host = workloadInterface(at.pod);
  return {
    interfaces: [{ name: host, mac: macOf(door, door.ns, host) }],
    ips: [{ address: `${given.address}/32`, interface: 0 }],
    routes: [{ dst: "0.0.0.0/0", gw: POD_GATEWAY }],
  };
}
