/* Which ends the patterns of an expectation mean in a set. */
import { type AddressRange, compareWords, highest, inRange, lowest, parseAddress, parseCidrRange } from "./address.js";
import type { LabelPattern } from "./check-expectation.js";
import type { PolicyMatcher } from "./compile/matcher.js";
import { addressEndpoint, type Endpoint, nodeEndpoint, podEndpoint } from "./endpoint.js";
import type { PodRecord, PolicyModel } from "./model.js";
import { readEndpoint } from "./query.js";

/** All ends that a list of patterns means, each once; `unknown` are the patterns that mean nothing. */
export function endsOf(model: PolicyModel, matcher: PolicyMatcher, patterns: readonly (string | LabelPattern)[]): { readonly ends: readonly Endpoint[]; readonly unknown: readonly string[] } {
  const found = new Map<string, Endpoint>();
  const unknown: string[] = [];
  const [wanted, away] = [patterns.filter((each) => !isAway(each)), patterns.filter(isAway)];
  for (const pattern of wanted.length === 0 ? ["*"] : wanted) {
    const ends = endsOfPattern(model, matcher, pattern);
    if (ends.length === 0) unknown.push(said(pattern));
    for (const end of ends) found.set(keyOf(end), end);
  }
  for (const pattern of away) {
    const ends = endsOfPattern(model, matcher, pattern.slice(1));
    if (ends.length === 0) unknown.push(pattern);
    for (const end of ends) found.delete(keyOf(end));
  }
  return { ends: [...found.values()], unknown };
}

function isAway(pattern: string | LabelPattern): pattern is string {
  return typeof pattern === "string" && pattern.startsWith("!");
}

function said(pattern: string | LabelPattern): string {
  return typeof pattern === "string" ? pattern : JSON.stringify(pattern);
}

function keyOf(end: Endpoint): string {
  if (end.kind === "external") return end.address === null ? end.host : end.address.words.join(".");
  return end.pod !== null ? end.pod.id : `node/${end.kind === "node" ? end.node : ""}`;
}

function endsOfPattern(model: PolicyModel, matcher: PolicyMatcher, pattern: string | LabelPattern): readonly Endpoint[] {
  if (typeof pattern !== "string") return podsWhere(model, (pod) => hasLabels(pod, pattern));
  if (pattern === "internet") return outside(matcher, [everywhere(4), everywhere(6)]);
  const range = parseCidrRange(pattern);
  if (range !== null) return outside(matcher, [range]);
  const address = parseAddress(pattern);
  if (address !== null) return [addressEndpoint(model, address)];
  if (pattern.startsWith("node/")) return [...model.nodes.values()].filter((each) => like(pattern.slice(5), each.name)).map(nodeEndpoint);
  const parts = pattern === "*" ? ["*", "*"] : pattern.split("/");
  const [namespace, name] = parts.length === 1 ? ["default", parts[0]!] : [parts[0]!, parts.slice(1).join("/")];
  const named = podsWhere(model, (pod) => like(namespace, pod.input.namespace) && namesOf(pod).some((each) => like(name, each)));
  if (named.length > 0) return named;
  const end = readEndpoint(model, pattern);
  return end === null ? [] : [end];
}

function podsWhere(model: PolicyModel, test: (pod: PodRecord) => boolean): readonly Endpoint[] {
  return model.pods.filter((pod) => pod.absent === "" && test(pod)).map(podEndpoint);
}

function hasLabels(pod: PodRecord, { namespace, labels = {} }: LabelPattern): boolean {
  if (namespace !== undefined && !like(namespace, pod.input.namespace)) return false;
  return Object.entries(labels).every(([key, value]) => like(value, pod.input.labels[key] ?? ""));
}

/** A pod's own name, its workload's, and the workload's with its kind. */
function namesOf(pod: PodRecord): readonly string[] {
  const workload = pod.workload.slice(pod.workload.indexOf("/") + 1);
  return [pod.input.name, workload, workload.slice(0, workload.lastIndexOf("["))];
}

function like(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const tail = rest.pop()!;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
  let at = head.length;
  for (const part of rest) {
    const next = text.indexOf(part, at);
    if (next < 0 || next + part.length > text.length - tail.length) return false;
    at = next + part.length;
  }
  return true;
}

function everywhere(family: 4 | 6): AddressRange {
  return { family, first: lowest(family), last: highest(family) };
}

/** One address for each stretch of a range that policies treat alike. */
function outside(matcher: PolicyMatcher, ranges: readonly AddressRange[]): readonly Endpoint[] {
  return ranges.flatMap((range) => {
    const inner = matcher.outer.cuts(range.family).filter((words) => inRange(range, { family: range.family, words }) && compareWords(words, range.first) > 0);
    return [range.first, ...inner].map((words): Endpoint => ({ kind: "external", address: { family: range.family, words }, host: "" }));
  });
}
