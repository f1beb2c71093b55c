/** Policy rules: which tables a packet's route is looked for in (`ip rule`; net/core/fib_rules.c, net/ipv4/fib_rules.c). */
import { type PolicyRule, RTN, RT_TABLE } from "./fib-table.js";
import type { Stack } from "./stack.js";

const rule = (family: 4 | 6, pref: number, table: number): PolicyRule =>
  Object.freeze({ family, pref, not: false, from: null, to: null, mark: 0, mask: 0, iif: "", oif: "", table, type: RTN.unicast, cause: 0 });

/** The rules every namespace starts with. */
export const DEFAULT_RULES: readonly PolicyRule[] = Object.freeze([
  rule(4, 0, RT_TABLE.local),
  rule(4, 32766, RT_TABLE.main),
  rule(4, 32767, RT_TABLE.default),
  rule(6, 0, RT_TABLE.local),
  rule(6, 32766, RT_TABLE.main),
]);

/** The rules of one family in order of preference. */
export function rulesOf(s: Stack, ns: number, family: number): readonly PolicyRule[] {
  return (s.fib.rules.get(ns) ?? DEFAULT_RULES).filter((r) => r.family === family);
}

function inside(s: Stack, addr: number, range: { readonly words: readonly number[]; readonly prefix: number }): boolean {
  if (addr === 0) return range.prefix === 0;
  for (let k = 0; k < 4; k++) {
    const bits = range.prefix - 32 * k;
    if (bits <= 0) break;
    const mask = bits >= 32 ? -1 : -1 << (32 - bits);
    if (((s.book.words[addr * 4 + k]! ^ range.words[k]!) & mask) !== 0) return false;
  }
  return true;
}

/** fib_rule_match: whether a rule speaks about this packet; `iif` and `oif` are device rows, 0 if none (a local packet's iif is lo). */
export function matchesRule(s: Stack, r: PolicyRule, src: number, dst: number, mark: number, iif: number, oif: number): boolean {
  const met =
    (r.from === null || inside(s, src, r.from)) &&
    (r.to === null || inside(s, dst, r.to)) &&
    (mark & r.mask) === (r.mark & r.mask) &&
    (r.iif === "" || (iif !== 0 ? s.devInfo.get(iif)?.name : "lo") === r.iif) &&
    (r.oif === "" || (oif !== 0 && s.devInfo.get(oif)?.name === r.oif));
  return met !== r.not;
}
