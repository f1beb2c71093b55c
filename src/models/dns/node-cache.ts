/**
 * node-cache, the cache of NodeLocal DNSCache: CoreDNS with the plugins cache and forward on addresses of its node, one server
 * for each zone of its Corefile. Read first: cluster/addons/dns/nodelocaldns of kubernetes, plugin/cache and plugin/forward of
 * coredns. The device and the rules around it are `node-cache-network.ts`.
 */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage, decodeDns, encodeDns } from "../../packet/wire/dns.js";
import type { Asker } from "./asker.js";
import { agedTo, cacheKey, cacheSeconds, type DnsCache, recall, remember } from "./dns-cache.js";
import { answerTo, fitAnswer, udpRoom } from "./dns-reply.js";
import { FORWARD_WORDS, forwardAgain, type Forwarding, type Heard, hearUpstream, isUpstreamSock, noForwarding, openForwarding, startForward } from "./forward.js";
import type { NodeCacheArguments, NodeCacheServer } from "./node-cache-config.js";
import { answerVisitor, farewell, openWeb, type Web, type WebPages, welcome } from "./plugin-pages.js";
import { dnsFrame, takeFrames } from "./tcp-frames.js";

const DNS_PORT = 53;

interface Memory {
  readonly servers: readonly NodeCacheServer[];
  /** one of each server */
  readonly caches: readonly DnsCache[];
  readonly forwardings: readonly Forwarding[];
  /** what came of messages that are not whole yet, by connection */
  readonly partial: Readonly<Record<number, Uint8Array>>;
  readonly web: Web;
}

/** Who asked, and by which of the sockets. */
interface Client extends Asker {
  readonly sock: number;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;
const keep = (door: AppDoor, changed: Partial<Memory>): void => {
  door.state = { ...memoryOf(door), ...changed };
};

/** The program "node-cache"; its arguments are `NodeCacheArguments`. */
export const nodeCache: Program = Object.freeze<Program>({
  name: "node-cache",
  on(door, event) {
    if (event.kind === "start") return start(door, event.args as unknown as NodeCacheArguments);
    const { forwardings } = memoryOf(door);
    if (event.kind === "timer") {
      const at = Math.floor(event.word / FORWARD_WORDS);
      return settle(door, at, forwardAgain(door, forwardings[at]!, event.word));
    }
    const at = "sock" in event ? forwardings.findIndex((forwarding) => isUpstreamSock(forwarding, event.sock)) : -1;
    if (at >= 0) settle(door, at, hearUpstream(door, forwardings[at]!, event));
    else hearClient(door, event);
  },
});

function start(door: AppDoor, { servers }: NodeCacheArguments): void {
  const forwardings = servers.map(({ upstreams, by }, at) => {
    const addresses = upstreams.map((text) => door.addressOf(text)).filter((address) => address !== 0);
    return addresses.length === 0 ? noForwarding : openForwarding(door, addresses, by, at * FORWARD_WORDS);
  });
  door.state = { servers, caches: servers.map(() => ({})), forwardings, partial: {}, web: openPages(door, servers) };
  for (const address of new Set(servers.flatMap(({ bind }) => (bind.length === 0 ? [""] : bind)))) {
    door.udpBind(door.addressOf(address), DNS_PORT);
    door.tcpListen(door.addressOf(address), DNS_PORT);
  }
}

function pagesOf(servers: readonly NodeCacheServer[]): WebPages {
  return Object.fromEntries(servers.flatMap(({ health, metrics }) => [...(health === null ? [] : [[health.port, { "/health": "OK" }]]), ...(metrics === 0 ? [] : [[metrics, { "/metrics": "" }]])]));
}

/** The plugin health listens where it is told to, prometheus on every address. */
function openPages(door: AppDoor, servers: readonly NodeCacheServer[]): Web {
  const listeners: Record<number, number> = {};
  const pages = pagesOf(servers);
  const hosts = new Map(servers.flatMap(({ health }) => (health === null ? [] : [[health.port, health.host] as const])));
  for (const port of Object.keys(pages).map(Number)) Object.assign(listeners, openWeb(door, door.addressOf(hosts.get(port) ?? ""), { [port]: pages[port]! }).listeners);
  return { listeners, visitors: {} };
}

function hearClient(door: AppDoor, event: AppEvent): void {
  const memory = memoryOf(door);
  switch (event.kind) {
    case "datagram":
      ask(door, door.bytes(event), { tcp: 0, addr: event.from, port: event.port, sock: event.sock });
      break;
    case "accepted":
      keep(door, { web: welcome(memory.web, event) });
      break;
    case "data": {
      if (answerVisitor(door, memory.web, pagesOf(memory.servers), event)) break;
      const { messages, rest } = takeFrames(memory.partial[event.sock] ?? new Uint8Array(0), door.bytes(event));
      keep(door, { partial: { ...memory.partial, [event.sock]: rest } });
      for (const bytes of messages) ask(door, bytes, { tcp: event.sock, addr: 0, port: 0, sock: event.sock });
      break;
    }
    case "end":
      door.tcpClose(event.sock);
      break;
    case "closed": {
      const { [event.sock]: _, ...partial } = memory.partial;
      keep(door, { partial, web: farewell(memory.web, event.sock) });
      break;
    }
    default:
  }
}

/** The server with the longest zone that a name is in; -1: none. */
function serverFor(servers: readonly NodeCacheServer[], name: string): number {
  const asked = name.toLowerCase().replace(/\.$/, "");
  let best = -1;
  servers.forEach(({ zone }, at) => {
    const fits = zone === "" || asked === zone || asked.endsWith(`.${zone}`);
    if (fits && (best < 0 || zone.length > servers[best]!.zone.length)) best = at;
  });
  return best;
}

function ask(door: AppDoor, bytes: Uint8Array, from: Omit<Client, "query">): void {
  const query = decodeDns(bytes);
  if ("malformed" in query || query.response) return;
  const asker: Client = { ...from, query };
  const question = query.questions[0];
  if (question === undefined || query.opcode !== 0) return reply(door, asker, { rcode: question === undefined ? DNS_RCODE.FORMERR : DNS_RCODE.NOTIMP });
  const { servers, caches, forwardings } = memoryOf(door);
  const at = serverFor(servers, question.name);
  if (at < 0) return reply(door, asker, { rcode: DNS_RCODE.REFUSED });
  const known = servers[at]!.cache === null ? undefined : recall(caches[at]!, cacheKey(query), door.now);
  if (known !== undefined) return reply(door, asker, known);
  const started = startForward(door, forwardings[at]!, { asker, query, before: [] });
  if (started === "refused") reply(door, asker, { rcode: DNS_RCODE.REFUSED });
  else if (started === "failed") reply(door, asker, { rcode: DNS_RCODE.SERVFAIL });
  else keep(door, { forwardings: placed(forwardings, at, started) });
}

function placed<T>(list: readonly T[], at: number, value: T): readonly T[] {
  return list.map((each, i) => (i === at ? value : each));
}

/** Takes what one server's forwarding has become, and answers whom it is done with. */
function settle(door: AppDoor, at: number, heard: Heard): void {
  keep(door, { forwardings: placed(memoryOf(door).forwardings, at, heard.forwarding) });
  const limits = memoryOf(door).servers[at]!.cache;
  for (const { asker, query, answer } of heard.done) {
    if (answer === undefined) {
      reply(door, asker as Client, { rcode: DNS_RCODE.SERVFAIL });
      continue;
    }
    const bare = { ...answer, additionals: answer.additionals.filter((record) => record.type !== "OPT") };
    const seconds = limits === null ? 0 : cacheSeconds(bare, limits);
    if (limits !== null) {
      const { caches } = memoryOf(door);
      keep(door, { caches: placed(caches, at, remember(caches[at]!, cacheKey(query), bare, door.now, limits)) });
    }
    reply(door, asker as Client, seconds === 0 ? bare : agedTo(bare, seconds));
  }
}

/** From the address that was asked: one socket is bound to each. */
function reply(door: AppDoor, asker: Client, answer: Partial<DnsMessage>): void {
  const message = answerTo(asker.query, answer);
  if (asker.tcp !== 0) door.tcpSend(asker.tcp, dnsFrame(encodeDns(message, encodeDns(message, false).length > 65_535)));
  else door.udpSend(asker.sock, asker.addr, asker.port, fitAnswer(message, udpRoom(asker.query)));
}
