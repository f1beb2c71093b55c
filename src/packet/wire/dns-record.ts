// Resource records: RFC 1035 3.2 to 3.4 (A NS CNAME SOA PTR TXT), RFC 3596 (AAAA), RFC 2782 (SRV, its target never compressed), RFC 6891 (OPT).

import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "../../base/ip.js";
import { escapeBytes, readDnsName, unescapeText, writeDnsName } from "./dns-name.js";
import { readHalf, readWord } from "./ethernet.js";

/** Numbers of the record types that are understood. */
export const DNS_TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41 } as const;

/** Class IN. */
export const DNS_IN = 1;

/** What every resource record has. */
export interface Owned {
  readonly name: string;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
}

/** An address record. */
export type DnsAddressRecord = Owned & { readonly type: "A" | "AAAA"; readonly address: string };
/** A record whose data is a name. */
export type DnsTargetRecord = Owned & { readonly type: "NS" | "CNAME" | "PTR"; readonly target: string };
/** A record of texts. */
export type DnsTextRecord = Owned & { readonly type: "TXT"; readonly texts: readonly string[] };
/** A service record (RFC 2782). */
export type DnsServiceRecord = Owned & {
  readonly type: "SRV";
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
};
/** Times in seconds. */
export type DnsAuthorityRecord = Owned & {
  readonly type: "SOA";
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
};
/** The EDNS pseudo record. */
export interface DnsOptRecord {
  readonly type: "OPT";
  readonly udpSize: number;
  /** The upper eight bits of the response code. */
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}
/** A type that is carried as it is. */
export type DnsOtherRecord = Owned & { readonly type: "other"; readonly code: number; readonly data: Uint8Array };

/** Any resource record. */
export type DnsRecord =
  | DnsAddressRecord
  | DnsTargetRecord
  | DnsTextRecord
  | DnsServiceRecord
  | DnsAuthorityRecord
  | DnsOptRecord
  | DnsOtherRecord;

/** Writes a record at the end of `out`. A RangeError for names, addresses or texts that cannot be sent. */
export function writeDnsRecord(out: number[], record: DnsRecord, known: Map<string, number> | null): void {
  if (record.type === "OPT") {
    out.push(
      0,
      ...half(DNS_TYPE.OPT),
      ...half(record.udpSize),
      record.extendedRcode & 0xff,
      record.version & 0xff,
      record.dnssecOk ? 0x80 : 0,
      0,
    );
  } else {
    writeDnsName(out, record.name, known);
    out.push(...half(record.type === "other" ? record.code : DNS_TYPE[record.type]), ...half(record.class), ...word(record.ttl));
  }
  const lengthAt = out.length;
  out.push(0, 0);
  writeData(out, record, known);
  const length = out.length - lengthAt - 2;
  if (length > 0xffff) throw new RangeError("DNS record data over 65535 bytes");
  out[lengthAt] = length >>> 8;
  out[lengthAt + 1] = length & 0xff;
}

function writeData(out: number[], record: DnsRecord, known: Map<string, number> | null): void {
  switch (record.type) {
    case "A":
    case "AAAA":
      out.push(...addressBytes(record));
      return;
    case "NS":
    case "CNAME":
    case "PTR":
      writeDnsName(out, record.target, known);
      return;
    case "TXT":
      for (const text of record.texts) {
        const bytes = unescapeText(text, false)?.[0];
        if (bytes === undefined || bytes.length > 0xff) throw new RangeError(`not a DNS text of at most 255 bytes: ${text}`);
        out.push(bytes.length, ...bytes);
      }
      return;
    case "SRV":
      out.push(...half(record.priority), ...half(record.weight), ...half(record.port));
      writeDnsName(out, record.target, null);
      return;
    case "SOA":
      writeDnsName(out, record.primary, known);
      writeDnsName(out, record.mailbox, known);
      for (const n of [record.serial, record.refresh, record.retry, record.expire, record.minimum]) out.push(...word(n));
      return;
    case "OPT":
      for (const option of record.options) out.push(...half(option.code), ...half(option.data.length), ...option.data);
      return;
    case "other":
      for (const byte of record.data) out.push(byte);
  }
}

/** Reads the record at `at`, and says where the next begins; null if it is cut short or its data is not of its type. */
export function readDnsRecord(bytes: Uint8Array, at: number): { readonly record: DnsRecord; readonly next: number } | null {
  const owner = readDnsName(bytes, at);
  if (typeof owner === "string") return null;
  const fixed = owner.next;
  if (fixed + 10 > bytes.length) return null;
  const from = fixed + 10;
  const next = from + readHalf(bytes, fixed + 8);
  if (next > bytes.length) return null;
  const owned = { name: owner.name, class: readHalf(bytes, fixed + 2), ttl: readWord(bytes, fixed + 4) >>> 0 };
  const record = readData(bytes, from, next, readHalf(bytes, fixed), owned);
  return record === null ? null : { record, next };
}

function readData(bytes: Uint8Array, from: number, to: number, code: number, owned: Owned): DnsRecord | null {
  const length = to - from;
  switch (code) {
    case DNS_TYPE.A:
      return length === 4 ? { type: "A", ...owned, address: formatIPv4(readWord(bytes, from)) } : null;
    case DNS_TYPE.AAAA: {
      if (length !== 16) return null;
      const words = Int32Array.of(readWord(bytes, from), readWord(bytes, from + 4), readWord(bytes, from + 8), readWord(bytes, from + 12));
      return { type: "AAAA", ...owned, address: formatIPv6(words, 0) };
    }
    case DNS_TYPE.NS:
      return readTarget(bytes, from, to, "NS", owned);
    case DNS_TYPE.CNAME:
      return readTarget(bytes, from, to, "CNAME", owned);
    case DNS_TYPE.PTR:
      return readTarget(bytes, from, to, "PTR", owned);
    case DNS_TYPE.TXT:
      return readTexts(bytes, from, to, owned);
    case DNS_TYPE.SRV: {
      const target = length < 7 ? "name-short" : readDnsName(bytes, from + 6);
      if (typeof target === "string" || target.next !== to) return null;
      const numbers = { priority: readHalf(bytes, from), weight: readHalf(bytes, from + 2), port: readHalf(bytes, from + 4) };
      return { type: "SRV", ...owned, ...numbers, target: target.name };
    }
    case DNS_TYPE.SOA:
      return readAuthority(bytes, from, to, owned);
    case DNS_TYPE.OPT:
      return readOpt(bytes, from, to, owned);
    default:
      return { type: "other", ...owned, code, data: new Uint8Array(bytes.subarray(from, to)) };
  }
}

function readTarget(bytes: Uint8Array, from: number, to: number, type: DnsTargetRecord["type"], owned: Owned): DnsRecord | null {
  const target = readDnsName(bytes, from);
  return typeof target === "string" || target.next !== to ? null : { type, ...owned, target: target.name };
}

function readTexts(bytes: Uint8Array, from: number, to: number, owned: Owned): DnsRecord | null {
  const texts: string[] = [];
  for (let at = from; at < to; ) {
    const end = at + 1 + bytes[at]!;
    if (end > to) return null;
    texts.push(escapeBytes(bytes, at + 1, end, false));
    at = end;
  }
  return { type: "TXT", ...owned, texts };
}

function readAuthority(bytes: Uint8Array, from: number, to: number, owned: Owned): DnsRecord | null {
  const primary = readDnsName(bytes, from);
  if (typeof primary === "string") return null;
  const mailbox = readDnsName(bytes, primary.next);
  if (typeof mailbox === "string" || mailbox.next + 20 !== to) return null;
  const number = (i: number): number => readWord(bytes, mailbox.next + 4 * i) >>> 0;
  const names = { primary: primary.name, mailbox: mailbox.name };
  return {
    type: "SOA",
    ...owned,
    ...names,
    serial: number(0),
    refresh: number(1),
    retry: number(2),
    expire: number(3),
    minimum: number(4),
  };
}

function readOpt(bytes: Uint8Array, from: number, to: number, owned: Owned): DnsRecord | null {
  const options: { code: number; data: Uint8Array }[] = [];
  for (let at = from; at < to; ) {
    if (at + 4 > to) return null;
    const end = at + 4 + readHalf(bytes, at + 2);
    if (end > to) return null;
    options.push({ code: readHalf(bytes, at), data: new Uint8Array(bytes.subarray(at + 4, end)) });
    at = end;
  }
  const { ttl } = owned;
  return {
    type: "OPT",
    udpSize: owned.class,
    extendedRcode: ttl >>> 24,
    version: (ttl >>> 16) & 0xff,
    dnssecOk: (ttl & 0x8000) !== 0,
    options,
  };
}

function addressBytes(record: DnsAddressRecord): number[] {
  const words = new Int32Array(4);
  if (record.type === "A") {
    const address = parseIPv4(record.address);
    if (address === null) throw new RangeError(`not an IPv4 address: ${record.address}`);
    return word(address);
  }
  if (!parseIPv6(record.address, words)) throw new RangeError(`not an IPv6 address: ${record.address}`);
  return [...words].flatMap(word);
}

function half(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

function word(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
