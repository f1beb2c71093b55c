/*
 * The text of `kubectl -l`. Read first: k8s.io/apimachinery pkg/labels/selector.go, the grammar at `Parse`.
 * `in` and `notin` are operators only after a key, otherwise words; a missing value is the empty value.
 */
import type { LabelSelector, LabelSelectorRequirement } from "./meta.js";
import { labelKeyFaults, labelValueFaults } from "./names.js";

/** What selector text means, or why it means nothing. */
export type ParsedSelector =
  | { readonly ok: true; readonly selector: LabelSelector }
  | { readonly ok: false; readonly message: string };

type Token = { readonly kind: "word" | "operator" | "open" | "close" | "comma" | "end"; readonly text: string };

const end: Token = Object.freeze({ kind: "end", text: "" });
const symbols = ["!=", "==", "=", "!", ">", "<"] as const;

class SelectorFault extends Error {}

/**
 * Reads `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas; empty text selects everything.
 * Faults are worded as kubectl words them. `>` and `<` exist in the grammar but in no label selector object: refused.
 */
export function parseSelector(text: string): ParsedSelector {
  try {
    const matchExpressions = new SelectorReader(tokenize(text)).requirements();
    return { ok: true, selector: matchExpressions.length === 0 ? {} : { matchExpressions } };
  } catch (fault) {
    if (fault instanceof SelectorFault) return { ok: false, message: fault.message };
    throw fault;
  }
}

class SelectorReader {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  requirements(): readonly LabelSelectorRequirement[] {
    const found: LabelSelectorRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === "end") return found;
      if (first.kind !== "word" && first.text !== "!") {
        throw new SelectorFault(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      }
      found.push(this.#requirement());
      const next = this.#take();
      if (next.kind === "end") return found;
      if (next.kind !== "comma") throw new SelectorFault(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== "word" && after.text !== "!") {
        throw new SelectorFault(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #peek(): Token {
    return this.tokens[this.#at] ?? end;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #requirement(): LabelSelectorRequirement {
    const absent = this.#peek().text === "!";
    if (absent) this.#take();
    const key = this.#word("identifier");
    refuse("<nil>", key, labelKeyFaults(key));
    if (absent) return { key, operator: "DoesNotExist" };
    const next = this.#peek().kind;
    if (next === "end" || next === "comma") return { key, operator: "Exists" };
    return this.#comparison(key);
  }

  #comparison(key: string): LabelSelectorRequirement {
    const operator = this.#take();
    switch (operator.text) {
      case "=":
      case "==":
        return { key, operator: "In", values: [this.#value(key)] };
      case "!=":
        return { key, operator: "NotIn", values: [this.#value(key)] };
      case "in":
        return { key, operator: "In", values: this.#values(key) };
      case "notin":
        return { key, operator: "NotIn", values: this.#values(key) };
      case ">":
      case "<":
        throw new SelectorFault(`'${operator.text}' is not modelled in a label selector`);
      default:
        throw unparsed(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #value(key: string): string {
    const next = this.#peek().kind;
    return checked(key, next === "end" || next === "comma" ? "" : this.#word("identifier"));
  }

  #values(key: string): readonly string[] {
    const open = this.#take();
    if (open.kind !== "open") throw unparsed(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const next = this.#peek().kind;
      values.add(checked(key, next === "comma" || next === "close" ? "" : this.#word("',', ')' or identifier")));
      const after = this.#take();
      if (after.kind === "close") return [...values].sort((a, b) => (a < b ? -1 : 1));
      if (after.kind !== "comma") throw unparsed(`found '${after.text}', expected: ',' or ')'`);
    }
  }

  #word(expected: string): string {
    const token = this.#take();
    if (token.kind !== "word") throw unparsed(`found '${token.text}', expected: ${expected}`);
    return token.text;
  }
}

function checked(key: string, value: string): string {
  refuse(`values[0][${key}]`, value, labelValueFaults(value));
  return value;
}

function refuse(path: string, text: string, faults: readonly string[]): void {
  if (faults.length > 0) throw unparsed(`${path}: Invalid value: ${JSON.stringify(text)}: ${faults.join("; ")}`);
}

function unparsed(message: string): SelectorFault {
  return new SelectorFault(`unable to parse requirement: ${message}`);
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/[ \t\r\n]/.test(char)) {
      at += 1;
      continue;
    }
    const token = tokenAt(text, at, char);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(text: string, at: number, char: string): Token {
  const symbol = symbols.find((each) => text.startsWith(each, at));
  if (symbol !== undefined) return { kind: "operator", text: symbol };
  if (char === "(") return { kind: "open", text: char };
  if (char === ")") return { kind: "close", text: char };
  if (char === ",") return { kind: "comma", text: char };
  let stop = at;
  while (stop < text.length && !/[ \t\r\n(),=!<>]/.test(text.charAt(stop))) stop += 1;
  return { kind: "word", text: text.slice(at, stop) };
}
