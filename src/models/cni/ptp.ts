/**
 * The ptp plugin: a veth without a bridge, the same gateway address on every pod's veth, and a host route to each pod
 * (containernetworking/plugins, plugins/main/ptp). A pod asks by ARP for its gateway alone.
 */
import { formatCidr, masked, parseCidr } from "../../base/cidr.js";
import type { Act } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { isCniError } from "./cni-errors.js";
import type { CniAttachment, CniError, CniResult } from "./cni-model.js";
import { hostLocalAdd, hostLocalDel } from "./host-local.js";
import { configureActs, detachSandbox, type GivenAddress, macOf, makeVeth, runActs, vethName } from "./sandbox-veth.js";

/** The plugin's configuration, the part that is used. */
export interface PtpConfig {
  readonly network: string;
  readonly mtu: number;
  readonly subnets: readonly string[];
  /** routes of the IPAM section */
  readonly routes: readonly string[];
}

const plain = (address: string): string => address.split("/")[0]!;

const hostPrefix = (address: string): string => (address.includes(":") ? "128" : "32");

/** ADD: addresses first, then the devices. */
export function ptpAdd(door: NodeDoor, config: PtpConfig, at: CniAttachment): CniResult | CniError {
  const cause = door.cause(`Pod ${at.pod}`, "");
  const ips: (GivenAddress & { readonly interface: number })[] = [];
  for (const subnet of config.subnets) {
    const given = hostLocalAdd(door, config.network, parseCidr(subnet)!, at.containerId, at.ifname);
    if (isCniError(given)) {
      hostLocalDel(door, config.network, at.containerId, at.ifname);
      return given;
    }
    ips.push({ ...given, interface: 1 });
  }
  const routes = config.routes.map((dst) => ({ dst }));
  const veth = vethName(door);
  const failed =
    runActs(door, forwardingActs(door, ips, cause)) ?? makeVeth(door, at, veth, config.mtu, cause) ?? runActs(door, [...configureActs(at, ips, routes, cause), ...throughGateway(at, ips, cause), ...hostActs(door, veth, ips, cause)]);
  if (failed !== null) {
    hostLocalDel(door, config.network, at.containerId, at.ifname);
    return failed;
  }
  return {
    interfaces: [
      { name: veth, mac: macOf(door, door.ns, veth) },
      { name: at.ifname, mac: macOf(door, at.netns, at.ifname), sandbox: `/var/run/netns/${door.stack.nsInfo.get(at.netns)!.name}` },
    ],
    ips,
    routes,
  };
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
  return detachSandbox(door, config.network, at);
}
