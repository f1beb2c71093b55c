// May this pod open a connection to that one on this port? 10,000 pods, almost all unlike each other, `size` policies.
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { type PolicyModel, readModel } from "../../src/policy/model.js";
import { fold } from "../chance.js";
import type { Job, Work } from "../job.js";
import { policyCluster } from "../policy-cluster.js";
import { plainAllows, type PlainCluster, plainCluster, policyQuestions, QUESTIONS, type Questions } from "../policy-forms.js";

const PODS = 10_000;
const CHECKED = 4096;

interface Given {
  readonly model: PolicyModel;
  readonly plain: PlainCluster;
  readonly questions: Questions;
}

function given(size: number): Given {
  const objects = policyCluster(PODS, size, 1);
  return { model: readModel(objects), plain: plainCluster(objects), questions: policyQuestions(PODS) };
}

function ours(_size: number, from: unknown): Work {
  const { model, questions } = from as Given;
  const matcher = new PolicyMatcher(model);
  // Rows are built when first asked for; what is measured is the answer once they stand. Pods are ends 0, 1, 2 ... as given.
  const allows = (at: number): boolean => matcher.allows(questions.from[at]!, questions.to[at]!, 0, questions.port[at]!);
  for (let at = 0; at < QUESTIONS; at++) allows(at);
  const { from: a, to: b, port } = questions;
  let q = 0;
  let open = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const at = q++ & (QUESTIONS - 1);
        if (matcher.allows(a[at]!, b[at]!, 0, port[at]!)) open++;
      }
      if (open < 0) throw new Error("nothing was counted");
    },
    check: () => digest(allows),
  };
}

function plain(_size: number, from: unknown): Work {
  const { plain: cluster, questions } = from as Given;
  const { from: a, to: b, port } = questions;
  let q = 0;
  let open = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const at = q++ & (QUESTIONS - 1);
        if (plainAllows(cluster, a[at]!, b[at]!, port[at]!)) open++;
      }
      if (open < 0) throw new Error("nothing was counted");
    },
    check: () => digest((at) => plainAllows(cluster, a[at]!, b[at]!, port[at]!)),
  };
}

function digest(allows: (question: number) => boolean): number {
  let sum = 0;
  for (let at = 0; at < CHECKED; at++) sum = fold(sum, allows(at) ? 1 : 0);
  return sum;
}

export const job: Job = { sizes: [100, 1000], given, contenders: { ours, plain } };
