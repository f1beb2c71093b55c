/** Port entries of a rule as matches of iptables: `--dport` for one, `-m multiport` for several, names left to sets. */
import type { PortMatch } from "../../policy/rules.js";

/** One way in: `-p` of the rule ("" for every protocol), and what stands after the other matches. */
export interface PortWords {
  readonly proto: string;
  readonly match: string;
}

export interface ReadPorts {
  readonly numbers: readonly PortWords[];
  readonly names: readonly PortMatch[];
}

const EVERYTHING: ReadPorts = Object.freeze({ numbers: Object.freeze([Object.freeze({ proto: "", match: "" })]), names: Object.freeze([]) });
const PROTOCOLS = Object.freeze(["TCP", "UDP", "SCTP"] as const);
/** What one multiport match may hold; a range takes two. */
const MOST_SLOTS = 15;

/** Null: every port of every protocol. */
export function readPorts(entries: readonly PortMatch[] | null): ReadPorts {
  if (entries === null) return EVERYTHING;
  const numbers = PROTOCOLS.flatMap((protocol) => {
    const mine = entries.filter((e) => e.name === "" && (e.protocol === null || e.protocol === protocol) && e.first <= e.last);
    return protocolWords(protocol.toLowerCase(), mine);
  });
  return { numbers, names: entries.filter((e) => e.name !== "") };
}

function protocolWords(name: string, entries: readonly PortMatch[]): readonly PortWords[] {
  const proto = `-p ${name} `;
  if (entries.some((e) => e.first <= 1 && e.last === 65535)) return [{ proto, match: "" }];
  return chunks([...new Set(entries.map((e) => (e.first === e.last ? `${e.first}` : `${e.first}:${e.last}`)))]).map((ports) => ({
    proto,
    match: ports.length === 1 ? `-m ${name} --dport ${ports[0]!} ` : `-m multiport --dports ${ports.join(",")} `,
  }));
}

function chunks(ports: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let room = 0;
  for (const port of ports) {
    const slots = port.includes(":") ? 2 : 1;
    if (slots > room) {
      all.push([]);
      room = MOST_SLOTS;
    }
    all.at(-1)!.push(port);
    room -= slots;
  }
  return all;
}
