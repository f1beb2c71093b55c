// The table as `nft list table` (1.0.6) prints it when it was loaded in canonical order.

import { compareText } from "../compare-text.js";
import { canonicalAddress } from "../sloppy-address.js";
import { formatElement } from "./canonical-form.js";
import { listedRule } from "./listed-rule.js";
import { type NftChain, type NftElement, type NftSet, type NftTable, TABLE_COMMENT, TABLE_NAME } from "./nft-doc.js";

const PROTOCOLS: Readonly<Record<string, number>> = Object.freeze({ tcp: 6, udp: 17, sctp: 132 });

/** The text of `nft list table`. */
export function formatListed(table: NftTable): string {
  const blocks = [...table.sets.map(listedSet), ...table.chains.map(listedChain)];
  return `table ${table.family} ${TABLE_NAME} {\n\tcomment "${TABLE_COMMENT}"\n${blocks.join("\n")}}\n`;
}

function listedSet(set: NftSet): string {
  const lines = [
    `type ${set.type}`,
    ...(set.timeout === 0 ? [] : ["size 65535", "flags dynamic,timeout", `timeout ${formatTimeout(set.timeout)}`]),
    ...(set.comment === "" ? [] : [`comment "${set.comment}"`]),
    ...(set.elements.length === 0 ? [] : [`elements = { ${listedElements(set)} }`]),
  ];
  return block(`${set.kind} ${set.name}`, lines);
}

/** Two IPv4 addresses stand on a line, anything longer alone. */
function listedElements(set: NftSet): string {
  const newline = ",\n\t\t\t     ";
  const texts = [...set.elements].sort(compareKeys).map(formatElement);
  return texts.reduce((sum, text, index) => `${sum}${set.type === "ipv4_addr" && index % 2 === 1 ? ", " : newline}${text}`);
}

function listedChain(chain: NftChain): string {
  const { base } = chain;
  const lines = [
    ...(chain.comment === "" ? [] : [`comment "${chain.comment}"`]),
    ...(base === null ? [] : [`type ${base.type} hook ${base.hook} priority ${priorityName(base)}; policy accept;`]),
    ...chain.rules.map((rule) => `${listedRule(rule.text)}${rule.comment === "" ? "" : ` comment "${rule.comment}"`}`),
  ];
  return block(`chain ${chain.name}`, lines);
}

function block(head: string, lines: readonly string[]): string {
  return `\t${head} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`;
}

/** Priorities near one with a name are printed by it; each name belongs to certain hooks. */
function priorityName({ hook, priority }: NonNullable<NftChain["base"]>): string {
  if (priority === 0) return "filter";
  if (hook === "postrouting" && priority === 100) return "srcnat";
  if (hook !== "prerouting" || Math.abs(priority + 100) > 10) return `${priority}`;
  return priority === -100 ? "dstnat" : `dstnat ${priority < -100 ? "-" : "+"} ${Math.abs(priority + 100)}`;
}

/** 3661 is `1h1m1s`. */
function formatTimeout(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  return parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("");
}

/** Single keys by value; joined keys by their bytes read backwards, as nft's sort takes them for little-endian numbers. */
function compareKeys(a: NftElement, b: NftElement): number {
  return compareText(sortKey(a.key), sortKey(b.key));
}

function sortKey(key: string): string {
  const parts = key.split(" . ");
  const bytes = parts.flatMap(keyBytes);
  return String.fromCharCode(...(parts.length === 1 ? bytes : bytes.reverse()));
}

function keyBytes(part: string): readonly number[] {
  const protocol = PROTOCOLS[part];
  if (protocol !== undefined) return [protocol];
  if (/^[0-9]+$/.test(part)) return [Number(part) >>> 8, Number(part) & 255];
  const address = canonicalAddress(part);
  const words = address === null ? [] : address.words.slice(0, address.family === 4 ? 1 : 4);
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}
