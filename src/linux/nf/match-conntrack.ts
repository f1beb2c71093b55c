/** `-m conntrack` and its old form `-m state` (xt_conntrack). */
import { CTFIELD, CTSTATE, CTSTATUS } from "./conntrack-seam.js";
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, type SpecContext, shapes } from "./extension.js";
import { formatHostMask, formatPorts, type HostMask, parseHostMask, parsePorts, parseUnsigned } from "./option-values.js";
import { parseProtocol } from "./protocols.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

interface AddressField extends HostMask {
  readonly field: number;
  readonly not: boolean;
}

interface PortField {
  readonly field: number;
  readonly ports: readonly [number, number];
  readonly not: boolean;
}

export interface ConntrackMatch extends Match {
  /** CTSTATE bits, 0 not asked */
  readonly states: number;
  readonly statesNot: boolean;
  /** -1 not asked */
  readonly proto: number;
  readonly protoNot: boolean;
  readonly addresses: readonly AddressField[];
  readonly ports: readonly PortField[];
  /** CTSTATUS bits, -1 not asked; 0 is NONE */
  readonly status: number;
  readonly statusNot: boolean;
  readonly expires: readonly [number, number] | null;
  readonly expiresNot: boolean;
  /** -1 not asked, 0 ORIGINAL, 1 REPLY */
  readonly direction: number;
}

/** In the order in which libxt_conntrack prints them. */
const STATES: readonly (readonly [string, number])[] = [
  ["INVALID", CTSTATE.invalid], ["NEW", CTSTATE.new], ["RELATED", CTSTATE.related], ["ESTABLISHED", CTSTATE.established],
  ["UNTRACKED", CTSTATE.untracked], ["SNAT", CTSTATE.snat], ["DNAT", CTSTATE.dnat],
];
const STATUSES: readonly (readonly [string, number])[] = [
  ["EXPECTED", CTSTATUS.expected], ["SEEN_REPLY", CTSTATUS.seenReply], ["ASSURED", CTSTATUS.assured], ["CONFIRMED", CTSTATUS.confirmed],
];

const ADDRESSES = ["ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst"] as const;
const ADDRESS_FIELDS: readonly number[] = [CTFIELD.origSrc, CTFIELD.origDst, CTFIELD.replSrc, CTFIELD.replDst];
const PORTS = ["ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport"] as const;
const PORT_FIELDS: readonly number[] = [CTFIELD.origSport, CTFIELD.origDport, CTFIELD.replSport, CTFIELD.replDport];

function parseBits(text: string, names: readonly (readonly [string, number])[], fault: (word: string) => string): number {
  let bits = 0;
  for (const word of text.split(",")) {
    if (word.toUpperCase() === "NONE" && names === STATUSES) continue;
    const found = names.find(([name]) => word !== "" && name.startsWith(word.toUpperCase()));
    if (found === undefined) throw parameterFault(fault(word));
    bits |= found[1];
  }
  return bits;
}

function formatBits(bits: number, names: readonly (readonly [string, number])[]): string {
  if (bits === 0) return "NONE";
  return names
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name)
    .join(",");
}

function readAddresses(options: readonly ReadOption[], context: SpecContext): AddressField[] {
  return ADDRESSES.flatMap((name, i) => {
    const option = only(options, name, "conntrack");
    if (option === undefined) return [];
    return [Object.freeze({ field: ADDRESS_FIELDS[i]!, not: option.not, ...parseHostMask(option.values[0]!, context.family) })];
  });
}

function readPorts(options: readonly ReadOption[]): PortField[] {
  return PORTS.flatMap((name, i) => {
    const option = only(options, name, "conntrack");
    if (option === undefined) return [];
    return [Object.freeze({ field: PORT_FIELDS[i]!, not: option.not, ports: Object.freeze(parsePorts(option.values[0]!)) })];
  });
}

function readExpires(text: string): readonly [number, number] {
  const [min, max] = text.split(":", 2) as [string, string | undefined];
  const from = parseUnsigned(min === "" ? "0" : min, 0xffffffff);
  const to = max === undefined ? from : parseUnsigned(max === "" ? "4294967295" : max, 0xffffffff);
  if (from === null || to === null) {
    throw parameterFault(`conntrack: bad value for option "--ctexpire" near "${text}", or out of range (0-4294967295).\n`);
  }
  return Object.freeze([from, to] as const);
}

export const conntrackMatch: MatchExtension<ConntrackMatch> = {
  name: "conntrack",
  tracks: true,
  options: shapes("ctstate 1!", "ctproto 1!", ...ADDRESSES.map((name) => `${name} 1!`), ...PORTS.map((name) => `${name} 1!`), "ctstatus 1!", "ctexpire 1!", "ctdir 1"),
  read(options, context) {
    if (options.length === 0) throw parameterFault("conntrack: At least one option is required");
    const state = only(options, "ctstate", "conntrack");
    const proto = only(options, "ctproto", "conntrack");
    const status = only(options, "ctstatus", "conntrack");
    const expire = only(options, "ctexpire", "conntrack");
    const direction = only(options, "ctdir", "conntrack")?.values[0];
    const word = direction?.toUpperCase();
    if (word !== undefined && word !== "ORIGINAL" && word !== "REPLY") throw parameterFault(`conntrack: Bad value for "--ctdir" option: "${direction}"`);
    const protocol = proto === undefined ? -1 : parseProtocol(proto.values[0]!);
    if (protocol === null) throw parameterFault(`conntrack: bad value for option "--ctproto", or out of range (0-255).\n`);
    return {
      kind: MATCH.conntrack,
      states: state === undefined ? 0 : parseBits(state.values[0]!, STATES, (bad) => `Bad ctstate "${bad}"`),
      statesNot: state?.not ?? false,
      proto: protocol,
      protoNot: proto?.not ?? false,
      addresses: Object.freeze(readAddresses(options, context)),
      ports: Object.freeze(readPorts(options)),
      status: status === undefined ? -1 : parseBits(status.values[0]!, STATUSES, (bad) => `Bad ctstatus "${bad}"`),
      statusNot: status?.not ?? false,
      expires: expire === undefined ? null : readExpires(expire.values[0]!),
      expiresNot: expire?.not ?? false,
      direction: word === undefined ? -1 : word === "ORIGINAL" ? 0 : 1,
    };
  },
  print(m, family) {
    let text = "";
    if (m.states !== 0) text += `${bang(m.statesNot)} --ctstate ${formatBits(m.states, STATES)}`;
    if (m.proto >= 0) text += `${bang(m.protoNot)} --ctproto ${m.proto}`;
    for (const a of m.addresses) {
      const host = formatHostMask(a, family).replace(family === 4 ? /\/32$/ : /\/128$/, "");
      text += `${bang(a.not)} --${ADDRESSES[ADDRESS_FIELDS.indexOf(a.field)]} ${host}`;
    }
    for (const a of m.ports) text += `${bang(a.not)} --${PORTS[PORT_FIELDS.indexOf(a.field)]} ${formatPorts(a.ports)}`;
    if (m.status >= 0) text += `${bang(m.statusNot)} --ctstatus ${formatBits(m.status, STATUSES)}`;
    if (m.expires !== null) text += `${bang(m.expiresNot)} --ctexpire ${formatPorts(m.expires)}`;
    if (m.direction >= 0) text += ` --ctdir ${m.direction === 0 ? "ORIGINAL" : "REPLY"}`;
    return text;
  },
  test(s, m, p) {
    const ct = s.nf.ct;
    const state = ct === null ? CTSTATE.invalid : ct.ctState(p);
    if (m.states !== 0 && ((state & m.states) !== 0) === m.statesNot) return false;
    const direction = ct === null ? -1 : ct.ctDirection(p);
    if (direction < 0) return m.proto < 0 && m.addresses.length === 0 && m.ports.length === 0 && m.status < 0 && m.expires === null && m.direction < 0;
    return (m.direction < 0 || direction === m.direction) && testFlow(s, m, p);
  },
};

/** The parts that need a connection. */
function testFlow(s: Stack, m: ConntrackMatch, p: number): boolean {
  const ct = s.nf.ct!;
  const { words } = s.book;
  if (m.proto >= 0 && (ct.ctField(p, CTFIELD.proto) === m.proto) === m.protoNot) return false;
  for (const a of m.addresses) {
    const at = ct.ctField(p, a.field) * 4;
    let met = true;
    for (let i = 0; i < 4 && met; i++) met = ((words[at + i]! ^ a.words[i]!) & a.masks[i]!) === 0;
    if (met === a.not) return false;
  }
  for (const a of m.ports) {
    const port = ct.ctField(p, a.field);
    if ((port >= a.ports[0] && port <= a.ports[1]) === a.not) return false;
  }
  if (m.status >= 0) {
    const status = ct.ctStatus(p) & 15;
    // NONE is an empty mask, which no status meets.
    if (((status & m.status) !== 0) === m.statusNot) return false;
  }
  if (m.expires === null) return true;
  const left = ct.ctExpires(p);
  return (left >= m.expires[0] && left <= m.expires[1]) !== m.expiresNot;
}

export interface StateMatch extends Match {
  readonly states: number;
  readonly not: boolean;
}

const OLD_STATES: readonly (readonly [string, number])[] = [
  ["INVALID", CTSTATE.invalid], ["NEW", CTSTATE.new], ["RELATED", CTSTATE.related], ["ESTABLISHED", CTSTATE.established], ["UNTRACKED", CTSTATE.untracked],
];

export const stateMatch: MatchExtension<StateMatch> = {
  name: "state",
  tracks: true,
  options: shapes("state 1!"),
  required: ["state"],
  read(options) {
    const option = only(options, "state", "state")!;
    return { kind: MATCH.state, states: parseBits(option.values[0]!, OLD_STATES, (bad) => `Bad state "${bad}"`), not: option.not };
  },
  print: (m) => `${bang(m.not)} --state ${formatBits(m.states, OLD_STATES)}`,
  test: (s, m, p) => (((s.nf.ct === null ? CTSTATE.invalid : s.nf.ct.ctState(p)) & m.states) !== 0) !== m.not,
};
