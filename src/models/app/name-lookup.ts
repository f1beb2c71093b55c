/** A program that asks what getaddrinfo(3) and getnameinfo(3) ask: the addresses of a name, or the name of an address. */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { decodeDns, dnsQuery, encodeDns } from "../../packet/wire/dns.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { reverseName } from "../dns/record-text.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import type { ResolverKind } from "../dns/resolver.js";
import { beginResolving, hearResolving, lastWord, type Resolving } from "../dns/resolving.js";

export interface NameLookupArguments {
  /** one of both */
  readonly name?: string;
  readonly address?: string;
  readonly resolv: ResolvConf;
  readonly resolver?: ResolverKind;
}

/** Its state at the end. */
export interface NameLookupResult {
  readonly addresses: readonly string[];
  /** name of the address, "" if it has none */
  readonly name: string;
}

interface Memory extends NameLookupResult, Readonly<Record<string, unknown>> {
  readonly resolving: Resolving | null;
  readonly servers: readonly number[];
  readonly query: readonly number[];
  readonly sock: number;
  readonly tries: number;
}

const DNS_PORT = 53;
/** options timeout and attempts of resolv.conf(5) */
const PATIENCE: number = 5 * SECOND;
const ATTEMPTS = 2;

/** The program "name-lookup". */
export const nameLookup: Program = Object.freeze<Program>({
  name: "name-lookup",
  on(door, event) {
    const memory = door.state as Memory;
    if (event.kind === "start") start(door, event.args as unknown as NameLookupArguments);
    else if (memory.resolving !== null) progress(door, hearResolving(door, memory.resolving, event));
    else hearName(door, event);
  },
});

function start(door: AppDoor, { name, address, resolv, resolver }: NameLookupArguments): void {
  const blank: Memory = { addresses: [], name: "", resolving: null, servers: [], query: [], sock: 0, tries: 0 };
  door.state = blank;
  if (name !== undefined) return progress(door, beginResolving(door, name, resolv, resolver));
  const id = door.s.streams.below(door.s.streams.stream(`app ${door.app}/dns-id`), 65_536);
  const query = Array.from(encodeDns(dnsQuery(id, reverseName(address ?? ""), DNS_TYPE.PTR)));
  door.state = { ...blank, servers: resolv.nameservers.map((server) => door.addressOf(server)).filter((server) => server !== 0), query, sock: door.udpBind(0, 0) };
  ask(door);
}

function progress(door: AppDoor, resolving: Resolving): void {
  const { outcome, addresses } = resolving.resolution;
  const memory = door.state as Memory;
  door.state = { ...memory, resolving: outcome === "" ? resolving : null, addresses: outcome === "found" ? addresses : [], tries: lastWord(resolving) };
  if (outcome !== "") door.exit(outcome === "found" ? 0 : 1);
}

function ask(door: AppDoor): void {
  const memory = door.state as Memory;
  const { servers, tries, sock, query } = memory;
  if (servers.length === 0 || sock <= 0 || tries >= servers.length * ATTEMPTS) return door.exit(1);
  door.state = { ...memory, tries: tries + 1 };
  door.udpSend(sock, servers[tries % servers.length]!, DNS_PORT, Uint8Array.from(query));
  door.timer(PATIENCE, tries + 1);
}

function hearName(door: AppDoor, event: AppEvent): void {
  const memory = door.state as Memory;
  if (event.kind === "timer" && event.word === memory.tries) ask(door);
  if (event.kind !== "datagram") return;
  const message = decodeDns(door.bytes(event));
  if ("malformed" in message) return;
  const found = message.answers.find((record) => record.type === "PTR");
  const name = found?.type === "PTR" ? found.target.replace(/\.$/, "") : "";
  door.state = { ...memory, name };
  door.exit(name === "" ? 1 : 0);
}
