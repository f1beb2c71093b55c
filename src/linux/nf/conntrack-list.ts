/** Tracked flows for people: as records, as `conntrack -L` prints them, and their deletion by filter. */
import { PROTO, PROTO_NAME } from "../../base/codes.js";
import { SECOND } from "../../base/time.js";
import type { ActResult, ConntrackDelete } from "../plumbing/act.js";
import type { Stack } from "../stack.js";
import { killFlow } from "./conntrack.js";
import { CTS } from "./conntrack-table.js";
import { TCP_STATES } from "./conntrack-tcp.js";

/** One direction of a flow; ICMP flows have identifier, type and code instead of ports. */
export interface FlowTuple {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

/** A flow as a plain record; `seconds` is what is left of its life, of which the listing itself takes a moment. */
export interface Flow {
  readonly row: number;
  readonly family: 4 | 6;
  readonly proto: string;
  readonly protoNumber: number;
  readonly seconds: number;
  readonly state: string;
  readonly original: FlowTuple;
  readonly reply: FlowTuple;
  readonly unreplied: boolean;
  readonly assured: boolean;
  readonly mark: number;
  readonly zone: number;
  /** Who holds the entry: the table, and each packet that waits for a neighbour. */
  readonly uses: number;
}

/** How many packets that wait for a neighbour belong to a flow. */
function waiting(s: Stack, row: number): number {
  const { c, live, top } = s.neigh.parked;
  let count = 0;
  for (let entry = 1; entry < top; entry++) if (live[entry] === 1 && s.packets.c.ct[c.packet[entry]!] === row) count++;
  return count;
}

/** One row as a record, whether or not it is confirmed. */
export function flowOfRow(s: Stack, row: number): Flow {
  const c = s.ct.t.c;
  const status = c.status[row]!;
  const text = (addr: number): string => s.book.text(addr);
  return {
    row,
    family: s.book.family[s.ct.src(row, 0)] as 4 | 6,
    proto: s.ct.proto(row) === PROTO.ICMP6 ? "icmpv6" : (PROTO_NAME[s.ct.proto(row)] ?? "unknown"),
    protoNumber: s.ct.proto(row),
    seconds: Math.max(0, Math.ceil((c.timeout[row]! - s.engine.now) / SECOND) - 1),
    state: s.ct.proto(row) === PROTO.TCP ? TCP_STATES[c.tcpState[row]!]! : "",
    original: { src: text(s.ct.src(row, 0)), dst: text(s.ct.dst(row, 0)), sport: s.ct.sport(row, 0), dport: s.ct.dport(row, 0) },
    reply: { src: text(s.ct.src(row, 1)), dst: text(s.ct.dst(row, 1)), sport: s.ct.sport(row, 1), dport: s.ct.dport(row, 1) },
    unreplied: (status & CTS.seenReply) === 0,
    assured: (status & CTS.assured) !== 0,
    mark: c.mark[row]! >>> 0,
    zone: s.ct.zone(row),
    uses: 1 + waiting(s, row),
  };
}

/** The confirmed flows of a namespace that have time left, in order of their rows. */
export function listFlows(s: Stack, ns: number): Flow[] {
  const c = s.ct.t.c;
  const flows: Flow[] = [];
  for (let row = 1; row < s.ct.t.top; row++) {
    const live = s.ct.t.live[row] === 1 && (c.status[row]! & (CTS.confirmed | CTS.dying)) === CTS.confirmed && c.timeout[row]! > s.engine.now;
    if (live && s.ct.ns(row) === ns) flows.push(flowOfRow(s, row));
  }
  return flows;
}

function tupleWords(flow: Flow, t: FlowTuple): string {
  const ports = flow.protoNumber === PROTO.ICMP || flow.protoNumber === PROTO.ICMP6 ? `type=${t.dport >> 8} code=${t.dport & 255} id=${t.sport}` : `sport=${t.sport} dport=${t.dport}`;
  return `src=${t.src} dst=${t.dst} ${ports}`;
}

/** A line of `conntrack -L`. */
export function formatFlow(flow: Flow): string {
  const head = `${flow.proto.padEnd(8)} ${flow.protoNumber} ${flow.seconds} `;
  const state = flow.state === "" ? "" : `${flow.state} `;
  const unreplied = flow.unreplied ? "[UNREPLIED] " : "";
  const assured = flow.assured ? "[ASSURED] " : "";
  const zone = flow.zone === 0 ? "" : `zone=${flow.zone} `;
  return `${head}${state}${tupleWords(flow, flow.original)} ${unreplied}${tupleWords(flow, flow.reply)} ${assured}mark=${flow.mark} ${zone}use=${flow.uses}`;
}

/** `conntrack -D` and, with an empty filter, `-F`; how many were deleted. */
export function deleteFlows(s: Stack, ns: number, filter: ConntrackDelete["filter"]): number {
  let deleted = 0;
  for (const flow of listFlows(s, ns)) {
    const wanted =
      (filter.family === undefined || filter.family === flow.family) &&
      (filter.proto === undefined || filter.proto === flow.proto) &&
      (filter.origSrc === undefined || filter.origSrc === flow.original.src) &&
      (filter.origDst === undefined || filter.origDst === flow.original.dst) &&
      (filter.replySrc === undefined || filter.replySrc === flow.reply.src) &&
      (filter.replyDst === undefined || filter.replyDst === flow.reply.dst) &&
      (filter.sport === undefined || filter.sport === flow.original.sport) &&
      (filter.dport === undefined || filter.dport === flow.original.dport) &&
      (filter.dstNat === undefined || (flow.reply.src === filter.dstNat && flow.original.dst !== filter.dstNat)) &&
      (filter.srcNat === undefined || (flow.reply.dst === filter.srcNat && flow.original.src !== filter.srcNat)) &&
      (filter.mark === undefined || filter.mark === flow.mark);
    if (!wanted) continue;
    killFlow(s, flow.row);
    deleted++;
  }
  return deleted;
}

/** The act behind both. */
export function deleteConntrack(s: Stack, act: ConntrackDelete): ActResult {
  deleteFlows(s, act.ns, act.filter);
  return null;
}
