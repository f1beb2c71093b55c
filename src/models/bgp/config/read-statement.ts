/** Statements of filters and functions. */
import type { Cursor } from "./cursor.js";
import type { Expression, FunctionTree, Statement } from "./expression-tree.js";
import { CHANGES, FIELDS, readArguments, readExpression, readSetItems, readTerm } from "./read-expression.js";

const TYPES: ReadonlySet<string> = new Set(["int", "bool", "ip", "prefix", "pair", "quad", "ec", "lc", "string", "bgpmask", "bgppath", "clist", "eclist", "lclist", "enum", "rd"]);

function isType(c: Cursor): boolean {
  return c.token.kind === "symbol" && TYPES.has(c.token.text);
}

/** `int`, or `int set`. */
function readType(c: Cursor): string {
  const type = c.take().text;
  return c.accept("set") ? `${type} set` : type;
}

/** `{ ... }`. */
export function readBody(c: Cursor): readonly Statement[] {
  c.expect("{");
  const body: Statement[] = [];
  while (!c.is("}")) body.push(Object.freeze(readStatement(c)));
  c.expect("}");
  return Object.freeze(body);
}

function readBranch(c: Cursor): readonly Statement[] {
  return c.is("{") ? readBody(c) : Object.freeze([Object.freeze(readStatement(c))]);
}

function readStatement(c: Cursor): Statement {
  if (c.is("{")) return { do: "block", body: readBody(c) };
  if (c.accept("if")) {
    const test = readExpression(c);
    c.expect("then");
    const then = readBranch(c);
    return { do: "if", test, then, otherwise: c.accept("else") ? readBranch(c) : [] };
  }
  if (c.accept("case")) return readCase(c);
  const statement = readSimple(c);
  c.endExpression();
  c.expect(";");
  return statement;
}

function readCase(c: Cursor): Statement {
  const value = readTerm(c);
  c.expect("{");
  const arms: { items: ReturnType<typeof readSetItems> | null; body: readonly Statement[] }[] = [];
  while (!c.is("}")) {
    const items = c.accept("else") ? null : readSetItems(c);
    c.expect(":");
    const body: Statement[] = [];
    while (!c.is("}") && !c.is("else") && !startsArm(c)) body.push(Object.freeze(readStatement(c)));
    arms.push(Object.freeze({ items, body: Object.freeze(body) }));
  }
  c.expect("}");
  return { do: "case", value, arms: Object.freeze(arms) };
}

/** Whether set elements and a colon come next. */
function startsArm(c: Cursor): boolean {
  if (c.token.kind !== "number" && c.token.kind !== "ip" && c.token.kind !== "symbol" && !c.is("(")) return false;
  for (let i = 0; ; i++) {
    const { kind, text } = c.peek(i);
    if (kind === "sign" && text === ":") return true;
    if (kind === "end" || (kind === "sign" && [";", "{", "}", "="].includes(text))) return false;
  }
}

function readList(c: Cursor): readonly Expression[] {
  const items: Expression[] = [];
  if (c.is(";")) return items;
  do items.push(readExpression(c));
  while (c.accept(","));
  return Object.freeze(items);
}

function readSimple(c: Cursor): Statement {
  const { token } = c;
  if (c.accept("accept")) return { do: "accept", message: readList(c) };
  if (c.accept("reject")) return { do: "reject", message: readList(c) };
  if (c.accept("return")) return { do: "return", value: c.is(";") ? null : readExpression(c) };
  if (c.accept("print") || c.accept("printn")) return { do: "print", items: readList(c) };
  if (c.accept("unset")) {
    c.expect("(");
    const name = c.take().text;
    c.expect(")");
    return { do: "unset", name };
  }
  if (isType(c) && c.peek(1).kind === "symbol") {
    const type = readType(c);
    const name = c.name();
    c.names.add(name);
    return { do: "declare", type, name, value: c.accept("=") ? readExpression(c) : null };
  }
  if (token.kind === "symbol" && c.peek(1).kind === "sign" && c.peek(1).text === "=") {
    c.take();
    c.take();
    return { do: "assign", kind: kindOf(token.text), name: token.text, value: readExpression(c) };
  }
  const verb = c.peek(2).text;
  if (kindOf(token.text) === "attribute" && c.peek(1).text === "." && (CHANGES.has(verb) || verb === "empty")) {
    // `bgp_community.add(x);` puts what it makes back where it came from.
    for (let i = 0; i < 3; i++) c.take();
    const a: Expression = Object.freeze({ op: "attribute", name: token.text });
    return { do: "assign", kind: "attribute", name: token.text, value: Object.freeze({ op: "member", a, name: verb, args: c.is("(") ? readArguments(c) : [] }) };
  }
  const value = readTerm(c);
  if (value.op !== "call") throw c.unexpected("'='");
  return { do: "expression", value };
}

function kindOf(name: string): "variable" | "attribute" | "field" {
  return /^(bgp|krt)_/.test(name) ? "attribute" : FIELDS.has(name) ? "field" : "variable";
}

/** Behind the name: `(int a; ip b) [-> type] [local declarations] { ... }`. */
export function readFunction(c: Cursor): FunctionTree {
  c.expect("(");
  const args: { type: string; name: string }[] = [];
  while (isType(c)) {
    const type = readType(c);
    const name = c.name();
    c.names.add(name);
    args.push(Object.freeze({ type, name }));
    if (!c.accept(";") && !c.accept(",")) break;
  }
  c.expect(")");
  return Object.freeze({ args: Object.freeze(args), body: readFilterBody(c) });
}

/** A body with declarations before its brace, as older configurations have them. */
export function readFilterBody(c: Cursor): readonly Statement[] {
  const declared: Statement[] = [];
  while (isType(c)) {
    const type = readType(c);
    const name = c.name();
    c.names.add(name);
    declared.push(Object.freeze({ do: "declare", type, name, value: null }));
    c.expect(";");
  }
  return Object.freeze([...declared, ...readBody(c)]);
}
