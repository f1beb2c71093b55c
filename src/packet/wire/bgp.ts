/**
 * BGP messages as bytes (RFC 4271 4, multiprotocol RFC 4760, route refresh RFC 2918 and 7313, several paths RFC 7911). Prefixes and
 * addresses are text; a prefix with the number of its path is `10.0.0.0/8@7`.
 */
import { formatCidr, formatWords, masked, parseAddress, parseCidr } from "../../base/cidr.js";
import { formatIPv4, parseIPv4 } from "../../base/ip.js";
import { AS_TRANS, AttributeFault, ATTRIBUTE, attributeBytes, type BgpAttributes, cutAttributes, decodeAttributes, encodeAttributes, UPDATE_FAULT } from "./bgp-attributes.js";

/** A capability of an OPEN, its value as bytes (RFC 5492). */
export interface BgpCapability {
  readonly code: number;
  readonly bytes: readonly number[];
}

/** Who the speaker is and what it can do. */
export interface BgpOpen {
  readonly type: "open";
  /** as the header's two octets say; the whole number is in the capability */
  readonly as: number;
  readonly holdTime: number;
  /** dotted quad */
  readonly id: string;
  readonly capabilities: readonly BgpCapability[];
}

/** Prefixes that are gone, and prefixes with the attributes of their path. */
export interface BgpUpdate {
  readonly type: "update";
  readonly withdrawn: readonly string[];
  readonly attributes: BgpAttributes;
  readonly reach: readonly string[];
  /** IPv6: what MP_REACH_NLRI and MP_UNREACH_NLRI say; an empty `unreach6` is that family's end of table */
  readonly reach6?: { readonly nextHops: readonly string[]; readonly nets: readonly string[] };
  readonly unreach6?: readonly string[];
}

/** Why the session ends. */
export interface BgpNotification {
  readonly type: "notification";
  readonly code: number;
  readonly subcode: number;
  readonly data: readonly number[];
}

/** Any message; a refresh asks for the table again. */
export type BgpMessage = BgpOpen | BgpUpdate | BgpNotification | { readonly type: "keepalive" } | { readonly type: "refresh"; readonly afi: number; readonly subtype: number; readonly safi: number };

/** A message that cannot be read: what the NOTIFICATION about it says. */
export interface BgpFault {
  readonly type: "fault";
  readonly code: number;
  readonly subcode: number;
  readonly data: readonly number[];
}

/** Bytes of a message's header: the shortest message. */
export const BGP_HEADER = 19;
/** Bytes of the longest message (RFC 4271 4.1). */
export const BGP_LONGEST = 4096;
const TYPE = Object.freeze({ open: 1, update: 2, notification: 3, keepalive: 4, refresh: 5 } as const);
/** Codes of NOTIFICATION. */
export const BGP_ERROR = Object.freeze({ header: 1, open: 2, update: 3, hold: 4, fsm: 5, cease: 6 } as const);
const CAPABILITIES = 2;
export const AFI4 = 1;
export const AFI6 = 2;
export const UNICAST = 1;

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n)];

function framed(type: number, body: readonly number[]): Uint8Array {
  const out = new Uint8Array(BGP_HEADER + body.length).fill(0xff, 0, 16);
  out[16] = out.length >> 8;
  out[17] = out.length & 255;
  out[18] = type;
  out.set(body, BGP_HEADER);
  return out;
}

function prefixBytes(text: string): number[] {
  const at = text.indexOf("@");
  const { words, prefix } = parseCidr(at < 0 ? text : text.slice(0, at))!;
  const bytes = words.flatMap((w) => u32(w));
  return [...(at < 0 ? [] : u32(Number(text.slice(at + 1)))), prefix, ...bytes.slice(0, Math.ceil(prefix / 8))];
}

const addressBytes = (text: string): number[] => {
  const { family, words } = parseAddress(text)!;
  return family === 4 ? u32(words[0]) : words.flatMap((w) => u32(w));
};

function openBody(m: BgpOpen): number[] {
  const caps = m.capabilities.flatMap(({ code, bytes }) => [code, bytes.length, ...bytes]);
  const options = caps.length === 0 ? [] : [CAPABILITIES, caps.length, ...caps];
  return [4, ...u16(m.as > 65535 ? AS_TRANS : m.as), ...u16(m.holdTime), ...u32(parseIPv4(m.id) ?? 0), options.length, ...options];
}

function updateBody(m: BgpUpdate, as4: boolean): number[] {
  const withdrawn = m.withdrawn.flatMap(prefixBytes);
  const mp: number[] = [];
  if (m.reach6 !== undefined) {
    const hops = m.reach6.nextHops.flatMap(addressBytes);
    mp.push(...attributeBytes(ATTRIBUTE.mpReach, 0x80, [...u16(AFI6), UNICAST, hops.length, ...hops, 0, ...m.reach6.nets.flatMap(prefixBytes)]));
  }
  if (m.unreach6 !== undefined) mp.push(...attributeBytes(ATTRIBUTE.mpUnreach, 0x80, [...u16(AFI6), UNICAST, ...m.unreach6.flatMap(prefixBytes)]));
  const attributes = [...mp, ...encodeAttributes(m.attributes, as4)];
  return [...u16(withdrawn.length), ...withdrawn, ...u16(attributes.length), ...attributes, ...m.reach.flatMap(prefixBytes)];
}

/** A message with its header. `as4`: the session has agreed on four-octet AS numbers. */
export function encodeBgp(m: BgpMessage, as4: boolean): Uint8Array {
  switch (m.type) {
    case "open":
      return framed(TYPE.open, openBody(m));
    case "update":
      return framed(TYPE.update, updateBody(m, as4));
    case "notification":
      return framed(TYPE.notification, [m.code, m.subcode, ...m.data]);
    case "keepalive":
      return framed(TYPE.keepalive, []);
    case "refresh":
      return framed(TYPE.refresh, [...u16(m.afi), m.subtype, m.safi]);
  }
}

const fault = (code: number, subcode: number, data: readonly number[] = []): BgpFault => Object.freeze({ type: "fault", code, subcode, data: Object.freeze(data) });

/** Length of the message that begins at `at`: 0 while its header is not there; a fault of a header that is none. */
export function bgpLength(bytes: Uint8Array, at = 0): number | BgpFault {
  if (bytes.length - at < BGP_HEADER) return 0;
  for (let i = 0; i < 16; i++) if (bytes[at + i] !== 0xff) return fault(BGP_ERROR.header, 1);
  const length = bytes[at + 16]! * 256 + bytes[at + 17]!;
  return length < BGP_HEADER || length > BGP_LONGEST ? fault(BGP_ERROR.header, 2, u16(length)) : length;
}

/** Reads one whole message. `paths`: families whose prefixes come with the numbers of their paths. */
export function decodeBgp(bytes: Uint8Array, as4: boolean, paths: readonly (4 | 6)[] = []): BgpMessage | BgpFault {
  const length = bgpLength(bytes);
  if (typeof length !== "number") return length;
  if (length !== bytes.length) return fault(BGP_ERROR.header, 2, u16(bytes.length));
  const type = bytes[18]!;
  const body = bytes.subarray(BGP_HEADER);
  switch (type) {
    case TYPE.open:
      return decodeOpen(body);
    case TYPE.update:
      return decodeUpdate(body, as4, paths);
    case TYPE.notification:
      return body.length < 2 ? fault(BGP_ERROR.header, 2, u16(length)) : Object.freeze({ type: "notification", code: body[0]!, subcode: body[1]!, data: Object.freeze([...body.subarray(2)]) });
    case TYPE.keepalive:
      return body.length > 0 ? fault(BGP_ERROR.header, 2, u16(length)) : Object.freeze({ type: "keepalive" });
    case TYPE.refresh:
      return body.length !== 4 ? fault(BGP_ERROR.header, 2, u16(length)) : Object.freeze({ type: "refresh", afi: body[0]! * 256 + body[1]!, subtype: body[2]!, safi: body[3]! });
    default:
      return fault(BGP_ERROR.header, 3, [type]);
  }
}

function decodeOpen(b: Uint8Array): BgpOpen | BgpFault {
  if (b.length < 10) return fault(BGP_ERROR.header, 2, u16(b.length + BGP_HEADER));
  if (b[0] !== 4) return fault(BGP_ERROR.open, 1, u16(4));
  const capabilities: BgpCapability[] = [];
  let at = 10;
  if (b.length !== 10 + b[9]!) return fault(BGP_ERROR.open, 0);
  while (at < b.length) {
    const end = at + 2 + (b[at + 1] ?? 0);
    if (at + 2 > b.length || end > b.length) return fault(BGP_ERROR.open, 0);
    if (b[at] !== CAPABILITIES) return fault(BGP_ERROR.open, 4);
    for (let i = at + 2; i < end; ) {
      const length = b[i + 1] ?? 0;
      if (i + 2 + length > end) return fault(BGP_ERROR.open, 0);
      capabilities.push(Object.freeze({ code: b[i]!, bytes: Object.freeze([...b.subarray(i + 2, i + 2 + length)]) }));
      i += 2 + length;
    }
    at = end;
  }
  const id = formatIPv4(((b[5]! << 24) | (b[6]! << 16) | (b[7]! << 8) | b[8]!) | 0);
  return Object.freeze({ type: "open", as: b[1]! * 256 + b[2]!, holdTime: b[3]! * 256 + b[4]!, id, capabilities: Object.freeze(capabilities) });
}

/** Prefixes in a row; null if they do not fit. Host bits are dropped, as every speaker does. */
function decodePrefixes(b: Uint8Array, family: 4 | 6, paths: readonly (4 | 6)[]): string[] | null {
  const found: string[] = [];
  const numbered = paths.includes(family);
  let at = 0;
  while (at < b.length) {
    let path = "";
    if (numbered) {
      if (at + 5 > b.length) return null;
      path = `@${(((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0)}`;
      at += 4;
    }
    const prefix = b[at]!;
    const size = Math.ceil(prefix / 8);
    if (prefix > (family === 4 ? 32 : 128) || at + 1 + size > b.length) return null;
    const words: [number, number, number, number] = [0, 0, 0, 0];
    for (let i = 0; i < size; i++) words[i >> 2] = words[i >> 2]! | (b[at + 1 + i]! << (24 - 8 * (i & 3)));
    found.push(formatCidr(masked({ family, words, prefix })) + path);
    at += 1 + size;
  }
  return found;
}

function decodeUpdate(b: Uint8Array, as4: boolean, paths: readonly (4 | 6)[]): BgpUpdate | BgpFault {
  const malformed = fault(BGP_ERROR.update, UPDATE_FAULT.malformedList);
  if (b.length < 4) return malformed;
  const gone = b[0]! * 256 + b[1]!;
  if (gone + 4 > b.length) return malformed;
  const length = b[2 + gone]! * 256 + b[3 + gone]!;
  if (gone + 4 + length > b.length) return malformed;
  const withdrawn = decodePrefixes(b.subarray(2, 2 + gone), 4, paths);
  const reach = decodePrefixes(b.subarray(4 + gone + length), 4, paths);
  if (withdrawn === null || reach === null) return fault(BGP_ERROR.update, UPDATE_FAULT.network);
  try {
    const raw = cutAttributes(b.subarray(4 + gone, 4 + gone + length));
    const attributes = decodeAttributes(raw, as4);
    if (reach.length > 0) {
      for (const [code, known] of [[1, attributes.origin], [2, attributes.asPath], [3, attributes.nextHop]] as const) if (known === undefined) throw new AttributeFault(UPDATE_FAULT.missing, [code]);
    }
    const reach6 = decodeReach6(raw.find((one) => one.code === ATTRIBUTE.mpReach)?.value, paths);
    const unreach6 = decodeUnreach6(raw.find((one) => one.code === ATTRIBUTE.mpUnreach)?.value, paths);
    return Object.freeze({ type: "update", withdrawn: Object.freeze(withdrawn), attributes, reach: Object.freeze(reach), ...(reach6 === null ? {} : { reach6 }), ...(unreach6 === null ? {} : { unreach6 }) });
  } catch (problem) {
    if (!(problem instanceof AttributeFault)) throw problem;
    return fault(BGP_ERROR.update, problem.subcode, problem.bytes);
  }
}

const isUnicast6 = (b: Uint8Array): boolean => b.length >= 3 && b[0] === 0 && b[1] === AFI6 && b[2] === UNICAST;

function decodeReach6(b: Uint8Array | undefined, paths: readonly (4 | 6)[]): { readonly nextHops: readonly string[]; readonly nets: readonly string[] } | null {
  if (b === undefined || !isUnicast6(b)) return null;
  const size = b[3] ?? 0;
  const nets = b.length < 5 + size || size % 16 !== 0 ? null : decodePrefixes(b.subarray(5 + size), 6, paths);
  if (nets === null) throw new AttributeFault(UPDATE_FAULT.optional, attributeBytes(ATTRIBUTE.mpReach, 0x80, [...b]));
  const nextHops: string[] = [];
  for (let i = 0; i < size; i += 16) {
    const words = [0, 4, 8, 12].map((k) => (b[4 + i + k]! << 24) | (b[5 + i + k]! << 16) | (b[6 + i + k]! << 8) | b[7 + i + k]!);
    nextHops.push(formatWords(6, words));
  }
  return Object.freeze({ nextHops: Object.freeze(nextHops), nets: Object.freeze(nets) });
}

function decodeUnreach6(b: Uint8Array | undefined, paths: readonly (4 | 6)[]): readonly string[] | null {
  if (b === undefined || !isUnicast6(b)) return null;
  const nets = decodePrefixes(b.subarray(3), 6, paths);
  if (nets === null) throw new AttributeFault(UPDATE_FAULT.optional, attributeBytes(ATTRIBUTE.mpUnreach, 0x80, [...b]));
  return Object.freeze(nets);
}

/** Cuts what one UPDATE cannot hold into several: `most` prefixes each, so that none is longer than a message may be. */
export function splitNets(nets: readonly string[], attributeLength: number): string[][] {
  const longest = BGP_LONGEST - BGP_HEADER - 4 - attributeLength;
  const parts: string[][] = [];
  let room = 0;
  for (const net of nets) {
    const [length = "", path] = net.slice(net.indexOf("/") + 1).split("@");
    const size = (path === undefined ? 1 : 5) + Math.ceil(Number(length) / 8);
    if (room < size) {
      parts.push([]);
      room = longest;
    }
    parts[parts.length - 1]!.push(net);
    room -= size;
  }
  return parts;
}
