/** Small tests of header fields: `-m mac`, `iprange`, `length`, `ttl`, `hl`, and `comment`, which tests nothing. */
import { formatMac, parseMac } from "../../base/mac.js";
import type { Words } from "../../base/cidr.js";
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { formatAddress, formatPorts, parseAddressWords, parseInteger, parseUnsigned, quote } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

export interface CommentMatch extends Match {
  readonly text: string;
}

const LONGEST_COMMENT = 255;

export const commentMatch: MatchExtension<CommentMatch> = {
  name: "comment",
  options: shapes("comment 1"),
  required: ["comment"],
  read(options) {
    const text = only(options, "comment", "comment")!.values[0]!;
    if (text.length > LONGEST_COMMENT) throw parameterFault(`comment: option "--comment" too long (max 255 characters)`);
    return { kind: MATCH.comment, text };
  },
  print: (m) => ` --comment ${quote(m.text)}`,
  test: () => true,
};

export interface MacMatch extends Match {
  readonly mac: number;
  readonly not: boolean;
}

export const macMatch: MatchExtension<MacMatch> = {
  name: "mac",
  options: shapes("mac-source 1!"),
  required: ["mac-source"],
  limits: { hooks: [0, 1, 2] },
  read(options) {
    const option = only(options, "mac-source", "mac")!;
    const mac = parseMac(option.values[0]!);
    if (mac === null) throw parameterFault("Invalid MAC address specified.");
    return { kind: MATCH.mac, mac, not: option.not };
  },
  print: (m) => `${bang(m.not)} --mac-source ${formatMac(m.mac)}`,
  test(s, m, p) {
    const mac = s.packets.c.macSrc[p]!;
    return mac !== 0 && (mac === m.mac) !== m.not;
  },
};

interface AddressRange {
  readonly from: Words;
  readonly to: Words;
  readonly not: boolean;
}

export interface IprangeMatch extends Match {
  readonly src: AddressRange | null;
  readonly dst: AddressRange | null;
}

function readRange(option: ReadOption | undefined, family: 4 | 6): AddressRange | null {
  if (option === undefined) return null;
  const text = option.values[0]!;
  const dash = text.indexOf("-");
  const from = parseAddressWords(dash < 0 ? text : text.slice(0, dash), family);
  const to = dash < 0 ? from : parseAddressWords(text.slice(dash + 1), family);
  if (from === null || to === null) throw parameterFault(`iprange: Bad value for "--${option.name}" option: "${text}"`);
  return Object.freeze({ from, to, not: option.not });
}

function printRange(range: AddressRange | null, name: string, family: 4 | 6): string {
  return range === null ? "" : `${bang(range.not)} --${name} ${formatAddress(range.from, family)}-${formatAddress(range.to, family)}`;
}

/** -1, 0 or 1: words of the book against a bound, unsigned. */
function compareWords(words: Int32Array, at: number, bound: Words): number {
  for (let i = 0; i < 4; i++) {
    const a = words[at + i]! >>> 0;
    const b = bound[i]! >>> 0;
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

function inRange(s: Stack, addr: number, range: AddressRange): boolean {
  const { words } = s.book;
  return (compareWords(words, addr * 4, range.from) >= 0 && compareWords(words, addr * 4, range.to) <= 0) !== range.not;
}

export const iprangeMatch: MatchExtension<IprangeMatch> = {
  name: "iprange",
  options: shapes("src-range 1!", "dst-range 1!"),
  read(options, { family }) {
    const src = readRange(only(options, "src-range", "iprange"), family);
    const dst = readRange(only(options, "dst-range", "iprange"), family);
    if (src === null && dst === null) throw parameterFault("iprange match: You must specify `--src-range' or `--dst-range'");
    return { kind: MATCH.iprange, src, dst };
  },
  print: (m, family) => `${printRange(m.src, "src-range", family)}${printRange(m.dst, "dst-range", family)}`,
  test(s, m, p) {
    const c = s.packets.c;
    return (m.src === null || inRange(s, c.src[p]!, m.src)) && (m.dst === null || inRange(s, c.dst[p]!, m.dst));
  },
};

export interface LengthMatch extends Match {
  readonly range: readonly [number, number];
  readonly not: boolean;
}

export const lengthMatch: MatchExtension<LengthMatch> = {
  name: "length",
  options: shapes("length 1!"),
  required: ["length"],
  read(options) {
    const option = only(options, "length", "length")!;
    const text = option.values[0]!;
    const [min, max] = text.split(":", 2) as [string, string | undefined];
    const from = min === "" && max !== undefined ? 0 : parseUnsigned(min, 65535);
    const to = max === undefined ? from : max === "" ? 65535 : parseUnsigned(max, 65535);
    if (from === null || to === null || from > to) throw parameterFault(`length: bad value for option "--length" near "${text}", or out of range (0-65535).\n`);
    return { kind: MATCH.length, range: Object.freeze([from, to] as const), not: option.not };
  },
  print: (m) => `${bang(m.not)} --length ${formatPorts(m.range)}`,
  test(s, m, p) {
    const length = s.packets.c.ipLen[p]!;
    return (length >= m.range[0] && length <= m.range[1]) !== m.not;
  },
};

export interface TtlMatch extends Match {
  readonly mode: "eq" | "ne" | "lt" | "gt";
  readonly value: number;
}

function hopsMatch(name: "ttl" | "hl", kind: number): MatchExtension<TtlMatch> {
  return {
    name,
    options: shapes(`${name}-eq${name === "ttl" ? "=ttl" : ""} 1!`, `${name}-lt 1`, `${name}-gt 1`),
    read(options) {
      const option = options[0];
      if (option === undefined) throw parameterFault(`${name.toUpperCase()}: You must specify one of \`--${name}-eq', \`--${name}-lt', \`--${name}-gt'`);
      if (options.length > 1) throw parameterFault(`${name}: option "--${options[1]!.name}" cannot be used together with "--${option.name}".\n`);
      const value = parseInteger(option.values[0]!, 0, 255, { extension: name, option: option.name });
      const mode = option.name.slice(-2) as "eq" | "lt" | "gt";
      return { kind, mode: option.not ? "ne" : mode, value };
    },
    print: (m) => (m.mode === "ne" ? ` ! --${name}-eq ${m.value}` : ` --${name}-${m.mode} ${m.value}`),
    test(s, m, p) {
      const ttl = s.packets.c.ttl[p]!;
      if (m.mode === "eq") return ttl === m.value;
      if (m.mode === "ne") return ttl !== m.value;
      return m.mode === "lt" ? ttl < m.value : ttl > m.value;
    },
  };
}

export const ttlMatch: MatchExtension<TtlMatch> = hopsMatch("ttl", MATCH.ttl);
export const hlMatch: MatchExtension<TtlMatch> = hopsMatch("hl", MATCH.hl);
