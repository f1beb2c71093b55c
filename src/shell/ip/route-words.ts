/** Words of routing tables and protocols (/etc/iproute2). */
import { RT_TABLE } from "../../linux/fib-table.js";
import { Ended } from "../output.js";

const NAMES: Readonly<Record<number, string>> = Object.freeze({ [RT_TABLE.local]: "local", [RT_TABLE.main]: "main", [RT_TABLE.default]: "default" });

export function tableText(table: number): string {
  return NAMES[table] ?? String(table);
}

/** Number of a table; "all" is 0. */
export function tableId(word: string): number {
  if (word === "all") return 0;
  const named = Object.entries(NAMES).find(([, name]) => name === word);
  if (named !== undefined) return Number(named[0]);
  if (!/^\d+$/.test(word)) throw new Ended(255, `Error: argument "${word}" is wrong: table id value is invalid\n`);
  return Number(word);
}

const PROTOCOLS: Readonly<Record<string, string>> = Object.freeze({ "2": "kernel", "3": "boot", "4": "static", "8": "gated", "9": "ra", "11": "zebra", "12": "bird", "16": "dhcp", "42": "babel", "186": "bgp", "187": "isis", "188": "ospf", "189": "rip", "192": "eigrp" });

/** A protocol by its word; a number that has one becomes it. */
export function protocolWord(word: string): string {
  return PROTOCOLS[word] ?? word;
}
