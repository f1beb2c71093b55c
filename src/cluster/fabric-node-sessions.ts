/** Routers that take BGP sessions from the nodes on their wires: from whatever on a node speaks BGP by itself, MetalLB's speakers for example. */

/** AS number of a fabric's router, where it is the only one. */
export const ROUTER_AS = 64900;

/** Sessions that nodes begin, in BIRD's language. What they tell is taken as it is; they are told nothing. */
export function nodeSessionWords(as: number, nodeAs: number, addresses: readonly string[]): string {
  return [
    `template bgp node { local as ${as}; passive; ipv4 { import all; export none; }; }`,
    ...addresses.map((address) => `protocol bgp node_${address.replaceAll(".", "_")} from node { neighbor ${address} as ${nodeAs}; }`),
    "",
  ].join("\n");
}

/** A router that speaks BGP with nodes alone; what several of them tell alike, it uses at once. */
export function nodeRouterConfig(routerId: string, nodeAs: number, addresses: readonly string[]): string {
  return [
    `router id ${routerId};`,
    "protocol device { scan time 10; }",
    "protocol direct { ipv4; }",
    "protocol kernel { merge paths on; ipv4 { import none; export where source = RTS_BGP; }; }",
    nodeSessionWords(ROUTER_AS, nodeAs, addresses),
  ].join("\n");
}
