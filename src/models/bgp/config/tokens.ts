/** Words of BIRD's configuration language with their places, as its lexer cuts them. */
import { ConfigError } from "./config-error.js";

export interface Token {
  readonly kind: "number" | "ip" | "symbol" | "text" | "sign" | "end";
  /** as written; a text without its quotes */
  readonly text: string;
  readonly line: number;
  /** counted from 1 */
  readonly column: number;
}

const BLANK = /[ \t\r]+/y;
const COMMENT = /#[^\n]*|\/\*[\s\S]*?\*\//y;
const IP6 = /(?:(?:[0-9a-fA-F]{0,4}:){3,}|[0-9a-fA-F:]*::)(?:[0-9a-fA-F:]*)(?:\d+\.\d+\.\d+\.\d+)?/y;
const IP4 = /\d+\.\d+\.\d+\.\d+/y;
const NUMBER = /0x[0-9a-fA-F]+|\d+/y;
const SYMBOL = /[A-Za-z_][A-Za-z0-9_]*|'[A-Za-z0-9_\-.:]+'/y;
const TEXT = /"([^"\n]*)"/y;
const SIGN = /\.\.|!=|!~|<=|>=|&&|\|\||[=<>~!+\-*/%.,:;?(){}[\]|]/y;

function at(pattern: RegExp, text: string, from: number): string | null {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0] ?? null;
}

/** Cuts a configuration into tokens; the last one is the end. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  let line = 1;
  let lineStart = 0;
  const add = (kind: Token["kind"], word: string, shown = word): void => {
    tokens.push({ kind, text: shown, line, column: from - lineStart + 1 });
    from += word.length;
  };
  while (from < text.length) {
    if (text[from] === "\n") {
      from++;
      line++;
      lineStart = from;
      continue;
    }
    const skipped = at(BLANK, text, from) ?? at(COMMENT, text, from);
    if (skipped !== null) {
      for (let i = 0; i < skipped.length; i++) {
        if (skipped[i] !== "\n") continue;
        line++;
        lineStart = from + i + 1;
      }
      from += skipped.length;
      continue;
    }
    let word: string | null;
    if ((word = at(IP6, text, from)) !== null && word.length > 1) add("ip", word);
    else if ((word = at(IP4, text, from)) !== null) add("ip", word);
    else if ((word = at(NUMBER, text, from)) !== null) add("number", word);
    else if ((word = at(SYMBOL, text, from)) !== null) add("symbol", word, word.replaceAll("'", ""));
    else if ((word = at(TEXT, text, from)) !== null) add("text", word, word.slice(1, -1));
    else if ((word = at(SIGN, text, from)) !== null) add("sign", word);
    else throw new ConfigError(line, from - lineStart + 1, "unknown character");
  }
  // At its end the real lexer has left the file, and says so.
  tokens.push({ kind: "end", text: "", line: 1, column: 0 });
  return tokens;
}
