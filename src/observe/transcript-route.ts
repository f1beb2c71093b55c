/** Acts on routes and policy rules, as `ip route` and `ip rule` commands. */
import type { RouteChange, RouteFlush, RuleChange } from "../linux/plumbing/act.js";
import { inNetns, type NamespaceWords, type TypedCommand } from "./transcript-words.js";

const TABLES: Readonly<Record<number, string>> = Object.freeze({ 253: "default", 254: "main", 255: "local" });

const tableWord = (table: number): string => TABLES[table] ?? String(table);

const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

const given = (word: string, value: string | number | undefined): string[] => (value === undefined ? [] : [word, String(value)]);

const isV6 = (text: string | undefined): boolean => text?.includes(":") === true;

interface HopWords {
  readonly via?: string;
  readonly dev?: string;
  readonly weight?: number;
  readonly onlink?: boolean;
}

/** A gateway of the other family says which it is (`via inet6 fe80::1`). */
function hopWords(hop: HopWords, v6: boolean): string[] {
  const gateway = hop.via === undefined ? [] : isV6(hop.via) && !v6 ? ["via", "inet6", hop.via] : ["via", hop.via];
  return [...gateway, ...given("dev", hop.dev), ...given("weight", hop.weight), ...(hop.onlink === true ? ["onlink"] : [])];
}

export function routeCommand(act: RouteChange, at: NamespaceWords): TypedCommand {
  const v6 = isV6(act.dst) || (act.dst === "default" && (isV6(act.via) || isV6(act.src) || (act.nexthops ?? []).some((hop) => isV6(hop.via))));
  const dst = act.dst === "::/0" ? "default" : act.dst;
  const own = hopWords({ ...(act.via === undefined ? {} : { via: act.via }), ...(act.dev === undefined ? {} : { dev: act.dev }), ...(act.onlink === undefined ? {} : { onlink: act.onlink }) }, v6);
  const words = [
    ...(act.type === undefined ? [] : [act.type]), dst, ...own, ...given("table", act.table === undefined ? undefined : tableWord(act.table)), ...given("proto", act.proto),
    ...given("scope", act.scope), ...given("src", act.src), ...given("metric", act.metric), ...given("mtu", act.mtu), ...(act.nexthops ?? []).flatMap((hop) => ["nexthop", ...hopWords(hop, v6)]),
  ];
  return inNetns("ip", at, act.ns, ["route", act.verb.slice(6), ...words], v6);
}

export function routeFlushCommand(act: RouteFlush, at: NamespaceWords): TypedCommand {
  const words = [...(act.dst === undefined ? [] : [act.dst]), ...given("table", tableWord(act.table ?? 254)), ...given("dev", act.dev), ...given("proto", act.proto)];
  return inNetns("ip", at, act.ns, ["route", "flush", ...words], act.family === 6);
}

export function ruleCommand(act: RuleChange, at: NamespaceWords): TypedCommand {
  const { fwmark = 0, mask } = act;
  const mark = act.fwmark === undefined && mask === undefined ? [] : ["fwmark", mask === undefined ? hex(fwmark) : `${hex(fwmark)}/${hex(mask)}`];
  const words = [
    ...(act.not === true ? ["not"] : []), ...given("pref", act.pref), ...given("from", act.from), ...given("to", act.to), ...mark, ...given("iif", act.iif), ...given("oif", act.oif),
    ...(act.type === undefined || act.type === "table" ? given("table", act.table === undefined ? undefined : tableWord(act.table)) : [act.type]),
  ];
  return inNetns("ip", at, act.ns, ["rule", act.verb === "rule-add" ? "add" : "del", ...words], act.family === 6);
}
