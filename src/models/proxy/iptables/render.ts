// Turns a view into the rules of one node. What nodes have in common is made once and held once: a Service's rules are
// kept by the Service's entry in the view and by the words that say how they can differ (the node's settings, and its
// choice of endpoints where that depends on the node). A node's rendering is one array of references to them.

import { type ChoosingNode, chooseEndpoints, choiceKey } from "../endpoint-choice.js";
import type { ServicePortInfo } from "../service-port-info.js";
import { portsOf, type ProxyView, type ServiceEntry } from "../view.js";
import { serviceChainNames } from "./chain-names.js";
import { type DispatchRules, dispatchRules } from "./dispatch-rules.js";
import { endpointChains } from "./endpoint-chains.js";
import { type IptablesNode, localhostNodePorts } from "./iptables-node.js";
import type { CauseOf } from "./restore-doc.js";
import { type ChainRules, rangesHoldNode, serviceChains } from "./service-chains.js";

/** The rules of one Service port: how packets come to its chains, the chains before the choice, and the rest. */
export interface PortRules {
  readonly dispatch: DispatchRules;
  readonly service: ChainRules;
  readonly endpoints: ChainRules;
}

/** The rules of a node: `entries[i]` are those of `view.entries[i]`, one element for each port. */
export interface NodeRules {
  readonly view: ProxyView;
  readonly entries: readonly (readonly PortRules[])[];
}

/** Total of endpoints beyond which kube-proxy writes shorter rules and looks for stale chains less often. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

export function isLargeCluster(view: ProxyView, node: IptablesNode): boolean {
  return (node.family === 4 ? view.endpoints.v4 : view.endpoints.v6) > LARGE_CLUSTER_ENDPOINTS;
}

/** What all nodes of equal settings share of one view; null where the node matters. */
interface Base {
  readonly view: ProxyView;
  readonly large: boolean;
  readonly entries: readonly (readonly PortRules[])[];
  /** Indices of the entries that each node decides for itself. */
  readonly own: readonly number[];
}

/** Renders views for any number of nodes; holds nothing but what can be made again. */
export class IptablesRenderer {
  readonly causeOf: CauseOf;
  private readonly entryRules = new WeakMap<ServiceEntry, Map<string, readonly PortRules[]>>();
  private readonly endpointRules = new WeakMap<ServicePortInfo, Map<string, ChainRules>>();
  private readonly bases = new Map<string, Base>();

  constructor(causeOf: CauseOf) {
    this.causeOf = causeOf;
  }

  /** The rules of every Service as a full sync writes them. */
  render(view: ProxyView, node: IptablesNode): NodeRules {
    const base = this.base(view, node);
    if (base.own.length === 0) return { view, entries: base.entries };
    const entries = [...base.entries];
    for (const index of base.own) entries[index] = this.entry(view.entries[index]!, node, base.large);
    return { view, entries };
  }

  /** The rules after a partial sync: Services that are the same in both views keep the rules that `before` gave them. */
  renderChanges(before: NodeRules, view: ProxyView, node: IptablesNode): NodeRules {
    const large = isLargeCluster(view, node);
    const entries: (readonly PortRules[])[] = [];
    let old = 0;
    for (const entry of view.entries) {
      while (old < before.view.entries.length && before.view.entries[old]!.key < entry.key) old++;
      entries.push(before.view.entries[old] === entry ? before.entries[old]! : this.entry(entry, node, large));
    }
    return { view, entries };
  }

  private base(view: ProxyView, node: IptablesNode): Base {
    const settings = settingsKey(node);
    const large = isLargeCluster(view, node);
    const held = this.bases.get(settings);
    if (held?.view === view && held.large === large) return held;
    const own: number[] = [];
    const entries = view.entries.map((entry, index) => {
      if (!dependsOnNode(portsOf(entry, node.family))) return this.entry(entry, node, large);
      own.push(index);
      return [];
    });
    const base = { view, large, entries, own };
    this.bases.set(settings, base);
    return base;
  }

  private entry(entry: ServiceEntry, node: IptablesNode, large: boolean): readonly PortRules[] {
    const ports = portsOf(entry, node.family);
    const key = `${settingsKey(node)}|${large}|${ports.map((port) => nodeKey(port, node)).join("|")}`;
    let held = this.entryRules.get(entry);
    if (held === undefined) this.entryRules.set(entry, (held = new Map()));
    let rules = held.get(key);
    if (rules === undefined) held.set(key, (rules = ports.map((port) => this.port(port, node, large))));
    return rules;
  }

  private port(port: ServicePortInfo, node: IptablesNode, large: boolean): PortRules {
    const choice = chooseEndpoints(port, node);
    const names = serviceChainNames(port);
    const key = `${large}|${choiceKey(port, node)}`;
    let held = this.endpointRules.get(port);
    if (held === undefined) this.endpointRules.set(port, (held = new Map()));
    let endpoints = held.get(key);
    if (endpoints === undefined) held.set(key, (endpoints = endpointChains(port, choice, names, large, this.causeOf)));
    return {
      dispatch: dispatchRules(port, choice, names, node, this.causeOf),
      service: serviceChains(port, choice, names, node, this.causeOf),
      endpoints,
    };
  }
}

/** Everything of a node's settings that the rules of a Service can show. */
function settingsKey(node: IptablesNode): string {
  const { detector } = node;
  const pods = detector === null ? "" : detector.kind === "cidr" ? detector.cidr : `${detector.kind} ${detector.name}`;
  const counted = localhostNodePorts(node) && node.counters.localhostAccepted;
  return `${node.family} ${node.masqueradeAll ? "all" : ""} ${counted ? "counted" : ""} ${pods}`;
}

/** How the rules of this port can differ between nodes of equal settings. */
function nodeKey(port: ServicePortInfo, node: IptablesNode & ChoosingNode): string {
  const ranges = port.vips.length > 0 && port.sourceRanges.length > 0 && rangesHoldNode(port, node) ? " in range" : "";
  return choiceKey(port, node) + ranges;
}

/** Whether two nodes of equal settings may have different rules for one of these ports. */
function dependsOnNode(ports: readonly ServicePortInfo[]): boolean {
  return ports.some((port) => {
    if (port.internalLocal || port.externalLocal || (port.vips.length > 0 && port.sourceRanges.length > 0)) return true;
    const ready = port.endpoints.filter((endpoint) => endpoint.ready);
    return ready.length > 0 && (ready.every((each) => each.zoneHints.length > 0) || ready.every((each) => each.nodeHints.length > 0));
  });
}
