/**
 * Questions on their way to upstreams (plugin/forward): UDP questions from one socket, TCP questions each by a connection of
 * its own; two seconds for a try, tries for five seconds, a random upstream first and the next ones after it.
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
  /** connection, 0 over UDP */
  readonly tcp: number;
  readonly partial: Uint8Array;
}

export interface Forwarding {
  /** address handles */
  readonly upstreams: readonly number[];
  readonly sock: number;
  /** by identifier, which is also the word of its timer */
  readonly pending: Readonly<Record<number, Pending>>;
}

export interface Heard {
  readonly forwarding: Forwarding;
  readonly done: readonly (Errand & { readonly answer: DnsMessage | undefined })[];
}

export const noForwarding: Forwarding = Object.freeze({ upstreams: [], sock: 0, pending: {} });

export function openForwarding(door: AppDoor, upstreams: readonly number[]): Forwarding {
  return { upstreams, sock: door.udpBind(0, 0), pending: {} };
}

export function isUpstreamSock(forwarding: Forwarding, sock: number): boolean {
  return sock !== 0 && (sock === forwarding.sock || Object.values(forwarding.pending).some((pending) => pending.tcp === sock));
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
  return send(door, forwarding, { ...errand, id, upstream, begun: door.now, sent: door.now, tcp: 0, partial: new Uint8Array(0) });
}

function send(door: AppDoor, forwarding: Forwarding, wanted: Pending): Forwarding {
  const { id } = wanted;
  const address = forwarding.upstreams[wanted.upstream]!;
  const next = { ...wanted, sent: door.now, partial: new Uint8Array(0) };
  door.timer(READ_TIMEOUT, id);
  let tcp = 0;
  if (wanted.asker.tcp === 0) door.udpSend(forwarding.sock, address, DNS_PORT, encodeDns({ ...wanted.query, id }, false));
  else tcp = Math.max(0, door.tcpConnect(address, DNS_PORT));
  return { ...forwarding, pending: { ...forwarding.pending, [id]: { ...next, tcp } } };
}

/** A try has had its two seconds: the next upstream, or the end. Old timers are known by their time. */
export function forwardAgain(door: AppDoor, forwarding: Forwarding, id: number): Heard {
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
    return pending === undefined || pending.tcp !== 0 || forwarding.upstreams[pending.upstream] !== event.from ? nothing : ended(forwarding, pending, message);
  }
  const pending = "sock" in event ? Object.values(forwarding.pending).find(({ tcp }) => tcp !== 0 && tcp === event.sock) : undefined;
  if (pending === undefined) return nothing;
  if (event.kind === "connected") door.tcpSend(event.sock, dnsFrame(encodeDns({ ...pending.query, id: pending.id }, false)));
  if (event.kind !== "data") return nothing;
  const { messages, rest } = takeFrames(pending.partial, door.bytes(event));
  const first = messages[0];
  if (first === undefined) return { forwarding: { ...forwarding, pending: { ...forwarding.pending, [pending.id]: { ...pending, partial: rest } } }, done: [] };
  const message = decodeDns(first);
  door.tcpClose(event.sock);
  return ended(forwarding, pending, "malformed" in message ? undefined : message);
}

function ended(forwarding: Forwarding, pending: Pending, answer: DnsMessage | undefined): Heard {
  const { [pending.id]: _, ...rest } = forwarding.pending;
  const { asker, query, before } = pending;
  return { forwarding: { ...forwarding, pending: rest }, done: [{ asker, query, before, answer }] };
}
