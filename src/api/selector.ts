/*
 * Label selectors: matching and printing. Reading `-l` text is in selector-text.ts.
 * Read first: k8s.io/apimachinery pkg/apis/meta/v1/helpers.go (LabelSelectorAsSelector, FormatLabelSelector).
 */
import type { Labels, LabelSelector, LabelSelectorRequirement } from "./meta.js";

const noLabels: Labels = Object.freeze({});

/**
 * Whether a selector holds for an object's labels; the empty selector holds for everything.
 * An absent selector is the caller's to judge, since its meaning differs from field to field.
 */
export function matches(selector: LabelSelector, labels: Labels | undefined): boolean {
  const own = labels ?? noLabels;
  return matchesLabels(selector.matchLabels, own) && (selector.matchExpressions ?? []).every((each) => holds(each, own));
}

/** Whether every pair of an equality-only selector (Service, ReplicationController, nodeSelector) is present. */
export function matchesLabels(wanted: Labels | undefined, labels: Labels | undefined): boolean {
  if (wanted === undefined) return true;
  const own = labels ?? noLabels;
  return Object.keys(wanted).every((key) => Object.hasOwn(own, key) && own[key] === wanted[key]);
}

function holds(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const { key, operator, values = [] } = requirement;
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** True for a selector without any requirement. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** `a=b,tier in (x,y),!old` as kubectl prints a selector, requirements sorted by key; `<none>` when empty. */
export function formatSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined || isEmptySelector(selector)) return "<none>";
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  const expressions = (selector.matchExpressions ?? []).map((each) => ({ key: each.key, text: formatRequirement(each) }));
  return [...labels, ...expressions]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((each) => each.text)
    .join(",");
}

function formatRequirement({ key, operator, values = [] }: LabelSelectorRequirement): string {
  const set = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(",");
  switch (operator) {
    case "In":
      return `${key} in (${set})`;
    case "NotIn":
      return `${key} notin (${set})`;
    case "Exists":
      return key;
    default:
      return `!${key}`;
  }
}
