/** A topology as a picture: DOT for graphviz, Mermaid for Markdown, text for a terminal. */
import { dotText, flowText } from "./diagram-text.js";
import type { Topology, TopologyDevice, TopologyLink, TopologyNamespace } from "./topology.js";

/** Devices of a namespace, namespaces of a node. */
function byNode({ namespaces }: Topology): ReadonlyMap<string, readonly TopologyNamespace[]> {
  const nodes = new Map<string, TopologyNamespace[]>();
  for (const each of namespaces) {
    const known = nodes.get(each.node);
    if (known === undefined) nodes.set(each.node, [each]);
    else known.push(each);
  }
  return nodes;
}

/** Addresses that say where a device is; those of its link alone are left to the records. */
function told({ addresses }: TopologyDevice): readonly string[] {
  return addresses.filter((address) => !address.startsWith("fe80:"));
}

function deviceLabel(device: TopologyDevice): string {
  const { name, kind } = device;
  return [kind === "veth" || kind === "uplink" ? name : `${name} (${kind})`, ...told(device)].join("\n");
}

const place = (end: TopologyLink["from"]): string => `${end.id} ${end.device}`;

/** An undirected graph: a cluster for each machine, in it one for each pod; dashed lines are tunnels. */
export function topologyDot(of: Topology): string {
  const lines = ["graph topology {", "  rankdir=LR;", "  node [shape=box];"];
  for (const [node, spaces] of byNode(of)) {
    lines.push(`  subgraph ${dotText(`cluster_${node}`)} {`, `    label=${dotText(node)};`);
    for (const { id, netns, devices } of spaces) {
      const own = netns === node;
      const indent = own ? "    " : "      ";
      if (!own) lines.push(`    subgraph ${dotText(`cluster_${id}`)} {`, `      label=${dotText(netns)};`);
      for (const device of devices) lines.push(`${indent}${dotText(`${id} ${device.name}`)} [label=${dotText(deviceLabel(device))}];`);
      if (!own) lines.push("    }");
    }
    lines.push("  }");
  }
  const styles: Readonly<Record<TopologyLink["kind"], string>> = { cable: " [style=bold]", veth: "", port: "", tunnel: " [style=dashed]" };
  for (const link of of.links) lines.push(`  ${dotText(place(link.from))} -- ${dotText(place(link.to))}${styles[link.kind]};`);
  return `${[...lines, "}"].join("\n")}\n`;
}

/** The same as a Mermaid flowchart. */
export function topologyMermaid(of: Topology): string {
  const ids = new Map<string, string>();
  const idOf = (name: string): string => {
    const known = ids.get(name) ?? `d${ids.size}`;
    ids.set(name, known);
    return known;
  };
  const lines = ["flowchart LR"];
  let groups = 0;
  for (const [node, spaces] of byNode(of)) {
    lines.push(`  subgraph g${groups++}[${flowText(node)}]`);
    for (const { id, netns, devices } of spaces) {
      const own = netns === node;
      if (!own) lines.push(`    subgraph g${groups++}[${flowText(netns)}]`);
      for (const device of devices) lines.push(`${own ? "    " : "      "}${idOf(`${id} ${device.name}`)}[${flowText(deviceLabel(device))}]`);
      if (!own) lines.push("    end");
    }
    lines.push("  end");
  }
  const lineOf: Readonly<Record<TopologyLink["kind"], string>> = { cable: "===", veth: "---", port: "---", tunnel: "-.-" };
  for (const link of of.links) lines.push(`  ${idOf(place(link.from))} ${lineOf[link.kind]} ${idOf(place(link.to))}`);
  return `${lines.join("\n")}\n`;
}

/** One line a device: where, what, its addresses, what it is joined to. */
export function topologyText(of: Topology): string {
  const joined = new Map<string, string[]>();
  const note = (at: TopologyLink["from"], text: string): void => void joined.set(place(at), [...(joined.get(place(at)) ?? []), text]);
  for (const { kind, from, to } of of.links) {
    const other = (end: TopologyLink["from"], near: TopologyLink["from"]): string => (end.id === near.id ? end.device : `${end.device} of ${end.id}`);
    note(from, kind === "port" ? `port of ${to.device}` : kind === "tunnel" ? `over ${other(to, from)}` : `to ${other(to, from)}`);
    if (kind === "cable" || kind === "veth") note(to, `to ${other(from, to)}`);
  }
  const lines: string[] = [];
  for (const [node, spaces] of byNode(of)) {
    lines.push(node);
    for (const { id, netns, devices } of spaces) {
      if (netns !== node) lines.push(`  ${netns}`);
      const width = Math.max(...devices.map(({ name }) => name.length));
      for (const device of devices) {
        const { name, kind, up } = device;
        const what = [kind, ...told(device), ...(up ? [] : ["down"]), ...(joined.get(`${id} ${name}`) ?? [])].join(", ");
        lines.push(`${netns === node ? "  " : "    "}${name.padEnd(width)}  ${what}`);
      }
    }
  }
  return `${lines.join("\n")}\n`;
}
