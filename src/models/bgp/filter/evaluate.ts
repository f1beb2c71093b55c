/** Runs filters on routes: statements in order, until one accepts or rejects. */
import { masked, parseCidr, formatCidr, parseAddress } from "../../../base/cidr.js";
import type { BirdConfig, ChannelFilter } from "../config/config.js";
import type { Expression, SetItemTree, Statement } from "../config/expression-tree.js";
import { sameData } from "../../../base/same-data.js";
import type { BirdRoute } from "../route.js";
import { isAttributeSet, readAttribute, readField, type RouteDraft, unsetAttribute, writeAttribute, writeField } from "./attributes.js";
import { member } from "./members.js";
import { compareValues, FilterFault, isIn, sameValues, setHas } from "./sets.js";
import { bool, int, type MaskItem, type SetItem, type Value, VOID } from "./value.js";

/** What a filter leaves: the route as it has become, and the attributes that it wrote. */
export interface Filtered {
  readonly accepted: boolean;
  readonly route: BirdRoute;
  readonly set: ReadonlySet<string>;
}

interface Frame {
  readonly config: BirdConfig;
  readonly draft: RouteDraft;
  readonly variables: Map<string, Value>;
}

type Ended = "accept" | "reject" | { readonly value: Value } | null;

/** A function called within an expression has ended the whole filter; the message is its word. */
class FilterEnd extends FilterFault {}

/** Calls within calls that a filter may make. */
const DEEPEST = 64;

/** Runs a channel's filter on a route. */
export function runFilter(config: BirdConfig, filter: ChannelFilter, route: BirdRoute): Filtered {
  const draft: RouteDraft = { route, set: new Set() };
  const frame: Frame = { config, draft, variables: new Map() };
  const accepted = passes(frame, filter);
  return { accepted, route: draft.route === route ? route : Object.freeze(draft.route), set: draft.set };
}

function passes(frame: Frame, filter: ChannelFilter): boolean {
  if (filter.kind === "all") return true;
  if (filter.kind === "none") return false;
  try {
    if (filter.kind === "where") return truth(evaluate(frame, filter.test, 0));
    // A filter that says neither is a mistake, and the route stays out.
    return runAll(frame, filter.body, 0) === "accept";
  } catch (fault) {
    if (fault instanceof FilterEnd) return fault.message === "accept";
    if (fault instanceof FilterFault) return false;
    throw fault;
  }
}

function truth(value: Value): boolean {
  if (value.t === "bool") return value.v;
  throw new FilterFault("If requires boolean expression");
}

function runAll(f: Frame, body: readonly Statement[], depth: number): Ended {
  for (const statement of body) {
    const ended = run(f, statement, depth);
    if (ended !== null) return ended;
  }
  return null;
}

function run(f: Frame, s: Statement, depth: number): Ended {
  switch (s.do) {
    case "accept":
    case "reject":
      return s.do;
    case "if":
      return runAll(f, truth(evaluate(f, s.test, depth)) ? s.then : s.otherwise, depth);
    case "block":
      return runAll(f, s.body, depth);
    case "return":
      return { value: s.value === null ? VOID : evaluate(f, s.value, depth) };
    case "print":
      return null;
    case "declare":
      f.variables.set(s.name, s.value === null ? emptyOf(s.type) : evaluate(f, s.value, depth));
      return null;
    case "unset":
      unsetAttribute(f.draft, s.name);
      return null;
    case "assign":
      assign(f, s, evaluate(f, s.value, depth));
      return null;
    case "expression": {
      const value = evaluateCall(f, s.value, depth);
      return typeof value === "string" ? value : null;
    }
    case "case": {
      const value = evaluate(f, s.value, depth);
      const arm = s.arms.find((one) => one.items !== null && setHas(setItems(f, one.items, depth), value)) ?? s.arms.find((one) => one.items === null);
      return arm === undefined ? null : runAll(f, arm.body, depth);
    }
  }
}

function emptyOf(type: string): Value {
  if (type === "bgppath") return { t: "path", v: [] };
  if (type === "clist") return { t: "clist", v: [] };
  return type === "lclist" ? { t: "lclist", v: [] } : VOID;
}

function assign(f: Frame, s: Extract<Statement, { do: "assign" }>, value: Value): void {
  if (s.kind === "attribute") writeAttribute(f.draft, s.name, value);
  else if (s.kind === "field") writeField(f.draft, s.name, value);
  else f.variables.set(s.name, value);
}

/** A call's value, or the word with which it ended the whole filter. */
function evaluateCall(f: Frame, e: Expression, depth: number): Value | "accept" | "reject" {
  if (e.op !== "call") return evaluate(f, e, depth);
  const called = f.config.functions[e.name];
  if (called === undefined || depth >= DEEPEST) throw new FilterFault(`no function ${e.name}`);
  const variables = new Map(called.args.map(({ name }, i) => [name, evaluate(f, e.args[i]!, depth)] as const));
  const ended = runAll({ ...f, variables }, called.body, depth + 1);
  if (ended === "accept" || ended === "reject") return ended;
  return ended === null ? VOID : ended.value;
}


function evaluate(f: Frame, e: Expression, depth: number): Value {
  switch (e.op) {
    case "constant":
      return e.value;
    case "variable": {
      const local = f.variables.get(e.name);
      if (local !== undefined) return local;
      const tree = f.config.constants[e.name];
      if (tree === undefined) throw new FilterFault(`no variable ${e.name}`);
      return evaluate(f, tree, depth);
    }
    case "attribute":
      return readAttribute(f.draft, e.name);
    case "field":
      return readField(f.draft, e.name);
    case "not":
      return bool(!truth(evaluate(f, e.a, depth)));
    case "defined":
      if (e.a.op === "attribute") return bool(isAttributeSet(f.draft, e.a.name));
      return bool(evaluate(f, e.a, depth).t !== "void");
    case "binary":
      return binary(f, e, depth);
    case "member":
      return member(evaluate(f, e.a, depth), e.name, e.args.map((one) => evaluate(f, one, depth)));
    case "call": {
      const value = evaluateCall(f, e, depth);
      if (typeof value === "string") throw new FilterEnd(value);
      return value;
    }
    case "prefix": {
      const [a, length] = [evaluate(f, e.a, depth), evaluate(f, e.length, depth)];
      if (a.t !== "ip" || length.t !== "int") throw new FilterFault("not a prefix");
      return { t: "prefix", v: formatCidr(masked(parseCidr(`${a.v}/${length.v}`)!)) };
    }
    case "pair":
      return pair(e.items.map((one) => evaluate(f, one, depth)));
    case "set":
      return { t: "set", v: setItems(f, e.items, depth) };
    case "path-mask":
      return { t: "mask", v: e.items.map((item) => maskItem(f, item, depth)) };
  }
}

function binary(f: Frame, e: Extract<Expression, { op: "binary" }>, depth: number): Value {
  const a = evaluate(f, e.a, depth);
  if (e.sign === "&&") return bool(truth(a) && truth(evaluate(f, e.b, depth)));
  if (e.sign === "||") return bool(truth(a) || truth(evaluate(f, e.b, depth)));
  const b = evaluate(f, e.b, depth);
  switch (e.sign) {
    case "=":
      return bool(same(a, b));
    case "!=":
      return bool(!same(a, b));
    case "~":
      return bool(isIn(a, b));
    case "!~":
      return bool(!isIn(a, b));
    case "<":
    case "<=":
    case ">":
    case ">=":
      return bool(ordered(e.sign, a, b));
    default:
      return arithmetic(e.sign, a, b);
  }
}

function same(a: Value, b: Value): boolean {
  if (a.t === "set" && b.t === "set") return sameData(a.v, b.v);
  // An empty list in brackets stands for any list without elements.
  return sameValues(a, b) || (a.t !== "void" && b.t !== "void" && Array.isArray(a.v) && Array.isArray(b.v) && a.v.length === 0 && b.v.length === 0);
}

function ordered(sign: string, a: Value, b: Value): boolean {
  const d = a.t === "void" || b.t === "void" ? null : compareValues(a, b);
  if (d === null) throw new FilterFault("Can't compare");
  return sign === "<" ? d < 0 : sign === "<=" ? d <= 0 : sign === ">" ? d > 0 : d >= 0;
}

function arithmetic(sign: string, a: Value, b: Value): Value {
  if (a.t !== "int" || b.t !== "int") throw new FilterFault("Arithmetic on what is no number");
  if (sign === "+") return int((a.v + b.v) >>> 0);
  if (sign === "-") return int((a.v - b.v) >>> 0);
  if (sign === "*") return int(Math.imul(a.v, b.v) >>> 0);
  if (b.v === 0) throw new FilterFault("Mother told me not to divide by 0");
  return int(Math.floor(a.v / b.v));
}

function pair(items: readonly Value[]): Value {
  const numbers = items.map((one) => {
    if (one.t !== "int") throw new FilterFault("Can't operate with value of non-integer type in pair constructor");
    return one.v;
  });
  if (numbers.length === 3) return { t: "lc", v: Object.freeze(numbers) as unknown as readonly [number, number, number] };
  return { t: "pair", v: ((numbers[0]! << 16) | numbers[1]!) >>> 0 };
}

const LENGTHS: Readonly<Record<4 | 6, number>> = Object.freeze({ 4: 32, 6: 128 });

function setItems(f: Frame, items: readonly SetItemTree[], depth: number): SetItem[] {
  return items.flatMap((item): SetItem[] => {
    if (item.kind === "prefix") {
      const net = evaluate(f, item.net, depth);
      if (net.t !== "prefix") throw new FilterFault("not a prefix");
      const { family, prefix } = parseCidr(net.v)!;
      if (item.form === "+") return [{ kind: "prefix", net: net.v, low: prefix, high: LENGTHS[family] }];
      if (item.form === "-") return [{ kind: "prefix", net: net.v, low: 0, high: prefix }];
      return [{ kind: "prefix", net: net.v, low: item.form === "" ? prefix : item.low, high: item.form === "" ? prefix : item.high }];
    }
    if (item.kind === "pairs") {
      const most = item.parts.length === 3 ? 0xffffffff : 0xffff;
      return [{ kind: "parts", parts: item.parts.map(({ from, to }) => (from === null || to === null ? [0, most] : [numberOf(evaluate(f, from, depth)), numberOf(evaluate(f, to, depth))]) as readonly [number, number]) }];
    }
    const from = evaluate(f, item.from, depth);
    // A constant may itself be a set, or a prefix.
    if (from.t === "set") return [...from.v];
    if (from.t === "prefix") {
      const { prefix } = parseCidr(from.v)!;
      return [{ kind: "prefix", net: from.v, low: prefix, high: prefix }];
    }
    return [{ kind: "range", from, to: item.to === item.from ? from : evaluate(f, item.to, depth) }];
  });
}

function numberOf(value: Value): number {
  if (value.t === "int" || value.t === "quad") return value.v;
  if (value.t === "ip") return parseAddress(value.v)!.words[0] >>> 0;
  throw new FilterFault("not a number");
}

function maskItem(f: Frame, item: Extract<Expression, { op: "path-mask" }>["items"][number], depth: number): MaskItem {
  if (item.kind === "as") return { kind: "as", from: numberOf(evaluate(f, item.from, depth)), to: numberOf(evaluate(f, item.to, depth)) };
  if (item.kind !== "set") return { kind: item.kind } as MaskItem;
  const set = evaluate(f, item.set, depth);
  return { kind: "set", set: set.t === "set" ? set.v : [] };
}

/** The value of an expression outside of any route, for commands. */
export function runCondition(config: BirdConfig, test: Expression, route: BirdRoute): boolean {
  return runFilter(config, { kind: "where", test }, route).accepted;
}
