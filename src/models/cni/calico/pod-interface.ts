/**
 * A pod's veth as the Calico plugin makes it: an address with no neighbours, a gateway that no device holds, and on the node a
 * host end that answers for it by proxy ARP (cni-plugin/pkg/dataplane/linux; sysctls also felix/dataplane/linux/endpoint_mgr.go).
 */
import type { Act } from "../../../linux/plumbing/act.js";
import type { CniDoor } from "../../node-door.js";
import { pluginError } from "../cni-errors.js";
import type { CniAttachment, CniError } from "../cni-model.js";
import { devicesOf, runActs } from "../sandbox-veth.js";
import { HOST_SIDE_MAC, POD_GATEWAY, workloadInterface } from "./calico-names.js";

/** Makes the pair, the pod's routes and address, and the node's route to it; an old host end of the name goes first. */
export function makePodInterface(door: CniDoor, at: CniAttachment, address: string, mtu: number): CniError | null {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const host = workloadInterface(at.pod);
  if (devicesOf(door, at.netns).has(at.ifname)) return pluginError(`container veth name provided (${at.ifname}) already exists`);
  const stale: Act[] = devicesOf(door, door.ns).has(host) ? [{ verb: "link-del", ns: door.ns, name: host, cause }] : [];
  return runActs(door, [...stale, ...podSide(door, at, host, address, mtu, cause), ...hostSide(door, host, address, cause)]);
}

function podSide(door: CniDoor, { netns: ns, ifname: dev }: CniAttachment, host: string, address: string, mtu: number, cause: number): Act[] {
  return [
    { verb: "link-add", ns, name: dev, kind: "veth", mtu, peer: { ns: door.ns, name: host, mtu }, cause },
    { verb: "link-set", ns: door.ns, name: host, mac: HOST_SIDE_MAC, cause },
    { verb: "link-set", ns: door.ns, name: host, up: true, cause },
    { verb: "link-set", ns, name: dev, up: true, cause },
    { verb: "route-add", ns, dst: `${POD_GATEWAY}/32`, dev, scope: "link", cause },
    { verb: "route-add", ns, dst: "default", via: POD_GATEWAY, dev, cause },
    { verb: "addr-add", ns, dev, addr: `${address}/32`, cause },
  ];
}

function hostSide({ ns }: CniDoor, host: string, address: string, cause: number): Act[] {
  const conf = (key: string, value: string): Act => ({ verb: "sysctl", ns, key: `net.ipv4.${key}`, value, cause });
  return [
    conf(`conf.${host}.route_localnet`, "1"),
    conf(`neigh.${host}.proxy_delay`, "0"),
    conf(`conf.${host}.proxy_arp`, "1"),
    conf(`conf.${host}.forwarding`, "1"),
    conf(`conf.${host}.rp_filter`, "1"),
    { verb: "route-replace", ns, dst: `${address}/32`, dev: host, scope: "link", cause },
  ];
}

/** Takes the pair away; no pair is no error. */
export function removePodInterface(door: CniDoor, at: CniAttachment): CniError | null {
  if (!door.stack.nsInfo.has(at.netns) || !devicesOf(door, at.netns).has(at.ifname)) return null;
  return runActs(door, [{ verb: "link-del", ns: at.netns, name: at.ifname, cause: door.cause(`Pod ${at.pod}`, "") }]);
}
