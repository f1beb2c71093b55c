/** Ranges of addresses and ports as NAT targets read and print them. */
import { PROTO } from "../../base/codes.js";
import type { Stack } from "../stack.js";
import { NATF, type NatRange } from "./conntrack-seam.js";
import type { ReadOption, SpecContext } from "./extension.js";
import { parseAddressWords, parseUnsigned } from "./option-values.js";
import { parameterFault } from "./spec-fault.js";

const WITH_PORTS: readonly number[] = [PROTO.TCP, PROTO.UDP, PROTO.SCTP, 33, PROTO.ICMP];

function addressOf(text: string, { s, family }: SpecContext): number {
  const words = parseAddressWords(text, family);
  if (words === null) throw parameterFault(`Bad IP address "${text}"\n`);
  return family === 4 ? s.book.v4(words[0]) : s.book.v6(words[0], words[1], words[2], words[3]);
}

/** Refuses ports where the rule's protocol has none. */
export function needPorts({ proto, protoNot }: SpecContext): void {
  if (protoNot || !WITH_PORTS.includes(proto)) throw parameterFault("Need TCP, UDP, SCTP or DCCP with port specification");
}

export function readPortRange(text: string): readonly [number, number] {
  const [from, to] = text.split("-", 2) as [string, string | undefined];
  const min = parseUnsigned(from, 65535);
  const max = to === undefined ? min : parseUnsigned(to, 65535);
  if (min === null || max === null) throw parameterFault(`Port \`${text}' not valid`);
  if (max < min) throw parameterFault(`Port range \`${text}' funky\n`);
  return [min, max];
}

/** `--random`, `--random-fully`, `--persistent`. */
export function flagsOf(options: readonly ReadOption[]): number {
  let flags = 0;
  for (const { name } of options) {
    if (name === "random") flags |= NATF.random;
    else if (name === "random-fully") flags |= NATF.randomFully;
    else if (name === "persistent") flags |= NATF.persistent;
  }
  return flags;
}

export function formatFlags(flags: number): string {
  return `${flags & NATF.random ? " --random" : ""}${flags & NATF.randomFully ? " --random-fully" : ""}${flags & NATF.persistent ? " --persistent" : ""}`;
}

/** `10.0.0.1-10.0.0.5:80-90`, `:80`, `[fd00::1]:80`. */
export function readRange(text: string, flags: number, context: SpecContext): NatRange {
  let addresses = text;
  let ports: string | null = null;
  if (context.family === 6) {
    const bracket = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (bracket !== null) {
      addresses = bracket[1]!;
      ports = bracket[2] ?? null;
    }
  } else if (text.includes(":")) {
    addresses = text.slice(0, text.indexOf(":"));
    ports = text.slice(text.indexOf(":") + 1);
  }
  if (ports !== null) needPorts(context);
  const [minPort, maxPort] = ports === null ? [0, 0] : readPortRange(ports);
  let made = flags | (ports === null ? 0 : NATF.ports);
  if (addresses === "") return Object.freeze({ minAddr: 0, maxAddr: 0, minPort, maxPort, flags: made });
  const dash = addresses.indexOf("-");
  const minAddr = addressOf(dash < 0 ? addresses : addresses.slice(0, dash), context);
  const maxAddr = dash < 0 ? minAddr : addressOf(addresses.slice(dash + 1), context);
  made |= NATF.mapIps;
  return Object.freeze({ minAddr, maxAddr, minPort, maxPort, flags: made });
}

export function formatPortRange(range: NatRange): string {
  return range.minPort === range.maxPort ? `${range.minPort}` : `${range.minPort}-${range.maxPort}`;
}

export function formatRange(s: Stack, range: NatRange, family: 4 | 6): string {
  const ports = (range.flags & NATF.ports) === 0 ? "" : `:${formatPortRange(range)}`;
  if ((range.flags & NATF.mapIps) === 0) return ports;
  const from = s.book.text(range.minAddr);
  const addresses = range.minAddr === range.maxAddr ? from : `${from}-${s.book.text(range.maxAddr)}`;
  return family === 6 && ports !== "" ? `[${addresses}]${ports}` : `${addresses}${ports}`;
}
