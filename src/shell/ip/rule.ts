/** `ip rule`. */
import { type Cidr, contains, formatCidr } from "../../base/cidr.js";
import { type PolicyRule, RTN } from "../../linux/fib-table.js";
import { rulesOf } from "../../linux/policy-routing.js";
import type { RuleChange } from "../../linux/plumbing/act.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { prefixOf } from "./device-list.js";
import { type IpOptions, printed, verbOf } from "./ip-options.js";
import { tableId, tableText } from "./route-words.js";

const VERBS = ["list", "lst", "show", "save", "restore", "add", "delete", "flush"] as const;
const TYPES: Readonly<Record<number, string>> = Object.freeze({ [RTN.blackhole]: "blackhole", [RTN.unreachable]: "unreachable", [RTN.prohibit]: "prohibit" });
const PREFERENCE: readonly string[] = ["pref", "preference", "priority", "order"];
const FIRST_DEFAULT = 32766;

export function ipRule(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "rule", VERBS, "list");
  if (verb === "list" || verb === "lst" || verb === "show") {
    const fields = rulesWanted(place, options, reader).map((rule) => ruleFields(rule, options.details));
    return said(options.json ? printed(options, fields.map(fieldsObject)) : fields.map(ruleText).join("\n"));
  }
  if (verb === "flush") return flushRules(place, options, reader);
  if (verb !== "add" && verb !== "delete") throw new NotModelled(`ip rule ${verb}`);
  return changeRule(place, options, verb === "add" ? "rule-add" : "rule-del", reader);
}

/** The rules that a list or flush is about. */
function rulesWanted({ s, ns }: Place, options: IpOptions, reader: WordReader): PolicyRule[] {
  const tests: ((rule: PolicyRule) => boolean)[] = [];
  const inside = (range: PolicyRule["from"], cidr: Cidr): boolean => range !== null && range.prefix >= cidr.prefix && contains(cidr, range.words);
  while (!reader.done) {
    const word = reader.take();
    if (word === "table" || word === "lookup") {
      const table = ruleTable(reader.argument());
      tests.push((rule) => rule.type === RTN.unicast && rule.table === table);
    } else if (PREFERENCE.includes(word)) {
      const pref = Number(reader.argument());
      tests.push((rule) => rule.pref === pref);
    } else if (word === "fwmark") {
      const { mark } = markOf(reader.argument());
      tests.push((rule) => rule.mark === mark);
    } else if (word === "iif" || word === "dev" || word === "oif") {
      const name = reader.argument();
      tests.push((rule) => (word === "oif" ? rule.oif : rule.iif) === name);
    } else if (word === "from" || word === "to") {
      const cidr = prefixOf(reader.argument());
      tests.push((rule) => inside(word === "from" ? rule.from : rule.to, cidr));
    } else throw new NotModelled(`ip rule show ${word}`);
  }
  return rulesOf(s, ns, options.family === 6 ? 6 : 4).filter((rule) => tests.every((test) => test(rule)));
}

/** Every rule but that of preference 0, as far as the words ask for it. */
function flushRules(place: Place, options: IpOptions, reader: WordReader): Output {
  const family = options.family === 6 ? 6 : 4;
  for (const rule of rulesWanted(place, options, reader)) {
    if (rule.pref === 0) continue;
    act(place, { verb: "rule-del", ns: place.ns, family, pref: rule.pref, not: rule.not });
  }
  return said("");
}

function rangeFields(family: 4 | 6, range: PolicyRule["from"], word: "from" | "to", key: "src" | "dst"): Field[] {
  if (range === null) return word === "from" ? [{ key, value: "all", text: "from all" }] : [];
  const [addr = ""] = formatCidr({ family, words: range.words, prefix: range.prefix }).split("/");
  const whole = range.prefix === (family === 4 ? 32 : 128);
  return [{ key, value: addr, text: `${word} ${addr}${whole ? "" : `/${range.prefix}`}` }, ...(whole ? [] : [{ key: `${key}len`, value: range.prefix, text: "" }])];
}

function ruleFields(rule: PolicyRule, details: boolean): Field[] {
  const field = (key: string, value: Json, text: string): Field => ({ key, value, text });
  const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
  const masked = rule.mask !== -1 && (rule.mark !== 0 || rule.mask !== 0);
  const fields: Field[] = [field("priority", rule.pref, "")];
  if (rule.not) fields.push(field("not", null, "not"));
  fields.push(...rangeFields(rule.family, rule.from, "from", "src"), ...rangeFields(rule.family, rule.to, "to", "dst"));
  if (rule.mark !== 0 || rule.mask !== 0) fields.push(field("fwmark", hex(rule.mark), `fwmark ${hex(rule.mark)}${masked ? `/${hex(rule.mask)}` : ""}`));
  if (masked) fields.push(field("fwmask", hex(rule.mask), ""));
  if (rule.iif !== "") fields.push(field("iif", rule.iif, `iif ${rule.iif}`));
  if (rule.oif !== "") fields.push(field("oif", rule.oif, `oif ${rule.oif}`));
  const type = TYPES[rule.type];
  fields.push(type !== undefined ? field("action", type, type) : field("table", tableText(rule.table), `lookup ${tableText(rule.table)}`));
  const proto = rule.cause === 0 && (rule.pref === 0 || rule.pref >= FIRST_DEFAULT) ? "kernel" : "unspec";
  if (details) fields.push(field("protocol", proto, `proto ${proto}`));
  return fields;
}

function ruleText(fields: readonly Field[]): string {
  return `${fields[0]!.value as number}:\t${fieldsText(fields)}`;
}

function markOf(text: string): { readonly mark: number; readonly mask: number | undefined } {
  const [mark = "", mask] = text.split("/");
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(mark)) throw new Ended(255, `Error: argument "${text}" is wrong: fwmark value is invalid\n`);
  return { mark: Number(mark) | 0, mask: mask === undefined ? undefined : Number(mask) | 0 };
}

function ruleTable(word: string): number {
  try {
    return tableId(word);
  } catch {
    throw new Ended(255, `Error: argument "${word}" is wrong: invalid table ID\n`);
  }
}

function changeRule(place: Place, options: IpOptions, verb: RuleChange["verb"], reader: WordReader): Output {
  const made: { -readonly [K in keyof RuleChange]: RuleChange[K] } = { verb, ns: place.ns };
  if (options.family !== 0) made.family = options.family;
  while (!reader.done) {
    const word = reader.take();
    if (word === "not") made.not = true;
    else if (word === "from" || word === "to") made[word] = reader.argument();
    else if (PREFERENCE.includes(word)) made.pref = Number(reader.argument());
    else if (word === "fwmark") {
      const { mark, mask } = markOf(reader.argument());
      made.fwmark = mark;
      if (mask !== undefined) made.mask = mask;
    } else if (word === "iif" || word === "dev") made.iif = reader.argument();
    else if (word === "oif") made.oif = reader.argument();
    else if (word === "table" || word === "lookup") made.table = ruleTable(reader.argument());
    else if (word === "type") reader.argument();
    else if (word === "blackhole" || word === "unreachable" || word === "prohibit") made.type = word;
    else if (["tos", "dsfield", "ipproto", "sport", "dport", "uidrange", "goto", "nat", "l3mdev", "suppress_prefixlength", "protocol"].includes(word)) throw new NotModelled(`ip rule ${word}`);
    else throw new Ended(255, `Error: argument "${word}" is wrong: Failed to parse rule type`);
  }
  return act(place, made);
}
