/** `ip rule`. */
import { formatCidr } from "../../base/cidr.js";
import { type PolicyRule, RTN } from "../../linux/fib-table.js";
import { rulesOf } from "../../linux/policy-routing.js";
import type { RuleChange } from "../../linux/plumbing/act.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { type IpOptions, verbOf } from "./ip-options.js";
import { tableId, tableText } from "./route-words.js";

const VERBS = ["list", "lst", "show", "save", "restore", "add", "delete", "flush"] as const;
const TYPES: Readonly<Record<number, string>> = Object.freeze({ [RTN.blackhole]: "blackhole", [RTN.unreachable]: "unreachable", [RTN.prohibit]: "prohibit" });

export function ipRule(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "rule", VERBS, "list");
  if (verb === "list" || verb === "lst" || verb === "show") {
    if (!reader.done) throw new NotModelled(`ip rule show ${reader.take()}`);
    return said(rulesOf(place.s, place.ns, options.family === 6 ? 6 : 4).map(ruleText).join("\n"));
  }
  if (verb !== "add" && verb !== "delete") throw new NotModelled(`ip rule ${verb}`);
  return changeRule(place, options, verb === "add" ? "rule-add" : "rule-del", reader);
}

function rangeText(rule: PolicyRule, range: PolicyRule["from"]): string {
  if (range === null) return "all";
  const text = formatCidr({ family: rule.family, words: range.words, prefix: range.prefix });
  return range.prefix === (rule.family === 4 ? 32 : 128) ? text.split("/")[0]! : text;
}

function ruleText(rule: PolicyRule): string {
  let text = `${rule.pref}:\t${rule.not ? "not " : ""}from ${rangeText(rule, rule.from)}`;
  if (rule.to !== null) text += ` to ${rangeText(rule, rule.to)}`;
  if (rule.mark !== 0 || rule.mask !== 0) text += ` fwmark 0x${(rule.mark >>> 0).toString(16)}${rule.mask === -1 ? "" : `/0x${(rule.mask >>> 0).toString(16)}`}`;
  if (rule.iif !== "") text += ` iif ${rule.iif}`;
  if (rule.oif !== "") text += ` oif ${rule.oif}`;
  return `${text} ${TYPES[rule.type] ?? `lookup ${tableText(rule.table)}`}`;
}

function changeRule(place: Place, options: IpOptions, verb: RuleChange["verb"], reader: WordReader): Output {
  const made: { -readonly [K in keyof RuleChange]: RuleChange[K] } = { verb, ns: place.ns };
  if (options.family !== 0) made.family = options.family;
  while (!reader.done) {
    const word = reader.take();
    if (word === "not") made.not = true;
    else if (word === "from" || word === "to") made[word] = reader.argument();
    else if (["pref", "preference", "priority", "order"].includes(word)) made.pref = Number(reader.argument());
    else if (word === "fwmark") {
      const [mark, mask] = reader.argument().split("/");
      made.fwmark = Number(mark) | 0;
      if (mask !== undefined) made.mask = Number(mask) | 0;
    } else if (word === "iif" || word === "dev") made.iif = reader.argument();
    else if (word === "oif") made.oif = reader.argument();
    else if (word === "table" || word === "lookup") made.table = tableId(reader.argument());
    else if (word === "type") reader.argument();
    else if (word === "blackhole" || word === "unreachable" || word === "prohibit") made.type = word;
    else if (["tos", "dsfield", "ipproto", "sport", "dport", "uidrange", "goto", "nat", "l3mdev", "suppress_prefixlength", "protocol"].includes(word)) throw new NotModelled(`ip rule ${word}`);
    else throw new Ended(255, `Error: argument "${word}" is wrong: Failed to parse rule type`);
  }
  return act(place, made);
}
