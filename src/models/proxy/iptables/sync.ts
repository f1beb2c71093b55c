// When a proxy writes everything and when only what changed, and what it remembers between two syncs. Pure: the caller
// holds the state, loads the payload, and says whether that worked.

import { compareText } from "../compare-text.js";
import { eachDifference } from "../shared-rules.js";
import { changedServices, type ProxyView } from "../view.js";
import type { IptablesNode } from "./iptables-node.js";
import { type IptablesRenderer, type IptablesRules, isLargeCluster, type PortRules } from "./render.js";
import type { RestoreDoc } from "./restore-doc.js";
import { activeChains, chainsOf, staleChains, syncDoc } from "./sync-doc.js";

const SECOND = 1e9;
const FULL_SYNC_PERIOD = 3600 * SECOND;

/** What one node's proxy of one family remembers; plain and immutable. */
export interface IptablesSyncState {
  /** The rules that the kernel holds, null before the first sync. */
  readonly rules: IptablesRules | null;
  /** A failed sync, a flush, or changed labels of the node ask for a full one. */
  readonly needFull: boolean;
  readonly lastFull: number;
  readonly lastCleanup: number;
  /** Chains that the kernel still holds and no rule leads to, sorted. */
  readonly stale: readonly string[];
}

/** One run of the sync loop: what to load, and what is known if that works. */
export interface IptablesSync {
  readonly full: boolean;
  readonly doc: RestoreDoc;
  /** The state if the kernel took the payload; otherwise see {@link needsFullSync}. */
  readonly next: IptablesSyncState;
}

/** What is known before the first sync: nothing. */
export const firstSync: IptablesSyncState = Object.freeze({
  rules: null,
  needFull: true,
  lastFull: 0,
  lastCleanup: Number.NEGATIVE_INFINITY,
  stale: Object.freeze([]),
});

/** The state after a failed payload, a flushed table, or a change of this node's topology labels. */
export function needsFullSync(state: IptablesSyncState): IptablesSyncState {
  return { ...state, needFull: true };
}

/** When a sync happens, and what the nat table holds where that must not be taken from memory. */
export interface SyncMoment {
  readonly now: number;
  /** In ns, 30 s unless configured. */
  readonly syncPeriod: number;
  /** Names of the chains in the nat table; left out, the proxy trusts what it wrote itself. */
  readonly natChains?: Iterable<string>;
}

/** The sync that brings a node from `state` to `view`. */
export function planSync(
  renderer: IptablesRenderer,
  state: IptablesSyncState,
  view: ProxyView,
  node: IptablesNode,
  moment: SyncMoment,
): IptablesSync {
  const before = state.rules;
  const full = before === null || state.needFull || moment.now - state.lastFull > FULL_SYNC_PERIOD;
  const rules = full ? renderer.render(view, node) : renderer.renderChanges(before, view, node);
  const changed = full ? "all" : new Set(changedServices(before.view, view));
  const stale = moment.natChains === undefined ? unusedSince(state, rules) : sorted(staleChains(moment.natChains, activeChains(rules)));
  const looks = !isLargeCluster(view, node) || moment.now - state.lastCleanup > moment.syncPeriod;
  return {
    full,
    doc: syncDoc(renderer, rules, node, { changed, stale: looks ? stale : [] }),
    next: {
      rules,
      needFull: false,
      lastFull: full ? moment.now : state.lastFull,
      lastCleanup: looks ? moment.now : state.lastCleanup,
      stale: looks ? [] : stale,
    },
  };
}

/** Chains left over so far and those of Services whose rules differ now, without what the new rules use. */
function unusedSince(state: IptablesSyncState, rules: IptablesRules): readonly string[] {
  if (state.rules === null && state.stale.length === 0) return [];
  const left = new Set(state.stale);
  const used: string[] = [];
  const chains = (ports: readonly PortRules[]): readonly string[] => ports.flatMap(chainsOf);
  eachDifference(
    state.rules,
    rules,
    (ports) => chains(ports).forEach((chain) => left.add(chain)),
    (ports) => chains(ports).forEach((chain) => used.push(chain)),
  );
  for (const chain of used) left.delete(chain);
  return sorted(left);
}

function sorted(names: Iterable<string>): readonly string[] {
  return [...names].sort(compareText);
}
