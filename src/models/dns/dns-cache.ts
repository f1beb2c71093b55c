/** The cache plugin for forwarded names: what it keeps, for how long, and the TTLs that clients see (coredns plugin/cache, plugin/pkg/dnsutil/ttl.go). */
import { SECOND } from "../../base/time.js";
import { DNS_RCODE, type DnsMessage } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";

/** Seconds for which answers and denials are kept at most. */
export interface CacheTtls {
  readonly success: number;
  readonly denial: number;
}

/** `cache 30` */
export const CACHE_30: CacheTtls = Object.freeze({ success: 30, denial: 30 });
/** Seconds: nothing is kept for less. */
const SHORTEST = 5;
/** Entries of answers and of denials together, at their default. */
const MOST_ENTRIES = 2 * 9984;

interface Entry {
  readonly message: DnsMessage;
  /** ns */
  readonly stored: number;
  readonly seconds: number;
}

export type DnsCache = Readonly<Record<string, Entry>>;

/** What tells questions apart: name without case, type, DO and CD. */
export function cacheKey(query: DnsMessage): string {
  const question = query.questions[0];
  const dnssecOk = query.additionals.some((record) => record.type === "OPT" && record.dnssecOk);
  return question === undefined ? "" : `${question.name.toLowerCase()} ${question.type} ${dnssecOk} ${query.checkingDisabled}`;
}

/** Seconds that an answer is kept; 0: not at all. */
export function cacheSeconds(message: DnsMessage, { success, denial }: CacheTtls = CACHE_30): number {
  const { rcode, answers, authorities, additionals } = message;
  if (message.truncated) return 0;
  const negative = answers.length === 0 && authorities.some((record) => record.type === "SOA");
  if (rcode === DNS_RCODE.SERVFAIL) return SHORTEST;
  if (rcode !== DNS_RCODE.NOERROR && !(rcode === DNS_RCODE.NXDOMAIN && negative)) return 0;
  const ttls = [...answers, ...authorities, ...additionals].flatMap((record) => (record.type === "OPT" ? [] : record.type === "SOA" && negative ? [Math.min(record.ttl, record.minimum)] : [record.ttl]));
  const longest = negative || rcode === DNS_RCODE.NXDOMAIN ? denial : success;
  return Math.min(longest, Math.max(SHORTEST, ttls.length === 0 ? SHORTEST : Math.min(...ttls)));
}

const withTtl = (records: readonly DnsRecord[], ttl: number): DnsRecord[] => records.map((record) => (record.type === "OPT" ? record : { ...record, ttl }));

/** The message with one TTL for all its records. */
export function agedTo(message: DnsMessage, ttl: number): DnsMessage {
  return { ...message, answers: withTtl(message.answers, ttl), authorities: withTtl(message.authorities, ttl), additionals: withTtl(message.additionals, ttl) };
}

export function remember(cache: DnsCache, key: string, message: DnsMessage, now: number, limits: CacheTtls = CACHE_30): DnsCache {
  const seconds = cacheSeconds(message, limits);
  if (seconds === 0) return cache;
  const live = Object.entries(cache).filter(([other, entry]) => other !== key && entry.stored + entry.seconds * SECOND > now);
  return Object.freeze(Object.fromEntries([...live.slice(-(MOST_ENTRIES - 1)), [key, Object.freeze({ message, stored: now, seconds })]]));
}

/** The kept answer with what is left of its TTL, or undefined. It says that it is authoritative, as some clients want that (item.toMsg). */
export function recall(cache: DnsCache, key: string, now: number): DnsMessage | undefined {
  if (!Object.hasOwn(cache, key)) return undefined;
  const { message, stored, seconds } = cache[key]!;
  const left = seconds - Math.floor((now - stored) / SECOND);
  return left > 0 ? { ...agedTo(message, left), authoritative: true } : undefined;
}
