/*
 * Calico's selectors: `app == 'web' && has(tier)`, read into a tree, judged, and printed in the one form that Calico makes names of.
 * Read first: projectcalico/calico libcalico-go/lib/selector (tokenizer, parser), and the selector table of its NetworkPolicy reference.
 */

/** A selector as a tree. */
export type CalicoSelector =
  | { readonly kind: "all" | "global" }
  | { readonly kind: "has"; readonly label: string }
  | { readonly kind: "compare"; readonly label: string; readonly operator: "==" | "!=" | "contains" | "starts with" | "ends with"; readonly value: string }
  | { readonly kind: "set"; readonly label: string; readonly operator: "in" | "not in"; readonly values: readonly string[] }
  | { readonly kind: "not"; readonly of: CalicoSelector }
  | { readonly kind: "and" | "or"; readonly of: readonly CalicoSelector[] };

/** Looks up a label's value; undefined for a label that is not there. */
export type LabelLookup = (label: string) => string | undefined;

const TOKEN = /\s*(?:(&&|\|\||==|!=|[(){},!])|"([^"]*)"|'([^']*)'|([A-Za-z0-9_./-]{1,512}))/y;
const WORD_OPERATORS: readonly string[] = ["in", "not", "contains", "starts", "ends"];

interface Token {
  readonly kind: "mark" | "text" | "word";
  readonly value: string;
}

/** Null, or what is wrong, with the tokens. */
function tokensOf(text: string): readonly Token[] | string {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (found === null) return /^\s*["']/.test(text.slice(at)) ? "unterminated string" : `unexpected characters: ${text.slice(at).trim()}`;
    const [, mark, double, single, word] = found;
    if (mark !== undefined) tokens.push({ kind: "mark", value: mark });
    else if (word !== undefined) tokens.push({ kind: "word", value: word });
    else tokens.push({ kind: "text", value: double ?? single ?? "" });
  }
  return tokens;
}

/** What is wrong with a selector, thrown inside the reader alone. */
class SelectorFault {
  constructor(readonly message: string) {}
}

class SelectorReader {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): CalicoSelector {
    const selector = this.alternatives();
    const rest = this.tokens[this.at];
    if (rest !== undefined) throw new SelectorFault(`unexpected content at end of selector: ${rest.value}`);
    return selector;
  }

  private alternatives(): CalicoSelector {
    return this.joined("or", "||", () => this.joined("and", "&&", () => this.operation()));
  }

  private joined(kind: "and" | "or", mark: string, next: () => CalicoSelector): CalicoSelector {
    const of = [next()];
    while (this.take(mark)) of.push(next());
    return of.length === 1 ? of[0]! : { kind, of };
  }

  private operation(): CalicoSelector {
    if (this.take("!")) return { kind: "not", of: this.operation() };
    if (this.take("(")) {
      const inner = this.alternatives();
      this.must(")");
      return inner;
    }
    const word = this.tokens[this.at];
    if (word?.kind !== "word") throw new SelectorFault(word === undefined ? "unexpected end of selector" : `expected a label, all(), has() or global() before ${word.value}`);
    this.at++;
    if (["all", "global", "has"].includes(word.value) && this.take("(")) return this.call(word.value);
    return this.comparison(word.value);
  }

  private call(name: string): CalicoSelector {
    if (name !== "has") {
      this.must(")");
      return { kind: name === "all" ? "all" : "global" };
    }
    const label = this.tokens[this.at++];
    if (label?.kind !== "word") throw new SelectorFault("no label name in has( expression");
    this.must(")");
    return { kind: "has", label: label.value };
  }

  private comparison(label: string): CalicoSelector {
    for (const operator of ["==", "!="] as const) if (this.take(operator)) return { kind: "compare", label, operator, value: this.text() };
    const word = this.tokens[this.at];
    if (word?.kind !== "word" || !WORD_OPERATORS.includes(word.value)) throw new SelectorFault(`unexpected characters after label '${label}', was expecting an operator`);
    this.at++;
    if (word.value === "contains") return { kind: "compare", label, operator: "contains", value: this.text() };
    if (word.value === "in") return { kind: "set", label, operator: "in", values: this.set() };
    const second = this.tokens[this.at++];
    if (second?.value !== (word.value === "not" ? "in" : "with")) throw new SelectorFault(`unexpected characters after label '${label}', was expecting an operator`);
    if (word.value === "not") return { kind: "set", label, operator: "not in", values: this.set() };
    return { kind: "compare", label, operator: word.value === "starts" ? "starts with" : "ends with", value: this.text() };
  }

  private set(): readonly string[] {
    this.must("{");
    const values = new Set<string>();
    if (this.take("}")) return [];
    do values.add(this.text());
    while (this.take(","));
    this.must("}");
    return [...values].sort((a, b) => (a < b ? -1 : 1));
  }

  private text(): string {
    const token = this.tokens[this.at++];
    if (token?.kind !== "text") throw new SelectorFault(`expected a string in quotes${token === undefined ? "" : ` instead of ${token.value}`}`);
    return token.value;
  }

  private take(mark: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "mark" || token.value !== mark) return false;
    this.at++;
    return true;
  }

  private must(mark: string): void {
    if (!this.take(mark)) throw new SelectorFault(`expected ${mark}`);
  }
}

/** The tree of a selector; the empty text is everything. A text that is none: why not. */
export function parseCalicoSelector(text: string): CalicoSelector | string {
  const tokens = tokensOf(text);
  if (typeof tokens === "string") return tokens;
  if (tokens.length === 0) return { kind: "all" };
  try {
    return new SelectorReader(tokens).whole();
  } catch (fault) {
    return (fault as SelectorFault).message;
  }
}

/** Whether a selector holds for what has these labels. */
export function calicoSelects(selector: CalicoSelector, label: LabelLookup): boolean {
  switch (selector.kind) {
    case "all":
    case "global":
      return true;
    case "has":
      return label(selector.label) !== undefined;
    case "compare":
      return compares(selector.operator, label(selector.label), selector.value);
    case "set": {
      const value = label(selector.label);
      return (value !== undefined && selector.values.includes(value)) === (selector.operator === "in");
    }
    case "not":
      return !calicoSelects(selector.of, label);
    case "and":
      return selector.of.every((each) => calicoSelects(each, label));
    case "or":
      return selector.of.some((each) => calicoSelects(each, label));
  }
}

function compares(operator: (CalicoSelector & { kind: "compare" })["operator"], value: string | undefined, wanted: string): boolean {
  if (operator === "!=") return value !== wanted;
  if (value === undefined) return false;
  if (operator === "==") return value === wanted;
  if (operator === "contains") return value.includes(wanted);
  return operator === "starts with" ? value.startsWith(wanted) : value.endsWith(wanted);
}

const quoted = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`);

/** The text that stands for a selector, whatever way it was written. */
export function formatCalicoSelector(selector: CalicoSelector): string {
  switch (selector.kind) {
    case "all":
    case "global":
      return `${selector.kind}()`;
    case "has":
      return `has(${selector.label})`;
    case "compare":
      return `${selector.label} ${selector.operator} ${quoted(selector.value)}`;
    case "set":
      return `${selector.label} ${selector.operator} {${selector.values.map(quoted).join(", ")}}`;
    case "not":
      return `!${formatCalicoSelector(selector.of)}`;
    case "and":
    case "or":
      return `(${selector.of.map(formatCalicoSelector).join(selector.kind === "and" ? " && " : " || ")})`;
  }
}

/** The selector with a prefix before each label: what is asked of a namespace is asked of labels that its pods inherit. */
export function prefixLabels(selector: CalicoSelector, prefix: string): CalicoSelector {
  switch (selector.kind) {
    case "all":
    case "global":
      return selector;
    case "not":
      return { kind: "not", of: prefixLabels(selector.of, prefix) };
    case "and":
    case "or":
      return { kind: selector.kind, of: selector.of.map((each) => prefixLabels(each, prefix)) };
    default:
      return { ...selector, label: `${prefix}${selector.label}` };
  }
}
