/** Comparing values and asking whether one is in another, as filters do with `=`, `<` and `~`. */
import { contains, covers, mask32, parseAddress, parseCidr } from "../../../base/cidr.js";
import { compareText } from "../../../base/names.js";
import { sameData } from "../../../base/same-data.js";
import { compareAddresses } from "../route.js";
import { pathNumbers } from "./paths.js";
import type { MaskItem, SetItem, Value } from "./value.js";
import type { PathSegment } from "../../../packet/wire/bgp-attributes.js";

/** A filter that asks for something impossible: it ends, and the route is rejected. */
export class FilterFault extends Error {}

/** Negative, 0 or positive; null where the two cannot be ordered. */
export function compareValues(a: Value, b: Value): number | null {
  if (a.t === "void" || b.t === "void") return a.t === b.t ? 0 : null;
  if (a.t === "ip" && b.t === "ip") return compareAddresses(a.v, b.v);
  if (a.t === "prefix" && b.t === "prefix") {
    const [x, y] = [parseCidr(a.v)!, parseCidr(b.v)!];
    return compareAddresses(a.v.split("/")[0]!, b.v.split("/")[0]!) || x.prefix - y.prefix;
  }
  if (typeof a.v === "number" && typeof b.v === "number") return a.v - b.v;
  if (a.t !== b.t) return null;
  if (typeof a.v === "string") return compareText(a.v, b.v as string);
  if (a.t === "bool") return Number(a.v) - Number(b.v);
  return sameData(a.v, b.v) ? 0 : null;
}

export const sameValues = (a: Value, b: Value): boolean => compareValues(a, b) === 0;

/** Whether the prefix and the element agree in the bits that both have, and its length fits. */
function fitsPrefix(net: string, item: { readonly net: string; readonly low: number; readonly high: number }): boolean {
  const [x, y] = [parseCidr(net)!, parseCidr(item.net)!];
  if (x.family !== y.family || x.prefix < item.low || x.prefix > item.high) return false;
  const bits = Math.min(x.prefix, y.prefix);
  return x.words.every((word, i) => ((word ^ y.words[i]!) & mask32(bits - 32 * i)) === 0);
}

function itemHas(item: SetItem, value: Value): boolean {
  if (item.kind === "prefix") {
    if (value.t === "prefix") return fitsPrefix(value.v, item);
    return value.t === "ip" && fitsPrefix(`${value.v}/${value.v.includes(":") ? 128 : 32}`, item);
  }
  if (item.kind === "parts") {
    const parts = value.t === "pair" ? [value.v >>> 16, value.v & 0xffff] : value.t === "lc" ? value.v : [];
    return parts.length === item.parts.length && parts.every((n, i) => n >= item.parts[i]![0] && n <= item.parts[i]![1]);
  }
  const [low, high] = [compareValues(item.from, value), compareValues(value, item.to)];
  return low !== null && high !== null && low <= 0 && high <= 0;
}

export function setHas(set: readonly SetItem[], value: Value): boolean {
  return set.some((item) => itemHas(item, value));
}

/** `a ~ b`. */
export function isIn(a: Value, b: Value): boolean {
  if (b.t === "set") {
    if (a.t === "clist") return a.v.some((v) => setHas(b.v, { t: "pair", v }));
    if (a.t === "lclist") return a.v.some((v) => setHas(b.v, { t: "lc", v }));
    if (a.t === "path") return pathNumbers(a.v).some((v) => setHas(b.v, { t: "int", v }));
    if (a.t === "void") throw new FilterFault("~ applied on undefined value");
    return setHas(b.v, a);
  }
  if (b.t === "prefix" && (a.t === "ip" || a.t === "prefix")) {
    const outer = parseCidr(b.v)!;
    if (a.t === "prefix") return covers(outer, parseCidr(a.v)!);
    const inner = parseAddress(a.v)!;
    return inner.family === outer.family && contains(outer, inner.words);
  }
  if (a.t === "pair" && b.t === "clist") return b.v.includes(a.v);
  if (a.t === "lc" && b.t === "lclist") return b.v.some((one) => sameData(one, a.v));
  if (a.t === "int" && b.t === "path") return pathNumbers(b.v).includes(a.v);
  if (a.t === "path" && b.t === "mask") return matchesMask(a.v, b.v);
  if (a.t === "string" && b.t === "string") return matchesPattern(b.v, a.v);
  throw new FilterFault("~ applied on incompatible types");
}

/** A shell pattern of `*` and `?`. */
export function matchesPattern(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${escaped}$`).test(text);
}

function standsFor(item: MaskItem, as: number): boolean {
  if (item.kind === "as") return as >= item.from && as <= item.to;
  return item.kind === "set" ? setHas(item.set, { t: "int", v: as }) : item.kind !== "+";
}

/** A path against `[= ... =]`: every element of a set segment may stand for it. */
function matchesMask(path: readonly PathSegment[], mask: readonly MaskItem[]): boolean {
  const places: (readonly number[])[] = path.flatMap((segment) => (segment.kind === "set" ? [segment.asns] : segment.asns.map((as) => [as])));
  let at = new Set([0]);
  for (const [n, item] of mask.entries()) {
    const next = new Set<number>();
    for (const place of at) {
      if (item.kind === "*") for (let i = place; i <= places.length; i++) next.add(i);
      else if (item.kind === "+") {
        // What stands before it, once more and again.
        next.add(place);
        for (let i = place; i < places.length && places[i]!.some((as) => standsFor(mask[n - 1]!, as)); i++) next.add(i + 1);
      } else if (place < places.length && places[place]!.some((as) => standsFor(item, as))) next.add(place + 1);
    }
    at = next;
  }
  return at.has(places.length);
}
