/*
 * Who outside the manifests could reach a workload: address ranges, and pods that are not written here. Such
 * pods are tried, not guessed at: one stand-in for each kind that a policy could tell apart (in each
 * namespace here, in one that is not, with the labels that some peer asks for), and each is judged as `reach` judges.
 */
import { type AllowedPorts, equalPorts } from "./allowed-ports.js";
import { strangers, type Stranger } from "./exposure-strangers.js";
import { PolicyModel } from "./model.js";
import { listWorkloads, reach } from "./reach.js";

/** Everyone whom one description fits, and what is open to them. */
export interface Exposed {
  readonly kind: "addresses" | "pods";
  /** `first-last`, or the conditions on a pod and its namespace. */
  readonly who: string;
  readonly allowed: AllowedPorts;
}

/** What one workload has open to strangers. */
export interface WorkloadExposure {
  readonly workload: string;
  /** Widest descriptions first; a narrower one is listed only where more or less is open to it. */
  readonly exposed: readonly Exposed[];
}

/** What is open to those whom the manifests do not show, and notes on it. */
export interface Exposure {
  readonly workloads: readonly WorkloadExposure[];
  readonly notes: readonly string[];
}

/** What is open to those whom the manifests do not show. */
export function exposure(model: PolicyModel): Exposure {
  const outside = strangers(model);
  const tried = new PolicyModel({ ...model.input, pods: [...model.input.pods, ...outside.map((each) => each.pod)], namespaces: [...model.input.namespaces, ...outside.flatMap((each) => (each.namespace === null ? [] : [each.namespace]))] }, model.switches);
  const known = new Set(listWorkloads(model).map((each) => each.id));
  const { connections } = reach(tried, { unit: "workload" });
  const open = new Map<string, Map<string, AllowedPorts>>();
  for (const { from, to, allowed } of connections) {
    if (known.has(from) || !known.has(to)) continue;
    const into = open.get(to) ?? new Map<string, AllowedPorts>();
    into.set(from, allowed);
    open.set(to, into);
  }
  const workloads = [...known].map((workload) => ({ workload, exposed: exposedOf(open.get(workload) ?? new Map(), outside) }));
  return { workloads, notes: outside.length === 0 ? [] : [unseen] };
}

const unseen = "a pod that is not shown here is taken to have no known address and node: where an ipBlock would match it, look among the address ranges";
const closed: AllowedPorts = Object.freeze({});

function exposedOf(into: ReadonlyMap<string, AllowedPorts>, outside: readonly Stranger[]): readonly Exposed[] {
  const ids = new Map(outside.map((each) => [each.pod.workload, each]));
  const addresses = [...into].flatMap(([who, allowed]): Exposed[] => (ids.has(who) ? [] : [{ kind: "addresses", who, allowed }]));
  const pods = outside.flatMap((each) => {
    const allowed = into.get(each.pod.workload) ?? closed;
    const wider = each.within === null ? closed : (into.get(each.within.pod.workload) ?? closed);
    return equalPorts(allowed, wider) ? [] : [{ where: each.where, having: each.having, allowed }];
  });
  return [...addresses, ...together(pods)];
}

interface Described {
  readonly where: string;
  readonly having: string;
  readonly allowed: AllowedPorts;
}

/** Kinds of one place that may open the same are told in one line. */
function together(pods: readonly Described[]): readonly Exposed[] {
  const groups: Described[][] = [];
  for (const each of pods) {
    const group = groups.find(([first]) => first!.where === each.where && (first!.having === "") === (each.having === "") && equalPorts(first!.allowed, each.allowed));
    if (group === undefined) groups.push([each]);
    else group.push(each);
  }
  return groups.map((group) => {
    const { where, having, allowed } = group[0]!;
    return { kind: "pods", who: having === "" ? where : `${where} with ${either(group.map((each) => each.having))}`, allowed };
  });
}

/** `app=a`, `app in (a, b)`, or the conditions joined by `or`. */
function either(conditions: readonly string[]): string {
  const pairs = conditions.map((each) => /^([^=,]+)=([^=,]*)$/.exec(each));
  const key = pairs[0]?.[1];
  if (key === undefined || conditions.length === 1 || !pairs.every((pair) => pair?.[1] === key)) return conditions.join(" or ");
  return `${key} in (${pairs.map((pair) => pair![2]).join(", ")})`;
}
