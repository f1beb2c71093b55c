/**
 * curl 7.88.1 as a program whose output is a terminal, so that it shows no progress: one HTTP/1.1 request for each URL.
 * Its exit codes and words are those of the tool; TLS and redirects are not followed.
 */
import { MS, SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import { type AppDoor, ERRNO, type Program } from "../../linux/sock/app.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import type { ResolverKind } from "../dns/resolver.js";
import { beginResolving, hearResolving, lastWord, type Resolving } from "../dns/resolving.js";
import { type CurlRefusal, type CurlUrl, type CurlWords, readCurl, readCurlUrl } from "./curl-words.js";
import { curlWriteOut } from "./curl-write-out.js";

export interface CurlArguments {
  readonly words: readonly string[];
  readonly resolv: ResolvConf;
  readonly resolver?: ResolverKind;
}

/** One transfer under way. */
interface Memory extends Readonly<Record<string, unknown>> {
  readonly words: CurlWords | null;
  readonly resolv: ResolvConf;
  readonly resolver: ResolverKind;
  /** what it has written, byte for byte */
  readonly stdout: string;
  readonly next: number;
  readonly url: CurlUrl | null;
  readonly resolving: Resolving | null;
  readonly addresses: readonly string[];
  readonly sock: number;
  readonly connected: boolean;
  readonly reply: string;
  readonly tick: number;
  /** ns: when the transfer began, when its connection began, and what it took */
  readonly began: number;
  readonly connecting: number;
  readonly lookedUp: number;
  readonly connectTime: number;
  readonly firstByte: number;
}

/** --connect-timeout left out */
const CONNECT_TIMEOUT: number = 300 * SECOND;
const KINDS = { connect: 1, total: 2 } as const;
/** A timer's word: its transfer's tick, and which of both it is. */
const STRIDE = 4;

const memoryOf = (door: AppDoor): Memory => door.state as Memory;

function change(door: AppDoor, changed: Partial<Memory>): Memory {
  const next = { ...memoryOf(door), ...changed };
  door.state = next;
  return next;
}

function write(door: AppDoor, text: string): void {
  change(door, { stdout: memoryOf(door).stdout + text });
}

/** The program "curl"; its state's `stdout` is what it writes. */
export const curl: Program = Object.freeze<Program>({
  name: "curl",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as CurlArguments);
    else if (memoryOf(door).resolving !== null) hearNames(door, event);
    else onPeer(door, event);
  },
});

function start(door: AppDoor, { words, resolv, resolver }: CurlArguments): void {
  const read = readCurl(words);
  const refused = "code" in read ? read : null;
  door.state = { words: refused === null ? (read as CurlWords) : null, resolv, resolver: resolver ?? "glibc", stdout: "", next: 0, url: null, resolving: null, addresses: [], sock: 0, connected: false, reply: "", tick: 0, began: 0, connecting: 0, lookedUp: 0, connectTime: 0, firstByte: 0 } satisfies Memory;
  if (refused !== null) {
    write(door, `${refused.text}\n`);
    door.exit(refused.code);
  } else begin(door);
}

/** The next URL. */
function begin(door: AppDoor): void {
  const memory = memoryOf(door);
  const words = memory.words!;
  const url = readCurlUrl(words.urls[memory.next]!);
  const tick = memory.tick + 1;
  change(door, { next: memory.next + 1, tick });
  if ("code" in url) return end(door, url, null);
  change(door, { url, began: door.now, sock: 0, connected: false, reply: "", addresses: [], lookedUp: 0, connectTime: 0, firstByte: 0 });
  if (words.maxTime > 0) door.timer(words.maxTime, tick * STRIDE + KINDS.total);
  if (door.addressOf(url.host) !== 0) found(door, [url.host]);
  else progress(door, beginResolving(door, url.host, memory.resolv, memory.resolver, tick * STRIDE + STRIDE));
}

/** Names are asked; `-m` may end that too. */
function hearNames(door: AppDoor, event: AppEvent): void {
  const memory = memoryOf(door);
  const word = memory.tick * STRIDE + KINDS.total;
  if (event.kind === "timer" && event.word === word && lastWord(memory.resolving!) !== word) {
    change(door, { resolving: null });
    fail(door, 28, `Resolving timed out after ${elapsed(door)} milliseconds`);
  } else progress(door, hearResolving(door, memory.resolving!, event));
}

function progress(door: AppDoor, resolving: Resolving): void {
  const { outcome, addresses } = resolving.resolution;
  const { words, url } = change(door, { resolving: outcome === "" ? resolving : null });
  if (outcome === "") return;
  const kept = addresses.filter((address) => words!.family === 0 || address.includes(":") === (words!.family === 6));
  if (outcome === "found" && kept.length > 0) found(door, kept);
  else fail(door, 6, `Could not resolve host: ${url!.host}`);
}

function found(door: AppDoor, addresses: readonly string[]): void {
  change(door, { addresses, lookedUp: door.now - memoryOf(door).began });
  connect(door);
}

function connect(door: AppDoor): void {
  const { words, url, addresses, tick } = memoryOf(door);
  const [address = ""] = addresses;
  note(door, `  Trying ${address.includes(":") ? `[${address}]` : address}:${url!.port}...`);
  change(door, { connecting: door.now });
  door.timer(words!.connectTimeout > 0 ? words!.connectTimeout : CONNECT_TIMEOUT, tick * STRIDE + KINDS.connect);
  const sock = door.tcpConnect(door.addressOf(address), url!.port);
  if (sock < 0) unreachable(door, -sock);
  else change(door, { sock });
}

function note(door: AppDoor, text: string): void {
  if (memoryOf(door).words!.verbose) write(door, `* ${text}\n`);
}

const elapsed = (door: AppDoor): number => Math.floor((door.now - memoryOf(door).began) / MS);

const ERRNO_WORDS: readonly (readonly [number, string])[] = [
  [ERRNO.ECONNREFUSED, "Connection refused"],
  [ERRNO.ENETUNREACH, "Network is unreachable"],
  [ERRNO.EHOSTUNREACH, "No route to host"],
  [ERRNO.ETIMEDOUT, "Connection timed out"],
  [ERRNO.EACCES, "Permission denied"],
  [ERRNO.EADDRNOTAVAIL, "Cannot assign requested address"],
];

/** A connection that failed: the next address is tried. */
function unreachable(door: AppDoor, errno: number): void {
  const { addresses, url } = memoryOf(door);
  const why = ERRNO_WORDS.find(([number]) => number === errno)?.[1] ?? "Connection refused";
  note(door, sockFailed(addresses[0]!, url!.port, errno, why));
  const left = addresses.slice(1);
  if (left.length > 0) {
    change(door, { addresses: left, sock: 0 });
    return connect(door);
  }
  const text = `Failed to connect to ${url!.host} port ${url!.port} after ${elapsed(door)} ms: Couldn't connect to server`;
  note(door, text);
  fail(door, 7, text);
}

function sockFailed(address: string, port: number, errno: number, why: string): string {
  return errno === ERRNO.ENETUNREACH ? `Immediate connect fail for ${address}: ${why}` : `connect to ${address} port ${port} failed: ${why}`;
}

function onPeer(door: AppDoor, event: AppEvent): void {
  const memory = memoryOf(door);
  if (event.kind === "timer") return onTimer(door, event.word);
  if (!("sock" in event) || event.sock !== memory.sock) return;
  if (event.kind === "connected") request(door, event.sock);
  else if (event.kind === "data") {
    const next = change(door, { reply: memory.reply + door.text(event), firstByte: memory.reply === "" ? door.now - memory.began : memory.firstByte });
    if (isWhole(next)) finish(door);
  } else if (event.kind === "end") finish(door);
  else if (event.kind === "closed") {
    if (!memory.connected) unreachable(door, event.errno);
    else if (event.errno !== 0) fail(door, 56, "Recv failure: Connection reset by peer");
    else finish(door);
  }
}

function onTimer(door: AppDoor, word: number): void {
  const { tick, connected, url, words, sock, connecting } = memoryOf(door);
  if (Math.floor(word / STRIDE) !== tick || url === null) return;
  const kind = word % STRIDE;
  if (kind === KINDS.connect && !connected) {
    const text = `Failed to connect to ${url.host} port ${url.port} after ${Math.floor((door.now - connecting) / MS)} ms: Timeout was reached`;
    note(door, `${memoryOf(door).addresses[0]!.includes(":") ? "ipv6" : "ipv4"} connect timeout after ${Math.floor((words!.connectTimeout > 0 ? words!.connectTimeout : CONNECT_TIMEOUT) / MS)}ms, move on!`);
    note(door, text);
    fail(door, 28, text);
  } else if (kind === KINDS.total) {
    const got = new TextEncoder().encode(bodyOf(memoryOf(door).reply)).length;
    fail(door, 28, connected ? `Operation timed out after ${elapsed(door)} milliseconds with ${got} bytes received` : `Connection timed out after ${elapsed(door)} milliseconds`);
  } else return;
  if (sock > 0 && !connected) door.tcpAbort(sock);
}

function request(door: AppDoor, sock: number): void {
  const { words, url, addresses, began } = memoryOf(door);
  const { head, data, method, headers, agent } = words!;
  change(door, { connected: true, connectTime: door.now - began });
  note(door, `Connected to ${url!.host} (${addresses[0]!}) port ${url!.port} (#0)`);
  const named = (name: string): boolean => headers.some((header) => header.toLowerCase().startsWith(`${name}:`));
  const host = url!.host.includes(":") ? `[${url!.host}]` : url!.host;
  const lines = [`${method !== "" ? method : head ? "HEAD" : data !== null ? "POST" : "GET"} ${url!.path} HTTP/1.1`];
  if (!named("host")) lines.push(`Host: ${host}${url!.port === 80 ? "" : `:${url!.port}`}`);
  else lines.push(headers.find((header) => header.toLowerCase().startsWith("host:"))!);
  if (!named("user-agent") && agent !== "") lines.push(`User-Agent: ${agent}`);
  if (!named("accept")) lines.push("Accept: */*");
  lines.push(...headers.filter((header) => !header.toLowerCase().startsWith("host:") && !/:\s*$/.test(header)));
  if (data !== null) {
    lines.push(`Content-Length: ${new TextEncoder().encode(data).length}`);
    if (!named("content-type")) lines.push("Content-Type: application/x-www-form-urlencoded");
  }
  if (words!.verbose) write(door, [...lines, ""].map((line) => `> ${line}\n`).join(""));
  door.tcpSend(sock, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${data ?? ""}`));
}

const headOf = (reply: string): string => (reply.includes("\r\n\r\n") ? reply.slice(0, reply.indexOf("\r\n\r\n")) : "");
const bodyOf = (reply: string): string => (reply.includes("\r\n\r\n") ? reply.slice(reply.indexOf("\r\n\r\n") + 4) : "");

/** True where the length is told and that much has come, or nothing is to come. */
function isWhole({ reply, words }: Memory): boolean {
  const head = headOf(reply);
  if (head === "") return false;
  if (words!.head || /^HTTP\/1\.[01] (1\d\d|204|304)/.test(head)) return true;
  const length = /^content-length: *(\d+)/im.exec(head);
  return length !== null && new TextEncoder().encode(bodyOf(reply)).length >= Number(length[1]);
}

function finish(door: AppDoor): void {
  const { words, reply, sock, url } = memoryOf(door);
  const head = headOf(reply);
  if (reply === "") return fail(door, 52, "Empty reply from server");
  if (!/^HTTP\/1\.[01] \d{3}/.test(reply)) return fail(door, 1, "Received HTTP/0.9 when not allowed");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(reply)![1]);
  if (words!.verbose) write(door, `${head.split("\r\n").map((line) => `< ${line}\n`).join("")}< \n`);
  if (sock > 0) door.tcpClose(sock);
  if (words!.fail && status >= 400) {
    note(door, `The requested URL returned error: ${status}`);
    note(door, "Closing connection 0");
    return end(door, { text: `curl: (22) The requested URL returned error: ${status}`, code: 22 }, url);
  }
  const shown = `${words!.include ? `${head.replaceAll("\r\n", "\n")}\n\n` : ""}${words!.head ? "" : bodyOf(reply)}`;
  if (words!.out === "" || words!.out === "-") write(door, shown);
  note(door, "Closing connection 0");
  end(door, { text: "", code: 0 }, url);
}

function fail(door: AppDoor, code: number, text: string): void {
  const { sock, connected, url } = memoryOf(door);
  if (sock > 0 && connected) door.tcpAbort(sock);
  if (sock > 0) note(door, "Closing connection 0");
  end(door, { text: `curl: (${code}) ${text}`, code }, url);
}

/** Ends a transfer: its error, what -w asks, and the next. */
function end(door: AppDoor, { text, code }: CurlRefusal, url: CurlUrl | null): void {
  const memory = memoryOf(door);
  const words = memory.words!;
  if (text !== "" && (!words.silent || words.showError || text.endsWith(": not modelled"))) write(door, `${text}\n`);
  const local = memory.sock > 0 && memory.connected ? door.s.sock.rows.c : null;
  if (words.writeOut !== "") {
    write(door, curlWriteOut(words.writeOut, {
      reply: memory.reply, url, words, code, message: text.replace(/^curl: \(\d+\) /, ""), connected: memory.connected, address: memory.addresses[0] ?? "",
      localAddress: local === null ? "" : door.addressText(local.localAddr[memory.sock]!), localPort: local === null ? 0 : local.localPort[memory.sock]!,
      lookedUp: memory.lookedUp, connectTime: memory.connectTime, firstByte: memory.firstByte, total: door.now - memory.began,
    }));
  }
  change(door, { url: null, sock: 0 });
  if (memory.next < words.urls.length) begin(door);
  else door.exit(code);
}
