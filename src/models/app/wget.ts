/** busybox wget as a program: one HTTP/1.1 GET whose body is its output (networking/wget.c). */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import { type AppDoor, ERRNO, type Program } from "../../linux/sock/app.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import type { ResolverKind } from "../dns/resolver.js";
import { beginResolving, hearResolving, lastWord, type Resolving } from "../dns/resolving.js";

export interface WgetArguments {
  /** `-qO- http://web:8080/`, `--spider --timeout=1 web` */
  readonly words: readonly string[];
  readonly resolv: ResolvConf;
  readonly resolver?: ResolverKind;
}

const DEFAULT_TIMEOUT = 900;

interface Memory {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly quiet: boolean;
  readonly spider: boolean;
  /** file name for `-O`, "-" for standard output */
  readonly out: string;
  readonly timeout: number;
  readonly address: string;
  readonly sock: number;
  readonly reply: string;
  readonly resolving: Resolving | null;
  readonly tick: number;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;
function change(door: AppDoor, changed: Partial<Memory>): Memory {
  const next = { ...memoryOf(door), ...changed };
  door.state = { ...next };
  return next;
}

/** The program "wget". */
export const wget: Program = Object.freeze<Program>({
  name: "wget",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as WgetArguments);
    else if (memoryOf(door).resolving !== null) progress(door, hearResolving(door, memoryOf(door).resolving!, event));
    else onPeer(door, event);
  },
});

function start(door: AppDoor, { words, resolv, resolver }: WgetArguments): void {
  const options = readOptions(words);
  const found = /^(?:(\w+):\/\/)?(\[[^\]]+\]|[^:/]+)(?::(\d+))?(\/.*)?$/.exec(options.url);
  if (found === null || (found[1] !== undefined && found[1] !== "http")) {
    door.print(`wget: not an http or ftp url: ${options.url}`);
    door.exit(1);
    return;
  }
  const host = found[2]!.replace(/^\[|\]$/g, "");
  door.state = { ...({ ...options, host, port: Number(found[3] ?? 80), path: found[4] ?? "/", address: "", sock: 0, reply: "", resolving: null, tick: 0 } satisfies Memory & { url: string }) };
  if (door.addressOf(host) !== 0) connect(door, host);
  else progress(door, beginResolving(door, host, resolv, resolver ?? "musl"));
}

function readOptions(words: readonly string[]): { readonly url: string; readonly quiet: boolean; readonly spider: boolean; readonly out: string; readonly timeout: number } {
  let url = "";
  let quiet = false;
  let spider = false;
  let out = "index.html";
  let timeout = DEFAULT_TIMEOUT;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const long = /^--(timeout|output-document)=(.*)$/.exec(word);
    if (word === "--spider") spider = true;
    else if (word === "--quiet") quiet = true;
    else if (long !== null && long[1] === "timeout") timeout = Number(long[2]);
    else if (long !== null) out = long[2]!;
    else if (word.startsWith("-") && !word.startsWith("--")) {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at];
        if (letter === "q") quiet = true;
        else if (letter === "O" || letter === "T") {
          const value = at + 1 < word.length ? word.slice(at + 1) : (words[++i] ?? "");
          if (letter === "O") out = value;
          else timeout = Number(value);
          break;
        }
      }
    } else if (!word.startsWith("-")) url = word;
  }
  return { url, quiet, spider, out, timeout };
}

function fail(door: AppDoor, words: string): void {
  door.print(`wget: ${words}`);
  door.exit(1);
}

function progress(door: AppDoor, resolving: Resolving): void {
  const { outcome, addresses } = resolving.resolution;
  const memory = change(door, { resolving: outcome === "" ? resolving : null, tick: lastWord(resolving) });
  if (outcome === "found") connect(door, addresses[0]!);
  else if (outcome !== "") fail(door, `bad address '${memory.host}${memory.port === 80 ? "" : `:${memory.port}`}'`);
}

function connect(door: AppDoor, address: string): void {
  const memory = change(door, { address, tick: memoryOf(door).tick + 1 });
  if (!memory.quiet) door.print(`Connecting to ${memory.host}${memory.host === address ? "" : ` (${hostPort(memory)})`}${memory.host === address ? `:${memory.port}` : ""}`);
  door.timer(memory.timeout * SECOND, memory.tick);
  const sock = door.tcpConnect(door.addressOf(address), memory.port);
  if (sock < 0) unreachable(door, -sock);
  else change(door, { sock });
}

function hostPort({ address, port }: Memory): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

const ERRNO_WORDS: readonly (readonly [number, string])[] = [
  [ERRNO.ECONNREFUSED, "Connection refused"],
  [ERRNO.ECONNRESET, "Connection reset by peer"],
  [ERRNO.ENETUNREACH, "Network unreachable"],
  [ERRNO.EHOSTUNREACH, "Host is unreachable"],
];

function unreachable(door: AppDoor, errno: number): void {
  const why = ERRNO_WORDS.find(([number]) => number === errno)?.[1] ?? "Operation timed out";
  fail(door, `can't connect to remote host (${memoryOf(door).address}): ${why}`);
}

function onPeer(door: AppDoor, event: AppEvent): void {
  const memory = memoryOf(door);
  switch (event.kind) {
    case "connected": {
      const host = memory.port === 80 ? memory.host : `${memory.host}:${memory.port}`;
      door.tcpSend(event.sock, new TextEncoder().encode(`${memory.spider ? "HEAD" : "GET"} ${memory.path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: Wget\r\nConnection: close\r\n\r\n`));
      break;
    }
    case "data": {
      const next = change(door, { reply: memory.reply + door.text(event) });
      if (isWhole(next.reply)) finish(door, next);
      break;
    }
    case "end":
      door.tcpClose(event.sock);
      finish(door, memory);
      break;
    case "closed":
      if (memory.reply === "") unreachable(door, event.errno);
      else finish(door, memory);
      break;
    case "timer":
      if (event.word === memory.tick) fail(door, "download timed out");
      break;
    default:
  }
}

/** True where the length is told and that much has come. */
function isWhole(reply: string): boolean {
  const head = reply.indexOf("\r\n\r\n");
  const length = head < 0 ? null : /^content-length: *(\d+)/im.exec(reply.slice(0, head));
  return length !== null && new TextEncoder().encode(reply.slice(head + 4)).length >= Number(length[1]);
}

function finish(door: AppDoor, memory: Memory): void {
  const head = memory.reply.indexOf("\r\n\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})[^\r\n]*/.exec(memory.reply);
  if (status !== null && !status[1]!.startsWith("2")) return fail(door, `server returned error: ${status[0]}`);
  if (head < 0 || status === null) return fail(door, "error getting response");
  if (memory.spider) {
    if (!memory.quiet) door.print("remote file exists");
    return door.exit(0);
  }
  const body = memory.reply.slice(head + 4).replace(/\n$/, "");
  if (memory.out === "-") {
    if (!memory.quiet) door.print("writing to stdout");
    for (const line of body.split("\n")) door.print(line);
    if (!memory.quiet) door.print("written to stdout");
  } else if (!memory.quiet) {
    door.print(`saving to '${memory.out}'`);
    door.print(`'${memory.out}' saved`);
  }
  door.exit(0);
}
