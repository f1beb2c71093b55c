/**
 * nf_hook: what a packet meets at each of the five hooks of ip and ip6, in the order of the kernel's priorities (raw -300,
 * conntrack -200, mangle -150, nat -100 for destinations, filter 0, security 50, IPVS next to nat, nat 100 for sources, confirm last).
 */
import { DROP } from "../../base/codes.js";
import { ERRNO } from "../errno.js";
import { IPVS_HOOKS, ipvsHook } from "../ipvs/ipvs-hooks.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { walkNft } from "./nft/nft-walk.js";
import { TABLE, tableKey } from "./table.js";
import { walkTable } from "./walk-table.js";

/** Bits of the namespace's `tracking` by family. */
export const TRACKING = Object.freeze({ ip: 1, ip6: 2 } as const);

/** Bits of tables by their number, and behind them of what else there may be. */
const TABLES = 31;
const NFT = 1 << 5;
const TRACKED = 1 << 6;
const IPVS = 1 << 7;

/** What there is in the namespace for the packet's family: a bit for each table, and for nftables, connection tracking and IPVS. */
function thereIs(s: Stack, p: number, ns: number): number {
  const six = familyOf(s, p) === 6;
  const tables = s.nf.tables.bitsOf(ns);
  return (
    ((six ? tables >> 8 : tables) & TABLES) |
    (s.nft.tables.size > 0 && s.nft.tables.has(ns) ? NFT : 0) |
    ((s.ns.c.tracking[ns]! & (six ? TRACKING.ip6 : TRACKING.ip)) !== 0 ? TRACKED : 0) |
    ((s.ns.c.hooks[ns]! & (six ? IPVS_HOOKS.ip6 : IPVS_HOOKS.ip)) !== 0 ? IPVS : 0)
  );
}

/** The verdict NF.* of a hook; a packet that is not accepted is gone. */
export function runHook(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): number {
  const there = thereIs(s, p, ns);
  switch (hook) {
    case HOOK.prerouting:
      return before(s, hook, p, ns, inDev, outDev, there) && ask(s, TABLE.mangle, hook, p, ns, inDev, outDev, there) && early(s, hook, p, ns, inDev, outDev, there) && nat(s, hook, p, ns, inDev, outDev, there) && nft(s, hook, p, ns, inDev, outDev, DSTNAT, Infinity, there)
        ? NF.accept
        : s.nf.verdict;
    case HOOK.input:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev, there) && filter(s, hook, p, ns, inDev, outDev, there) && ipvs(s, hook, p, ns, there) && nat(s, hook, p, ns, inDev, outDev, there) && confirm(s, p, ns, there)
        ? NF.accept
        : s.nf.verdict;
    case HOOK.forward:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev, there) && filter(s, hook, p, ns, inDev, outDev, there) && ipvs(s, hook, p, ns, there) ? NF.accept : s.nf.verdict;
    case HOOK.output:
      return before(s, hook, p, ns, inDev, outDev, there) && mangleOutput(s, p, ns, outDev, there) && early(s, hook, p, ns, 0, outDev, there) && natOutput(s, p, ns, outDev, there) && ipvs(s, hook, p, ns, there) && filter(s, hook, p, ns, 0, outDev, there)
        ? NF.accept
        : s.nf.verdict;
    default:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev, there) && nft(s, hook, p, ns, inDev, outDev, -Infinity, SRCNAT, there) && nat(s, hook, p, ns, inDev, outDev, there) && nft(s, hook, p, ns, inDev, outDev, SRCNAT, Infinity, there) && confirm(s, p, ns, there)
        ? NF.accept
        : s.nf.verdict;
  }
}

/** Keeps a verdict for the one who asked, and what a sender is told of a drop; true if the packet goes on. */
function passed(s: Stack, verdict: number): boolean {
  s.nf.verdict = verdict;
  if (verdict === NF.drop) s.nf.error = ERRNO.EPERM;
  return verdict === NF.accept;
}

/** NF_IP_PRI_CONNTRACK, NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC */
const CONNTRACK = -200;
const DSTNAT = -100;
const SRCNAT = 100;

function familyOf(s: Stack, p: number): number {
  return s.book.family[s.packets.c.dst[p]!]!;
}

function ask(s: Stack, index: number, hook: number, p: number, ns: number, inDev: number, outDev: number, there: number): boolean {
  if ((there & (1 << index)) === 0) return true;
  const table = s.nf.tables.get(tableKey(ns, familyOf(s, p), index))!;
  return table.base[hook] === 0 || passed(s, walkTable(s, p, table, hook, inDev, outDev));
}

/** raw, then connection tracking. */
function before(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, there: number): boolean {
  if (!ask(s, TABLE.raw, hook, p, ns, inDev, outDev, there) || !nft(s, hook, p, ns, inDev, outDev, -Infinity, CONNTRACK, there)) return false;
  return (there & TRACKED) === 0 || s.nf.ct === null || passed(s, s.nf.ct.conntrackIn(p, ns, hook));
}

function filter(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, there: number): boolean {
  const from = hook === HOOK.output ? DSTNAT : -Infinity;
  return ask(s, TABLE.filter, hook, p, ns, inDev, outDev, there) && nft(s, hook, p, ns, inDev, outDev, from, Infinity, there) && ask(s, TABLE.security, hook, p, ns, inDev, outDev, there);
}

/** nftables' filter chains between connection tracking and the translation of destinations. */
function early(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, there: number): boolean {
  return nft(s, hook, p, ns, inDev, outDev, CONNTRACK, DSTNAT, there);
}

function nft(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, from: number, to: number, there: number): boolean {
  return (there & NFT) === 0 || passed(s, walkNft(s, p, "filter", hook, ns, inDev, outDev, from, to));
}

function nat(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, there: number): boolean {
  if ((there & ((1 << TABLE.nat) | NFT)) === 0) return true;
  const { ct, walkNat } = s.nf;
  return ct === null || walkNat === null || passed(s, ct.natHook(p, ns, hook, inDev, outDev, walkNat));
}

/** IPVS's own hooks, which a namespace that never had virtual servers has not. */
function ipvs(s: Stack, hook: number, p: number, ns: number, there: number): boolean {
  return (there & IPVS) === 0 || passed(s, ipvsHook(s, hook, p, ns));
}

function confirm(s: Stack, p: number, ns: number, there: number): boolean {
  const { ct } = s.nf;
  if ((there & TRACKED) === 0 || ct === null) return true;
  const verdict = ct.conntrackConfirm(p, ns);
  if (verdict === NF.drop) s.op.drop(p, ns, s.packets.c.dev[p]!, DROP.NETFILTER_DROP);
  return passed(s, verdict);
}

/** ipt_mangle_out: routes again if the table changed what routing looked at. */
function mangleOutput(s: Stack, p: number, ns: number, outDev: number, there: number): boolean {
  if ((there & (1 << TABLE.mangle)) === 0) return true;
  const c = s.packets.c;
  const mark = c.mark[p]!;
  const src = c.src[p]!;
  const dst = c.dst[p]!;
  const tos = c.tos[p]!;
  if (!ask(s, TABLE.mangle, HOOK.output, p, ns, 0, outDev, there)) return false;
  const now = s.packets.c;
  return (now.mark[p] === mark && now.src[p] === src && now.dst[p] === dst && now.tos[p] === tos) || reroute(s, p, ns);
}

/** nf_nat_ipv4_local_fn: a new destination needs a new route. The hook's later chains still see the device of the first one. */
function natOutput(s: Stack, p: number, ns: number, outDev: number, there: number): boolean {
  const dst = s.packets.c.dst[p]!;
  if (!nat(s, HOOK.output, p, ns, 0, outDev, there)) return false;
  return s.packets.c.dst[p] === dst || reroute(s, p, ns);
}

function reroute(s: Stack, p: number, ns: number): boolean {
  const error = s.op.rerouteOutput(p, ns);
  if (error === 0) return true;
  s.op.drop(p, ns, s.packets.c.rtDev[p]!, DROP.NETFILTER_DROP);
  passed(s, NF.drop);
  s.nf.error = error;
  return false;
}

/** Fills the slot of hooks, and the way from conntrack back to the nat chains. */
export function installHooks(s: Stack): void {
  s.op.hook = (hook, p, ns, inDev, outDev) => runHook(s, hook, p, ns, inDev, outDev);
  s.nf.walkNat = (p, ns, hook, inDev, outDev) => {
    const table = s.nf.tables.get(tableKey(ns, familyOf(s, p), TABLE.nat));
    const verdict = table === undefined ? NF.accept : walkTable(s, p, table, hook, inDev, outDev);
    return verdict === NF.accept && s.nft.tables.has(ns) ? walkNft(s, p, "nat", hook, ns, inDev, outDev, -Infinity, Infinity) : verdict;
  };
}
