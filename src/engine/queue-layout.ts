/** The words of an event queue (see queue.ts for how they hang together), and what it shows and saves of itself. */

export const TICKS = 16384;
export const SLOTS = 21504;
/** Words of a slot: the offset of its first event, 0 if it is empty, and that of its last, its own if it is empty. */
export const SLOT_WORDS = 2;
export const LAST = 1;
/** The first place, of no event. */
export const NOBODY = 43008;
/** Pending events from which on they are many (`FarQueue`). */
export const MANY: number = 1 << 18;
/** Bits of `root` for the groups of level 0. */
export const NEAR = 0xffff;
/** Words of an event: its list neighbours, its time, what it is. Interleaved, it is half a cache line. */
export const STRIDE = 8;
/** Places made at once. */
export const BLOCK = 16;
export const PREV = 1;
export const LOW = 2;
/** The high 21 bits of its time; above them its kind. */
export const HIGH = 3;
export const HIGH_MASK = 0x1fffff;
export const KIND_SHIFT = 21;
export const KINDS = 0x800;
/** The event behind the next one, 0 if there is none or none is known; kept by a `FarQueue` alone. */
export const SKIP = 4;
export const A = 5;
export const B = 6;
/** How often the place was used (29 bits), the sign bit set while its event is pending, RECORD while it has a record. */
export const USE = 7;
export const PENDING = -0x80000000;
export const RECORD = 0x40000000;
export const USES = 0x1fffffff;
/** Ids are the use times this plus the place. */
export const PLACES = 0x1000000;
export const TWO_32 = 4294967296;

/** The plain data that an event may carry. */
export type EventRecord = Readonly<Record<string, unknown>>;

/** One pending event, for those who ask what happens next. */
export interface PendingEvent {
  readonly id: number;
  readonly time: number;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly record: EventRecord | undefined;
}

/** What a queue holds, as plain data; its size goes with the most events ever pending at once, not with the wheel. */
export interface EventQueueState {
  /** Eight words for each place ever used. */
  readonly events: Int32Array;
  readonly free: number;
  readonly size: number;
  readonly cursor: number;
  /** Busy slots: slot, offset of the first event, of the last. */
  readonly slots: Int32Array;
  readonly records: readonly (readonly [at: number, record: EventRecord])[];
}

/** The first instant of a slot above level 0, as seen from a cursor in two words. */
export function startOf(slot: number, low: number, high: number): number {
  if (slot < 17408) return high * TWO_32 + (((low & -0x1000000) | ((slot - 16384) << 14)) >>> 0);
  if (slot < 18432) return high * TWO_32 + (((slot - 17408) << 24) >>> 0);
  if (slot < 19456) return ((high & -1024) | (slot - 18432)) * TWO_32;
  return ((slot - 19456) << 10) * TWO_32;
}

export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** The array with all slots empty and no event. */
export function emptied(events: Int32Array): Int32Array {
  events.fill(0);
  for (let at = 0; at < NOBODY; at += SLOT_WORDS) events[at + LAST] = at;
  return events;
}
