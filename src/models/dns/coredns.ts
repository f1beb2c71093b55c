/**
 * CoreDNS as a program in a pod: the kubernetes plugin for the cluster zone, forward for everything else, over real UDP.
 *
 * Read first: plugin/kubernetes and plugin/forward of coredns. A forwarded question is one more datagram from this pod to the
 * upstream of its resolv.conf; the answer goes back under the client's own identifier.
 */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, DNS_UDP_BYTES, type DnsMessage, decodeDns, encodeDns } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import { SECOND } from "../../base/time.js";
import type { DnsSource } from "./dns-source.js";
import { CLUSTER_ZONE, type ClusterZone, clusterLookup } from "./lookup.js";

const DNS_PORT = 53;
/** How long a forwarded question may stay without an answer (plugin/forward). */
const FORWARD_TIMEOUT: number = 5 * SECOND;

/** A question under way to the upstream. */
interface Pending {
  readonly id: number;
  readonly client: number;
  readonly port: number;
  readonly deadline: number;
}

interface Memory {
  readonly sock: number;
  readonly upstreamSock: number;
  /** address handle, 0 if none */
  readonly upstream: number;
  readonly nextId: number;
  readonly pending: Readonly<Record<number, Pending>>;
}

/** The program "coredns" over a source of cluster records. Argument `upstream`: the address questions are forwarded to. */
export function coreDns(source: DnsSource, zone: ClusterZone = CLUSTER_ZONE): Program {
  return {
    name: "coredns",
    on(door: AppDoor, event: AppEvent): void {
      if (event.kind === "start") {
        const upstream = typeof event.args["upstream"] === "string" ? door.addressOf(event.args["upstream"]) : 0;
        const memory: Memory = { sock: door.udpBind(0, DNS_PORT), upstreamSock: door.udpBind(0, 0), upstream, nextId: 1, pending: {} };
        door.tcpListen(0, DNS_PORT);
        door.state = { ...memory };
      } else if (event.kind === "datagram") {
        const memory = door.state as unknown as Memory;
        const message = decodeDns(door.bytes(event));
        if ("malformed" in message) return;
        if (event.sock === memory.upstreamSock) relay(door, memory, message);
        else ask(door, memory, message, event.from, event.port, source, zone);
      } else if (event.kind === "timer") {
        giveUp(door, door.state as unknown as Memory, event.word);
      } else if (event.kind === "data") {
        askByTcp(door, event, source, zone);
      } else if (event.kind === "end") {
        door.tcpClose(event.sock);
      }
    },
  };
}

/** loadbalance: addresses in random order, other records in front of them. */
function shuffle(door: AppDoor, records: readonly DnsRecord[]): DnsRecord[] {
  const list = records.filter((r) => r.type === "A" || r.type === "AAAA");
  const stream = door.s.streams.stream(`app ${door.app}/loadbalance`);
  for (let i = list.length - 1; i > 0; i--) {
    const j = door.s.streams.below(stream, i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return [...records.filter((r) => r.type !== "A" && r.type !== "AAAA"), ...list];
}

/** The plugin's answer as a message, or null where the upstream is to be asked. */
function answerOf(door: AppDoor, query: DnsMessage, source: DnsSource, zone: ClusterZone): DnsMessage | null {
  const question = query.questions[0];
  if (question === undefined) return { ...query, response: true, rcode: DNS_RCODE.FORMERR };
  const found = clusterLookup(source, zone, question.name, question.type);
  if (found === null) return null;
  return { ...query, response: true, authoritative: true, recursionAvailable: false, rcode: found.rcode, answers: shuffle(door, found.answers), authorities: found.authorities, additionals: found.additionals };
}

/** What a client that reads at most `size` bytes gets: the whole answer, or as many records as fit with TC set. */
export function fitAnswer(message: DnsMessage, size: number): Uint8Array {
  const whole = encodeDns(message);
  if (whole.length <= size) return whole;
  for (let keep = message.answers.length - 1; ; keep--) {
    const cut = encodeDns({ ...message, truncated: true, answers: message.answers.slice(0, Math.max(0, keep)), authorities: [], additionals: [] });
    if (cut.length <= size || keep <= 0) return cut;
  }
}

function udpRoom(query: DnsMessage): number {
  const opt = query.additionals.find((r) => r.type === "OPT");
  return opt === undefined || opt.type !== "OPT" ? DNS_UDP_BYTES : Math.max(DNS_UDP_BYTES, opt.udpSize);
}

function ask(door: AppDoor, memory: Memory, query: DnsMessage, client: number, port: number, source: DnsSource, zone: ClusterZone): void {
  if (query.response) return;
  const answer = answerOf(door, query, source, zone);
  if (answer !== null) {
    door.udpSend(memory.sock, client, port, fitAnswer(answer, udpRoom(query)));
    return;
  }
  if (memory.upstream === 0) {
    door.udpSend(memory.sock, client, port, encodeDns({ ...query, response: true, rcode: DNS_RCODE.SERVFAIL }));
    return;
  }
  const id = memory.nextId;
  const pending = { ...memory.pending, [id]: { id: query.id, client, port, deadline: door.now + FORWARD_TIMEOUT } };
  door.state = { ...memory, nextId: (id % 65535) + 1, pending };
  door.timer(FORWARD_TIMEOUT, id);
  door.udpSend(memory.upstreamSock, memory.upstream, DNS_PORT, encodeDns({ ...query, id }));
}

function relay(door: AppDoor, memory: Memory, message: DnsMessage): void {
  const waiting = memory.pending[message.id];
  if (waiting === undefined || !message.response) return;
  forget(door, memory, message.id);
  door.udpSend(memory.sock, waiting.client, waiting.port, encodeDns({ ...message, id: waiting.id }));
}

function giveUp(door: AppDoor, memory: Memory, id: number): void {
  const waiting = memory.pending[id];
  if (waiting === undefined || waiting.deadline > door.now) return;
  forget(door, memory, id);
  const failed: DnsMessage = { id: waiting.id, response: true, opcode: 0, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: true, authenticData: false, checkingDisabled: false, rcode: DNS_RCODE.SERVFAIL, questions: [], answers: [], authorities: [], additionals: [] };
  door.udpSend(memory.sock, waiting.client, waiting.port, encodeDns(failed));
}

function forget(door: AppDoor, memory: Memory, id: number): void {
  const { [id]: _, ...rest } = memory.pending;
  door.state = { ...memory, pending: rest };
}

/** Over TCP every message has its length in front of it, and nothing is cut. */
function askByTcp(door: AppDoor, event: Extract<AppEvent, { kind: "data" }>, source: DnsSource, zone: ClusterZone): void {
  const bytes = door.bytes(event);
  const query = decodeDns(bytes.subarray(2));
  if (bytes.length < 2 || "malformed" in query) return;
  const answer = answerOf(door, query, source, zone) ?? { ...query, response: true, rcode: DNS_RCODE.SERVFAIL };
  const body = encodeDns(answer);
  const out = new Uint8Array(body.length + 2);
  out[0] = body.length >> 8;
  out[1] = body.length & 255;
  out.set(body, 2);
  door.tcpSend(event.sock, out);
}
