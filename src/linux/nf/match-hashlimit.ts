/**
 * `-m hashlimit` (net/netfilter/xt_hashlimit.c, revision 3; iptables 1.8.9 extensions/libxt_hashlimit.c): a rate for each source,
 * destination or port. Rates of packets; rates of bytes and --hashlimit-rate-match are not modelled.
 */
import { PROTO } from "../../base/codes.js";
import { mask32 } from "../../base/cidr.js";
import { MS } from "../../base/time.js";
import type { Stack } from "../stack.js";
import { type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import type { HashlimitConfig, HashlimitTable } from "./hashlimit-table.js";
import { parseUnsigned } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { kernelFault, notModelled, parameterFault } from "./spec-fault.js";

export interface HashlimitMatch extends Match {
  /** `--hashlimit-above` */
  readonly above: boolean;
  /** millionths of a second for each packet */
  readonly period: number;
  readonly burst: number;
  /** bits of MODES */
  readonly mode: number;
  readonly name: string;
  readonly size: number;
  readonly max: number;
  /** ms */
  readonly interval: number;
  readonly expire: number;
  readonly srcMask: number;
  readonly dstMask: number;
  readonly config: HashlimitConfig;
}

const HZ = 250;
const JIFFY: number = 4 * MS;
const SCALE = 1_000_000;
/** POW2_BELOW64(0xFFFFFFFFFFFFFFFF / (HZ * 60 * 60 * 24)) */
const CREDITS_PER_JIFFY = 2 ** 39;
/** Credit of a millionth of a second, as user2credits divides first. */
const CREDITS_PER_UNIT: number = Math.floor((HZ * CREDITS_PER_JIFFY) / SCALE);
const TWO_64 = 2 ** 64;
const MOST_BURST = 1_000_000;
const DEFAULT_BURST = 5;
const DEFAULT_INTERVAL = 1000;
/** Bits in the order in which they are printed. */
const MODES: readonly (readonly [word: string, bit: number])[] = [["srcip", 2], ["srcport", 8], ["dstip", 1], ["dstport", 4]];
const [DST_IP, SRC_IP, DST_PORT, SRC_PORT] = [1, 2, 4, 8] as const;
const UNITS: readonly (readonly [name: string, seconds: number])[] = [["day", 86_400], ["hour", 3600], ["min", 60], ["sec", 1]];
const UNIT_WORDS: readonly (readonly [word: string, seconds: number])[] = [["second", 1], ["minute", 60], ["hour", 3600], ["day", 86_400]];
const PORTED: readonly number[] = [PROTO.TCP, PROTO.UDP, PROTO.SCTP];

function bad(option: string, value: string): never {
  throw parameterFault(`hashlimit: Bad value for "--hashlimit-${option}" option: "${value}"`);
}

/** "5/min": millionths of a second a packet, and the unit's milliseconds. */
function readRate(option: ReadOption): { readonly period: number; readonly unit: number } {
  const text = option.values[0]!;
  if (/b\/s$/.test(text)) throw notModelled(`-m hashlimit --${option.name} ${text}`);
  const [amount = "", word] = text.split("/", 2);
  const rate = parseUnsigned(amount, 0xffffffff);
  const unit = word === undefined ? UNIT_WORDS[0] : UNIT_WORDS.find(([each]) => word !== "" && each.startsWith(word.toLowerCase()));
  if (rate === null || rate === 0 || unit === undefined) return bad(option.name.replace(/^hashlimit-?/, "") || "upto", text);
  const period = Math.floor((SCALE * unit[1]) / rate);
  if (period === 0) throw parameterFault(`Rate too fast "${text}"`);
  return { period, unit: unit[1] * 1000 };
}

/** The unit that a period is printed in (print_rate). */
function printedUnit(period: number): readonly [name: string, seconds: number] {
  let i = 1;
  for (; i < UNITS.length; i++) {
    const unit = UNITS[i]![1] * SCALE;
    if (period > unit || Math.floor(unit / period) < unit % period) break;
  }
  return UNITS[i - 1]!;
}

function readMode(option: ReadOption | undefined): number {
  if (option === undefined) return 0;
  let mode = 0;
  for (const word of option.values[0]!.split(",")) {
    const found = MODES.find(([name]) => name === word);
    if (found === undefined) return bad("mode", option.values[0]!);
    mode |= found[1];
  }
  return mode;
}

function number(options: readonly ReadOption[], name: string, least: number, most: number, otherwise: number): number {
  const option = only(options, `hashlimit-${name}`, "hashlimit");
  if (option === undefined) return otherwise;
  const value = parseUnsigned(option.values[0]!, most);
  if (value === null || value < least) throw parameterFault(`hashlimit: bad value for option "--hashlimit-${name}", or out of range (${least}-${most}).\n`);
  return value;
}

/** user2credits of the kernel; its 64 bits overflow for slow rates with a burst. */
function configOf(period: number, burst: number, max: number, expire: number, interval: number): HashlimitConfig {
  const cap = BigInt.asUintN(64, BigInt(period) * BigInt(burst) * BigInt(CREDITS_PER_UNIT));
  const cost = period * CREDITS_PER_UNIT;
  if (cost >= TWO_64 || cap < BigInt(cost)) throw kernelFault("ERANGE");
  const jiffies = (ms: number): number => Math.ceil(ms / (JIFFY / MS));
  return Object.freeze({ cost, cap: Number(cap), max, expire: jiffies(expire), interval: jiffies(interval) });
}

export const hashlimitMatch: MatchExtension<HashlimitMatch> = {
  name: "hashlimit",
  options: shapes(
    "hashlimit-upto=hashlimit 1!", "hashlimit-above 1!", "hashlimit-burst 1", "hashlimit-mode 1", "hashlimit-name 1", "hashlimit-srcmask 1", "hashlimit-dstmask 1",
    "hashlimit-htable-size 1", "hashlimit-htable-max 1", "hashlimit-htable-gcinterval 1", "hashlimit-htable-expire 1", "hashlimit-rate-match 0", "hashlimit-rate-interval 1",
  ),
  required: ["hashlimit-name"],
  read(options, { family }) {
    const rates = options.filter(({ name }) => name === "hashlimit-upto" || name === "hashlimit-above");
    const [rate] = rates;
    if (rate === undefined) throw parameterFault("You have to specify --hashlimit");
    if (rates.length > 1 && rates[1]!.name !== rate.name) throw parameterFault('hashlimit: option "--hashlimit-upto" cannot be used together with "--hashlimit-above".\n');
    for (const name of ["hashlimit-rate-match", "hashlimit-rate-interval"]) if (options.some((each) => each.name === name)) throw notModelled(`-m hashlimit --${name}`);
    const { period, unit } = readRate(rate);
    const burstOption = only(options, "hashlimit-burst", "hashlimit");
    const burst = burstOption === undefined ? DEFAULT_BURST : parseUnsigned(burstOption.values[0]!, MOST_BURST);
    if (burst === null || burst === 0) throw parameterFault(`bad value for option "--hashlimit-burst", or out of range (1-${MOST_BURST}).`);
    const most = family === 4 ? 32 : 128;
    const [size, max] = [number(options, "htable-size", 0, 0xffffffff, 0), number(options, "htable-max", 0, 0xffffffff, 0)];
    const [interval, expire] = [number(options, "htable-gcinterval", 0, 0xffffffff, DEFAULT_INTERVAL), number(options, "htable-expire", 0, 0xffffffff, unit)];
    const [srcMask, dstMask] = [number(options, "srcmask", 0, 128, most), number(options, "dstmask", 0, 128, most)];
    if (srcMask > most || dstMask > most) throw kernelFault("EINVAL");
    return {
      kind: MATCH.hashlimit, above: (rate.name === "hashlimit-above") !== rate.not, period, burst, mode: readMode(only(options, "hashlimit-mode", "hashlimit")),
      name: only(options, "hashlimit-name", "hashlimit")!.values[0]!, size, max, interval, expire, srcMask, dstMask, config: configOf(period, burst, max, expire, interval),
    };
  },
  print(m, family) {
    const [unit, seconds] = printedUnit(m.period);
    const most = family === 4 ? 32 : 128;
    const mode = MODES.filter(([, bit]) => (m.mode & bit) !== 0).map(([word]) => word).join(",");
    const more: readonly (readonly [name: string, value: number, shown: boolean])[] = [
      ["htable-size", m.size, m.size !== 0], ["htable-max", m.max, m.max !== 0], ["htable-gcinterval", m.interval, m.interval !== DEFAULT_INTERVAL],
      ["htable-expire", m.expire, m.expire !== seconds * 1000], ["srcmask", m.srcMask, m.srcMask !== most], ["dstmask", m.dstMask, m.dstMask !== most],
    ];
    const tail = more.filter(([, , shown]) => shown).map(([name, value]) => ` --hashlimit-${name} ${value}`).join("");
    const rate = `${Math.floor((seconds * SCALE) / m.period)}/${unit}`;
    return ` --hashlimit-${m.above ? "above" : "upto"} ${rate} --hashlimit-burst ${m.burst}${mode === "" ? "" : ` --hashlimit-mode ${mode}`} --hashlimit-name ${m.name}${tail}`;
  },
  test(s, m, p, frame) {
    const now = Math.floor(s.engine.now / JIFFY);
    const table = s.nf.hashlimit.of(frame.ns, frame.family, m.name, m.config, now);
    const { cost, cap, max } = table.config;
    const key = keyOf(s, m, p);
    const held = bucketOf(table, key, now);
    if (held === undefined && max !== 0 && table.buckets.size >= max) {
      frame.hotdrop = true;
      return false;
    }
    let credit = held === undefined ? cap : Math.min(cap, held.credit + (now - held.prev) * CREDITS_PER_JIFFY);
    const below = credit >= cost;
    if (below) credit -= cost;
    table.buckets.set(key, { prev: now, credit });
    return below !== m.above;
  },
};

/** The bucket, unless a sweep has taken it since it was last asked for. */
function bucketOf({ config, since, buckets }: HashlimitTable, key: string, now: number): { readonly prev: number; readonly credit: number } | undefined {
  const swept = config.interval === 0 ? now : now - ((now - since) % config.interval);
  for (const [each, { prev }] of buckets) if (prev + config.expire <= swept) buckets.delete(each);
  return buckets.get(key);
}

/** What the packet is reckoned under. */
function keyOf(s: Stack, m: HashlimitMatch, p: number): string {
  const c = s.packets.c;
  const ported = PORTED.includes(c.proto[p]!);
  const parts: string[] = [];
  if ((m.mode & SRC_IP) !== 0) parts.push(masked(s, c.src[p]!, m.srcMask));
  if ((m.mode & DST_IP) !== 0) parts.push(masked(s, c.dst[p]!, m.dstMask));
  if ((m.mode & SRC_PORT) !== 0) parts.push(String(ported ? c.sport[p] : 0));
  if ((m.mode & DST_PORT) !== 0) parts.push(String(ported ? c.dport[p] : 0));
  return parts.join(" ");
}

function masked(s: Stack, addr: number, prefix: number): string {
  const { words } = s.book;
  const four = s.book.is4(addr as never);
  return [0, 1, 2, 3].slice(0, four ? 1 : 4).map((i) => words[4 * addr + i]! & mask32(Math.max(0, Math.min(32, prefix - 32 * i)))).join(".");
}
