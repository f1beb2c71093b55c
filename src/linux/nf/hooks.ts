/**
 * nf_hook: what a packet meets at each of the five hooks of ip and ip6, in the order of the kernel's priorities (raw -300,
 * conntrack -200, mangle -150, nat -100 for destinations, filter 0, security 50, IPVS next to nat, nat 100 for sources, confirm last).
 */
import { DROP } from "../../base/codes.js";
import { IPVS_HOOKS, ipvsHook } from "../ipvs/ipvs-hooks.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { walkNft } from "./nft/nft-walk.js";
import { TABLE, tableKey } from "./table.js";
import { walkTable } from "./walk-table.js";

/** Bits of the namespace's `tracking` by family. */
export const TRACKING = Object.freeze({ ip: 1, ip6: 2 } as const);

/** The verdict NF.* of a hook; a packet that is not accepted is gone. */
export function runHook(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): number {
  switch (hook) {
    case HOOK.prerouting:
      return before(s, hook, p, ns, inDev, outDev) && ask(s, TABLE.mangle, hook, p, ns, inDev, outDev) && early(s, hook, p, ns, inDev, outDev) && nat(s, hook, p, ns, inDev, outDev)
        ? NF.accept
        : s.nf.verdict;
    case HOOK.input:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev) && filter(s, hook, p, ns, inDev, outDev) && ipvs(s, hook, p, ns) && nat(s, hook, p, ns, inDev, outDev) && confirm(s, p, ns)
        ? NF.accept
        : s.nf.verdict;
    case HOOK.forward:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev) && filter(s, hook, p, ns, inDev, outDev) && ipvs(s, hook, p, ns) ? NF.accept : s.nf.verdict;
    case HOOK.output:
      return before(s, hook, p, ns, inDev, outDev) && mangleOutput(s, p, ns, outDev) && early(s, hook, p, ns, 0, outDev) && natOutput(s, p, ns, outDev) && ipvs(s, hook, p, ns) && filter(s, hook, p, ns, 0, outDev)
        ? NF.accept
        : s.nf.verdict;
    default:
      return ask(s, TABLE.mangle, hook, p, ns, inDev, outDev) && nat(s, hook, p, ns, inDev, outDev) && confirm(s, p, ns) ? NF.accept : s.nf.verdict;
  }
}

/** Keeps a verdict for the one who asked; true if the packet goes on. */
function passed(s: Stack, verdict: number): boolean {
  s.nf.verdict = verdict;
  return verdict === NF.accept;
}

/** NF_IP_PRI_NAT_DST */
const DSTNAT = -100;

function familyOf(s: Stack, p: number): number {
  return s.book.family[s.packets.c.dst[p]!]!;
}

function ask(s: Stack, index: number, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  const table = s.nf.tables.get(tableKey(ns, familyOf(s, p), index));
  if (table === undefined || table.base[hook] === 0) return true;
  return passed(s, walkTable(s, p, table, hook, inDev, outDev));
}

/** raw, then connection tracking. */
function before(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  if (!ask(s, TABLE.raw, hook, p, ns, inDev, outDev)) return false;
  const { ct } = s.nf;
  if (ct === null || !tracked(s, p, ns)) return true;
  return passed(s, ct.conntrackIn(p, ns, hook));
}

function tracked(s: Stack, p: number, ns: number): boolean {
  return (s.ns.c.tracking[ns]! & (familyOf(s, p) === 6 ? TRACKING.ip6 : TRACKING.ip)) !== 0;
}

function filter(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  return ask(s, TABLE.filter, hook, p, ns, inDev, outDev) && nft(s, hook, p, ns, inDev, outDev, DSTNAT, Infinity) && ask(s, TABLE.security, hook, p, ns, inDev, outDev);
}

/** nftables' filter chains between mangle and the translation of destinations. */
function early(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  return nft(s, hook, p, ns, inDev, outDev, -Infinity, DSTNAT);
}

function nft(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number, from: number, to: number): boolean {
  return !s.nft.tables.has(ns) || passed(s, walkNft(s, p, "filter", hook, ns, inDev, outDev, from, to));
}

function nat(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  const { ct, walkNat } = s.nf;
  if (ct === null || walkNat === null || !(s.nf.tables.has(tableKey(ns, familyOf(s, p), TABLE.nat)) || s.nft.tables.has(ns))) return true;
  return passed(s, ct.natHook(p, ns, hook, inDev, outDev, walkNat));
}

/** IPVS's own hooks, which a namespace that never had virtual servers has not. */
function ipvs(s: Stack, hook: number, p: number, ns: number): boolean {
  const registered = s.ns.c.hooks[ns]! & (IPVS_HOOKS.ip | IPVS_HOOKS.ip6);
  return registered === 0 || (registered & (familyOf(s, p) === 6 ? IPVS_HOOKS.ip6 : IPVS_HOOKS.ip)) === 0 || passed(s, ipvsHook(s, hook, p, ns));
}

function confirm(s: Stack, p: number, ns: number): boolean {
  const { ct } = s.nf;
  if (ct === null || !tracked(s, p, ns)) return true;
  const verdict = ct.conntrackConfirm(p, ns);
  if (verdict === NF.drop) s.op.drop(p, ns, s.packets.c.dev[p]!, DROP.NETFILTER_DROP);
  return passed(s, verdict);
}

/** ipt_mangle_out: routes again if the table changed what routing looked at. */
function mangleOutput(s: Stack, p: number, ns: number, outDev: number): boolean {
  if (!s.nf.tables.has(tableKey(ns, familyOf(s, p), TABLE.mangle))) return true;
  const c = s.packets.c;
  const mark = c.mark[p]!;
  const src = c.src[p]!;
  const dst = c.dst[p]!;
  const tos = c.tos[p]!;
  if (!ask(s, TABLE.mangle, HOOK.output, p, ns, 0, outDev)) return false;
  const now = s.packets.c;
  return (now.mark[p] === mark && now.src[p] === src && now.dst[p] === dst && now.tos[p] === tos) || reroute(s, p, ns);
}

/** nf_nat_ipv4_local_fn: a new destination needs a new route. The hook's later chains still see the device of the first one. */
function natOutput(s: Stack, p: number, ns: number, outDev: number): boolean {
  const dst = s.packets.c.dst[p]!;
  if (!nat(s, HOOK.output, p, ns, 0, outDev)) return false;
  return s.packets.c.dst[p] === dst || reroute(s, p, ns);
}

function reroute(s: Stack, p: number, ns: number): boolean {
  if (s.op.rerouteOutput(p, ns)) return true;
  s.op.drop(p, ns, s.packets.c.rtDev[p]!, DROP.NETFILTER_DROP);
  return passed(s, NF.drop);
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
