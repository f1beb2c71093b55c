/**
 * The compiled walk: the same verdict, counters, draws and trace as the plain walker's (`../walk.ts`), from words (`words.ts`).
 * A chain is compiled when a packet first comes to it. The arrays of words and counters may be replaced whenever a chain
 * is compiled or a target acts, and are read anew after that. No target that lets the walk go on changes addresses or ports.
 */
import { IP_FLAG } from "../../../packet/columns.js";
import { NF, type Stack } from "../../stack.js";
import { testDevice } from "../device-test.js";
import { CONTINUE } from "../extension.js";
import { testMatch } from "../match.js";
import { streamOf } from "../match-chance.js";
import { EMPTY, HEAD_WORDS } from "../counter-slab.js";
import { GO } from "../rule.js";
import { type NfTable, POLICY } from "../table.js";
import { actTarget } from "../target.js";
import { addressMatches, remember, takePolicy, traceEnd, traceEntry, traceRule } from "../walk.js";
import { MAX_JUMPS, type WalkFrame } from "../walk-frame.js";
import { compiledChain, maskOf } from "./compile-chain.js";
import { inName, lookUp, outName, probe } from "./look-up.js";
import { meetService, serviceRow } from "./meet-service.js";
import { NARROW_WORDS, OP, SHAPE, WIDE_WORDS } from "./words.js";

const CHANCE_MASK = 0x7fffffff;
const TCP = 65536;
/** Chains that the rules of a chain this long or shorter lead to are placed with it: a service and its endpoints lie together. */
const FAMILY = 16;

/** Drops what is mostly of replaced chains, unless walks are under way, and the places of chains that spoke of what was dropped. */
function refresh(s: Stack, table: NfTable): void {
  const { compiled } = s.nf;
  const alone = s.nf.depth <= 1;
  if (alone && compiled.isStale) compiled.drop();
  if (table.slab.generation !== compiled.generation || (alone && table.slab.isWasteful)) table.slab.reset(compiled.generation);
}

/** Compiles a chain that has no place yet. */
export function placeChain(s: Stack, table: NfTable, id: number): void {
  const chain = table.chains.get(id)!;
  const what = chain.rules.length === 0 && chain.policy !== POLICY.none ? chain.policy | EMPTY : 0;
  table.slab.place(id, 2 + 2 * chain.rules.length, compiledChain(s.nf.compiled, chain), what, table.settled);
  if (chain.rules.length > FAMILY) return;
  for (const { go, to } of chain.rules) if ((go === GO.jump || go === GO.goto) && !table.slab.has(to)) placeChain(s, table, to);
}

/** The verdict NF.* of a base chain without rules that packets have met before, -1 for any other; not for traced packets. */
export function emptyVerdict(s: Stack, p: number, table: NfTable, hook: number): number {
  const { slab } = table;
  const head = table.base[hook]! * HEAD_WORDS;
  if (head >= slab.heads.length || (slab.heads[head + 3]! & EMPTY) === 0 || slab.generation !== s.nf.compiled.generation) return -1;
  const at = slab.heads[head]!;
  if (at === 0) return -1;
  if ((table.silent & (1 << hook)) === 0) {
    slab.doubles[at]!++;
    slab.doubles[at + 1]! += s.packets.c.ipLen[p]!;
  }
  return (slab.heads[head + 3]! & ~EMPTY) === POLICY.drop ? NF.drop : NF.accept;
}

/** The verdict NF.* of the table at the frame's hook. */
export function walkCompiled(s: Stack, p: number, table: NfTable, frame: WalkFrame): number {
  refresh(s, table);
  const { slab } = table;
  const { compiled } = s.nf;
  const c = s.packets.c;
  const traced = s.trace !== null;
  const base = table.base[frame.hook]!;
  const src = c.src[p]!;
  const dst = c.dst[p]!;
  const proto = c.proto[p]!;
  const dport = c.dport[p]!;
  const offset = c.frag[p]! & IP_FLAG.OFFSET;
  const portsFit = offset === 0 && dport >>> 16 === 0;
  let bytes = c.ipLen[p]!;
  let depth = 0;
  let id = base;
  // The rule at hand, and the one asked last: a run that is come back to goes on behind it.
  let rule = -1;
  let after = -1;
  /** where the step at hand ends */
  let next = 0;
  if (!slab.has(id)) placeChain(s, table, id);
  frame.chain = id;
  let { words } = compiled;
  let { heads, doubles } = slab;
  let place = heads[id * HEAD_WORDS]!;
  let at = heads[id * HEAD_WORDS + 1]!;
  for (;;) {
    const word = words[at]!;
    const payload = word >> 8;
    let go: number;
    let operand = 0;
    switch (word & 255) {
      case OP.rule:
        rule = word >>> 16;
        next = at + (payload & 255);
        at += NARROW_WORDS;
        continue;
      case OP.wide:
        rule = words[at + 1]!;
        next = at + words[at + 2]!;
        at += WIDE_WORDS;
        continue;
      case OP.run: {
        let found: number;
        if (words[at + 3] === SHAPE.dstProtoPort && portsFit) {
          const second = (proto << 16) | dport;
          found = probe(words, words[at + 5]!, words[at + 4]!, dst, second, after);
          if (found !== 0 && !traced && after < words[at + 1]! && (words[found + 3]! & 7) === GO.jump) {
            const row = serviceRow(table, frame.hook, id, words[found + 2]! - 1, at === heads[id * HEAD_WORDS + 1], dst, second);
            if (row !== 0) return meetService(s, p, table, frame.hook, row);
          }
        } else found = lookUp(s, p, table, frame, at, after);
        if (found <= 0) {
          if (found < 0) return NF.drop;
          at += words[at + 6]!;
          continue;
        }
        next = at;
        rule = words[found + 2]! - 1;
        go = words[found + 3]! & 7;
        operand = words[found + 3]! >>> 3;
        break;
      }
      case OP.act:
        go = payload & 7;
        operand = word >>> 11;
        break;
      case OP.actWide:
        go = payload;
        operand = words[at + 1]!;
        break;
      case OP.dnat:
        go = GO.target;
        operand = -at;
        break;
      case OP.srcIs:
        at = src === payload ? at + 1 : next;
        continue;
      case OP.dstIs:
        at = dst === payload ? at + 1 : next;
        continue;
      case OP.srcIn:
        at = (((s.book.words[src * 4]! ^ words[at + 1]!) & maskOf(payload >> 1)) === 0) !== ((payload & 1) === 1) ? at + 2 : next;
        continue;
      case OP.dstIn:
        at = (((s.book.words[dst * 4]! ^ words[at + 1]!) & maskOf(payload >> 1)) === 0) !== ((payload & 1) === 1) ? at + 2 : next;
        continue;
      case OP.srcTest:
        at = addressMatches(s, compiled.addresses[payload]!, src) ? at + 1 : next;
        continue;
      case OP.dstTest:
        at = addressMatches(s, compiled.addresses[payload]!, dst) ? at + 1 : next;
        continue;
      case OP.inDev:
        at = testDevice(s, compiled.devices[payload]!, frame.inDev, inName(s, frame)) ? at + 1 : next;
        continue;
      case OP.outDev:
        at = testDevice(s, compiled.devices[payload]!, frame.outDev, outName(s, frame)) ? at + 1 : next;
        continue;
      case OP.proto:
        at = (proto === (payload & 255)) !== payload >= 256 ? at + 1 : next;
        continue;
      case OP.frag:
        at = (offset !== 0) === (payload === 1) ? at + 1 : next;
        continue;
      case OP.dport:
        if (offset === 1 && (payload & TCP) !== 0) return NF.drop;
        at = offset === 0 && dport === (payload & 65535) ? at + 1 : next;
        continue;
      case OP.whole:
        if (offset === 1 && payload === TCP) return NF.drop;
        at = offset === 0 ? at + 1 : next;
        continue;
      case OP.mark:
        at = ((c.mark[p]! & words[at + 2]!) === words[at + 1]) !== (payload === 1) ? at + 3 : next;
        continue;
      case OP.chance: {
        let stream = heads[id * HEAD_WORDS + 2]!;
        if (stream === 0) {
          stream = streamOf(s, frame);
          heads[id * HEAD_WORDS + 2] = stream;
        }
        at = (s.streams.u32(stream) & CHANCE_MASK) <= words[at + 1]! !== (payload === 1) ? at + 2 : next;
        continue;
      }
      case OP.match:
        frame.rule = rule;
        if (testMatch(s, compiled.matches[payload]!, p, frame)) at++;
        else if (frame.hotdrop) return NF.drop;
        else at = next;
        continue;
      case OP.keeping:
        frame.rule = rule;
        frame.slot = words[at + 1]!;
        if (testMatch(s, compiled.matches[payload]!, p, frame)) at += 2;
        else if (frame.hotdrop) return NF.drop;
        else at = next;
        continue;
      default:
        if (traced && id !== base) traceEnd(s, p, table.chains.get(id)!, frame);
        rule = -1;
        go = GO.return;
    }
    if (rule >= 0) {
      const count = place + 2 + 2 * rule;
      doubles[count]!++;
      doubles[count + 1]! += bytes;
      if (traced) traceRule(s, p, table.chains.get(id)!, rule, frame);
    }
    after = rule;
    at = next;
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
        at = frame.indexes[depth]!;
        after = frame.afters[depth]!;
        frame.chain = id;
        place = heads[id * HEAD_WORDS]!;
        break;
      case GO.jump:
      case GO.goto:
        if (go === GO.jump) {
          if (depth >= MAX_JUMPS) return NF.drop;
          if (depth >= frame.chains.length) remember(frame, depth, id, next, rule);
          frame.chains[depth] = id;
          frame.indexes[depth] = next;
          frame.afters[depth++] = rule;
        }
        id = operand;
        if (!slab.has(id)) {
          placeChain(s, table, id);
          words = compiled.words;
          heads = slab.heads;
          doubles = slab.doubles;
        }
        frame.chain = id;
        after = -1;
        place = heads[id * HEAD_WORDS]!;
        at = heads[id * HEAD_WORDS + 1]!;
        if (traced) traceEntry(s, p, table.chains.get(id)!, frame);
        break;
      default: {
        if (operand === 0) break;
        frame.rule = rule;
        const verdict = operand < 0 ? actDnat(s, p, frame, words[-operand]! >> 8, words[1 - operand]!) : actTarget(s, compiled.targets[operand - 1]!, p, frame);
        if (verdict !== CONTINUE) return verdict;
        words = compiled.words;
        heads = slab.heads;
        doubles = slab.doubles;
        bytes = c.ipLen[p]!;
        place = heads[id * HEAD_WORDS]!;
      }
    }
  }
}

/** DNAT to one address, which stands in the words: no object is read for it. */
function actDnat(s: Stack, p: number, frame: WalkFrame, flagsAndPort: number, addr: number): number {
  const { ct } = s.nf;
  if (ct === null) return NF.accept;
  const { range } = frame;
  range.minAddr = addr as typeof range.minAddr;
  range.maxAddr = range.minAddr;
  range.minPort = (flagsAndPort >> 8) & 65535;
  range.maxPort = range.minPort;
  range.flags = flagsAndPort & 127;
  return ct.natSetup(p, frame.hook, range, "dst");
}
