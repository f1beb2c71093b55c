/** Joins connection tracking and NAT to the tables: the slots that matches, targets and hooks call. */
import { SECOND } from "../../base/time.js";
import type { Stack } from "../stack.js";
import { conntrackConfirm, conntrackIn } from "./conntrack.js";
import { type ConntrackOps, CTFIELD, CTSTATE, CTSTATUS } from "./conntrack-seam.js";
import { CTINFO, CTS, directionOf } from "./conntrack-table.js";
import { natHook, natSetup } from "./nat.js";

function stateOf(s: Stack, p: number): number {
  const c = s.packets.c;
  const info = c.ctInfo[p]!;
  const row = c.ct[p]!;
  if (row === 0) return info === CTINFO.untracked ? CTSTATE.untracked : CTSTATE.invalid;
  const status = s.ct.t.c.status[row]!;
  const nat = ((status & CTS.srcNat) !== 0 ? CTSTATE.snat : 0) | ((status & CTS.dstNat) !== 0 ? CTSTATE.dnat : 0);
  if (info === CTINFO.established || info === CTINFO.establishedReply) return CTSTATE.established | nat;
  return (info === CTINFO.new ? CTSTATE.new : CTSTATE.related) | nat;
}

function fieldOf(s: Stack, p: number, field: number): number {
  const row = s.packets.c.ct[p]!;
  if (row === 0) return -1;
  switch (field) {
    case CTFIELD.origSrc:
      return s.ct.src(row, 0);
    case CTFIELD.origDst:
      return s.ct.dst(row, 0);
    case CTFIELD.replSrc:
      return s.ct.src(row, 1);
    case CTFIELD.replDst:
      return s.ct.dst(row, 1);
    case CTFIELD.origSport:
      return s.ct.sport(row, 0);
    case CTFIELD.origDport:
      return s.ct.dport(row, 0);
    case CTFIELD.replSport:
      return s.ct.sport(row, 1);
    case CTFIELD.replDport:
      return s.ct.dport(row, 1);
    default:
      return s.ct.proto(row);
  }
}

const STATUS_BITS: number = CTSTATUS.expected | CTSTATUS.seenReply | CTSTATUS.assured | CTSTATUS.confirmed;

function conntrackOps(s: Stack): ConntrackOps {
  const row = (p: number): number => s.packets.c.ct[p]!;
  return {
    conntrackIn: (p, ns) => conntrackIn(s, p, ns),
    conntrackConfirm: (p, ns) => conntrackConfirm(s, p, ns),
    natHook: (p, ns, hook, inDev, outDev, walkNat) => natHook(s, p, ns, hook, inDev, outDev, walkNat),
    natSetup: (p, _hook, range, manip) => natSetup(s, p, range, manip),
    ctState: (p) => stateOf(s, p),
    ctStatus: (p) => (row(p) === 0 ? 0 : s.ct.t.c.status[row(p)]! & STATUS_BITS),
    ctExpires: (p) => (row(p) === 0 ? 0 : Math.max(0, Math.floor((s.ct.t.c.timeout[row(p)]! - s.engine.now) / SECOND))),
    ctDirection: (p) => (row(p) === 0 ? -1 : directionOf(s.packets.c.ctInfo[p]!)),
    ctField: (p, field) => fieldOf(s, p, field),
    ctMark: (p) => (row(p) === 0 ? 0 : s.ct.t.c.mark[row(p)]!),
    setCtMark: (p, mark) => {
      if (row(p) !== 0) s.ct.t.c.mark[row(p)] = mark;
    },
    ctNotrack: (p) => {
      if (row(p) === 0) s.packets.c.ctInfo[p] = CTINFO.untracked;
    },
    ctZone: (p, zone, directions) => {
      if (row(p) === 0) s.packets.c.ctInfo[p] = (zone << 8) | (directions << 4);
    },
  };
}

/** Fills the slot that the tables call. */
export function installConntrack(s: Stack): void {
  s.nf.ct = conntrackOps(s);
}
