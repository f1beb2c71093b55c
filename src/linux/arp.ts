/**
 * ARP packets that come in (arp_rcv and arp_process in net/ipv4/arp.c; RFC 826): answered for own and proxied addresses,
 * and believed where an entry exists or somebody asks for us.
 */
import type { Addr } from "../base/address-book.js";
import { DROP } from "../base/codes.js";
import { MS } from "../base/time.js";
import { PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { ARPOP, sendArp } from "./arp-send.js";
import { carriesIp, devicePlace } from "./device.js";
import { addressType, chooseHop, fibLookup, isLocalAddress } from "./fib.js";
import { RTN } from "./fib-table.js";
import { isLocked, neighbourOf, updateNeighbour } from "./neigh.js";
import { NUD } from "./neigh-table.js";
import { validateSource } from "./route-input.js";
import { hearArp } from "./sock/probe-socket.js";
import { DEV, EV, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** `b` of an EV.neighbour event: `a` is a parked question for a proxied address, not a neighbour. */
const PROXIED = 1;
/** net.ipv4.neigh.DEV.proxy_delay is in hundredths of a second; the answer waits for a random part of it. */
const PROXY_DELAY = 80;

export function arpReceive(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  const kind = s.dev.c.kind[dev]!;
  if ((c.meta[p]! & PACKET_META.OTHERHOST) !== 0 || kind === DEV.loopback || kind === DEV.dummy || carriesIp(kind)) {
    s.op.drop(p, ns, dev, (c.meta[p]! & PACKET_META.OTHERHOST) !== 0 ? DROP.OTHERHOST : DROP.ARP_IGNORED);
    return;
  }
  const target = s.book.word(c.dst[p]! as Addr);
  const localnet = s.ns.c.routeLocalnet[ns] === 1 || s.dev.c.routeLocalnet[dev] === 1;
  const op = c.arpOp[p]!;
  if ((op !== ARPOP.request && op !== ARPOP.reply) || target >>> 28 === 14 || (target >>> 24 === 127 && !localnet)) {
    s.op.drop(p, ns, dev, DROP.ARP_IGNORED);
    return;
  }
  if (op === ARPOP.request) {
    const tip = c.dst[p]! as Addr;
    // A packet socket hears the question before the kernel judges it.
    if (s.devInfo.get(dev)!.arpAnswers?.some((each) => each.addr === tip) === true) sendArp(s, dev, ARPOP.reply, tip, c.src[p]! as Addr, c.arpSha[p]!, c.arpSha[p]!);
  }
  hearArp(s, p, ns, dev);
  process(s, p, ns, dev, false);
}

function done(s: Stack, p: number, ns: number, dev: number): void {
  if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, 0, 0);
  s.packets.release(p);
}

/** arp_process; `delayed`: a question for a proxied address that has waited. */
function process(s: Stack, p: number, ns: number, dev: number, delayed: boolean): void {
  const c = s.packets.c;
  const sip = c.src[p]! as Addr;
  const tip = c.dst[p]! as Addr;
  const sha = c.arpSha[p]!;
  if (c.arpOp[p] === ARPOP.request) {
    const probe = s.book.word(sip) === 0;
    const answer = probe ? (isLocalAddress(s, ns, tip) ? LOCAL : NOT_OURS) : whose(s, ns, dev, sip, tip);
    if (answer === LOCAL) {
      if (isIgnored(s, ns, dev, sip, tip)) s.op.drop(p, ns, dev, DROP.ARP_IGNORED);
      else {
        if (!probe) heardFrom(s, p, ns, dev, neighbourOf(s, dev, sip), sha, NUD.stale, true);
        done(s, p, ns, dev);
        sendArp(s, dev, ARPOP.reply, tip, sip, sha, sha);
      }
      return;
    }
    if (answer === PROXY) {
      heardFrom(s, p, ns, dev, neighbourOf(s, dev, sip), sha, NUD.stale, true);
      const wait = delayed || (c.meta[p]! & (PACKET_META.BROADCAST | PACKET_META.MULTICAST)) === 0 ? 0 : proxyDelay(s, ns, dev);
      if (wait > 0) s.engine.schedule(wait, EV.neighbour, p, PROXIED);
      else {
        done(s, p, ns, dev);
        sendArp(s, dev, ARPOP.reply, tip, sip, sha, sha);
      }
      return;
    }
    if (probe) {
      s.op.drop(p, ns, dev, DROP.ARP_IGNORED);
      return;
    }
  }
  believe(s, p, ns, dev, sip, tip, sha);
}

const NOT_OURS = 0;
const LOCAL = 1;
const PROXY = 2;

/** What the route to the target says, seen from the asker; a source that could not have come in this way gets no answer. */
function whose(s: Stack, ns: number, dev: number, sip: Addr, tip: Addr): number {
  const route = fibLookup(s, ns, tip, sip, 0, dev, 0);
  if (route === null || (route.type !== RTN.local && route.hops.length === 0)) return NOT_OURS;
  const out = route.type === RTN.local ? 0 : chooseHop(s, route, sip, tip).dev;
  if (validateSource(s, ns, sip, tip, dev, out) !== 0) return NOT_OURS;
  if (route.type === RTN.local) return LOCAL;
  const proxies = (s.ns.c.proxyArp[ns] === 1 || s.dev.c.proxyArp[dev] === 1) && s.ns.c.ipForward[ns] === 1;
  return proxies && route.type === RTN.unicast && out !== dev ? PROXY : NOT_OURS;
}

/** arp_ignore: 1 answers for addresses of the asked device alone, 2 for askers of the same subnet too, 8 never. */
function isIgnored(s: Stack, ns: number, dev: number, sip: Addr, tip: Addr): boolean {
  const mode = Math.max(s.ns.c.arpIgnore[ns]!, s.dev.c.arpIgnore[dev]!);
  if (mode === 0) return false;
  if (mode === 8) return true;
  const own = s.devInfo.get(dev)!.addresses.find((a) => a.addr === tip);
  if (own === undefined) return mode === 1 || mode === 2;
  if (mode !== 2 || own.prefix === 0) return false;
  return ((s.book.word(sip) ^ s.book.word(tip)) & (-1 << (32 - own.prefix))) !== 0;
}

function proxyDelay(s: Stack, ns: number, dev: number): number {
  const { sysctls } = s.nsInfo.get(ns)!;
  const name = s.devInfo.get(dev)!.name.replaceAll(".", "/");
  const most = Number(sysctls[`net.ipv4.neigh.${name}.proxy_delay`] ?? sysctls["net.ipv4.neigh.default.proxy_delay"] ?? PROXY_DELAY);
  return most > 0 ? s.streams.below(s.streams.stream(`${devicePlace(s, dev)}/proxy-arp`), most) * 10 * MS : 0;
}

/** The neighbour table hears of the sender, if it has an entry; an announcement (sender = target) replaces at once. */
function believe(s: Stack, p: number, ns: number, dev: number, sip: Addr, tip: Addr, sha: number): void {
  const c = s.packets.c;
  const row = s.neigh.find(dev, sip);
  if (row === 0) {
    s.op.drop(p, ns, dev, DROP.ARP_IGNORED);
    return;
  }
  const reply = c.arpOp[p] === ARPOP.reply;
  const announced = sip === tip && (!reply || c.arpTha[p] === sha) && addressType(s, ns, sip) === RTN.unicast;
  const direct = (c.meta[p]! & (PACKET_META.BROADCAST | PACKET_META.MULTICAST)) === 0;
  heardFrom(s, p, ns, dev, row, sha, reply && direct ? NUD.reachable : NUD.stale, announced || !isLocked(s, row));
  done(s, p, ns, dev);
}

function heardFrom(s: Stack, p: number, ns: number, dev: number, row: number, sha: number, state: number, override: boolean): void {
  if (s.trace !== null) traceStep(s, STEP.ARP_LEARN, p, ns, dev, s.packets.c.src[p]!, 0);
  updateNeighbour(s, row, sha, state, override, false);
}

/** A question for a proxied address has waited; its device may have gone since. */
export function arpProxied(s: Stack, p: number): void {
  const dev = s.packets.c.dev[p]!;
  if (dev === 0) s.op.drop(p, 0, 0, DROP.LINK_DOWN);
  else process(s, p, s.dev.c.ns[dev]!, dev, true);
}
