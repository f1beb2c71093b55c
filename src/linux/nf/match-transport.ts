/** `-m tcp`, `-m udp`, `-m sctp` (xt_tcpudp, xt_sctp). */
import { PROTO } from "../../base/codes.js";
import { IP_FLAG } from "../../packet/columns.js";
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { formatPorts, parsePorts, parseUnsigned } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { notModelled, parameterFault } from "./spec-fault.js";
import type { WalkFrame } from "./walk-frame.js";

/** Ports inclusive; 0 to 65535 when not asked for. */
export interface PortsMatch extends Match {
  readonly sport: readonly [number, number];
  readonly dport: readonly [number, number];
  readonly sportNot: boolean;
  readonly dportNot: boolean;
}

export interface TcpMatch extends PortsMatch {
  readonly flagMask: number;
  readonly flagCompare: number;
  readonly flagNot: boolean;
  /** option kind, 0 none */
  readonly option: number;
  readonly optionNot: boolean;
}

const ALL: readonly [number, number] = Object.freeze([0, 65535] as const);
const isAll = (ports: readonly [number, number]): boolean => ports[0] === 0 && ports[1] === 65535;

const FLAGS: readonly (readonly [string, number])[] = [
  ["FIN", 1],
  ["SYN", 2],
  ["RST", 4],
  ["PSH", 8],
  ["ACK", 16],
  ["URG", 32],
];

function portOption(options: readonly ReadOption[], name: "sport" | "dport", proto: string): { ports: readonly [number, number]; not: boolean } {
  const found = options.filter((o) => o.name === name);
  const long = name === "sport" ? "source" : "destination";
  if (found.length > 1) throw parameterFault(proto === "sctp" ? `Only one \`--${long}-port' allowed` : `Only one \`--${long}-port' allowed`);
  const option = found[0];
  if (option === undefined) return { ports: ALL, not: false };
  return { ports: Object.freeze(parsePorts(option.values[0]!)), not: option.not };
}

function readPorts(options: readonly ReadOption[], proto: string): Omit<PortsMatch, "kind"> {
  const source = portOption(options, "sport", proto);
  const destination = portOption(options, "dport", proto);
  return { sport: source.ports, sportNot: source.not, dport: destination.ports, dportNot: destination.not };
}

function printPorts(m: PortsMatch): string {
  let text = "";
  if (!isAll(m.sport) || m.sportNot) text += `${bang(m.sportNot)} --sport ${formatPorts(m.sport)}`;
  if (!isAll(m.dport) || m.dportNot) text += `${bang(m.dportNot)} --dport ${formatPorts(m.dport)}`;
  return text;
}

function testPorts(s: Stack, m: PortsMatch, p: number, frame: WalkFrame): boolean {
  const c = s.packets.c;
  const offset = c.frag[p]! & IP_FLAG.OFFSET;
  if (offset !== 0) {
    if (offset === 1 && m.kind === MATCH.tcp) frame.hotdrop = true;
    return false;
  }
  const sport = c.sport[p]!;
  const dport = c.dport[p]!;
  return (sport >= m.sport[0] && sport <= m.sport[1]) !== m.sportNot && (dport >= m.dport[0] && dport <= m.dport[1]) !== m.dportNot;
}

function parseFlags(text: string): number {
  let bits = 0;
  for (const word of text.split(",")) {
    const name = word.toUpperCase();
    if (name === "ALL") bits |= 63;
    else if (name !== "NONE") {
      const flag = FLAGS.find(([known]) => known === name);
      if (flag === undefined) throw parameterFault(`Unknown TCP flag \`${word}'`);
      bits |= flag[1];
    }
  }
  return bits;
}

function formatFlags(bits: number): string {
  if (bits === 0) return "NONE";
  return FLAGS.filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(",");
}

const SYN_MASK = 1 | 2 | 4 | 16;

/** Whether the TCP header of `p` has an option of that kind: 2 MSS, 3 window scale, 4 SACK permitted, 8 timestamps. */
function hasOption(s: Stack, p: number, option: number): boolean {
  const c = s.packets.c;
  if (option === 2) return c.mss[p] !== 0;
  if (option === 8) return c.optLen[p]! >= 12 && (c.tsval[p] !== 0 || c.tsecr[p] !== 0);
  return (c.flags[p]! & 2) !== 0 && c.optLen[p]! >= 20;
}

export const tcpMatch: MatchExtension<TcpMatch> = {
  name: "tcp",
  options: shapes("sport=source-port 1!", "dport=destination-port 1!", "syn 0!", "tcp-flags 2!", "tcp-option 1!"),
  limits: { protocols: [PROTO.TCP] },
  read(options) {
    const flags = options.filter((o) => o.name === "syn" || o.name === "tcp-flags");
    if (flags.length > 1) throw parameterFault("Only one of `--syn' or `--tcp-flags'  allowed");
    const flag = flags[0];
    const wanted = only(options, "tcp-option", "tcp");
    const option = wanted === undefined ? 0 : parseUnsigned(wanted.values[0]!, 255);
    if (option === null || (wanted !== undefined && option === 0)) throw parameterFault(`Bad TCP option \`${wanted!.values[0]}'`);
    if (![0, 2, 3, 4, 8].includes(option)) throw notModelled(`-m tcp --tcp-option ${option}`);
    const syn = flag?.name === "syn";
    return {
      kind: MATCH.tcp,
      ...readPorts(options, "tcp"),
      flagMask: flag === undefined ? 0 : syn ? SYN_MASK : parseFlags(flag.values[0]!),
      flagCompare: flag === undefined ? 0 : syn ? 2 : parseFlags(flag.values[1]!),
      flagNot: flag?.not ?? false,
      option,
      optionNot: wanted?.not ?? false,
    };
  },
  print(m) {
    let text = printPorts(m);
    if (m.option !== 0) text += `${bang(m.optionNot)} --tcp-option ${m.option}`;
    if (m.flagMask !== 0 || m.flagNot) text += `${bang(m.flagNot)} --tcp-flags ${formatFlags(m.flagMask)} ${formatFlags(m.flagCompare)}`;
    return text;
  },
  test(s, m, p, frame) {
    if (!testPorts(s, m, p, frame)) return false;
    if (m.flagMask !== 0 && ((s.packets.c.flags[p]! & m.flagMask) === m.flagCompare) === m.flagNot) return false;
    return m.option === 0 || hasOption(s, p, m.option) !== m.optionNot;
  },
};

export const udpMatch: MatchExtension<PortsMatch> = {
  name: "udp",
  options: shapes("sport=source-port 1!", "dport=destination-port 1!"),
  limits: { protocols: [PROTO.UDP] },
  read: (options) => ({ kind: MATCH.udp, ...readPorts(options, "udp") }),
  print: printPorts,
  test: testPorts,
};

export const sctpMatch: MatchExtension<PortsMatch> = {
  name: "sctp",
  options: shapes("sport=source-port 1!", "dport=destination-port 1!", "chunk-types 2!"),
  limits: { protocols: [PROTO.SCTP] },
  read(options) {
    if (options.some((o) => o.name === "chunk-types")) throw notModelled("-m sctp --chunk-types");
    return { kind: MATCH.sctp, ...readPorts(options, "sctp") };
  },
  print: printPorts,
  test: testPorts,
};
