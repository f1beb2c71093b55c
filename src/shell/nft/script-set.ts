/** Sets and maps of an nft script: their definitions and elements. */
import type { NftElement, NftSet } from "../../linux/nf/nft/nft-doc.js";
import { setTypes } from "../../linux/nf/nft/nft-elements.js";
import { nftTokens, RuleReader } from "../../linux/nf/nft/nft-rule-syntax.js";
import { entryText } from "../../linux/nf/nft/nft-rule-text.js";
import type { NftType } from "../../linux/nf/nft/nft-types.js";
import { NotModelled } from "../output.js";
import { FAMILY_NUMBER, nextHandle, type TableDraft } from "./draft.js";
import { placed, ScriptFault, type ScriptReader } from "./script-reader.js";
import type { ScriptToken } from "./script-tokens.js";

const PLAIN = { numeric: false, stateless: false, asWritten: true };
const KEY_TYPES: readonly string[] = ["ipv4_addr", "ipv6_addr", "ether_addr", "inet_service", "inet_proto", "mark", "ifname", "icmp_type", "icmpv6_type", "ct_state"];
const MISSING = "Could not process rule: No such file or directory";

/** An element, and where it stands. */
interface ReadElement {
  readonly element: NftElement;
  readonly tokens: readonly ScriptToken[];
}

type SetDraft = Omit<NftSet, "elements" | "handle"> & { readonly read: readonly ReadElement[] };

/** Reads `{ type ...; flags ...; elements = { ... } }`. */
export function readSet(reader: ScriptReader, table: TableDraft, kind: "set" | "map", name: string): SetDraft {
  const made: { -readonly [K in keyof SetDraft]: SetDraft[K] } = { name, kind, type: "", comment: "", timeout: 0, flags: [], read: [] };
  reader.expect("{");
  for (;;) {
    reader.skipBreaks();
    if (reader.takes("}")) break;
    const token = reader.next();
    if (token.text === "type") made.type = typeText(reader, kind);
    else if (token.text === "flags") made.flags = flagWords(reader);
    else if (token.text === "timeout" || token.text === "gc-interval") {
      const seconds = duration(reader.next().text);
      if (token.text === "timeout") made.timeout = seconds;
    } else if (token.text === "size") made.size = Number(reader.next("number").text);
    else if (token.text === "comment") made.comment = reader.word();
    else if (token.text === "elements") {
      reader.expect("=");
      made.read = readElements(reader, table, made.type, kind);
    } else if (token.text === "auto-merge" || token.text === "typeof" || token.text === "counter") throw new NotModelled(`nft set ${token.text}`);
    else if (token.text !== "policy") throw new ScriptFault(`syntax error, unexpected ${token.text}`, token);
    else reader.next();
    if (reader.peek() !== "}" && !reader.takes(";", "\n")) throw reader.unexpected("newline or semicolon");
  }
  if (made.type === "") throw new ScriptFault("set definition does not specify key", reader.here);
  return made;
}

function typeText(reader: ScriptReader, kind: "set" | "map"): string {
  const parts: string[] = [];
  const one = (): string => {
    const token = reader.next("string");
    if (!KEY_TYPES.includes(token.text)) throw new ScriptFault(`unknown datatype ${token.text}`, token);
    return token.text;
  };
  do parts.push(one());
  while (reader.takes("."));
  if (kind === "set") return parts.join(" . ");
  reader.expect(":");
  const data = reader.next("string");
  if (data.text !== "verdict") throw new NotModelled(`nft map to ${data.text}`);
  return `${parts.join(" . ")} : verdict`;
}

function flagWords(reader: ScriptReader): string[] {
  const flags: string[] = [];
  do {
    const token = reader.next("string");
    if (!["interval", "constant", "timeout", "dynamic"].includes(token.text)) throw new ScriptFault(`syntax error, unexpected ${token.text}`, token);
    flags.push(token.text);
  } while (reader.takes(","));
  // As the listing orders them.
  return ["constant", "interval", "dynamic", "timeout"].filter((flag) => flags.includes(flag));
}

/** `1h1m`, `30s`, `30` in seconds. */
function duration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const units: Readonly<Record<string, number>> = { d: 86400, h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
}

/** `{ 10.0.0.1, 10.0.0.0/24 comment "x", 10.0.0.1 . tcp . 80 : goto web }` */
export function readElements(reader: ScriptReader, table: TableDraft, type: string, kind: "set" | "map"): ReadElement[] {
  const types = setTypes({ type } as NftSet);
  const elements: ReadElement[] = [];
  reader.expect("{");
  for (;;) {
    reader.skipNewlines();
    if (reader.takes("}")) return elements;
    const tokens: ScriptToken[] = [];
    let comment = "";
    while (!["", ",", "}", "\n"].includes(reader.peek())) {
      if (reader.takes("comment")) comment = reader.word();
      else if (reader.takes("timeout", "expires")) throw new NotModelled("nft element timeout");
      else tokens.push(reader.next());
    }
    elements.push({ element: readOne(table, types, tokens, kind, comment), tokens });
    reader.skipNewlines();
    if (!reader.takes(",") && reader.peek() !== "}") throw reader.unexpected();
  }
}

function readOne(table: TableDraft, types: readonly NftType[], tokens: readonly ScriptToken[], kind: "set" | "map", comment: string): NftElement {
  const words = nftTokens(tokens.map(({ text }) => text).join(" "));
  const rule = new RuleReader(words, FAMILY_NUMBER[table.family]);
  const entry = placed(tokens, () => rule.entry(types, kind === "map" ? "verdict" : ""), () => rule.position - 1);
  const { verdict } = entry;
  return Object.freeze({ key: entryText({ key: entry.key }, types, PLAIN), comment, value: verdict === undefined ? "" : verdict.chain === "" ? verdict.go : `${verdict.go} ${verdict.chain}`, cause: 0 });
}

export function putSet(table: TableDraft, { read, ...set }: SetDraft): void {
  const known = table.sets.get(set.name);
  const held = known?.elements ?? new Map<string, NftElement>();
  table.sets.set(set.name, { ...set, handle: known?.handle ?? nextHandle(table), elements: held });
  for (const one of read) {
    checkVerdict(table, one);
    held.set(one.element.key, one.element);
  }
}

/** The chain that an element leads to must be there. */
export function checkVerdict(table: TableDraft, { element, tokens }: ReadElement): void {
  const [, chain] = element.value.split(" ");
  if (chain !== undefined && !table.chains.has(chain)) throw new ScriptFault(MISSING, tokens[0] ?? null, tokens[tokens.length - 1] ?? null);
}
