/** Finds the first rule of a run behind one already asked: by its slots, or rule by rule where those cannot say. */
import { IP_FLAG } from "../../../packet/columns.js";
import type { Stack } from "../../stack.js";
import { deviceNameId } from "../device-test.js";
import type { NfTable } from "../table.js";
import { ruleMatches } from "../walk.js";
import type { WalkFrame } from "../walk-frame.js";
import { SECOND, SHAPE, SLOT_WORDS, slotHash } from "./words.js";

/** The first slot of a pair of values whose rule is behind `after`: an index of words, 0 if there is none. */
export function probe(words: Int32Array, slots: number, mask: number, value: number, second: number, after: number): number {
  let slot = slotHash(value, second, mask);
  for (;;) {
    const at = slots + slot * SLOT_WORDS;
    const number = words[at + 2]!;
    if (number === 0) return 0;
    if (words[at] === value && words[at + 1] === second && number > after + 1) return at;
    slot = (slot + 1) & mask;
  }
}

/** The slot of the first rule of the run at `pc` behind `after` that matches, 0 if none does, -1 if the packet is to be dropped. */
export function lookUp(s: Stack, p: number, table: NfTable, frame: WalkFrame, pc: number, after: number): number {
  const { words } = s.nf.compiled;
  const c = s.packets.c;
  const shapes = words[pc + 3]!;
  const mask = words[pc + 4]!;
  const slots = words[pc + 5]!;
  const dport = c.dport[p]!;
  const hasPorts = (c.frag[p]! & IP_FLAG.OFFSET) === 0 && dport >>> 16 === 0;
  if ((shapes & SHAPE.dstProtoPort) !== 0 && !hasPorts) return lookUpSlowly(s, p, table, frame, pc, after);
  let best = 0;
  if ((shapes & SHAPE.dstProtoPort) !== 0) best = probe(words, slots, mask, c.dst[p]!, (c.proto[p]! << 16) | dport, after);
  if ((shapes & SHAPE.dstProto) !== 0) best = earlier(words, best, probe(words, slots, mask, c.dst[p]!, SECOND.dstProto | c.proto[p]!, after));
  if ((shapes & SHAPE.dst) !== 0) best = earlier(words, best, probe(words, slots, mask, c.dst[p]!, SECOND.dst, after));
  if ((shapes & SHAPE.src) !== 0) best = earlier(words, best, probe(words, slots, mask, c.src[p]!, SECOND.src, after));
  if ((shapes & SHAPE.inDev) !== 0) best = earlier(words, best, probe(words, slots, mask, inName(s, frame), SECOND.inDev, after));
  if ((shapes & SHAPE.outDev) !== 0) best = earlier(words, best, probe(words, slots, mask, outName(s, frame), SECOND.outDev, after));
  return best;
}

function earlier(words: Int32Array, a: number, b: number): number {
  return a === 0 || (b !== 0 && words[b + 2]! < words[a + 2]!) ? b : a;
}

/** Later fragments have no ports, and some are dropped by the asking: rule by rule. */
function lookUpSlowly(s: Stack, p: number, table: NfTable, frame: WalkFrame, pc: number, after: number): number {
  const { words } = s.nf.compiled;
  const { rules } = table.chains.get(frame.chain)!;
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

export function inName(s: Stack, frame: WalkFrame): number {
  if (frame.inName < 0) frame.inName = deviceNameId(s, frame.inDev);
  return frame.inName;
}

export function outName(s: Stack, frame: WalkFrame): number {
  if (frame.outName < 0) frame.outName = deviceNameId(s, frame.outDev);
  return frame.outName;
}
