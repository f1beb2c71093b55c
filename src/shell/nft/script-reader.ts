/** Takes the tokens of an nft script one after the other, and tells faults at their places. */
import { NftNotModelled, NftSyntaxError } from "../../linux/nf/nft/nft-statement.js";
import { NotModelled } from "../output.js";
import { type ScriptToken, scriptTokens } from "./script-tokens.js";

/** A fault at a place of the script, in the words of nft. */
export class ScriptFault extends Error {
  constructor(
    message: string,
    readonly token: ScriptToken | null,
    readonly last: ScriptToken | null = token,
  ) {
    super(message);
  }
}

export class ScriptReader {
  readonly tokens: readonly ScriptToken[];
  private at = 0;

  constructor(readonly script: string) {
    this.tokens = scriptTokens(script);
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** "" at the end */
  peek(): string {
    return this.tokens[this.at]?.text ?? "";
  }

  get here(): ScriptToken | null {
    return this.tokens[this.at] ?? this.end;
  }

  /** The place behind the last token. */
  private get end(): ScriptToken | null {
    const last = this.tokens[this.tokens.length - 1];
    return last === undefined ? null : { text: "", line: last.line, column: last.column + last.text.length };
  }

  next(expected?: string): ScriptToken {
    const token = this.tokens[this.at];
    if (token === undefined || token.text === "\n" || (token.text === ";" && expected !== undefined)) throw this.unexpected(expected);
    this.at++;
    return token;
  }

  word(): string {
    return unquoted(this.next("string").text);
  }

  takes(...texts: readonly string[]): boolean {
    if (!texts.includes(this.peek()) || this.done) return false;
    this.at++;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.unexpected();
  }

  skipBreaks(): void {
    while (this.takes("\n", ";"));
  }

  skipNewlines(): void {
    while (this.takes("\n"));
  }

  /** The tokens to the end of the statement; those in braces may go over lines. */
  statement(): ScriptToken[] {
    const from = this.at;
    let depth = 0;
    for (; this.at < this.tokens.length; this.at++) {
      const { text } = this.tokens[this.at]!;
      if (text === "{") depth++;
      else if (text === "}" && depth-- === 0) break;
      else if ((text === "\n" || text === ";") && depth === 0) break;
    }
    return this.tokens.slice(from, this.at).filter((token) => token.text !== "\n");
  }

  unexpected(expected?: string): ScriptFault {
    const token = this.tokens[this.at];
    const what = token === undefined || token.text === "\n" ? (token === undefined ? "end of file" : "newline") : KEYWORDS.includes(token.text) ? token.text : /^[{}(),;=<>!&|^]/.test(token.text) ? `'${token.text}'` : /^\d+$/.test(token.text) ? "number" : "string";
    return new ScriptFault(`syntax error, unexpected ${what}${expected === undefined ? "" : `, expecting ${expected}`}`, this.here);
  }
}

const KEYWORDS: readonly string[] = ["table", "chain", "rule", "set", "map", "element", "add", "delete", "list", "flush", "create", "insert", "replace", "rename", "type", "hook", "policy", "ip", "ip6", "inet", "tcp", "udp", "accept", "drop"];

export function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text;
}

/** Runs a reader of rules over tokens; its faults get the place of the token. */
export function placed<T>(tokens: readonly ScriptToken[], read: () => T, at: () => number): T {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof NftNotModelled) throw new NotModelled(`nft ${fault.message}`);
    if (!(fault instanceof NftSyntaxError)) throw fault;
    const token = tokens[Math.min(at(), tokens.length - 1)] ?? null;
    throw new ScriptFault(fault.message, token);
  }
}
