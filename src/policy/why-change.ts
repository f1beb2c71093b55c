/*
 * The smallest change of the written policies that would allow a denied connection. Smallest is: one entry added
 * to a list that exists before a rule of its own, in the policy that selects the fewest pods. Each change is
 * applied to the manifests and judged again, so a list of changes that is not empty is known to open.
 */
import { editObject, type ObjectEdit, valueAt } from "./edit-object.js";
import type { PolicyObject, PolicySource } from "./input.js";
import { selects } from "./match.js";
import { PolicyModel } from "./model.js";
import { judge, type PolicyQuery } from "./oracle.js";
import { readPolicy } from "./read-policies.js";
import { Reading } from "./reading.js";
import { type Direction, type Policy, type Reason, reasonOf } from "./rules.js";
import { decide, type Tiers, type Trail, trailOf, type TrailStep } from "./why-trail.js";
import { writtenPeer, writtenPort, writtenRule } from "./why-write.js";
import { yamlFragment } from "./yaml-fragment.js";

/** An edit of one policy; `path`, `file` and `line` are of the list that it adds to, or of the rule that goes. */
export interface PolicyChange extends Reason {
  readonly direction: Direction;
  readonly edit: ObjectEdit;
  /** What to write there; empty when a rule is taken away. */
  readonly yaml: string;
  readonly says: string;
}

/** Edits that together allow a direction; empty when it is allowed, or when no policy can allow it. */
export function smallestChange(model: PolicyModel, query: PolicyQuery, direction: Direction): readonly PolicyChange[] {
  const own = direction === "egress" ? query.from : query.to;
  if (own.kind !== "pod" || own.pod.absent !== "" || judge(model, query, direction).allowed) return [];
  const changes: PolicyChange[] = [];
  let at: Edited = { model, tiers: model, objects: new Map() };
  for (let round = 0; round < 32; round++) {
    const trail = trailOf(model, query, direction, own.pod, at.tiers);
    if (decide(trail).allowed) return changes;
    const change = changeOf(at, trail, query, direction);
    if (change === null) return [];
    changes.push(change);
    at = edited(at, change);
  }
  return [];
}

/** A model with some policies written otherwise. */
interface Edited {
  readonly model: PolicyModel;
  readonly tiers: Tiers;
  readonly objects: ReadonlyMap<string, PolicyObject>;
}

function objectOf({ model, objects }: Edited, id: string): PolicyObject {
  return objects.get(id) ?? model.input.policies.find((each) => idOf(each) === id)!.object;
}

function edited(at: Edited, { policy: id, edit }: PolicyChange): Edited {
  const object = editObject(objectOf(at, id), edit);
  const reread = (policy: Policy): Policy => (policy.id === id ? readPolicy({ object, source: policy.source }, new Reading(at.model.switches)) : policy);
  const { admin, namespaced, baseline } = at.tiers;
  const tiers = { admin: admin.map(reread), namespaced: namespaced.map(reread), baseline: baseline.map(reread) };
  return { model: at.model, tiers, objects: new Map([...at.objects, [id, object]]) };
}

/** The model with one policy edited; the pods of queries stay valid, since none is touched. */
export function applyChange(model: PolicyModel, { policy, edit }: Pick<PolicyChange, "policy" | "edit">): PolicyModel {
  const policies = model.input.policies.map((each) => (idOf(each) === policy ? { ...each, object: editObject(each.object, edit) } : each));
  return new PolicyModel({ ...model.input, policies }, model.switches);
}

function idOf({ object }: PolicySource): string {
  const { name, namespace = "default" } = object.metadata;
  return object.kind === "NetworkPolicy" ? `NetworkPolicy ${namespace}/${name}` : `${object.kind} ${name}`;
}

function changeOf(at: Edited, trail: Trail, query: PolicyQuery, direction: Direction): PolicyChange | null {
  for (const [tier, last] of [[trail.admin, false], [trail.baseline, true]] as const) {
    if (last && trail.isolating.length > 0) break;
    const denied = tier.find((step) => step.matches);
    if (denied === undefined || denied.rule.action === "pass") continue;
    if (denied.rule.action === "deny") return beforeDeny(at.model, query, direction, denied);
    return null;
  }
  if (trail.isolating.length === 0) return null;
  const narrowest = [...trail.isolating].sort((a, b) => selectedBy(at.model, a) - selectedBy(at.model, b));
  for (const policy of narrowest) {
    const steps = trail.namespaced.filter((step) => step.policy === policy);
    for (const step of steps) {
      const change = intoRule(at, query, direction, step);
      if (change !== null) return change;
    }
  }
  return newRule(at, query, direction, narrowest[0]!);
}

function selectedBy(model: PolicyModel, policy: Policy): number {
  return model.pods.filter((pod) => selects(model, policy, pod)).length;
}

/** One more peer, or one more port, in a rule of which the other half matches. */
function intoRule(at: Edited, query: PolicyQuery, direction: Direction, { policy, rule, peers, ports }: TrailStep): PolicyChange | null {
  const side = direction === "egress" ? "to" : "from";
  if (peers === null || peers.length > 0) {
    const port = writtenPort(at.model, policy, query);
    return port === null ? null : append(at, policy, direction, `${rule.path}.ports`, port, "one more port in this rule");
  }
  if (ports !== null && ports.length === 0) return null;
  const peer = writtenPeer(at.model, policy, direction, direction === "egress" ? query.to : query.from, query.family);
  return peer === null ? null : append(at, policy, direction, `${rule.path}.${side}`, peer, "one more peer in this rule");
}

function newRule(at: Edited, query: PolicyQuery, direction: Direction, policy: Policy): PolicyChange | null {
  const rule = writtenRule(at.model, policy, direction, query);
  if (rule === null) return null;
  const side = direction === "egress" ? "to" : "from";
  const broad = rule[side] === undefined ? "; no peer can name the other end, so it is open to everyone" : rule["ports"] === undefined ? "; no port entry can name it, so all ports are open" : "";
  return append(at, policy, direction, `spec.${direction}`, rule, `a rule of its own${broad}`);
}

function append(at: Edited, policy: Policy, direction: Direction, list: string, value: unknown, says: string): PolicyChange {
  const written = valueAt(objectOf(at, policy.id), list);
  const length = Array.isArray(written) ? written.length : 0;
  return { ...reasonOf(policy, list), direction, edit: { op: "add", path: `${list}[${length}]`, value }, yaml: yamlFragment(value, true), says: `add ${says}` };
}

/** A narrower rule in front of the one that denies; where the kind cannot name the other end, the denying rule goes. */
function beforeDeny(model: PolicyModel, query: PolicyQuery, direction: Direction, { policy, rule }: TrailStep): PolicyChange {
  const written = writtenRule(model, policy, direction, query);
  const at = reasonOf(policy, rule.path);
  if (written === null) return { ...at, direction, edit: { op: "remove", path: rule.path }, yaml: "", says: "take this rule away: no narrower rule can name the other end" };
  return { ...at, direction, edit: { op: "add", path: rule.path, value: written }, yaml: yamlFragment(written, true), says: "add in front of this rule" };
}
