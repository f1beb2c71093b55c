/** Expressions of filters: BIRD's operators with its precedences, sets, path masks and calls. */
import { int, type Value } from "../filter/value.js";
import type { Cursor } from "./cursor.js";
import type { Expression, PathItemTree, SetItemTree } from "./expression-tree.js";

const ENUMS: ReadonlySet<string> = new Set(
  (
    "RTS_STATIC RTS_INHERIT RTS_DEVICE RTS_STATIC_DEVICE RTS_REDIRECT RTS_RIP RTS_OSPF RTS_OSPF_IA RTS_OSPF_EXT1 RTS_OSPF_EXT2 RTS_BGP RTS_PIPE RTS_BABEL RTS_RPKI RTS_PERF " +
    "RTD_UNICAST RTD_BLACKHOLE RTD_UNREACHABLE RTD_PROHIBIT SCOPE_HOST SCOPE_LINK SCOPE_SITE SCOPE_ORGANIZATION SCOPE_UNIVERSE ORIGIN_IGP ORIGIN_EGP ORIGIN_INCOMPLETE " +
    "NET_IP4 NET_IP6 ROA_UNKNOWN ROA_VALID ROA_INVALID"
  ).split(" "),
);
const ATTRIBUTE = /^(bgp|krt)_[a-z_0-9]+$/;
export const FIELDS: ReadonlySet<string> = new Set(["net", "proto", "source", "dest", "scope", "gw", "from", "ifname", "ifindex", "preference", "igp_metric", "weight"]);
/** Words that change a list or a path. */
export const CHANGES: ReadonlySet<string> = new Set(["add", "delete", "filter", "prepend"]);

const COMPARISONS: readonly string[] = ["=", "!=", "<", ">", "<=", ">=", "~", "!~"];

const constant = (value: Value): Expression => Object.freeze({ op: "constant", value: Object.freeze(value) });

/** `&&` and `||`, which BIRD gives one precedence. */
export function readExpression(c: Cursor): Expression {
  let a = readComparison(c);
  while (c.is("&&") || c.is("||")) {
    const sign = c.take().text;
    a = Object.freeze({ op: "binary", sign, a, b: readComparison(c) });
  }
  return a;
}

function readComparison(c: Cursor): Expression {
  const a = readSum(c);
  if (c.token.kind !== "sign" || !COMPARISONS.includes(c.token.text)) return a;
  const sign = c.take().text;
  return Object.freeze({ op: "binary", sign, a, b: readSum(c) });
}

function readSum(c: Cursor): Expression {
  let a = readProduct(c);
  while (c.is("+") || c.is("-")) {
    const sign = c.take().text;
    a = Object.freeze({ op: "binary", sign, a, b: readProduct(c) });
  }
  return a;
}

function readProduct(c: Cursor): Expression {
  let a = readTerm(c);
  while (c.is("*") || c.is("/")) {
    const sign = c.take().text;
    a = Object.freeze({ op: "binary", sign, a, b: readTerm(c) });
  }
  return a;
}

/** A term with what stands behind its dots. */
export function readTerm(c: Cursor): Expression {
  let a = readBare(c);
  while (c.is(".")) {
    c.take();
    // What changes a list is a statement, or a function in front of it.
    if (CHANGES.has(c.token.text)) throw c.unexpected();
    const name = c.take().text;
    a = Object.freeze({ op: "member", a, name, args: c.is("(") ? readArguments(c) : [] });
  }
  return a;
}

export function readArguments(c: Cursor): readonly Expression[] {
  c.expect("(");
  const args: Expression[] = [];
  while (!c.is(")")) {
    args.push(readExpression(c));
    if (!c.accept(",")) break;
  }
  c.expect(")");
  return Object.freeze(args);
}

function readBare(c: Cursor): Expression {
  const { token } = c;
  if (c.accept("!")) return Object.freeze({ op: "not", a: readTerm(c) });
  if (c.is("(")) return readBracket(c);
  if (c.is("[")) return c.peek(1).text === "=" && c.peek(1).kind === "sign" ? readPathMask(c) : readSet(c);
  if (c.is("+") || c.is("-")) return readEmpty(c);
  if (token.kind === "number") return constant(int(c.number()));
  if (token.kind === "text") return constant({ t: "string", v: c.text() });
  if (token.kind === "ip") return readAddress(c);
  if (token.kind !== "symbol") throw c.unexpected();
  c.take();
  const { text } = token;
  if (text === "true" || text === "false") return constant({ t: "bool", v: text === "true" });
  if (ENUMS.has(text)) return constant({ t: "enum", v: text });
  if (text === "defined") {
    c.expect("(");
    const a = readTerm(c);
    c.expect(")");
    return Object.freeze({ op: "defined", a });
  }
  if (CHANGES.has(text) && c.is("(")) {
    const [a, ...args] = readArguments(c);
    return Object.freeze({ op: "member", a: a!, name: text, args: Object.freeze(args) });
  }
  if (ATTRIBUTE.test(text)) return Object.freeze({ op: "attribute", name: text });
  if (FIELDS.has(text)) return Object.freeze({ op: "field", name: text });
  if (!c.names.has(text)) throw c.unexpected("", token);
  if (c.is("(")) return Object.freeze({ op: "call", name: text, args: readArguments(c) });
  return Object.freeze({ op: "variable", name: text });
}

/** `(expression)`, a pair `(1, 2)` or a large community `(1, 2, 3)`. */
function readBracket(c: Cursor): Expression {
  const items = readArguments(c);
  return items.length === 1 ? items[0]! : Object.freeze({ op: "pair", items });
}

function readAddress(c: Cursor): Expression {
  if (c.peek(1).text === "/" && c.peek(2).kind === "number") return constant({ t: "prefix", v: c.prefix() });
  const a = constant({ t: "ip", v: c.ip() });
  if (!c.accept("/")) return a;
  return Object.freeze({ op: "prefix", a, length: readTerm(c) });
}

/** `+empty+`, `-empty-`, `---empty---`. */
function readEmpty(c: Cursor): Expression {
  let signs = "";
  while (c.is("+") || c.is("-")) signs += c.take().text;
  if (!c.phrase(["empty"])) throw c.unexpected();
  for (let i = 0; i < signs.length; i++) c.expect(signs[i]!);
  if (signs === "+") return constant({ t: "path", v: [] });
  return constant(signs === "---" ? { t: "lclist", v: [] } : { t: "clist", v: [] });
}

function readSet(c: Cursor): Expression {
  c.expect("[");
  const items = readSetItems(c);
  c.expect("]");
  return Object.freeze({ op: "set", items });
}

/** Elements of a set, as they also stand before the colon of a `case`. */
export function readSetItems(c: Cursor): readonly SetItemTree[] {
  const items: SetItemTree[] = [];
  do items.push(Object.freeze(readSetItem(c)));
  while (c.accept(","));
  return Object.freeze(items);
}

function readSetItem(c: Cursor): SetItemTree {
  if (c.is("(")) return readParts(c);
  const a = readSetTerm(c);
  if (a.op === "prefix" || (a.op === "constant" && a.value.t === "prefix")) return readLengths(c, a);
  if (!c.accept("..")) return { kind: "range", from: a, to: a };
  return { kind: "range", from: a, to: readSetTerm(c) };
}

function readSetTerm(c: Cursor): Expression {
  const a = readBare(c);
  return a.op === "variable" && c.accept("/") ? Object.freeze({ op: "prefix", a, length: readBare(c) }) : a;
}

function readLengths(c: Cursor, net: Expression): SetItemTree {
  if (c.accept("+")) return { kind: "prefix", net, form: "+", low: 0, high: 0 };
  if (c.accept("-")) return { kind: "prefix", net, form: "-", low: 0, high: 0 };
  if (!c.accept("{")) return { kind: "prefix", net, form: "", low: 0, high: 0 };
  const low = c.number();
  c.expect(",");
  const high = c.number();
  c.expect("}");
  return { kind: "prefix", net, form: "range", low, high };
}

function readParts(c: Cursor): SetItemTree {
  c.expect("(");
  const parts: { from: Expression | null; to: Expression | null }[] = [];
  do {
    if (c.accept("*")) parts.push({ from: null, to: null });
    else {
      const from = readBare(c);
      parts.push({ from, to: c.accept("..") ? readBare(c) : from });
    }
  } while (c.accept(","));
  c.expect(")");
  return { kind: "pairs", parts: Object.freeze(parts) };
}

function readPathMask(c: Cursor): Expression {
  c.expect("[");
  c.expect("=");
  const items: PathItemTree[] = [];
  while (!c.is("=")) {
    if (c.is("*") || c.is("?") || c.is("+")) items.push({ kind: c.take().text as "*" });
    else if (c.is("[")) items.push({ kind: "set", set: readSet(c) });
    else {
      const from = readBare(c);
      items.push({ kind: "as", from, to: c.accept("..") ? readBare(c) : from });
    }
  }
  c.expect("=");
  c.expect("]");
  return Object.freeze({ op: "path-mask", items: Object.freeze(items) });
}
