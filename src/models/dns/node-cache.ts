/**
 * node-cache, the cache of NodeLocal DNSCache: CoreDNS with the plugins cache and forward on addresses of its node, one server
 * for each zone of its Corefile. Read first: cluster/addons/dns/nodelocaldns of kubernetes, plugin/cache and plugin/forward of
 * coredns. The device and the rules around it are `node-cache-network.ts`.
 */
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE } from "../../packet/wire/dns.js";
import { type Asker, answerAsker, type Clients, hearClient } from "./asker.js";
import { agedTo, cacheKey, cacheSeconds, type DnsCache, recall, remember } from "./dns-cache.js";
import { FORWARD_WORDS, forwardAgain, type Forwarding, type Heard, hearUpstream, isUpstreamSock, noForwarding, openForwarding, startForward } from "./forward.js";
import type { NodeCacheArguments, NodeCacheServer } from "./node-cache-config.js";
import { openWeb, type Web, type WebPages } from "./plugin-pages.js";

const DNS_PORT = 53;

interface Memory {
  readonly servers: readonly NodeCacheServer[];
  /** one of each server */
  readonly caches: readonly DnsCache[];
  readonly forwardings: readonly Forwarding[];
  readonly clients: Clients;
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
    else {
      const { clients, servers } = memoryOf(door);
      const heard = hearClient(door, clients, pagesOf(servers), event);
      keep(door, { clients: heard.clients });
      for (const asker of heard.asked) ask(door, asker);
    }
  },
});

function start(door: AppDoor, { servers }: NodeCacheArguments): void {
  const forwardings = servers.map(({ upstreams, by }, at) => {
    const addresses = upstreams.map((text) => door.addressOf(text)).filter((address) => address !== 0);
    return addresses.length === 0 ? noForwarding : openForwarding(door, addresses, by, at * FORWARD_WORDS);
  });
  door.state = { servers, caches: servers.map(() => ({})), forwardings, clients: { partial: {}, web: openPages(door, servers) } };
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

function ask(door: AppDoor, asker: Asker): void {
  const { query } = asker;
  const { servers, caches, forwardings } = memoryOf(door);
  const at = serverFor(servers, query.questions[0]!.name);
  if (at < 0) return answerAsker(door, asker, { rcode: DNS_RCODE.REFUSED });
  const known = servers[at]!.cache === null ? undefined : recall(caches[at]!, cacheKey(query), door.now);
  if (known !== undefined) return answerAsker(door, asker, known);
  const started = startForward(door, forwardings[at]!, { asker, query, before: [] });
  if (started === "refused") answerAsker(door, asker, { rcode: DNS_RCODE.REFUSED });
  else if (started === "failed") answerAsker(door, asker, { rcode: DNS_RCODE.SERVFAIL });
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
      answerAsker(door, asker, { rcode: DNS_RCODE.SERVFAIL });
      continue;
    }
    const bare = { ...answer, additionals: answer.additionals.filter((record) => record.type !== "OPT") };
    const seconds = limits === null ? 0 : cacheSeconds(bare, limits);
    if (limits !== null) {
      const { caches } = memoryOf(door);
      keep(door, { caches: placed(caches, at, remember(caches[at]!, cacheKey(query), bare, door.now, limits)) });
    }
    answerAsker(door, asker, seconds === 0 ? bare : agedTo(bare, seconds));
  }
}
