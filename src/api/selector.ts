/*
 * Label selectors: matching, reading `kubectl -l` text, and printing.
 * Read first: k8s.io/apimachinery pkg/labels/selector.go (grammar at `Parse`) and
 * pkg/apis/meta/v1/helpers.go (LabelSelectorAsSelector, FormatLabelSelector).
 */
import type { Labels, LabelSelector, LabelSelectorRequirement } from "./meta.js";
import { labelKeyFaults, labelValueFaults } from "./names.js";

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

/** What `kubectl -l` text means, or why it means nothing. */
export type ParsedSelector =
  | { readonly ok: true; readonly selector: LabelSelector }
  | { readonly ok: false; readonly message: string };

type Token = { readonly kind: "word" | "op" | "open" | "close" | "comma" | "end"; readonly text: string };

const operators = ["!=", "==", "=", "!", ">", "<"] as const;

/**
 * Reads `-l` text: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas.
 * `>` and `<`, which only node selectors can express, are refused.
 */
export function parseSelector(text: string): ParsedSelector {
  const tokens = tokenize(text);
  const requirements: LabelSelectorRequirement[] = [];
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: "end", text: "" };
  const take = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };

  try {
    if (peek().kind === "end") return { ok: true, selector: {} };
    for (;;) {
      requirements.push(requirement(peek, take));
      const next = take();
      if (next.kind === "end") break;
      if (next.kind !== "comma") throw new SelectorFault(`found '${next.text}', expected: ',' or 'end of string'`);
      if (peek().kind !== "word" && peek().text !== "!") {
        throw new SelectorFault(`found '${peek().text}', expected: identifier after ','`);
      }
    }
  } catch (fault) {
    if (fault instanceof SelectorFault) return { ok: false, message: fault.message };
    throw fault;
  }
  return { ok: true, selector: { matchExpressions: requirements } };
}

class SelectorFault extends Error {}

function requirement(peek: () => Token, take: () => Token): LabelSelectorRequirement {
  const absent = peek().text === "!" && peek().kind === "op";
  if (absent) take();
  const keyToken = take();
  if (keyToken.kind !== "word") throw new SelectorFault(`found '${keyToken.text}', expected: identifier`);
  const key = keyToken.text;
  refuse(`key: Invalid value: ${JSON.stringify(key)}: `, labelKeyFaults(key));
  if (absent) return { key, operator: "DoesNotExist" };
  if (peek().kind === "end" || peek().kind === "comma") return { key, operator: "Exists" };

  const operator = take();
  switch (operator.text) {
    case "=":
    case "==":
      return { key, operator: "In", values: [value(key, peek, take)] };
    case "!=":
      return { key, operator: "NotIn", values: [value(key, peek, take)] };
    case "in":
      return { key, operator: "In", values: valueSet(key, peek, take) };
    case "notin":
      return { key, operator: "NotIn", values: valueSet(key, peek, take) };
    default:
      throw new SelectorFault(`found '${operator.text}', expected: in, notin, =, ==, !=`);
  }
}

function value(key: string, peek: () => Token, take: () => Token): string {
  if (peek().kind === "end" || peek().kind === "comma") return "";
  const token = take();
  if (token.kind !== "word") throw new SelectorFault(`found '${token.text}', expected: identifier`);
  return checkedValue(key, token.text);
}

function valueSet(key: string, peek: () => Token, take: () => Token): readonly string[] {
  const open = take();
  if (open.kind !== "open") throw new SelectorFault(`found '${open.text}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    const token = peek().kind === "comma" || peek().kind === "close" ? undefined : take();
    if (token !== undefined && token.kind !== "word") {
      throw new SelectorFault(`found '${token.text}', expected: ',', ')' or identifier`);
    }
    values.push(checkedValue(key, token?.text ?? ""));
    const next = take();
    if (next.kind === "close") return [...new Set(values)];
    if (next.kind !== "comma") throw new SelectorFault(`found '${next.text}', expected: ',' or ')'`);
  }
}

function checkedValue(key: string, text: string): string {
  refuse(`values[0][${key}]: Invalid value: ${JSON.stringify(text)}: `, labelValueFaults(text));
  return text;
}

function refuse(start: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new SelectorFault(start + faults.join("; "));
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
      continue;
    }
    const operator = operators.find((each) => text.startsWith(each, at));
    if (operator !== undefined) {
      tokens.push({ kind: "op", text: operator });
      at += operator.length;
      continue;
    }
    const kind = char === "(" ? "open" : char === ")" ? "close" : char === "," ? "comma" : "word";
    const end = kind === "word" ? wordEnd(text, at) : at + 1;
    tokens.push({ kind, text: text.slice(at, end) });
    at = end;
  }
  return tokens;
}

function wordEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !/[\s(),=!<>]/.test(text.charAt(end))) end += 1;
  return end;
}
