/**
 * Connection tracking: finds or makes the connection of a packet, keeps its state, and confirms it once it leaves the host.
 *
 * Read first: net/netfilter/nf_conntrack_core.c (nf_conntrack_in, resolve_normal_ct, __nf_conntrack_confirm) and
 * nf_conntrack_proto_{icmp,udp,tcp}.c. Timed-out rows are found when they are looked for and, a few at a time, when rows
 * are made: no event is spent on them.
 */
import { PROTO } from "../../base/codes.js";
import { MS, SECOND } from "../../base/time.js";
import { CSUM, PACKET_META } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { CTINFO, CTS, directionOf } from "./conntrack-table.js";
import { TCP_VERDICT, tcpPacket } from "./conntrack-tcp.js";
import { flowTimeout } from "./conntrack-timeouts.js";

/** UDP traffic that goes on for this long makes a stream. */
const STREAM_AFTER: number = 2 * SECOND;
/** How long the row of a dead flow is kept from reuse, for packets under way in its namespace. */
const LEAVE: number = 1 * MS;
/** Rows looked at for timeouts whenever one is made. */
const SWEEP = 4;

/** The reply type of each ICMP request that may begin a flow; index is the type. */
const ICMP_PAIR: Readonly<Record<number, number>> = Object.freeze({ 8: 0, 13: 14, 15: 16, 17: 18, 0: 8, 14: 13, 16: 15, 18: 17 });
const ICMP_REQUESTS: ReadonlySet<number> = new Set([8, 13, 15, 17]);
const ICMP6_PAIR: Readonly<Record<number, number>> = Object.freeze({ 128: 129, 129: 128, 139: 140, 140: 139 });
const ICMP6_REQUESTS: ReadonlySet<number> = new Set([128, 139]);

/** A tuple to reckon with: a scratch of integers, not state. */
export interface Tuple {
  src: number;
  dst: number;
  sport: number;
  dport: number;
  proto: number;
}

/** Fills `t` with a packet's tuple; false for ICMP messages that belong to no flow. */
export function tupleOf(s: Stack, p: number, t: Tuple): boolean {
  const c = s.packets.c;
  t.src = c.src[p]!;
  t.dst = c.dst[p]!;
  t.proto = c.proto[p]!;
  if (t.proto === PROTO.ICMP || t.proto === PROTO.ICMP6) {
    const pair = t.proto === PROTO.ICMP ? ICMP_PAIR : ICMP6_PAIR;
    if (pair[c.icmpType[p]!] === undefined) return false;
    t.sport = c.sport[p]! & 0xffff;
    t.dport = (c.icmpType[p]! << 8) | c.icmpCode[p]!;
  } else {
    t.sport = c.sport[p]! & 0xffff;
    t.dport = c.dport[p]! & 0xffff;
  }
  return true;
}

/** nf_ct_invert_tuple, in place. */
export function invertTuple(t: Tuple): void {
  const { src, sport } = t;
  t.src = t.dst;
  t.dst = src;
  if (t.proto === PROTO.ICMP || t.proto === PROTO.ICMP6) {
    const pair = t.proto === PROTO.ICMP ? ICMP_PAIR : ICMP6_PAIR;
    t.dport = ((pair[t.dport >> 8] ?? 0) << 8) | (t.dport & 255);
  } else {
    t.sport = t.dport;
    t.dport = sport;
  }
}

const scratch: Tuple = { src: 0, dst: 0, sport: 0, dport: 0, proto: 0 };

/** A live node of a tuple: one whose time is over is removed and not found. */
export function findLive(s: Stack, ns: number, t: Tuple, zone: number): number {
  const node = s.ct.find(ns, t.src, t.dst, t.sport, t.dport, t.proto, zone);
  if (node !== 0 && s.ct.t.c.timeout[node >> 1]! <= s.engine.now) {
    killFlow(s, node >> 1);
    return findLive(s, ns, t, zone);
  }
  return node;
}

/** Removes a flow; packets under way may still read its row for a moment. */
export function killFlow(s: Stack, row: number): void {
  const c = s.ct.t.c;
  if ((c.status[row]! & CTS.dying) !== 0) return;
  if ((c.status[row]! & CTS.confirmed) !== 0) s.ct.unhash(row);
  c.status[row] = c.status[row]! | CTS.dying;
  s.ct.leaving.push([row, s.engine.now + LEAVE]);
}

/** Forgets every flow of a namespace that goes away. */
export function dropFlows(s: Stack, ns: number): void {
  if (s.ns.c.tracking[ns] === 0) return;
  for (let row = 1; row < s.ct.t.top; row++) if (s.ct.t.live[row] === 1 && s.ct.ns(row) === ns) killFlow(s, row);
}

/** The flow of a packet that ends before it was confirmed ends with it, and with the last of its copies. */
export function forgetFlow(s: Stack, p: number): void {
  const row = s.packets.c.ct[p]!;
  if (row === 0 || directionOf(s.packets.c.ctInfo[p]!) !== 0) return;
  const status = s.ct.t.c.status[row]!;
  if ((status & CTS.confirmed) === 0 && ((status & CTS.shared) === 0 || !isHeldByAnother(s, p, row))) killFlow(s, row);
}

function isHeldByAnother(s: Stack, p: number, row: number): boolean {
  const { live, top, c } = s.packets;
  for (let other = 1; other < top; other++) if (live[other] === 1 && other !== p && c.ct[other] === row) return true;
  return false;
}

/** skb_clone: a copy of a packet for one more device; both belong to the same flow. */
export function cloneOf(s: Stack, p: number): number {
  const row = s.packets.c.ct[p]!;
  if (row !== 0) s.ct.t.c.status[row] = s.ct.t.c.status[row]! | CTS.shared;
  return s.packets.clone(p);
}

function collect(s: Stack): void {
  const ct = s.ct;
  let done = 0;
  while (done < ct.leaving.length && ct.leaving[done]![1] < s.engine.now) ct.release(ct.leaving[done++]![0]);
  if (done > 0) ct.leaving.splice(0, done);
  const c = ct.t.c;
  for (let i = 0; i < SWEEP && ct.t.top > 1; i++) {
    if (ct.sweep >= ct.t.top) ct.sweep = 1;
    const row = ct.sweep++;
    const live = ct.t.live[row] === 1 && (c.status[row]! & (CTS.confirmed | CTS.dying)) === CTS.confirmed;
    if (live && c.timeout[row]! <= s.engine.now) killFlow(s, row);
  }
}

function newFlow(s: Stack, p: number, ns: number, t: Tuple, zone: number, zoneDir: number): number {
  const isRequest = t.proto === PROTO.ICMP ? ICMP_REQUESTS.has(t.dport >> 8) : t.proto === PROTO.ICMP6 ? ICMP6_REQUESTS.has(t.dport >> 8) : true;
  if (!isRequest) return 0;
  collect(s);
  const row = s.ct.add(ns, t.proto, zone, zoneDir);
  s.ct.setTuple(row, 0, t.src, t.dst, t.sport, t.dport);
  invertTuple(t);
  s.ct.setTuple(row, 1, t.src, t.dst, t.sport, t.dport);
  if (s.trace !== null) traceStep(s, STEP.CT_NEW, p, ns, s.packets.c.iif[p]!, row, 0);
  return row;
}

/** nf_conntrack_inet_error: an ICMP error belongs to the flow of the packet it quotes. */
function relatedError(s: Stack, p: number, ns: number, zone: number): void {
  const c = s.packets.c;
  const quoted = c.inner[p]!;
  if (quoted === 0 || !tupleOf(s, quoted, scratch)) return;
  invertTuple(scratch);
  const node = findLive(s, ns, scratch, zone);
  if (node === 0) return;
  const row = node >> 1;
  if (c.dst[p] !== s.ct.dst(row, node & 1)) return;
  c.ct[p] = row;
  c.ctInfo[p] = (node & 1) === 1 ? CTINFO.relatedReply : CTINFO.related;
  if (s.trace !== null) traceStep(s, STEP.CT_HIT, p, ns, c.iif[p]!, row, c.ctInfo[p]!);
}

function isError(proto: number, type: number): boolean {
  if (proto === PROTO.ICMP) return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
  return proto === PROTO.ICMP6 && type < 128;
}

/** Listener reports, router and neighbour discovery, which are never tracked (nf_conntrack_icmpv6_error). */
function isLinkTalk(type: number): boolean {
  return (type >= 130 && type <= 136) || type === 143;
}

/** nf_conntrack_in: sets the packet's `ct` and `ctInfo`. Zone comes from `-j CT`, kept in the high half of ctInfo until here. */
export function conntrackIn(s: Stack, p: number, ns: number): number {
  const c = s.packets.c;
  if (c.ct[p] !== 0 || c.ctInfo[p] === CTINFO.untracked) return NF.accept;
  const template = c.ctInfo[p]!;
  const zone = template >> 8;
  const zoneDir = (template >> 4) & 3;
  c.ctInfo[p] = 0;
  const fromReply = (zoneDir & 2) !== 0 ? zone : 0;
  const fromOriginal = (zoneDir & 1) !== 0 ? zone : 0;
  if (c.proto[p] === PROTO.ICMP6 && isLinkTalk(c.icmpType[p]!)) {
    c.ctInfo[p] = CTINFO.untracked;
    return NF.accept;
  }
  // net.netfilter.nf_conntrack_checksum: what came in is looked at.
  if (c.csum[p] === CSUM.WRONG && (c.meta[p]! & PACKET_META.LOCAL_OUT) === 0) {
    if (s.trace !== null) traceStep(s, STEP.CT_INVALID, p, ns, c.iif[p]!, 0, 0);
    return NF.accept;
  }
  if (isError(c.proto[p]!, c.icmpType[p]!)) {
    relatedError(s, p, ns, fromOriginal);
    return NF.accept;
  }
  for (let round = 0; round < 2; round++) {
    if (!tupleOf(s, p, scratch)) return NF.accept;
    let node = findLive(s, ns, scratch, fromOriginal);
    if (node === 0 && zone !== 0 && fromReply !== fromOriginal) node = findLive(s, ns, scratch, fromReply);
    let row = node >> 1;
    if (node === 0) {
      row = newFlow(s, p, ns, scratch, zone, zoneDir === 0 ? 3 : zoneDir);
      if (row === 0) return NF.accept;
    }
    const status = s.ct.t.c.status[row]!;
    const dir = node & 1;
    const info = dir === 1 ? CTINFO.establishedReply : (status & CTS.seenReply) !== 0 ? CTINFO.established : (status & CTS.expected) !== 0 ? CTINFO.related : CTINFO.new;
    const verdict = track(s, p, row, dir as 0 | 1);
    if (verdict === TCP_VERDICT.repeat) {
      killFlow(s, row);
      continue;
    }
    if (verdict === TCP_VERDICT.invalid) {
      if (node === 0) killFlow(s, row);
      if (s.trace !== null) traceStep(s, STEP.CT_INVALID, p, ns, c.iif[p]!, 0, 0);
      return NF.accept;
    }
    c.ct[p] = row;
    c.ctInfo[p] = info;
    if (dir === 1) s.ct.t.c.status[row] = s.ct.t.c.status[row]! | CTS.seenReply;
    if (s.trace !== null && node !== 0) traceStep(s, STEP.CT_HIT, p, ns, c.iif[p]!, row, info);
    return NF.accept;
  }
  return NF.accept;
}

/** The protocol's own part: state and timeout. */
function track(s: Stack, p: number, row: number, dir: 0 | 1): number {
  const proto = s.packets.c.proto[p]!;
  if (proto === PROTO.TCP) return tcpPacket(s, p, row, dir);
  const c = s.ct.t.c;
  if (proto === PROTO.UDP) {
    const confirmed = (c.status[row]! & CTS.confirmed) !== 0;
    if (!confirmed) s.ct.setStreamAt(row, s.engine.now + STREAM_AFTER);
    if ((c.status[row]! & CTS.seenReply) !== 0 && s.engine.now > s.ct.streamAt(row)) {
      c.status[row] = c.status[row]! | CTS.assured;
      refreshFlow(s, row, flowTimeout(s, s.ct.ns(row), "udp_timeout_stream"));
    } else refreshFlow(s, row, flowTimeout(s, s.ct.ns(row), "udp_timeout"));
    return TCP_VERDICT.accept;
  }
  const word = proto === PROTO.ICMP ? "icmp_timeout" : proto === PROTO.ICMP6 ? "icmpv6_timeout" : "generic_timeout";
  refreshFlow(s, row, flowTimeout(s, s.ct.ns(row), word));
  return TCP_VERDICT.accept;
}

/** nf_ct_refresh: how much longer the flow lives, in ns. */
export function refreshFlow(s: Stack, row: number, life: number): void {
  const c = s.ct.t.c;
  c.timeout[row] = (c.status[row]! & CTS.confirmed) !== 0 ? s.engine.now + life : life;
}

/** __nf_conntrack_confirm: the first packet has got through; from now on the flow is found. */
export function conntrackConfirm(s: Stack, p: number, ns: number): number {
  const row = s.packets.c.ct[p]!;
  if (row === 0) return NF.accept;
  const c = s.ct.t.c;
  if ((c.status[row]! & (CTS.confirmed | CTS.dying)) !== 0 || directionOf(s.packets.c.ctInfo[p]!) === 1) return NF.accept;
  let taken = false;
  for (let dir = 0; dir < 2 && !taken; dir++) taken = s.ct.find(ns, s.ct.src(row, dir), s.ct.dst(row, dir), s.ct.sport(row, dir), s.ct.dport(row, dir), s.ct.proto(row), s.ct.zoneOf(row, dir)) !== 0;
  if (taken) {
    killFlow(s, row);
    return NF.drop;
  }
  c.timeout[row] = s.engine.now + c.timeout[row]!;
  // In this order: growing the hash hangs every confirmed row anew, and a row must not hang twice.
  s.ct.insert(row);
  c.status[row] = c.status[row]! | CTS.confirmed;
  if (s.trace !== null) traceStep(s, STEP.CT_CONFIRM, p, ns, s.packets.c.iif[p]!, row, 0);
  return NF.accept;
}
