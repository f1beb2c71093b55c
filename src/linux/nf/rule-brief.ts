/** What the matches of a rule come to, in two numbers: enough for nearly every rule of kube-proxy, and beside the rule's own fields in memory. */
import { PROTO } from "../../base/codes.js";
import type { StatisticMatch } from "./match-chance.js";
import type { PortsMatch, TcpMatch } from "./match-transport.js";
import { MATCH, type Match } from "./rule.js";

/** Values of `port` that are no port. */
export const ASKS = Object.freeze({ nothing: -1, other: -2, whole: -3 } as const);

export interface RuleBrief {
  /** what is asked beside comments and the chance: a destination port alone, ASKS.nothing, a whole header (`-m udp`) or ASKS.other */
  readonly port: number;
  /** of a random choice, in units of 2^-31; -1: there is none */
  readonly chance: number;
}

/** The match that reads the ports of a protocol. */
const KIND_OF_PROTO: Readonly<Record<number, number>> = Object.freeze({ [PROTO.TCP]: MATCH.tcp, [PROTO.UDP]: MATCH.udp, [PROTO.SCTP]: MATCH.sctp });

export function ruleBrief(proto: number, matches: readonly Match[]): RuleBrief {
  let port: number = ASKS.nothing;
  let chance = -1;
  for (const match of matches) {
    if (match.kind === MATCH.comment) continue;
    if (match.kind === MATCH.statistic && chance < 0 && isPlainChance(match)) chance = (match as StatisticMatch).chance;
    else port = port === ASKS.nothing && match.kind === KIND_OF_PROTO[proto] ? exactPort(match) : ASKS.other;
  }
  return { port, chance };
}

function isPlainChance(match: Match): boolean {
  const { mode, not } = match as StatisticMatch;
  return mode === "random" && !not;
}

const isAny = (ports: readonly [number, number], not: boolean): boolean => ports[0] === 0 && ports[1] === 65535 && !not;

/** The one destination port that a match asks for, ASKS.whole for none, ASKS.other for anything else. */
export function exactPort(match: Match): number {
  const m = match as PortsMatch;
  if (!isAny(m.sport, m.sportNot)) return ASKS.other;
  if (m.kind === MATCH.tcp && ((m as TcpMatch).flagMask !== 0 || (m as TcpMatch).option !== 0)) return ASKS.other;
  if (isAny(m.dport, m.dportNot)) return ASKS.whole;
  return m.dport[0] === m.dport[1] && !m.dportNot ? m.dport[0] : ASKS.other;
}
