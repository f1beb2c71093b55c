/** Neighbour discovery that comes in (ndisc_recv_ns, ndisc_recv_na, net/ipv6/ndisc.c; RFC 4861 section 7). */
import type { Addr } from "../base/address-book.js";
import { DROP } from "../base/codes.js";
import { MS } from "../base/time.js";
import { STEP } from "../trace/kinds.js";
import { isMulticast6, isUnspecified6 } from "./address6.js";
import { devicePlace } from "./device.js";
import { fibLookup, isLocalAddress } from "./fib.js";
import { RTN } from "./fib-table.js";
import { ICMP6 } from "./icmp6-codes.js";
import { neighbourOf, updateNeighbour } from "./neigh.js";
import { advertise, advertiseToAll, NA } from "./ndisc-send.js";
import { NUD } from "./neigh-table.js";
import { EV, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** No router in between can have sent it. */
const HOP_LIMIT = 255;
const WITH_OPTION = 72;
/** net.ipv6.neigh.DEV.proxy_delay, in hundredths of a second. */
const PROXY_DELAY = 80;
/** `b` of an EV.neighbour event: `a` is a solicitation that waits. */
export const NDISC_DELAYED = 2;

/** A solicitation or advertisement for this host; the packet is used up. */
export function ndiscReceive(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  if (c.ttl[p] !== HOP_LIMIT || isMulticast6(s, c.target[p]!)) {
    s.op.drop(p, ns, dev, DROP.INVALID_PROTO);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, c.icmpType[p]!, 0);
  if (c.icmpType[p] === ICMP6.solicitation && waits(s, p, ns, dev)) return;
  if (c.icmpType[p] === ICMP6.solicitation) solicited(s, p, ns, dev);
  else advertised(s, p, ns, dev);
  s.packets.release(p);
}

/** A question to a group about an anycast address waits for a random part of proxy_delay, since others may answer it too. */
function waits(s: Stack, p: number, ns: number, dev: number): boolean {
  const c = s.packets.c;
  const target = c.target[p]! as Addr;
  if (!isMulticast6(s, c.dst[p]!) || isOwn(s, dev, target) || !isAnycast(s, ns, dev, target)) return false;
  c.dev[p] = dev;
  s.engine.schedule(s.streams.below(s.streams.stream(`${devicePlace(s, dev)}/proxy-ndp`), PROXY_DELAY) * 10 * MS, EV.neighbour, p, NDISC_DELAYED);
  return true;
}

/** A question has waited; its device may have gone since. */
export function ndiscDelayed(s: Stack, p: number): void {
  const dev = s.packets.c.dev[p]!;
  if (dev === 0) {
    s.op.drop(p, 0, 0, DROP.LINK_DOWN);
    return;
  }
  solicited(s, p, s.dev.c.ns[dev]!, dev);
  s.packets.release(p);
}

function isOwn(s: Stack, dev: number, target: Addr): boolean {
  return s.devInfo.get(dev)!.addresses.some((a) => a.addr === target);
}

/** ndisc_recv_ns: only the device's own addresses are answered for, unlike in ARP, and the anycast ones of its subnets. */
function solicited(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  const from = c.src[p]! as Addr;
  const target = c.target[p]! as Addr;
  const askedGroup = isMulticast6(s, c.dst[p]!);
  const own = isOwn(s, dev, target);
  if (!own && !isAnycast(s, ns, dev, target)) return;
  if (isUnspecified6(s, from)) {
    // Somebody asks whether the address is free (duplicate address detection).
    if (askedGroup) advertiseToAll(s, dev, target);
    return;
  }
  if (c.ipLen[p]! >= WITH_OPTION) updateNeighbour(s, neighbourOf(s, dev, from), c.arpSha[p]!, NUD.stale, true, false);
  else if (askedGroup) return;
  else neighbourOf(s, dev, from);
  advertise(s, dev, from, target, askedGroup, own);
}

function isAnycast(s: Stack, ns: number, dev: number, target: Addr): boolean {
  const route = fibLookup(s, ns, target, 0, 0, dev, dev);
  return route !== null && route.type === RTN.anycast;
}

/** ndisc_recv_na: believed only of a neighbour that somebody has asked for. */
function advertised(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  const flags = c.icmpInfo[p]!;
  const isSolicited = (flags & NA.solicited) !== 0;
  const target = c.target[p]! as Addr;
  if (isSolicited && isMulticast6(s, c.dst[p]!)) return;
  if (isLocalAddress(s, ns, target)) return;
  const row = s.neigh.find(dev, target);
  const known = s.neigh.rows.c;
  if (row === 0 || (known.state[row]! & NUD.failed) !== 0) return;
  const told = c.ipLen[p]! >= WITH_OPTION;
  if (!told && (known.state[row]! & NUD.valid) === 0) return;
  const mac = told ? c.arpSha[p]! : known.mac[row]!;
  const override = (flags & NA.override) !== 0;
  const old = known.state[row]!;
  if ((old & NUD.valid) !== 0 && mac !== known.mac[row] && !override) {
    // NEIGH_UPDATE_F_WEAK_OVERRIDE: another MAC that may not replace the known one casts doubt on it.
    if ((old & NUD.connected) !== 0) updateNeighbour(s, row, known.mac[row]!, NUD.stale, true, true);
    return;
  }
  known.router[row] = (flags & NA.router) !== 0 ? 1 : 0;
  updateNeighbour(s, row, mac, isSolicited ? NUD.reachable : NUD.stale, override, false);
}
