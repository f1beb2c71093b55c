/**
 * The bridge plugin: a veth from the sandbox to a bridge that holds the gateway's address (containernetworking/plugins,
 * plugins/main/bridge and pkg/ip). Each step is one act, in the plugin's own order; the first refusal ends the call.
 */
import { parseCidr } from "../../base/cidr.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { isCniError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { hostLocalAdd } from "./host-local.js";
import { configureActs, detachSandbox, devicesOf, type GivenAddress, macOf, makeVeth, runActs, vethName } from "./sandbox-veth.js";

/** The plugin's configuration, the part that is used. */
export interface BridgeConfig {
  readonly network: string;
  readonly bridge: string;
  readonly mtu: number;
  readonly hairpinMode: boolean;
  readonly isDefaultGateway: boolean;
  readonly subnets: readonly string[];
  /** routes of the IPAM section */
  readonly routes: readonly string[];
}

function ensureBridge(door: NodeDoor, config: BridgeConfig, cause: number): CniError | null {
  if (devicesOf(door, door.ns).has(config.bridge)) return null;
  return runActs(door, [
    { verb: "link-add", ns: door.ns, name: config.bridge, kind: "bridge", mtu: config.mtu, cause },
    { verb: "link-set", ns: door.ns, name: config.bridge, up: true, cause },
  ]);
}

/** ADD. */
export function bridgeAdd(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniResult | CniError {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const { ns } = door;
  const failed = ensureBridge(door, config, cause);
  if (failed !== null) return failed;
  const veth = vethName(door);
  const wired =
    makeVeth(door, at, veth, config.mtu, cause) ??
    runActs(door, [
      { verb: "link-set", ns, name: veth, master: config.bridge, cause },
      { verb: "link-set", ns, name: veth, hairpin: config.hairpinMode, cause },
    ]);
  if (wired !== null) return wired;
  const ips: (GivenAddress & { readonly interface: number })[] = [];
  for (const subnet of config.subnets) {
    const given = hostLocalAdd(door, config.network, parseCidr(subnet)!, at.containerId, at.ifname);
    if (isCniError(given)) {
      bridgeDel(door, config, at);
      return given;
    }
    ips.push({ ...given, interface: 2 });
  }
  const routes = routesFor(config, ips);
  const done = runActs(door, [...configureActs(at, ips, routes, cause), ...gatewayActs(door, config, ips, cause)]);
  if (done !== null) return done;
  return {
    interfaces: [
      { name: config.bridge, mac: macOf(door, ns, config.bridge) },
      { name: veth, mac: macOf(door, ns, veth) },
      { name: at.ifname, mac: macOf(door, at.netns, at.ifname), sandbox: `/var/run/netns/${door.stack.nsInfo.get(at.netns)!.name}` },
    ],
    ips,
    routes,
  };
}

function routesFor(config: BridgeConfig, ips: readonly GivenAddress[]): { dst: string; gw?: string }[] {
  const routes: { dst: string; gw?: string }[] = config.routes.map((dst) => ({ dst }));
  if (config.isDefaultGateway) {
    for (const ip of ips) routes.push({ dst: ip.gateway.includes(":") ? "::/0" : "0.0.0.0/0", gw: ip.gateway });
  }
  return routes;
}

/** The bridge gets the gateway's address once, keeps its MAC from then on, and the node forwards. */
function gatewayActs(door: NodeDoor, config: BridgeConfig, ips: readonly GivenAddress[], cause: number): Act[] {
  const { ns } = door;
  const held = door.stack.devInfo.get(devicesOf(door, ns).get(config.bridge)!)!.addresses.map((a) => door.stack.book.text(a.addr));
  const acts: Act[] = [];
  for (const ip of ips) {
    if (held.includes(ip.gateway)) continue;
    acts.push({ verb: "addr-add", ns, dev: config.bridge, addr: `${ip.gateway}/${ip.address.split("/")[1]!}`, cause });
    acts.push({ verb: "link-set", ns, name: config.bridge, mac: macOf(door, ns, config.bridge), cause });
    acts.push({ verb: "sysctl", ns, key: ip.gateway.includes(":") ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", value: "1", cause });
  }
  return acts;
}

/** DEL. */
export function bridgeDel(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniError | null {
  return detachSandbox(door, config.network, at);
}
