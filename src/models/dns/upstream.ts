/** A name server outside the cluster, over UDP and TCP: answers from a fixed list of names; the root's SOA for names that are none. */
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage, decodeDns, encodeDns } from "../../packet/wire/dns.js";
import { type DnsRecord, DNS_TYPE } from "../../packet/wire/dns-record.js";
import { answerTo, fitAnswer, udpRoom } from "./dns-reply.js";
import { dnsFrame, takeFrames } from "./tcp-frames.js";

const TTL = 300;
const DENIAL_TTL = 86_400;

interface Memory {
  readonly sock: number;
  /** addresses by name; a name that begins with `=` is an alias for what follows */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly ttl: number;
  readonly partial: Readonly<Record<number, Uint8Array>>;
}

/** The program "upstream-dns". Arguments: `names`, addresses (or one `=alias.target`) by name without a dot at the end; `ttl`, seconds. */
export const upstreamDns: Program = Object.freeze<Program>({
  name: "upstream-dns",
  on(door, event) {
    const memory = door.state as unknown as Memory;
    if (event.kind === "start") {
      door.state = { sock: door.udpBind(0, 53), names: event.args["names"] ?? {}, ttl: event.args["ttl"] ?? TTL, partial: {} };
      door.tcpListen(0, 53);
    } else if (event.kind === "datagram") {
      const query = decodeDns(door.bytes(event));
      if ("malformed" in query || query.response) return;
      door.udpSend(memory.sock, event.from, event.port, fitAnswer(answerOf(memory, query), udpRoom(query)));
    } else if (event.kind === "data") {
      hearStream(door, memory, event.sock, door.bytes(event));
    } else if (event.kind === "end") {
      door.tcpClose(event.sock);
    } else if (event.kind === "closed") {
      const { [event.sock]: _, ...partial } = memory.partial;
      door.state = { ...memory, partial };
    }
  },
});

function hearStream(door: AppDoor, memory: Memory, sock: number, bytes: Uint8Array): void {
  const { messages, rest } = takeFrames(memory.partial[sock] ?? new Uint8Array(0), bytes);
  door.state = { ...memory, partial: { ...memory.partial, [sock]: rest } };
  for (const each of messages) {
    const query = decodeDns(each);
    if (!("malformed" in query) && !query.response) door.tcpSend(sock, dnsFrame(encodeDns(answerOf(memory, query))));
  }
}

function answerOf(memory: Memory, query: DnsMessage): DnsMessage {
  const question = query.questions[0];
  if (question === undefined) return answerTo(query, { rcode: DNS_RCODE.FORMERR });
  const answers: DnsRecord[] = [];
  let name = question.name;
  let known = memory.names[name.toLowerCase()];
  for (let hops = 0; known?.[0]?.startsWith("=") === true && hops < 8; hops++) {
    const target = known[0].slice(1);
    answers.push({ type: "CNAME", name, class: 1, ttl: memory.ttl, target });
    name = target;
    known = memory.names[name.toLowerCase()];
  }
  for (const address of known ?? []) {
    const type = address.includes(":") ? "AAAA" : "A";
    if (question.type === DNS_TYPE[type]) answers.push({ type, name, class: 1, ttl: memory.ttl, address });
  }
  const rcode = known === undefined ? DNS_RCODE.NXDOMAIN : DNS_RCODE.NOERROR;
  const last = answers[answers.length - 1];
  return answerTo(query, { recursionAvailable: true, rcode, answers, authorities: last === undefined || last.type === "CNAME" ? [denial(known === undefined ? "." : name, memory.ttl)] : [] });
}

/** The SOA of a negative answer: the root's for what is no name, the name's own for what lacks the type. */
function denial(owner: string, ttl: number): DnsRecord {
  if (owner === ".") {
    return { type: "SOA", name: ".", class: 1, ttl: DENIAL_TTL, primary: "a.root-servers.net", mailbox: "nstld.verisign-grs.com", serial: 2025110100, refresh: 1800, retry: 900, expire: 604_800, minimum: DENIAL_TTL };
  }
  return { type: "SOA", name: owner, class: 1, ttl, primary: `ns.${owner}`, mailbox: `hostmaster.${owner}`, serial: 1, refresh: 7200, retry: 3600, expire: 1_209_600, minimum: ttl };
}
