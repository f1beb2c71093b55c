/**
 * Recorded integers into words: the one place that knows what each kind of step means. Asked after the fact, while the
 * stack that recorded still stands.
 */
import { DROP_REASONS } from "../base/codes.js";
import { formatMac } from "../base/mac.js";
import { SCHEDULERS } from "../linux/ipvs/schedule.js";
import { flowOfRow } from "../linux/nf/conntrack-list.js";
import { CTINFO } from "../linux/nf/conntrack-table.js";
import { BASE_CHAINS, TABLE_NAMES } from "../linux/nf/table.js";
import { routeOfId } from "../linux/route-id.js";
import type { Stack } from "../linux/stack.js";
import { STEP, TUNNEL } from "../trace/kinds.js";
import type { TraceStep } from "../trace/ring.js";
import { endpointText } from "./packet-view.js";
import { routeText } from "./route-text.js";
import type { CauseView, WalkStep } from "./walk-record.js";

const STATE_WORDS: Readonly<Record<number, string>> = Object.freeze({
  [CTINFO.established]: "ESTABLISHED",
  [CTINFO.related]: "RELATED",
  [CTINFO.new]: "NEW",
  [CTINFO.establishedReply]: "ESTABLISHED",
  [CTINFO.relatedReply]: "RELATED",
});

/** A row of the cause table as a record; undefined for 0. */
export function causeView(s: Stack, id: number): CauseView | undefined {
  const cause = id === 0 ? undefined : s.causes.get(id);
  if (cause === undefined) return undefined;
  const { object, path, model, file, line } = cause;
  return { object, path, model, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

const withCause = (s: Stack, id: number): { cause?: CauseView } => {
  const cause = causeView(s, id);
  return cause === undefined ? {} : { cause };
};

/** The tunnel of a step: a VNI, or a number of TUNNEL. */
function tunnelOf(number: number): { readonly type: "vxlan" | "ipip" | "wireguard"; readonly vni: number } {
  if (number === TUNNEL.ipip) return { type: "ipip", vni: 0 };
  return number === TUNNEL.wireguard ? { type: "wireguard", vni: 0 } : { type: "vxlan", vni: number };
}

/** What is remembered between the steps of one packet. */
export interface DecodeMemory {
  hook: number;
  /** snapshot of the step before, 0 at first */
  before: number;
}

/** The words of one step; a rule written for a NetworkPolicy gives two. Steps nobody needs to see give none. */
export function decodeStep(s: Stack, step: TraceStep, memory: DecodeMemory): WalkStep[] {
  const address = (handle: number): string => s.book.text(handle);
  const device = (row: number): string => s.devInfo.get(row)?.name ?? `if${row}`;
  switch (step.kind) {
    case STEP.SEND:
      return [{ kind: "socket", action: "send" }];
    case STEP.DELIVER:
      return [
        { kind: "socket", action: "deliver" },
        { kind: "end", result: "delivered", reason: "", meaning: "a program's socket took it" },
      ];
    case STEP.DEVICE_IN:
      return [{ kind: "device", action: "in" }];
    case STEP.DEVICE_OUT:
      return [{ kind: "device", action: "out" }];
    case STEP.LINK:
      return [{ kind: "link", delay: step.a, bytes: step.b }];
    case STEP.BRIDGE_LEARN:
      return [{ kind: "bridge", action: "learn", port: device(step.a) }];
    case STEP.BRIDGE_FORWARD:
      return [{ kind: "bridge", action: "forward", port: device(step.a) }];
    case STEP.BRIDGE_FLOOD:
      return [{ kind: "bridge", action: "flood", copies: step.a }];
    case STEP.BRIDGE_UP:
      return [{ kind: "bridge", action: "up" }];
    case STEP.ROUTE:
    case STEP.ROUTE_LOCAL:
    case STEP.NO_ROUTE:
      return [routeStep(s, step)];
    case STEP.NEIGHBOUR:
      return [{ kind: "neighbour", state: "known", address: address(step.a), mac: formatMac(s.snapshots!.c.macDst[step.snap]!) }];
    case STEP.NEIGHBOUR_WAIT:
      return [{ kind: "neighbour", state: "waiting", address: address(step.a) }];
    case STEP.NEIGHBOUR_FAILED:
      return [{ kind: "neighbour", state: "failed", address: address(step.a) }];
    case STEP.HOOK:
      memory.hook = step.a;
      return [];
    case STEP.CHAIN_ENTER:
    case STEP.CHAIN_RETURN:
    case STEP.CHAIN_POLICY:
    case STEP.RULE:
      return chainSteps(s, step, memory);
    case STEP.MARK:
      return [{ kind: "rewrite", field: "mark", before: `0x${(step.b >>> 0).toString(16)}`, after: `0x${(step.a >>> 0).toString(16)}` }];
    case STEP.CT_NEW:
    case STEP.CT_HIT:
    case STEP.CT_CONFIRM:
      return [flowStep(s, step)];
    case STEP.CT_INVALID:
      return [{ kind: "conntrack", event: "invalid", state: "INVALID" }];
    case STEP.CT_UNTRACKED:
      return [{ kind: "conntrack", event: "untracked", state: "UNTRACKED" }];
    case STEP.NAT_SOURCE:
    case STEP.NAT_DESTINATION:
      return [rewriteStep(s, step, memory)];
    case STEP.IPVS_NEW:
    case STEP.IPVS_NO_SERVER:
      return [{ kind: "ipvs", event: step.kind === STEP.IPVS_NEW ? "new" : "no-server", scheduler: SCHEDULERS[step.b]!, ...withCause(s, step.a) }];
    case STEP.IPVS_HIT:
      return [{ kind: "ipvs", event: "found", ...withCause(s, step.a) }];
    case STEP.ENCAP:
      return [{ kind: "tunnel", action: "encapsulate", ...tunnelOf(step.a), remote: address(step.b) }];
    case STEP.DECAP:
      return [{ kind: "tunnel", action: "decapsulate", ...tunnelOf(step.a) }];
    case STEP.TTL:
      return [{ kind: "ttl", ttl: step.a }];
    case STEP.FRAGMENT:
    case STEP.REASSEMBLE:
      return [{ kind: "fragment", pieces: step.a }];
    case STEP.ICMP_ERROR:
      return [{ kind: "answer", what: "icmp-error", type: step.a, code: step.b }];
    case STEP.TCP_RESET:
      return [{ kind: "answer", what: "tcp-reset" }];
    case STEP.CONSUMED:
      return [{ kind: "end", result: "consumed", reason: "", meaning: "the kernel took it itself" }];
    case STEP.DROP: {
      const reason = DROP_REASONS[step.a];
      return [{ kind: "end", result: "dropped", reason: reason?.word ?? String(step.a), meaning: reason?.meaning ?? "" }];
    }
    default:
      return [];
  }
}

function routeStep(s: Stack, step: TraceStep): WalkStep {
  const route = routeOfId(s, step.a);
  const result = step.kind === STEP.ROUTE ? "forward" : step.kind === STEP.ROUTE_LOCAL ? "local" : "none";
  if (route === undefined) return { kind: "route", result, route: result === "none" ? "no route" : "broadcast" };
  return { kind: "route", result, route: routeText(s, route), ...(step.b !== 0 ? { via: s.book.text(step.b) } : {}), ...withCause(s, route.cause) };
}

function chainSteps(s: Stack, step: TraceStep, memory: DecodeMemory): WalkStep[] {
  const place = s.nf.places.get(step.a);
  if (place === undefined) return [];
  const event = step.kind === STEP.RULE ? "rule" : step.kind === STEP.CHAIN_ENTER ? "enter" : step.kind === STEP.CHAIN_RETURN ? "return" : "policy";
  const cause = causeView(s, place.cause);
  const chain: WalkStep = {
    kind: "chain",
    event,
    hook: BASE_CHAINS[memory.hook]!,
    table: TABLE_NAMES[place.table]!,
    chain: place.chain,
    rule: place.number,
    text: place.text,
    ...(cause === undefined ? {} : { cause }),
  };
  if (event !== "rule" || cause === undefined || !cause.object.includes("NetworkPolicy ")) return [chain];
  const { object, path, file, line } = cause;
  return [chain, { kind: "policy", policy: object, path, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }), text: place.text }];
}

function flowStep(s: Stack, step: TraceStep): WalkStep {
  const event = step.kind === STEP.CT_NEW ? "new" : step.kind === STEP.CT_HIT ? "found" : "confirmed";
  const flow = flowOfRow(s, step.a);
  const text = (t: { readonly src: string; readonly dst: string; readonly sport: number; readonly dport: number }): string => {
    const ports = flow.protoNumber === 6 || flow.protoNumber === 17 || flow.protoNumber === 132;
    return `${endpointText(t.src, ports ? t.sport : 0)} > ${endpointText(t.dst, ports ? t.dport : 0)}`;
  };
  const state = step.kind === STEP.CT_NEW ? "NEW" : step.kind === STEP.CT_HIT ? STATE_WORDS[step.b] : undefined;
  return { kind: "conntrack", event, ...(state === undefined ? {} : { state }), original: text(flow.original), reply: text(flow.reply) };
}

function rewriteStep(s: Stack, step: TraceStep, memory: DecodeMemory): WalkStep {
  const c = s.snapshots!.c;
  const source = step.kind === STEP.NAT_SOURCE;
  const show = (snap: number): string => endpointText(s.book.text(source ? c.src[snap]! : c.dst[snap]!), portOf(s, snap, source));
  return { kind: "rewrite", field: source ? "source" : "destination", before: memory.before === 0 ? "" : show(memory.before), after: show(step.snap) };
}

function portOf(s: Stack, snap: number, source: boolean): number {
  const c = s.snapshots!.c;
  const proto = c.proto[snap]!;
  return proto === 6 || proto === 17 || proto === 132 ? (source ? c.sport[snap]! : c.dport[snap]!) : 0;
}
