// The rules of all Services in the order of a full sync's payload, as three flat lists. What nodes have in common is flattened
// once; a node's own Services are put between the pieces, which costs a copy of references.

import type { Base, NodeRules } from "../shared-rules.js";
import type { PortRules } from "./port-rules.js";
import type { RestoreRule, RestoreTable } from "./restore-doc.js";

export type ChainLine = RestoreTable["chains"][number];

export interface FlatRules {
  readonly filter: readonly RestoreRule[];
  readonly nat: readonly RestoreRule[];
  readonly chains: readonly ChainLine[];
}

/** A chain that is created or emptied. */
export function chainLine(name: string): ChainLine {
  return { name, policy: "-" };
}

/** With the place in each list where each entry begins. */
interface Flattened extends FlatRules {
  readonly starts: Readonly<Record<keyof FlatRules, Int32Array>>;
}

/** Beyond so many Services of a node's own there is little left to share. */
const MOST_PIECES = 2000;

/** Flattens rules, and keeps what nodes share for as long as it is in use. */
export class RuleFlattener {
  private readonly made = new WeakMap<NodeRules<PortRules>, Flattened>();

  /** `base` is what the rules of the node were put together from, if that is known. */
  flatten(rules: NodeRules<PortRules>, base: Base<PortRules> | undefined): FlatRules {
    if (base === undefined || base.own.length > MOST_PIECES) return flatten(rules.entries);
    let shared = this.made.get(base.rules);
    if (shared === undefined) this.made.set(base.rules, (shared = flatten(base.rules.entries)));
    if (base.own.length === 0) return shared;
    const own = base.own.map((index) => flatten([rules.entries[index]!]));
    return {
      filter: pieced(shared.filter, shared.starts.filter, base.own, own.map((each) => each.filter)),
      nat: pieced(shared.nat, shared.starts.nat, base.own, own.map((each) => each.nat)),
      chains: pieced(shared.chains, shared.starts.chains, base.own, own.map((each) => each.chains)),
    };
  }
}

function flatten(entries: readonly (readonly PortRules[])[]): Flattened {
  const filter: RestoreRule[] = [];
  const nat: RestoreRule[] = [];
  const chains: ChainLine[] = [];
  const starts = { filter: new Int32Array(entries.length + 1), nat: new Int32Array(entries.length + 1), chains: new Int32Array(entries.length + 1) };
  entries.forEach((ports, index) => {
    for (const { dispatch, service, endpoints } of ports) {
      for (const rule of dispatch.filter) filter.push(rule);
      for (const rule of dispatch.nat) nat.push(rule);
      for (const part of [service, endpoints]) {
        for (const chain of part.chains) chains.push(chainLine(chain));
        for (const rule of part.rules) nat.push(rule);
      }
    }
    starts.filter[index + 1] = filter.length;
    starts.nat[index + 1] = nat.length;
    starts.chains[index + 1] = chains.length;
  });
  return { filter, nat, chains, starts };
}

/** `list` with those of `own[i]` where the entry `indices[i]`, empty in it, stands. */
function pieced<T>(list: readonly T[], starts: Int32Array, indices: readonly number[], own: readonly (readonly T[])[]): readonly T[] {
  const pieces: (readonly T[])[] = [];
  let from = 0;
  indices.forEach((index, i) => {
    pieces.push(list.slice(from, starts[index]), own[i]!);
    from = starts[index]!;
  });
  return ([] as T[]).concat(...pieces, list.slice(from));
}
