/**
 * Schedulers that keep an address with the real servers that have served it: lblc with one of them, lblcr with a set that grows
 * under load and loses its busiest member when it has not changed for long (net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c).
 *
 * The kernel looks through what it keeps once a minute. Nobody sees that but who schedules, so that the looks since the last time
 * are made up for then.
 */
import { SECOND } from "../../base/time.js";
import type { Stack } from "../stack.js";
import { hashBits } from "./buckets.js";
import { ipvsSetting, releaseReal } from "./connection.js";
import type { Locality, LocalityEntry } from "./ipvs-table.js";
import { leastOf, listOf, overhead, weightOf } from "./load.js";

/** CHECK_EXPIRE_INTERVAL */
const LOOK: number = 60 * SECOND;
/** COUNT_FOR_FULL_EXPIRATION */
const LOOKS_FOR_ALL = 30;
/** ENTRY_TIMEOUT */
const STALE: number = 360 * SECOND;
const TABLE_BITS = 10;
const TABLE_SIZE: number = 1 << TABLE_BITS;
/** entries beyond which stale ones go early */
const MOST: number = TABLE_SIZE * 16;

type Setting = "net.ipv4.vs.lblc_expiration" | "net.ipv4.vs.lblcr_expiration";

/** ip_vs_lblc_schedule: 0 where no real server is usable. */
export function byLocality(s: Stack, server: number, p: number): number {
  const kept = upToDate(s, server, "net.ipv4.vs.lblc_expiration");
  const addr = s.packets.c.dst[p]!;
  const entry = kept.entries.get(addr);
  if (entry !== undefined) {
    const real = entry.reals[0]!;
    kept.entries.set(addr, Object.freeze({ ...entry, lastUse: s.engine.now }));
    if (isIn(s, server, real) && weightOf(s, real) > 0 && !isOverloaded(s, server, real)) return real;
  }
  const real = leastOf(s, listOf(s, server), overhead, true);
  if (real === 0 || entry?.reals[0] === real) return real;
  hold(s, real);
  kept.entries.delete(addr);
  kept.entries.set(addr, Object.freeze<LocalityEntry>({ reals: Object.freeze([real]), lastUse: s.engine.now, lastChange: s.engine.now }));
  if (entry !== undefined) releaseAll(s, entry);
  return real;
}

/** ip_vs_lblcr_schedule: 0 where no real server is usable. */
export function byReplicatedLocality(s: Stack, server: number, p: number): number {
  const setting = "net.ipv4.vs.lblcr_expiration";
  const kept = upToDate(s, server, setting);
  const addr = s.packets.c.dst[p]!;
  const { now } = s.engine;
  let entry = kept.entries.get(addr);
  if (entry === undefined) {
    const real = leastOf(s, listOf(s, server), overhead, true);
    if (real === 0) return 0;
    hold(s, real);
    kept.entries.set(addr, Object.freeze<LocalityEntry>({ reals: Object.freeze([real]), lastUse: now, lastChange: now }));
    return real;
  }
  entry = Object.freeze({ ...entry, lastUse: now });
  kept.entries.set(addr, entry);
  const least = leastOf(s, entry.reals.filter((real) => isIn(s, server, real)), overhead, true);
  if (entry.reals.length > 1 && now > entry.lastChange + expiration(s, server, setting)) {
    const most = busiestOf(s, entry.reals);
    if (most !== 0) {
      entry = Object.freeze({ ...entry, reals: Object.freeze(entry.reals.filter((real) => real !== most)), lastChange: now });
      kept.entries.set(addr, entry);
      releaseReal(s, most);
    }
  }
  if (least !== 0 && !isOverloaded(s, server, least)) return least;
  const real = leastOf(s, listOf(s, server), overhead, true);
  if (real === 0 || entry.reals.includes(real)) return real;
  hold(s, real);
  kept.entries.set(addr, Object.freeze({ ...entry, reals: Object.freeze([real, ...entry.reals]), lastChange: now }));
  return real;
}

/** ip_vs_dest_set_max: the most loaded of a set by weight, of those that weigh something. */
function busiestOf(s: Stack, reals: readonly number[]): number {
  let most = 0;
  for (const real of reals) {
    if (weightOf(s, real) === 0) continue;
    if (most === 0 || overhead(s, most) * weightOf(s, real) < overhead(s, real) * weightOf(s, most)) most = real;
  }
  return most;
}

/** More active connections than it weighs, while another has less than half as many as that one weighs. */
function isOverloaded(s: Stack, server: number, real: number): boolean {
  const { active } = s.ipvs.reals.c;
  return active[real]! > weightOf(s, real) && listOf(s, server).some((each) => active[each]! * 2 < weightOf(s, each));
}

/** It has not been taken out of the virtual server (IP_VS_DEST_F_AVAILABLE). */
const isIn = (s: Stack, server: number, real: number): boolean => s.ipvs.reals.c.server[real] === server;

function hold(s: Stack, real: number): void {
  s.ipvs.reals.c.refs[real]!++;
}

function releaseAll(s: Stack, { reals }: LocalityEntry): void {
  for (const real of reals) releaseReal(s, real);
}

const expiration = (s: Stack, server: number, setting: Setting): number => ipvsSetting(s, s.ipvs.servers.c.ns[server]!, setting) * SECOND;

/** What is kept for a virtual server, with every look made up for. */
function upToDate(s: Stack, server: number, setting: Setting): Locality {
  const { localities } = s.ipvs;
  let kept = localities.get(server);
  if (kept === undefined) localities.set(server, (kept = { entries: new Map(), counter: 1, rover: 0, nextLook: s.engine.now + LOOK }));
  while (kept.nextLook <= s.engine.now) {
    look(s, server, kept, kept.nextLook, setting);
    kept.nextLook += LOOK;
  }
  return kept;
}

/** A virtual server begins to be scheduled so: its table is empty, and the first look is a minute away. */
export function beginLocality(s: Stack, server: number): void {
  s.ipvs.localities.set(server, { entries: new Map(), counter: 1, rover: 0, nextLook: s.engine.now + LOOK });
}

/** ip_vs_lblc_check_expire. */
function look(s: Stack, server: number, kept: Locality, now: number, setting: Setting): void {
  if (kept.counter % LOOKS_FOR_ALL === 0) {
    const life = expiration(s, server, setting);
    for (const [addr, entry] of kept.entries) if (now >= entry.lastUse + life) drop(s, kept, addr, entry);
    kept.counter = 1;
    return;
  }
  if (kept.entries.size <= MOST) {
    kept.counter++;
    return;
  }
  let goal = Math.min(Math.trunc(((kept.entries.size - MOST) * 4) / 3), MOST / 2);
  const buckets = new Map<number, [addr: number, entry: LocalityEntry][]>();
  for (const each of kept.entries) {
    const bucket = hashBits(s, each[0], TABLE_BITS);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), each]);
  }
  for (let i = 0; i < TABLE_SIZE; i++) {
    kept.rover = (kept.rover + 1) % TABLE_SIZE;
    for (const [addr, entry] of buckets.get(kept.rover) ?? []) {
      if (now < entry.lastUse + STALE) continue;
      drop(s, kept, addr, entry);
      goal--;
    }
    if (goal <= 0) break;
  }
}

function drop(s: Stack, kept: Locality, addr: number, entry: LocalityEntry): void {
  kept.entries.delete(addr);
  releaseAll(s, entry);
}

/** The virtual server goes, or is scheduled otherwise. */
export function endLocality(s: Stack, server: number): void {
  const kept = s.ipvs.localities.get(server);
  s.ipvs.localities.delete(server);
  for (const entry of kept?.entries.values() ?? []) releaseAll(s, entry);
}
