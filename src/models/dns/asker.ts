/**
 * The clients of a DNS server: questions by UDP and by TCP, and the web ports of its plugins beside them. Read first: RFC 1035
 * 4.2, and ServeDNS of core/dnsserver/server.go of coredns, which refuses what it cannot serve before a plugin sees it.
 */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage, decodeDns, encodeDns } from "../../packet/wire/dns.js";
import { answerTo, fitAnswer, udpRoom } from "./dns-reply.js";
import { answerVisitor, farewell, type Web, type WebPages, welcome } from "./plugin-pages.js";
import { dnsFrame, takeFrames } from "./tcp-frames.js";

/** Who asked what: by UDP from an address and port, by TCP on a connection. */
export interface Asker {
  readonly query: DnsMessage;
  /** 0 over UDP */
  readonly tcp: number;
  readonly addr: number;
  readonly port: number;
  /** the socket that heard it: over UDP answers leave by it, so that they come from the address that was asked */
  readonly sock: number;
}

/** What a server knows of its clients between two events. */
export interface Clients {
  /** what came of messages that are not whole yet, by connection */
  readonly partial: Readonly<Record<number, Uint8Array>>;
  readonly web: Web;
}

/** What an event makes of the clients, and the questions that it brought. */
export function hearClient(door: AppDoor, clients: Clients, pages: WebPages, event: AppEvent): { readonly clients: Clients; readonly asked: readonly Asker[] } {
  const { partial, web } = clients;
  switch (event.kind) {
    case "datagram":
      return { clients, asked: questionsOf(door, [door.bytes(event)], { tcp: 0, addr: event.from, port: event.port, sock: event.sock }) };
    case "accepted":
      return { clients: { partial, web: welcome(web, event) }, asked: [] };
    case "data": {
      if (answerVisitor(door, web, pages, event)) break;
      const { messages, rest } = takeFrames(partial[event.sock] ?? new Uint8Array(0), door.bytes(event));
      return { clients: { partial: { ...partial, [event.sock]: rest }, web }, asked: questionsOf(door, messages, { tcp: event.sock, addr: 0, port: 0, sock: event.sock }) };
    }
    case "end":
      door.tcpClose(event.sock);
      break;
    case "closed": {
      const { [event.sock]: _, ...left } = partial;
      return { clients: { partial: left, web: farewell(web, event.sock) }, asked: [] };
    }
    default:
  }
  return { clients, asked: [] };
}

/** The messages that ask something; those that cannot be served are answered here, replies and what is malformed passed over. */
function questionsOf(door: AppDoor, messages: readonly Uint8Array[], from: Omit<Asker, "query">): readonly Asker[] {
  const asked: Asker[] = [];
  for (const bytes of messages) {
    const query = decodeDns(bytes);
    if ("malformed" in query || query.response) continue;
    const asker: Asker = { ...from, query };
    if (query.questions.length === 0) answerAsker(door, asker, { rcode: DNS_RCODE.FORMERR });
    else if (query.opcode !== 0) answerAsker(door, asker, { rcode: DNS_RCODE.NOTIMP });
    else asked.push(asker);
  }
  return asked;
}

/** Answers: over UDP no more than the asker has room for, over TCP whole, compressed only where it must be. */
export function answerAsker(door: AppDoor, { query, tcp, addr, port, sock }: Asker, answer: Partial<DnsMessage>): void {
  const message = answerTo(query, answer);
  if (tcp !== 0) door.tcpSend(tcp, dnsFrame(encodeDns(message, encodeDns(message, false).length > 65_535)));
  else door.udpSend(sock, addr, port, fitAnswer(message, udpRoom(query)));
}
