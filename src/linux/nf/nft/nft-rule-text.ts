/** Rules as `nft list` (1.0.6) prints them: the kernel's form of what was written. */
import type { NftClause, NftEntry, NftFieldInfo, NftLeft, NftNumgen, NftPlace, NftRange, NftSource, NftVerdictWords } from "./nft-rule-tree.js";
import { flagParts, formatNftValue, isFlags, nftBits, type NftType, type NftValue } from "./nft-types.js";

/** How a rule is printed. */
export interface NftForm {
  /** `-n`: no names */
  readonly numeric: boolean;
  /** `-s`: no counters */
  readonly stateless: boolean;
  /** ranges stay apart as they were written; a rule that is kept is kept so */
  readonly asWritten?: boolean;
}

/** `counted`: what the rule's counter has come to. */
export function nftRuleText(clauses: readonly NftClause[], form: NftForm, counted: readonly [packets: number, bytes: number] | undefined): string {
  const shown = form.asWritten === true ? clauses : clauses.filter((clause, i) => !isImplied(clause, clauses[i + 1]));
  return shown.map((clause) => clauseText(clause, form, counted)).join(" ");
}

const NFPROTO: Readonly<Record<4 | 6, bigint>> = Object.freeze({ 4: 2n, 6: 10n });

/** A match that the next one needs anyhow is left out of a listing: `meta l4proto tcp` before `tcp dport`. */
function isImplied(clause: NftClause, next: NftClause | undefined): boolean {
  if (clause.kind !== "match" || clause.op !== "==" || clause.left.fields.length !== 1 || clause.right.first !== clause.right.last) return false;
  const after = next === undefined ? undefined : "left" in next ? next.left.fields[0] : next.kind === "verdict-map" && "fields" in next.by ? next.by.fields[0] : undefined;
  if (after === undefined) return false;
  const { name } = clause.left.fields[0]!;
  if (name === "meta nfproto") return after.family !== 0 && NFPROTO[after.family] === clause.right.first;
  return ["meta l4proto", "ip protocol", "ip6 nexthdr"].includes(name) && after.proto !== 0 && BigInt(after.proto) === clause.right.first;
}

function clauseText(clause: NftClause, form: NftForm, counted: readonly [number, number] | undefined): string {
  switch (clause.kind) {
    case "match": {
      const type = clause.left.fields[0]!.type;
      return `${leftText(clause.left, form)} ${clause.op !== "==" || clause.left.mask !== null ? `${clause.op} ` : ""}${isFlags(type) ? flagList(type, clause.right.first as bigint, form, " | ") : rangeText(type, clause.right, form)}`;
    }
    case "flags": {
      const type = clause.left.fields[0]!.type;
      const plain = leftText({ ...clause.left, mask: null }, form);
      const slash = clause.left.mask === null ? "" : ` / ${flagList(type, clause.left.mask, form, ",")}`;
      return `${plain} ${clause.not ? "!= " : ""}${flagList(type, clause.bits, form, ",")}${slash}`;
    }
    case "in":
      return `${leftText(clause.left, form)} ${clause.not ? "!= " : ""}${sourceText(clause.source, clause.left.fields, form)}`;
    case "verdict-map":
      return "fields" in clause.by
        ? `${leftText(clause.by, form)} vmap ${sourceText(clause.source, clause.by.fields, form)}`
        : `${numgenText(clause.by)} vmap ${sourceText(clause.source, [{ name: "", type: "integer", proto: 0, family: 0 }], form)}`;
    case "go":
      return verdictText(clause.verdict);
    case "counter":
      return form.stateless ? "counter" : `counter packets ${counted?.[0] ?? clause.packets} bytes ${counted?.[1] ?? clause.bytes}`;
    case "log":
      return `log${clause.prefix === "" ? "" : ` prefix "${clause.prefix}"`}${clause.level === "" || clause.level === "warn" ? "" : ` level ${clause.level}`}${clause.group < 0 ? "" : ` group ${clause.group}`}`;
    case "set-mark": {
      const source = clause.from === "value" ? "" : `${clause.from} mark`;
      const value = formatNftValue("mark", clause.value);
      return `${clause.what} mark set ${clause.from === "value" ? value : clause.op === "" ? source : `${source} ${clause.op} ${value}`}`;
    }
    case "reject-with":
      if (clause.how === "" || clause.how === "tcp reset") return clause.how === "" ? "reject" : "reject with tcp reset";
      return `reject with ${clause.how} ${formatNftValue(clause.how === "icmp" ? "icmp_code" : clause.how === "icmpv6" ? "icmpv6_code" : "icmpx_code", clause.code, form.numeric)}`;
    case "nat":
      return [`${clause.to}${placeText(clause.place, form)}`, clause.flags.join(",")].filter((part) => part !== "").join(" ");
    case "update-set":
      return `update @${clause.set} { ${clause.fields.map(({ name }) => name).join(" . ")} }`;
    case "notrack":
      return "notrack";
  }
}

function leftText({ fields, mask }: NftLeft, form: NftForm): string {
  const text = fields.map(({ name }) => name).join(" . ");
  if (mask === null) return text;
  const type = fields[0]!.type;
  const bits = isFlags(type) ? flagParts(mask).map((bit) => formatNftValue(type, bit, form.numeric)) : [formatNftValue(type, mask)];
  return `${text} & ${bits.length > 1 ? `(${bits.join(" | ")})` : bits[0]!}`;
}

function flagList(type: NftType, bits: bigint, { numeric }: NftForm, between: string): string {
  return flagParts(bits).map((bit) => formatNftValue(type, bit, numeric)).join(between);
}

/** `10.0.0.0/24`, `80-90`, `80`. */
export function rangeText(type: NftType, { first, last }: NftRange, form: NftForm): string {
  if (first === last || typeof first === "string" || typeof last === "string") return formatNftValue(type, first, form.numeric);
  const size = last - first + 1n;
  const bits = size.toString(2).length - 1;
  if (first === 0n && last >= (1n << BigInt(nftBits(type))) - 1n) return "*";
  const address = type === "ipv4_addr" || type === "ipv6_addr";
  if (address && (size & (size - 1n)) === 0n && first % size === 0n) return `${formatNftValue(type, first)}/${nftBits(type) - bits}`;
  return `${formatNftValue(type, first, form.numeric)}-${formatNftValue(type, last, form.numeric)}`;
}

function verdictText({ go, chain }: NftVerdictWords): string {
  return chain === "" ? go : `${go} ${chain}`;
}

function numgenText({ mode, mod, offset }: NftNumgen): string {
  return `numgen ${mode} mod ${mod}${offset === 0 ? "" : ` offset ${offset}`}`;
}

function sourceText(source: NftSource, fields: readonly NftFieldInfo[], form: NftForm): string {
  if (source.kind === "set") return `@${source.name}`;
  const types = fields.map(({ type }) => type);
  const entries = sortedEntries(source.entries, types, form.asWritten !== true);
  const single = entries.length === 1 && entries[0]!.verdict === undefined && source.entries.length === 1 && types.length === 1;
  const texts = entries.map((entry) => entryText(entry, types, form));
  return single ? texts[0]! : `{ ${texts.join(", ")} }`;
}

export function entryText({ key, verdict, data }: NftEntry, types: readonly NftType[], form: NftForm): string {
  const text = key.map((range, i) => rangeText(types[i]!, range, form)).join(" . ");
  if (verdict !== undefined) return `${text} : ${verdictText(verdict)}`;
  return data === undefined ? text : `${text} : ${data.map((value) => String(value)).join(" . ")}`;
}

/** In the order of a listing; neighbouring ranges of a set without data become one. */
export function sortedEntries(entries: readonly NftEntry[], types: readonly NftType[], merge = true): NftEntry[] {
  const sorted = [...entries].sort((a, b) => compareKeys(a, b));
  if (!merge || types.length !== 1 || !sorted.some(({ key }) => key[0]!.first !== key[0]!.last)) return sorted;
  const merged: NftEntry[] = [];
  for (const entry of sorted) {
    const last = merged[merged.length - 1];
    const { first, last: end } = entry.key[0]!;
    const before = last?.key[0];
    if (before === undefined || entry.verdict !== undefined || typeof first !== "bigint" || typeof end !== "bigint" || typeof before.last !== "bigint" || first > before.last + 1n) merged.push(entry);
    else merged[merged.length - 1] = { key: [{ first: before.first, last: end > before.last ? end : before.last }] };
  }
  return merged;
}

const compare = (a: NftValue, b: NftValue): number => (a === b ? 0 : a < b ? -1 : 1);

/** Joined keys are compared from their last part, as nft takes their bytes for little-endian numbers. */
function compareKeys(a: NftEntry, b: NftEntry): number {
  if (a.key.length === 1) return compare(a.key[0]!.first, b.key[0]!.first);
  for (let i = a.key.length - 1; i >= 0; i--) {
    const order = compare(swapped(a.key[i]!.first), swapped(b.key[i]!.first));
    if (order !== 0) return order;
  }
  return 0;
}

/** The bytes of a value read backwards. */
function swapped(value: NftValue): NftValue {
  if (typeof value === "string") return value;
  let left = value;
  let made = 0n;
  for (let i = 0; i < (value > 0xffffffffn ? 16 : 4); i++) {
    made = (made << 8n) | (left & 255n);
    left >>= 8n;
  }
  return made;
}

function placeText({ family, addr, port, map }: NftPlace, form: NftForm): string {
  const ip = family === 0 ? "" : family === 4 ? " ip" : " ip6";
  const type: NftType = family === 6 || (addr !== null && typeof addr.first === "bigint" && addr.first > 0xffffffffn) ? "ipv6_addr" : "ipv4_addr";
  if (map !== null) {
    const entries = map.entries.map(({ key, data }) => `${rangeText("integer", key[0]!, form)} : ${formatNftValue(type, data![0]!)}${data!.length > 1 ? ` . ${formatNftValue("inet_service", data![1]!)}` : ""}`);
    return `${ip} to ${numgenText(map.by)} map { ${entries.join(", ")} }`;
  }
  if (addr === null && port === null) return ip;
  const ports = port === null ? "" : `:${rangeText("inet_service", port, form)}`;
  if (addr === null) return `${ip} to ${ports}`;
  const single = formatNftValue(type, addr.first);
  const host = addr.first === addr.last ? single : `${single}-${formatNftValue(type, addr.last)}`;
  return `${ip} to ${type === "ipv6_addr" && port !== null ? `[${host}]` : host}${ports}`;
}
