/** Types of values in nftables and how nft (1.0.6) reads and prints them: every value is a number, an interface a name. */
import { parseAddress, parseCidr } from "../../../base/cidr.js";
import { formatIPv4, formatIPv6 } from "../../../base/ip.js";
import { formatMac, parseMac } from "../../../base/mac.js";
import { NftSyntaxError } from "./nft-statement.js";

export type NftType =
  | "ipv4_addr" | "ipv6_addr" | "ether_addr" | "inet_service" | "inet_proto" | "mark" | "ifname" | "iface_index" | "ct_state" | "ct_status" | "ct_dir"
  | "icmp_type" | "icmpv6_type" | "icmp_code" | "icmpv6_code" | "icmpx_code" | "integer" | "pkt_type" | "fib_addrtype" | "tcp_flag" | "nf_proto" | "verdict";

/** A value: addresses and numbers as one big integer, names of interfaces as they are. */
export type NftValue = bigint | string;

const SYMBOLS: Readonly<Partial<Record<NftType, Readonly<Record<string, number>>>>> = Object.freeze({
  inet_proto: { icmp: 1, igmp: 2, tcp: 6, udp: 17, dccp: 33, esp: 50, ah: 51, "ipv6-icmp": 58, icmpv6: 58, sctp: 132, udplite: 136 },
  ct_state: { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 },
  ct_status: { expected: 1, "seen-reply": 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 },
  ct_dir: { original: 0, reply: 1 },
  icmp_type: { "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, redirect: 5, "echo-request": 8, "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16, "address-mask-request": 17, "address-mask-reply": 18 },
  icmpv6_type: { "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137 },
  icmp_code: { "net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4, "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13 },
  icmpv6_code: { "no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5, "reject-route": 6 },
  icmpx_code: { "no-route": 0, "port-unreachable": 1, "host-unreachable": 2, "admin-prohibited": 3 },
  pkt_type: { host: 0, unicast: 0, broadcast: 1, multicast: 2, other: 3 },
  fib_addrtype: { unspec: 0, unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5, blackhole: 6, unreachable: 7, prohibit: 8 },
  tcp_flag: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
  nf_proto: { ipv4: 2, ipv6: 10 },
});

/** Names that are read, but printed otherwise. */
const ALIASES: readonly string[] = ["unicast", "icmpv6"];
const SERVICES: Readonly<Record<string, number>> = Object.freeze({ ssh: 22, domain: 53, http: 80, ntp: 123, https: 443, "http-alt": 8080 });
const MARK_DIGITS = 8;

/** Bits of a type's values; lengths of intervals come from it. */
export function nftBits(type: NftType): number {
  return type === "ipv4_addr" || type === "mark" || type === "ct_state" || type === "ct_status" ? 32 : type === "ipv6_addr" ? 128 : type === "ether_addr" ? 48 : type === "inet_service" ? 16 : type === "integer" ? 32 : 8;
}

/** Whether several values of a type may be true at once, as flags. */
export function isFlags(type: NftType): boolean {
  return type === "ct_state" || type === "ct_status" || type === "tcp_flag";
}

/** Reads one value; throws an NftSyntaxError where it is none of that type. */
export function readNftValue(type: NftType, word: string): NftValue {
  const text = word.startsWith('"') ? word.slice(1, -1) : word;
  if (type === "ifname" || type === "iface_index") return text;
  const named = SYMBOLS[type];
  if (named !== undefined && Object.hasOwn(named, text)) return BigInt(named[text]!);
  if (type === "inet_service" && Object.hasOwn(SERVICES, text)) return BigInt(SERVICES[text]!);
  if (type === "ipv4_addr" || type === "ipv6_addr") {
    const address = parseAddress(text);
    if (address === null || address.family !== (type === "ipv4_addr" ? 4 : 6)) throw new NftSyntaxError(`Could not resolve hostname: ${text}`);
    return wordsValue(address.words, address.family);
  }
  if (type === "ether_addr") {
    const mac = parseMac(text);
    if (mac !== null) return BigInt(mac);
  }
  if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) throw new NftSyntaxError(`Could not parse ${WORDS[type] ?? type}`);
  const value = BigInt(text);
  if (value >> BigInt(nftBits(type)) !== 0n) throw new NftSyntaxError(`Value ${text} exceeds valid range 0-${(1n << BigInt(nftBits(type))) - 1n}`);
  return value;
}

const WORDS: Readonly<Partial<Record<NftType, string>>> = Object.freeze({ ct_state: "conntrack state", inet_proto: "Internet protocol", icmp_type: "ICMP type", mark: "packet mark", inet_service: "service" });

/** Addresses of a prefix: its first and last value. */
export function readNftPrefix(type: NftType, text: string): readonly [bigint, bigint] {
  const cidr = parseCidr(text);
  if (cidr === null || cidr.family !== (type === "ipv4_addr" ? 4 : 6)) throw new NftSyntaxError(`syntax error, unexpected ${text}`);
  const host = (1n << BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix)) - 1n;
  const first = wordsValue(cidr.words, cidr.family) & ~host;
  return [first, first | host];
}

/** An address as one number. */
export function wordsValue(words: ArrayLike<number>, family: 4 | 6, at = 0): bigint {
  let value = 0n;
  for (let i = 0; i < (family === 4 ? 1 : 4); i++) value = (value << 32n) | BigInt(words[at + i]! >>> 0);
  return value;
}

export function formatNftValue(type: NftType, value: NftValue, numeric = false): string {
  if (typeof value === "string") return `"${value}"`;
  if (type === "ipv4_addr") return formatIPv4(Number(value & 0xffffffffn) | 0);
  if (type === "ipv6_addr") return formatIPv6([96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn) | 0) as [number, number, number, number]);
  if (type === "ether_addr") return formatMac(Number(value));
  if (type === "mark") return `0x${value.toString(16).padStart(MARK_DIGITS, "0")}`;
  const named = SYMBOLS[type];
  const found = named === undefined || (numeric && type !== "tcp_flag") ? undefined : Object.entries(named).find(([name, number]) => BigInt(number) === value && !ALIASES.includes(name));
  if (found !== undefined) return found[0];
  return isFlags(type) ? `0x${value.toString(16)}` : value.toString();
}

/** The names of the bits of a value of flags, the lowest first. */
export function flagParts(value: bigint): bigint[] {
  const parts: bigint[] = [];
  for (let bit = 1n; bit <= value; bit <<= 1n) if ((value & bit) !== 0n) parts.push(bit);
  return parts;
}
