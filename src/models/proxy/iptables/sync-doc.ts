import { ownedPrefixes } from "./chain-names.js";
import { fixedRules } from "./fixed-rules.js";
import type { IptablesNode } from "./iptables-node.js";
import { type ChainLine, chainLine, type FlatRules, join, whole } from "./flat-rules.js";
import type { IptablesRenderer, IptablesRules, PortRules } from "./render.js";
import type { RestoreDoc, RestoreRule } from "./restore-doc.js";

/** What a sync writes beyond what every sync does. */
export interface SyncScope {
  /** Services whose own chains are written, or all of them. */
  readonly changed: "all" | ReadonlySet<string>;
  /** Chains to delete, in the order of their lines. */
  readonly stale: readonly string[];
}

/** The payload of one sync: all of `rules` for a full one, the dispatch rules and the changed Services for a partial one. */
export function syncDoc(renderer: IptablesRenderer, rules: IptablesRules, node: IptablesNode, scope: SyncScope): RestoreDoc {
  const fixed = fixedRules(node, renderer.causeOf);
  const { filter: services, nat: serviceNat, chains } = scope.changed === "all" ? renderer.flatten(rules) : changedRules(rules, scope.changed);
  const filter = join([whole(fixed.filterHead), ...services, whole(fixed.filterTail)]);
  const nat = join([whole(fixed.natHead), ...serviceNat, whole(fixed.natTail)]);
  const natChains = join([whole(fixed.natChains.map(chainLine)), ...chains, whole(scope.stale.map(chainLine))]);
  const rulesBeforeDeletes = nat.length - fixed.natTail.length;
  return {
    tables: [
      { name: "filter", chains: fixed.filterChains.map(chainLine), rules: filter, deletes: [], rulesBeforeDeletes: filter.length },
      { name: "nat", chains: natChains, rules: nat, deletes: scope.stale, rulesBeforeDeletes },
    ],
  };
}

/** Every Service's dispatch rules, and the chains of those that changed. */
function changedRules({ view, entries }: IptablesRules, changed: ReadonlySet<string>): FlatRules {
  const filter: RestoreRule[] = [];
  const nat: RestoreRule[] = [];
  const chains: ChainLine[] = [];
  entries.forEach((ports, index) => {
    const isChanged = changed.has(view.entries[index]!.key);
    for (const port of ports) {
      for (const rule of port.dispatch.filter) filter.push(rule);
      for (const rule of port.dispatch.nat) nat.push(rule);
      if (!isChanged) continue;
      chains.push(...chainsOf(port).map(chainLine));
      nat.push(...port.service.rules, ...port.endpoints.rules);
    }
  });
  return { filter: [whole(filter)], nat: [whole(nat)], chains: [whole(chains)] };
}

/** Names of the chains that the Services of a node use. */
export function activeChains(rules: IptablesRules): ReadonlySet<string> {
  const active = new Set<string>();
  for (const ports of rules.entries) for (const port of ports) for (const chain of chainsOf(port)) active.add(chain);
  return active;
}

export function chainsOf(port: PortRules): readonly string[] {
  return [...port.service.chains, ...port.endpoints.chains];
}

/** Of the chains in a nat table those that the proxy made for Services and endpoints and no longer uses, in their order there. */
export function staleChains(existing: Iterable<string>, active: ReadonlySet<string>): readonly string[] {
  return [...existing].filter((name) => ownedPrefixes.some((prefix) => name.startsWith(prefix)) && !active.has(name));
}
