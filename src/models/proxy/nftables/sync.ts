// What one sync of the nftables mode changes, and what the proxy remembers for the next. Pure, as the iptables mode's
// sync is: the caller holds the state, runs the transaction, and says whether that worked.

import { compareText } from "../compare-text.js";
import { eachDifference } from "../shared-rules.js";
import type { ProxyView } from "../view.js";
import { fixedChains, fixedSets } from "./fixed-objects.js";
import { type NftChain, type NftElement, type NftSet, TABLE_COMMENT } from "./nft-doc.js";
import type { NftablesNode } from "./nftables-node.js";
import { isServiceObject } from "./object-names.js";
import type { PortObjects } from "./port-objects.js";
import type { NftablesRenderer, NftablesRules } from "./render.js";
import type { NftCommand } from "./transaction.js";

const SECOND = 1e9;
const FULL_SYNC_PERIOD = 3600 * SECOND;

/** What one node's proxy of one family remembers; plain and immutable. */
export interface NftablesSyncState {
  /** What the kernel holds, null before the first sync. */
  readonly rules: NftablesRules | null;
  readonly needFull: boolean;
  readonly lastFull: number;
  /** Chains that are empty and unused since a time, sorted by name; deleted a second later at the earliest. */
  readonly staleChains: readonly { readonly name: string; readonly since: number }[];
}

/** One run of the sync loop: the transaction, and what is known if it works. */
export interface NftablesSync {
  readonly full: boolean;
  readonly commands: readonly NftCommand[];
  /** The state if the kernel took the transaction. */
  readonly next: NftablesSyncState;
}

/** What is known before the first sync: nothing. */
export const firstNftablesSync: NftablesSyncState = Object.freeze({
  rules: null,
  needFull: true,
  lastFull: 0,
  staleChains: Object.freeze([]),
});

/** The transaction that brings a node from `state` to `view`; `kernelChains` are those that an earlier proxy left, for a first sync. */
export function planNftablesSync(
  renderer: NftablesRenderer,
  state: NftablesSyncState,
  view: ProxyView,
  node: NftablesNode,
  now: number,
  kernelChains: Iterable<string> = [],
): NftablesSync {
  const before = state.rules;
  const full = before === null || state.needFull || now - state.lastFull > FULL_SYNC_PERIOD;
  const rules = full ? renderer.render(view, node) : renderer.renderChanges(before, view, node);
  const change = differenceOf(before, rules);
  const written = full ? rules.entries.flat() : change.came;
  const chains = [...(full ? fixedChains(node, renderer.causeOf) : []), ...written.flatMap((port) => port.chains)];
  const left = names(change.left.flatMap((port) => port.chains));
  if (before === null) for (const name of kernelChains) if (isServiceObject(name)) left.add(name);
  const used = names([...chains, ...change.came.flatMap((port) => port.chains)]);
  const newlyStale = [...left].filter((name) => !used.has(name)).sort(compareText);
  const waiting = state.staleChains.filter(({ name }) => !used.has(name) && !left.has(name));
  const dead = waiting.filter(({ since }) => now - since > SECOND);
  const stillWaiting = waiting.filter(({ since }) => now - since <= SECOND);
  const commands: NftCommand[] = [
    ...(full ? [{ verb: "addTable", comment: TABLE_COMMENT } as const] : []),
    ...(before === null ? chains.flatMap(renewBase) : []),
    ...chains.map((chain): NftCommand => ({ verb: "addChain", chain })),
    ...[...chains.map((chain) => chain.name), ...newlyStale].map((name): NftCommand => ({ verb: "flushChain", name })),
    ...affinityCommands(change, written),
    ...(full ? fixedSetCommands(fixedSets(node, renderer.causeOf), before === null) : []),
    ...chains.flatMap(({ name, rules: list }) => list.map((rule): NftCommand => ({ verb: "addRule", chain: name, rule }))),
    ...elementCommands(before, rules, change),
    ...dead.map(({ name }): NftCommand => ({ verb: "deleteChain", name })),
  ];
  const staleChains = [...stillWaiting, ...newlyStale.map((name) => ({ name, since: now }))].sort((a, b) => compareText(a.name, b.name));
  return { full, commands, next: { rules, needFull: false, lastFull: full ? now : state.lastFull, staleChains } };
}

interface Difference {
  readonly left: readonly PortObjects[];
  readonly came: readonly PortObjects[];
}

function differenceOf(before: NftablesRules | null, after: NftablesRules): Difference {
  const left: PortObjects[] = [];
  const came: PortObjects[] = [];
  eachDifference(
    before,
    after,
    (ports) => ports.forEach((port) => left.push(port)),
    (ports) => ports.forEach((port) => came.push(port)),
  );
  return { left, came };
}

function names(chains: readonly NftChain[]): Set<string> {
  return new Set(chains.map((chain) => chain.name));
}

/** An earlier release may have hooked a base chain elsewhere, so a first sync makes it anew. */
function renewBase(chain: NftChain): readonly NftCommand[] {
  if (chain.base === null) return [];
  return [
    { verb: "addChain", chain: { ...chain, base: null } },
    { verb: "deleteChain", name: chain.name },
  ];
}

function fixedSetCommands(sets: readonly NftSet[], first: boolean): readonly NftCommand[] {
  return sets.flatMap((set): readonly NftCommand[] => [
    { verb: "addSet", set },
    ...(first ? [{ verb: "flushSet", kind: set.kind, name: set.name } as const] : []),
    ...(first ? set.elements.map((element): NftCommand => ({ verb: "addElement", set: set.name, element })) : []),
  ]);
}

/** Sets that no endpoint has any more go at once; one whose timeout changed is made anew, and forgets its clients. */
function affinityCommands({ left, came }: Difference, written: readonly PortObjects[]): readonly NftCommand[] {
  const timeouts = new Map(came.flatMap((port) => port.affinitySets.map((set) => [set.name, set.timeout] as const)));
  const gone = left.flatMap((port) => port.affinitySets).filter((set) => timeouts.get(set.name) !== set.timeout);
  return [
    ...gone.map(({ kind, name }): NftCommand => ({ verb: "deleteSet", kind, name })),
    ...written.flatMap((port) => port.affinitySets.map((set): NftCommand => ({ verb: "addSet", set }))),
  ];
}

/** Elements that differ, where of two with one key the first in the view counts. */
function elementCommands(before: NftablesRules | null, after: NftablesRules, { left, came }: Difference): readonly NftCommand[] {
  const touched = new Map<string, Set<string>>();
  for (const port of [...left, ...came]) {
    for (const { set, element } of port.elements) {
      const keys = touched.get(set);
      if (keys === undefined) touched.set(set, new Set([element.key]));
      else keys.add(element.key);
    }
  }
  const olds = before === null ? new Map<string, Owned>() : firstOwners(before, touched);
  const news = firstOwners(after, touched);
  const deletes: NftCommand[] = [];
  const adds: NftCommand[] = [];
  for (const [set, keys] of touched) {
    for (const key of keys) {
      const old = olds.get(set)?.get(key);
      const now = news.get(set)?.get(key);
      if (old !== undefined && now !== undefined && old.value === now.value && old.comment === now.comment) continue;
      if (old !== undefined) deletes.push({ verb: "deleteElement", set, element: old });
      if (now !== undefined) adds.push({ verb: "addElement", set, element: now });
    }
  }
  return [...deletes, ...adds];
}

type Owned = Map<string, NftElement>;

/** The element that counts for each touched key, by set and key. */
function firstOwners(rules: NftablesRules, touched: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, Owned> {
  const owners = new Map<string, Owned>([...touched.keys()].map((set) => [set, new Map()]));
  if (touched.size === 0) return owners;
  for (const ports of rules.entries) {
    for (const port of ports) {
      for (const { set, element } of port.elements) {
        if (touched.get(set)?.has(element.key) !== true) continue;
        const owned = owners.get(set)!;
        if (!owned.has(element.key)) owned.set(element.key, element);
      }
    }
  }
  return owners;
}
