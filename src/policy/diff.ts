/* What a change of manifests opens, closes or changes, in connections rather than text. */
import { type AllowedPorts, equalPorts } from "./allowed-ports.js";
import { PolicyMatcher } from "./compile/matcher.js";
import type { PolicyModel } from "./model.js";
import { listWorkloads, type Reach, reach, type ReachUnit } from "./reach.js";

/** A pair whose open ports changed. */
export interface ReachChange {
  readonly from: string;
  readonly to: string;
  /** Empty: nothing was open, or an end did not exist. */
  readonly before: AllowedPorts;
  readonly after: AllowedPorts;
}

/** What a change of manifests opens, closes and changes. */
export interface ReachDiff {
  readonly unit: ReachUnit;
  readonly changes: readonly ReachChange[];
  /** Workloads that only one side has; their connections are among the changes. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The pairs whose open ports differ; outside ranges are cut at the bounds of either side. */
export function diff(before: PolicyModel, after: PolicyModel, unit: ReachUnit = "workload"): ReachDiff {
  const cuts = [before, after].flatMap((model) => {
    const { outer } = new PolicyMatcher(model);
    return [...outer.cuts(4), ...outer.cuts(6)];
  });
  const old = reach(before, { unit, cuts });
  const now = reach(after, { unit, cuts });
  const ids = (model: PolicyModel): readonly string[] => listWorkloads(model).map(({ id }) => id);
  const [oldIds, nowIds] = [ids(before), ids(after)];
  return {
    unit,
    changes: changesOf(old, now),
    added: nowIds.filter((id) => !oldIds.includes(id)),
    removed: oldIds.filter((id) => !nowIds.includes(id)),
  };
}

const nothing: AllowedPorts = Object.freeze({});

/** In the order of the newer list, closed connections after it. */
function changesOf(old: Reach, now: Reach): readonly ReachChange[] {
  const byPair = new Map<string, AllowedPorts>();
  for (const { from, to, allowed } of old.connections) byPair.set(`${from}\0${to}`, allowed);
  const changes: ReachChange[] = [];
  for (const { from, to, allowed } of now.connections) {
    const before = byPair.get(`${from}\0${to}`) ?? nothing;
    byPair.delete(`${from}\0${to}`);
    if (!equalPorts(before, allowed)) changes.push({ from, to, before, after: allowed });
  }
  for (const { from, to, allowed } of old.connections) {
    if (byPair.has(`${from}\0${to}`)) changes.push({ from, to, before: allowed, after: nothing });
  }
  return changes;
}
