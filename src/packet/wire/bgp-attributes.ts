/**
 * Path attributes of BGP as bytes (RFC 4271 4.3 and 5; communities RFC 1997, reflection RFC 4456, four-octet AS numbers RFC 6793,
 * large communities RFC 8092). Addresses are text, communities unsigned 32-bit numbers.
 */
import { formatIPv4, parseIPv4 } from "../../base/ip.js";

/** Part of an AS_PATH: AS numbers in order, or a set of them. */
export interface PathSegment {
  readonly kind: "sequence" | "set";
  readonly asns: readonly number[];
}

/** An attribute that is passed on unread. */
export interface UnknownAttribute {
  readonly code: number;
  readonly flags: number;
  readonly bytes: readonly number[];
}

/** Path attributes; what is left out is not there. */
export interface BgpAttributes {
  /** 0 IGP, 1 EGP, 2 incomplete */
  readonly origin?: number;
  readonly asPath?: readonly PathSegment[];
  readonly nextHop?: string;
  /** IPv6: the same router by its address on the link; both go into MP_REACH_NLRI */
  readonly nextHopLocal?: string;
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate?: true;
  readonly aggregator?: { readonly as: number; readonly ip: string };
  readonly communities?: readonly number[];
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
  readonly extCommunities?: readonly (readonly [number, number])[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
  readonly unknown?: readonly UnknownAttribute[];
}

/** Attribute type codes. */
export const ATTRIBUTE = Object.freeze({
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  largeCommunities: 32,
} as const);

const OPTIONAL = 0x80;
const TRANSITIVE = 0x40;
const PARTIAL = 0x20;
const EXTENDED = 0x10;
const AS_SET = 1;
const AS_SEQUENCE = 2;
/** Most AS numbers of one segment. */
const SEGMENT = 255;
/** What stands for an AS number that two octets cannot hold. */
export const AS_TRANS = 23456;

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const ip4 = (text: string): number[] => u32(parseIPv4(text) ?? 0);

/** One attribute with its header; lengths above 255 take two octets. */
export function attributeBytes(code: number, flags: number, value: readonly number[]): number[] {
  return value.length > 255 ? [flags | EXTENDED, code, ...u16(value.length), ...value] : [flags, code, value.length, ...value];
}

function pathBytes(path: readonly PathSegment[], wide: boolean): number[] {
  const out: number[] = [];
  for (const { kind, asns } of path) {
    for (let at = 0; at < asns.length; at += SEGMENT) {
      const part = asns.slice(at, at + SEGMENT);
      out.push(kind === "set" ? AS_SET : AS_SEQUENCE, part.length);
      for (const as of part) out.push(...(wide ? u32(as) : u16(as > 65535 ? AS_TRANS : as)));
    }
  }
  return out;
}

const isWide = (path: readonly PathSegment[]): boolean => path.some(({ asns }) => asns.some((as) => as > 65535));

/** All attributes but those of other families, in the order of their codes. `as4`: both ends speak four-octet AS numbers. */
export function encodeAttributes(a: BgpAttributes, as4: boolean): number[] {
  const made: [code: number, bytes: number[]][] = [];
  const add = (code: number, flags: number, value: readonly number[]): void => void made.push([code, attributeBytes(code, flags, value)]);
  if (a.origin !== undefined) add(ATTRIBUTE.origin, TRANSITIVE, [a.origin]);
  if (a.asPath !== undefined) add(ATTRIBUTE.asPath, TRANSITIVE, pathBytes(a.asPath, as4));
  if (a.nextHop !== undefined) add(ATTRIBUTE.nextHop, TRANSITIVE, ip4(a.nextHop));
  if (a.med !== undefined) add(ATTRIBUTE.med, OPTIONAL, u32(a.med));
  if (a.localPref !== undefined) add(ATTRIBUTE.localPref, TRANSITIVE, u32(a.localPref));
  if (a.atomicAggregate !== undefined) add(ATTRIBUTE.atomicAggregate, TRANSITIVE, []);
  if (a.aggregator !== undefined) {
    const { as, ip } = a.aggregator;
    add(ATTRIBUTE.aggregator, OPTIONAL | TRANSITIVE, [...(as4 ? u32(as) : u16(as > 65535 ? AS_TRANS : as)), ...ip4(ip)]);
    if (!as4 && as > 65535) add(ATTRIBUTE.as4Aggregator, OPTIONAL | TRANSITIVE, [...u32(as), ...ip4(ip)]);
  }
  if (a.communities !== undefined) add(ATTRIBUTE.communities, OPTIONAL | TRANSITIVE, a.communities.flatMap(u32));
  if (a.originatorId !== undefined) add(ATTRIBUTE.originatorId, OPTIONAL, ip4(a.originatorId));
  if (a.clusterList !== undefined) add(ATTRIBUTE.clusterList, OPTIONAL, a.clusterList.flatMap(ip4));
  if (a.extCommunities !== undefined) add(ATTRIBUTE.extCommunities, OPTIONAL | TRANSITIVE, a.extCommunities.flatMap(([x, y]) => [...u32(x), ...u32(y)]));
  if (!as4 && a.asPath !== undefined && isWide(a.asPath)) add(ATTRIBUTE.as4Path, OPTIONAL | TRANSITIVE, pathBytes(a.asPath, true));
  if (a.largeCommunities !== undefined) add(ATTRIBUTE.largeCommunities, OPTIONAL | TRANSITIVE, a.largeCommunities.flatMap((c) => c.flatMap(u32)));
  for (const { code, flags, bytes } of a.unknown ?? []) add(code, flags & ~EXTENDED, bytes);
  return made.sort((x, y) => x[0] - y[0]).flatMap(([, bytes]) => bytes);
}

/** What is wrong with an attribute: the subcode of an UPDATE error (RFC 4271 6.3). */
export class AttributeFault extends Error {
  constructor(
    readonly subcode: number,
    readonly bytes: readonly number[],
  ) {
    super(`attribute error ${subcode}`);
  }
}

/** Subcodes of UPDATE message errors. */
export const UPDATE_FAULT = Object.freeze({ malformedList: 1, unknownWellKnown: 2, missing: 3, flags: 4, length: 5, origin: 6, nextHop: 8, optional: 9, network: 10, path: 11 } as const);

/** An attribute as it stands in the message. */
export interface RawAttribute {
  readonly code: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

/** Cuts a list of attributes. */
export function cutAttributes(bytes: Uint8Array): RawAttribute[] {
  const found: RawAttribute[] = [];
  let at = 0;
  while (at < bytes.length) {
    const flags = bytes[at]!;
    const head = (flags & EXTENDED) !== 0 ? 4 : 3;
    if (at + head > bytes.length) throw new AttributeFault(UPDATE_FAULT.malformedList, []);
    const code = bytes[at + 1]!;
    const length = head === 4 ? bytes[at + 2]! * 256 + bytes[at + 3]! : bytes[at + 2]!;
    if (at + head + length > bytes.length || found.some((one) => one.code === code)) throw new AttributeFault(UPDATE_FAULT.malformedList, []);
    found.push({ code, flags, value: bytes.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return found;
}

const word = (b: Uint8Array, at: number): number => b[at]! * 16777216 + (b[at + 1]! << 16) + (b[at + 2]! << 8) + b[at + 3]!;
const addressAt = (b: Uint8Array, at: number): string => formatIPv4(word(b, at) | 0);

function readPath(raw: RawAttribute, wide: boolean): readonly PathSegment[] {
  const b = raw.value;
  const size = wide ? 4 : 2;
  const path: PathSegment[] = [];
  let at = 0;
  while (at < b.length) {
    const kind = b[at];
    const count = b[at + 1] ?? 0;
    if ((kind !== AS_SET && kind !== AS_SEQUENCE) || count === 0 || at + 2 + count * size > b.length) throw new AttributeFault(UPDATE_FAULT.path, []);
    const asns = Array.from({ length: count }, (_, i) => (wide ? word(b, at + 2 + 4 * i) : b[at + 2 + 2 * i]! * 256 + b[at + 3 + 2 * i]!));
    path.push(Object.freeze({ kind: kind === AS_SET ? "set" : "sequence", asns: Object.freeze(asns) }));
    at += 2 + count * size;
  }
  return Object.freeze(path);
}

function sized(raw: RawAttribute, length: number, multiple = false): void {
  if (multiple ? raw.value.length % length !== 0 : raw.value.length !== length) {
    throw new AttributeFault(UPDATE_FAULT.length, attributeBytes(raw.code, raw.flags & ~EXTENDED, [...raw.value]));
  }
}

function words(raw: RawAttribute, per: number): number[][] {
  sized(raw, per * 4, true);
  return Array.from({ length: raw.value.length / (per * 4) }, (_, i) => Array.from({ length: per }, (_, k) => word(raw.value, (i * per + k) * 4)));
}

/** Attributes read from what `cutAttributes` found; those of other families are left to the caller. Throws `AttributeFault`. */
export function decodeAttributes(list: readonly RawAttribute[], as4: boolean): BgpAttributes {
  const a: { -readonly [K in keyof BgpAttributes]: BgpAttributes[K] } = {};
  const unknown: UnknownAttribute[] = [];
  let as4Path: readonly PathSegment[] | null = null;
  for (const raw of list) {
    const b = raw.value;
    switch (raw.code) {
      case ATTRIBUTE.origin:
        sized(raw, 1);
        if (b[0]! > 2) throw new AttributeFault(UPDATE_FAULT.origin, attributeBytes(1, raw.flags, [...b]));
        a.origin = b[0]!;
        break;
      case ATTRIBUTE.asPath:
        a.asPath = readPath(raw, as4);
        break;
      case ATTRIBUTE.nextHop:
        sized(raw, 4);
        a.nextHop = addressAt(b, 0);
        break;
      case ATTRIBUTE.med:
        sized(raw, 4);
        a.med = word(b, 0);
        break;
      case ATTRIBUTE.localPref:
        sized(raw, 4);
        a.localPref = word(b, 0);
        break;
      case ATTRIBUTE.atomicAggregate:
        sized(raw, 0);
        a.atomicAggregate = true;
        break;
      case ATTRIBUTE.aggregator:
        sized(raw, as4 ? 8 : 6);
        a.aggregator = Object.freeze({ as: as4 ? word(b, 0) : b[0]! * 256 + b[1]!, ip: addressAt(b, as4 ? 4 : 2) });
        break;
      case ATTRIBUTE.communities:
        a.communities = Object.freeze(words(raw, 1).map(([c]) => c!));
        break;
      case ATTRIBUTE.originatorId:
        sized(raw, 4);
        a.originatorId = addressAt(b, 0);
        break;
      case ATTRIBUTE.clusterList:
        sized(raw, 4, true);
        a.clusterList = Object.freeze(Array.from({ length: b.length / 4 }, (_, i) => addressAt(b, 4 * i)));
        break;
      case ATTRIBUTE.extCommunities:
        a.extCommunities = Object.freeze(words(raw, 2).map(([x, y]) => Object.freeze([x!, y!] as const)));
        break;
      case ATTRIBUTE.largeCommunities:
        a.largeCommunities = Object.freeze(words(raw, 3).map(([x, y, z]) => Object.freeze([x!, y!, z!] as const)));
        break;
      case ATTRIBUTE.as4Path:
        if (!as4) as4Path = readPath(raw, true);
        break;
      case ATTRIBUTE.mpReach:
      case ATTRIBUTE.mpUnreach:
      case ATTRIBUTE.as4Aggregator:
        break;
      default:
        if ((raw.flags & OPTIONAL) === 0) throw new AttributeFault(UPDATE_FAULT.unknownWellKnown, attributeBytes(raw.code, raw.flags & ~EXTENDED, [...b]));
        if ((raw.flags & TRANSITIVE) !== 0) unknown.push(Object.freeze({ code: raw.code, flags: (raw.flags & ~EXTENDED) | PARTIAL, bytes: Object.freeze([...b]) }));
    }
  }
  if (as4Path !== null && a.asPath !== undefined) a.asPath = joinPaths(a.asPath, as4Path);
  if (unknown.length > 0) a.unknown = Object.freeze(unknown);
  return Object.freeze(a);
}

const lengthOf = (path: readonly PathSegment[]): number => path.reduce((sum, one) => sum + (one.kind === "set" ? 1 : one.asns.length), 0);

/** RFC 6793 4.2.3: the front of the old path, as far as the new one is shorter, and then the new one. */
function joinPaths(old: readonly PathSegment[], wide: readonly PathSegment[]): readonly PathSegment[] {
  let front = lengthOf(old) - lengthOf(wide);
  if (front < 0) return old;
  const kept: PathSegment[] = [];
  for (const segment of old) {
    if (front <= 0) break;
    const asns = segment.kind === "set" ? segment.asns : segment.asns.slice(0, front);
    kept.push(Object.freeze({ kind: segment.kind, asns: Object.freeze(asns) }));
    front -= segment.kind === "set" ? 1 : asns.length;
  }
  const last = kept[kept.length - 1];
  const first = wide[0];
  if (last?.kind === "sequence" && first?.kind === "sequence") {
    return Object.freeze([...kept.slice(0, -1), Object.freeze({ kind: "sequence" as const, asns: Object.freeze([...last.asns, ...first.asns]) }), ...wide.slice(1)]);
  }
  return Object.freeze([...kept, ...wide]);
}
