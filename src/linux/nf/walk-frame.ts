import type { NatRange } from "./conntrack-seam.js";

/** Deepest nesting of jumps the walker follows; loops are refused when rules are loaded, so only a very deep tree meets it. */
export const MAX_JUMPS = 1024;

/**
 * What one pass through the chains of a hook keeps. A pass can start another (a REJECT answers, and the answer is output),
 * so frames stand in a pool, one for each depth, and no packet allocates.
 */
export class WalkFrame {
  ns = 0;
  hook = 0;
  inDev = 0;
  outDev = 0;
  family = 4;
  table = 0;
  /** name ids of the devices; -1 until a rule asks */
  inName = -1;
  outName = -1;
  physInName = -1;
  physOutName = -1;
  /** the packet was asked to be dropped by a broken test (hotdrop) */
  hotdrop = false;
  /** chain id and rule index at hand, for what a match keeps or draws */
  chain = 0;
  rule = 0;
  slot = 0;
  /** chains and rule indexes to come back to; in a compiled walk places in the words, and `afters` the rules asked last */
  chains: Int32Array = new Int32Array(16);
  indexes: Int32Array = new Int32Array(16);
  afters: Int32Array = new Int32Array(16);
  /** what a compiled DNAT asks for, as an object */
  readonly range: { -readonly [K in keyof NatRange]: NatRange[K] } = { minAddr: 0 as NatRange["minAddr"], maxAddr: 0 as NatRange["maxAddr"], minPort: 0, maxPort: 0, flags: 0 };
}
