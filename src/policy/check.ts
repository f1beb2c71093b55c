/* Expectations against a set: which hold, and for those that do not, which connections break them and why. */
import type { Problem } from "../base/problem.js";
import { type AllowedPorts, PortSets } from "./allowed-ports.js";
import { endsOf } from "./check-ends.js";
import type { Expectation } from "./check-expectation.js";
import { anyPort, partOf, wantedPorts } from "./check-ports.js";
import { PolicyMatcher } from "./compile/matcher.js";
import { commonFamily, type Endpoint, endpointName } from "./endpoint.js";
import type { PolicyModel } from "./model.js";
import { why, type Why } from "./why.js";

/** A connection that breaks an expectation. */
export interface Violation {
  readonly from: string;
  readonly to: string;
  /** Ports that are open and must not be, or closed and must not be. */
  readonly ports: AllowedPorts;
  /** The verdict of the first of these ports; null when the port is a name that the destination has not. */
  readonly why: Why | null;
  readonly message: string;
}

/** An expectation that does not hold, and where it does not. */
export interface FailedExpectation {
  readonly name: string;
  readonly expect: "allow" | "deny";
  readonly file: string;
  readonly line: number;
  /** The first ten. */
  readonly violations: readonly Violation[];
  /** How many there are. */
  readonly count: number;
  readonly message: string;
}

/** How a list of expectations fared. */
export interface CheckResult {
  readonly passed: number;
  readonly failed: readonly FailedExpectation[];
  /** Patterns that mean nothing in this set: such an expectation neither passes nor fails. */
  readonly problems: readonly Problem[];
}

/** A pair of ends that an expectation speaks of, and the ports it means there (null: a name that is not there). */
export interface ExpectedPair {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly wanted: AllowedPorts | null;
}

/** Judges every expectation. */
export function check(model: PolicyModel, expectations: readonly Expectation[]): CheckResult {
  const matcher = new PolicyMatcher(model);
  const open = new OpenPorts(matcher);
  const failed: FailedExpectation[] = [];
  const problems: Problem[] = [];
  let passed = 0;
  expectations.forEach((each, i) => {
    const { pairs, unknown } = expectedPairs(model, matcher, each);
    if (unknown.length > 0) {
      problems.push(...unknown.map((pattern) => unknownPattern(each, i, pattern)));
      return;
    }
    const failure = judgeAll(model, open, each, pairs);
    if (failure === null) passed++;
    else failed.push(failure);
  });
  return { passed, failed, problems };
}

/** Whether each expectation holds, without reasons; null for one with a pattern that means nothing. */
export function outcomes(model: PolicyModel, expectations: readonly Expectation[]): readonly (boolean | null)[] {
  const matcher = new PolicyMatcher(model);
  const open = new OpenPorts(matcher);
  return expectations.map((each) => {
    const { pairs, unknown } = expectedPairs(model, matcher, each);
    return unknown.length > 0 ? null : pairs.every((pair) => brokenPorts(open, each.expect, pair) === null);
  });
}

/** The connections that an expectation speaks of; a pod to itself is not among them. */
export function expectedPairs(model: PolicyModel, matcher: PolicyMatcher, expectation: Expectation): { readonly pairs: readonly ExpectedPair[]; readonly unknown: readonly string[] } {
  const from = endsOf(model, matcher, expectation.from);
  const to = endsOf(model, matcher, expectation.to);
  const unknown = [...from.unknown, ...to.unknown];
  const pairs = from.ends.flatMap((a) =>
    to.ends.filter((b) => meet(a, b)).map((b): ExpectedPair => ({ from: a, to: b, wanted: wantedPorts(expectation, b) })),
  );
  const names = expectation.ports.filter((port) => !/^\d+(?:-\d+)?$/.test(String(port)));
  if (unknown.length > 0) return { pairs, unknown };
  if (pairs.length === 0) return { pairs, unknown: ["no pair of different ends"] };
  if (names.length > 0 && pairs.every((pair) => pair.wanted === null)) return { pairs, unknown: names.map((name) => `port ${name}`) };
  return { pairs, unknown };
}

function meet(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === "external" || b.kind === "external") return !(a.kind === "external" && b.kind === "external");
  return a.pod === null || a.pod !== b.pod;
}

function judgeAll(model: PolicyModel, open: OpenPorts, expectation: Expectation, pairs: readonly ExpectedPair[]): FailedExpectation | null {
  const violations: Violation[] = [];
  let count = 0;
  for (const pair of pairs) {
    const broken = brokenPorts(open, expectation.expect, pair);
    if (broken === null) continue;
    if (++count <= 10) violations.push(violationOf(model, expectation, pair, broken));
  }
  if (count === 0) return null;
  const { name, expect, file, line } = expectation;
  const ports = `${count} of ${pairs.length} connections ${expect === "allow" ? "not fully open" : "open"}`;
  return { name, expect, file, line, violations, count, message: `expected ${expect}: ${ports}` };
}

/** Ports that break an expectation for one pair; null when none does. */
function brokenPorts(open: OpenPorts, expect: "allow" | "deny", { from, to, wanted }: ExpectedPair): AllowedPorts | null {
  if (wanted === null) return expect === "allow" ? {} : null;
  return partOf(wanted, open.between(from, to), expect === "deny");
}

const nothing: AllowedPorts = Object.freeze({});

/** What is open between two ends. Ends of one identity are asked about once: they answer alike. */
class OpenPorts {
  readonly #matcher: PolicyMatcher;
  readonly #sets: PortSets;
  readonly #known = new Map<number, AllowedPorts>();

  constructor(matcher: PolicyMatcher) {
    this.#matcher = matcher;
    this.#sets = new PortSets(matcher);
  }

  between(from: Endpoint, to: Endpoint): AllowedPorts {
    const family = familyOf(from, to);
    const [a, b] = [this.#matcher.endOf(from, family), this.#matcher.endOf(to, family)];
    const { data } = this.#matcher.ends.identity;
    const [x, y] = [data[a]!, data[b]!];
    const key = x < 0 || y < 0 || a === b ? -1 : x * 2 ** 26 + y;
    let open = this.#known.get(key);
    if (open === undefined) {
      this.#sets.add(a, b);
      open = this.#sets.take() ?? nothing;
      if (key >= 0) this.#known.set(key, open);
    }
    return open;
  }
}

/** The outside end's family where there is one, as `reach` has it. */
export function familyOf(from: Endpoint, to: Endpoint): 4 | 6 {
  for (const end of [from, to]) if (end.kind === "external" && end.address !== null) return end.address.family;
  return commonFamily(from, to);
}

function violationOf(model: PolicyModel, { expect, ports: asked }: Expectation, { from, to, wanted }: ExpectedPair, ports: AllowedPorts): Violation {
  const names = { from: endpointName(from), to: endpointName(to), ports };
  if (wanted === null) return { ...names, why: null, message: `${names.to} has no port named ${asked.join(" or ")}` };
  const [protocol, port] = anyPort(ports);
  const answer = why(model, { from, to, protocol, port, family: familyOf(from, to) });
  const end = expect === "deny" ? (answer.ingress.by.length > 0 ? answer.ingress : answer.egress) : answer.egress.allowed ? answer.ingress : answer.egress;
  return { ...names, why: answer, message: `${names.from} -> ${names.to}:${port}/${protocol} is ${answer.allowed ? "allowed" : "denied"}: ${end.why}` };
}

function unknownPattern({ file, line, name }: Expectation, index: number, pattern: string): Problem {
  const where = file === "" ? {} : { file, line };
  return { code: "unknown-endpoint", severity: "error", path: `[${index}]`, message: `${name === "" ? "an expectation" : name}: nothing here is called ${JSON.stringify(pattern)}`, ...where };
}
