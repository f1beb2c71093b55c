/** What the tables ask of connection tracking and NAT. The slots are filled by conntrack; without them nothing is tracked. */
import type { Addr } from "../../base/address-book.js";

/** Bits of `ctState`, numbered as XT_CONNTRACK_STATE_*. */
export const CTSTATE = Object.freeze({ invalid: 1, established: 2, related: 4, new: 8, snat: 64, dnat: 128, untracked: 256 } as const);

/** Bits of `ctStatus`, numbered as IPS_*. */
export const CTSTATUS = Object.freeze({ expected: 1, seenReply: 2, assured: 4, confirmed: 8 } as const);

/** Bits of `NatRange.flags`, numbered as NF_NAT_RANGE_*. */
export const NATF = Object.freeze({ mapIps: 1, ports: 2, random: 4, persistent: 8, randomFully: 16, portOffset: 32, netmap: 64 } as const);

/** Where a NAT target sends a connection; addresses 0 (and no `mapIps`): keep; ports in host order, inclusive. */
export interface NatRange {
  readonly minAddr: Addr;
  readonly maxAddr: Addr;
  readonly minPort: number;
  readonly maxPort: number;
  readonly flags: number;
}

/** Fields of a connection's tuples, for `-m conntrack`. */
export const CTFIELD = Object.freeze({ origSrc: 0, origDst: 1, replSrc: 2, replDst: 3, origSport: 4, origDport: 5, replSport: 6, replDport: 7, proto: 8 } as const);

/** Asks the nat table's chains about the first packet of a connection: a verdict NF.*. */
export type WalkNat = (p: number, ns: number, hook: number, inDev: number, outDev: number) => number;

/** Each call is about packet `p`, which stays the caller's unless the verdict says otherwise. */
export interface ConntrackOps {
  /** nf_conntrack_in at PREROUTING and OUTPUT: finds or makes the connection. A verdict NF.*. */
  conntrackIn(p: number, ns: number, hook: number): number;
  /** nf_conntrack_confirm, last at INPUT and POSTROUTING. A verdict NF.*. */
  conntrackConfirm(p: number, ns: number): number;
  /** nf_nat_inet_fn: asks `walkNat` for a new connection, once per kind, then rewrites the packet. A verdict NF.*. */
  natHook(p: number, ns: number, hook: number, inDev: number, outDev: number, walkNat: WalkNat): number;
  /** nf_nat_setup_info. A verdict NF.*. */
  natSetup(p: number, hook: number, range: NatRange, manip: "src" | "dst"): number;
  /** CTSTATE bits. */
  ctState(p: number): number;
  /** CTSTATUS bits, 0 without a connection. */
  ctStatus(p: number): number;
  /** Seconds left, 0 without a connection. */
  ctExpires(p: number): number;
  /** 0 original, 1 reply, -1 no connection. */
  ctDirection(p: number): number;
  /** One of CTFIELD; an Addr, a port or a protocol; -1 without a connection. */
  ctField(p: number, field: number): number;
  ctMark(p: number): number;
  setCtMark(p: number, mark: number): void;
  /** `-j CT --notrack`. */
  ctNotrack(p: number): void;
  /** `-j CT --zone`: which directions it counts for, 3 both, 1 original, 2 reply. */
  ctZone(p: number, zone: number, directions: number): void;
}
