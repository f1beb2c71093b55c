/**
 * Fragments: cutting a packet that is too long, and putting the pieces together again.
 *
 * RFC 791 3.2, RFC 8200 4.5; kernel: ip_do_fragment (net/ipv4/ip_output.c), ip_fragment.c, ip6_fragment, reassembly.c. A piece is a packet record whose payload is a
 * slice of the original's, so nothing is copied; only pieces that came as bytes from outside are joined byte by byte.
 */
import { DROP, ETHERTYPE, PROTO } from "../base/codes.js";
import { SECOND } from "../base/time.js";
import { CSUM, IP_FLAG } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { fillInner } from "./dev/frame.js";
import { ICMP } from "./icmp-codes.js";
import { ICMP6 } from "./icmp6-codes.js";
import { DEV, EV, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

const IP_HEADER = 20;
/** IPv6 and its fragment header. */
const IP6_HEADERS = 48;
/** Bits of a namespace's `tracking`: connections of IPv4 and of IPv6 are tracked. */
const TRACKING_IP = 1;
const TRACKING_IP6 = 2;
/** net.ipv4.ipfrag_time */
const REASSEMBLY_TIME: number = 30 * SECOND;
/** net.ipv6.ip6frag_time */
const REASSEMBLY_TIME6: number = 60 * SECOND;

/** What stands in front of the data in each piece, and in the whole. */
function headerOfPiece(s: Stack, p: number): number {
  return s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? IP6_HEADERS : IP_HEADER;
}

function headerOfWhole(s: Stack, p: number): number {
  return s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? IP6_HEADERS - 8 : IP_HEADER;
}

/** Bytes of the transport header that stand in front of the payload in the first piece. */
function transportHeader(s: Stack, p: number): number {
  const c = s.packets.c;
  if (c.proto[p] === PROTO.TCP) return 20 + c.optLen[p]!;
  return c.proto[p] === PROTO.UDP || c.proto[p] === PROTO.ICMP || c.proto[p] === PROTO.ICMP6 ? 8 : 0;
}

/** Whether `p` is a piece of a packet and not a whole one. */
export function isFragment(s: Stack, p: number): boolean {
  return (s.packets.c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) !== 0;
}

/** ip_append_data: a program's packet is cut when it is made, for the route it has then. */
export function layPieces(s: Stack, p: number, mtu: number): void {
  const front = headerOfPiece(s, p);
  const total = s.packets.c.ipLen[p]! - headerOfWhole(s, p);
  s.packets.c.pieces[p] = putLengths(s, evenLengths(total, Math.max(8, (mtu - front) & ~7)).map((size) => size + front));
}

function evenLengths(total: number, step: number): number[] {
  return Array.from({ length: Math.ceil(total / step) }, (_, n) => Math.min(step, total - n * step));
}

function putLengths(s: Stack, lengths: readonly number[]): number {
  return s.payloads.put(Uint8Array.from(lengths.flatMap((length) => [length >> 8, length & 255])));
}

/** Data bytes of the pieces that `p` was made of, if they fit in front of `dev`: tunnels want more room before a piece than it has. */
function oldLengths(s: Stack, p: number, mtu: number, dev: number): number[] | null {
  const c = s.packets.c;
  const kind = s.dev.c.kind[dev]!;
  if (c.pieces[p] === 0 || c.frag[p] !== 0 || kind === DEV.vxlan || kind === DEV.ipip) return null;
  const bytes = s.payloads.bytes(c.pieces[p]!);
  const front = headerOfPiece(s, p);
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += 2) lengths.push(((bytes[at]! << 8) | bytes[at + 1]!) - front);
  const last = lengths.length - 1;
  return lengths.every((length, n) => length + front <= mtu && (n === last || length % 8 === 0)) ? lengths : null;
}

/** ip_do_fragment: the pieces of `p`, which is used up, on their way out of `dev`, in order: those it was made of, else each but the last as long as `mtu` and eights of bytes allow. */
export function splitPacket(s: Stack, p: number, mtu: number, dev: number): number[] {
  const whole = s.packets.c;
  const base = whole.frag[p]! & IP_FLAG.OFFSET;
  const more = whole.frag[p]! & IP_FLAG.MF;
  const header = base === 0 ? transportHeader(s, p) : 0;
  const front = headerOfPiece(s, p);
  const total = whole.ipLen[p]! - headerOfWhole(s, p);
  const lengths = oldLengths(s, p, mtu, dev) ?? evenLengths(total, Math.max(8, (mtu - front) & ~7));
  const pieces: number[] = [];
  fillInner(s, p);
  let at = 0;
  for (const size of lengths) {
    const piece = s.packets.clone(p);
    const c = s.packets.c;
    c.frag[piece] = (base + at / 8) | (at + size < total ? IP_FLAG.MF : more);
    c.ipLen[piece] = front + size;
    c.fragMax[piece] = 0;
    c.pieces[piece] = 0;
    c.payOff[piece] = c.payOff[p]! + Math.max(0, at - header);
    c.payLen[piece] = at === 0 ? Math.max(0, size - header) : size;
    if (c.l4Len[piece] === 0) c.l4Len[piece] = total;
    pieces.push(piece);
    at += size;
  }
  if (s.trace !== null) traceStep(s, STEP.FRAGMENT, p, s.dev.c.ns[dev]!, dev, pieces.length, 0);
  s.packets.release(p);
  return pieces;
}

/** nf_ct_ipv4_defrag, ipv6_defrag: where connections are tracked, PREROUTING meets whole packets. 0: the piece waits for the others. */
export function gatherForTracking(s: Stack, p: number, ns: number): number {
  const bit = s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? TRACKING_IP6 : TRACKING_IP;
  return (s.ns.c.tracking[ns]! & bit) !== 0 && isFragment(s, p) ? gatherFragment(s, p, ns) : p;
}

const keyOf = (s: Stack, p: number, ns: number): string => {
  const c = s.packets.c;
  return `${ns}/${c.src[p]}/${c.dst[p]}/${c.proto[p]}/${c.ipId[p]}`;
};

/** ip_defrag: takes a piece; gives back the whole packet once the last one is there, else 0. */
export function gatherFragment(s: Stack, p: number, ns: number): number {
  const key = keyOf(s, p, ns);
  const known = s.frag.queues.get(key);
  const id = known?.id ?? s.frag.next++;
  if (known === undefined) s.engine.schedule(s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? REASSEMBLY_TIME6 : REASSEMBLY_TIME, EV.fragments, ns, id);
  const pieces = [...(known?.pieces ?? []), p];
  const c = s.packets.c;
  const front = headerOfPiece(s, p);
  const offset = (row: number): number => (c.frag[row]! & IP_FLAG.OFFSET) * 8;
  const ordered = [...pieces].sort((a, b) => offset(a) - offset(b));
  let end = 0;
  for (const row of ordered) {
    if (offset(row) !== end) break;
    end += c.ipLen[row]! - front;
    if ((c.frag[row]! & IP_FLAG.MF) === 0) {
      s.frag.queues.delete(key);
      return join(s, ordered, end, ns);
    }
  }
  s.frag.queues.set(key, { id, ns, pieces });
  return 0;
}

/** The first piece, grown to the whole; the others are released. */
function join(s: Stack, ordered: readonly number[], total: number, ns: number): number {
  const c = s.packets.c;
  const p = ordered[0]!;
  const slices = ordered.every((row) => c.payload[row] === c.payload[p]);
  const length = total - transportHeader(s, p);
  if (slices && c.payload[p] !== 0) c.payLen[p] = length;
  else joinBytes(s, ordered, p, length);
  c.fragMax[p] = ordered.reduce((most, row) => Math.max(most, c.ipLen[row]!), 0);
  c.pieces[p] = putLengths(s, ordered.map((row) => c.ipLen[row]!));
  c.ipLen[p] = headerOfWhole(s, p) + total;
  c.frag[p] = 0;
  c.l4Len[p] = 0;
  if (c.csum[p] !== CSUM.WRONG) c.csum[p] = 0;
  for (let i = 1; i < ordered.length; i++) s.packets.release(ordered[i]!);
  if (s.trace !== null) traceStep(s, STEP.REASSEMBLE, p, ns, c.iif[p]!, ordered.length, 0);
  return p;
}

function joinBytes(s: Stack, ordered: readonly number[], p: number, length: number): void {
  const c = s.packets.c;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const row of ordered) {
    const off = c.payOff[row]!;
    bytes.set(s.payloads.bytes(c.payload[row]!).subarray(off, off + c.payLen[row]!), at);
    at += c.payLen[row]!;
  }
  c.payload[p] = s.payloads.put(bytes);
  c.payOff[p] = 0;
  c.payLen[p] = length;
}

/** ip_expire: thirty seconds are over; the host tells the sender if it has seen the first piece. */
function expire(s: Stack, ns: number, id: number): void {
  for (const [key, queue] of s.frag.queues) {
    if (queue.id !== id) continue;
    s.frag.queues.delete(key);
    for (const p of queue.pieces) {
      if ((s.packets.c.frag[p]! & IP_FLAG.OFFSET) === 0) s.op.icmpError(p, ns, s.packets.c.iif[p]!, s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? ICMP6.timeExceeded : ICMP.timeExceeded, 1, 0);
      s.op.drop(p, ns, s.packets.c.iif[p]!, DROP.FRAG_REASM_TIMEOUT);
    }
    return;
  }
}

/** Fills the engine's slot of reassembly timers. */
export function installFragments(s: Stack): void {
  s.engine.on(EV.fragments, (ns, id) => expire(s, ns, id));
}
