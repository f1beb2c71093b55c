// The rules of all Services in the order of a full sync's payload, as three lists of stretches. What nodes have in common is
// flattened once; a node's own Services stand between stretches of it, so that a node costs one copy of references.

import type { Base, NodeRules } from "../shared-rules.js";
import type { PortRules } from "./port-rules.js";
import type { RestoreRule, RestoreTable } from "./restore-doc.js";

export type ChainLine = RestoreTable["chains"][number];

/** The elements of a list from one place to before another. */
export interface Stretch<T> {
  readonly list: readonly T[];
  readonly from: number;
  readonly to: number;
}

export interface FlatRules {
  readonly filter: readonly Stretch<RestoreRule>[];
  readonly nat: readonly Stretch<RestoreRule>[];
  readonly chains: readonly Stretch<ChainLine>[];
}

/** A chain that is created or emptied. */
export function chainLine(name: string): ChainLine {
  return { name, policy: "-" };
}

/** The whole of a list. */
export function whole<T>(list: readonly T[]): Stretch<T> {
  return { list, from: 0, to: list.length };
}

/** One list of stretches. */
export function join<T>(stretches: readonly Stretch<T>[]): readonly T[] {
  const joined = new Array<T>(stretches.reduce((sum, { from, to }) => sum + to - from, 0));
  let at = 0;
  for (const { list, from, to } of stretches) for (let i = from; i < to; i++) joined[at++] = list[i]!;
  return joined;
}

/** The lists themselves, with the place in each where each entry begins. */
interface Flattened {
  readonly filter: readonly RestoreRule[];
  readonly nat: readonly RestoreRule[];
  readonly chains: readonly ChainLine[];
  readonly starts: Readonly<Record<keyof FlatRules, Int32Array>>;
}

/** Beyond so many Services of a node's own there is little left to share. */
const MOST_PIECES = 2000;

/** Flattens rules, and keeps what nodes share for as long as it is in use. */
export class RuleFlattener {
  private readonly made = new WeakMap<NodeRules<PortRules>, Flattened>();

  /** `base` is what the rules of the node were put together from, if that is known. */
  flatten(rules: NodeRules<PortRules>, base: Base<PortRules> | undefined): FlatRules {
    if (base === undefined || base.own.length > MOST_PIECES) return pieced(flatten(rules.entries), [], EMPTY);
    let shared = this.made.get(base.rules);
    if (shared === undefined) this.made.set(base.rules, (shared = flatten(base.rules.entries)));
    return pieced(shared, base.own, flatten(base.own.map((index) => rules.entries[index]!)));
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

const EMPTY: Flattened = flatten([]);

/** What is shared, with the entries of `own` where the entries `indices`, empty in it, stand. */
function pieced(shared: Flattened, indices: readonly number[], own: Flattened): FlatRules {
  const of = <T>(list: readonly T[], starts: Int32Array, ownList: readonly T[], ownStarts: Int32Array): readonly Stretch<T>[] => {
    const stretches: Stretch<T>[] = [];
    let from = 0;
    indices.forEach((index, i) => {
      const [first, end] = [ownStarts[i]!, ownStarts[i + 1]!];
      if (first === end) return;
      const to = starts[index]!;
      if (from < to) stretches.push({ list, from, to });
      stretches.push({ list: ownList, from: first, to: end });
      from = to;
    });
    if (from < list.length) stretches.push({ list, from, to: list.length });
    return stretches;
  };
  return {
    filter: of(shared.filter, shared.starts.filter, own.filter, own.starts.filter),
    nat: of(shared.nat, shared.starts.nat, own.nat, own.starts.nat),
    chains: of(shared.chains, shared.starts.chains, own.chains, own.starts.chains),
  };
}
