// May this pod open a connection to that one on this port? 10,000 pods, almost all unlike each other, `size` policies.
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { readModel } from "../../src/policy/model.js";
import { fold } from "../chance.js";
import type { Job, Work } from "../job.js";
import { policyCluster } from "../policy-cluster.js";
import { plainAllows, plainCluster, policyQuestions, QUESTIONS } from "../policy-forms.js";

const PODS = 10_000;
const CHECKED = 4096;

function ours(size: number): Work {
  const matcher = new PolicyMatcher(readModel(policyCluster(PODS, size, 1)));
  const { from, to, port } = policyQuestions(PODS);
  const ends = Int32Array.from({ length: PODS }, (_, pod) => matcher.podEnd(`ns${pod % (PODS / 50)}/p${pod}`));
  let q = 0;
  let open = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const at = q++ & (QUESTIONS - 1);
        if (matcher.allows(ends[from[at]!]!, ends[to[at]!]!, 0, port[at]!)) open++;
      }
      if (open < 0) throw new Error("nothing was counted");
    },
    check: () => digest((at) => matcher.allows(ends[from[at]!]!, ends[to[at]!]!, 0, port[at]!)),
  };
}

function plain(size: number): Work {
  const cluster = plainCluster(policyCluster(PODS, size, 1));
  const { from, to, port } = policyQuestions(PODS);
  let q = 0;
  let open = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const at = q++ & (QUESTIONS - 1);
        if (plainAllows(cluster, from[at]!, to[at]!, port[at]!)) open++;
      }
      if (open < 0) throw new Error("nothing was counted");
    },
    check: () => digest((at) => plainAllows(cluster, from[at]!, to[at]!, port[at]!)),
  };
}

function digest(allows: (question: number) => boolean): number {
  let sum = 0;
  for (let at = 0; at < CHECKED; at++) sum = fold(sum, allows(at) ? 1 : 0);
  return sum;
}

export const job: Job = { sizes: [100, 1000], contenders: { ours, plain } };
