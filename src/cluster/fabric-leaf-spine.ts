/**
 * A fabric of racks (RFC 7938): in each a router that is also its switch, over them spines that join every rack with every other,
 * eBGP on every cable, all equal ways used at once. A border router leads outside. Nodes need no BGP: their rack's router is
 * their gateway, and tells the others of its segment.
 */
import { type Cidr, parseCidr } from "../base/cidr.js";
import { addressAt, type CableEnd, type FabricBuilder } from "./fabric-builder.js";
import { nodeSessionWords } from "./fabric-node-sessions.js";
import type { FabricNode, FabricOptions } from "./fabric-options.js";

/** Private AS numbers: one for the border, one for all spines, one for each rack from the next on. */
const BORDER_AS = 64900;
const SPINE_AS = 64901;
const FIRST_RACK_AS = 65001;
/** Of 256 parts of the subnet the first ones are racks, these the rest: the border's own address, and the cables. */
const BORDER_PART = 247;
const CABLE_PART = 248;
const PARTS = 256;
/** Racks and spines that have addresses. */
export const MOST_RACKS = 240;
export const MOST_SPINES = 16;
const RACK = "rack";

interface Peer {
  readonly name: string;
  readonly address: string;
  readonly as: number;
}

/** Hold and connect times are short, so that a world need not wait minutes for its network. */
function birdConfig(routerId: string, as: number, own: readonly string[], peers: readonly Peer[], more = ""): string {
  const sources = [...(own.length > 0 ? ["RTS_DEVICE"] : []), ...(more === "" ? [] : ["RTS_STATIC"]), "RTS_BGP"].join(", ");
  return [
    `router id ${routerId};`,
    "protocol device { scan time 10; }",
    ...(own.length > 0 ? [`protocol direct { ipv4; interface ${own.map((name) => `"${name}"`).join(", ")}; }`] : []),
    "protocol kernel { merge paths on; ipv4 { import none; export where source = RTS_BGP; }; }",
    ...(more === "" ? [] : [more]),
    `template bgp fabric { local as ${as}; hold time 9; connect delay time 1; ipv4 { import all; export where source ~ [ ${sources} ]; }; }`,
    ...peers.map(({ name, address, as: theirs }) => `protocol bgp ${name} from fabric { neighbor ${address} as ${theirs}; }`),
    "",
  ].join("\n");
}

/** Builds it around the border router; `index` is a node's place, by which racks are filled in order. */
export function buildLeafSpine(b: FabricBuilder, border: number, machine: number, names: readonly string[], options: FabricOptions): { readonly nodes: readonly FabricNode[]; readonly gateway: string } {
  const subnet = parseCidr(options.subnet)!;
  const part = 2 ** (32 - subnet.prefix) / PARTS;
  const at = (n: number): string => addressAt(subnet, n);
  const own = at(BORDER_PART * part + 1);
  b.must([{ verb: "addr-add", ns: border, dev: "lo", addr: `${own}/32` }]);
  const { racks, spines } = options;
  const peers = new Map<string, Peer[]>();
  const leaves = Array.from({ length: racks }, (_, i) => leafOf(b, machine, subnet, part, i));
  let cables = 0;
  const join = (lower: { readonly name: string; readonly ns: number; readonly as: number }, spine: { readonly name: string; readonly ns: number }): void => {
    const base = CABLE_PART * part + 2 * cables++;
    const a: CableEnd = { ns: lower.ns, device: spine.name, address: at(base) };
    const z: CableEnd = { ns: spine.ns, device: lower.name, address: at(base + 1) };
    b.cable(a, z, options);
    peers.set(lower.name, [...(peers.get(lower.name) ?? []), { name: spine.name, address: z.address, as: SPINE_AS }]);
    peers.set(spine.name, [...(peers.get(spine.name) ?? []), { name: lower.name, address: a.address, as: lower.as }]);
  };
  const over = Array.from({ length: spines }, (_, i) => ({ name: `spine${i + 1}`, ns: b.router(machine, `spine${i + 1}`) }));
  for (const spine of over) for (const lower of [{ name: "border", ns: border, as: BORDER_AS }, ...leaves]) join(lower, spine);
  over.forEach((spine, i) => b.speaker(spine.ns, spine.name, birdConfig(`10.255.255.${i + 1}`, SPINE_AS, [], peers.get(spine.name)!)));
  b.speaker(border, "border", birdConfig(own, BORDER_AS, ["lo", "outside"], peers.get("border")!, "protocol static { ipv4; route 0.0.0.0/0 unreachable; }"));
  const perRack = Math.ceil(names.length / racks);
  const addressOf = (i: number): string => at(Math.floor(i / perRack) * part + 2 + (i % perRack));
  leaves.forEach((leaf, rack) => {
    const own = options.nodeAs === 0 ? "" : nodeSessionWords(leaf.as, options.nodeAs, names.flatMap((_, i) => (Math.floor(i / perRack) === rack ? [addressOf(i)] : [])));
    b.speaker(leaf.ns, leaf.name, birdConfig(leaf.gateway, leaf.as, [RACK], peers.get(leaf.name)!) + own);
  });
  const nodes = names.map((name, i): FabricNode => {
    const rack = Math.floor(i / perRack);
    const leaf = leaves[rack]!;
    const address = addressOf(i);
    const ns = b.node(name, i + 1, { ns: leaf.ns, bridge: RACK }, address, subnet.prefix + 8, leaf.gateway, options);
    return { name, ns, address, gateway: leaf.gateway, gatewayAs: leaf.as, labels: { "topology.kubernetes.io/rack": leaf.name } };
  });
  return { nodes, gateway: own };
}

interface Leaf {
  readonly name: string;
  readonly ns: number;
  readonly as: number;
  readonly gateway: string;
}

function leafOf(b: FabricBuilder, machine: number, subnet: Cidr, part: number, i: number): Leaf {
  const name = `leaf${i + 1}`;
  const gateway = addressAt(subnet, i * part + 1);
  const ns = b.router(machine, name);
  b.bridge(ns, RACK, gateway, subnet.prefix + 8);
  return { name, ns, as: FIRST_RACK_AS + i, gateway };
}
