import type { CauseOf } from "../cause-of.js";
import { compareText } from "../compare-text.js";
import { chooseEndpoints, choiceDependsOnNode, choiceKey } from "../endpoint-choice.js";
import { limitsSources, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import { type NodeRules, SharedRules } from "../shared-rules.js";
import { isLoopback } from "../sloppy-address.js";
import { type SetName, setName, setRows } from "./ip-sets.js";
import type { IpSet, IpSetEntry, IpvsDoc, VirtualServer } from "./ipvs-doc.js";
import type { IpvsNode } from "./ipvs-node.js";
import { ipvsRules } from "./ipvs-rules.js";
import { type PlacedEntry, type PortFrontends, portFrontends, virtualServer } from "./port-frontends.js";

/** A node's rules in the IPVS mode. */
export type IpvsPorts = NodeRules<PortFrontends>;

/** Renders views in IPVS mode, for any number of nodes. */
export class IpvsRenderer extends SharedRules<IpvsNode, PortFrontends> {
  readonly causeOf: CauseOf;

  constructor(causeOf: CauseOf) {
    super({
      settings: (node) => `${node.family} ${node.scheduler}`,
      dependsOnNode: (port) => choiceDependsOnNode(port) || limitsSources(port) || port.endpoints.some((each) => each.nodeName !== ""),
      nodeKey: (port, node) =>
        [choiceKey(port, node), limitsSources(port) && rangesHoldNode(port, node.primary) ? "in range" : "", here(port, node)].join(" "),
      make: (port, node) => portFrontends(port, chooseEndpoints(port, node), node, causeOf),
    });
    this.causeOf = causeOf;
  }
}

function here(port: ServicePortInfo, node: IpvsNode): string {
  return port.endpoints.some((each) => each.nodeName !== "" && each.nodeName === node.name) ? `here=${node.name}` : "";
}

/** Everything that the proxy wants on a node. */
export function ipvsDoc(rendered: IpvsPorts, node: IpvsNode, causeOf: CauseOf): IpvsDoc {
  const ports = rendered.entries.flat();
  const addresses = boundAddresses(ports, node, causeOf);
  const nodeIPs = nodePortAddresses(node, new Set(addresses.keys()));
  const nodePorts = ports.flatMap(({ port, nodePort }) => {
    if (nodePort === null) return [];
    return nodeIPs.map((ip) => virtualServer(port, node, ip, nodePort.port, nodePort.servers, nodePort.cause));
  });
  const sets = ipSets(ports, node, addresses, nodeIPs);
  const filled = new Set(sets.filter((set) => set.entries.length > 0).map((set) => set.name));
  return {
    addresses: [...addresses].map(([ip, cause]) => ({ text: `${ip}/${node.family === 4 ? 32 : 128}`, cause })),
    virtualServers: distinct([...ports.flatMap((port) => port.virtualServers), ...nodePorts], (server: VirtualServer) => server.key),
    sets,
    rules: ipvsRules(node, ports, (name) => filled.has(setName(name, node.family)), causeOf),
  };
}

/** Addresses on `kube-ipvs0` with the cause of each, in the order they are bound. */
function boundAddresses(ports: readonly PortFrontends[], node: IpvsNode, causeOf: CauseOf): ReadonlyMap<string, number> {
  const own = new Set(node.addresses.map((address) => address.text));
  const bound = new Map<string, number>();
  for (const { port, clusterIP, others } of ports) {
    for (const { ip, path } of [clusterIP, ...others.filter((other) => !own.has(other.ip))]) {
      if (!bound.has(ip)) bound.set(ip, causeOf(`Service ${port.namespace}/${port.name}`, path));
    }
  }
  return bound;
}

/** Addresses that answer node ports: all local ones, loopback too, where every address matches. */
function nodePortAddresses(node: IpvsNode, bound: ReadonlySet<string>): readonly string[] {
  const ofFamily = (node.nodePorts.matchAll ? node.addresses : node.nodePorts.chosen.filter((address) => !isLoopback(address))).filter(
    (address) => address.family === node.family,
  );
  return distinct(
    ofFamily.map((address) => address.text),
    (text) => text,
  ).filter((text) => !bound.has(text));
}

function ipSets(
  ports: readonly PortFrontends[],
  node: IpvsNode,
  addresses: ReadonlyMap<string, number>,
  nodeIPs: readonly string[],
): readonly IpSet[] {
  const placed: PlacedEntry[] = ports.flatMap((port) => port.entries);
  for (const [text, cause] of addresses) placed.push({ set: "KUBE-IPVS-IPS", entry: { text, cause } });
  for (const { port, nodePort } of ports) {
    if (nodePort === null || port.protocol !== "sctp") continue;
    for (const ip of nodeIPs) {
      const entry = { text: `${ip},sctp:${port.nodePort}`, cause: nodePort.cause };
      placed.push({ set: "KUBE-NODE-PORT-SCTP-HASH", entry });
      if (port.externalLocal) placed.push({ set: "KUBE-NODE-PORT-LOCAL-SCTP-HASH", entry });
    }
  }
  const entries = new Map<SetName, IpSetEntry[]>();
  for (const { set, entry } of placed) {
    const held = entries.get(set);
    if (held === undefined) entries.set(set, [entry]);
    else held.push(entry);
  }
  return (Object.keys(setRows) as SetName[]).map((name) => ({
    name: setName(name, node.family),
    type: setRows[name].type,
    family: node.family === 4 ? "inet" : "inet6",
    entries: distinct(entries.get(name) ?? [], (entry) => entry.text).sort((a, b) => compareText(a.text, b.text)),
  }));
}

/** The first of each name. */
function distinct<T>(list: readonly T[], nameOf: (item: T) => string): T[] {
  const found = new Map<string, T>();
  for (const item of list) if (!found.has(nameOf(item))) found.set(nameOf(item), item);
  return [...found.values()];
}
