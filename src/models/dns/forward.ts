/**
 * Questions on their way to upstreams (plugin/forward): UDP questions from one socket, TCP questions by connections that are used
 * again within ten seconds; two seconds for a try, tries for five seconds, a random upstream first and the next ones after it.
 */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor } from "../../linux/sock/app.js";
import { type DnsMessage, decodeDns, encodeDns } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import type { Asker } from "./asker.js";
import { dnsFrame, takeFrames } from "./tcp-frames.js";

const DNS_PORT = 53;
const READ_TIMEOUT: number = 2 * SECOND;
const WHOLE_TIMEOUT: number = 5 * SECOND;
const MOST_PENDING = 1000;
/** `expire`: so long a connection that is not used is kept. */
const EXPIRE: number = 10 * SECOND;
/** Identifiers of questions are below it: words of timers from it on are about connections. */
const CONNECTIONS = 65_536;

/** What is asked for whom. */
export interface Errand {
  readonly asker: Asker;
  readonly query: DnsMessage;
  readonly before: readonly DnsRecord[];
}

interface Pending extends Errand {
  /** identifier towards the upstream */
  readonly id: number;
  readonly upstream: number;
  readonly begun: number;
  readonly sent: number;
  /** `prefer_udp` and its answer came cut: the next try is by TCP */
  readonly truncated: boolean;
  /** connection, 0 over UDP */
  readonly tcp: number;
  readonly partial: Uint8Array;
}

/** A connection that waits for another question. */
interface Kept {
  readonly sock: number;
  readonly upstream: number;
  readonly since: number;
}

/** `force_tcp`, `prefer_udp`, or neither: what the client asked by. */
export type ForwardBy = "client" | "tcp" | "udp";

export interface Forwarding {
  readonly by: ForwardBy;
  /** what is added to the words of its timers, so that several of one program can tell theirs */
  readonly words: number;
  /** address handles */
  readonly upstreams: readonly number[];
  readonly sock: number;
  /** by identifier, which is also the word of its timer */
  readonly pending: Readonly<Record<number, Pending>>;
  readonly kept: readonly Kept[];
}

/** Words of timers that one `Forwarding` may use. */
export const FORWARD_WORDS: number = 2 ** 22;

export interface Heard {
  readonly forwarding: Forwarding;
  readonly done: readonly (Errand & { readonly answer: DnsMessage | undefined })[];
}

export const noForwarding: Forwarding = Object.freeze({ by: "client", words: 0, upstreams: [], sock: 0, pending: {}, kept: [] });

export function openForwarding(door: AppDoor, upstreams: readonly number[], by: ForwardBy = "client", words = 0): Forwarding {
  return { by, words, upstreams, sock: by === "tcp" ? 0 : door.udpBind(0, 0), pending: {}, kept: [] };
}

export function isUpstreamSock(forwarding: Forwarding, sock: number): boolean {
  return sock !== 0 && (sock === forwarding.sock || forwarding.kept.some((each) => each.sock === sock) || Object.values(forwarding.pending).some((pending) => pending.tcp === sock));
}

/** Sends a question; "failed": there is no upstream, "refused": too many are on their way. */
export function startForward(door: AppDoor, forwarding: Forwarding, errand: Errand): Forwarding | "failed" | "refused" {
  const { upstreams, pending } = forwarding;
  if (upstreams.length === 0) return "failed";
  if (Object.keys(pending).length >= MOST_PENDING) return "refused";
  const draw = (what: string, n: number): number => door.s.streams.below(door.s.streams.stream(`app ${door.app}/${what}`), n);
  let id = draw("forward-id", 65_536);
  while (Object.hasOwn(pending, id)) id = (id + 1) & 0xffff;
  const upstream = upstreams.length === 1 ? 0 : draw("upstream", upstreams.length);
  return send(door, forwarding, { ...errand, id, upstream, begun: door.now, sent: door.now, truncated: false, tcp: 0, partial: new Uint8Array(0) });
}

function send(door: AppDoor, forwarding: Forwarding, wanted: Pending): Forwarding {
  const { id } = wanted;
  const address = forwarding.upstreams[wanted.upstream]!;
  const next = { ...wanted, sent: door.now, partial: new Uint8Array(0) };
  door.timer(READ_TIMEOUT, forwarding.words + id);
  if (!byTcp(forwarding, wanted)) {
    door.udpSend(forwarding.sock, address, DNS_PORT, encodeDns({ ...wanted.query, id }, false));
    return { ...forwarding, pending: { ...forwarding.pending, [id]: { ...next, tcp: 0 } } };
  }
  const free = forwarding.kept.find((each) => each.upstream === wanted.upstream);
  if (free !== undefined) door.tcpSend(free.sock, dnsFrame(encodeDns({ ...wanted.query, id }, false)));
  const tcp = free?.sock ?? Math.max(0, door.tcpConnect(address, DNS_PORT));
  return { ...forwarding, kept: forwarding.kept.filter((each) => each !== free), pending: { ...forwarding.pending, [id]: { ...next, tcp } } };
}

function byTcp({ by }: Forwarding, { asker, truncated }: Pending): boolean {
  return truncated || (by === "client" ? asker.tcp !== 0 : by === "tcp");
}

/** A try has had its two seconds: the next upstream, or the end. Old timers are known by their time. */
export function forwardAgain(door: AppDoor, forwarding: Forwarding, word: number): Heard {
  const id = word - forwarding.words;
  if (id >= CONNECTIONS) return { forwarding: expire(door, forwarding, id - CONNECTIONS), done: [] };
  const pending = forwarding.pending[id];
  if (pending === undefined || pending.sent + READ_TIMEOUT > door.now) return { forwarding, done: [] };
  if (pending.tcp !== 0) door.tcpAbort(pending.tcp);
  if (door.now - pending.begun >= WHOLE_TIMEOUT) return ended(forwarding, pending, undefined);
  return { forwarding: send(door, forwarding, { ...pending, upstream: (pending.upstream + 1) % forwarding.upstreams.length }), done: [] };
}

/** Something of an upstream's sockets. */
export function hearUpstream(door: AppDoor, forwarding: Forwarding, event: AppEvent): Heard {
  const nothing: Heard = { forwarding, done: [] };
  if (event.kind === "datagram") {
    const message = decodeDns(door.bytes(event));
    if ("malformed" in message || !message.response) return nothing;
    const pending = forwarding.pending[message.id];
    if (pending === undefined || pending.tcp !== 0 || forwarding.upstreams[pending.upstream] !== event.from) return nothing;
    if (message.truncated && forwarding.by === "udp") return { forwarding: send(door, forwarding, { ...pending, truncated: true }), done: [] };
    return ended(forwarding, pending, message);
  }
  if ("sock" in event && (event.kind === "end" || event.kind === "closed") && forwarding.kept.some(({ sock }) => sock === event.sock)) {
    if (event.kind === "end") door.tcpClose(event.sock);
    return { forwarding: { ...forwarding, kept: forwarding.kept.filter(({ sock }) => sock !== event.sock) }, done: [] };
  }
  const pending = "sock" in event ? Object.values(forwarding.pending).find(({ tcp }) => tcp !== 0 && tcp === event.sock) : undefined;
  if (pending === undefined) return nothing;
  if (event.kind === "connected") door.tcpSend(event.sock, dnsFrame(encodeDns({ ...pending.query, id: pending.id }, false)));
  if (event.kind !== "data") return nothing;
  const { messages, rest } = takeFrames(pending.partial, door.bytes(event));
  const first = messages[0];
  if (first === undefined) return { forwarding: { ...forwarding, pending: { ...forwarding.pending, [pending.id]: { ...pending, partial: rest } } }, done: [] };
  const message = decodeDns(first);
  door.timer(EXPIRE, forwarding.words + CONNECTIONS + event.sock);
  const kept = [...forwarding.kept, { sock: event.sock, upstream: pending.upstream, since: door.now }];
  return ended({ ...forwarding, kept }, pending, "malformed" in message ? undefined : message);
}

/** Closes a connection that has not been used for long enough. */
function expire(door: AppDoor, forwarding: Forwarding, sock: number): Forwarding {
  const old = forwarding.kept.find((each) => each.sock === sock && each.since + EXPIRE <= door.now);
  if (old === undefined) return forwarding;
  door.tcpClose(sock);
  return { ...forwarding, kept: forwarding.kept.filter((each) => each !== old) };
}

function ended(forwarding: Forwarding, pending: Pending, answer: DnsMessage | undefined): Heard {
  const { [pending.id]: _, ...rest } = forwarding.pending;
  const { asker, query, before } = pending;
  return { forwarding: { ...forwarding, pending: rest }, done: [{ asker, query, before, answer }] };
}
