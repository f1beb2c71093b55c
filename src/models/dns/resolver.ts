/**
 * The stub resolver in a pod, as glibc's getaddrinfo does it: the search list by ndots, A and AAAA at once from one socket,
 * the next name after NXDOMAIN or NODATA, the next server after five seconds, two rounds.
 *
 * Pure steps over a frozen record, so that a program can hold it as part of its state (resolv/res_query.c, res_send.c).
 */
import { SECOND } from "../../base/time.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { DNS_RCODE, type DnsMessage, dnsQuery } from "../../packet/wire/dns.js";
import type { ResolvConf } from "./resolv-conf.js";

export const DNS_TIMEOUT: number = 5 * SECOND;
const ROUNDS = 2;

/** One name that was asked for, and what came of it. */
export interface Lookup {
  readonly name: string;
  readonly rcode: number;
  readonly addresses: readonly string[];
}

/** A resolution under way or ended. */
export interface Resolution {
  readonly name: string;
  readonly conf: ResolvConf;
  readonly candidates: readonly string[];
  /** index of the candidate being asked */
  readonly at: number;
  readonly server: number;
  readonly round: number;
  /** identifier of the A question; AAAA has the next */
  readonly id: number;
  readonly answers: Readonly<Record<number, { readonly rcode: number; readonly addresses: readonly string[] }>>;
  readonly history: readonly Lookup[];
  /** "": still asking */
  readonly outcome: "" | "found" | "not-found" | "timeout" | "failed";
  readonly addresses: readonly string[];
}

/** The names that are tried for one that was typed, in order. */
export function searchNames(name: string, conf: ResolvConf): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const ndots = Number.parseInt(conf.options["ndots"] ?? "1", 10);
  const searched = conf.search.map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

/** Begins; `id` is the first identifier to use. */
export function beginResolution(name: string, conf: ResolvConf, id: number): Resolution {
  const outcome = conf.nameservers.length === 0 ? "failed" : "";
  return Object.freeze({ name, conf, candidates: searchNames(name, conf), at: 0, server: 0, round: 0, id: id & 0xfffe, answers: {}, history: [], outcome, addresses: [] });
}

/** The two questions to send now, and to whom. */
export function questionsOf(r: Resolution): { readonly server: string; readonly messages: readonly DnsMessage[] } {
  const name = r.candidates[r.at]!;
  return { server: r.conf.nameservers[r.server]!, messages: [dnsQuery(r.id, name, DNS_TYPE.A), dnsQuery(r.id + 1, name, DNS_TYPE.AAAA)] };
}

/** Takes an answer. The result is the same record if it is not for us, an ended one, or one with new questions to send (`at` has moved). */
export function takeAnswer(r: Resolution, message: DnsMessage): Resolution {
  if (r.outcome !== "" || !message.response || (message.id !== r.id && message.id !== r.id + 1)) return r;
  const addresses = message.answers.flatMap((record) => (record.type === "A" || record.type === "AAAA" ? [record.address] : []));
  const answers = { ...r.answers, [message.id]: { rcode: message.rcode, addresses } };
  const first = answers[r.id];
  const second = answers[r.id + 1];
  if (first === undefined || second === undefined) return Object.freeze({ ...r, answers });
  const found = [...first.addresses, ...second.addresses];
  const history = [...r.history, { name: r.candidates[r.at]!, rcode: first.rcode, addresses: found }];
  if (found.length > 0) return Object.freeze({ ...r, answers, history, outcome: "found", addresses: found });
  if (r.at + 1 < r.candidates.length) return Object.freeze({ ...r, at: r.at + 1, server: 0, round: 0, id: (r.id + 2) & 0xfffe, answers: {}, history });
  const servfail = first.rcode === DNS_RCODE.SERVFAIL || second.rcode === DNS_RCODE.SERVFAIL;
  return Object.freeze({ ...r, answers, history, outcome: servfail ? "failed" : "not-found" });
}

/** Five seconds have passed without both answers: the next server, the next round, or the end. */
export function takeTimeout(r: Resolution): Resolution {
  if (r.outcome !== "") return r;
  if (r.server + 1 < r.conf.nameservers.length) return Object.freeze({ ...r, server: r.server + 1, answers: {} });
  if (r.round + 1 < ROUNDS) return Object.freeze({ ...r, server: 0, round: r.round + 1, answers: {} });
  return Object.freeze({ ...r, outcome: "timeout" });
}
