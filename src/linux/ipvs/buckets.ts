/**
 * The tables of the hashing schedulers: dh, sh and Maglev (ip_vs_dh.c, ip_vs_sh.c, ip_vs_mh.c; M. Handley et al., "Maglev",
 * NSDI 2016). Each is a function of a virtual server's list and weights alone.
 */
import type { Stack } from "../stack.js";
import { sipHash13 } from "./siphash.js";

const BUCKETS = 256;
/** GOLDEN_RATIO_32 */
const GOLDEN = 0x61c88647;
/** IP_VS_MH_TAB_SIZE for CONFIG_IP_VS_MH_TAB_INDEX 12, and half of that index */
const MH_SIZE = 4093;
const MH_BITS = 6;
type Key = readonly [bigint, bigint];
const KEY1: Key = [2654435761n, 2654435761n];
const KEY2: Key = [2654446892n, 2654446892n];

/** An address as one word: the four of IPv6 are laid over each other. */
function fold(s: Stack, addr: number): number {
  const w = s.book.words;
  return w[addr * 4]! ^ w[addr * 4 + 1]! ^ w[addr * 4 + 2]! ^ w[addr * 4 + 3]!;
}

/** hash_32(address, bits). */
export function hashBits(s: Stack, addr: number, bits: number): number {
  return Math.imul(fold(s, addr), GOLDEN) >>> (32 - bits);
}

/** hash_32(address + port, 8). */
export function hashBucket(s: Stack, addr: number, port: number): number {
  return Math.imul(fold(s, addr) + port, GOLDEN) >>> 24;
}

/** One server a bucket, round the list, whatever they weigh. */
export function dhBuckets(s: Stack, server: number): Int32Array {
  const list = s.ipvs.lists.get(server)!;
  return Int32Array.from({ length: BUCKETS }, (_, i) => list[i % list.length] ?? 0);
}

/** As many buckets in a row as a server weighs, round the list. */
export function shBuckets(s: Stack, server: number): Int32Array {
  const list = s.ipvs.lists.get(server)!;
  const buckets = new Int32Array(BUCKETS);
  let at = 0;
  let filled = 0;
  for (let i = 0; i < BUCKETS && list.length > 0; i++) {
    const real = list[at]!;
    buckets[i] = real;
    if (++filled < s.ipvs.reals.c.weight[real]!) continue;
    at = (at + 1) % list.length;
    filled = 0;
  }
  return buckets;
}

/** ip_vs_mh_hashkey under one of the two keys. */
function mhHash(s: Stack, key: Key, addr: number, port: number, offset: number): number {
  return sipHash13(key, (fold(s, addr) + port + offset) >>> 0);
}

/** The slot that a client looks into. */
export function mhSlot(s: Stack, addr: number, port: number, offset: number): number {
  return mhHash(s, KEY1, addr, port, offset) % MH_SIZE;
}

/** Greatest common divisor; 0 leaves the other. */
export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

interface Seat {
  readonly real: number;
  readonly skip: number;
  /** slots taken in one round */
  readonly turns: number;
  slot: number;
}

function seatsOf(s: Stack, list: readonly number[]): readonly Seat[] {
  const { addr, port, lastWeight } = s.ipvs.reals.c;
  const step = list.map((real) => lastWeight[real]!).reduce(gcd, 0);
  if (step === 0) return [];
  const most = Math.max(...list.map((real) => lastWeight[real]!)) / step;
  const shift = Math.max(0, 32 - Math.clz32(most) - MH_BITS);
  return list.map((real) => {
    const weight = lastWeight[real]!;
    return {
      real,
      slot: mhHash(s, KEY1, addr[real]!, port[real]!, 0) % MH_SIZE,
      skip: (mhHash(s, KEY2, addr[real]!, port[real]!, 0) % (MH_SIZE - 1)) + 1,
      turns: (weight / step) >> shift || (weight === 0 ? 0 : 1),
    };
  });
}

/** ip_vs_mh_populate: the servers take turns, each at the next free slot of its own sequence. */
export function mhBuckets(s: Stack, server: number): Int32Array {
  const buckets = new Int32Array(MH_SIZE);
  const seats = seatsOf(s, s.ipvs.lists.get(server)!);
  for (let filled = 0; filled < MH_SIZE && seats.length > 0; ) {
    for (const seat of seats) {
      for (let turn = 0; turn < seat.turns && filled < MH_SIZE; turn++, filled++) {
        while (buckets[seat.slot] !== 0) seat.slot = (seat.slot + seat.skip) % MH_SIZE;
        buckets[seat.slot] = seat.real;
      }
    }
  }
  return buckets;
}
