/**
 * What a rule is once its words are read: plain frozen data without functions, the same record for every namespace that
 * has the rule. What tests and targets do with it stands in the `match-*` and `target-*` files, found by `kind`.
 */
import type { Addr } from "../../base/address-book.js";

/** The `-s` or `-d` of a rule: the words under the mask, and the handle if the mask has every bit. */
export interface AddressTest {
  readonly not: boolean;
  /** the address if all its bits are asked for, else 0 */
  readonly exact: Addr;
  readonly words: readonly [number, number, number, number];
  readonly masks: readonly [number, number, number, number];
}

/** The `-i` or `-o` of a rule. */
export interface DeviceTest {
  readonly not: boolean;
  /** id of the whole name in `NfTables.names`; 0 when `prefix` decides */
  readonly name: number;
  /** text before a `+` */
  readonly prefix: string;
}

/** Kinds of matches; the number is stored in rules. */
export const MATCH = Object.freeze({
  tcp: 1, udp: 2, sctp: 3, icmp: 4, icmp6: 5, multiport: 6, conntrack: 7, state: 8, mark: 9, connmark: 10, addrtype: 11, set: 12,
  statistic: 13, recent: 14, comment: 15, physdev: 16, mac: 17, limit: 18, iprange: 19, length: 20, ttl: 21, hl: 22, rpfilter: 23, nfacct: 24, ipvs: 25, hashlimit: 26,
} as const);

/** Kinds of targets that are neither verdict nor chain; the number is stored in rules. */
export const TARGET = Object.freeze({
  reject: 1, dnat: 2, snat: 3, masquerade: 4, redirect: 5, netmap: 6, mark: 7, connmark: 8, ct: 9, tcpmss: 10, trace: 11, log: 12, nflog: 13, set: 14, notrack: 15,
} as const);

/** A test by its kind's number in `match.ts`; each kind has fields of its own. */
export interface Match {
  readonly kind: number;
}

/** An action by its kind's number in `target.ts`; each kind has fields of its own. */
export interface Target {
  readonly kind: number;
}

/** Where a rule sends the walk when it matches. */
export const GO = Object.freeze({ on: 0, accept: 1, drop: 2, return: 3, jump: 4, goto: 5, target: 6, queue: 7 } as const);

/** One rule of an iptables chain, its words read. */
export interface Rule {
  /** saved form, what `iptables-save` prints after `-A CHAIN `; the chain's comment-free identity */
  readonly text: string;
  readonly hash: number;
  readonly src: AddressTest | null;
  readonly dst: AddressTest | null;
  readonly inDev: DeviceTest | null;
  readonly outDev: DeviceTest | null;
  /** 0: any */
  readonly proto: number;
  readonly protoNot: boolean;
  /** `-f`: 0 not asked, 1 later fragments alone, 2 all but those */
  readonly frag: number;
  readonly matches: readonly Match[];
  /** what the matches come to, see `rule-brief.ts` */
  readonly port: number;
  readonly chance: number;
  /** one of GO */
  readonly go: number;
  /** chain name id of a jump or goto */
  readonly to: number;
  readonly target: Target | null;
  /** numbers of state (limit, statistic nth) that each chain keeps for the rule */
  readonly slots: number;
  /** needs connection tracking */
  readonly tracks: boolean;
  /** names of sets it refers to, ids in `IpSets.names` */
  readonly sets: readonly number[];
  readonly cause: number;
}

/** True for a rule without any test: the rule that a legacy trace calls `policy` or `return` (linux-dataplane A5). */
export function isBare(rule: Rule): boolean {
  return (
    rule.matches.length === 0 && rule.src === null && rule.dst === null && rule.inDev === null && rule.outDev === null && rule.proto === 0 && rule.frag === 0
  );
}
