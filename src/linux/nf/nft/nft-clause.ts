/** What the clauses of a rule ask of a packet, and what they do to it (nft_do_chain and the expressions in net/netfilter/nft_*.c). */
import { PROTO } from "../../../base/codes.js";
import { SECOND } from "../../../base/time.js";
import { STEP } from "../../../trace/kinds.js";
import { addressType } from "../../fib.js";
import { RT_SCOPE } from "../../fib-table.js";
import { selectAddress } from "../../source-address.js";
import { HOOK, NF, type Stack } from "../../stack.js";
import { traceStep } from "../../trace-step.js";
import { CTSTATE, NATF } from "../conntrack-seam.js";
import { masqueradeFor } from "../masquerade.js";
import { reject as rejectPacket, TCP_RESET } from "../reject.js";
import type { NftChain, NftRule } from "./nft-doc.js";
import { countKey } from "./nft-count.js";
import type { Pass } from "./nft-pass.js";
import type { NftClause, NftEntry, NftFieldInfo, NftLeft, NftNumgen, NftPlace, NftRange, NftSource, NftVerdictWords } from "./nft-rule-tree.js";
import { readElement, setTypes } from "./nft-elements.js";
import { type NftValue, wordsValue } from "./nft-types.js";

/** What a clause says: go on, leave the rule, a verdict of the kernel (NF.*), or one of the chains. */
export type ClauseSaid = "on" | "next-rule" | number | NftVerdictWords;

const UNREACHABLE4 = 3;
const UNREACHABLE6 = 1;
const PORT4 = 3n;
const PORT6 = 4n;
/** ICMP codes that stand for icmpx codes 0 to 3, by family. */
const ICMPX: Readonly<Record<4 | 6, readonly bigint[]>> = Object.freeze({ 4: [0n, 3n, 1n, 13n], 6: [0n, 4n, 3n, 1n] });

export function runClause(s: Stack, p: number, pass: Pass, chain: NftChain, rule: NftRule, clause: NftClause): ClauseSaid {
  const c = s.packets.c;
  const when = (met: boolean): ClauseSaid => (met ? "on" : "next-rule");
  switch (clause.kind) {
    case "match": {
      const value = leftValues(s, p, pass, clause.left)?.[0];
      return when(value !== undefined && compares(value, clause.op, clause.right));
    }
    case "flags": {
      const value = leftValues(s, p, pass, clause.left)?.[0];
      if (typeof value !== "bigint") return "next-rule";
      const met = clause.left.mask !== null ? value === clause.bits : (value & clause.bits) !== 0n;
      return when(met !== clause.not);
    }
    case "in": {
      const key = leftValues(s, p, pass, clause.left);
      return when(key !== null && (find(s, pass, clause.source, key) !== null) !== clause.not);
    }
    case "verdict-map": {
      const key = "fields" in clause.by ? leftValues(s, p, pass, clause.by) : [BigInt(draw(s, pass, chain, rule, clause.by))];
      const found = key === null ? null : find(s, pass, clause.source, key);
      return found?.verdict ?? "next-rule";
    }
    case "go":
      return clause.verdict;
    case "counter":
    case "log":
      return "on";
    case "set-mark":
      return setMark(s, p, pass, clause);
    case "reject-with":
      return reject(s, p, pass, clause);
    case "nat":
      return translate(s, p, pass, chain, rule, clause);
    case "update-set": {
      const key = leftValues(s, p, pass, { fields: clause.fields, mask: null });
      const set = pass.table.sets.get(clause.set);
      const address = clause.fields[0]?.name.endsWith("saddr") === true ? c.src[p]! : c.dst[p]!;
      if (key !== null && set !== undefined) pass.table.dynamic.get(clause.set)?.set(s.book.text(address as never), s.engine.now + set.timeout * SECOND);
      return "on";
    }
    case "notrack":
      s.nf.ct?.ctNotrack(p);
      return "on";
  }
}

/** Whether a clause changes or answers something, so that the rule must be told before what it does. */
export function clauseActs({ kind }: NftClause): boolean {
  return kind === "set-mark" || kind === "nat" || kind === "reject-with" || kind === "update-set" || kind === "notrack" || kind === "log";
}

function compares(value: NftValue, op: string, { first, last }: NftRange): boolean {
  const inside = typeof value === "string" ? named(value, String(first)) : typeof first === "bigint" && typeof last === "bigint" && value >= first && value <= last;
  switch (op) {
    case "==":
      return inside;
    case "!=":
      return !inside;
    case "<":
      return value < first;
    case ">":
      return value > last;
    case "<=":
      return value <= last;
    default:
      return value >= first;
  }
}

/** `eth*` stands for every name that begins so. */
function named(name: string, asked: string): boolean {
  return asked.endsWith("*") ? name.startsWith(asked.slice(0, -1)) : name === asked;
}

function leftValues(s: Stack, p: number, pass: Pass, { fields, mask }: NftLeft): NftValue[] | null {
  const values: NftValue[] = [];
  for (const info of fields) {
    const value = fieldValue(s, p, pass, info);
    if (value === null) return null;
    values.push(mask !== null && typeof value === "bigint" ? value & mask : value);
  }
  return values;
}

/** A field of a packet; null where the packet has none. */
function fieldValue(s: Stack, p: number, pass: Pass, { name, type, proto, family }: NftFieldInfo): NftValue | null {
  const c = s.packets.c;
  const { ns } = pass.table;
  if ((family !== 0 && family !== pass.family) || (proto !== 0 && c.proto[p] !== proto)) return null;
  const address = (addr: number): bigint => wordsValue(s.book.words, pass.family, addr * 4);
  const device = (dev: number): string => s.devInfo.get(dev)?.name ?? "";
  switch (name.replace(/^(tcp|udp|sctp|th) (?=[sd]port)/, "")) {
    case "ip saddr":
    case "ip6 saddr":
      return address(c.src[p]!);
    case "ip daddr":
    case "ip6 daddr":
      return address(c.dst[p]!);
    case "sport":
    case "dport": {
      if (c.proto[p] !== PROTO.TCP && c.proto[p] !== PROTO.UDP && c.proto[p] !== PROTO.SCTP) return null;
      return BigInt(name.endsWith("sport") ? c.sport[p]! : c.dport[p]!);
    }
    case "ip protocol":
    case "ip6 nexthdr":
    case "meta l4proto":
      return BigInt(c.proto[p]!);
    case "ip ttl":
    case "ip6 hoplimit":
      return BigInt(c.ttl[p]!);
    case "ip length":
    case "meta length":
      return BigInt(c.ipLen[p]!);
    case "tcp flags":
      return BigInt(c.flags[p]!);
    case "icmp type":
    case "icmpv6 type":
      return BigInt(c.icmpType[p]!);
    case "icmp code":
    case "icmpv6 code":
      return BigInt(c.icmpCode[p]!);
    case "meta nfproto":
      return pass.family === 4 ? 2n : 10n;
    case "meta mark":
      return BigInt(c.mark[p]! >>> 0);
    case "meta pkttype":
      return 0n;
    case "iif":
    case "iifname":
      return device(pass.inDev);
    case "oif":
    case "oifname":
      return device(pass.outDev);
    case "ct state": {
      const state = s.nf.ct?.ctState(p) ?? 0;
      return BigInt((state & 15) | ((state & CTSTATE.untracked) !== 0 ? 64 : 0));
    }
    case "ct status": {
      const state = s.nf.ct?.ctState(p) ?? 0;
      return BigInt((s.nf.ct?.ctStatus(p) ?? 0) | ((state & CTSTATE.snat) !== 0 ? 16 : 0) | ((state & CTSTATE.dnat) !== 0 ? 32 : 0));
    }
    case "ct mark":
      return BigInt((s.nf.ct?.ctMark(p) ?? 0) >>> 0);
    case "ct direction":
      return c.ct[p] === 0 ? null : c.ctInfo[p]! >= IS_REPLY ? 1n : 0n;
    case "fib saddr type":
    case "fib daddr type":
      return BigInt(addressType(s, ns, (name === "fib saddr type" ? c.src[p]! : c.dst[p]!) as never));
    case "ether saddr":
      return BigInt(c.macSrc[p]!);
    default:
      return type === "integer" ? 0n : null;
  }
}

/** ctInfo from which on a packet belongs to the reply direction. */
const IS_REPLY = 3;

const holds = (entry: NftEntry, key: readonly NftValue[]): boolean => entry.key.length === key.length && entry.key.every((range, i) => compares(key[i]!, "==", range));

/** The element that a key meets, null if there is none. */
function find(s: Stack, pass: Pass, source: NftSource, key: readonly NftValue[]): NftEntry | null {
  if (source.kind === "entries") return source.entries.find((entry) => holds(entry, key)) ?? null;
  const set = pass.table.sets.get(source.name);
  if (set === undefined) return null;
  const types = setTypes(set);
  const dynamic = pass.table.dynamic.get(source.name);
  const live = (text: string, until: number): boolean => until > s.engine.now && readElement(text, types) !== undefined && holds(readElement(text, types)!, key);
  if (dynamic !== undefined) for (const [text, until] of dynamic) if (live(text, until)) return { key: [] };
  for (const element of pass.table.elements.get(source.name)?.values() ?? []) {
    const entry = s.nft.entry(element.key, set.type, () => readElement(element.key, types));
    if (entry === undefined || !holds(entry, key)) continue;
    if (element.value === "") return entry;
    const [go = "", chain = ""] = element.value.split(" ");
    return { key: entry.key, verdict: { go: go as NftVerdictWords["go"], chain } };
  }
  return null;
}

function draw(s: Stack, { table }: Pass, chain: NftChain, rule: NftRule, { mode, mod, offset }: NftNumgen): number {
  if (mod === 1) return offset;
  if (mode === "inc") {
    const count = s.nft.count(countKey(table, rule));
    count.turns = (count.turns + 1) % mod;
    return offset + ((count.turns + mod - 1) % mod);
  }
  const place = `node-${s.ns.c.node[table.ns]!}/${s.nsInfo.get(table.ns)!.name}`;
  return offset + s.streams.scaled(s.streams.stream(`${place}/nft${table.family === 6 ? "6" : ""}/${chain.name}`), mod);
}

function setMark(s: Stack, p: number, { table, inDev, outDev }: Pass, { what, op, from, value }: Extract<NftClause, { kind: "set-mark" }>): ClauseSaid {
  const c = s.packets.c;
  const source = from === "meta" ? c.mark[p]! : from === "ct" ? (s.nf.ct?.ctMark(p) ?? 0) : 0;
  const number = Number(BigInt.asIntN(32, value));
  const mark = from === "value" ? number : op === "|" ? source | number : op === "&" ? source & number : op === "^" ? source ^ number : source;
  if (what === "ct") s.nf.ct?.setCtMark(p, mark);
  else {
    const before = c.mark[p]!;
    c.mark[p] = mark;
    if (s.trace !== null) traceStep(s, STEP.MARK, p, table.ns, inDev !== 0 ? inDev : outDev, mark, before);
  }
  return "on";
}

function reject(s: Stack, p: number, { table, family, hook, inDev, outDev }: Pass, { how, code }: Extract<NftClause, { kind: "reject-with" }>): ClauseSaid {
  if (how === "tcp reset") {
    if (s.packets.c.proto[p] !== PROTO.TCP) return "next-rule";
    return rejectPacket(s, p, { ns: table.ns, family, hook, inDev, outDev }, TCP_RESET, 0);
  }
  if ((how === "icmp" && family !== 4) || (how === "icmpv6" && family !== 6)) return "next-rule";
  const said = how === "" ? (family === 4 ? PORT4 : PORT6) : how === "icmpx" ? ICMPX[family][Number(code)]! : code;
  return rejectPacket(s, p, { ns: table.ns, family, hook, inDev, outDev }, family === 4 ? UNREACHABLE4 : UNREACHABLE6, Number(said));
}

function translate(s: Stack, p: number, pass: Pass, chain: NftChain, rule: NftRule, { to, place, flags }: Extract<NftClause, { kind: "nat" }>): ClauseSaid {
  const { ct } = s.nf;
  if (ct === null) return NF.accept;
  const c = s.packets.c;
  const given = chosen(s, pass, chain, rule, place);
  let bits = (flags.includes("random") ? NATF.random : 0) | (flags.includes("fully-random") ? NATF.randomFully : 0) | (flags.includes("persistent") ? NATF.persistent : 0) | (given.port === null ? 0 : NATF.ports);
  let [minAddr, maxAddr] = given.addr === null ? [0, 0] : [handle(s, pass.family, given.addr.first as bigint), handle(s, pass.family, given.addr.last as bigint)];
  if (to === "masquerade") {
    minAddr = maxAddr = selectAddress(s, pass.outDev, (c.rtVia[p] !== 0 ? c.rtVia[p]! : c.dst[p]!) as never, RT_SCOPE.global);
    if (minAddr === 0) return NF.drop;
    masqueradeFor(s, p, pass.outDev);
  } else if (to === "redirect") {
    const own = s.devInfo.get(pass.inDev)?.addresses.find((a) => s.book.family[a.addr] === pass.family && a.scope !== "link")?.addr ?? 0;
    minAddr = maxAddr = pass.hook === HOOK.output ? (pass.family === 4 ? s.book.v4(0x7f000001) : s.book.v6(0, 0, 0, 1)) : own;
    if (minAddr === 0) return NF.drop;
  }
  if (minAddr !== 0) bits |= NATF.mapIps;
  const [minPort, maxPort] = given.port === null ? [0, 0] : [Number(given.port.first), Number(given.port.last)];
  return ct.natSetup(p, pass.hook, { minAddr: minAddr as never, maxAddr: maxAddr as never, minPort, maxPort, flags: bits }, to === "dnat" || to === "redirect" ? "dst" : "src");
}

/** Where to: as written, or as drawn from a map. */
function chosen(s: Stack, pass: Pass, chain: NftChain, rule: NftRule, place: NftPlace): { readonly addr: NftRange | null; readonly port: NftRange | null } {
  if (place.map === null) return place;
  const number = BigInt(draw(s, pass, chain, rule, place.map.by));
  const [addr, port] = place.map.entries.find((entry) => holds(entry, [number]))?.data ?? [];
  const one = (value: NftValue | undefined): NftRange | null => (value === undefined ? null : { first: value, last: value });
  return { addr: one(addr), port: one(port) };
}

function handle(s: Stack, family: 4 | 6, value: bigint): number {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn) | 0;
  return family === 4 ? s.book.v4(word(0n)) : s.book.v6(word(96n), word(64n), word(32n), word(0n));
}
