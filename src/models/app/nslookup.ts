/**
 * nslookup as a program: that of busybox 1.29 and later (all questions at once from one socket, no search for a name with a dot),
 * busybox 1.28 and before (the C library's search, and the names of addresses), and BIND's (the search list, name by name).
 *
 * Read first: busybox networking/nslookup.c (send_queries; the small variant below it), bind bin/dig/nslookup.c.
 */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage, decodeDns, dnsQuery, encodeDns } from "../../packet/wire/dns.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { replyLines, serverLines } from "../dns/nslookup-text.js";
import { reverseName, typeNumber } from "../dns/record-text.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import { type ResolverKind, searchNames } from "../dns/resolver.js";
import { beginResolving, hearResolving, lastWord, type Resolving } from "../dns/resolving.js";

/** `busybox-1.28` stands for that release and all before it. */
export interface NslookupArguments {
  /** `kubernetes`, `-type=srv _http._tcp.web 10.96.0.10` */
  readonly words: readonly string[];
  readonly resolv: ResolvConf;
  readonly form: "busybox" | "busybox-1.28" | "bind";
  /** whose search list the old form uses */
  readonly resolver?: ResolverKind;
}

const WHOLE_TIMEOUT: number = 5 * SECOND;
const RESEND_AFTER: number = 2.5 * SECOND;
const SERVFAIL_RETRIES = 2;

interface Query {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly answered: boolean;
  readonly retries: number;
}

interface Memory {
  readonly form: NslookupArguments["form"];
  readonly servers: readonly string[];
  readonly server: number;
  readonly sock: number;
  readonly queries: readonly Query[];
  /** BIND: names still to be tried, and the type that was asked for */
  readonly candidates: readonly string[];
  readonly type: number | undefined;
  readonly typed: string;
  readonly introduced: boolean;
  readonly failed: boolean;
  readonly tick: number;
  readonly begun: number;
  /** the old form: what is resolved, and addresses whose names are asked for */
  readonly resolving: Resolving | null;
  readonly kind: ResolverKind;
  readonly resolv: ResolvConf;
  readonly addresses: readonly string[];
  readonly line: number;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;
function change(door: AppDoor, changed: Partial<Memory>): Memory {
  const next = { ...memoryOf(door), ...changed };
  door.state = { ...next };
  return next;
}

/** The program "nslookup". */
export const nslookup: Program = Object.freeze<Program>({
  name: "nslookup",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as NslookupArguments);
    else if (memoryOf(door).resolving !== null) onResolving(door, hearResolving(door, memoryOf(door).resolving!, event));
    else if (event.kind === "datagram") onReply(door, event);
    else if (event.kind === "timer") onTimer(door, event.word);
  },
});

function start(door: AppDoor, args: NslookupArguments): void {
  const options = args.words.filter((word) => word.startsWith("-"));
  const [name = "", server] = args.words.filter((word) => !word.startsWith("-"));
  const asked = options.map((word) => /^-(?:q|ty|type|querytype)=(.+)$/i.exec(word)?.[1]).find((word) => word !== undefined);
  const type = asked === undefined ? undefined : typeNumber(asked);
  const isAddress = door.addressOf(name) !== 0;
  const typed = isAddress && args.form !== "busybox-1.28" ? reverseName(door.addressText(door.addressOf(name))) : name;
  const first = isAddress ? DNS_TYPE.PTR : type;
  const servers = server === undefined ? args.resolv.nameservers : [server];
  const memory: Memory = { form: args.form, servers, server: 0, sock: door.udpBind(0, 0), queries: [], candidates: [], type: first, typed, introduced: false, failed: false, tick: 0, begun: door.now, resolving: null, kind: args.resolver ?? "musl", resolv: { ...args.resolv, nameservers: servers }, addresses: [], line: 0 };
  door.state = { ...memory };
  if (args.form === "busybox-1.28") {
    nameOf(door, servers[0] ?? "");
    return;
  }
  const whole = typed.endsWith(".") && typed !== "." ? typed.slice(0, -1) : typed;
  if (args.form === "bind") {
    const [head = whole, ...candidates] = first === DNS_TYPE.PTR ? [whole] : searchNames(typed, args.resolv);
    change(door, { candidates });
    askAll(door, [[head, first ?? DNS_TYPE.A]]);
    return;
  }
  const single = first === DNS_TYPE.PTR || typed.includes(".") || args.resolv.search.length === 0;
  const names = single ? [whole] : args.resolv.search.map((domain) => `${typed}.${domain}`);
  const types = first === undefined ? [DNS_TYPE.A, DNS_TYPE.AAAA] : [first];
  askAll(door, types.flatMap((each) => names.map((one): readonly [string, number] => [one, each])));
}

/** Sends these questions to the server at hand. */
function askAll(door: AppDoor, questions: readonly (readonly [name: string, type: number])[]): void {
  const stream = door.s.streams.stream(`app ${door.app}/dns-id`);
  const first = door.s.streams.below(stream, 65_536);
  const queries = questions.map(([name, type], i): Query => ({ id: (first + i) & 0xffff, name, type, answered: false, retries: SERVFAIL_RETRIES }));
  const memory = change(door, { queries, begun: door.now, tick: memoryOf(door).tick + 1 });
  door.timer(RESEND_AFTER, memory.tick);
  for (const query of queries) send(door, memory, query);
}

function send(door: AppDoor, { servers, server, sock }: Memory, { id, name, type }: Query): void {
  const address = door.addressOf(servers[server] ?? "");
  if (address !== 0) door.udpSend(sock, address, 53, encodeDns(dnsQuery(id, name, type)));
}

function onTimer(door: AppDoor, word: number): void {
  const memory = memoryOf(door);
  if (word !== memory.tick) return;
  if (door.now - memory.begun < WHOLE_TIMEOUT) {
    const next = change(door, { tick: memory.tick + 1 });
    door.timer(WHOLE_TIMEOUT - (door.now - memory.begun), next.tick);
    for (const query of memory.queries) if (!query.answered) send(door, next, query);
    return;
  }
  if (memory.form === "busybox-1.28") {
    printAddress(door, undefined);
    return;
  }
  if (memory.introduced && memory.form === "busybox") {
    for (const query of memory.queries) if (!query.answered) door.print(`*** Can't find ${query.name}: No answer`);
    door.print("");
    door.exit(1);
  } else if (memory.server + 1 < memory.servers.length) {
    change(door, { server: memory.server + 1 });
    askAll(door, memory.queries.map(({ name, type }) => [name, type]));
  } else {
    door.print(";; connection timed out; no servers could be reached");
    door.print("");
    door.exit(1);
  }
}

function onReply(door: AppDoor, event: Extract<AppEvent, { kind: "datagram" }>): void {
  const memory = memoryOf(door);
  const message = decodeDns(door.bytes(event));
  if ("malformed" in message || !message.response) return;
  const query = memory.queries.find(({ id, answered }) => id === message.id && !answered);
  if (query === undefined) return;
  if (memory.form === "busybox-1.28") {
    const record = message.answers.find((each) => each.type === "PTR");
    printAddress(door, record?.type === "PTR" ? record.target : undefined);
    return;
  }
  if (message.rcode === DNS_RCODE.SERVFAIL && query.retries > 0) {
    const again = { ...query, retries: query.retries - 1 };
    send(door, change(door, { queries: memory.queries.map((each) => (each === query ? again : each)) }), again);
    return;
  }
  const next = change(door, { queries: memory.queries.map((each) => (each === query ? { ...each, answered: true } : each)) });
  if (next.form === "bind") onBindReply(door, next, query, message);
  else onBusyboxReply(door, next, query, message);
}

function introduce(door: AppDoor, memory: Memory, form: "busybox" | "bind"): void {
  if (memory.introduced) return;
  for (const line of serverLines(memory.servers[memory.server]!, form)) door.print(line);
  change(door, { introduced: true });
}

function onBusyboxReply(door: AppDoor, memory: Memory, query: Query, message: DnsMessage): void {
  introduce(door, memory, "busybox");
  for (const line of replyLines(message, query.name, "busybox")) door.print(line);
  door.print("");
  const failed = memory.failed || message.rcode !== DNS_RCODE.NOERROR;
  change(door, { failed });
  if (memory.queries.every(({ answered }) => answered)) door.exit(failed ? 1 : 0);
}

function onBindReply(door: AppDoor, memory: Memory, query: Query, message: DnsMessage): void {
  const [next, ...candidates] = memory.candidates;
  const second = memory.introduced;
  const nothing = message.rcode !== DNS_RCODE.NOERROR || message.answers.length === 0;
  if (!second && next !== undefined && (message.rcode === DNS_RCODE.NXDOMAIN || message.rcode === DNS_RCODE.SERVFAIL)) {
    change(door, { candidates });
    askAll(door, [[next, query.type]]);
    return;
  }
  introduce(door, memory, "bind");
  if (!second && memory.type === undefined && message.rcode === DNS_RCODE.NOERROR) {
    for (const line of replyLines(message, query.name, "bind")) door.print(line);
    change(door, { failed: nothing });
    askAll(door, [[query.name, DNS_TYPE.AAAA]]);
    return;
  }
  if (second) {
    for (const line of replyLines(message, query.name, "bind")) if (line !== "Non-authoritative answer:" && !line.startsWith("** ")) door.print(line);
  } else if (message.rcode !== DNS_RCODE.NOERROR) door.print(`** server can't find ${query.name}: ${replyLines(message, query.name, "bind")[0]!.split(": ").pop()}`);
  else for (const line of replyLines(message, query.name, "bind")) door.print(line);
  const empty = nothing && (!second || memory.failed);
  if (empty && message.rcode === DNS_RCODE.NOERROR) door.print(`*** Can't find ${memory.typed}: No answer`);
  door.print("");
  door.exit(message.rcode !== DNS_RCODE.NOERROR || empty ? 1 : 0);
}

/** The old form: asks for the name of an address, which it prints behind it. */
function nameOf(door: AppDoor, address: string): void {
  if (memoryOf(door).line === 0) door.print(`Server:    ${address}`);
  change(door, { addresses: [address, ...memoryOf(door).addresses], line: memoryOf(door).line + 1 });
  askAll(door, [[reverseName(address), DNS_TYPE.PTR]]);
}

function printAddress(door: AppDoor, name: string | undefined): void {
  const memory = memoryOf(door);
  const [address, ...rest] = memory.addresses;
  if (address === undefined) return;
  const number = memory.line === 1 ? 1 : memory.line - 1;
  door.print(`Address ${number}: ${address}${name === undefined ? "" : ` ${name}`}`);
  change(door, { addresses: rest, queries: [], tick: memory.tick + 1 });
  if (memory.line === 1) {
    door.print("");
    const literal = door.addressOf(memory.typed) !== 0;
    if (literal) onAddresses(door, [memory.typed]);
    else onResolving(door, beginResolving(door, memory.typed, memory.resolv, memory.kind, memory.tick + 1));
  } else {
    nextAddress(door);
  }
}

function onResolving(door: AppDoor, resolving: Resolving): void {
  const { outcome, addresses } = resolving.resolution;
  change(door, { resolving: outcome === "" ? resolving : null, tick: lastWord(resolving) });
  if (outcome === "found") onAddresses(door, addresses);
  else if (outcome !== "") {
    door.print(`nslookup: can't resolve '${memoryOf(door).typed}'`);
    door.exit(1);
  }
}

function onAddresses(door: AppDoor, addresses: readonly string[]): void {
  door.print(`Name:      ${memoryOf(door).typed}`);
  change(door, { addresses });
  nextAddress(door);
}

function nextAddress(door: AppDoor): void {
  const [address, ...rest] = memoryOf(door).addresses;
  if (address === undefined) {
    door.exit(0);
    return;
  }
  change(door, { addresses: rest });
  nameOf(door, address);
}
