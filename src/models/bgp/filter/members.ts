/** `a.len`, `a.add(b)` and the other words behind a dot. */
import { formatCidr, masked, parseCidr } from "../../../base/cidr.js";
import { filterPath, pathFirst, pathLast, pathLength, prependPath } from "./paths.js";
import { FilterFault, sameValues, setHas } from "./sets.js";
import { int, type SetItem, type Value } from "./value.js";

const fault = (name: string): FilterFault => new FilterFault(`.${name} of this is not known`);

/** Elements of a list as values. */
function elements(list: Extract<Value, { t: "clist" | "lclist" }>): Value[] {
  return list.t === "clist" ? list.v.map((v) => ({ t: "pair", v })) : list.v.map((v) => ({ t: "lc", v }));
}

function chosen(arg: Value): (value: Value) => boolean {
  if (arg.t === "set") {
    const set: readonly SetItem[] = arg.v;
    return (value) => setHas(set, value);
  }
  if (arg.t === "clist" || arg.t === "lclist") return (value) => elements(arg).some((one) => sameValues(one, value));
  return (value) => sameValues(arg, value);
}

function listOf(list: Extract<Value, { t: "clist" | "lclist" }>, kept: readonly Value[]): Value {
  const raw = Object.freeze(kept.map((one) => (one as { v: unknown }).v));
  return { t: list.t, v: raw } as Value;
}

function ofList(list: Extract<Value, { t: "clist" | "lclist" }>, name: string, args: readonly Value[]): Value {
  const [arg] = args;
  if (name === "len") return int(list.v.length);
  if (name === "empty") return listOf(list, []);
  if (arg === undefined) throw fault(name);
  const all = elements(list);
  if (name === "delete") return listOf(list, all.filter((one) => !chosen(arg)(one)));
  if (name === "filter") return listOf(list, all.filter(chosen(arg)));
  if (name === "add") {
    const wanted = arg.t === "clist" || arg.t === "lclist" ? elements(arg) : [arg.t === "quad" || arg.t === "int" ? ({ t: "pair", v: arg.v } as const) : arg];
    return listOf(list, [...all, ...wanted.filter((one) => !all.some((known) => sameValues(known, one)))]);
  }
  throw fault(name);
}

function ofPath(path: Extract<Value, { t: "path" }>, name: string, args: readonly Value[]): Value {
  const [arg] = args;
  switch (name) {
    case "len":
      return int(pathLength(path.v));
    case "first":
      return int(pathLastOrFirst(path, false));
    case "last":
      return int(pathLastOrFirst(path, true));
    case "last_nonaggregated":
      return int(pathLast(path.v.filter((one) => one.kind === "sequence")));
    case "empty":
      return { t: "path", v: [] };
  }
  if (arg?.t === "int" && name === "prepend") return { t: "path", v: prependPath(path.v, arg.v) };
  if (arg !== undefined && (name === "delete" || name === "filter")) {
    const hit = chosen(arg);
    return { t: "path", v: filterPath(path.v, (as) => hit(int(as)) === (name === "delete")) };
  }
  throw fault(name);
}

/** `.first` is the AS nearest to us that is no set; `.last` the one that began the path. */
function pathLastOrFirst(path: Extract<Value, { t: "path" }>, last: boolean): number {
  return last ? pathLast(path.v) : pathFirst(path.v);
}

/** What a word behind a dot gives. */
export function member(a: Value, name: string, args: readonly Value[]): Value {
  if (a.t === "clist" || a.t === "lclist") return ofList(a, name, args);
  if (a.t === "path") return ofPath(a, name, args);
  if (a.t === "prefix") {
    const cidr = parseCidr(a.v)!;
    if (name === "len") return int(cidr.prefix);
    if (name === "ip") return { t: "ip", v: a.v.slice(0, a.v.indexOf("/")) };
    if (name === "type") return { t: "enum", v: cidr.family === 4 ? "NET_IP4" : "NET_IP6" };
  }
  if (a.t === "ip") {
    const [bits] = args;
    if (name === "is_v4") return { t: "bool", v: !a.v.includes(":") };
    if (name === "mask" && bits?.t === "int") return { t: "ip", v: formatCidr(masked(parseCidr(`${a.v}/${bits.v}`)!)).split("/")[0]! };
  }
  if (a.t === "pair" && name === "asn") return int(a.v >>> 16);
  if (a.t === "pair" && name === "data") return int(a.v & 0xffff);
  if (a.t === "lc") {
    const at = ["asn", "data1", "data2"].indexOf(name);
    if (at >= 0) return int(a.v[at]!);
  }
  throw fault(name);
}
