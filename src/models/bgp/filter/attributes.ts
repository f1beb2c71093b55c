/** What a filter can read and change of a route: its attributes and fields by name. */
import { formatIPv4, parseIPv4 } from "../../../base/ip.js";
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import type { BirdRoute, Destination } from "../route.js";
import { FilterFault } from "./sets.js";
import { int, type Value, VOID } from "./value.js";

/** A route while a filter is at work on it; `set` holds the attributes that the filter has written. */
export interface RouteDraft {
  route: BirdRoute;
  readonly set: Set<string>;
}

const ORIGINS: readonly string[] = ["ORIGIN_IGP", "ORIGIN_EGP", "ORIGIN_INCOMPLETE"];
const DESTS: Readonly<Record<string, Destination>> = Object.freeze({ RTD_UNICAST: "unicast", RTD_BLACKHOLE: "blackhole", RTD_UNREACHABLE: "unreachable", RTD_PROHIBIT: "prohibit" });

const quadOf = (text: string): number => (parseIPv4(text) ?? 0) >>> 0;

/** Attributes: the key in the record, and the way to a value and back. */
interface Attribute {
  readonly key: keyof BgpAttributes;
  readonly to: (v: never) => Value;
  readonly from: (v: Value) => unknown;
  /** what an attribute that is not there reads as */
  readonly none?: Value;
}

/** An entry whose functions agree with the type of the record's key. */
function attribute<K extends keyof BgpAttributes>(key: K, to: (v: NonNullable<BgpAttributes[K]>) => Value, from: (v: Value) => unknown, none?: Value): Attribute {
  return { key, to: to as (v: never) => Value, from, ...(none === undefined ? {} : { none }) };
}

const number = (v: Value): number => {
  if (v.t !== "int" && v.t !== "pair" && v.t !== "quad") throw new FilterFault("Attempt to set attribute to incompatible type");
  return v.v >>> 0;
};
function want<T extends Value["t"]>(t: T, v: Value): Extract<Value, { t: T }>["v" & keyof Extract<Value, { t: T }>] {
  if (v.t !== t) throw new FilterFault("Attempt to set attribute to incompatible type");
  return (v as unknown as { v: never }).v;
}

const ATTRIBUTES: Readonly<Record<string, Attribute>> = Object.freeze({
  bgp_origin: attribute("origin", (v) => ({ t: "enum", v: ORIGINS[v]! }), (v) => ORIGINS.indexOf(String(want("enum", v)))),
  bgp_path: attribute("asPath", (v) => ({ t: "path", v }), (v) => want("path", v), { t: "path", v: [] }),
  bgp_next_hop: attribute("nextHop", (v) => ({ t: "ip", v }), (v) => want("ip", v)),
  bgp_med: attribute("med", int, number),
  bgp_local_pref: attribute("localPref", int, number),
  bgp_community: attribute("communities", (v) => ({ t: "clist", v }), (v) => want("clist", v), { t: "clist", v: [] }),
  bgp_originator_id: attribute("originatorId", (v) => ({ t: "quad", v: quadOf(v) }), (v) => formatIPv4(number(v) | 0)),
  bgp_cluster_list: attribute("clusterList", (v) => ({ t: "clist", v: v.map(quadOf) }), (v) => (want("clist", v) as readonly number[]).map((n) => formatIPv4(n | 0)), { t: "clist", v: [] }),
  bgp_large_community: attribute("largeCommunities", (v) => ({ t: "lclist", v }), (v) => want("lclist", v), { t: "lclist", v: [] }),
});

const KERNEL: Readonly<Record<string, "source" | "metric" | "prefsrc" | "tunnel">> = Object.freeze({ krt_source: "source", krt_metric: "metric", krt_prefsrc: "prefsrc", krt_tunnel: "tunnel" });

function kernelValue(v: number | string, key: string): Value {
  return typeof v === "number" ? int(v) : { t: key === "tunnel" ? "string" : "ip", v };
}

function attributeOf(name: string): Attribute {
  const known = ATTRIBUTES[name];
  if (known === undefined) throw new FilterFault(`not modelled: ${name}`);
  return known;
}

export function isAttributeSet(d: RouteDraft, name: string): boolean {
  const key = KERNEL[name];
  if (key !== undefined) return d.route.krt[key] !== undefined;
  return ATTRIBUTES[name] !== undefined && d.route.bgp[ATTRIBUTES[name].key] !== undefined;
}

export function readAttribute(d: RouteDraft, name: string): Value {
  const key = KERNEL[name];
  if (key !== undefined) {
    const known = d.route.krt[key];
    return known === undefined ? VOID : kernelValue(known, key);
  }
  const { key: field, to, none } = attributeOf(name);
  const known = d.route.bgp[field];
  return known === undefined ? (none ?? VOID) : to(known as never);
}

export function writeAttribute(d: RouteDraft, name: string, value: Value): void {
  d.set.add(name);
  const key = KERNEL[name];
  if (key !== undefined) {
    if (value.t !== "int" && value.t !== "ip" && value.t !== "string") throw new FilterFault("Attempt to set attribute to incompatible type");
    d.route = { ...d.route, krt: Object.freeze({ ...d.route.krt, [key]: value.v }) };
    return;
  }
  const { key: field, from } = attributeOf(name);
  const made = from(value);
  d.route = { ...d.route, bgp: Object.freeze({ ...d.route.bgp, [field]: typeof made === "object" ? Object.freeze(made) : made }) };
}

export function unsetAttribute(d: RouteDraft, name: string): void {
  const key = KERNEL[name];
  if (key !== undefined) {
    const { [key]: _, ...krt } = d.route.krt;
    d.route = { ...d.route, krt: Object.freeze(krt) };
    return;
  }
  const { [attributeOf(name).key]: _, ...bgp } = d.route.bgp;
  d.route = { ...d.route, bgp: Object.freeze(bgp) };
}

/** An address that is none, of both families. */
const NO_ADDRESS = "::";

export function readField(d: RouteDraft, name: string): Value {
  const { route } = d;
  switch (name) {
    case "net":
      return { t: "prefix", v: route.net };
    case "proto":
      return { t: "string", v: route.proto };
    case "source":
      return { t: "enum", v: route.source };
    case "scope":
      return { t: "enum", v: "SCOPE_UNIVERSE" };
    case "dest":
      return { t: "enum", v: `RTD_${route.dest.toUpperCase()}` };
    case "gw":
      return { t: "ip", v: route.hops[0]?.gateway || NO_ADDRESS };
    case "from":
      return { t: "ip", v: route.from === "" ? NO_ADDRESS : route.from };
    case "ifname":
      return { t: "string", v: route.hops[0]?.device ?? "" };
    case "preference":
      return int(route.preference);
    case "igp_metric":
      return int(route.igpMetric);
    case "weight":
      return int(route.hops[0]?.weight ?? 1);
    default:
      throw new FilterFault(`not modelled: ${name}`);
  }
}

export function writeField(d: RouteDraft, name: string, value: Value): void {
  d.set.add(name);
  if (name === "preference" && value.t === "int") d.route = { ...d.route, preference: value.v };
  else if (name === "dest" && value.t === "enum" && DESTS[value.v] !== undefined) d.route = { ...d.route, dest: DESTS[value.v]!, hops: [] };
  else if (name === "gw" && value.t === "ip") {
    const device = d.route.hops[0]?.device ?? "";
    d.route = { ...d.route, dest: "unicast", hops: Object.freeze([Object.freeze({ gateway: value.v, device, weight: 1, onlink: false })]) };
  } else throw new FilterFault(`Attempt to set attribute to incompatible type: ${name}`);
}
