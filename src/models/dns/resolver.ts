/**
 * The stub resolvers of pods as pure steps over a frozen record: glibc's getaddrinfo and musl's.
 *
 * Read first: glibc resolv/res_query.c and res_send.c; musl src/network/lookup_name.c and res_msend.c. They differ in when the
 * search list is used, what ends a search, whether servers are asked one after the other, and in TCP after a truncated answer.
 */
import { SECOND } from "../../base/time.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { DNS_RCODE, type DnsMessage, dnsQuery } from "../../packet/wire/dns.js";
import type { ResolvConf } from "./resolv-conf.js";

/** Whose rules; `musl-1.2.3` is musl before it knew TCP. */
export type ResolverKind = "glibc" | "musl" | "musl-1.2.3";

const DEFAULT_TIMEOUT = 5;
const DEFAULT_ATTEMPTS = 2;
const MOST_OPTION = 30;

/** One name that was asked for, and what came of it. */
export interface Lookup {
  readonly name: string;
  readonly rcode: number;
  readonly addresses: readonly string[];
}

interface Answer {
  readonly rcode: number;
  readonly addresses: readonly string[];
}

/** A question to send now. */
export interface Ask {
  readonly server: string;
  readonly message: DnsMessage;
  readonly tcp: boolean;
}

/** A resolution under way or ended. */
export interface Resolution {
  readonly name: string;
  readonly kind: ResolverKind;
  readonly conf: ResolvConf;
  readonly candidates: readonly string[];
  /** index of the candidate being asked */
  readonly at: number;
  readonly server: number;
  readonly round: number;
  /** identifier of the A question; AAAA has the next */
  readonly id: number;
  /** by identifier */
  readonly answers: Readonly<Record<number, Answer>>;
  /** resends that SERVFAIL may still cause (musl) */
  readonly retries: number;
  readonly servfail: boolean;
  readonly history: readonly Lookup[];
  /** "": still asking */
  readonly outcome: "" | "found" | "not-found" | "no-data" | "timeout" | "failed";
  readonly addresses: readonly string[];
  /** counts the moments at which a timeout begins anew */
  readonly tick: number;
}

/** A resolution after a step, and what is to be sent because of it. */
export interface Step {
  readonly resolution: Resolution;
  readonly asks: readonly Ask[];
}

const option = (conf: ResolvConf, name: string, fallback: number): number => {
  const value = Number.parseInt(conf.options[name] ?? "", 10);
  return Number.isNaN(value) ? fallback : Math.min(MOST_OPTION, Math.max(1, value));
};
const isMusl = (kind: ResolverKind): boolean => kind !== "glibc";

/** The names that are tried for one that was typed, in order. */
export function searchNames(name: string, conf: ResolvConf, kind: ResolverKind = "glibc"): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const ndots = Number.parseInt(conf.options["ndots"] ?? "1", 10);
  const searched = conf.search.map((domain) => `${name}.${domain}`);
  if (dots < ndots) return [...searched, name];
  return isMusl(kind) ? [name] : [name, ...searched];
}

/** ns until the questions under way are given up or sent again: glibc's `timeout` a server, musl's whole window shared by its attempts. */
export function resolverTimeout({ conf, kind }: Resolution): number {
  const seconds = option(conf, "timeout", DEFAULT_TIMEOUT);
  return (isMusl(kind) ? seconds / option(conf, "attempts", DEFAULT_ATTEMPTS) : seconds) * SECOND;
}

/** Begins; `id` is the first identifier to use. */
export function beginResolution(name: string, conf: ResolvConf, id: number, kind: ResolverKind = "glibc"): Step {
  const fresh: Resolution = Object.freeze({ name, kind, conf, candidates: searchNames(name, conf, kind), at: 0, server: 0, round: 0, id: id & 0xfffe, answers: {}, retries: 4, servfail: false, history: [], outcome: conf.nameservers.length === 0 ? "failed" : "", addresses: [], tick: 1 });
  return fresh.outcome === "" ? asking(fresh) : { resolution: fresh, asks: [] };
}

const serial = ({ conf, kind }: Resolution): boolean => kind === "glibc" && ("single-request" in conf.options || "single-request-reopen" in conf.options);

/** What has no answer yet, for one server or (musl) all of them. */
function asking(r: Resolution, tcp = false): Step {
  const name = r.candidates[r.at]!;
  const open = [dnsQuery(r.id, name, DNS_TYPE.A), dnsQuery(r.id + 1, name, DNS_TYPE.AAAA)].filter(({ id }) => r.answers[id] === undefined);
  const messages = serial(r) ? open.slice(0, 1) : open;
  const first = r.conf.nameservers[("rotate" in r.conf.options ? r.server + r.at : r.server) % r.conf.nameservers.length]!;
  const servers = isMusl(r.kind) ? r.conf.nameservers : [first];
  return { resolution: r, asks: servers.flatMap((server) => messages.map((message) => ({ server, message, tcp }))) };
}

const still = (resolution: Resolution): Step => ({ resolution, asks: [] });
const change = (r: Resolution, changed: Partial<Resolution>): Resolution => Object.freeze({ ...r, ...changed });

/** Takes an answer from a server; one that is for nobody changes nothing. */
export function takeAnswer(r: Resolution, message: DnsMessage, server: string, tcp = false): Step {
  if (r.outcome !== "" || !message.response || (message.id !== r.id && message.id !== r.id + 1) || r.answers[message.id] !== undefined) return still(r);
  const asked = r.candidates[r.at]!.toLowerCase();
  if (message.questions[0] !== undefined && message.questions[0].name.toLowerCase() !== asked) return still(r);
  const again: Ask = { server, message: dnsQuery(message.id, r.candidates[r.at]!, message.id === r.id ? DNS_TYPE.A : DNS_TYPE.AAAA), tcp: message.truncated };
  if (message.truncated && !tcp && r.kind !== "musl-1.2.3") return { resolution: r, asks: [again] };
  const { rcode } = message;
  const final = rcode === DNS_RCODE.NOERROR || rcode === DNS_RCODE.NXDOMAIN;
  if (!final && isMusl(r.kind)) {
    if (rcode !== DNS_RCODE.SERVFAIL || r.retries === 0) return still(change(r, { servfail: r.servfail || rcode === DNS_RCODE.SERVFAIL }));
    return { resolution: change(r, { retries: r.retries - 1, servfail: true }), asks: [{ ...again, tcp: false }] };
  }
  if (!final && r.server + 1 < r.conf.nameservers.length) return asking(change(r, { server: r.server + 1, tick: r.tick + 1 }));
  const addresses = message.answers.flatMap((record) => (record.type === "A" || record.type === "AAAA" ? [record.address] : []));
  const next = change(r, { answers: { ...r.answers, [message.id]: { rcode, addresses } }, servfail: r.servfail || rcode === DNS_RCODE.SERVFAIL });
  if (next.answers[r.id] !== undefined && next.answers[r.id + 1] !== undefined) return judged(next);
  return serial(r) ? asking(next) : still(next);
}

/** Both answers are there: found, the next name, or the end. */
function judged(r: Resolution): Step {
  const first = r.answers[r.id]!;
  const second = r.answers[r.id + 1]!;
  const found = [...first.addresses, ...second.addresses];
  const history = [...r.history, { name: r.candidates[r.at]!, rcode: first.rcode, addresses: found }];
  if (found.length > 0) return still(change(r, { history, outcome: "found", addresses: found }));
  const missing = first.rcode === DNS_RCODE.NXDOMAIN || second.rcode === DNS_RCODE.NXDOMAIN;
  if (isMusl(r.kind) && !missing) return still(change(r, { history, outcome: "no-data" }));
  if (r.at + 1 < r.candidates.length) return asking(change(r, { at: r.at + 1, server: 0, round: 0, id: (r.id + 2) & 0xfffe, answers: {}, retries: 4, history, tick: r.tick + 1 }));
  return still(change(r, { history, outcome: r.servfail ? "failed" : missing ? "not-found" : "no-data" }));
}

/** The time of `resolverTimeout` has passed without both answers: the next server, the next round, or the end. */
export function takeTimeout(r: Resolution): Step {
  if (r.outcome !== "") return still(r);
  const rounds = option(r.conf, "attempts", DEFAULT_ATTEMPTS);
  if (!isMusl(r.kind) && r.server + 1 < r.conf.nameservers.length) return asking(change(r, { server: r.server + 1, tick: r.tick + 1 }));
  if (r.round + 1 < rounds) return asking(change(r, { server: 0, round: r.round + 1, tick: r.tick + 1 }));
  return still(change(r, { outcome: r.servfail ? "failed" : "timeout" }));
}
