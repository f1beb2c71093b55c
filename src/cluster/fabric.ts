/**
 * The network under the nodes, and a router to the outside that is also the nodes' name server. As kind has it: one bridge (a
 * Docker network 172.18.0.0/16) with a port for each node; or racks under spines, or zones.
 *
 * Each cable is an uplink with its own delay, rate and loss. "internet" is a host behind the router, 203.0.113.10.
 */
import { parseCidr } from "../base/cidr.js";
import type { Act } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";
import { addressAt, FabricBuilder } from "./fabric-builder.js";
import { buildLeafSpine } from "./fabric-leaf-spine.js";
import { FABRIC_BRIDGE, FABRIC_MACHINE, FABRIC_SUBNET6, type FabricNode, type FabricOptions, INTERNET_ADDRESS, INTERNET_ADDRESS6, INTERNET_MACHINE } from "./fabric-options.js";
import { nodeRouterConfig, ROUTER_AS } from "./fabric-node-sessions.js";
import { buildZones } from "./fabric-zones.js";

export { ROUTER_AS } from "./fabric-node-sessions.js";
export { FABRIC_BRIDGE, FABRIC_DEFAULTS, FABRIC_MACHINE, type FabricNode, type FabricOptions, INTERNET_ADDRESS, INTERNET_ADDRESS6, INTERNET_MACHINE } from "./fabric-options.js";

const ROUTER_OUTSIDE = "203.0.113.1";

/** The rows that a fabric has made. */
export interface Fabric {
  /** the router to the outside */
  readonly ns: number;
  readonly internet: number;
  /** its address: the nodes' name server */
  readonly gateway: string;
  readonly gateway6?: string;
  readonly nodes: readonly FabricNode[];
  /** everything that was done to build it, in order */
  readonly acts: readonly Act[];
  /** routing daemons of its routers, with their configurations */
  readonly speakers: readonly { readonly ns: number; readonly name: string; readonly config: string }[];
}

/** Builds the fabric and one root namespace for each name, in order: in one segment addresses .2, .3, ... of the subnet. With `six`, IPv6 beside it. */
export function buildFabric(s: Stack, names: readonly string[], options: FabricOptions, six = false): Fabric {
  const b = new FabricBuilder(s, options.mtu);
  const { topology } = options;
  if (topology === "single") {
    const segment = withSessions(b, buildSegment(b, names, options), options);
    return six ? withIPv6(b, segment) : segment;
  }
  const ns = b.router(FABRIC_MACHINE, "fabric");
  const internet = b.internet(INTERNET_MACHINE, ns, INTERNET_ADDRESS, ROUTER_OUTSIDE);
  const { nodes, gateway } = (topology === "zones" ? buildZones : buildLeafSpine)(b, ns, FABRIC_MACHINE, names, options);
  return withSessions(b, { ns, internet, gateway, nodes, acts: b.acts, speakers: b.speakers }, options);
}

/** The one router listens to nodes; in racks their own routers do. */
function withSessions(b: FabricBuilder, fabric: Fabric, { topology, nodeAs }: FabricOptions): Fabric {
  if (nodeAs === 0 || topology === "leaf-spine") return fabric;
  b.speaker(fabric.ns, "router", nodeRouterConfig(fabric.gateway, nodeAs, fabric.nodes.map(({ address }) => address)));
  return { ...fabric, nodes: fabric.nodes.map((node) => ({ ...node, gatewayAs: ROUTER_AS })) };
}

function buildSegment(b: FabricBuilder, names: readonly string[], options: FabricOptions): Fabric {
  const subnet = parseCidr(options.subnet)!;
  const gateway = addressAt(subnet, 1);
  const ns = b.namespace(FABRIC_MACHINE, "fabric");
  b.bridge(ns, FABRIC_BRIDGE, gateway, subnet.prefix);
  b.must([
    { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" },
    { verb: "sysctl", ns, key: "net.bridge.bridge-nf-call-iptables", value: "0" },
    { verb: "sysctl", ns, key: "net.ipv4.conf.all.send_redirects", value: "0" },
  ]);
  const internet = b.internet(INTERNET_MACHINE, ns, INTERNET_ADDRESS, ROUTER_OUTSIDE);
  const nodes = names.map((name, i): FabricNode => {
    const address = addressAt(subnet, i + 2);
    return { name, ns: b.node(name, i + 1, { ns, bridge: FABRIC_BRIDGE }, address, subnet.prefix, gateway, options), address, gateway };
  });
  return { ns, internet, gateway, nodes, acts: b.acts, speakers: b.speakers };
}

/** Addresses of IPv6 on everything, with the same last parts. */
function withIPv6(b: FabricBuilder, fabric: Fabric): Fabric {
  const at = (n: number): string => FABRIC_SUBNET6.replace("::/64", `::${n.toString(16)}`);
  const [gateway6, outside6] = [at(1), INTERNET_ADDRESS6.replace("::10", "::1")];
  b.must([
    { verb: "sysctl", ns: fabric.ns, key: "net.ipv6.conf.all.forwarding", value: "1" },
    { verb: "sysctl", ns: fabric.ns, key: "net.bridge.bridge-nf-call-ip6tables", value: "0" },
    { verb: "addr-add", ns: fabric.ns, dev: FABRIC_BRIDGE, addr: `${gateway6}/64` },
    { verb: "addr-add", ns: fabric.ns, dev: "outside", addr: `${outside6}/64` },
    { verb: "addr-add", ns: fabric.internet, dev: "eth0", addr: `${INTERNET_ADDRESS6}/64` },
    { verb: "route-add", ns: fabric.internet, dst: "::/0", via: outside6, dev: "eth0" },
  ]);
  const nodes = fabric.nodes.map((node, i): FabricNode => {
    const address6 = at(i + 2);
    b.must([
      { verb: "addr-add", ns: node.ns, dev: "eth0", addr: `${address6}/64` },
      { verb: "route-add", ns: node.ns, dst: "::/0", via: gateway6, dev: "eth0" },
      { verb: "sysctl", ns: node.ns, key: "net.ipv6.conf.all.forwarding", value: "1" },
    ]);
    return { ...node, address6 };
  });
  return { ...fabric, gateway6, nodes };
}
