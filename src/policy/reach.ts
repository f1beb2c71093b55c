/*
 * Every connection that policy allows: between workloads (or pods), and between each of them and the
 * outside world, which is cut into address ranges only where some policy names a bound.
 */
import { type AllowedPorts, PortSets } from "./allowed-ports.js";
import { compareWords, formatAddress, highest, neighbourOf } from "./address.js";
import { PolicyMatcher } from "./compile/matcher.js";
import type { PodRecord, PolicyModel } from "./model.js";

/** Whether ends are workloads or single pods. */
export type ReachUnit = "workload" | "pod";

/** What `reach` lists. */
export interface ReachOptions {
  /** `workload` unless given. */
  readonly unit?: ReachUnit;
  /** Further addresses at which outside ranges begin. */
  readonly cuts?: readonly (readonly number[])[];
  /** Connections with the outside world; true unless given. */
  readonly external?: boolean;
}

/** A workload and its pods. */
export interface Workload {
  /** `ns/name[Kind]`. */
  readonly id: string;
  /** `ns/pod`, those written in the input. */
  readonly pods: readonly string[];
}

/** What is open from one end to another. */
export interface ReachConnection {
  /** A workload's (or pod's) id, or a range `first-last`. */
  readonly from: string;
  readonly to: string;
  readonly allowed: AllowedPorts;
}

/** Every allowed connection. */
export interface Reach {
  readonly unit: ReachUnit;
  readonly workloads: readonly Workload[];
  /** By `from`, then `to`: workloads by name, then ranges by address. What is not listed is closed. */
  readonly connections: readonly ReachConnection[];
  readonly notes: readonly string[];
}

/** The ends of one pod by address family, and its families in their order. */
interface Face {
  readonly 4: number;
  readonly 6: number;
  readonly families: readonly (4 | 6)[];
}

interface Unit {
  readonly name: string;
  /** Pods that may answer differently. */
  readonly faces: readonly Face[];
}

/** All allowed connections of a model. */
export function reach(model: PolicyModel, options: ReachOptions = {}): Reach {
  const unit = options.unit ?? "workload";
  const matcher = new PolicyMatcher(model);
  const sets = new PortSets(matcher);
  const workloads = listWorkloads(model);
  const units = unitsOf(model, matcher, unit);
  const ranges = options.external === false ? [] : rangesOf(matcher, options.cuts ?? []);
  const connections: ReachConnection[] = [];
  const add = (from: string, to: string): void => {
    const allowed = sets.take();
    if (allowed !== null) connections.push({ from, to, allowed });
  };
  for (const from of units) {
    for (const to of units) {
      if (from === to) continue;
      for (const a of from.faces) for (const b of to.faces) addPair(sets, a, b);
      add(from.name, to.name);
    }
    for (const { name, end, family } of ranges) {
      for (const a of from.faces) sets.add(a[family], end);
      add(from.name, name);
    }
  }
  for (const { name, end, family } of ranges) {
    for (const to of units) {
      for (const b of to.faces) sets.add(end, b[family]);
      add(name, to.name);
    }
  }
  return { unit, workloads, connections, notes: notesOf(model) };
}

/** Workloads by id, with the pods that are written. */
export function listWorkloads(model: PolicyModel): readonly Workload[] {
  const pods = new Map<string, string[]>();
  for (const pod of model.pods) {
    const list = pods.get(pod.workload) ?? [];
    if (!pod.input.template) list.push(pod.id);
    pods.set(pod.workload, list);
  }
  return [...pods].map(([id, list]) => ({ id, pods: list.sort(byText) })).sort((a, b) => byText(a.id, b.id));
}

function addPair(sets: PortSets, from: Face, to: Face): void {
  const family = to.families.find((each) => from.families.includes(each)) ?? to.families[0] ?? from.families[0] ?? 4;
  sets.add(from[family], to[family]);
}

function unitsOf(model: PolicyModel, matcher: PolicyMatcher, unit: ReachUnit): readonly Unit[] {
  const pods = new Map<string, PodRecord[]>();
  for (const pod of model.pods) {
    if (pod.absent !== "") continue;
    const name = unit === "pod" ? pod.id : pod.workload;
    const list = pods.get(name);
    if (list === undefined) pods.set(name, [pod]);
    else list.push(pod);
  }
  return [...pods].sort(([a], [b]) => byText(a, b)).map(([name, list]) => ({ name, faces: facesOf(matcher, list) }));
}

/** One face for all pods that answer alike: same identities, same node. */
function facesOf(matcher: PolicyMatcher, pods: readonly PodRecord[]): readonly Face[] {
  const { identity, node, runsOn } = matcher.ends;
  const seen = new Map<string, Face>();
  for (const pod of pods) {
    const face = { 4: matcher.podEnd(pod.id, 4), 6: matcher.podEnd(pod.id, 6), families: pod.addresses.map((each) => each.family) };
    const key = [identity.data[face[4]], identity.data[face[6]], node.data[face[4]], runsOn.data[face[4]], ...face.families].join();
    if (!seen.has(key)) seen.set(key, face);
  }
  return [...seen.values()];
}

function rangesOf(matcher: PolicyMatcher, more: readonly (readonly number[])[]): readonly { name: string; end: number; family: 4 | 6 }[] {
  return ([4, 6] as const).flatMap((family) => {
    const size = family === 4 ? 1 : 4;
    const all = [...matcher.outer.cuts(family), ...more.filter((words) => words.length === size)].sort(compareWords);
    const cuts = all.filter((words, i) => i === 0 || compareWords(all[i - 1]!, words) !== 0);
    return cuts.map((first, i) => {
      const last = i + 1 < cuts.length ? neighbourOf(cuts[i + 1]!, -1)! : highest(family);
      return { name: `${formatAddress(first)}-${formatAddress(last)}`, end: matcher.externalEnd({ family, words: first }), family };
    });
  });
}

function notesOf(model: PolicyModel): readonly string[] {
  const blocks = model.policies.some((policy) =>
    [policy.egress, policy.ingress].some((rules) => rules?.some((rule) => rule.peers?.some((peer) => peer.kind === "block"))),
  );
  const unknown = model.pods.filter((pod) => pod.absent === "" && pod.addresses.length === 0).length;
  const absent = model.pods.filter((pod) => pod.absent !== "");
  return [
    ...(blocks && unknown > 0 ? [`${unknown} pods have no known address: no ipBlock and no network matches them`] : []),
    ...absent.map((pod) => `${pod.id} is an end of no connection: ${pod.absent}`),
  ];
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
