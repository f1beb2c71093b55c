/** Tables as `nft list` prints them: sets, maps, then chains, in the order of their making. */
import type { NftChain, NftSet } from "./nft-doc.js";
import { readElement, setTypes } from "./nft-elements.js";
import { readNftClauses } from "./nft-rule-syntax.js";
import { entryText, type NftForm, nftRuleText, sortedEntries } from "./nft-rule-text.js";
import type { NftTableAct } from "../../plumbing/nft-act.js";
import type { NftTable, NftTables } from "./nft-tables.js";
import type { NftType } from "./nft-types.js";

/** How a table is printed. */
export interface NftListForm extends NftForm {
  /** `-a` */
  readonly handles: boolean;
}

const FAMILY = { 0: "inet", 4: "ip", 6: "ip6" } as const;
/** Where an element that needs a line of its own begins. */
const ELEMENT_INDENT = "\t\t\t     ";

export function nftFamilyWord(family: 0 | 4 | 6): "inet" | "ip" | "ip6" {
  return FAMILY[family];
}

/** Which parts a listing has. */
export interface NftParts {
  readonly sets: readonly string[];
  readonly chains: readonly string[];
  /** rules of chains, and the comment of the table */
  readonly rules: boolean;
  /** an empty line between parts, as lists of whole tables have */
  readonly spaced: boolean;
}

export function nftTableText(tables: Pick<NftTables, "counted">, table: NftTable, parts: NftParts, form: NftListForm): string {
  const handle = (number: number | undefined): string => (form.handles && number !== undefined ? ` # handle ${number}` : "");
  const blocks = [
    ...parts.sets.map((name) => setText(table, table.sets.get(name)!, form, handle)),
    ...parts.chains.map((name) => chainText(tables, table, table.chains.get(name)!, form, parts.rules, handle)),
  ];
  const comment = parts.rules && parts.spaced && table.comment !== undefined && table.comment !== "" ? `\tcomment "${table.comment}"\n` : "";
  return `table ${nftFamilyWord(table.family)} ${table.name} {${parts.spaced ? handle(table.handle) : ""}\n${comment}${blocks.join(parts.spaced ? "\n" : "")}}`;
}

function block(head: string, handle: string, lines: readonly string[]): string {
  return `\t${head} {${handle}\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`;
}

function setText(table: NftTable, set: NftSet, form: NftListForm, handle: (number: number | undefined) => string): string {
  const flags = [...(set.flags ?? []), ...(set.timeout > 0 && set.flags === undefined ? ["dynamic", "timeout"] : [])];
  const types = setTypes(set);
  const listed = listedElements(table, set, types, form);
  return block(`${set.kind} ${set.name}`, handle(set.handle), [
    `type ${set.type}`,
    ...(set.size !== undefined ? [`size ${set.size}`] : set.timeout > 0 && set.flags === undefined ? ["size 65535"] : []),
    ...(flags.length === 0 ? [] : [`flags ${flags.join(",")}`]),
    ...(set.timeout === 0 ? [] : [`timeout ${durationText(set.timeout)}`]),
    ...(set.comment === "" ? [] : [`comment "${set.comment}"`]),
    ...(listed === "" ? [] : [`elements = { ${listed} }`]),
  ]);
}

/** Two addresses of IPv4 or four ports stand on a line, joined keys and those with data alone. */
function listedElements(table: NftTable, set: NftSet, types: readonly NftType[], form: NftListForm): string {
  const elements = [...(table.elements.get(set.name)?.values() ?? [])];
  const read = elements.map((element) => ({ element, entry: readElement(element.key, types) ?? { key: [] } }));
  const order = sortedEntries(read.map(({ entry }) => entry), types, false);
  const sorted = order.map((entry) => read.find((one) => one.entry === entry)!);
  const texts = sorted.map(({ element, entry }) => `${entryText(entry, types, form)}${element.comment === "" ? "" : ` comment "${element.comment}"`}${element.value === "" ? "" : ` : ${element.value}`}`);
  const perLine = types.length > 1 || set.kind === "map" || elements.some(({ comment }) => comment !== "") ? 1 : types[0] === "ipv4_addr" ? 2 : types[0] === "ipv6_addr" ? 1 : 5;
  return texts.reduce((sum, text, i) => (i === 0 ? text : `${sum}${i % perLine === 0 ? `,\n${ELEMENT_INDENT}` : ", "}${text}`), "");
}

function chainText(tables: Pick<NftTables, "counted">, table: NftTable, chain: NftChain, form: NftListForm, withRules: boolean, handle: (number: number | undefined) => string): string {
  const { base } = chain;
  const head = base === null ? [] : [`type ${base.type} hook ${base.hook} priority ${priorityText(base, form.numeric)}; policy ${base.policy ?? "accept"};`];
  const rules = withRules ? chain.rules.map((rule) => `${nftRuleText(readNftClauses(rule.text, table.family), form, tables.counted(table, rule.handle))}${rule.comment === "" ? "" : ` comment "${rule.comment}"`}${handle(rule.handle)}`) : [];
  return block(`chain ${chain.name}`, handle(chain.handle), [...(chain.comment === "" ? [] : [`comment "${chain.comment}"`]), ...head, ...rules]);
}

/** Names of priorities: those near one are counted from it; each belongs to certain hooks. */
export const NFT_PRIORITIES: readonly (readonly [name: string, priority: number, hooks: readonly string[] | null])[] = Object.freeze([
  ["raw", -300, null],
  ["mangle", -150, null],
  ["dstnat", -100, ["prerouting"]],
  ["filter", 0, null],
  ["security", 50, null],
  ["srcnat", 100, ["postrouting"]],
]);
const NEAR = 10;

function priorityText({ hook, priority }: NonNullable<NftChain["base"]>, numeric: boolean): string {
  if (numeric) return String(priority);
  const found = NFT_PRIORITIES.find(([, number, hooks]) => Math.abs(priority - number) <= NEAR && (hooks === null || hooks.includes(hook)));
  if (found === undefined) return String(priority);
  const away = priority - found[1];
  return away === 0 ? found[0] : `${found[0]} ${away < 0 ? "-" : "+"} ${Math.abs(away)}`;
}

/** 3661 is `1h1m1s`. */
function durationText(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "m"], [seconds % 60, "s"]];
  return parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("");
}

/** A whole table that an act sets, as `nft -f` reads it. */
export function nftActText({ ns, family, name, table }: NftTableAct): string {
  const { chains = [], sets = [], comment } = table ?? {};
  const made: NftTable = {
    ns,
    family: family === "inet" ? 0 : family === "ip6" ? 6 : 4,
    name,
    ...(comment === undefined ? {} : { comment }),
    chains: new Map(chains.map((chain) => [chain.name, chain])),
    sets: new Map(sets.map((set) => [set.name, set])),
    elements: new Map(sets.map((set) => [set.name, new Map(set.elements.map((element) => [element.key, element]))])),
    dynamic: new Map(),
  };
  const parts = { sets: sets.map((set) => set.name), chains: chains.map((chain) => chain.name), rules: true, spaced: true };
  return nftTableText({ counted: () => undefined }, made, parts, { numeric: false, stateless: true, handles: false });
}
