/** `nft` 1.0.6: scripts and single commands on tables of the families ip, ip6 and inet, and listings. */
import type { NftTable } from "../../linux/nf/nft/nft-tables.js";
import { type NftListForm, nftFamilyWord, type NftParts, nftTableText } from "../../linux/nf/nft/nft-table-text.js";
import { TABLE_NAMES, tableKey } from "../../linux/nf/table.js";
import { failed, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import { Draft, type FamilyWord } from "./draft.js";
import { askedKeys, keyHolds, readFamily, readTableName, runCommand, tableBlock, tableOf } from "./script.js";
import { ScriptFault, ScriptReader, unquoted } from "./script-reader.js";
import type { ScriptToken } from "./script-tokens.js";

const CHANGES: readonly string[] = ["add", "create", "insert", "replace", "delete", "destroy", "flush", "rename", "reset"];
const LETTERS: Readonly<Record<string, string>> = Object.freeze({ "--handle": "a", "--numeric": "n", "--stateless": "s", "--file": "f", "--check": "c", "--echo": "e", "--json": "j", "--version": "v", "--reversedns": "N", "--service": "S", "--guid": "u", "--numeric-priority": "y", "--numeric-protocol": "p", "--numeric-time": "T", "--terse": "t", "--interactive": "i", "--debug": "d", "--optimize": "o", "--includepath": "I", "--define": "D" });

interface Asked {
  form: NftListForm;
  file: string | null;
  check: boolean;
  command: readonly string[];
}

function read(words: readonly string[]): Asked | Output {
  const form = { numeric: false, stateless: false, handles: false };
  let file: string | null = null;
  let check = false;
  let at = 0;
  for (; at < words.length && /^-./.test(words[at]!); at++) {
    const letters = words[at]!.startsWith("--") ? (LETTERS[words[at]!] ?? "?") : words[at]!.slice(1);
    for (let k = 0; k < letters.length; k++) {
      const letter = letters[k]!;
      if (letter === "v") return said("nftables v1.0.6 (Lester Gooch #5)");
      if (letter === "a") form.handles = true;
      else if (letter === "n") form.numeric = true;
      else if (letter === "s") form.stateless = true;
      else if (letter === "c") check = true;
      else if (letter === "f") {
        file = letters.slice(k + 1) !== "" ? letters.slice(k + 1) : (words[++at] ?? "");
        break;
      } else if ("ejNSuypTtidoID".includes(letter)) throw new NotModelled(`nft -${letter}`);
      else return failed(1, `nft: ${words[at]!.startsWith("--") ? `unrecognized option '${words[at]!}'` : `invalid option -- '${letter}'`}`);
    }
  }
  return { form, file, check, command: words.slice(at) };
}

export function nft(place: Place, words: readonly string[], stdin: string): Output {
  const asked = read(words);
  if ("text" in asked) return asked;
  if (asked.file !== null && asked.file !== "-" && asked.file !== "/dev/stdin") return failed(1, `internal:0:0-0: Error: Could not open file "${asked.file}": No such file or directory\n\n`);
  if (asked.file === null && asked.command.length === 0) return failed(1, "nft: no command specified");
  const reader = new ScriptReader(asked.file === null ? asked.command.join(" ") : stdin);
  const draft = new Draft(place);
  const lines: string[] = [];
  try {
    for (reader.skipBreaks(); !reader.done; reader.skipBreaks()) {
      const listed = runStatement(place, reader, draft, asked.form);
      if (listed !== "") lines.push(listed);
      if (!reader.done && !reader.takes("\n", ";")) throw reader.unexpected();
    }
  } catch (fault) {
    if (!(fault instanceof ScriptFault)) throw fault;
    return failed(1, faultText(fault, reader.script, asked.file === null ? "" : "/dev/stdin"));
  }
  const refused = asked.check ? null : draft.commit();
  return refused === null ? said(lines.join("\n")) : failed(1, refused);
}

function runStatement(place: Place, reader: ScriptReader, draft: Draft, form: NftListForm): string {
  const token = reader.next();
  const verb = token.text;
  if (verb === "table") {
    tableBlock(reader, draft, readTableName(reader));
    return "";
  }
  if (verb === "list" || verb === "get") return list(place, reader, draft, form, verb);
  if (verb === "define" || verb === "include" || verb === "monitor" || verb === "describe" || verb === "undefine" || verb === "redefine") throw new NotModelled(`nft ${verb}`);
  if (!CHANGES.includes(verb)) {
    if (reader.done) throw new ScriptFault("syntax error, unexpected newline, expecting string", reader.here);
    throw new ScriptFault(`syntax error, unexpected ${verb.startsWith("{") ? "'{'" : "string"}`, token);
  }
  if (verb === "destroy" || verb === "reset") throw new NotModelled(`nft ${verb}`);
  runCommand(reader, draft, verb);
  return "";
}

/** `Error: WORDS`, the line, and marks under what is meant. */
function faultText({ message, token, last }: ScriptFault, script: string, file: string): string {
  if (token === null) return `Error: ${message}`;
  const line = script.split("\n")[token.line - 1] ?? "";
  const end = last !== null && last.line === token.line ? last.column + Math.max(1, last.text.length) - 1 : token.column + Math.max(1, token.text.length) - 1;
  const [from, to] = [Math.min(token.column, last?.line === token.line ? last.column : token.column), Math.max(end, token.column)];
  const place = file === "" ? "" : `${file}:${token.line}:${from}-${to}: `;
  const indent = line.slice(0, from - 1).replace(/[^\t]/g, " ");
  return `${place}Error: ${message}\n${line}\n${indent}${"^".repeat(to - from + 1)}`;
}

/** The place behind a token. */
function behind(token: ScriptToken | undefined): ScriptToken | null {
  return token === undefined ? null : { ...token, text: `${token.text} ` };
}

/** Tables of iptables, which the real tool would list too where they are those of iptables-nft: a comment names them. */
function foreignTables({ s, ns }: Place): string[] {
  const found: string[] = [];
  for (const family of [4, 6] as const) {
    TABLE_NAMES.forEach((name, index) => {
      const table = s.nf.tables.get(tableKey(ns, family, index));
      if (table !== undefined && [...table.chains.values()].some((chain) => chain.rules.length > 0)) found.push(`# table ip${family === 6 ? "6" : ""} ${name}: rules of ip${family === 6 ? "6" : ""}tables, which ip${family === 6 ? "6" : ""}tables-save lists`);
    });
  }
  return found;
}

const NONE = "No such file or directory";

function list(place: Place, reader: ScriptReader, draft: Draft, form: NftListForm, verb: string): string {
  const { s, ns } = place;
  const object = reader.next("string").text;
  const kept = (family: FamilyWord, name: string): NftTable | undefined => (s.nft.tables.get(ns) ?? []).find((table) => nftFamilyWord(table.family) === family && table.name === name);
  const everything = (): readonly NftTable[] => {
    const only = reader.done || ["\n", ";"].includes(reader.peek()) ? null : readFamily(reader);
    return (s.nft.tables.get(ns) ?? []).filter((table) => only === null || nftFamilyWord(table.family) === only);
  };
  const show = (table: NftTable, parts: Partial<NftParts>): string => nftTableText(s.nft, table, { sets: [], chains: [], rules: true, spaced: false, ...parts }, form);
  const whole = (table: NftTable): Partial<NftParts> => ({ sets: [...table.sets.keys()], chains: [...table.chains.keys()], spaced: true });
  const setsOf = (table: NftTable, kind: "set" | "map"): string[] => [...table.sets.values()].filter((set) => set.kind === kind).map(({ name }) => name);
  switch (object) {
    case "ruleset":
      return [...everything().map((table) => show(table, whole(table))), ...foreignTables(place)].join("\n");
    case "tables":
      return everything().map((table) => `table ${nftFamilyWord(table.family)} ${table.name}`).join("\n");
    case "chains":
      return everything().map((table) => show(table, { chains: [...table.chains.keys()], rules: false })).join("\n");
    case "sets":
    case "maps":
      return everything().map((table) => show(table, { sets: setsOf(table, object === "sets" ? "set" : "map") })).join("\n");
    case "table": {
      const named = readTableName(reader);
      tableOf(draft, named, NONE);
      const table = kept(named.family, named.table)!;
      return show(table, whole(table));
    }
    case "chain":
    case "set":
    case "map":
    case "element": {
      const named = readTableName(reader);
      const open = tableOf(draft, named, NONE);
      const token = reader.next("string");
      const name = unquoted(token.text);
      const table = kept(named.family, named.table)!;
      const found = object === "chain" ? table.chains.has(name) : table.sets.has(name) && (object === "element" || table.sets.get(name)!.kind === object);
      if (!found) throw new ScriptFault(NONE, token);
      if (object === "chain") return show(table, { chains: [name] });
      if (verb === "list") return show(table, { sets: [name] });
      const first = reader.tokens[0]!;
      const set = { ...table.sets.get(name)!, elements: [] };
      const asked = askedKeys(reader, open, set);
      const held = [...(table.elements.get(name)?.values() ?? [])].filter(({ key }) => asked.some((one) => keyHolds(set, key, one)));
      if (held.length < asked.length) throw new ScriptFault(`Could not process rule: ${NONE}`, first, behind(reader.tokens[reader.tokens.length - 1]));
      return show({ ...table, elements: new Map([[name, new Map(held.map((element) => [element.key, element]))]]) }, { sets: [name] });
    }
    case "counters":
    case "quotas":
    case "flowtables":
    case "limits":
    case "hooks":
    case "meters":
      throw new NotModelled(`nft list ${object}`);
    default:
      throw new ScriptFault("syntax error, unexpected string", reader.tokens[1] ?? null);
  }
}
