/** Entries of sets as `ipset add` reads and `ipset save` prints them; faults in its words (7.17). */
import { PROTO } from "../../base/codes.js";
import { formatMac, parseMac } from "../../base/mac.js";
import type { Words } from "../../base/cidr.js";
import { formatAddress, parseAddressWords, parseUnsigned, prefixMasks } from "./option-values.js";
import { formatProtocol, parseProtocol } from "./protocols.js";
import { type IpSets, SET_TYPES, type SetEntry, type SetOptions } from "./ipset-table.js";

/** Why an entry or a command is refused: the line that ipset prints after its name and version. */
export class SetFault extends Error {
  override readonly name = "SetFault";

  constructor(
    message: string,
    readonly errno: string = "EINVAL",
  ) {
    super(message);
  }
}

export function setFault(message: string, errno = "EINVAL"): SetFault {
  return new SetFault(message, errno);
}

/** What an entry's own words add to it. */
export interface EntryOptions {
  readonly nomatch: boolean;
  /** ns when it goes, 0 never */
  readonly expires: number;
  readonly comment: string;
  readonly cause: number;
}

/** The parts that make one element another than its neighbour. */
type Key = Pick<SetEntry, "words" | "prefix" | "proto" | "port" | "words2" | "prefix2" | "mac" | "set">;

const ZERO: Words = Object.freeze([0, 0, 0, 0] as const);
const EMPTY: Key = Object.freeze({ words: ZERO, prefix: 0, proto: 0, port: 0, words2: ZERO, prefix2: 0, mac: 0, set: 0 });
/** A range of addresses in one command is written out; beyond this it is more than a set would hold. */
const MOST_ELEMENTS = 65536;
const HAS_PORT: readonly number[] = [PROTO.TCP, PROTO.UDP, PROTO.SCTP, 136];
const ICMP_WORDS: readonly (readonly [string, number])[] = [["echo-reply", 0], ["echo-request", 0x800], ["ttl-zero-during-transit", 0xb00]];

/** All elements that the text of one entry stands for. */
export function parseEntry(text: string, set: SetOptions, sets: IpSets, more: EntryOptions): SetEntry[] {
  const type = SET_TYPES[set.type]!.name;
  return keysOf(text, type, set, sets).map((key) => Object.freeze({ ...key, text: formatKey(key, type, set, sets), ...more }));
}

function keysOf(text: string, type: string, set: SetOptions, sets: IpSets): Key[] {
  const family = set.family === 6 ? 6 : 4;
  if (type === "list:set") return [{ ...EMPTY, set: sets.names.of(text) }];
  if (type === "hash:mac") {
    const mac = parseMac(text);
    if (mac === null) throw setFault(`Syntax error: cannot parse '${text}' as ethernet address`);
    return [{ ...EMPTY, mac }];
  }
  if (type === "bitmap:port") {
    const [from, to] = portRange(text.replace(/^[a-z]+:/, ""), "tcp");
    if (from < set.range[0] || to > set.range[1]) throw setFault("Element is out of the range of the set", "ERANGE");
    return numbers(from, to).map((port) => ({ ...EMPTY, port }));
  }
  const parts = text.split(",");
  const wanted = SET_TYPES[set.type]!.dims;
  if (parts.length < wanted) throw setFault(`Syntax error: ${parts.length === 1 ? "Second" : "Third"} element is missing from ${text}.`);
  if (parts.length > wanted) throw setFault(`Syntax error: Elem separator in ${text}, but settype ${type} supports none.`);
  const first = type.startsWith("hash:net") ? [net(parts[0]!, family)] : addresses(parts[0]!, family, set.netmask);
  if (wanted === 1) return first.map(({ words, prefix }) => ({ ...EMPTY, words, prefix }));
  const { proto, from, to } = portOf(parts[1]!);
  const last = wanted === 3 ? (type.endsWith(",net") ? net(parts[2]!, family) : addresses(parts[2]!, family, 0)[0]!) : { words: ZERO, prefix: 0 };
  return first.flatMap(({ words, prefix }) => numbers(from, to).map((port) => ({ ...EMPTY, words, prefix, proto, port, words2: last.words, prefix2: last.prefix })));
}

function formatKey(key: Key, type: string, set: SetOptions, sets: IpSets): string {
  if (type === "list:set") return sets.names.name(key.set);
  if (type === "hash:mac") return formatMac(key.mac).toUpperCase();
  if (type === "bitmap:port") return `${key.port}`;
  const family = set.family === 6 ? 6 : 4;
  const parts = [formatNet(key.words, key.prefix, family)];
  if (SET_TYPES[set.type]!.dims > 1) parts.push(formatPort(key.proto, key.port));
  if (SET_TYPES[set.type]!.dims > 2) parts.push(formatNet(key.words2, key.prefix2, family));
  return parts.join(",");
}

function formatNet(words: Words, prefix: number, family: 4 | 6): string {
  return `${formatAddress(words, family)}${prefix === (family === 4 ? 32 : 128) ? "" : `/${prefix}`}`;
}

function formatPort(proto: number, port: number): string {
  if (proto === PROTO.ICMP) {
    const word = ICMP_WORDS.find(([, code]) => code === port);
    return `icmp:${word !== undefined ? word[0] : `${port >> 8}/${port & 255}`}`;
  }
  if (proto === PROTO.ICMP6) return `icmpv6:${port >> 8}/${port & 255}`;
  return `${formatProtocol(proto)}:${port}`;
}

function resolve(text: string, family: 4 | 6): Words {
  const words = parseAddressWords(text, family);
  if (words === null) throw setFault(`Syntax error: cannot parse ${text}: resolving to IPv${family} address failed`);
  return words;
}

function net(text: string, family: 4 | 6): { words: Words; prefix: number } {
  const bits = family === 4 ? 32 : 128;
  const slash = text.indexOf("/");
  const prefix = slash < 0 ? bits : parseUnsigned(text.slice(slash + 1), bits);
  if (prefix === null) throw setFault(`Syntax error: '${text.slice(slash + 1)}' is out of range 0-${bits}`);
  const words = resolve(slash < 0 ? text : text.slice(0, slash), family);
  if (prefix === 0) throw setFault("The value of the CIDR parameter of the IP address is invalid");
  const masks = prefixMasks(prefix, family);
  return { words: Object.freeze([words[0] & masks[0], words[1] & masks[1], words[2] & masks[2], words[3] & masks[3]] as const), prefix };
}

/** One address, `a/n` or `a-b` of IPv4 written out. */
function addresses(text: string, family: 4 | 6, netmask: number): { words: Words; prefix: number }[] {
  const bits = family === 4 ? 32 : 128;
  const dash = text.indexOf("-");
  const slash = text.indexOf("/");
  if (family === 6 || (dash < 0 && slash < 0)) {
    const words = resolve(text, family);
    const masks = prefixMasks(netmask === 0 ? bits : netmask, family);
    return [{ words: Object.freeze([words[0] & masks[0], words[1] & masks[1], words[2] & masks[2], words[3] & masks[3]] as const), prefix: bits }];
  }
  const base = slash < 0 ? null : net(text, 4);
  const from = base === null ? resolve(text.slice(0, dash), 4)[0] >>> 0 : base.words[0] >>> 0;
  const to = base === null ? resolve(text.slice(dash + 1), 4)[0] >>> 0 : from + 2 ** (32 - base.prefix) - 1;
  const mask = netmask === 0 ? -1 : prefixMasks(netmask, 4)[0];
  const unique = new Set(numbers(from, to).map((word) => (word & mask) | 0));
  return [...unique].map((word) => ({ words: Object.freeze([word, 0, 0, 0] as const), prefix: 32 }));
}

function numbers(from: number, to: number): number[] {
  const low = Math.min(from, to);
  const high = Math.max(from, to);
  if (high - low >= MOST_ELEMENTS) throw setFault("Hash is full, cannot add more elements", "ENOSPC");
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

function portOf(text: string): { proto: number; from: number; to: number } {
  const colon = text.indexOf(":");
  const word = colon < 0 ? "tcp" : text.slice(0, colon);
  const proto = parseProtocol(word);
  if (proto === null || proto === 0) throw setFault(`Syntax error: cannot parse '${word}' as a protocol`);
  const rest = colon < 0 ? text : text.slice(colon + 1);
  if (proto === PROTO.ICMP || proto === PROTO.ICMP6) {
    const named = ICMP_WORDS.find(([name]) => name === rest);
    const [type, code] = rest.split("/").map((part) => parseUnsigned(part, 255)) as [number | null, number | null | undefined];
    const port = named !== undefined && proto === PROTO.ICMP ? named[1] : type === null || code === null || code === undefined ? null : type * 256 + code;
    if (port === null) throw setFault(`Syntax error: cannot parse '${rest}' as an ICMP type/code`);
    return { proto, from: port, to: port };
  }
  if (!HAS_PORT.includes(proto)) return { proto, from: 0, to: 0 };
  const [from, to] = portRange(rest, word);
  return { proto, from, to };
}

function portRange(text: string, proto: string): readonly [number, number] {
  const ends = text.split("-", 2).map((end) => {
    const port = end === "http" ? 80 : end === "https" ? 443 : parseUnsigned(end, 65535);
    if (port === null) throw setFault(`Syntax error: '${end}' is out of range 0-65535\nSyntax error: '${proto}' is invalid as number\ncannot parse '${end}' as a ${proto} port`);
    return port;
  });
  return [ends[0]!, ends[1] ?? ends[0]!];
}
