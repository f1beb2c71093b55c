/** Zones, as a cloud's region has them: a segment each with its own subnet, and a router that joins them over longer cables. */
import { parseCidr } from "../base/cidr.js";
import { addressAt, type FabricBuilder } from "./fabric-builder.js";
import { FABRIC_BRIDGE, type FabricNode, type FabricOptions } from "./fabric-options.js";

const PARTS = 256;
const OWN_PART = 255;
/** Zones that have addresses. */
export const MOST_ZONES = 26;

/** Builds them around the router; nodes are dealt out in turn. */
export function buildZones(b: FabricBuilder, router: number, machine: number, names: readonly string[], options: FabricOptions): { readonly nodes: readonly FabricNode[]; readonly gateway: string } {
  const subnet = parseCidr(options.subnet)!;
  const part = 2 ** (32 - subnet.prefix) / PARTS;
  const prefix = subnet.prefix + 8;
  const own = addressAt(subnet, OWN_PART * part + 1);
  b.must([{ verb: "addr-add", ns: router, dev: "lo", addr: `${own}/32` }]);
  const zones = Array.from({ length: options.zones }, (_, i) => {
    const name = `zone-${String.fromCharCode(97 + i)}`;
    const gateway = addressAt(subnet, i * part + 1);
    const ns = b.namespace(machine, name);
    b.must([
      { verb: "link-add", ns, name: FABRIC_BRIDGE, kind: "bridge", mtu: options.mtu },
      { verb: "sysctl", ns, key: "net.bridge.bridge-nf-call-iptables", value: "0" },
      {
        verb: "link-add", ns: router, name, kind: "uplink", mtu: options.mtu,
        peer: { ns, name: "router", mtu: options.mtu }, link: { delay: options.zoneDelay, rate: options.rate, loss: options.loss },
      },
      { verb: "link-set", ns, name: "router", master: FABRIC_BRIDGE },
      { verb: "link-set", ns, name: "router", up: true },
      { verb: "link-set", ns, name: FABRIC_BRIDGE, up: true },
      { verb: "addr-add", ns: router, dev: name, addr: `${gateway}/${prefix}` },
      { verb: "link-set", ns: router, name, up: true },
    ]);
    return { name, ns, gateway };
  });
  const nodes = names.map((name, i): FabricNode => {
    const zone = i % zones.length;
    const { name: label, ns: segment, gateway } = zones[zone]!;
    const address = addressAt(subnet, zone * part + 2 + Math.floor(i / zones.length));
    const ns = b.node(name, i + 1, { ns: segment, bridge: FABRIC_BRIDGE }, address, prefix, gateway, options);
    return { name, ns, address, gateway, labels: { "topology.kubernetes.io/zone": label } };
  });
  return { nodes, gateway: own };
}
