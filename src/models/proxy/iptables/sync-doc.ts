import { ownedPrefixes } from "./chain-names.js";
import { fixedRules } from "./fixed-rules.js";
import type { IptablesNode } from "./iptables-node.js";
import type { IptablesRules, PortRules } from "./render.js";
import type { CauseOf } from "../cause-of.js";
import type { RestoreDoc, RestoreRule } from "./restore-doc.js";

/** What a sync writes beyond what every sync does. */
export interface SyncScope {
  /** Services whose own chains are written, or all of them. */
  readonly changed: "all" | ReadonlySet<string>;
  /** Chains to delete, in the order of their lines. */
  readonly stale: readonly string[];
}

/** The payload of one sync: all of `rules` for a full one, the dispatch rules and the changed Services for a partial one. */
export function syncDoc(rules: IptablesRules, node: IptablesNode, scope: SyncScope, causeOf: CauseOf): RestoreDoc {
  const fixed = fixedRules(node, causeOf);
  const filter: RestoreRule[] = [...fixed.filterHead];
  const nat: RestoreRule[] = [...fixed.natHead];
  const natChains: string[] = [...fixed.natChains];
  rules.entries.forEach((ports, index) => {
    const whole = scope.changed === "all" || scope.changed.has(rules.view.entries[index]!.key);
    for (const port of ports) {
      for (const rule of port.dispatch.filter) filter.push(rule);
      for (const rule of port.dispatch.nat) nat.push(rule);
      if (!whole) continue;
      for (const part of [port.service, port.endpoints]) {
        for (const chain of part.chains) natChains.push(chain);
        for (const rule of part.rules) nat.push(rule);
      }
    }
  });
  for (const rule of fixed.filterTail) filter.push(rule);
  const rulesBeforeDeletes = nat.length;
  for (const rule of fixed.natTail) nat.push(rule);
  for (const chain of scope.stale) natChains.push(chain);
  const named = (names: readonly string[]): RestoreDoc["tables"][number]["chains"] => names.map((name) => ({ name, policy: "-" }));
  return {
    tables: [
      { name: "filter", chains: named(fixed.filterChains), rules: filter, deletes: [], rulesBeforeDeletes: filter.length },
      { name: "nat", chains: named(natChains), rules: nat, deletes: scope.stale, rulesBeforeDeletes },
    ],
  };
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
