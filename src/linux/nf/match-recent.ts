/** `-m recent` (xt_recent): lists of addresses by name, with the times they were seen. */
import { MS } from "../../base/time.js";
import type { Words } from "../../base/cidr.js";
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { formatAddress, parseAddressWords, parseInteger, prefixMasks } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { type RecentEntry, recentKey } from "./table.js";

export interface RecentMatch extends Match {
  readonly mode: "set" | "rcheck" | "update" | "remove";
  readonly not: boolean;
  /** 0 not asked */
  readonly seconds: number;
  readonly reap: boolean;
  readonly hitcount: number;
  readonly rttl: boolean;
  /** id in `NfTables.names` */
  readonly name: number;
  readonly mask: Words;
  readonly byDestination: boolean;
}

/** ip_list_tot: addresses a list holds. */
const MOST_ADDRESSES = 100;
const DEFAULT_STAMPS = 32;
const MODES = ["set", "rcheck", "update", "remove"] as const;
const JIFFY: number = 4 * MS;

export const recentMatch: MatchExtension<RecentMatch> = {
  name: "recent",
  options: shapes("set 0!", "rcheck 0!", "update 0!", "remove 0!", "seconds 1", "reap 0", "hitcount 1", "rttl 0", "name 1", "rsource 0", "rdest 0", "mask 1"),
  read(options, { s, family }) {
    const modes = options.filter((o) => (MODES as readonly string[]).includes(o.name));
    const mode = modes[0];
    if (mode === undefined) throw parameterFault("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
    if (modes.length > 1) throw parameterFault(`recent: option "--${mode.name}" cannot be used together with "--${modes[1]!.name}".\n`);
    const seconds = only(options, "seconds", "recent");
    const reap = only(options, "reap", "recent") !== undefined;
    if (reap && seconds === undefined) throw parameterFault('recent: option "--reap" also requires "--seconds".\n');
    const name = only(options, "name", "recent")?.values[0] ?? "DEFAULT";
    const sides = options.filter((o) => o.name === "rsource" || o.name === "rdest");
    return {
      kind: MATCH.recent,
      mode: mode.name as RecentMatch["mode"],
      not: mode.not,
      seconds: number(seconds, 1),
      reap,
      hitcount: number(only(options, "hitcount", "recent"), 1),
      rttl: only(options, "rttl", "recent") !== undefined,
      name: s.nf.names.of(name),
      mask: readMask(only(options, "mask", "recent"), family),
      byDestination: sides.at(-1)?.name === "rdest",
    };
  },
  print(m, family, s) {
    let text = `${bang(m.not)} --${m.mode}`;
    if (m.seconds !== 0) text += ` --seconds ${m.seconds}`;
    if (m.reap) text += " --reap";
    if (m.hitcount !== 0) text += ` --hitcount ${m.hitcount}`;
    if (m.rttl) text += " --rttl";
    text += ` --name ${s.nf.names.name(m.name)} --mask ${formatAddress(m.mask, family)}`;
    return text + (m.byDestination ? " --rdest" : " --rsource");
  },
  test(s, m, p, frame) {
    const c = s.packets.c;
    const key = recentKey(frame.ns, frame.family, m.name);
    const list = s.nf.recent.get(key);
    const ttl = c.ttl[p]! + (frame.outDev !== 0 && c.sock[p] === 0 ? 1 : 0);
    const addr = maskedAddress(s, m.byDestination ? c.dst[p]! : c.src[p]!, m.mask);
    const now = Math.floor(s.engine.now / JIFFY);
    const entry = list?.get(addr);
    if (entry === undefined || (m.rttl && entry.ttl !== ttl)) {
      if (m.mode !== "set") return m.not;
      touch(s, key, addr, { ttl, stamps: [now] });
      return !m.not;
    }
    let met = m.not;
    if (m.mode === "set") met = !m.not;
    else if (m.mode === "remove") {
      list!.delete(addr);
      return !m.not;
    } else {
      if (hitsEnough(m, entry, now)) met = !m.not;
      if (m.reap) reapOldest(list!, now - m.seconds * HZ);
    }
    if (m.mode === "set" || (m.mode === "update" && met)) touch(s, key, addr, { ttl, stamps: [...entry.stamps, now].slice(-stampsKept(m)) });
    return met;
  },
};

const HZ = 250;

function number(option: ReadOption | undefined, min: number): number {
  if (option === undefined) return 0;
  return parseInteger(option.values[0]!, min, 0xffffffff, { extension: "recent", option: option.name });
}

function readMask(option: ReadOption | undefined, family: 4 | 6): Words {
  if (option === undefined) return Object.freeze(prefixMasks(family === 4 ? 32 : 128, family));
  const words = parseAddressWords(option.values[0]!, family);
  if (words === null) throw parameterFault(`recent: bad value for option "--mask" near "${option.values[0]}", or out of range.\n`);
  return Object.freeze(words);
}

/** The address under the mask; the address itself where the mask keeps all of it. */
function maskedAddress(s: Stack, addr: number, mask: Words): number {
  const { words } = s.book;
  const at = addr * 4;
  if (((words[at]! & ~mask[0]) | (words[at + 1]! & ~mask[1]) | (words[at + 2]! & ~mask[2]) | (words[at + 3]! & ~mask[3])) === 0) return addr;
  if (s.book.is4(addr)) return s.book.v4(words[at]! & mask[0]);
  return s.book.v6(words[at]! & mask[0], words[at + 1]! & mask[1], words[at + 2]! & mask[2], words[at + 3]! & mask[3]);
}

function hitsEnough(m: RecentMatch, entry: RecentEntry, now: number): boolean {
  let hits = 0;
  for (const stamp of entry.stamps) {
    if (m.seconds !== 0 && stamp < now - m.seconds * HZ) continue;
    hits++;
    if (m.hitcount === 0 || hits >= m.hitcount) return true;
  }
  return false;
}

/** Forgets the entry longest untouched if its last time is before `time`. */
function reapOldest(list: Map<number, RecentEntry>, time: number): void {
  for (const [addr, entry] of list) {
    if (entry.stamps.at(-1)! < time) list.delete(addr);
    return;
  }
}

function stampsKept(m: RecentMatch): number {
  return m.hitcount === 0 ? DEFAULT_STAMPS : 2 ** Math.ceil(Math.log2(m.hitcount));
}

/** Writes an entry and makes it the newest; a full list forgets the one longest untouched. */
function touch(s: Stack, key: number, addr: number, entry: RecentEntry): void {
  let list = s.nf.recent.get(key);
  if (list === undefined) {
    list = new Map();
    s.nf.recent.set(key, list);
  }
  list.delete(addr);
  if (list.size >= MOST_ADDRESSES) for (const [oldest] of list) {
    list.delete(oldest);
    break;
  }
  list.set(addr, Object.freeze({ ttl: entry.ttl, stamps: Object.freeze(entry.stamps) }));
}
