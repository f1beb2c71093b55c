// DNS messages, RFC 1035 4.1, with the AD and CD bits of RFC 4035. Plain records: DNS is read and written by programs, not per packet.

import { readDnsName, writeDnsName } from "./dns-name.js";
import { type DnsRecord, readDnsRecord, writeDnsRecord } from "./dns-record.js";
import { readHalf } from "./ethernet.js";

/** Bytes of the header of a message. */
export const DNS_HEADER_BYTES = 12;
/** The most a UDP answer holds when the question had no OPT record. */
export const DNS_UDP_BYTES = 512;

/** Response codes (RFC 1035 4.1.1). */
export const DNS_RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

/** One entry of the question section. */
export interface DnsQuestion {
  readonly name: string;
  /** A number, for a question may be about any type: DNS_TYPE has those that are understood. */
  readonly type: number;
  readonly class: number;
}

/** A whole message; names as in dns-name.ts, without a dot at the end. */
export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly checkingDisabled: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Why bytes are no DNS message. */
export const DNS_MALFORMED = ["header-short", "name-short", "name-label", "name-pointer", "name-long", "question-short", "record"] as const;
/** One of `DNS_MALFORMED`. */
export type DnsMalformed = (typeof DNS_MALFORMED)[number];

const BIT = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const;
const BITS: readonly (keyof typeof BIT)[] = [
  "response",
  "authoritative",
  "truncated",
  "recursionDesired",
  "recursionAvailable",
  "authenticData",
  "checkingDisabled",
];

/** A recursive question as a stub resolver asks it. */
export function dnsQuery(id: number, name: string, type: number): DnsMessage {
  return {
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [{ name, type, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
  };
}

/** The bytes of a message, names compressed unless told otherwise. Throws a RangeError for a name, address or text that cannot be sent (`dnsLabels` tells before). */
export function encodeDns(message: DnsMessage, compress = true): Uint8Array {
  const flags = BITS.reduce(
    (bits, name) => (message[name] ? bits | BIT[name] : bits),
    ((message.opcode & 15) << 11) | (message.rcode & 15),
  );
  const sections = [message.questions, message.answers, message.authorities, message.additionals];
  const out: number[] = [];
  for (const half of [message.id, flags, ...sections.map((section) => section.length)]) out.push((half >>> 8) & 0xff, half & 0xff);
  const known = compress ? new Map<string, number>() : null;
  for (const question of message.questions) {
    writeDnsName(out, question.name, known);
    out.push((question.type >>> 8) & 0xff, question.type & 0xff, (question.class >>> 8) & 0xff, question.class & 0xff);
  }
  for (const section of [message.answers, message.authorities, message.additionals]) {
    for (const record of section) writeDnsRecord(out, record, known);
  }
  return Uint8Array.from(out);
}

/** The message in `bytes`, or what is wrong with them. Bytes after the message are ignored. */
export function decodeDns(bytes: Uint8Array): DnsMessage | { readonly malformed: DnsMalformed } {
  if (bytes.length < DNS_HEADER_BYTES) return { malformed: "header-short" };
  const flags = readHalf(bytes, 2);
  const questions: DnsQuestion[] = [];
  let at = DNS_HEADER_BYTES;
  for (let left = readHalf(bytes, 4); left > 0; left--) {
    const read = readDnsName(bytes, at);
    if (typeof read === "string") return { malformed: read };
    if (read.next + 4 > bytes.length) return { malformed: "question-short" };
    questions.push({ name: read.name, type: readHalf(bytes, read.next), class: readHalf(bytes, read.next + 2) });
    at = read.next + 4;
  }
  const sections: DnsRecord[][] = [];
  for (const countAt of [6, 8, 10]) {
    const section: DnsRecord[] = [];
    for (let left = readHalf(bytes, countAt); left > 0; left--) {
      const read = readDnsRecord(bytes, at);
      if (read === null) return { malformed: "record" };
      section.push(read.record);
      at = read.next;
    }
    sections.push(section);
  }
  const has = (name: keyof typeof BIT): boolean => (flags & BIT[name]) !== 0;
  return {
    id: readHalf(bytes, 0),
    response: has("response"),
    opcode: (flags >>> 11) & 15,
    authoritative: has("authoritative"),
    truncated: has("truncated"),
    recursionDesired: has("recursionDesired"),
    recursionAvailable: has("recursionAvailable"),
    authenticData: has("authenticData"),
    checkingDisabled: has("checkingDisabled"),
    rcode: flags & 15,
    questions,
    answers: sections[0]!,
    authorities: sections[1]!,
    additionals: sections[2]!,
  };
}
