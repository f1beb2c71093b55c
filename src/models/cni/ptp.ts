/**
 * The ptp plugin: a veth without a bridge, the same gateway address on every pod's veth, and a host route to each pod
 * (containernetworking/plugins, plugins/main/ptp). A pod asks by ARP for its gateway alone.
 */
import { formatCidr, masked, parseCidr } from "../../base/cidr.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { isCniError, pluginError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { type GivenAddress, hostLocalDel } from "./host-local.js";
import { setupIpMasq } from "./ip-masq.js";
import { configureActs, detachSandbox, ipamAdd, ipamCall, macOf, makeVeth, runActs, type SandboxConfig, sandboxInterface, vethName } from "./sandbox-veth.js";

/** The plugin's configuration, the part that is used. */
export interface PtpConfig extends SandboxConfig {
  /** 0: the kernel's */
  readonly mtu: number;
}

const plain = (address: string): string => address.split("/")[0]!;

const hostPrefix = (address: string): string => (address.includes(":") ? "128" : "32");

/** ADD: addresses first, then the devices. */
export function ptpAdd(door: NodeDoor, config: PtpConfig, at: CniAttachment): CniResult | CniError {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const given = ipamAdd(door, config, at);
  if (isCniError(given)) return given;
  const routes = [...(config.ipam.routes ?? [])];
  const veth = vethName(door);
  const failed = given.length === 0 ? pluginError("IPAM plugin returned missing IP config") : attach(door, config, at, given, routes, veth, cause);
  if (failed !== null) {
    hostLocalDel(door, ipamCall(config, at));
    return failed;
  }
  return { interfaces: [{ name: veth, mac: macOf(door, door.ns, veth) }, sandboxInterface(door, at)], ips: given.map((ip) => ({ interface: 1, ...ip })), routes };
}

function attach(door: NodeDoor, config: PtpConfig, at: CniAttachment, ips: readonly GivenAddress[], routes: CniResult["routes"], veth: string, cause: number): CniError | null {
  const failed =
    runActs(door, forwardingActs(door, ips, cause)) ?? makeVeth(door, at, veth, config.mtu, cause) ?? runActs(door, [...configureActs(at, ips, routes, cause), ...throughGateway(at, ips, cause), ...hostActs(door, veth, ips, cause)]);
  if (failed !== null || !config.ipMasq) return failed;
  for (const { address } of ips) {
    const refused = setupIpMasq(door, config.network, at.containerId, address, cause);
    if (refused !== null) return refused;
  }
  return null;
}

function forwardingActs(door: NodeDoor, ips: readonly GivenAddress[], cause: number): Act[] {
  return ips.map((ip) => ({ verb: "sysctl", ns: door.ns, key: ip.gateway.includes(":") ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", value: "1", cause }));
}

/** Nothing but the gateway is on the link, the pod's own subnet neither. */
function throughGateway(at: CniAttachment, ips: readonly GivenAddress[], cause: number): Act[] {
  const { netns: ns, ifname: dev } = at;
  return ips.flatMap(({ address, gateway }): Act[] => {
    const subnet = formatCidr(masked(parseCidr(address)!));
    const src = plain(address);
    return [
      { verb: "route-del", ns, dst: subnet, dev, cause },
      { verb: "route-add", ns, dst: `${gateway}/${hostPrefix(gateway)}`, dev, scope: "link", src, cause },
      { verb: "route-add", ns, dst: subnet, via: gateway, dev, src, cause },
    ];
  });
}

function hostActs({ ns }: NodeDoor, veth: string, ips: readonly GivenAddress[], cause: number): Act[] {
  return ips.flatMap(({ address, gateway }): Act[] => [
    { verb: "addr-add", ns, dev: veth, addr: `${gateway}/${hostPrefix(gateway)}`, cause },
    { verb: "route-add", ns, dst: `${plain(address)}/${hostPrefix(address)}`, dev: veth, scope: "host", cause },
  ]);
}

/** DEL. */
export function ptpDel(door: NodeDoor, config: PtpConfig, at: CniAttachment): CniError | null {
  return detachSandbox(door, config, at);
}
