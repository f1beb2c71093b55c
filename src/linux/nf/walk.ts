/**
 * The plain walker: a packet through the chains of one table, rule by rule, as ipt_do_table does. It is the judge of any
 * faster form: verdict, counters, what matches remember, the order of draws and the trace are what it makes them.
 *
 * Read first: net/ipv4/netfilter/ip_tables.c. A rule that matches is counted before its target runs; a RETURN or the end
 * of a base chain falls to the policy; a goto leaves nothing to come back to.
 */
import { STEP } from "../../trace/kinds.js";
import { IP_FLAG } from "../../packet/columns.js";
import { NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { deviceNameId, testDevice } from "./device-test.js";
import { CONTINUE } from "./extension.js";
import { slotsOf, testMatch } from "./match.js";
import { type AddressTest, GO, isBare, type Rule } from "./rule.js";
import { type Chain, type NfTable, POLICY } from "./table.js";
import { actTarget } from "./target.js";
import { MAX_JUMPS, type WalkFrame } from "./walk-frame.js";

/** The verdict NF.* of a table at the frame's hook. */
export function walkChains(s: Stack, p: number, table: NfTable, frame: WalkFrame): number {
  const base = table.chains.get(table.base[frame.hook]!)!;
  let chain = base;
  let counters = table.counters.get(chain.id);
  let i = 0;
  let depth = 0;
  frame.chain = chain.id;
  for (;;) {
    if (i >= chain.rules.length) {
      if (chain !== base && s.trace !== null) traceEnd(s, p, chain, frame);
      if (depth === 0) return takePolicy(s, p, table, base, frame);
      depth--;
      chain = table.chains.get(frame.chains[depth]!)!;
      i = frame.indexes[depth]!;
      counters = table.counters.get(chain.id);
      frame.chain = chain.id;
      continue;
    }
    const rule = chain.rules[i]!;
    frame.rule = i;
    if (rule.slots !== 0) frame.slot = chain.slotAt[i]!;
    if (!ruleMatches(s, rule, p, frame)) {
      if (frame.hotdrop) return NF.drop;
      i++;
      continue;
    }
    counters ??= table.countersOf(chain);
    counters[2 + 2 * i]!++;
    counters[3 + 2 * i]! += s.packets.c.ipLen[p]!;
    if (s.trace !== null) traceRule(s, p, chain, i, frame);
    switch (rule.go) {
      case GO.on:
        i++;
        break;
      case GO.accept:
        return NF.accept;
      case GO.drop:
        return NF.drop;
      case GO.return:
        if (depth === 0) return takePolicy(s, p, table, base, frame);
        depth--;
        chain = table.chains.get(frame.chains[depth]!)!;
        i = frame.indexes[depth]!;
        counters = table.counters.get(chain.id);
        frame.chain = chain.id;
        break;
      case GO.jump:
      case GO.goto:
        if (rule.go === GO.jump) {
          if (depth >= MAX_JUMPS) return NF.drop;
          remember(frame, depth++, chain.id, i + 1, i);
        }
        chain = table.chains.get(rule.to)!;
        i = 0;
        counters = table.counters.get(chain.id);
        frame.chain = chain.id;
        if (s.trace !== null) traceEntry(s, p, chain, frame);
        break;
      default: {
        const verdict = rule.target === null ? CONTINUE : actTarget(s, rule.target, p, frame);
        if (verdict !== CONTINUE) return verdict;
        // What the target sent may have moved the counters.
        counters = table.counters.get(chain.id);
        i++;
      }
    }
  }
}

/** Keeps where a jump comes back to. */
export function remember(frame: WalkFrame, depth: number, chain: number, index: number, after: number): void {
  if (depth === frame.chains.length) {
    const chains = new Int32Array(depth * 2);
    chains.set(frame.chains);
    frame.chains = chains;
    const indexes = new Int32Array(depth * 2);
    indexes.set(frame.indexes);
    frame.indexes = indexes;
    const afters = new Int32Array(depth * 2);
    afters.set(frame.afters);
    frame.afters = afters;
  }
  frame.chains[depth] = chain;
  frame.indexes[depth] = index;
  frame.afters[depth] = after;
}

/** The base chain's policy decides: counted unless it is silent, and its verdict. */
export function takePolicy(s: Stack, p: number, table: NfTable, base: Chain, frame: WalkFrame): number {
  if ((table.silent & (1 << frame.hook)) === 0) {
    const counters = table.countersOf(base);
    counters[0]!++;
    counters[1]! += s.packets.c.ipLen[p]!;
  }
  const verdict = base.policy === POLICY.drop ? NF.drop : NF.accept;
  if (s.trace !== null) {
    const text = verdict === NF.drop ? "DROP" : "ACCEPT";
    traceStep(s, STEP.CHAIN_POLICY, p, frame.ns, frame.inDev, placeOf(s, base, base.rules.length + 1, "policy", text, 0, frame), frame.outDev);
  }
  return verdict;
}

/** The tests of the IP header and devices, then the matches in their order. */
export function ruleMatches(s: Stack, rule: Rule, p: number, frame: WalkFrame): boolean {
  const c = s.packets.c;
  if (rule.src !== null && !addressMatches(s, rule.src, c.src[p]!)) return false;
  if (rule.dst !== null && !addressMatches(s, rule.dst, c.dst[p]!)) return false;
  if (rule.inDev !== null) {
    if (frame.inName < 0) frame.inName = deviceNameId(s, frame.inDev);
    if (!testDevice(s, rule.inDev, frame.inDev, frame.inName)) return false;
  }
  if (rule.outDev !== null) {
    if (frame.outName < 0) frame.outName = deviceNameId(s, frame.outDev);
    if (!testDevice(s, rule.outDev, frame.outDev, frame.outName)) return false;
  }
  if (rule.proto !== 0 && (c.proto[p] === rule.proto) === rule.protoNot) return false;
  if (rule.frag !== 0 && ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) !== (rule.frag === 1)) return false;
  const { matches } = rule;
  for (let i = 0; i < matches.length; i++) {
    if (!testMatch(s, matches[i]!, p, frame)) return false;
    if (rule.slots !== 0) frame.slot += slotsOf(matches[i]!);
  }
  return true;
}

export function addressMatches(s: Stack, test: AddressTest, addr: number): boolean {
  if (test.exact !== 0) return (addr === test.exact) !== test.not;
  const { words } = s.book;
  const at = addr * 4;
  const met =
    ((words[at]! & test.masks[0]) ^ test.words[0]) === 0 &&
    ((words[at + 1]! & test.masks[1]) ^ test.words[1]) === 0 &&
    ((words[at + 2]! & test.masks[2]) ^ test.words[2]) === 0 &&
    ((words[at + 3]! & test.masks[3]) ^ test.words[3]) === 0;
  return met !== test.not;
}

function placeOf(s: Stack, chain: Chain, number: number, label: "rule" | "return" | "policy", text: string, cause: number, frame: WalkFrame): number {
  return s.nf.places.of({ family: frame.family === 6 ? 6 : 4, table: frame.table, chain: chain.name, number, label, text, cause });
}

// Steps of rules and chains: the device is the input device, `a` a row of `s.nf.places`, `b` the output device.

/** A bare ACCEPT, DROP or RETURN is named as the end of its chain (linux-dataplane A5). */
export function traceRule(s: Stack, p: number, chain: Chain, index: number, frame: WalkFrame): void {
  const rule = chain.rules[index]!;
  const end = isBare(rule) && (rule.go === GO.accept || rule.go === GO.drop || rule.go === GO.return);
  const label = !end ? "rule" : chain.policy === POLICY.none ? "return" : "policy";
  traceStep(s, STEP.RULE, p, frame.ns, frame.inDev, placeOf(s, chain, index + 1, label, rule.text, rule.cause, frame), frame.outDev);
}

export function traceEnd(s: Stack, p: number, chain: Chain, frame: WalkFrame): void {
  traceStep(s, STEP.CHAIN_RETURN, p, frame.ns, frame.inDev, placeOf(s, chain, chain.rules.length + 1, "return", "", 0, frame), frame.outDev);
}

export function traceEntry(s: Stack, p: number, chain: Chain, frame: WalkFrame): void {
  traceStep(s, STEP.CHAIN_ENTER, p, frame.ns, frame.inDev, placeOf(s, chain, 0, "rule", "", 0, frame), frame.outDev);
}
