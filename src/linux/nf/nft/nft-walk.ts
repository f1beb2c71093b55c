/**
 * A packet through the base chains of nftables. Read first: nft_do_chain in net/netfilter/nf_tables_core.c. A goto leaves
 * nothing to come back to; a statement that does not match ends its rule; accept ends the base chain alone, drop is final.
 */
import { DROP, PROTO_NAME } from "../../../base/codes.js";
import { contains } from "../../../base/cidr.js";
import { SECOND } from "../../../base/time.js";
import { STEP } from "../../../trace/kinds.js";
import { addressType } from "../../fib.js";
import { RT_SCOPE, RTN } from "../../fib-table.js";
import { ICMP } from "../../icmp-codes.js";
import { selectAddress } from "../../source-address.js";
import { HOOK, NF, type Stack } from "../../stack.js";
import { traceStep } from "../../trace-step.js";
import { CTS } from "../conntrack-table.js";
import { CTSTATE, NATF } from "../conntrack-seam.js";
import { masqueradeFor } from "../masquerade.js";
import { TABLE } from "../table.js";
import { reject } from "../reject.js";
import { clauseActs, type ClauseSaid, runClause } from "./nft-clause.js";
import { countKey } from "./nft-count.js";
import type { NftChain, NftHookName, NftRule } from "./nft-doc.js";
import { readElement, setTypes } from "./nft-elements.js";
import type { Pass } from "./nft-pass.js";
import type { NftEntry } from "./nft-rule-tree.js";
import { type NftField, type NftStatement, type NftVerdict, readNftVerdict } from "./nft-statement.js";
import { type NftStep, readNftSteps } from "./nft-step.js";
import type { NftTable } from "./nft-tables.js";

/** What a statement says: go on, leave the rule, a verdict of the kernel (NF.*), or one of the chains. */
type Said = "on" | "next-rule" | number | NftVerdict | ClauseSaid;

const HOOK_OF: Readonly<Record<NftHookName, number>> = HOOK;
const MAX_JUMPS = 16;
const ICMP_PORT_UNREACHABLE = 3;
const ICMP6_UNREACHABLE = 1;
const ICMP6_PORT_UNREACHABLE = 4;

/** The verdict NF.* of all base chains of a type at a hook whose priorities are from `from` to below `to`; a dropped packet is gone. */
export function walkNft(s: Stack, p: number, type: "filter" | "nat", hook: number, ns: number, inDev: number, outDev: number, from: number, to: number): number {
  const tables = s.nft.tables.get(ns);
  if (tables === undefined) return NF.accept;
  const family = s.book.family[s.packets.c.dst[p]!] === 6 ? 6 : 4;
  const bases: { readonly table: NftTable; readonly chain: NftChain; readonly priority: number }[] = [];
  for (const table of tables) {
    if (table.family !== family && table.family !== 0) continue;
    for (const chain of table.chains.values()) {
      const { base } = chain;
      if (base !== null && base.type === type && HOOK_OF[base.hook] === hook && base.priority >= from && base.priority < to) bases.push({ table, chain, priority: base.priority });
    }
  }
  bases.sort((a, b) => a.priority - b.priority);
  for (const { table, chain } of bases) {
    if (type === "nat" && isTranslated(s, p, hook)) return NF.accept;
    const pass: Pass = { table, family, nat: type === "nat", hook, inDev, outDev };
    if (s.trace !== null) traceStep(s, STEP.HOOK, p, ns, inDev !== 0 ? inDev : outDev, hook, pass.nat ? TABLE.nat : TABLE.filter);
    const verdict = walkChain(s, p, pass, chain);
    if (verdict === NF.drop) s.op.drop(p, ns, inDev !== 0 ? inDev : outDev, DROP.NETFILTER_DROP);
    if (verdict !== NF.accept) return verdict;
  }
  return NF.accept;
}

function isTranslated(s: Stack, p: number, hook: number): boolean {
  const done = hook === HOOK.postrouting || hook === HOOK.input ? CTS.srcNatDone : CTS.dstNatDone;
  const row = s.packets.c.ct[p]!;
  return row !== 0 && (s.ct.t.c.status[row]! & done) !== 0;
}

function walkChain(s: Stack, p: number, pass: Pass, base: NftChain): number {
  const stack: { readonly chain: NftChain; readonly at: number }[] = [];
  let chain = base;
  let at = 0;
  for (;;) {
    if (at >= chain.rules.length) {
      const back = stack.pop();
      if (back === undefined) return base.base?.policy === "drop" ? NF.drop : NF.accept;
      ({ chain, at } = back);
      continue;
    }
    const index = at++;
    const said = runRule(s, p, pass, chain, index);
    if (typeof said === "number") return said;
    if (typeof said === "string" || said.go === "continue") continue;
    if (said.go === "accept") return NF.accept;
    if (said.go === "drop") return NF.drop;
    if (said.go === "return") {
      at = chain.rules.length;
      continue;
    }
    if (said.go === "jump") {
      if (stack.length >= MAX_JUMPS) return NF.drop;
      stack.push({ chain, at });
    }
    chain = pass.table.chains.get((said as { readonly chain: string }).chain)!;
    at = 0;
    if (s.trace !== null) traceStep(s, STEP.CHAIN_ENTER, p, pass.table.ns, pass.inDev, placeOf(s, pass, chain, -1), pass.outDev);
  }
}

/** Runs the statements of a rule until one ends it. */
function runRule(s: Stack, p: number, pass: Pass, chain: NftChain, index: number): Said {
  let told = false;
  const tell = (): void => {
    if (s.trace !== null && !told) traceStep(s, STEP.RULE, p, pass.table.ns, pass.inDev, placeOf(s, pass, chain, index), pass.outDev);
    told = true;
  };
  const rule = chain.rules[index]!;
  for (const step of readOnce(s, rule.text, pass.table.family)) {
    if (step.kind === "clause" ? clauseActs(step.clause) : acts(step)) tell();
    if (step.kind === "clause" && step.clause.kind === "counter") countUp(s, p, pass, rule, step.clause);
    const said = step.kind === "clause" ? runClause(s, p, pass, chain, rule, step.clause) : runStatement(s, p, pass, chain, step);
    if (said === "next-rule") return said;
    if (said !== "on") {
      tell();
      return said;
    }
  }
  return "on";
}

/** Whether a statement changes something, so that the rule must be told before what it does. */
function acts({ kind }: NftStatement): boolean {
  return kind === "set-mark" || kind === "dnat" || kind === "masquerade" || kind === "reject" || kind === "update";
}

function readOnce(s: Stack, text: string, family: 0 | 4 | 6): readonly NftStep[] {
  // The type of an address without its family is that of its table.
  const key = family === 4 ? text : `${family}|${text}`;
  let known = s.nft.read.get(key);
  if (known === undefined) s.nft.read.set(key, (known = readNftSteps(text, family)));
  return known;
}

function countUp(s: Stack, p: number, { table }: Pass, rule: NftRule, { packets, bytes }: { readonly packets: number; readonly bytes: number }): void {
  const key = countKey(table, rule);
  if (key === "") return;
  if (s.nft.counted(table, rule.handle) === undefined) s.nft.setCount(key, packets, bytes);
  const count = s.nft.count(key);
  count.packets++;
  count.bytes += s.packets.c.ipLen[p]!;
}

function placeOf(s: Stack, { family, nat }: Pass, chain: NftChain, index: number): number {
  const rule = chain.rules[index];
  const text = rule === undefined ? "" : rule.comment === "" ? rule.text : `${rule.text} comment "${rule.comment}"`;
  return s.nf.places.of({ family, table: nat ? TABLE.nat : TABLE.filter, chain: chain.name, number: index + 1, label: "rule", text, cause: rule?.cause ?? 0 });
}

function runStatement(s: Stack, p: number, pass: Pass, chain: NftChain, statement: NftStatement): Said {
  const c = s.packets.c;
  const { ns } = pass.table;
  const when = (met: boolean): Said => (met ? "on" : "next-rule");
  switch (statement.kind) {
    case "address":
      return when(addressMatches(s, pass, fieldAddress(s, p, statement.field), statement) !== statement.not);
    case "proto":
      return when(PROTO_NAME[c.proto[p]!] === statement.proto);
    case "lookup":
      return when(hasKey(s, pass, statement.set, keyOf(s, p, statement.fields)));
    case "vmap": {
      const found = pass.table.elements.get(statement.map)?.get(keyOf(s, p, statement.fields));
      return found === undefined ? "next-rule" : readNftVerdict(found.value);
    }
    case "state-new":
      return when(((s.nf.ct?.ctState(p) ?? 0) & CTSTATE.new) !== 0);
    case "status-dnat":
      return when(((s.nf.ct?.ctState(p) ?? 0) & CTSTATE.dnat) !== 0);
    case "mark":
      return when(((c.mark[p]! & statement.mask) === 0) === statement.zero);
    case "set-mark": {
      const before = c.mark[p]!;
      c.mark[p] = statement.how === "or" ? before | statement.mask : before ^ statement.mask;
      if (s.trace !== null) traceStep(s, STEP.MARK, p, ns, pass.inDev, c.mark[p]!, before);
      return "on";
    }
    case "iifname": {
      const name = s.devInfo.get(pass.inDev)?.name ?? "";
      const asked = statement.name;
      return when((asked.endsWith("*") ? name.startsWith(asked.slice(0, -1)) : name === asked) !== statement.not);
    }
    case "fib-local":
      return when(addressType(s, ns, fieldAddress(s, p, statement.field)) === RTN.local);
    case "verdict":
      return statement.verdict;
    case "reject":
      return rejectAlone(s, p, pass);
    case "numgen-vmap":
      return statement.verdicts[draw(s, pass, chain, statement.mod)]!;
    case "dnat": {
      const to = statement.to[draw(s, pass, chain, statement.mod)]!;
      const addr = s.book.ofText(to.addr);
      return s.nf.ct!.natSetup(p, pass.hook, { minAddr: addr, maxAddr: addr, minPort: to.port, maxPort: to.port, flags: NATF.mapIps | NATF.ports }, "dst");
    }
    case "masquerade": {
      const addr = selectAddress(s, pass.outDev, c.rtVia[p] !== 0 && s.book.is4(c.dst[p]!) ? c.rtVia[p]! : c.dst[p]!, RT_SCOPE.global);
      if (addr === 0) return NF.drop;
      masqueradeFor(s, p, pass.outDev);
      const flags = NATF.mapIps | (statement.fullyRandom ? NATF.randomFully : 0);
      return s.nf.ct!.natSetup(p, pass.hook, { minAddr: addr, maxAddr: addr, minPort: 0, maxPort: 0, flags }, "src");
    }
    case "update": {
      const { timeout } = pass.table.sets.get(statement.set)!;
      pass.table.dynamic.get(statement.set)!.set(s.book.text(fieldAddress(s, p, statement.field)), s.engine.now + timeout * SECOND);
      return "on";
    }
  }
}

function fieldAddress(s: Stack, p: number, field: "saddr" | "daddr"): number {
  return field === "saddr" ? s.packets.c.src[p]! : s.packets.c.dst[p]!;
}

function addressMatches(s: Stack, pass: Pass, addr: number, { of }: Extract<NftStatement, { kind: "address" }>): boolean {
  if ("set" in of) return hasKey(s, pass, of.set, s.book.text(addr));
  return of.networks.some((network) => contains(network, s.book.words, addr * 4));
}

function hasKey(s: Stack, { table }: Pass, set: string, key: string): boolean {
  const until = table.dynamic.get(set)?.get(key);
  if ((until !== undefined && until > s.engine.now) || table.elements.get(set)?.has(key) === true) return true;
  return table.sets.get(set)?.flags?.includes("interval") === true && inInterval(s, table, set, key);
}

/** Whether a range of an interval set holds a key. */
function inInterval(s: Stack, table: NftTable, set: string, key: string): boolean {
  const { type } = table.sets.get(set)!;
  const types = setTypes(table.sets.get(set)!);
  const read = (text: string): NftEntry | undefined => s.nft.entry(text, type, () => readElement(text, types));
  const wanted = read(key);
  return wanted !== undefined && [...(table.elements.get(set)?.keys() ?? [])].some((text) => read(text)?.key.every((range, i) => wanted.key[i]!.first >= range.first && wanted.key[i]!.first <= range.last) === true);
}

/** The fields as elements are written: `10.96.0.1 . tcp . 443`. */
function keyOf(s: Stack, p: number, fields: readonly NftField[]): string {
  const c = s.packets.c;
  const parts = fields.map((field) => {
    if (field === "l4proto") return PROTO_NAME[c.proto[p]!] ?? `${c.proto[p]!}`;
    return field === "dport" ? `${c.dport[p]!}` : s.book.text(fieldAddress(s, p, field));
  });
  return parts.join(" . ");
}

/** `reject` alone is port unreachable, for TCP too. */
function rejectAlone(s: Stack, p: number, { table, family, hook, inDev, outDev }: Pass): number {
  const [type, code] = family === 4 ? [ICMP.unreachable, ICMP_PORT_UNREACHABLE] : [ICMP6_UNREACHABLE, ICMP6_PORT_UNREACHABLE];
  return reject(s, p, { ns: table.ns, family, hook, inDev, outDev }, type, code);
}

/** numgen random mod N, from the stream of the chain. */
function draw(s: Stack, { table }: Pass, chain: NftChain, mod: number): number {
  if (mod === 1) return 0;
  const place = `node-${s.ns.c.node[table.ns]!}/${s.nsInfo.get(table.ns)!.name}`;
  return s.streams.scaled(s.streams.stream(`${place}/nft${table.family === 6 ? "6" : ""}/${chain.name}`), mod);
}
