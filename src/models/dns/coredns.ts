/**
 * CoreDNS as a program in a pod: the kubernetes plugin for the cluster zone, forward and cache for everything else, loadbalance
 * for both, over real UDP and TCP; health, ready and metrics on their ports.
 *
 * Read first: plugin/kubernetes, plugin/forward, plugin/cache and plugin/loadbalance of coredns. A forwarded question is one more
 * datagram (or connection) from this pod to an upstream of its resolv.conf, under an identifier of its own.
 */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import { type Asker, answerAsker, type Clients, hearClient } from "./asker.js";
import { agedTo, cacheKey, cacheSeconds, type DnsCache, recall, remember } from "./dns-cache.js";
import type { DnsSource } from "./dns-source.js";
import { forwardAgain, type Forwarding, type Heard, hearUpstream, isUpstreamSock, noForwarding, openForwarding, startForward } from "./forward.js";
import { CLUSTER_ZONE, type ClusterZone, clusterLookup } from "./lookup.js";
import { openWeb, type WebPages } from "./plugin-pages.js";

const DNS_PORT = 53;
/** Where the plugins health, ready and prometheus answer, and what they say there. */
const PAGES: WebPages = Object.freeze({ 8080: { "/health": "OK" }, 8181: { "/ready": "OK" }, 9153: { "/metrics": "" } });
const TRANSFERS: readonly number[] = [251, 252];

interface Memory {
  readonly cache: DnsCache;
  readonly forwarding: Forwarding;
  readonly clients: Clients;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;
const keep = (door: AppDoor, changed: Partial<Memory>): void => {
  door.state = { ...memoryOf(door), ...changed };
};

/** The program "coredns" over a source of cluster records. Argument `upstream`: address or addresses questions are forwarded to. */
export function coreDns(source: DnsSource, zone: ClusterZone = CLUSTER_ZONE): Program {
  return {
    name: "coredns",
    on(door: AppDoor, event: AppEvent): void {
      if (event.kind === "start") {
        start(door, event.args["upstream"]);
        return;
      }
      if (event.kind === "timer") {
        settle(door, forwardAgain(door, memoryOf(door).forwarding, event.word));
        return;
      }
      if ("sock" in event && isUpstreamSock(memoryOf(door).forwarding, event.sock)) {
        settle(door, hearUpstream(door, memoryOf(door).forwarding, event));
        return;
      }
      const heard = hearClient(door, memoryOf(door).clients, PAGES, event);
      keep(door, { clients: heard.clients });
      for (const asker of heard.asked) ask(door, asker, source, zone);
    },
  };
}

function start(door: AppDoor, given: unknown): void {
  const texts = typeof given === "string" ? [given] : Array.isArray(given) ? given.map(String) : [];
  const upstreams = texts.map((text) => door.addressOf(text)).filter((address) => address !== 0);
  door.udpBind(0, DNS_PORT);
  const forwarding = upstreams.length === 0 ? noForwarding : openForwarding(door, upstreams);
  door.tcpListen(0, DNS_PORT);
  const memory: Memory = { cache: {}, forwarding, clients: { partial: {}, web: openWeb(door, 0, PAGES) } };
  door.state = { ...memory };
}

function ask(door: AppDoor, asker: Asker, source: DnsSource, zone: ClusterZone): void {
  const question = asker.query.questions[0]!;
  const found = clusterLookup(source, zone, question.name, question.type);
  if (found !== null && TRANSFERS.includes(question.type)) return answerAsker(door, asker, { rcode: DNS_RCODE.REFUSED });
  if (found === null) return forward(door, asker, question.name, []);
  if (found.follow !== undefined) return forward(door, asker, found.follow, found.answers);
  answerAsker(door, asker, { authoritative: true, rcode: found.rcode, answers: shuffle(door, found.rcode, found.answers), authorities: found.authorities, additionals: found.additionals });
}

/** Asks the cache, then an upstream, about a name; `before` are the aliases that led to it. */
function forward(door: AppDoor, asker: Asker, name: string, before: readonly DnsRecord[]): void {
  const { cache, forwarding } = memoryOf(door);
  const question = { ...asker.query.questions[0]!, name: name.replace(/(.)\.$/, "$1") };
  const query: DnsMessage = { ...asker.query, questions: [question] };
  const known = recall(cache, cacheKey(query), door.now);
  if (known !== undefined) return finish(door, asker, known, before);
  const started = startForward(door, forwarding, { asker, query, before });
  if (started === "refused") answerAsker(door, asker, { rcode: DNS_RCODE.REFUSED, recursionAvailable: true });
  else if (started === "failed") finish(door, asker, undefined, before);
  else keep(door, { forwarding: started });
}

/** Takes what forwarding has become, and answers whom it is done with. */
function settle(door: AppDoor, heard: Heard): void {
  keep(door, { forwarding: heard.forwarding });
  for (const { asker, query, before, answer } of heard.done) {
    if (answer === undefined) {
      finish(door, asker, undefined, before);
      continue;
    }
    const bare = { ...answer, additionals: answer.additionals.filter((record) => record.type !== "OPT") };
    keep(door, { cache: remember(memoryOf(door).cache, cacheKey(query), bare, door.now) });
    const seconds = cacheSeconds(bare);
    finish(door, asker, seconds === 0 ? bare : agedTo(bare, seconds), before);
  }
}

/** Answers with what an upstream or the cache says; undefined: nobody answered. An alias of the cluster stands, whatever came of its target. */
function finish(door: AppDoor, asker: Asker, answer: DnsMessage | undefined, before: readonly DnsRecord[]): void {
  if (before.length > 0) {
    const behind = answer?.answers ?? [];
    answerAsker(door, asker, { authoritative: true, rcode: DNS_RCODE.NOERROR, answers: answer === undefined ? [] : shuffle(door, 0, [...before, ...behind]) });
  } else if (answer === undefined) {
    answerAsker(door, asker, { rcode: DNS_RCODE.SERVFAIL });
  } else {
    answerAsker(door, asker, { ...answer, answers: shuffle(door, answer.rcode, answer.answers) });
  }
}

/** loadbalance: aliases, then all other records, then addresses in random order; of two, swapped or not. */
function shuffle(door: AppDoor, rcode: number, records: readonly DnsRecord[]): DnsRecord[] {
  if (rcode !== DNS_RCODE.NOERROR) return [...records];
  const isAddress = (record: DnsRecord): boolean => record.type === "A" || record.type === "AAAA";
  const list = records.filter(isAddress);
  const stream = door.s.streams.stream(`app ${door.app}/loadbalance`);
  for (let i = list.length - 1; i > 0; i--) {
    const j = door.s.streams.below(stream, i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return [...records.filter((record) => record.type === "CNAME"), ...records.filter((record) => !isAddress(record) && record.type !== "CNAME"), ...list];
}

