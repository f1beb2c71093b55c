/** Neighbour discovery that comes in (ndisc_recv_ns, ndisc_recv_na, net/ipv6/ndisc.c; RFC 4861 section 7). */
import type { Addr } from "../base/address-book.js";
import { DROP } from "../base/codes.js";
import { STEP } from "../trace/kinds.js";
import { isMulticast6, isUnspecified6 } from "./address6.js";
import { isLocalAddress } from "./fib.js";
import { ICMP6 } from "./icmp6-codes.js";
import { neighbourOf, updateNeighbour } from "./neigh.js";
import { advertise, NA } from "./ndisc-send.js";
import { NUD } from "./neigh-table.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** No router in between can have sent it. */
const HOP_LIMIT = 255;
const WITH_OPTION = 72;

/** A solicitation or advertisement for this host; the packet is used up. */
export function ndiscReceive(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  if (c.ttl[p] !== HOP_LIMIT || isMulticast6(s, c.target[p]!)) {
    s.op.drop(p, ns, dev, DROP.INVALID_PROTO);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, ns, dev, c.icmpType[p]!, 0);
  if (c.icmpType[p] === ICMP6.solicitation) solicited(s, p, ns, dev);
  else advertised(s, p, dev);
  s.packets.release(p);
}

function solicited(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  const from = c.src[p]! as Addr;
  const target = c.target[p]! as Addr;
  const askedGroup = isMulticast6(s, c.dst[p]!);
  if (isUnspecified6(s, from) || !isLocalAddress(s, ns, target)) return;
  if (c.ipLen[p]! >= WITH_OPTION) updateNeighbour(s, neighbourOf(s, dev, from), c.arpSha[p]!, NUD.stale, true, false);
  advertise(s, dev, from, target, askedGroup);
}

function advertised(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const row = s.neigh.find(dev, c.target[p]! as Addr);
  if (row === 0) return;
  const known = s.neigh.rows.c;
  const mac = c.ipLen[p]! >= WITH_OPTION ? c.arpSha[p]! : known.mac[row]!;
  if (c.ipLen[p]! < WITH_OPTION && (known.state[row]! & NUD.valid) === 0) return;
  updateNeighbour(s, row, mac, (c.icmpInfo[p]! & NA.solicited) !== 0 ? NUD.reachable : NUD.stale, (c.icmpInfo[p]! & NA.override) !== 0, false);
}
