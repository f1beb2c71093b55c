// What nodes have in common is made once and held once. The rules of a Service are kept by the Service's entry in the
// view and by the words that say how they can differ: the node's settings, and what else of the node matters to that
// Service. A node's rules are one array of references to them, so a cluster of thousands of nodes stays small.

import { portsOf, type ProxyView, sameEntry, type ServiceEntry } from "./view.js";
import type { ProxyNode } from "./proxy-node.js";
import type { ServicePortInfo } from "./service-port-info.js";

/** How one mode makes the rules of a Service port, and on what they depend. */
export interface RuleMaker<N extends ProxyNode, R> {
  /** Names everything of a node, and of the view as a whole, that the rules of any Service can show. */
  settings(node: N, view: ProxyView): string;
  /** Whether two nodes of equal settings may have different rules for this port. */
  dependsOnNode(port: ServicePortInfo, node: N): boolean;
  /** Names the node's part in the rules of this port: nodes of equal settings and equal words have equal rules. */
  nodeKey(port: ServicePortInfo, node: N): string;
  make(port: ServicePortInfo, node: N, view: ProxyView): R;
}

/** The rules of a node: `entries[i]` are those of `view.entries[i]`, one element for each port of the node's family. */
export interface NodeRules<R> {
  readonly view: ProxyView;
  readonly entries: readonly (readonly R[])[];
}

/** What all nodes of equal settings share of one view. */
export interface Base<R> {
  readonly rules: NodeRules<R>;
  /** Indices of the entries that each node decides for itself. */
  readonly own: readonly number[];
}

/** Renders views for any number of nodes; holds nothing but what can be made again. */
export class SharedRules<N extends ProxyNode, R> {
  private readonly maker: RuleMaker<N, R>;
  private readonly made = new WeakMap<ServiceEntry, Map<string, readonly R[]>>();
  private readonly bases = new Map<string, Base<R>>();
  private readonly origins = new WeakMap<NodeRules<R>, Base<R>>();

  constructor(maker: RuleMaker<N, R>) {
    this.maker = maker;
  }

  /** The rules of every Service as a full sync writes them. */
  render(view: ProxyView, node: N): NodeRules<R> {
    const settings = this.maker.settings(node, view);
    const base = this.base(view, node, settings);
    if (base.own.length === 0) return base.rules;
    const entries = [...base.rules.entries];
    for (const index of base.own) entries[index] = this.entry(view.entries[index]!, node, view, settings);
    const rules = { view, entries };
    this.origins.set(rules, base);
    return rules;
  }

  /** What rules of {@link render} were put together from; undefined for others, such as rules that were saved and restored. */
  protected originOf(rules: NodeRules<R>): Base<R> | undefined {
    return this.origins.get(rules);
  }

  /** The rules after a partial sync: a Service that is the same in both views keeps the rules that `before` gave it. */
  renderChanges(before: NodeRules<R>, view: ProxyView, node: N): NodeRules<R> {
    const settings = this.maker.settings(node, view);
    const olds = before.view.entries;
    let old = 0;
    const entries = view.entries.map((entry) => {
      while (old < olds.length && olds[old]!.key < entry.key) old++;
      const held = olds[old];
      return held !== undefined && sameEntry(held, entry) ? before.entries[old]! : this.entry(entry, node, view, settings);
    });
    return { view, entries };
  }

  private base(view: ProxyView, node: N, settings: string): Base<R> {
    const held = this.bases.get(settings);
    if (held?.rules.view === view) return held;
    const own: number[] = [];
    const entries = view.entries.map((entry, index) => {
      const mine = portsOf(entry, node.family).some((port) => this.maker.dependsOnNode(port, node));
      if (mine) own.push(index);
      return mine ? [] : this.entry(entry, node, view, settings);
    });
    const base = { rules: { view, entries }, own };
    this.bases.set(settings, base);
    this.origins.set(base.rules, base);
    return base;
  }

  private entry(entry: ServiceEntry, node: N, view: ProxyView, settings: string): readonly R[] {
    const ports = portsOf(entry, node.family);
    const key = ports.reduce((sum, port) => `${sum}|${this.maker.nodeKey(port, node)}`, settings);
    let held = this.made.get(entry);
    if (held === undefined) this.made.set(entry, (held = new Map()));
    let rules = held.get(key);
    if (rules === undefined) held.set(key, (rules = ports.map((port) => this.maker.make(port, node, view))));
    return rules;
  }
}

/** Walks two sets of rules in step and names what is no longer there and what is new, entry by entry. */
export function eachDifference<R>(
  before: NodeRules<R> | null,
  after: NodeRules<R>,
  left: (rules: readonly R[]) => void,
  came: (rules: readonly R[]) => void,
): void {
  const olds = before?.view.entries ?? [];
  const news = after.view.entries;
  let [i, j] = [0, 0];
  while (i < olds.length || j < news.length) {
    const old = olds[i]?.key;
    const now = news[j]?.key;
    if (old === now) {
      const [was, is] = [before!.entries[i++]!, after.entries[j++]!];
      if (was !== is) {
        left(was);
        came(is);
      }
    } else if (now === undefined || (old !== undefined && old < now)) left(before!.entries[i++]!);
    else came(after.entries[j++]!);
  }
}
