/**
 * The words that a compiled chain is made of. A chain is a list of steps, one int32 after another:
 *
 *   end     [end]
 *   rule    [rule | length << 8 | index << 16] tests... action       length counts all words of the step
 *           [wide, index, length] tests... action                    where those do not fit
 *   run     [run, first rule, rule behind the last, shapes, slots - 1, where the slots begin, length]
 *
 * The low eight bits of a step, test or action say which it is, its payload stands above. A step whose test fails goes on
 * behind its length. A run is adjacent rules that each ask for exact values of few fields: one look into a hash finds
 * the first that matches. Its slots are four words: field value, second value, rule index + 1, go | operand << 3.
 */

/** Largest length and rule index of a narrow rule step. */
export const NARROW_LENGTH = 255;
export const NARROW_INDEX = 0xffff;
/** Head words of the rule steps, and of a run. */
export const NARROW_WORDS = 1;
export const WIDE_WORDS = 3;
export const RUN_WORDS = 7;
export const SLOT_WORDS = 4;

/** Payloads are signed, 24 bits wide. */
export const MOST_PAYLOAD = 0x7fffff;

/** Steps, tests, and the actions that end a rule step. */
export const OP = Object.freeze({
  end: 0,
  rule: 1,
  wide: 2,
  run: 3,
  /** go | operand << 3 */
  act: 4,
  /** go; the next word is the operand */
  actWide: 5,
  /** flags | port << 8 of a DNAT to one address; the next word is the address */
  dnat: 6,
  /** the address's handle */
  srcIs: 7,
  dstIs: 8,
  /** not | prefix length << 1; the next word is the network */
  srcIn: 9,
  dstIn: 10,
  /** index of an address test */
  srcTest: 11,
  dstTest: 12,
  /** index of a device test */
  inDev: 13,
  outDev: 14,
  /** protocol | not << 8 */
  proto: 15,
  /** 1 later fragments alone, 2 all but those */
  frag: 16,
  /** destination port | 65536 for TCP; whole packets and first fragments alone */
  dport: 17,
  /** 65536 for TCP; whole packets and first fragments alone */
  whole: 18,
  /** not; the next words are value and mask */
  mark: 19,
  /** not; the next word is the chance - 1, in units of 2^-31 */
  chance: 20,
  /** index of a match */
  match: 21,
  /** index of a match that keeps state; the next word is where */
  keeping: 22,
} as const);

/** What the rules of a run ask for, a bit each; the second value of a slot keeps the shapes apart. */
export const SHAPE = Object.freeze({ dstProtoPort: 1, dstProto: 2, dst: 4, src: 8, inDev: 16, outDev: 32 } as const);

/** Second values of slots: under 2^24 protocol and port, above it the shape. */
export const SECOND = Object.freeze({ dstProto: 1 << 24, dst: 2 << 24, src: 3 << 24, inDev: 4 << 24, outDev: 5 << 24 } as const);

/** Where to begin looking for a pair of values among `mask` + 1 slots. */
export function slotHash(value: number, second: number, mask: number): number {
  const h = Math.imul(value ^ Math.imul(second, 0x9e3779b1), 0x85ebca6b);
  return (h ^ (h >>> 15)) & mask;
}
