/**
 * The compiled walk: the same verdict, counters, draws and trace as the plain walker's (`../walk.ts`), from words (`words.ts`).
 * A chain is compiled when a packet first comes to it. The places of counters and the arrays of words may be replaced whenever
 * a chain is compiled or a target acts, so both are read anew after that.
 */
import { IP_FLAG } from "../../../packet/columns.js";
import { STEP } from "../../../trace/kinds.js";
import { NF, type Stack } from "../../stack.js";
import { deviceNameId, testDevice } from "../device-test.js";
import { CONTINUE } from "../extension.js";
import { testMatch } from "../match.js";
import { streamOf } from "../match-chance.js";
import { GO } from "../rule.js";
import type { Chain, NfTable } from "../table.js";
import { actTarget } from "../target.js";
import { addressMatches, remember, ruleMatches, takePolicy, traceEnd, traceEntry, traceRule } from "../walk.js";
import { MAX_JUMPS, type WalkFrame } from "../walk-frame.js";
import { compiledChain, maskOf } from "./compile-chain.js";
import { NARROW_WORDS, OP, SECOND, SHAPE, SLOT_WORDS, slotHash, STEPS, WIDE_WORDS } from "./words.js";

const CHANCE_MASK = 0x7fffffff;
const TCP = 65536;

/** Drops what grew too large, unless walks are under way, and the places of chains that spoke of what was dropped. */
export function refreshCompiled(s: Stack, table: NfTable): void {
  const { compiled } = s.nf;
  const alone = s.nf.depth <= 1;
  if (alone && compiled.isStale) compiled.drop();
  if (table.slab.generation !== compiled.generation || (alone && table.slab.isWasteful)) table.slab.reset(compiled.generation);
}

/** Compiles a chain that has no place yet; where its counters begin. */
export function placeChain(s: Stack, table: NfTable, chain: Chain): number {
  return table.slab.place(chain.id, 2 + 2 * chain.rules.length, compiledChain(s.nf.compiled, chain), table.counters);
}

function enter(s: Stack, table: NfTable, id: number): number {
  const { at } = table.slab;
  const place = id < at.length ? at[id]! : 0;
  return place !== 0 ? place : placeChain(s, table, table.chains.get(id)!);
}

/** The verdict NF.* of the table at the frame's hook. */
export function walkCompiled(s: Stack, p: number, table: NfTable, frame: WalkFrame): number {
  refreshCompiled(s, table);
  const { compiled } = s.nf;
  const { slab } = table;
  const c = s.packets.c;
  const base = table.base[frame.hook]!;
  let id = base;
  let depth = 0;
  // The rule asked last; a run that is come back to goes on behind it.
  let after = -1;
  let place = enter(s, table, id);
  let words = compiled.words;
  let pc = slab.ints[2 * place - 4]!;
  frame.chain = id;
  for (;;) {
    const head = words[pc]!;
    let rule = 0;
    let go: number = GO.on;
    let operand = 0;
    let next = 0;
    const kind = head & 3;
    if (kind === STEPS.end) {
      if (s.trace !== null && id !== base) traceEnd(s, p, table.chains.get(id)!, frame);
      go = GO.return;
    } else if (kind === STEPS.run) {
      next = pc;
      const found = lookUp(s, p, table, frame, words, pc, id, after);
      if (found <= 0) {
        if (found < 0) return NF.drop;
        pc += words[pc + 6]!;
        continue;
      }
      rule = words[found + 2]! - 1;
      const action = words[found + 3]!;
      go = action & 7;
      operand = action >>> 3;
    } else {
      let at: number;
      if (kind === STEPS.rule) {
        rule = head >>> 10;
        next = pc + ((head >>> 2) & 255);
        at = pc + NARROW_WORDS;
      } else {
        rule = words[pc + 1]!;
        next = pc + words[pc + 2]!;
        at = pc + WIDE_WORDS;
      }
      const action = test(s, p, table, frame, words, at, place, id, rule);
      if (action <= 0) {
        if (action < 0) return NF.drop;
        pc = next;
        continue;
      }
      const word = words[action]!;
      go = (word >> 8) & 7;
      operand = (word & 255) === OP.act ? word >>> 11 : words[action + 1]!;
    }
    if (kind !== STEPS.end) {
      const count = place + 2 + 2 * rule;
      slab.doubles[count]!++;
      slab.doubles[count + 1]! += c.ipLen[p]!;
      if (s.trace !== null) traceRule(s, p, table.chains.get(id)!, rule, frame);
    }
    switch (go) {
      case GO.on:
        break;
      case GO.accept:
        return NF.accept;
      case GO.drop:
        return NF.drop;
      case GO.return:
        if (depth === 0) return takePolicy(s, p, table, table.chains.get(base)!, frame);
        depth--;
        id = frame.chains[depth]!;
        next = frame.indexes[depth]!;
        rule = frame.afters[depth]!;
        place = slab.at[id]!;
        frame.chain = id;
        break;
      case GO.jump:
      case GO.goto:
        if (go === GO.jump) {
          if (depth >= MAX_JUMPS) return NF.drop;
          remember(frame, depth++, id, next, rule);
        }
        id = operand;
        place = enter(s, table, id);
        words = compiled.words;
        next = slab.ints[2 * place - 4]!;
        rule = -1;
        frame.chain = id;
        if (s.trace !== null) traceEntry(s, p, table.chains.get(id)!, frame);
        break;
      default:
        if (operand !== 0) {
          frame.rule = rule;
          const verdict = actTarget(s, compiled.targets[operand - 1]!, p, frame);
          if (verdict !== CONTINUE) return verdict;
          words = compiled.words;
          place = slab.at[id]!;
        }
    }
    pc = next;
    after = rule;
  }
}

/** The slot of the first rule of a run behind `after` that matches: an index of words, 0 if there is none, -1 to drop. */
function lookUp(s: Stack, p: number, table: NfTable, frame: WalkFrame, words: Int32Array, pc: number, id: number, after: number): number {
  const c = s.packets.c;
  const shapes = words[pc + 3]!;
  const mask = words[pc + 4]!;
  const slots = words[pc + 5]!;
  const dport = c.dport[p]!;
  if ((shapes & SHAPE.dstProtoPort) !== 0 && ((c.frag[p]! & IP_FLAG.OFFSET) !== 0 || dport >>> 16 !== 0)) return lookUpSlowly(s, p, table, frame, words, pc, id, after);
  let best = 0;
  if ((shapes & SHAPE.dstProtoPort) !== 0) best = probe(words, slots, mask, c.dst[p]!, (c.proto[p]! << 16) | dport, after);
  if (shapes === SHAPE.dstProtoPort) return best;
  if ((shapes & SHAPE.dstProto) !== 0) best = earlier(words, best, probe(words, slots, mask, c.dst[p]!, SECOND.dstProto | c.proto[p]!, after));
  if ((shapes & SHAPE.dst) !== 0) best = earlier(words, best, probe(words, slots, mask, c.dst[p]!, SECOND.dst, after));
  if ((shapes & SHAPE.src) !== 0) best = earlier(words, best, probe(words, slots, mask, c.src[p]!, SECOND.src, after));
  if ((shapes & SHAPE.inDev) !== 0) best = earlier(words, best, probe(words, slots, mask, inName(s, frame), SECOND.inDev, after));
  if ((shapes & SHAPE.outDev) !== 0) best = earlier(words, best, probe(words, slots, mask, outName(s, frame), SECOND.outDev, after));
  return best;
}

function probe(words: Int32Array, slots: number, mask: number, value: number, second: number, after: number): number {
  let slot = slotHash(value, second, mask);
  for (;;) {
    const at = slots + slot * SLOT_WORDS;
    const number = words[at + 2]!;
    if (number === 0) return 0;
    if (words[at] === value && words[at + 1] === second && number > after + 1) return at;
    slot = (slot + 1) & mask;
  }
}

function earlier(words: Int32Array, a: number, b: number): number {
  return a === 0 || (b !== 0 && words[b + 2]! < words[a + 2]!) ? b : a;
}

/** Later fragments have no ports, and some are dropped by the asking: rule by rule. */
function lookUpSlowly(s: Stack, p: number, table: NfTable, frame: WalkFrame, words: Int32Array, pc: number, id: number, after: number): number {
  const { rules } = table.chains.get(id)!;
  const behind = words[pc + 2]!;
  for (let i = Math.max(after + 1, words[pc + 1]!); i < behind; i++) {
    if (ruleMatches(s, rules[i]!, p, frame)) return slotOf(words, pc, i);
    if (frame.hotdrop) return -1;
  }
  return 0;
}

function slotOf(words: Int32Array, pc: number, rule: number): number {
  const slots = words[pc + 5]!;
  const behind = slots + (words[pc + 4]! + 1) * SLOT_WORDS;
  for (let at = slots; at < behind; at += SLOT_WORDS) if (words[at + 2] === rule + 1) return at;
  return 0;
}

function inName(s: Stack, frame: WalkFrame): number {
  if (frame.inName < 0) frame.inName = deviceNameId(s, frame.inDev);
  return frame.inName;
}

function outName(s: Stack, frame: WalkFrame): number {
  if (frame.outName < 0) frame.outName = deviceNameId(s, frame.outDev);
  return frame.outName;
}

/** The tests of a rule: where its action stands, 0 if it does not match, -1 to drop. */
function test(s: Stack, p: number, table: NfTable, frame: WalkFrame, words: Int32Array, from: number, place: number, id: number, rule: number): number {
  const c = s.packets.c;
  const { compiled } = s.nf;
  let at = from;
  for (;;) {
    const word = words[at]!;
    const payload = word >> 8;
    switch (word & 255) {
      case OP.act:
      case OP.actWide:
        return at;
      case OP.srcIs:
        if (c.src[p] !== payload) return 0;
        at++;
        break;
      case OP.dstIs:
        if (c.dst[p] !== payload) return 0;
        at++;
        break;
      case OP.srcIn:
        if ((((s.book.words[c.src[p]! * 4]! ^ words[at + 1]!) & maskOf(payload >> 1)) === 0) === ((payload & 1) === 1)) return 0;
        at += 2;
        break;
      case OP.dstIn:
        if ((((s.book.words[c.dst[p]! * 4]! ^ words[at + 1]!) & maskOf(payload >> 1)) === 0) === ((payload & 1) === 1)) return 0;
        at += 2;
        break;
      case OP.srcTest:
        if (!addressMatches(s, compiled.addresses[payload]!, c.src[p]!)) return 0;
        at++;
        break;
      case OP.dstTest:
        if (!addressMatches(s, compiled.addresses[payload]!, c.dst[p]!)) return 0;
        at++;
        break;
      case OP.inDev:
        if (!testDevice(s, compiled.devices[payload]!, frame.inDev, inName(s, frame))) return 0;
        at++;
        break;
      case OP.outDev:
        if (!testDevice(s, compiled.devices[payload]!, frame.outDev, outName(s, frame))) return 0;
        at++;
        break;
      case OP.proto:
        if ((c.proto[p] === (payload & 255)) === (payload >= 256)) return 0;
        at++;
        break;
      case OP.frag:
        if (((c.frag[p]! & IP_FLAG.OFFSET) !== 0) !== (payload === 1)) return 0;
        at++;
        break;
      case OP.dport:
      case OP.whole: {
        const offset = c.frag[p]! & IP_FLAG.OFFSET;
        if (offset !== 0) return offset === 1 && (payload & TCP) !== 0 ? -1 : 0;
        if ((word & 255) === OP.dport && c.dport[p] !== (payload & 65535)) return 0;
        at++;
        break;
      }
      case OP.mark:
        if (((c.mark[p]! & words[at + 2]!) === words[at + 1]) === (payload === 1)) return 0;
        at += 3;
        break;
      case OP.chance: {
        let stream = table.slab.ints[2 * place - 3]!;
        if (stream === 0) {
          frame.chain = id;
          stream = streamOf(s, frame);
          table.slab.ints[2 * place - 3] = stream;
        }
        if ((s.streams.u32(stream) & CHANCE_MASK) <= words[at + 1]! === (payload === 1)) return 0;
        at += 2;
        break;
      }
      default: {
        const keeps = (word & 255) === OP.keeping;
        frame.chain = id;
        frame.rule = rule;
        if (keeps) frame.slot = words[at + 1]!;
        if (!testMatch(s, compiled.matches[payload]!, p, frame)) return frame.hotdrop ? -1 : 0;
        at += keeps ? 2 : 1;
      }
    }
  }
}
