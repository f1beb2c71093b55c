/**
 * The bytes of CoreDNS's answers: the client's OPT comes back, and what is longer than the client can take is cut.
 *
 * Read first: coredns request/request.go (SizeAndDo, Scrub) and miekg/dns msg_truncate.go: a message that fits as it stands is
 * sent uncompressed; only one that does not is compressed, and then cut section by section with TC set.
 */
import { DNS_UDP_BYTES, type DnsMessage, encodeDns } from "../../packet/wire/dns.js";
import type { DnsOptRecord, DnsRecord } from "../../packet/wire/dns-record.js";

/** EDNS options that are handed back: NSID, EXPIRE, COOKIE, KEEPALIVE, PADDING. */
const KEPT_OPTIONS: readonly number[] = [3, 9, 10, 11, 12];

const optOf = (message: DnsMessage): DnsOptRecord | undefined => message.additionals.find((record): record is DnsOptRecord => record.type === "OPT");

/** The most bytes of a UDP answer to this question. */
export function udpRoom(query: DnsMessage): number {
  return Math.max(DNS_UDP_BYTES, optOf(query)?.udpSize ?? 0);
}

/** An answer under the question's identifier, with its OPT. */
export function answerTo(query: DnsMessage, answer: Partial<DnsMessage>): DnsMessage {
  const opt = optOf(query);
  const additionals = (answer.additionals ?? []).filter((record) => record.type !== "OPT");
  const back: readonly DnsRecord[] = opt === undefined ? [] : [{ ...opt, extendedRcode: 0, version: 0, options: opt.options.filter(({ code }) => KEPT_OPTIONS.includes(code)) }];
  return { ...query, response: true, authoritative: false, truncated: false, recursionAvailable: false, authenticData: false, answers: [], authorities: [], ...answer, id: query.id, questions: query.questions, additionals: [...additionals, ...back] };
}

/** The answer in at most `size` bytes. */
export function fitAnswer(message: DnsMessage, size: number): Uint8Array {
  const plain = encodeDns(message, false);
  if (plain.length <= size) return plain;
  const whole = encodeDns(message);
  if (whole.length <= size) return whole;
  const opt = message.additionals.filter((record) => record.type === "OPT");
  const others = message.additionals.filter((record) => record.type !== "OPT");
  const records = [...message.answers, ...message.authorities, ...others];
  const { length: answers } = message.answers;
  const upToAuthorities = answers + message.authorities.length;
  const cut = (keep: number): Uint8Array => {
    const kept = records.slice(0, keep);
    return encodeDns({ ...message, truncated: true, answers: kept.slice(0, answers), authorities: kept.slice(answers, upToAuthorities), additionals: [...kept.slice(upToAuthorities), ...opt] });
  };
  let low = 0;
  let high = records.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cut(middle).length <= size) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
