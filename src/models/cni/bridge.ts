/**
 * The bridge plugin: a veth from the sandbox to a bridge that may hold the gateway's address (containernetworking/plugins,
 * plugins/main/bridge and pkg/ip). Each step is one act, in the plugin's own order; the first refusal ends the call. VLANs and
 * the check of source MACs are not modelled.
 */
import { masked, parseCidr } from "../../base/cidr.js";
import type { NodeDoor } from "../node-door.js";
import { isCniError, pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { type GivenAddress, hostLocalDel } from "./host-local.js";
import { setupIpMasq } from "./ip-masq.js";
import { addressAct, addressesOf, configureActs, detachSandbox, devicesOf, ipamAdd, ipamCall, macOf, makeVeth, runActs, type SandboxConfig, sandboxInterface, vethName } from "./sandbox-veth.js";

/** The plugin's configuration, the part that is used. */
export interface BridgeConfig extends SandboxConfig {
  readonly bridge: string;
  /** 0: the kernel's */
  readonly mtu: number;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  /** the bridge holds the gateway's address, and the node forwards */
  readonly isGateway: boolean;
  /** as isGateway, and a default route in the sandbox */
  readonly isDefaultGateway: boolean;
  /** an address of another subnet on the bridge gives way */
  readonly forceAddress: boolean;
}

/** What the plugin does where its configuration says nothing. */
export const BRIDGE_DEFAULTS = Object.freeze({ bridge: "cni0", mtu: 0, hairpinMode: false, promiscMode: false, isGateway: false, isDefaultGateway: false, forceAddress: false, ipMasq: false } as const);

function ensureBridge(door: NodeDoor, config: BridgeConfig, cause: number): CniError | null {
  const { ns } = door;
  const known = devicesOf(door, ns).get(config.bridge);
  if (known !== undefined && door.stack.devInfo.get(known)!.bridge === undefined) return pluginError(`failed to create bridge "${config.bridge}": "${config.bridge}" already exists but is not a bridge`);
  return runActs(door, [
    ...(known === undefined ? [{ verb: "link-add", ns, name: config.bridge, kind: "bridge", ...(config.mtu === 0 ? {} : { mtu: config.mtu }), cause } as const] : []),
    ...(config.promiscMode ? [{ verb: "link-set", ns, name: config.bridge, promisc: true, cause } as const] : []),
    ...(known === undefined ? [{ verb: "link-set", ns, name: config.bridge, up: true, cause } as const] : []),
  ]);
}

/** ADD. */
export function bridgeAdd(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniResult | CniError {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const { ns } = door;
  if (config.hairpinMode && config.promiscMode) return pluginError("cannot set hairpin mode and promiscuous mode at the same time.");
  const failed = ensureBridge(door, config, cause);
  if (failed !== null) return failed;
  // The plugin looked at the bridge before it had this port, and gives it this MAC back as its own.
  const mac = macOf(door, ns, config.bridge);
  const veth = vethName(door);
  const wired =
    makeVeth(door, at, veth, config.mtu, cause) ??
    runActs(door, [
      { verb: "link-set", ns, name: veth, master: config.bridge, cause },
      { verb: "link-set", ns, name: veth, hairpin: config.hairpinMode, cause },
    ]);
  if (wired !== null) return wired;
  const given = ipamAdd(door, config, at);
  if (isCniError(given)) return given;
  const routes = routesFor(config, given);
  const done = attach(door, config, at, given, routes, mac, cause);
  if (done !== null) {
    hostLocalDel(door, ipamCall(config, at));
    return done;
  }
  return {
    interfaces: [{ name: config.bridge, mac: macOf(door, ns, config.bridge) }, { name: veth, mac: macOf(door, ns, veth) }, sandboxInterface(door, at)],
    ips: given.map((ip) => ({ interface: 2, ...ip })),
    routes,
  };
}

/** Addresses and routes in the sandbox, then the bridge as gateway, then translation. */
function attach(door: NodeDoor, config: BridgeConfig, at: CniAttachment, ips: readonly GivenAddress[], routes: CniResult["routes"], bridgeMac: string, cause: number): CniError | null {
  if (ips.length === 0) return runActs(door, [{ verb: "link-set", ns: at.netns, name: at.ifname, up: true, cause }]);
  const configured = runActs(door, configureActs(at, ips, routes, cause));
  if (configured !== null) return configured;
  if (config.isGateway || config.isDefaultGateway) {
    for (const ip of ips) {
      const refused = becomeGateway(door, config, ip, bridgeMac, cause);
      if (refused !== null) return refused;
    }
  }
  if (config.ipMasq) {
    for (const { address } of ips) {
      const refused = setupIpMasq(door, config.network, at.containerId, address, cause);
      if (refused !== null) return refused;
    }
  }
  return null;
}

function routesFor(config: BridgeConfig, ips: readonly GivenAddress[]): { dst: string; gw?: string }[] {
  const routes: { dst: string; gw?: string }[] = [...(config.ipam.routes ?? [])];
  if (!config.isDefaultGateway) return routes;
  for (const { gateway } of ips) {
    const dst = gateway.includes(":") ? "::/0" : "0.0.0.0/0";
    if (!routes.some((route) => route.dst === dst)) routes.push({ dst, gw: gateway });
  }
  return routes;
}

/** ensureAddr: the bridge gets the gateway's address once, keeps one MAC from then on, and the node forwards. */
function becomeGateway(door: NodeDoor, config: BridgeConfig, { address, gateway }: GivenAddress, mac: string, cause: number): CniError | null {
  const { ns } = door;
  const v6 = gateway.includes(":");
  const wanted = `${gateway}/${address.split("/")[1]!}`;
  const held = addressesOf(door, ns, config.bridge).filter((one) => one.includes(":") === v6);
  if (held.includes(wanted)) return null;
  // Of IPv6 there may be others beside it, as the link's own, unless they are of the same subnet.
  const others = held.filter((one) => !v6 || masked(parseCidr(one)!).words.join() === masked(parseCidr(wanted)!).words.join());
  if (others.length > 0 && !config.forceAddress) return pluginError(`failed to set bridge addr: "${config.bridge}" already has an IP address different from ${wanted}`);
  return runActs(door, [
    ...others.map((addr) => ({ verb: "addr-del", ns, dev: config.bridge, addr, cause }) as const),
    addressAct(ns, config.bridge, wanted, cause),
    { verb: "link-set", ns, name: config.bridge, mac, cause },
    { verb: "sysctl", ns, key: v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", value: "1", cause },
  ]);
}

/** DEL. */
export function bridgeDel(door: NodeDoor, config: BridgeConfig, at: CniAttachment): CniError | null {
  return detachSandbox(door, config, at);
}
