/**
 * NAT: which tuple a new connection is to have, and the rewriting of its packets.
 *
 * Read first: net/netfilter/nf_nat_core.c (nf_nat_setup_info, get_unique_tuple, nf_nat_inet_fn) and nf_nat_proto.c
 * (nf_nat_manip_pkt, nf_nat_icmp_reply_translation). The nat table is asked once for each kind of rewriting; all that
 * follows comes from the flow's two tuples. Chance (ports on collision, --random-fully) comes from a stream of the machine.
 */
import { DROP, PROTO } from "../../base/codes.js";
import { mix32 } from "../../base/hash.js";
import { STEP } from "../../trace/kinds.js";
import { staleChecksum } from "../dev/frame.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { invertTuple, killFlow, type Tuple } from "./conntrack.js";
import { NATF, type NatRange, type WalkNat } from "./conntrack-seam.js";
import { CTINFO, CTS, directionOf } from "./conntrack-table.js";
import { wayChanged } from "./masquerade.js";

/** NF_NAT_MAX_ATTEMPTS */
const MOST_TRIES = 128;
const FEWEST_TRIES = 16;
const ICMP_REDIRECT = 5;

const makeTuple = (): Tuple => ({ src: 0, dst: 0, sport: 0, dport: 0, proto: 0 });
/** Scratch: no packet makes an object. `current` and `wanted` are natSetup's, `asked` is isTaken's, `other` is of rewriting. */
const current = makeTuple(), wanted = makeTuple(), asked = makeTuple(), other = makeTuple();

const SOURCE = 0, DESTINATION = 1;

/** HOOK2MANIP: sources are rewritten where packets leave for a device or a socket. */
function manipOf(hook: number): number {
  return hook === HOOK.postrouting || hook === HOOK.input ? SOURCE : DESTINATION;
}

function copyTuple(from: Tuple, to: Tuple): void {
  to.src = from.src;
  to.dst = from.dst;
  to.sport = from.sport;
  to.dport = from.dport;
  to.proto = from.proto;
}

function readTuple(s: Stack, row: number, dir: number, to: Tuple): void {
  to.src = s.ct.src(row, dir);
  to.dst = s.ct.dst(row, dir);
  to.sport = s.ct.sport(row, dir);
  to.dport = s.ct.dport(row, dir);
  to.proto = s.ct.proto(row);
}

/** nf_nat_used_tuple: whether another flow's replies would be taken for this one's. */
function isTaken(s: Stack, row: number, t: Tuple): boolean {
  copyTuple(t, asked);
  invertTuple(asked);
  const node = s.ct.find(s.ct.ns(row), asked.src, asked.dst, asked.sport, asked.dport, asked.proto, s.ct.zoneOf(row, 1));
  if (node === 0 || node >> 1 === row) return false;
  return s.ct.t.c.timeout[node >> 1]! > s.engine.now;
}

function addressInRange(s: Stack, addr: number, range: NatRange): boolean {
  if ((range.flags & NATF.mapIps) === 0) return true;
  return s.book.compare(addr, range.minAddr) >= 0 && s.book.compare(addr, range.maxAddr) <= 0;
}

/** Whether a tuple has an identifier in place of two ports; it stands at the source of both directions. */
function isEcho(t: Tuple): boolean {
  return t.proto === PROTO.ICMP || t.proto === PROTO.ICMP6;
}

function portInRange(t: Tuple, manip: number, range: NatRange): boolean {
  if ((range.flags & NATF.ports) === 0) return true;
  const port = isEcho(t) || manip === SOURCE ? t.sport : t.dport;
  return port >= range.minPort && port <= range.maxPort;
}

/** find_best_ips_proto: one address of the range, always the same one for a host (and its peer, unless persistent). */
function chooseAddress(s: Stack, t: Tuple, manip: number, range: NatRange): void {
  if ((range.flags & NATF.mapIps) === 0) return;
  let addr = range.minAddr;
  if (range.minAddr !== range.maxAddr) {
    const w = s.book.words;
    const last = s.book.is4(range.minAddr) ? 0 : 3;
    const low = w[range.minAddr * 4 + last]! >>> 0;
    const count = ((w[range.maxAddr * 4 + last]! >>> 0) - low + 1) >>> 0;
    const peer = (range.flags & NATF.persistent) !== 0 ? 0 : w[t.dst * 4 + last]!;
    const word = low + scale(mix32(w[t.src * 4 + last]!, peer) >>> 0, count);
    addr = last === 0 ? s.book.v4(word | 0) : s.book.v6(w[range.minAddr * 4]!, w[range.minAddr * 4 + 1]!, w[range.minAddr * 4 + 2]!, word | 0);
  }
  if (manip === SOURCE) t.src = addr;
  else t.dst = addr;
}

/** hash * count / 2^32, as reciprocal_scale does. */
function scale(hash: number, count: number): number {
  return Math.floor((hash * count) / 4294967296);
}

/** The stream that a machine's NAT draws ports from. */
function draw16(s: Stack, row: number): number {
  const ns = s.ct.ns(row);
  return s.streams.below(s.streams.stream(`${s.ns.c.node[ns]}/${s.nsInfo.get(ns)!.name}/nat`), 65536);
}

function setKey(t: Tuple, manip: number, value: number): void {
  if (isEcho(t) || manip === SOURCE) t.sport = value;
  else t.dport = value;
}

/** nf_nat_l4proto_unique_tuple: a free port, from where the kernel begins to look. */
function uniquePort(s: Stack, row: number, t: Tuple, manip: number, range: NatRange): void {
  const icmp = isEcho(t);
  if (!icmp && t.proto !== PROTO.TCP && t.proto !== PROTO.UDP && t.proto !== PROTO.SCTP) return;
  const port = icmp || manip === SOURCE ? t.sport : t.dport;
  let low: number;
  let size: number;
  if ((range.flags & NATF.ports) !== 0) {
    low = range.minPort;
    size = Math.max(1, range.maxPort - range.minPort + 1);
  } else if (icmp) {
    low = 0;
    size = 65536;
  } else {
    if (manip === DESTINATION) return;
    low = port >= 1024 ? 1024 : port < 512 ? 1 : 600;
    size = port >= 1024 ? 65536 - 1024 : port < 512 ? 511 : 1023 - 600 + 1;
  }
  const random = (range.flags & (NATF.random | NATF.randomFully)) !== 0;
  let offset = (range.flags & NATF.portOffset) !== 0 ? port - range.minPort : random || manip === SOURCE ? draw16(s, row) : 0;
  for (let tries = Math.min(size, MOST_TRIES); ; tries = tries >> 1) {
    for (let i = 0; i < tries; i++, offset++) {
      setKey(t, manip, low + (offset % size));
      if (!isTaken(s, row, t)) return;
    }
    if (tries >= size || tries < FEWEST_TRIES) return;
    offset = draw16(s, row);
  }
}

/** find_appropriate_src: a flow of the same source that is translated already gives its translation again. */
function sameSource(s: Stack, row: number, t: Tuple, range: NatRange): boolean {
  const c = s.ct.t.c;
  for (let other = 1; other < s.ct.t.top; other++) {
    if (s.ct.t.live[other] !== 1 || other === row || (c.status[other]! & (CTS.confirmed | CTS.dying | CTS.srcNat)) !== (CTS.confirmed | CTS.srcNat)) continue;
    if (s.ct.ns(other) !== s.ct.ns(row) || s.ct.proto(other) !== t.proto || s.ct.src(other, 0) !== t.src || s.ct.sport(other, 0) !== t.sport) continue;
    const found = { ...t, src: s.ct.dst(other, 1), sport: isEcho(t) ? s.ct.sport(other, 1) : s.ct.dport(other, 1) };
    if (!addressInRange(s, found.src, range) || !portInRange(found, SOURCE, range) || isTaken(s, row, found)) continue;
    t.src = found.src;
    t.sport = found.sport;
    return true;
  }
  return false;
}

/** get_unique_tuple, on `t` in place. */
function uniqueTuple(s: Stack, row: number, t: Tuple, range: NatRange, manip: number): void {
  const random = (range.flags & (NATF.random | NATF.randomFully)) !== 0;
  if (manip === SOURCE && !random) {
    if (addressInRange(s, t.src, range) && portInRange(t, manip, range) && !isTaken(s, row, t)) return;
    if (sameSource(s, row, t, range)) return;
  }
  chooseAddress(s, t, manip, range);
  if (!random) {
    if ((range.flags & NATF.ports) !== 0) {
      if ((range.flags & NATF.portOffset) === 0 && portInRange(t, manip, range) && (range.minPort === range.maxPort || !isTaken(s, row, t))) return;
    } else if (!isTaken(s, row, t)) return;
  }
  uniquePort(s, row, t, manip, range);
}

/** nf_nat_setup_info: decides one kind of rewriting for a new flow. A verdict NF.*. */
export function natSetup(s: Stack, p: number, range: NatRange, manipWord: "src" | "dst"): number {
  const row = s.packets.c.ct[p]!;
  if (row === 0) return NF.accept;
  const c = s.ct.t.c;
  if ((c.status[row]! & CTS.confirmed) !== 0) return NF.accept;
  const manip = manipWord === "src" ? SOURCE : DESTINATION;
  // What the flow's packets look like now: the inverse of its reply tuple.
  readTuple(s, row, 1, current);
  invertTuple(current);
  copyTuple(current, wanted);
  uniqueTuple(s, row, wanted, range, manip);
  if (wanted.src !== current.src || wanted.dst !== current.dst || wanted.sport !== current.sport || wanted.dport !== current.dport) {
    invertTuple(wanted);
    s.ct.setTuple(row, 1, wanted.src, wanted.dst, wanted.sport, wanted.dport);
    c.status[row] = c.status[row]! | (manip === SOURCE ? CTS.srcNat : CTS.dstNat);
  }
  c.status[row] = c.status[row]! | (manip === SOURCE ? CTS.srcNatDone : CTS.dstNatDone);
  return NF.accept;
}

/** nf_nat_alloc_null_binding: the flow keeps its address; only a port that another flow uses is changed. */
function keepAddress(s: Stack, p: number, hook: number): number {
  const row = s.packets.c.ct[p]!;
  const source = manipOf(hook) === SOURCE;
  const addr = source ? s.ct.dst(row, 1) : s.ct.src(row, 1);
  return natSetup(s, p, { minAddr: addr, maxAddr: addr, minPort: 0, maxPort: 0, flags: NATF.mapIps }, source ? "src" : "dst");
}

/** nf_nat_inet_fn at one hook. A verdict NF.*. */
export function natHook(s: Stack, p: number, ns: number, hook: number, inDev: number, outDev: number, walkNat: WalkNat): number {
  const c = s.packets.c;
  const row = c.ct[p]!;
  if (row === 0) return NF.accept;
  const info = c.ctInfo[p]!;
  if (info === CTINFO.related || info === CTINFO.relatedReply) {
    if (c.proto[p] === PROTO.ICMP || c.proto[p] === PROTO.ICMP6) return translateError(s, p, ns, row, hook) ? NF.accept : dropped(s, p, ns, inDev);
  }
  const manip = manipOf(hook);
  if (info === CTINFO.new || info === CTINFO.related || info === CTINFO.relatedReply) {
    const done = manip === SOURCE ? CTS.srcNatDone : CTS.dstNatDone;
    if ((s.ct.t.c.status[row]! & done) === 0 && (s.ct.t.c.status[row]! & CTS.confirmed) === 0) {
      const verdict = walkNat(p, ns, hook, inDev, outDev);
      if (verdict !== NF.accept) return verdict;
      if ((s.ct.t.c.status[row]! & done) === 0) keepAddress(s, p, hook);
    } else if (leavesElsewhere(s, row, hook, info, outDev)) return dropped(s, p, ns, inDev);
  } else if (leavesElsewhere(s, row, hook, info, outDev)) return dropped(s, p, ns, inDev);
  rewrite(s, p, ns, row, manip, directionOf(info));
  return NF.accept;
}

/** nf_nat_oif_changed: a masqueraded flow whose way out has changed ends here. */
function leavesElsewhere(s: Stack, row: number, hook: number, info: number, outDev: number): boolean {
  if (hook !== HOOK.postrouting || s.ct.t.c.masquerade[row] === 0 || directionOf(info) !== 0 || !wayChanged(s, row, outDev)) return false;
  killFlow(s, row);
  return true;
}

function dropped(s: Stack, p: number, ns: number, dev: number): number {
  s.op.drop(p, ns, dev, DROP.NETFILTER_DROP);
  return NF.drop;
}

/** Whether a flow's packets of this direction are rewritten at the hooks of this kind. */
function isRewritten(status: number, manip: number, dir: number): boolean {
  let bit: number = manip === SOURCE ? CTS.srcNat : CTS.dstNat;
  if (dir === 1) bit ^= CTS.natMask;
  return (status & bit) !== 0;
}

/** nf_nat_packet: the tuple of the other direction, turned round, is what this packet must look like. */
function rewrite(s: Stack, p: number, ns: number, row: number, manip: number, dir: number): void {
  if (!isRewritten(s.ct.t.c.status[row]!, manip, dir)) return;
  readTuple(s, row, 1 - dir, other);
  invertTuple(other);
  apply(s, p, ns, other, manip);
}

function apply(s: Stack, p: number, ns: number, t: Tuple, manip: number): void {
  const c = s.packets.c;
  const icmp = c.proto[p] === PROTO.ICMP || c.proto[p] === PROTO.ICMP6;
  if (manip === SOURCE) c.src[p] = t.src;
  else c.dst[p] = t.dst;
  if (icmp) {
    if (c.inner[p] === 0) c.sport[p] = t.sport;
  } else if (manip === SOURCE) c.sport[p] = t.sport;
  else c.dport[p] = t.dport;
  if (c.proto[p] === PROTO.UDP && c.inner[p] !== 0) staleChecksum(s, p);
  if (s.trace !== null) traceStep(s, manip === SOURCE ? STEP.NAT_SOURCE : STEP.NAT_DESTINATION, p, ns, c.iif[p]!, manip === SOURCE ? t.src : t.dst, manip === SOURCE ? c.sport[p]! : c.dport[p]!);
}

/** nf_nat_icmp_reply_translation: the error's own addresses and the packet it quotes. False: it must not pass. */
function translateError(s: Stack, p: number, ns: number, row: number, hook: number): boolean {
  const c = s.packets.c;
  const status = s.ct.t.c.status[row]!;
  if (c.icmpType[p] === ICMP_REDIRECT && c.proto[p] === PROTO.ICMP) {
    if ((status & CTS.natDoneMask) !== CTS.natDoneMask || (status & CTS.natMask) !== 0) return false;
  }
  const manip = manipOf(hook);
  const dir = directionOf(c.ctInfo[p]!);
  if (!isRewritten(status, manip, dir)) return true;
  readTuple(s, row, 1 - dir, other);
  const quoted = c.inner[p]!;
  if (manip === SOURCE) {
    c.dst[quoted] = other.dst;
    setQuotedPort(s, quoted, other, DESTINATION);
  } else {
    c.src[quoted] = other.src;
    setQuotedPort(s, quoted, other, SOURCE);
  }
  invertTuple(other);
  if (manip === SOURCE) c.src[p] = other.src;
  else c.dst[p] = other.dst;
  if (s.trace !== null) traceStep(s, manip === SOURCE ? STEP.NAT_SOURCE : STEP.NAT_DESTINATION, p, ns, c.iif[p]!, manip === SOURCE ? other.src : other.dst, 0);
  return true;
}

function setQuotedPort(s: Stack, quoted: number, t: Tuple, manip: number): void {
  const c = s.packets.c;
  if (c.proto[quoted] === PROTO.ICMP || c.proto[quoted] === PROTO.ICMP6) c.sport[quoted] = t.sport;
  else if (manip === SOURCE) c.sport[quoted] = t.sport;
  else c.dport[quoted] = t.dport;
}
