/** `-m icmp` and `-m icmp6`. */
import { PROTO } from "../../base/codes.js";
import { IP_FLAG } from "../../packet/columns.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { parseUnsigned } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

/** Type 255 with codes 0 to 255 is `any` (icmp alone). */
export interface IcmpMatch extends Match {
  readonly type: number;
  readonly code: readonly [number, number];
  readonly not: boolean;
}

type Named = readonly (readonly [name: string, type: number, code: number])[];

/** Code -1: all codes. */
const ICMP4: Named = [
  ["any", 255, -1], ["echo-reply", 0, -1], ["pong", 0, -1], ["destination-unreachable", 3, -1], ["network-unreachable", 3, 0],
  ["host-unreachable", 3, 1], ["protocol-unreachable", 3, 2], ["port-unreachable", 3, 3], ["fragmentation-needed", 3, 4],
  ["source-route-failed", 3, 5], ["network-unknown", 3, 6], ["host-unknown", 3, 7], ["network-prohibited", 3, 9], ["host-prohibited", 3, 10],
  ["TOS-network-unreachable", 3, 11], ["TOS-host-unreachable", 3, 12], ["communication-prohibited", 3, 13], ["host-precedence-violation", 3, 14],
  ["precedence-cutoff", 3, 15], ["source-quench", 4, -1], ["redirect", 5, -1], ["network-redirect", 5, 0], ["host-redirect", 5, 1],
  ["TOS-network-redirect", 5, 2], ["TOS-host-redirect", 5, 3], ["echo-request", 8, -1], ["ping", 8, -1], ["router-advertisement", 9, -1],
  ["router-solicitation", 10, -1], ["time-exceeded", 11, -1], ["ttl-exceeded", 11, -1], ["ttl-zero-during-transit", 11, 0],
  ["ttl-zero-during-reassembly", 11, 1], ["parameter-problem", 12, -1], ["ip-header-bad", 12, 0], ["required-option-missing", 12, 1],
  ["timestamp-request", 13, -1], ["timestamp-reply", 14, -1], ["address-mask-request", 17, -1], ["address-mask-reply", 18, -1],
];

const ICMP6: Named = [
  ["destination-unreachable", 1, -1], ["no-route", 1, 0], ["communication-prohibited", 1, 1], ["beyond-scope", 1, 2],
  ["address-unreachable", 1, 3], ["port-unreachable", 1, 4], ["failed-policy", 1, 5], ["reject-route", 1, 6], ["packet-too-big", 2, -1],
  ["time-exceeded", 3, -1], ["ttl-exceeded", 3, -1], ["ttl-zero-during-transit", 3, 0], ["ttl-zero-during-reassembly", 3, 1],
  ["parameter-problem", 4, -1], ["bad-header", 4, 0], ["unknown-header-type", 4, 1], ["unknown-option", 4, 2], ["echo-request", 128, -1],
  ["ping", 128, -1], ["echo-reply", 129, -1], ["pong", 129, -1], ["mld-listener-query", 130, -1], ["mld-listener-report", 131, -1],
  ["mld-listener-done", 132, -1], ["mld-listener-reduction", 132, -1], ["router-solicitation", 133, -1], ["router-advertisement", 134, -1],
  ["neighbour-solicitation", 135, -1], ["neighbor-solicitation", 135, -1], ["neighbour-advertisement", 136, -1],
  ["neighbor-advertisement", 136, -1], ["redirect", 137, -1],
];

function readType(option: ReadOption, names: Named, word: string, kind: number): IcmpMatch {
  const text = option.values[0]!;
  const lower = text.toLowerCase();
  const exact = names.filter(([name]) => name.toLowerCase() === lower);
  const found = exact.length > 0 ? exact : names.filter(([name]) => name.toLowerCase().startsWith(lower));
  if (found.length > 1 && exact.length === 0) throw parameterFault(`Ambiguous ${word} type \`${text}': \`${found[0]![0]}' or \`${found[1]![0]}'?`);
  if (found.length > 0) {
    const [, type, code] = found[0]!;
    return { kind, type, code: Object.freeze(code < 0 ? [0, 255] : [code, code]) as readonly [number, number], not: option.not };
  }
  const [typeText, codeText] = text.split("/", 2) as [string, string | undefined];
  const type = parseUnsigned(typeText, 255);
  if (type === null) throw parameterFault(`Unknown ${word} type \`${typeText}'`);
  if (codeText === undefined) return { kind, type, code: Object.freeze([0, 255] as const), not: option.not };
  const code = parseUnsigned(codeText, 255);
  if (code === null) throw parameterFault(`Invalid ${word} code \`${codeText}'`);
  return { kind, type, code: Object.freeze([code, code] as const), not: option.not };
}

function printType(m: IcmpMatch): string {
  if (m.type === 255 && m.kind === MATCH.icmp && m.code[1] === 255) return "any";
  return m.code[0] === m.code[1] ? `${m.type}/${m.code[0]}` : `${m.type}`;
}

export const icmpMatch: MatchExtension<IcmpMatch> = {
  name: "icmp",
  options: shapes("icmp-type 1!"),
  required: ["icmp-type"],
  limits: { protocols: [PROTO.ICMP] },
  read: (options) => readType(only(options, "icmp-type", "icmp")!, ICMP4, "ICMP", MATCH.icmp),
  print: (m) => `${bang(m.not)} --icmp-type ${printType(m)}`,
  test(s, m, p) {
    const c = s.packets.c;
    if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) return false;
    const met = m.type === 255 || (c.icmpType[p] === m.type && c.icmpCode[p]! >= m.code[0] && c.icmpCode[p]! <= m.code[1]);
    return met !== m.not;
  },
};

export const icmp6Match: MatchExtension<IcmpMatch> = {
  name: "icmp6",
  options: shapes("icmpv6-type 1!"),
  required: ["icmpv6-type"],
  limits: { protocols: [PROTO.ICMP6] },
  read: (options) => readType(only(options, "icmpv6-type", "icmp6")!, ICMP6, "ICMPv6", MATCH.icmp6),
  print: (m) => `${bang(m.not)} --icmpv6-type ${printType(m)}`,
  test(s, m, p) {
    const c = s.packets.c;
    return (c.icmpType[p] === m.type && c.icmpCode[p]! >= m.code[0] && c.icmpCode[p]! <= m.code[1]) !== m.not;
  },
};
