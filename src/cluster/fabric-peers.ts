/** Racks whose routers speak BGP with the nodes too, and take from them what lies in the pod network. */
import type { Stack } from "../linux/stack.js";
import { birdOf, configureBird } from "../models/bgp/bird-program.js";
import { asNumberOf } from "./calico-words.js";
import type { Fabric } from "./fabric.js";
import type { ClusterPlan } from "./options.js";

/** The fabric of a plan whose nodes are to speak to their racks' routers, with these told of them; any other as it is. */
export function withNodePeers(s: Stack, fabric: Fabric, { cni: { name, options }, podSubnet }: ClusterPlan): Fabric {
  if (name !== "calico" || options["bgpPeers"] === undefined) return fabric;
  const speakers = fabric.speakers.map((speaker) => {
    const nodes = fabric.nodes.filter(({ labels }) => labels?.["topology.kubernetes.io/rack"] === speaker.name);
    if (nodes.length === 0) return speaker;
    const pool = `where net ~ ${podSubnet}`;
    const template = `template bgp rack_node from fabric { ipv4 { import ${pool}; export ${pool}; }; }`;
    const peers = nodes.map(({ address }) => `protocol bgp Node_${address.replaceAll(".", "_")} from rack_node { neighbor ${address} as ${asNumberOf(options)}; }`);
    const config = `${speaker.config}${[template, ...peers, ""].join("\n")}`;
    const refused = configureBird(s, birdOf(s, speaker.ns), config);
    if (refused !== null) throw new RangeError(`the configuration of ${speaker.name}: ${refused.errors.join("; ")}`);
    return { ...speaker, config };
  });
  return { ...fabric, speakers };
}
