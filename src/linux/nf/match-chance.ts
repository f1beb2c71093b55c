/** `-m statistic` and `-m limit` (xt_statistic, xt_limit): tests that remember or draw. */
import { MS } from "../../base/time.js";
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, shapes } from "./extension.js";
import { parseInteger, parseUnsigned } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { TABLE_NAMES } from "./table.js";
import type { WalkFrame } from "./walk-frame.js";

export interface StatisticMatch extends Match {
  readonly mode: "random" | "nth";
  /** random: chance in units of 2^-31 */
  readonly chance: number;
  /** nth: `--every` and `--packet` */
  readonly every: number;
  readonly packet: number;
  readonly not: boolean;
}

const CHANCE_ONE = 0x80000000;
const CHANCE_MASK = 0x7fffffff;

export const statisticMatch: MatchExtension<StatisticMatch> = {
  name: "statistic",
  options: shapes("mode 1", "probability 1!", "every 1!", "packet 1"),
  required: ["mode"],
  slots: 1,
  read(options) {
    const mode = only(options, "mode", "statistic")!.values[0]!;
    const probability = only(options, "probability", "statistic");
    const every = only(options, "every", "statistic");
    const packet = only(options, "packet", "statistic");
    if (mode === "random") {
      if (probability === undefined) throw parameterFault("--probability must be specified when using random mode");
      const value = /^[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?$|^[0-9]+\.$/i.test(probability.values[0]!) ? Number(probability.values[0]) : Number.NaN;
      if (!(value >= 0 && value <= 1)) throw parameterFault('statistic: bad value for option "--probability", or out of range (0-1).\n');
      return { kind: MATCH.statistic, mode, chance: Math.floor(value * CHANCE_ONE + 0.5), every: 0, packet: 0, not: probability.not };
    }
    if (mode !== "nth") throw parameterFault(`Bad mode "${mode}"`);
    if (every === undefined) throw parameterFault("--every must be specified when using nth mode");
    if (packet === undefined) throw parameterFault('statistic: option "--every" also requires "--packet".\n');
    const period = parseInteger(every.values[0]!, 1, 0xffffffff, { extension: "statistic", option: "every" });
    const first = parseInteger(packet.values[0]!, 0, 0xffffffff, { extension: "statistic", option: "packet" });
    if (first >= period) throw parameterFault("the --packet p must be 0 <= p <= n-1");
    return { kind: MATCH.statistic, mode, chance: 0, every: period, packet: first, not: every.not };
  },
  print(m) {
    if (m.mode === "random") return ` --mode random${bang(m.not)} --probability ${(m.chance / CHANCE_ONE).toFixed(11)}`;
    return ` --mode nth${bang(m.not)} --every ${m.every} --packet ${m.packet}`;
  },
  test(s, m, _p, frame) {
    if (m.mode === "random") return (s.streams.u32(streamOf(s, frame)) & CHANCE_MASK) < m.chance !== m.not;
    // What is kept is how many packets went by, not the kernel's count down to the next: a new rule's memory is 0.
    const memory = memoryOf(s, frame);
    const seen = memory[frame.slot]!;
    memory[frame.slot] = seen + 1 === m.every ? 0 : seen + 1;
    return (seen === m.packet) !== m.not;
  },
};

/** The stream of a chain's draws, named by where they are drawn. */
export function streamOf(s: Stack, frame: WalkFrame): number {
  const table = s.nf.get(frame.ns, frame.family, frame.table)!;
  let stream = table.draws.get(frame.chain);
  if (stream === undefined) {
    const place = `node-${s.ns.c.node[frame.ns]!}/${s.nsInfo.get(frame.ns)!.name}`;
    stream = s.streams.stream(`${place}/${TABLE_NAMES[frame.table]!}${frame.family === 6 ? "6" : ""}/${s.nf.names.name(frame.chain)}`);
    table.draws.set(frame.chain, stream);
  }
  return stream;
}

/** What the rules of the frame's chain remember. */
function memoryOf(s: Stack, frame: WalkFrame): Float64Array {
  const table = s.nf.get(frame.ns, frame.family, frame.table)!;
  let memory = table.memory.get(frame.chain);
  if (memory === undefined) {
    memory = new Float64Array(table.chains.get(frame.chain)!.slots);
    table.memory.set(frame.chain, memory);
  }
  return memory;
}

/** `period` is the kernel's avg: 10000 x seconds for each packet. */
export interface LimitMatch extends Match {
  readonly period: number;
  readonly burst: number;
}

const SCALE = 10000;
const UNITS: readonly (readonly [string, number])[] = [["day", 86400 * SCALE], ["hour", 3600 * SCALE], ["min", 60 * SCALE], ["sec", SCALE]];
const DEFAULT_BURST = 5;
const HZ = 250;
const JIFFY: number = 4 * MS;
/** POW2_BELOW32(0xFFFFFFFF / (HZ * 60 * 60 * 24)) */
const CREDITS_PER_JIFFY = 128;

function parseRate(text: string): number {
  const [amount, unit] = text.split("/", 2) as [string, string | undefined];
  const rate = parseUnsigned(amount, 0xffffffff);
  const words = ["second", "minute", "hour", "day"];
  const found = unit === undefined ? 0 : words.findIndex((word) => unit !== "" && word.startsWith(unit.toLowerCase()));
  if (rate === null || rate === 0 || found < 0) throw parameterFault(`bad rate "${text}"'`);
  const period = Math.floor([SCALE, 60 * SCALE, 3600 * SCALE, 86400 * SCALE][found]! / rate);
  if (period === 0) throw parameterFault(`Rate too fast "${text}"`);
  return period;
}

function formatRate(period: number): string {
  let i = 1;
  for (; i < UNITS.length; i++) {
    const unit = UNITS[i]![1];
    if (period > unit || Math.floor(unit / period) < unit % period) break;
  }
  return `${Math.floor(UNITS[i - 1]![1] / period)}/${UNITS[i - 1]![0]}`;
}

function credits(user: number): number {
  if (user > 0xffffffff / (HZ * CREDITS_PER_JIFFY)) return Math.floor(user / SCALE) * HZ * CREDITS_PER_JIFFY;
  return Math.floor((user * HZ * CREDITS_PER_JIFFY) / SCALE);
}

export const limitMatch: MatchExtension<LimitMatch> = {
  name: "limit",
  options: shapes("limit 1", "limit-burst 1"),
  slots: 2,
  read(options) {
    const rate = only(options, "limit", "limit");
    const burst = only(options, "limit-burst", "limit");
    return {
      kind: MATCH.limit,
      period: parseRate(rate?.values[0] ?? "3/hour"),
      burst: burst === undefined ? DEFAULT_BURST : parseInteger(burst.values[0]!, 0, 10000, { extension: "limit", option: "limit-burst" }),
    };
  },
  print: (m) => ` --limit ${formatRate(m.period)}${m.burst === DEFAULT_BURST ? "" : ` --limit-burst ${m.burst}`}`,
  test(s, m, _p, frame) {
    const memory = memoryOf(s, frame);
    const at = frame.slot;
    const now = Math.floor(s.engine.now / JIFFY);
    const cap = credits(m.period * m.burst);
    // memory: jiffy of the last asking plus 1 (0: never asked), credit left
    let credit = memory[at] === 0 ? cap : Math.min(cap, memory[at + 1]! + (now - memory[at]! + 1) * CREDITS_PER_JIFFY);
    const cost = credits(m.period);
    const met = credit >= cost;
    if (met) credit -= cost;
    memory[at] = now + 1;
    memory[at + 1] = credit;
    return met;
  },
};
