// Who may reach whom on one port, all pairs of 10,000 pods in workloads of 10, `size` policies, each time from parsed objects:
// nothing compiled is kept between two matrices. An operation is one pair.
import type { Located } from "../../src/api/index.js";
import { allPairs } from "../../src/policy/compile/all-pairs.js";
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { readModel } from "../../src/policy/model.js";
import { fold } from "../chance.js";
import type { Job, Work } from "../job.js";
import { policyCluster } from "../policy-cluster.js";
import { densePairs, plainAllows, type PlainCluster, plainCluster, policyQuestions, QUESTIONS } from "../policy-forms.js";

const PODS = 10_000;
const PORT = 80;
const CHECKED = 4096;

function digest(allows: (from: number, to: number) => boolean): number {
  const { from, to } = policyQuestions(PODS);
  let sum = 0;
  for (let at = 0; at < CHECKED; at++) sum = fold(sum, allows(from[at]!, to[at]!) ? 1 : 0);
  return sum;
}

/** The parsed objects, and the same in the form that the plain and dense forms read. */
export function givenWith(replicas: number): (size: number) => Given {
  return (size) => {
    const objects = policyCluster(PODS, size, replicas);
    return { objects, cluster: plainCluster(objects) };
  };
}

interface Given {
  readonly objects: readonly Located[];
  readonly cluster: PlainCluster;
}

/** Everything from the objects on, each time. */
export function ours(_size: number, given: unknown): Work {
  const { objects } = given as Given;
  const build = (): PolicyMatcher => new PolicyMatcher(readModel(objects));
  let pairs = 0;
  return {
    batch: PODS * PODS,
    run(n) {
      for (let i = 0; i < n; i++) pairs += allPairs(build(), 0, PORT).pairs;
      if (pairs < 0) throw new Error("nothing was counted");
    },
    check: () => {
      const matcher = build();
      const { bits, words } = allPairs(matcher, 0, PORT);
      const { data } = matcher.ends.identity;
      return digest((from, to) => ((bits[data[from]! * words + (data[to]! >> 5)]! >>> (data[to]! & 31)) & 1) === 1);
    },
  };
}

export function plain(_size: number, given: unknown): Work {
  const { cluster } = given as Given;
  const { from, to } = policyQuestions(PODS);
  let q = 0;
  let open = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const at = q++ & (QUESTIONS - 1);
        if (plainAllows(cluster, from[at]!, to[at]!, PORT)) open++;
      }
      if (open < 0) throw new Error("nothing was counted");
    },
    check: () => digest((a, b) => plainAllows(cluster, a, b, PORT)),
  };
}

export function dense(_size: number, given: unknown): Work {
  const { cluster } = given as Given;
  let pairs = 0;
  return {
    batch: PODS * PODS,
    run(n) {
      for (let i = 0; i < n; i++) pairs += densePairs(cluster, PORT).pairs;
      if (pairs < 0) throw new Error("nothing was counted");
    },
    check: () => digest(densePairs(cluster, PORT).allows),
  };
}

export const job: Job = {
  sizes: [100, 1000],
  given: givenWith(10),
  contenders: { ours, plain, peers: [{ name: "dense pod matrix", make: dense }] },
};
