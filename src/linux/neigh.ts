/**
 * Neighbours: the MAC of the next hop, asked for, believed, doubted and forgotten.
 *
 * Kernel: net/core/neighbour.c (neigh_resolve_output, __neigh_event_send, neigh_timer_handler, neigh_update); the states are
 * RFC 4861 section 7.3.2, used for ARP as well.
 */
import type { Addr } from "../base/address-book.js";
import { DROP, ETHERTYPE } from "../base/codes.js";
import { BROADCAST_MAC } from "../base/mac.js";
import { SECOND } from "../base/time.js";
import { STEP } from "../trace/kinds.js";
import { solicitArp } from "./arp-send.js";
import { carriesIp, devicePlace } from "./device.js";
import { ICMP } from "./icmp-codes.js";
import { ICMP6 } from "./icmp6-codes.js";
import { solicitNeighbour } from "./ndisc-send.js";
import { NUD } from "./neigh-table.js";
import { DEV, EV, type Stack } from "./stack.js";
import { wheelDelay } from "./timer-wheel.js";
import { traceStep } from "./trace-step.js";

/** net.ipv4.neigh.default.*, the kernel's defaults. */
const BASE_REACHABLE = 30 * SECOND;
const REACHABLE_REDRAWN = 300 * SECOND;
const DELAY_FIRST_PROBE = 5 * SECOND;
const RETRANS = 1 * SECOND;
const UCAST_PROBES = 3;
const MCAST_PROBES = 3;
const UNRES_QLEN_BYTES = 212992;
const LOCKTIME = 1 * SECOND;

/**
 * What a forwarded packet weighs in a queue (skb->truesize): the allocator's steps, as counted on Linux 6.18, where 159, 104
 * and 92 packets of these lengths found room.
 */
function truesize(ipLen: number): number {
  if (ipLen <= 200) return 1336;
  if (ipLen <= 640) return 2048;
  let data = 2048;
  while (data < ipLen + 334) data *= 2;
  return 256 + data;
}

/** Drawn anew every 300 s for each device: half to one and a half times 30 s. */
function reachableTime(s: Stack, dev: number): number {
  const c = s.dev.c;
  const { now } = s.engine;
  if (c.reachable[dev] === 0 || now - c.reachableDrawn[dev]! > REACHABLE_REDRAWN) {
    const stream = s.streams.stream(`${devicePlace(s, dev)}/neigh`);
    c.reachable[dev] = BASE_REACHABLE / 2 + Math.floor(s.streams.float(stream) * BASE_REACHABLE);
    c.reachableDrawn[dev] = now;
  }
  return c.reachable[dev]!;
}

function setTimer(s: Stack, row: number, delay: number): void {
  stopTimer(s, row);
  s.neigh.rows.c.timer[row] = s.engine.schedule(delay <= 0 ? 0 : wheelDelay(s.engine.now, delay), EV.neighbour, row, 0);
}

function stopTimer(s: Stack, row: number): void {
  const c = s.neigh.rows.c;
  if (c.timer[row] !== 0) s.engine.cancel(c.timer[row]!);
  c.timer[row] = 0;
}

/** The entry of a next hop, made if there is none (neigh_create, arp_constructor). */
export function neighbourOf(s: Stack, dev: number, addr: Addr): number {
  const known = s.neigh.find(dev, addr);
  if (known !== 0) return known;
  const row = s.neigh.add(dev, addr);
  const c = s.neigh.rows.c;
  c.updated[row] = s.engine.now;
  c.used[row] = s.engine.now;
  c.confirmed[row] = s.engine.now - 2 * BASE_REACHABLE;
  const mac = fixedMac(s, dev, addr);
  if (mac >= 0) {
    c.mac[row] = mac;
    c.state[row] = NUD.noarp;
  }
  return row;
}

/** MAC of an address that nobody need ask for (groups, broadcast, devices without ARP), -1 for all others. */
function fixedMac(s: Stack, dev: number, addr: Addr): number {
  const kind = s.dev.c.kind[dev]!;
  const { words } = s.book;
  const at = addr * 4;
  if (s.book.family[addr] === 6) {
    if (words[at]! >>> 24 === 0xff) return 0x333300000000 + (words[at + 3]! >>> 0);
  } else {
    const word = words[at]!;
    if (word >>> 28 === 14) return 0x01005e000000 + (word & 0x7fffff);
    if (word === -1) return BROADCAST_MAC;
    for (const own of s.devInfo.get(dev)!.addresses) {
      if (s.book.family[own.addr] !== 4 || own.prefix > 30) continue;
      const host = own.prefix === 0 ? -1 : (1 << (32 - own.prefix)) - 1;
      if (((words[own.addr * 4]! ^ word) & ~host) === 0 && (word & host) === host) return BROADCAST_MAC;
    }
  }
  return kind === DEV.loopback || kind === DEV.dummy || carriesIp(kind) ? s.dev.c.mac[dev]! : -1;
}

/** ip_finish_output2: sends a packet to the next hop's MAC, or parks it until that is known. */
export function neighbourOutput(s: Stack, p: number, dev: number, nextHop: Addr): void {
  if (s.dev.c.kind[dev] === DEV.loopback) {
    const c = s.packets.c;
    c.macSrc[p] = 0;
    c.macDst[p] = 0;
    c.etherType[p] = s.book.is4(c.dst[p]! as Addr) ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
    s.op.transmit(p, dev);
    return;
  }
  const row = neighbourOf(s, dev, nextHop);
  const state = s.neigh.rows.c.state[row]!;
  s.neigh.rows.c.used[row] = s.engine.now;
  if ((state & (NUD.connected | NUD.delay | NUD.probe)) === 0) {
    if ((state & (NUD.stale | NUD.incomplete)) === 0) startAsking(s, row, p);
    else if (state === NUD.stale) {
      s.neigh.rows.c.state[row] = NUD.delay;
      s.neigh.rows.c.updated[row] = s.engine.now;
      setTimer(s, row, DELAY_FIRST_PROBE);
    } else park(s, row, p);
    if (s.neigh.rows.c.state[row] === NUD.incomplete) return;
  }
  sendTo(s, p, dev, row);
}

function sendTo(s: Stack, p: number, dev: number, row: number): void {
  const c = s.packets.c;
  c.macDst[p] = s.neigh.rows.c.mac[row]!;
  s.neigh.rows.c.cached[row] = 1;
  c.macSrc[p] = s.dev.c.mac[dev]!;
  c.etherType[p] = s.book.is4(c.dst[p]! as Addr) ? ETHERTYPE.IPV4 : ETHERTYPE.IPV6;
  if (s.trace !== null && !carriesIp(s.dev.c.kind[dev]!)) traceStep(s, STEP.NEIGHBOUR, p, s.dev.c.ns[dev]!, dev, s.neigh.rows.c.addr[row]!, 0);
  s.op.transmit(p, dev);
}

function startAsking(s: Stack, row: number, p: number): void {
  const c = s.neigh.rows.c;
  c.probes[row] = UCAST_PROBES;
  c.state[row] = NUD.incomplete;
  c.updated[row] = s.engine.now;
  setTimer(s, row, RETRANS);
  park(s, row, p);
  probe(s, row);
}

function park(s: Stack, row: number, p: number): void {
  const size = truesize(s.packets.c.ipLen[p]!);
  const dev = s.neigh.rows.c.dev[row]!;
  const ns = s.dev.c.ns[dev]!;
  while (s.neigh.rows.c.queued[row]! > 0 && s.neigh.rows.c.bytes[row]! + size > UNRES_QLEN_BYTES) {
    s.op.drop(s.neigh.unpark(row), ns, dev, DROP.NEIGH_QUEUEFULL);
  }
  if (s.trace !== null) traceStep(s, STEP.NEIGHBOUR_WAIT, p, ns, dev, s.neigh.rows.c.addr[row]!, 0);
  s.packets.c.dev[p] = dev;
  s.neigh.park(row, p, size);
}

/** neigh_probe: one question; the first three of an entry that has a MAC go to that MAC alone. */
function probe(s: Stack, row: number): void {
  const c = s.neigh.rows.c;
  const addr = c.addr[row]! as Addr;
  const unicast = c.probes[row]! < UCAST_PROBES && (c.state[row]! & NUD.valid) !== 0;
  c.probes[row]!++;
  if (s.book.is4(addr)) solicitArp(s, c.dev[row]!, addr, s.neigh.lastParked(row), unicast ? c.mac[row]! : 0);
  else solicitNeighbour(s, c.dev[row]!, addr, s.neigh.lastParked(row), unicast);
}

/** neigh_timer_handler: the timer of an entry has run out. */
export function neighbourTimer(s: Stack, row: number): void {
  const c = s.neigh.rows.c;
  c.timer[row] = 0;
  const { now } = s.engine;
  const state = c.state[row]!;
  if (state === NUD.reachable) {
    const until = c.confirmed[row]! + reachableTime(s, c.dev[row]!);
    if (now <= until && until > now) setTimer(s, row, until - now);
    else if (now <= c.used[row]! + DELAY_FIRST_PROBE) {
      become(s, row, NUD.delay);
      setTimer(s, row, DELAY_FIRST_PROBE);
    } else become(s, row, NUD.stale);
    return;
  }
  if (state === NUD.delay) {
    if (c.confirmed[row]! + DELAY_FIRST_PROBE >= now) {
      become(s, row, NUD.reachable);
      setTimer(s, row, c.confirmed[row]! + reachableTime(s, c.dev[row]!) - now);
      return;
    }
    become(s, row, NUD.probe);
    c.probes[row] = 0;
  }
  const most = c.state[row] === NUD.probe ? UCAST_PROBES : UCAST_PROBES + MCAST_PROBES;
  if (c.probes[row]! >= most) {
    become(s, row, NUD.failed);
    failParked(s, row);
    return;
  }
  setTimer(s, row, RETRANS);
  probe(s, row);
}

function become(s: Stack, row: number, state: number): void {
  const c = s.neigh.rows.c;
  c.state[row] = state;
  c.updated[row] = s.engine.now;
}

/** neigh_invalidate: every packet that waited gets its sender an ICMP host unreachable. */
function failParked(s: Stack, row: number): void {
  const dev = s.neigh.rows.c.dev[row]!;
  const ns = s.dev.c.ns[dev]!;
  // An answer to the error may make packets wait here anew; only those that are here now have failed.
  for (let left = s.neigh.rows.c.queued[row]!; left > 0 && s.neigh.rows.c.state[row] === NUD.failed; left--) {
    const p = s.neigh.unpark(row);
    if (p === 0) return;
    if (s.trace !== null) traceStep(s, STEP.NEIGHBOUR_FAILED, p, ns, dev, s.neigh.rows.c.addr[row]!, 0);
    if (s.book.is4(s.packets.c.dst[p]! as Addr)) s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.hostUnreachable, 0);
    else s.op.icmpError(p, ns, dev, ICMP6.unreachable, ICMP6.addressUnreachable, 0);
    s.op.drop(p, ns, dev, DROP.NEIGH_FAILED);
  }
}

/**
 * neigh_update: a MAC was heard. `override`: it may replace another one. `byHand`: from the tool, which may also touch
 * permanent entries.
 */
export function updateNeighbour(s: Stack, row: number, heard: number, heardState: number, override: boolean, byHand: boolean): void {
  const c = s.neigh.rows.c;
  const old = c.state[row]!;
  const { now } = s.engine;
  if (!byHand && (old & (NUD.noarp | NUD.permanent)) !== 0) return;
  let state = heardState;
  if ((state & NUD.connected) !== 0) c.confirmed[row] = now;
  if ((old & NUD.valid) !== 0) {
    if (heard !== c.mac[row] && !override) return;
    if (heard === c.mac[row] && state === NUD.stale && !byHand) state = old;
  }
  if (state !== old || heard !== c.mac[row]) c.updated[row] = now;
  if (state !== old) {
    stopTimer(s, row);
    c.state[row] = state;
    if (state === NUD.probe) c.probes[row] = 0;
    if ((state & NUD.inTimer) !== 0) setTimer(s, row, state === NUD.reachable ? reachableTime(s, c.dev[row]!) : 0);
  }
  if (heard !== c.mac[row]) {
    c.mac[row] = heard;
    if ((state & NUD.connected) === 0) c.confirmed[row] = now - 2 * BASE_REACHABLE;
  }
  if ((old & NUD.valid) === 0) sendParked(s, row);
}

function sendParked(s: Stack, row: number): void {
  const c = s.neigh.rows.c;
  const dev = c.dev[row]!;
  for (let p = s.neigh.unpark(row); p !== 0; p = s.neigh.unpark(row)) {
    if (c.state[row] === NUD.stale) {
      become(s, row, NUD.delay);
      setTimer(s, row, DELAY_FIRST_PROBE);
    }
    sendTo(s, p, dev, row);
  }
}

/** True while a second answer must not replace the first (locktime). */
export function isLocked(s: Stack, row: number): boolean {
  return s.engine.now <= s.neigh.rows.c.updated[row]! + LOCKTIME;
}

/** dst_confirm_neigh: traffic came back, so the next hop is there. */
export function confirmNeighbour(s: Stack, dev: number, nextHop: Addr): void {
  const row = s.neigh.find(dev, nextHop);
  if (row !== 0) s.neigh.rows.c.confirmed[row] = s.engine.now;
}

/** Deletes an entry; what waited for it is lost without a word to the sender. */
export function forgetNeighbour(s: Stack, row: number): void {
  const dev = s.neigh.rows.c.dev[row]!;
  const ns = s.dev.c.ns[dev]!;
  for (let p = s.neigh.unpark(row); p !== 0; p = s.neigh.unpark(row)) s.op.drop(p, ns, dev, DROP.NEIGH_DEAD);
  stopTimer(s, row);
  s.neigh.remove(row);
}

/** neigh_flush_dev: forgets the entries of a device, the permanent ones too unless they are to stay. */
export function flushNeighbours(s: Stack, dev: number, keepPermanent: boolean): void {
  for (const row of s.neigh.of(dev)) {
    if (!keepPermanent || (s.neigh.rows.c.state[row]! & NUD.permanent) === 0) forgetNeighbour(s, row);
  }
}

export function installNeighbours(s: Stack): void {
  s.op.neighbourOutput = (p, dev, nextHop) => neighbourOutput(s, p, dev, nextHop);
}
