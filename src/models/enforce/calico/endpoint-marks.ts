/**
 * Marks of endpoints, beside IPVS: a request to a service passes INPUT and OUTPUT there, and at OUTPUT nothing but a mark tells which
 * interface it came by. An endpoint's mark is a hash of its interface's name, or the next free one; it keeps it for as long as it is
 * there (felix/rules/epmark.go, felix/markbits).
 */

/** Bits of the packet mark that are endpoints', and the one value for whoever is none. */
export interface MarkSpace {
  /** one run of bits */
  readonly mask: number;
  /** a value inside the mask */
  readonly other: number;
}

/** What the other marks leave of 0xffff0000; the lowest bit of it alone stands for packets of no endpoint. */
export const ENDPOINT_MARKS: MarkSpace = Object.freeze({ mask: 0xffe00000, other: 0x200000 });

/** FNV-1 of 32 bits (hash/fnv, New32). */
function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash, 0x01000193) ^ byte;
  return hash >>> 0;
}

const lowestBit = (mask: number): number => (mask & -mask) >>> 0;

/**
 * Marks of interfaces, given in this order; those that have one keep it. An interface for which none is left is not in the answer.
 * `hash` is Felix's unless given.
 */
export function endpointMarks(names: readonly string[], standing: ReadonlyMap<string, number>, space: MarkSpace = ENDPOINT_MARKS, hash: (name: string) => number = fnv1): ReadonlyMap<string, number> {
  const step = lowestBit(space.mask);
  const places = space.mask / step + 1;
  const marks = new Map<string, number>();
  const taken = new Set([space.other]);
  for (const name of names) {
    const mark = standing.get(name);
    if (mark === undefined || taken.has(mark)) continue;
    marks.set(name, mark);
    taken.add(mark);
  }
  for (const name of names) {
    if (marks.has(name)) continue;
    const mark = firstFree(hash(name), places, step, taken);
    if (mark === 0) continue;
    marks.set(name, mark);
    taken.add(mark);
  }
  return marks;
}

/** 0: none is left. */
function firstFree(start: number, places: number, step: number, taken: ReadonlySet<number>): number {
  for (let i = 0; i < places; i++) {
    const mark = ((start + i) % places) * step;
    if (mark !== 0 && !taken.has(mark)) return mark;
  }
  return 0;
}
