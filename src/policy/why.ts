/*
 * Why a connection is allowed or denied: both ends, always; the lines that decide; for a denial what nearly
 * allowed it, field by field, and the smallest change that would.
 */
import type { Problem } from "../base/problem.js";
import { endpointName } from "./endpoint.js";
import type { PolicyModel } from "./model.js";
import { type EndVerdict, judge, type PolicyQuery } from "./oracle.js";
import { readQuery, type TextQuery } from "./query.js";
import { type Direction, type Reason, reasonOf } from "./rules.js";
import { type PolicyChange, smallestChange } from "./why-change.js";
import { type NearMiss, nearMisses } from "./why-miss.js";
import { notesOf } from "./why-notes.js";
import { decide, type Decision, type Trail, trailOf } from "./why-trail.js";

/** What one end would say if the one rule that decides it were not written. */
export interface Otherwise {
  readonly allowed: boolean;
  readonly by: readonly Reason[];
}

/** One end's answer. Denied by isolation: `by` is each isolating policy at its podSelector, by name. */
export interface WhyEnd extends EndVerdict {
  /** Absent unless exactly one rule decides: several that allow each allow alone. */
  readonly otherwise?: Otherwise;
  /** The Pass rule that handed it on to the tier that decides, where one did. */
  readonly passedBy?: Reason;
  /** Of a denied end: rules that nearly allowed it, nearest first. */
  readonly nearMisses: readonly NearMiss[];
}

/** Whether a connection is allowed, and what decided it at each end. */
export interface Why {
  readonly allowed: boolean;
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
  readonly egress: WhyEnd;
  readonly ingress: WhyEnd;
  /** Edits that together would allow it; empty when it is allowed, or when no policy can allow it. */
  readonly changes: readonly PolicyChange[];
  /** Points on which the answer rests that Kubernetes leaves open, and what is not known. */
  readonly notes: readonly string[];
}

/** The verdict of one new connection, explained. */
export function why(model: PolicyModel, query: PolicyQuery): Why {
  const egress = explain(model, query, "egress");
  const ingress = explain(model, query, "ingress");
  return {
    allowed: egress.allowed && ingress.allowed,
    from: endpointName(query.from),
    to: endpointName(query.to),
    port: query.port,
    protocol: query.protocol,
    egress,
    ingress,
    changes: changesOf(model, query, egress, ingress),
    notes: notesOf(model, query),
  };
}

/** Many questions at once; the answers in their order, or everything that is wrong with the questions. */
export function whyAll(model: PolicyModel, queries: readonly TextQuery[]): { readonly answers: readonly Why[]; readonly problems: readonly Problem[] } {
  const read = queries.map((each) => readQuery(model, each));
  const problems = read.flatMap((each, i) => ("code" in each ? [{ ...each, path: `[${i}].${each.path}` }] : []));
  if (problems.length > 0) return { answers: [], problems };
  return { answers: read.flatMap((each) => ("code" in each ? [] : [why(model, each)])), problems };
}

/** A change of one end only is no help while the other cannot be opened. */
function changesOf(model: PolicyModel, query: PolicyQuery, egress: WhyEnd, ingress: WhyEnd): readonly PolicyChange[] {
  const out = egress.allowed ? null : smallestChange(model, query, "egress");
  const into = ingress.allowed ? null : smallestChange(model, query, "ingress");
  return out?.length === 0 || into?.length === 0 ? [] : [...(out ?? []), ...(into ?? [])];
}

function explain(model: PolicyModel, query: PolicyQuery, direction: Direction): WhyEnd {
  const end = judge(model, query, direction);
  const own = direction === "egress" ? query.from : query.to;
  if (end.by.length === 0 || own.kind !== "pod") return { ...end, nearMisses: [] };
  const trail = trailOf(model, query, direction, own.pod);
  const decision = decide(trail);
  return { ...end, ...otherwiseOf(trail, decision), ...passedBy(trail, decision), nearMisses: end.allowed ? [] : nearMisses(model, candidates(trail, decision), query, direction) };
}

/** Rules that could have allowed it: of a tier that denies, those in front of the denying rule and those of the tiers before it. */
function candidates(trail: Trail, { tier, steps }: Decision): Trail["admin"] {
  if (tier === "admin") return trail.admin.slice(0, trail.admin.indexOf(steps[0]!));
  if (tier === "namespace") return [...beforePass(trail.admin), ...trail.namespaced];
  return [...beforePass(trail.admin), ...trail.baseline.slice(0, trail.baseline.indexOf(steps[0]!))];
}

function beforePass(steps: Trail["admin"]): Trail["admin"] {
  const passed = steps.findIndex((step) => step.matches);
  return passed < 0 ? steps : steps.slice(0, passed);
}

function passedBy(trail: Trail, { tier }: Decision): { readonly passedBy?: Reason } {
  const pass = tier === "admin" ? undefined : trail.admin.find((step) => step.matches);
  return pass === undefined ? {} : { passedBy: reasonOf(pass.policy, pass.peers?.[0]?.path ?? pass.rule.path) };
}

function otherwiseOf(trail: Trail, decision: Decision): { readonly otherwise?: Otherwise } {
  const [step, more] = decision.steps;
  if (step === undefined || more !== undefined) return {};
  const { allowed, tier, steps } = decide(trail, step.rule);
  const isolated = tier === "namespace" && !allowed;
  const by = isolated
    ? trail.isolating.map((policy) => reasonOf(policy, policy.subjectPath))
    : steps.map((each) => reasonOf(each.policy, each.peers?.[0]?.path ?? each.rule.path));
  return { otherwise: { allowed, by } };
}
