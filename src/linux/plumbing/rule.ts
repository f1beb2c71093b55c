/** Policy rules: `ip rule add|del` (net/core/fib_rules.c). */
import { type Cidr, masked, parseCidr } from "../../base/cidr.js";
import { type PolicyRule, RT_TABLE, RTN } from "../fib-table.js";
import { DEFAULT_RULES } from "../policy-routing.js";
import type { Stack } from "../stack.js";
import { type ActResult, extackError, rtnetlinkError, type RuleChange } from "./act.js";

function range(text: string | undefined): Cidr | null {
  if (text === undefined || text === "all") return null;
  const cidr = text.includes("/") ? parseCidr(text) : parseCidr(`${text}/${text.includes(":") ? 128 : 32}`);
  return cidr === null ? null : masked(cidr);
}

/** A rule without a preference goes one before the first that is not 0 (fib_default_rule_pref). */
function nextPreference(rules: readonly PolicyRule[], family: number): number {
  const second = rules.filter((r) => r.family === family)[1];
  return second === undefined || second.pref === 0 ? 0 : second.pref - 1;
}

function sameRule(a: PolicyRule, b: PolicyRule): boolean {
  const text = (r: PolicyRule): string => JSON.stringify([r.family, r.not, r.from, r.to, r.mark, r.mask, r.iif, r.oif, r.table, r.type]);
  return text(a) === text(b);
}

/** `ip rule add|del`. */
export function changeRule(s: Stack, act: RuleChange): ActResult {
  const from = range(act.from);
  const to = range(act.to);
  const family = act.family ?? from?.family ?? to?.family ?? 4;
  const rules = s.fib.rules.get(act.ns) ?? DEFAULT_RULES;
  const type = act.type === undefined || act.type === "table" ? RTN.unicast : RTN[act.type];
  const wanted: PolicyRule = Object.freeze({
    family,
    pref: act.pref ?? (act.verb === "rule-add" ? nextPreference(rules, family) : -1),
    not: act.not === true,
    from: from === null || from.prefix === 0 ? null : Object.freeze({ words: from.words, prefix: from.prefix }),
    to: to === null || to.prefix === 0 ? null : Object.freeze({ words: to.words, prefix: to.prefix }),
    mark: act.fwmark ?? 0,
    mask: act.mask ?? (act.fwmark === undefined ? 0 : -1),
    iif: act.iif ?? "",
    oif: act.oif ?? "",
    table: type === RTN.unicast ? (act.table ?? RT_TABLE.main) : 0,
    type,
    cause: act.cause ?? 0,
  });
  if (act.verb === "rule-add") {
    if (rules.some((r) => r.pref === wanted.pref && sameRule(r, wanted))) return rtnetlinkError("EEXIST");
    const list = [...rules];
    const later = list.findIndex((r) => r.family === family && r.pref > wanted.pref);
    list.splice(later < 0 ? list.length : later, 0, wanted);
    s.fib.rules.set(act.ns, Object.freeze(list));
    return null;
  }
  const at = rules.findIndex((r) => r.family === family && matchesDeletion(r, wanted, act));
  if (at < 0) return rtnetlinkError("ENOENT");
  if (rules[at]!.pref === 0 && rules[at]!.table === RT_TABLE.local && act.table === undefined && act.pref === undefined) return extackError("EINVAL", "Cannot delete the local rule");
  s.fib.rules.set(act.ns, Object.freeze(rules.filter((_, i) => i !== at)));
  return null;
}

/** A deletion names what it wants to see equal; what it leaves out does not count. */
function matchesDeletion(r: PolicyRule, wanted: PolicyRule, act: RuleChange): boolean {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (
    (act.pref === undefined || r.pref === wanted.pref) &&
    (act.from === undefined || same(r.from, wanted.from)) &&
    (act.to === undefined || same(r.to, wanted.to)) &&
    (act.fwmark === undefined || (r.mark === wanted.mark && r.mask === wanted.mask)) &&
    (act.iif === undefined || r.iif === wanted.iif) &&
    (act.oif === undefined || r.oif === wanted.oif) &&
    (act.table === undefined || r.table === wanted.table) &&
    r.not === wanted.not
  );
}
