/** `-m multiport` (xt_multiport). */
import { PROTO } from "../../base/codes.js";
import { IP_FLAG } from "../../packet/columns.js";
import { bang, type MatchExtension, shapes } from "./extension.js";
import { formatPorts, parsePort } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

export interface MultiportMatch extends Match {
  readonly which: "sports" | "dports" | "ports";
  /** pairs from, to */
  readonly ports: readonly number[];
  readonly not: boolean;
}

const PROTOCOLS: readonly number[] = [PROTO.TCP, PROTO.UDP, PROTO.SCTP, 136, 33];
const MOST_PORTS = 15;

function parseList(text: string): number[] {
  const ports: number[] = [];
  let used = 0;
  for (const word of text.split(",")) {
    const [from, to] = word.split(":", 2) as [string, string | undefined];
    const min = parsePort(from);
    const max = to === undefined ? min : parsePort(to);
    used += to === undefined ? 1 : 2;
    if (used > MOST_PORTS) throw parameterFault("too many ports specified");
    if (max < min) throw parameterFault("invalid portrange specified");
    ports.push(min, max);
  }
  return ports;
}

function inside(ports: readonly number[], port: number): boolean {
  for (let i = 0; i < ports.length; i += 2) if (port >= ports[i]! && port <= ports[i + 1]!) return true;
  return false;
}

export const multiportMatch: MatchExtension<MultiportMatch> = {
  name: "multiport",
  options: shapes("sports=source-ports 1!", "dports=destination-ports 1!", "ports 1!"),
  read(options, context) {
    const first = options[0];
    if (first === undefined) throw parameterFault("multiport expection an option");
    if (options.length > 1) throw parameterFault("multiport can only have one option");
    if (context.protoNot || !PROTOCOLS.includes(context.proto)) {
      throw parameterFault("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
    }
    return { kind: MATCH.multiport, which: first.name as MultiportMatch["which"], ports: Object.freeze(parseList(first.values[0]!)), not: first.not };
  },
  print(m) {
    const words: string[] = [];
    for (let i = 0; i < m.ports.length; i += 2) words.push(formatPorts([m.ports[i]!, m.ports[i + 1]!]));
    return `${bang(m.not)} --${m.which} ${words.join(",")}`;
  },
  test(s, m, p) {
    const c = s.packets.c;
    if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) return false;
    const met =
      m.which === "dports" ? inside(m.ports, c.dport[p]!) : m.which === "sports" ? inside(m.ports, c.sport[p]!) : inside(m.ports, c.sport[p]!) || inside(m.ports, c.dport[p]!);
    return met !== m.not;
  },
};
