/**
 * JSONPath templates as kubectl has them (k8s.io/client-go/util/jsonpath): text around `{...}`, in which paths, quoted text,
 * `range` and `end` stand. A missing key is nothing.
 */
import { Ended } from "../../output.js";

type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "each" }
  | { readonly kind: "deep"; readonly name: string }
  | { readonly kind: "slice"; readonly from: number | null; readonly to: number | null; readonly by: number; readonly one: boolean }
  | { readonly kind: "filter"; readonly left: Operand; readonly operator: string; readonly right: Operand | null }
  | { readonly kind: "union"; readonly names: readonly string[] };

type Operand = { readonly path: readonly Step[] } | { readonly value: unknown };

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: readonly Step[]; readonly root: boolean }
  | { readonly kind: "range"; readonly path: readonly Step[]; readonly root: boolean; readonly body: readonly Node[] };

const fault = (template: string, words: string): Ended => new Ended(1, `error: error parsing jsonpath ${template}, ${words}`);

/** What a template makes of a value. */
export function jsonPathText(template: string, value: unknown): string {
  const { nodes } = readNodes(pieces(template), 0, template, false);
  return nodes.map((node) => nodeText(node, value, value)).join("");
}

/** The values of one path, for custom columns. */
export function jsonPathValues(path: string, value: unknown): readonly unknown[] {
  const inner = path.replace(/^\{/, "").replace(/\}$/, "");
  return walk(readPath(inner.startsWith(".") || inner.startsWith("[") || inner.startsWith("$") ? inner : `.${inner}`, path).path, [value], value);
}

interface Piece {
  readonly code: boolean;
  readonly text: string;
}

/** Text and the insides of braces. */
function pieces(template: string): Piece[] {
  const found: Piece[] = [];
  for (let i = 0; i < template.length; ) {
    if (template[i] !== "{") {
      const next = template.indexOf("{", i);
      const end = next < 0 ? template.length : next;
      found.push({ code: false, text: template.slice(i, end) });
      i = end;
      continue;
    }
    const end = closing(template, i + 1);
    if (end < 0) throw fault(template, "unclosed action");
    found.push({ code: true, text: template.slice(i + 1, end).trim() });
    i = end + 1;
  }
  return found;
}

function closing(template: string, from: number): number {
  let quote = "";
  for (let i = from; i < template.length; i++) {
    const ch = template[i]!;
    if (quote !== "") {
      if (ch === "\\") i++;
      else if (ch === quote) quote = "";
    } else if (ch === '"' || ch === "'") quote = ch;
    else if (ch === "}") return i;
  }
  return -1;
}

function readNodes(list: readonly Piece[], from: number, template: string, inner: boolean): { readonly nodes: Node[]; readonly next: number } {
  const nodes: Node[] = [];
  for (let i = from; i < list.length; i++) {
    const { code, text } = list[i]!;
    if (!code) nodes.push({ kind: "text", text });
    else if (text === "end") {
      if (!inner) throw fault(template, "not in range, nothing to end");
      return { nodes, next: i };
    } else if (/^range\s/.test(text)) {
      const body = readNodes(list, i + 1, template, true);
      nodes.push({ kind: "range", ...readPath(text.slice(5).trim(), template), body: body.nodes });
      i = body.next;
    } else nodes.push(...readAction(text, template));
  }
  if (inner) throw fault(template, "unterminated range");
  return { nodes, next: list.length };
}

/** Quoted texts and paths, one behind the other. */
function readAction(text: string, template: string): Node[] {
  const nodes: Node[] = [];
  const parts = text.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:[^\s"'[]|\[(?:[^\]"']|"[^"]*"|'[^']*')*\])+/g) ?? [];
  if (parts.join("").replace(/\s/g, "") !== text.replace(/\s/g, "")) throw fault(template, "unterminated array");
  for (const part of parts) {
    if (part.startsWith('"') || part.startsWith("'")) nodes.push({ kind: "text", text: unquoted(part) });
    else nodes.push({ kind: "path", ...readPath(part, template) });
  }
  return nodes;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, ch: string) => (ch === "n" ? "\n" : ch === "t" ? "\t" : ch === "r" ? "\r" : ch));
}

function readPath(text: string, template: string): { readonly path: readonly Step[]; readonly root: boolean } {
  const path: Step[] = [];
  let i = 0;
  const root = text.startsWith("$");
  if (root || text.startsWith("@")) i = 1;
  const word = (): string => {
    const found = /^(?:[^.[\]\\\s]|\\.)+/.exec(text.slice(i));
    if (found === null) throw fault(template, `unrecognized character in action: U+${text.charCodeAt(i).toString(16).toUpperCase().padStart(4, "0")}`);
    i += found[0].length;
    return found[0].replace(/\\(.)/g, "$1");
  };
  while (i < text.length) {
    if (text.startsWith("..", i)) {
      i += 2;
      path.push({ kind: "deep", name: word() });
    } else if (text[i] === ".") {
      i++;
      if (i >= text.length) break;
      if (text[i] === "[") continue;
      if (text[i] === "*") {
        i++;
        path.push({ kind: "each" });
      } else path.push({ kind: "field", name: word() });
    } else if (text[i] === "[") {
      const end = bracketEnd(text, i);
      if (end < 0) throw fault(template, "unterminated array");
      path.push(readBracket(text.slice(i + 1, end).trim(), template));
      i = end + 1;
    } else throw fault(template, `unrecognized identifier ${text.slice(i)}`);
  }
  return { path, root };
}

function bracketEnd(text: string, from: number): number {
  let depth = 0;
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const ch = text[i]!;
    if (quote !== "") quote = ch === quote ? "" : quote;
    else if (ch === '"' || ch === "'") quote = ch;
    else if (ch === "[") depth++;
    else if (ch === "]" && --depth === 0) return i;
  }
  return -1;
}

function readBracket(text: string, template: string): Step {
  if (text === "*") return { kind: "each" };
  const filter = /^\?\(\s*(.*?)\s*\)$/.exec(text);
  if (filter !== null) {
    const parts = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/.exec(filter[1]!);
    if (parts === null) return { kind: "filter", left: operand(filter[1]!, template), operator: "", right: null };
    return { kind: "filter", left: operand(parts[1]!, template), operator: parts[2]!, right: operand(parts[3]!, template) };
  }
  if (/^(['"]).*\1$/.test(text)) {
    const names = (text.match(/"[^"]*"|'[^']*'/g) ?? []).map(unquoted);
    return names.length === 1 ? { kind: "field", name: names[0]! } : { kind: "union", names };
  }
  const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(text);
  if (slice === null || text === "") throw fault(template, `invalid array index ${text}`);
  const number = (part: string | undefined): number | null => (part === undefined || part === "" ? null : Number(part));
  return { kind: "slice", from: number(slice[1]), to: number(slice[2]), by: number(slice[3]) ?? 1, one: slice[2] === undefined };
}

function operand(text: string, template: string): Operand {
  if (text.startsWith("@") || text.startsWith(".")) return { path: readPath(text, template).path };
  if (/^(['"]).*\1$/.test(text)) return { value: unquoted(text) };
  if (text === "true" || text === "false") return { value: text === "true" };
  return { value: /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

function walk(path: readonly Step[], from: readonly unknown[], root: unknown): readonly unknown[] {
  let values = from;
  for (const step of path) {
    const at: readonly unknown[] = values;
    values = step.kind === "union" ? step.names.flatMap((name) => walk(readPath(`.${name}`, name).path, at, root)) : at.flatMap((value) => stepOf(step, value, root));
  }
  return values;
}

function stepOf(step: Step, value: unknown, root: unknown): readonly unknown[] {
  const member = (name: string): readonly unknown[] => (isObject(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []);
  switch (step.kind) {
    case "field":
      return member(step.name);
    case "union":
      return [];
    case "each":
      return Array.isArray(value) ? value : isObject(value) ? sortedKeys(value).map((key) => value[key]) : [];
    case "deep":
      return deep(step.name, value);
    case "slice": {
      if (!Array.isArray(value)) return [];
      const place = (n: number): number => (n < 0 ? n + value.length : n);
      if (step.one) return place(step.from ?? 0) in value ? [value[place(step.from ?? 0)]] : [];
      const end = Math.min(step.to === null ? value.length : place(step.to), value.length);
      return value.slice(place(step.from ?? 0), end).filter((_, i) => i % Math.max(1, step.by) === 0);
    }
    case "filter":
      return Array.isArray(value) ? value.filter((each) => holds(step, each, root)) : [];
  }
}

function deep(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => deep(name, each));
  if (!isObject(value)) return [];
  const own = Object.hasOwn(value, name) ? [value[name]] : [];
  return [...own, ...sortedKeys(value).flatMap((key) => deep(name, value[key]))];
}

function holds({ left, operator, right }: Extract<Step, { kind: "filter" }>, value: unknown, root: unknown): boolean {
  const of = (side: Operand): unknown => ("path" in side ? walk(side.path, [value], root)[0] : side.value);
  const a = of(left);
  if (right === null) return a !== undefined;
  const b = of(right);
  if (a === undefined || b === undefined) return false;
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return (a as number) < (b as number);
    case ">":
      return (a as number) > (b as number);
    case "<=":
      return (a as number) <= (b as number);
    default:
      return (a as number) >= (b as number);
  }
}

function nodeText(node: Node, value: unknown, root: unknown): string {
  if (node.kind === "text") return node.text;
  const values = walk(node.path, [node.root ? root : value], root);
  if (node.kind === "path") return values.map(valueText).join(" ");
  return values.map((each) => node.body.map((inner) => nodeText(inner, each, root)).join("")).join("");
}

const sortedKeys = (value: Readonly<Record<string, unknown>>): string[] => Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Objects and lists as JSON with their keys sorted, anything else as it is. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return typeof value === "object" ? JSON.stringify(ordered(value)) : String(value);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  return isObject(value) ? Object.fromEntries(sortedKeys(value).filter((key) => value[key] !== undefined).map((key) => [key, ordered(value[key])])) : value;
}
