/**
 * The network under the nodes, as kind has it: one bridge (a Docker network 172.18.0.0/16) with a port for each node, and a
 * router to the outside that is also the nodes' name server.
 *
 * Each cable is an uplink with its own delay, rate and loss. "internet" is a host behind the router, 203.0.113.10.
 */
import { formatIPv4 } from "../base/ip.js";
import { nthAddress, parseCidr } from "../base/cidr.js";
import { netnsByName } from "../linux/netns.js";
import { plumb } from "../linux/plumbing.js";
import type { Act } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";

/** What the cables do: ns, bits per second (0 no limit), chance of loss 0 to 1. */
export interface FabricOptions {
  readonly subnet: string;
  readonly delay: number;
  readonly rate: number;
  readonly loss: number;
  readonly mtu: number;
}

export const FABRIC_DEFAULTS: FabricOptions = Object.freeze({ subnet: "172.18.0.0/16", delay: 50_000, rate: 0, loss: 0, mtu: 1500 });

/** The switch of the nodes' network. */
export const FABRIC_BRIDGE = "kind";
/** Machine labels of the namespaces that are no nodes. */
export const FABRIC_MACHINE = 0;
export const INTERNET_MACHINE = -1;
/** A host outside, of the documentation range TEST-NET-3. */
export const INTERNET_ADDRESS = "203.0.113.10";
const ROUTER_OUTSIDE = "203.0.113.1/24";

/** A node's root namespace on the fabric. */
export interface FabricNode {
  readonly name: string;
  readonly ns: number;
  readonly address: string;
}

/** The rows that a fabric has made. */
export interface Fabric {
  readonly ns: number;
  readonly internet: number;
  readonly gateway: string;
  readonly nodes: readonly FabricNode[];
  /** everything that was done to build it, in order */
  readonly acts: readonly Act[];
}

/** Does acts that cannot be refused, and keeps them. */
class Builder {
  readonly acts: Act[] = [];

  constructor(readonly s: Stack) {}

  must(acts: readonly Act[]): void {
    for (const act of acts) {
      const refused = plumb(this.s, act);
      if (refused !== null) throw new RangeError(`the fabric cannot be built: ${act.verb}: ${refused.message}`);
      this.acts.push(act);
    }
  }

  namespace(machine: number, name: string): number {
    this.must([{ verb: "netns-add", node: machine, name }]);
    const ns = netnsByName(this.s, machine, name);
    this.must([{ verb: "link-set", ns, name: "lo", up: true }]);
    return ns;
  }
}

/** MACs that say who they are, 02:42 and the address, as Docker makes them. */
function macOf(address: string): string {
  return `02:42:${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}`;
}

/** Builds the fabric and one root namespace for each name, in order: addresses .2, .3, ... of the subnet. */
export function buildFabric(s: Stack, names: readonly string[], options: FabricOptions): Fabric {
  const subnet = parseCidr(options.subnet)!;
  const address = (n: number): string => formatIPv4(nthAddress(subnet, n)![0]);
  const gateway = address(1);
  const b = new Builder(s);
  const ns = b.namespace(FABRIC_MACHINE, "fabric");
  b.must([
    { verb: "link-add", ns, name: FABRIC_BRIDGE, kind: "bridge", mac: macOf(gateway), mtu: options.mtu },
    { verb: "addr-add", ns, dev: FABRIC_BRIDGE, addr: `${gateway}/${subnet.prefix}` },
    { verb: "link-set", ns, name: FABRIC_BRIDGE, up: true },
    { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" },
    { verb: "sysctl", ns, key: "net.bridge.bridge-nf-call-iptables", value: "0" },
    { verb: "sysctl", ns, key: "net.ipv4.conf.all.send_redirects", value: "0" },
  ]);
  const internet = buildInternet(b, ns);
  const nodes = names.map((name, i) => buildNode(b, ns, name, i + 1, address(i + 2), gateway, subnet.prefix, options));
  return { ns, internet, gateway, nodes, acts: b.acts };
}

function buildInternet(b: Builder, fabric: number): number {
  const ns = b.namespace(INTERNET_MACHINE, "internet");
  b.must([
    { verb: "link-add", ns, name: "eth0", kind: "veth", mac: "02:42:cb:00:71:0a", peer: { ns: fabric, name: "outside", mac: "02:42:cb:00:71:01" } },
    { verb: "addr-add", ns, dev: "eth0", addr: `${INTERNET_ADDRESS}/24` },
    { verb: "addr-add", ns: fabric, dev: "outside", addr: ROUTER_OUTSIDE },
    { verb: "link-set", ns, name: "eth0", up: true },
    { verb: "link-set", ns: fabric, name: "outside", up: true },
    { verb: "route-add", ns, dst: "default", via: ROUTER_OUTSIDE.split("/")[0]!, dev: "eth0" },
  ]);
  return ns;
}

function buildNode(b: Builder, fabric: number, name: string, machine: number, address: string, gateway: string, prefix: number, options: FabricOptions): FabricNode {
  const ns = b.namespace(machine, name);
  const port = `port${machine}`;
  b.must([
    {
      verb: "link-add", ns, name: "eth0", kind: "uplink", mac: macOf(address), mtu: options.mtu,
      peer: { ns: fabric, name: port, mtu: options.mtu }, link: { delay: options.delay, rate: options.rate, loss: options.loss },
    },
    { verb: "link-set", ns: fabric, name: port, master: FABRIC_BRIDGE },
    { verb: "link-set", ns: fabric, name: port, up: true },
    { verb: "link-set", ns, name: "eth0", up: true },
    { verb: "addr-add", ns, dev: "eth0", addr: `${address}/${prefix}` },
    { verb: "route-add", ns, dst: "default", via: gateway, dev: "eth0" },
    { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" },
  ]);
  return { name, ns, address };
}
