/** The commands of an nft script that change something. Read first: nft(8); the parts of a table block are commands too, chains before sets before rules. */
import type { NftChain, NftHookName, NftRule, NftSet } from "../../linux/nf/nft/nft-doc.js";
import { readElement, setTypes } from "../../linux/nf/nft/nft-elements.js";
import { nftTokens, readNftClauses, RuleReader } from "../../linux/nf/nft/nft-rule-syntax.js";
import type { NftClause } from "../../linux/nf/nft/nft-rule-tree.js";
import { nftRuleText } from "../../linux/nf/nft/nft-rule-text.js";
import { NFT_PRIORITIES } from "../../linux/nf/nft/nft-table-text.js";
import { NotModelled } from "../output.js";
import { type Draft, FAMILY_NUMBER, type FamilyWord, isUsed, nextHandle, ruleHandle, type TableDraft } from "./draft.js";
import { placed, ScriptFault, type ScriptReader, unquoted } from "./script-reader.js";
import { checkVerdict, putSet, readElements, readSet } from "./script-set.js";
import type { ScriptToken } from "./script-tokens.js";

const PLAIN = { numeric: false, stateless: false, asWritten: true };
const HOOKS: readonly string[] = ["prerouting", "input", "forward", "output", "postrouting"];
const COULD_NOT = "Could not process rule: ";
const MISSING = `${COULD_NOT}No such file or directory`;
const THERE = `${COULD_NOT}File exists`;
const BUSY = `${COULD_NOT}Device or resource busy`;

/** A table of a script: what it is called, and where. */
interface Named {
  readonly family: FamilyWord;
  readonly table: string;
  readonly token: ScriptToken;
}

export function readFamily(reader: ScriptReader): FamilyWord {
  const word = reader.peek();
  if (word === "arp" || word === "bridge" || word === "netdev") throw new NotModelled(`nft ${word}`);
  return reader.takes("ip", "ip6", "inet") ? (word as FamilyWord) : "ip";
}

export function readTableName(reader: ScriptReader): Named {
  const family = readFamily(reader);
  const token = reader.next("string");
  return { family, table: unquoted(token.text), token };
}

/** The table, or the fault that there is none. */
export function tableOf(draft: Draft, { family, table, token }: Named, message = MISSING): TableDraft {
  const found = draft.table(family, table);
  if (found === undefined) throw new ScriptFault(message, token);
  return found;
}

/** One statement, its verb read already. */
export function runCommand(reader: ScriptReader, draft: Draft, verb: string): void {
  const object = reader.next().text;
  switch (object) {
    case "table":
      return tableCommand(reader, draft, verb);
    case "chain":
      return chainCommand(reader, draft, verb);
    case "rule":
      return ruleCommand(reader, draft, verb);
    case "set":
    case "map":
      return setCommand(reader, draft, verb, object);
    case "element":
      return elementCommand(reader, draft, verb);
    case "ruleset":
      if (verb !== "flush") break;
      for (const table of [...draft.tables.values()]) draft.remove(table);
      return;
    case "counter":
    case "quota":
    case "limit":
    case "flowtable":
    case "ct":
    case "synproxy":
    case "secmark":
      throw new NotModelled(`nft ${verb} ${object}`);
    default:
      // `add ip t c ...` is a rule.
      break;
  }
  throw new ScriptFault(`syntax error, unexpected ${/^\d+$/.test(object) ? "number" : "string"}`, reader.here);
}

function tableCommand(reader: ScriptReader, draft: Draft, verb: string): void {
  const named = readTableName(reader);
  if (verb === "delete" || verb === "flush") {
    const table = tableOf(draft, named);
    if (verb === "delete") return draft.remove(table);
    for (const chain of table.chains.values()) chain.rules = [];
    return draft.touch(table);
  }
  if (verb !== "add" && verb !== "create") throw reader.unexpected();
  if (verb === "create" && draft.table(named.family, named.table) !== undefined) throw new ScriptFault(THERE, named.token);
  tableBlock(reader, draft, named);
}

/** `table ip t { ... }`: its chains, then its sets, then the rules. */
export function tableBlock(reader: ScriptReader, draft: Draft, { family, table: name }: Named): void {
  const table = draft.open(family, name);
  if (!reader.takes("{")) return;
  const rules: { readonly chain: string; readonly tokens: readonly ScriptToken[] }[] = [];
  const sets: (() => void)[] = [];
  for (;;) {
    reader.skipBreaks();
    if (reader.takes("}")) break;
    const token = reader.next();
    if (token.text === "comment") table.comment = reader.word();
    else if (token.text === "flags") throw new NotModelled("nft table flags");
    else if (token.text === "chain") rules.push(...chainBlock(reader, table, reader.word()));
    else if (token.text === "set" || token.text === "map") {
      const read = readSet(reader, table, token.text, reader.word());
      sets.push(() => putSet(table, read));
    } else if (["counter", "quota", "flowtable", "ct", "limit", "define"].includes(token.text)) throw new NotModelled(`nft ${token.text}`);
    else throw new ScriptFault(`syntax error, unexpected ${/^\w/.test(token.text) ? token.text : `'${token.text}'`}`, token);
  }
  for (const put of sets) put();
  for (const { chain, tokens } of rules) addRule(table, table.chains.get(chain)!.name, tokens, "end");
}

/** Reads `{ type ...; rule ... }` of a chain; its rules come when all chains and sets are there. */
function chainBlock(reader: ScriptReader, table: TableDraft, name: string): { readonly chain: string; readonly tokens: readonly ScriptToken[] }[] {
  const rules: { readonly chain: string; readonly tokens: readonly ScriptToken[] }[] = [];
  const chain = table.chains.get(name) ?? { name, base: null, comment: "", rules: [], handle: nextHandle(table) };
  table.chains.set(name, chain);
  if (!reader.takes("{")) return rules;
  for (;;) {
    reader.skipBreaks();
    if (reader.takes("}")) return rules;
    const word = reader.peek();
    if (word === "type") chain.base = baseOf(reader);
    else if (word === "policy") {
      reader.next();
      chain.base = withPolicy(reader, chain.base);
    } else if (word === "comment") {
      reader.next();
      chain.comment = reader.word();
    } else {
      const tokens = reader.statement();
      if (tokens.length === 0) throw reader.unexpected();
      rules.push({ chain: name, tokens });
    }
    if (!reader.takes(";", "\n")) throw reader.unexpected("newline or semicolon");
  }
}

/** `type filter hook input priority 0; policy accept` */
function baseOf(reader: ScriptReader): NonNullable<NftChain["base"]> {
  reader.next();
  const type = reader.next("string");
  if (type.text !== "filter" && type.text !== "nat") throw type.text === "route" ? new NotModelled("nft chain type route") : new ScriptFault(`unknown chain type`, type);
  reader.expect("hook");
  const hook = reader.next("string");
  if (!HOOKS.includes(hook.text)) throw hook.text === "ingress" || hook.text === "egress" ? new NotModelled(`nft hook ${hook.text}`) : new ScriptFault("unknown chain hook", hook);
  if (reader.takes("device", "devices")) throw new NotModelled("nft chain device");
  reader.expect("priority");
  return { type: type.text, hook: hook.text as NftHookName, priority: priorityOf(reader) };
}

function priorityOf(reader: ScriptReader): number {
  const token = reader.next("string");
  const number = (text: string): number | null => (/^-?\d+$/.test(text) ? Number(text) : null);
  const plain = number(token.text);
  if (plain !== null) return plain;
  const found = /^([a-z]+)([+-]\d+)?$/.exec(token.text);
  const named = NFT_PRIORITIES.find(([name]) => name === found?.[1]);
  if (named === undefined) throw new ScriptFault(`'${token.text}' is invalid priority.`, token);
  if (found![2] !== undefined) return named[1] + Number(found![2]);
  const sign = reader.peek();
  if (/^[+-]\d+$/.test(sign)) return named[1] + Number(reader.next().text);
  if (sign !== "+" && sign !== "-") return named[1];
  reader.next();
  const away = number(reader.next("number").text) ?? 0;
  return named[1] + (sign === "-" ? -away : away);
}

function withPolicy(reader: ScriptReader, base: NftChain["base"]): NftChain["base"] {
  const policy = reader.next("string");
  if (policy.text !== "accept" && policy.text !== "drop") throw new ScriptFault(`syntax error, unexpected ${policy.text}`, policy);
  return base === null ? null : { ...base, policy: policy.text };
}

function chainCommand(reader: ScriptReader, draft: Draft, verb: string): void {
  const named = readTableName(reader);
  const token = reader.next("string");
  const name = unquoted(token.text);
  if (verb === "add" || verb === "create") {
    const table = tableOf(draft, named, verb === "add" ? "No such file or directory" : MISSING);
    if (verb === "create" && table.chains.has(name)) throw new ScriptFault(THERE, token);
    draft.touch(table);
    const rules = chainBlock(reader, table, name);
    for (const rule of rules) addRule(table, rule.chain, rule.tokens, "end");
    return;
  }
  const table = tableOf(draft, named);
  const chain = table.chains.get(name);
  if (chain === undefined) throw new ScriptFault(MISSING, token);
  draft.touch(table);
  if (verb === "flush") chain.rules = [];
  else if (verb === "delete") {
    if (isUsed({ ...table, chains: new Map([...table.chains].filter(([other]) => other !== name)) }, name, "chain", clausesOf(table))) throw new ScriptFault(BUSY, token);
    table.chains.delete(name);
  } else if (verb === "rename") {
    const to = reader.word();
    if (table.chains.has(to)) throw new ScriptFault(THERE, token);
    const entries = [...table.chains].map(([key, each]) => (key === name ? ([to, { ...each, name: to }] as const) : ([key, each] as const)));
    table.chains.clear();
    for (const [key, each] of entries) table.chains.set(key, each);
  } else throw reader.unexpected();
}

const clausesOf = (table: TableDraft) => (rule: NftRule): readonly NftClause[] => readNftClauses(rule.text, FAMILY_NUMBER[table.family]);

function ruleCommand(reader: ScriptReader, draft: Draft, verb: string): void {
  const named = readTableName(reader);
  const token = reader.next("string");
  const table = tableOf(draft, named);
  const chain = table.chains.get(unquoted(token.text));
  if (chain === undefined) throw new ScriptFault(MISSING, token);
  draft.touch(table);
  let place: "end" | "begin" | number = verb === "insert" ? "begin" : "end";
  if (reader.takes("handle", "position", "index")) {
    const byIndex = reader.tokens.some((each) => each.text === "index");
    const number = reader.next("number");
    const at = byIndex ? Number(number.text) : chain.rules.findIndex((rule) => rule.handle === Number(number.text));
    if (at < 0 || at >= chain.rules.length) throw new ScriptFault(MISSING, number);
    if (verb === "delete") {
      chain.rules = chain.rules.filter((_, i) => i !== at);
      return;
    }
    if (verb === "replace") {
      chain.rules = chain.rules.filter((_, i) => i !== at);
      place = at;
    } else place = verb === "add" ? at + 1 : at;
  } else if (verb === "delete" || verb === "replace") throw reader.unexpected("handle");
  const tokens = reader.statement();
  if (tokens.length === 0) throw reader.unexpected();
  addRule(table, chain.name, tokens, place);
}

function addRule(table: TableDraft, chainName: string, all: readonly ScriptToken[], place: "end" | "begin" | number): void {
  const family = FAMILY_NUMBER[table.family];
  const last = all[all.length - 1]!;
  const commented = all.length >= 2 && all[all.length - 2]!.text === "comment";
  const tokens = commented ? all.slice(0, -2) : all;
  const words = nftTokens(tokens.map(({ text }) => text).join(" "));
  const rule = new RuleReader(words, family);
  const clauses = placed(
    tokens,
    () => {
      const made: NftClause[] = [];
      while (!rule.done) made.push(rule.clause());
      return made;
    },
    () => rule.position - 1,
  );
  checkNames(table, clauses, tokens);
  checkPorts(clauses, tokens);
  for (const clause of clauses) if (clause.kind === "update-set") becomesDynamic(table, clause.set);
  const chain = table.chains.get(chainName)!;
  const made: NftRule = Object.freeze({ text: nftRuleText(clauses, PLAIN, undefined), comment: commented ? unquoted(last.text) : "", cause: 0, handle: ruleHandle(table, clauses) });
  const at = place === "end" ? chain.rules.length : place === "begin" ? 0 : place;
  chain.rules = [...chain.rules.slice(0, at), made, ...chain.rules.slice(at)];
}

/** A set that a rule adds to has a size, and says that it changes (stmt_evaluate_set). */
function becomesDynamic(table: TableDraft, name: string): void {
  const set = table.sets.get(name);
  if (set === undefined) return;
  const flags = new Set([...(set.flags ?? []), "dynamic"]);
  set.flags = FLAG_ORDER.filter((flag) => flags.has(flag));
  set.size ??= DYNAMIC_SIZE;
}

const FLAG_ORDER: readonly string[] = ["constant", "dynamic", "interval", "timeout"];
const DYNAMIC_SIZE = 65_535;

/** A port to translate to needs a transport protocol that the rule has asked for. */
function checkPorts(clauses: readonly NftClause[], tokens: readonly ScriptToken[]): void {
  const at = clauses.findIndex((clause) => clause.kind === "nat" && (clause.place.port !== null || clause.place.map?.withPort === true));
  const asked = clauses.slice(0, Math.max(at, 0)).some((clause) => {
    const fields = "left" in clause ? clause.left.fields : clause.kind === "verdict-map" && "fields" in clause.by ? clause.by.fields : [];
    return fields.some(({ name, proto }) => proto !== 0 || name === "meta l4proto" || name === "ip protocol" || name === "ip6 nexthdr" || name.startsWith("th "));
  });
  if (at >= 0 && !asked) throw new ScriptFault("transport protocol mapping is only valid after transport protocol match", tokens[tokens.length - 1] ?? null);
}

/** Chains and sets that a rule speaks of must be there. */
function checkNames(table: TableDraft, clauses: readonly NftClause[], tokens: readonly ScriptToken[]): void {
  const missing = (name: string): ScriptFault => new ScriptFault(MISSING, tokens[0] ?? null, tokens.find(({ text }) => text === name || text === `@${name}`) ?? null);
  for (const clause of clauses) {
    if (clause.kind === "go" && clause.verdict.chain !== "" && !table.chains.has(clause.verdict.chain)) throw missing(clause.verdict.chain);
    const source = clause.kind === "in" || clause.kind === "verdict-map" ? clause.source : null;
    if (source?.kind === "set" && !table.sets.has(source.name)) throw new ScriptFault("No such file or directory", tokens.find(({ text }) => text === `@${source.name}`) ?? tokens[0] ?? null);
    if (source?.kind === "entries") for (const entry of source.entries) if (entry.verdict !== undefined && entry.verdict.chain !== "" && !table.chains.has(entry.verdict.chain)) throw missing(entry.verdict.chain);
  }
}

function setCommand(reader: ScriptReader, draft: Draft, verb: string, kind: "set" | "map"): void {
  const named = readTableName(reader);
  const token = reader.next("string");
  const name = unquoted(token.text);
  const table = tableOf(draft, named, verb === "add" ? "No such file or directory" : MISSING);
  draft.touch(table);
  if (verb === "add" || verb === "create") {
    if (verb === "create" && table.sets.has(name)) throw new ScriptFault(THERE, token);
    return putSet(table, readSet(reader, table, kind, name));
  }
  const set = table.sets.get(name);
  if (set === undefined || set.kind !== kind) throw new ScriptFault(MISSING, token);
  if (verb === "flush") set.elements = new Map();
  else if (verb === "delete") {
    if (isUsed(table, name, "set", clausesOf(table))) throw new ScriptFault(BUSY, token);
    table.sets.delete(name);
  } else throw reader.unexpected();
}

function elementCommand(reader: ScriptReader, draft: Draft, verb: string): void {
  const named = readTableName(reader);
  const token = reader.next("string");
  const table = tableOf(draft, named, "No such file or directory");
  const set = table.sets.get(unquoted(token.text));
  if (set === undefined) throw new ScriptFault("No such file or directory", token);
  draft.touch(table);
  const elements = readElements(reader, table, set.type, verb === "delete" ? "set" : set.kind);
  const held = new Map(set.elements);
  for (const one of elements) {
    const { element } = one;
    checkVerdict(table, one);
    const known = held.get(element.key);
    if (verb === "delete") {
      if (!held.delete(element.key)) throw new ScriptFault(MISSING, one.tokens[0] ?? token);
    } else if (verb === "create" && known !== undefined) throw new ScriptFault(THERE, one.tokens[0] ?? token);
    else if (known !== undefined && known.value !== element.value) throw new ScriptFault(THERE, one.tokens[0] ?? token);
    else if (known === undefined) held.set(element.key, element);
  }
  set.elements = held;
}

/** The elements of a set that a listing asks for, as keys. */
export function askedKeys(reader: ScriptReader, table: TableDraft, set: NftSet): string[] {
  return readElements(reader, table, set.type, "set").map(({ element }) => element.key);
}

/** Whether a key of a set holds another, as intervals do. */
export function keyHolds(set: NftSet, held: string, asked: string): boolean {
  const types = setTypes(set);
  const [a, b] = [readElement(held, types), readElement(asked, types)];
  return a !== undefined && b !== undefined && a.key.every((range, i) => range.first <= b.key[i]!.first && range.last >= b.key[i]!.last);
}
