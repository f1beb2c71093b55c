/*
 * What covers what, whatever the pods: a selector, peer, port list or rule covers another when everything that the
 * other matches it matches too. "No" may also mean that it could not be shown.
 */
import type { LabelSelector, LabelSelectorRequirement } from "../api/index.js";
import { type AddressRange, compareWords } from "./address.js";
import { nameMatches } from "./match.js";
import type { Peer, Policy, PortMatch, Rule } from "./rules.js";

const nameKey = "kubernetes.io/metadata.name";

/** null selects everything. */
export function coversSelector(a: LabelSelector | null, b: LabelSelector | null): boolean {
  const given = b === null ? [] : requirementsOf(b);
  return a === null || requirementsOf(a).every((wanted) => given.some((each) => implies(each, wanted)));
}

function requirementsOf(selector: LabelSelector): readonly LabelSelectorRequirement[] {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In", values: [value] }));
  return [...labels, ...(selector.matchExpressions ?? [])];
}

function implies(given: LabelSelectorRequirement, wanted: LabelSelectorRequirement): boolean {
  if (given.key !== wanted.key) return false;
  const [have, want] = [given.values ?? [], wanted.values ?? []];
  switch (wanted.operator) {
    case "In":
      return given.operator === "In" && have.every((value) => want.includes(value));
    case "NotIn":
      if (given.operator === "NotIn") return want.every((value) => have.includes(value));
      return given.operator === "DoesNotExist" || (given.operator === "In" && !have.some((value) => want.includes(value)));
    case "Exists":
      return given.operator === "Exists" || given.operator === "In";
    default:
      return given.operator === wanted.operator;
  }
}

/** Whether every pod that `b` selects is selected by `a`. */
export function coversSubject(a: Policy, b: Policy): boolean {
  return coversNamespaces(a, a.subjectNamespaces, b, b.subjectNamespaces) && coversSelector(a.subjectPods, b.subjectPods);
}

/** null is the policy's own namespace. */
function coversNamespaces(pa: Policy, a: LabelSelector | null, pb: Policy, b: LabelSelector | null): boolean {
  const own = (policy: Policy): LabelSelector => ({ matchLabels: { [nameKey]: policy.namespace } });
  return coversSelector(a ?? own(pa), b ?? own(pb));
}

export function coversPeer(pa: Policy, a: Peer, pb: Policy, b: Peer): boolean {
  if (a.kind === "pods" && b.kind === "pods") return coversNamespaces(pa, a.namespaces, pb, b.namespaces) && coversSelector(a.pods, b.pods);
  if (a.kind === "block" && b.kind === "block") return (a.strict || !b.strict) && coversBlock(a, b);
  if (a.kind === "nodes" && b.kind === "nodes") return coversSelector(a.selector, b.selector);
  if (a.kind === "names" && b.kind === "names") return b.names.every((name) => a.names.some((each) => each === name || (!name.startsWith("*") && nameMatches(each, name))));
  return false;
}

function coversBlock(a: Peer & { readonly kind: "block" }, b: Peer & { readonly kind: "block" }): boolean {
  return rangeCovers(a.range, b.range) && a.except.every((cut) => rangesApart(cut, b.range) || b.except.some((each) => rangeCovers(each, cut)));
}

/** Whether every address of `b` lies in `a`. */
export function rangeCovers(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && compareWords(a.first, b.first) <= 0 && compareWords(b.last, a.last) <= 0;
}

function rangesApart(a: AddressRange, b: AddressRange): boolean {
  return a.family !== b.family || compareWords(a.last, b.first) < 0 || compareWords(b.last, a.first) < 0;
}

export function coversPort(a: PortMatch, b: PortMatch): boolean {
  if (a.protocol !== null && a.protocol !== b.protocol) return false;
  if (a.name !== "") return a.name === b.name;
  return a.first <= b.first && b.last <= a.last;
}

/** Whether every connection that `b` matches, `a` matches as well. */
export function coversRule(pa: Policy, a: Rule, pb: Policy, b: Rule): boolean {
  const ports = a.ports === null || b.ports?.every((entry) => a.ports!.some((each) => coversPort(each, entry)));
  if (ports !== true) return false;
  return a.peers === null || b.peers?.every((peer) => peer.kind === "nobody" || a.peers!.some((each) => coversPeer(pa, each, pb, peer))) === true;
}
