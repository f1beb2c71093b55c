/**
 * Which real server a new connection gets (net/netfilter/ipvs/ip_vs_{rr,wrr,lc,wlc,sed,nq,dh,sh,mh,fo,ovf,lblc,lblcr}.c). A list holds the real
 * server added last first. None has an upper threshold, so a server is usable if its weight is not 0.
 */
import type { Stack } from "../stack.js";
import { dhBuckets, gcd, hashBucket, mhBuckets, mhSlot, shBuckets } from "./buckets.js";
import { SERVERF } from "./ipvs-table.js";
import { leastOf, listOf, overhead, weightOf } from "./load.js";
import { byLocality, byReplicatedLocality } from "./locality.js";

/** Schedulers by number. */
export const SCHEDULERS: readonly string[] = Object.freeze(["rr", "wrr", "lc", "wlc", "sed", "nq", "dh", "sh", "mh", "fo", "ovf", "lblc", "lblcr"]);
/** Those that the kernel has and podwire does not model. */
export const FOREIGN_SCHEDULERS: readonly string[] = Object.freeze(["twos"]);

type Schedule = (s: Stack, server: number, p: number) => number;

const SCHEDULES: Readonly<Record<string, Schedule>> = Object.freeze({
  rr: roundRobin,
  wrr: weightedRoundRobin,
  lc: (s, server) => leastOf(s, listOf(s, server), overhead, false),
  wlc: (s, server) => leastOf(s, listOf(s, server), overhead, true),
  sed: (s, server) => leastOf(s, listOf(s, server), expectedDelay, true),
  nq: neverQueue,
  dh: byDestination,
  sh: bySource,
  mh: maglev,
  fo: (s, server) => heaviest(s, server, () => true),
  ovf: (s, server) => heaviest(s, server, (real) => s.ipvs.reals.c.active[real]! <= weightOf(s, real)),
  lblc: byLocality,
  lblcr: byReplicatedLocality,
});

/** The real server of a virtual one for the connection that packet `p` begins, 0 if none is usable. */
export function schedule(s: Stack, server: number, p: number): number {
  return SCHEDULES[SCHEDULERS[s.ipvs.servers.c.scheduler[server]!]!]!(s, server, p);
}

/** The next usable one after the cursor, round the list once. */
function roundRobin(s: Stack, server: number): number {
  const list = listOf(s, server);
  const c = s.ipvs.servers.c;
  const at = list.indexOf(c.cursor[server]!);
  for (let i = 1; i <= list.length; i++) {
    const real = list[(at + i) % list.length]!;
    if (weightOf(s, real) > 0) return (c.cursor[server] = real);
  }
  return 0;
}

/** Greatest common divisor and greatest of a list's weights, 0 where all are 0. */
function weights(s: Stack, server: number): { readonly step: number; readonly most: number } {
  const held = listOf(s, server).map((real) => weightOf(s, real));
  return { step: held.filter((weight) => weight > 0).reduce(gcd, 0), most: Math.max(0, ...held) };
}

/** Rounds of falling weight; in each the servers that have as much. */
function weightedRoundRobin(s: Stack, server: number): number {
  const list = listOf(s, server);
  const { step, most } = weights(s, server);
  if (most === 0) return 0;
  const c = s.ipvs.servers.c;
  const top = most - (step - 1);
  let level = c.weight[server]! === 0 ? top : c.weight[server]!;
  let at = list.indexOf(c.cursor[server]!) + 1;
  for (;;) {
    for (; at < list.length; at++) {
      if (weightOf(s, list[at]!) < level) continue;
      c.weight[server] = level;
      return (c.cursor[server] = list[at]!);
    }
    level = level - step <= 0 ? top : level - step;
    at = 0;
  }
}

/** ip_vs_wrr_dest_changed: from the head again, at a level that the new weights have. */
export function listChanged(s: Stack, server: number): void {
  s.ipvs.buckets.delete(server);
  const c = s.ipvs.servers.c;
  if (SCHEDULERS[c.scheduler[server]!] !== "wrr") return;
  const { step, most } = weights(s, server);
  const top = most === 0 ? 0 : most - (step - 1);
  c.cursor[server] = 0;
  if (c.weight[server]! > top || c.weight[server] === 0) c.weight[server] = top;
  else if (step > 1) c.weight[server] = Math.trunc(c.weight[server]! / step) * step + 1;
}

/** ip_vs_rr_del_dest: the cursor of rr steps back from a server that is about to leave the list. */
export function listLoses(s: Stack, server: number, real: number): void {
  const c = s.ipvs.servers.c;
  if (c.cursor[server] !== real) return;
  const list = listOf(s, server);
  c.cursor[server] = list[list.indexOf(real) - 1] ?? 0;
}

const expectedDelay = (s: Stack, real: number): number => s.ipvs.reals.c.active[real]! + 1;

function neverQueue(s: Stack, server: number): number {
  const idle = listOf(s, server).find((real) => weightOf(s, real) > 0 && s.ipvs.reals.c.active[real] === 0);
  return idle ?? leastOf(s, listOf(s, server), expectedDelay, true);
}

/** The heaviest of those that may be taken; the earliest in the list of equal ones. */
function heaviest(s: Stack, server: number, may: (real: number) => boolean): number {
  let best = 0;
  for (const real of listOf(s, server)) if (weightOf(s, real) > (best === 0 ? 0 : weightOf(s, best)) && may(real)) best = real;
  return best;
}

function usable(s: Stack, real: number): number {
  return real !== 0 && weightOf(s, real) > 0 ? real : 0;
}

function bucketsOf(s: Stack, server: number, make: (s: Stack, server: number) => Int32Array): Int32Array {
  let made = s.ipvs.buckets.get(server);
  if (made === undefined) s.ipvs.buckets.set(server, (made = make(s, server)));
  return made;
}

function byDestination(s: Stack, server: number, p: number): number {
  return usable(s, bucketsOf(s, server, dhBuckets)[hashBucket(s, s.packets.c.dst[p]!, 0)]!);
}

/** The client's port that `sh-port` and `mh-port` add; else 0. */
function clientPort(s: Stack, server: number, p: number): number {
  return (s.ipvs.servers.c.flags[server]! & SERVERF.sched2) !== 0 ? s.packets.c.sport[p]! : 0;
}

function bySource(s: Stack, server: number, p: number): number {
  const buckets = bucketsOf(s, server, shBuckets);
  const src = s.packets.c.src[p]!;
  const port = clientPort(s, server, p);
  const first = hashBucket(s, src, port);
  const found = usable(s, buckets[first]!);
  if (found !== 0 || (s.ipvs.servers.c.flags[server]! & SERVERF.sched1) === 0) return found;
  for (let offset = 0; offset < buckets.length; offset++) {
    const other = usable(s, buckets[(((first + offset) & 255) + hashBucket(s, src, port)) & 255]!);
    if (other !== 0) return other;
  }
  return 0;
}

function maglev(s: Stack, server: number, p: number): number {
  const buckets = bucketsOf(s, server, mhBuckets);
  const src = s.packets.c.src[p]!;
  const port = clientPort(s, server, p);
  const first = mhSlot(s, src, port, 0);
  const found = usable(s, buckets[first]!);
  if (found !== 0 || (s.ipvs.servers.c.flags[server]! & SERVERF.sched1) === 0) return found;
  for (let offset = 0; offset < buckets.length; offset++) {
    const other = usable(s, buckets[mhSlot(s, src, port, (offset + first) % buckets.length)]!);
    if (other !== 0) return other;
  }
  return 0;
}
