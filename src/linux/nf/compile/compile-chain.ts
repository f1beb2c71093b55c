/** Turns the rules of a chain into words (`words.ts`), test by test in the order in which the plain walker asks. */
import { slotsOf } from "../match.js";
import type { MarkMatch } from "../match-mark.js";
import type { StatisticMatch } from "../match-chance.js";
import { ASKS, exactPort } from "../rule-brief.js";
import { type AddressTest, GO, MATCH, type Match, type Rule, TARGET } from "../rule.js";
import type { Chain } from "../table.js";
import type { NatTarget } from "../target-nat.js";
import type { CompiledChains } from "./compiled-chains.js";
import { runFrom, slotWords, writeRun } from "./run.js";
import { MOST_PAYLOAD, NARROW_INDEX, NARROW_LENGTH, NARROW_WORDS, OP, RUN_WORDS, WIDE_WORDS } from "./words.js";

const MOST_PORT = 0xffff;

/** Where the chain's words begin; they are made if no chain with the same rules has them. */
export function compiledChain(into: CompiledChains, chain: Chain): number {
  const known = into.find(chain.rules, chain.hash);
  return known !== 0 ? known : into.keep(chain.rules, chain.hash, compile(into, chain));
}

function compile(into: CompiledChains, chain: Chain): number {
  const { rules } = chain;
  const words: number[] = [];
  const runs: { readonly at: number; readonly from: number; readonly run: ReturnType<typeof runFrom> }[] = [];
  for (let i = 0; i < rules.length; ) {
    const run = runFrom(rules, i);
    if (run.length === 0) {
      putRule(into, words, rules[i]!, i, chain.slotAt[i] ?? 0);
      i++;
      continue;
    }
    runs.push({ at: words.length, from: i, run });
    for (let k = 0; k < RUN_WORDS; k++) words.push(0);
    i += run.length;
  }
  words.push(OP.end);
  const at = into.room(words.length);
  for (let i = 0; i < words.length; i++) into.words[at + i] = words[i]!;
  for (const { at: step, from, run } of runs) {
    const slots = into.room(slotWords(run));
    into.words.fill(0, slots, slots + slotWords(run));
    writeRun(into, at + step, slots, rules, from, run, (rule) => rule.go | (operandOf(into, rule) << 3));
  }
  return at;
}

function operandOf(into: CompiledChains, rule: Rule): number {
  if (rule.go === GO.jump || rule.go === GO.goto) return rule.to;
  return rule.go >= GO.target && rule.target !== null ? into.targets.push(rule.target) : 0;
}

function putRule(into: CompiledChains, words: number[], rule: Rule, index: number, slotAt: number): void {
  const head = words.push(0) - 1;
  if (rule.src !== null) putAddress(into, words, rule.src, OP.srcIs, OP.srcIn, OP.srcTest);
  if (rule.dst !== null) putAddress(into, words, rule.dst, OP.dstIs, OP.dstIn, OP.dstTest);
  if (rule.inDev !== null) words.push(OP.inDev | ((into.devices.push(rule.inDev) - 1) << 8));
  if (rule.outDev !== null) words.push(OP.outDev | ((into.devices.push(rule.outDev) - 1) << 8));
  if (rule.proto !== 0) words.push(OP.proto | ((rule.proto | (rule.protoNot ? 256 : 0)) << 8));
  if (rule.frag !== 0) words.push(OP.frag | (rule.frag << 8));
  const { matches } = rule;
  let slot = slotAt;
  for (let i = 0; i < matches.length; i++) {
    putMatch(into, words, matches[i]!, slot);
    if (rule.slots !== 0) slot += slotsOf(matches[i]!);
  }
  putAction(into, words, rule);
  const length = words.length - head;
  if (length <= NARROW_LENGTH && index <= NARROW_INDEX) words[head] = OP.rule | (length << 8) | (index << 16);
  else words.splice(head, NARROW_WORDS, OP.wide, index, length - NARROW_WORDS + WIDE_WORDS);
}

function putAction(into: CompiledChains, tests: number[], rule: Rule): void {
  if (rule.go === GO.target && rule.target?.kind === TARGET.dnat) {
    const { minAddr, maxAddr, minPort, maxPort, flags } = (rule.target as NatTarget).range;
    if (minAddr === maxAddr && minPort === maxPort && flags < 128 && minPort <= MOST_PORT) {
      tests.push(OP.dnat | ((flags | (minPort << 8)) << 8), minAddr);
      return;
    }
  }
  const operand = operandOf(into, rule);
  if (operand <= MOST_PAYLOAD >> 3) tests.push(OP.act | ((rule.go | (operand << 3)) << 8));
  else tests.push(OP.actWide | (rule.go << 8), operand);
}

function putAddress(into: CompiledChains, tests: number[], test: AddressTest, is: number, inside: number, otherwise: number): void {
  const prefix = prefixOf(test);
  if (test.exact !== 0 && !test.not && test.exact <= MOST_PAYLOAD) tests.push(is | (test.exact << 8));
  else if (prefix >= 0) tests.push(inside | (((test.not ? 1 : 0) | (prefix << 1)) << 8), test.words[0]);
  else tests.push(otherwise | ((into.addresses.push(test) - 1) << 8));
}

/** Length of a prefix that one word decides, -1 for any other mask. */
function prefixOf({ masks }: AddressTest): number {
  const prefix = Math.clz32(~masks[0]);
  return (masks[1] | masks[2] | masks[3]) === 0 && masks[0] === maskOf(prefix) ? prefix : -1;
}

/** The first word under a prefix of 0 to 32 bits. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : -1 << (32 - prefix);
}

function putMatch(into: CompiledChains, tests: number[], match: Match, slot: number): void {
  switch (match.kind) {
    case MATCH.comment:
      return;
    case MATCH.tcp:
    case MATCH.udp:
    case MATCH.sctp: {
      const port = exactPort(match);
      const tcp = match.kind === MATCH.tcp ? 65536 : 0;
      if (port >= 0) tests.push(OP.dport | ((port | tcp) << 8));
      else if (port === ASKS.whole) tests.push(OP.whole | (tcp << 8));
      else tests.push(OP.match | ((into.matches.push(match) - 1) << 8));
      return;
    }
    case MATCH.mark: {
      const { value, mask, not } = match as MarkMatch;
      tests.push(OP.mark | ((not ? 1 : 0) << 8), value, mask);
      return;
    }
    case MATCH.statistic: {
      const { mode, chance, not } = match as StatisticMatch;
      if (mode === "random") {
        tests.push(OP.chance | ((not ? 1 : 0) << 8), chance - 1);
        return;
      }
    }
  }
  const index = into.matches.push(match) - 1;
  if (slotsOf(match) === 0) tests.push(OP.match | (index << 8));
  else tests.push(OP.keeping | (index << 8), slot);
}
