/**
 * Runs: adjacent rules that each ask for exact values of a few fields and nothing else, as the long dispatching chains of
 * kube-proxy and of network policies do. They are looked up, not walked. The rules keep their order: equal values lie along one
 * line of probing in the order of their rules, so the first found behind the rule asked last is the one a walk would meet.
 */
import type { Rule } from "../rule.js";
import { ASKS } from "../rule-brief.js";
import type { CompiledChains } from "./compiled-chains.js";
import { OP, RUN_WORDS, SECOND, SHAPE, SLOT_WORDS, slotHash } from "./words.js";

/** Fewer rules are as quick one by one. */
const SHORTEST = 4;
/** So many rules of one run with equal values; behind them another run begins. */
const MOST_EQUAL = 16;

/** What a rule of a run asks for. */
interface Asked {
  readonly shape: number;
  readonly value: number;
  readonly second: number;
}

const NONE: readonly Asked[] = Object.freeze([]);

/** What the rule asks for, null if it may not stand in a run. */
function asked(rule: Rule): Asked | null {
  const { port } = rule;
  if (rule.protoNot || rule.frag !== 0 || rule.chance >= 0 || port === ASKS.other || port === ASKS.whole) return null;
  const { src, dst, inDev, outDev, proto } = rule;
  if (dst !== null) {
    if (dst.not || dst.exact === 0 || src !== null || inDev !== null || outDev !== null) return null;
    if (port >= 0) return { shape: SHAPE.dstProtoPort, value: dst.exact, second: (proto << 16) | port };
    return proto !== 0 ? { shape: SHAPE.dstProto, value: dst.exact, second: SECOND.dstProto | proto } : { shape: SHAPE.dst, value: dst.exact, second: SECOND.dst };
  }
  if (proto !== 0) return null;
  if (src !== null) return src.not || src.exact === 0 || inDev !== null || outDev !== null ? null : { shape: SHAPE.src, value: src.exact, second: SECOND.src };
  if (inDev !== null) return inDev.not || inDev.name === 0 || outDev !== null ? null : { shape: SHAPE.inDev, value: inDev.name, second: SECOND.inDev };
  return outDev === null || outDev.not || outDev.name === 0 ? null : { shape: SHAPE.outDev, value: outDev.name, second: SECOND.outDev };
}

/** The rules from `from` on that make a run; empty if too few do. */
export function runFrom(rules: readonly Rule[], from: number): readonly Asked[] {
  // Most chains have no run: they are left before anything is made.
  if (from + SHORTEST > rules.length) return NONE;
  for (let i = from + SHORTEST - 1; i >= from; i--) if (asked(rules[i]!) === null) return NONE;
  const run: Asked[] = [];
  const equal = new Map<number, number>();
  for (let i = from; i < rules.length; i++) {
    const one = asked(rules[i]!);
    if (one === null) break;
    const key = one.value * 0x10000000 + one.second;
    const count = (equal.get(key) ?? 0) + 1;
    if (count > MOST_EQUAL) break;
    equal.set(key, count);
    run.push(one);
  }
  return run.length < SHORTEST ? NONE : run;
}

/** How many words the slots of a run take. */
export function slotWords(run: readonly Asked[]): number {
  let slots = 8;
  while (slots * 2 < run.length * 3) slots *= 2;
  return slots * SLOT_WORDS;
}

/** Writes the step of a run at `at` and its slots at `slots`; `action(rule)` is go | operand << 3. */
export function writeRun(into: CompiledChains, at: number, slots: number, rules: readonly Rule[], from: number, run: readonly Asked[], action: (rule: Rule) => number): void {
  const { words } = into;
  const mask = slotWords(run) / SLOT_WORDS - 1;
  let shapes = 0;
  for (let i = 0; i < run.length; i++) {
    const { shape, value, second } = run[i]!;
    shapes |= shape;
    let slot = slotHash(value, second, mask);
    while (words[slots + slot * SLOT_WORDS + 2] !== 0) slot = (slot + 1) & mask;
    const to = slots + slot * SLOT_WORDS;
    words[to] = value;
    words[to + 1] = second;
    words[to + 2] = from + i + 1;
    words[to + 3] = action(rules[from + i]!);
  }
  words.set([OP.run, from, from + run.length, shapes, mask, slots, RUN_WORDS], at);
}
