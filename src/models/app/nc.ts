/** `nc -z` as a program: does a port answer? In the words of netcat-openbsd, or of busybox. */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import { type AppDoor, ERRNO, errnoName, type Program } from "../../linux/sock/app.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import type { ResolverKind } from "../dns/resolver.js";
import { beginResolving, hearResolving, type Resolving } from "../dns/resolving.js";

export interface NcArguments {
  readonly words: readonly string[];
  readonly resolv: ResolvConf;
  readonly resolver?: ResolverKind;
  /** "busybox" speaks as busybox does */
  readonly form?: string;
}

interface Memory extends Readonly<Record<string, unknown>> {
  readonly args: NcArguments;
  readonly host: string;
  readonly ports: readonly number[];
  readonly at: number;
  readonly udp: boolean;
  readonly verbose: boolean;
  /** ns, 0: as long as the kernel tries */
  readonly wait: number;
  readonly resolving: Resolving | null;
  readonly address: string;
  readonly sock: number;
  readonly failed: boolean;
}

/** Timers of names have other words. */
const TICK = 1_000_000;
/** How long a datagram's refusal is waited for. */
const UDP_WAIT: number = SECOND;
const WORDS: readonly (readonly [number, string])[] = [
  [ERRNO.ECONNREFUSED, "Connection refused"],
  [ERRNO.ENETUNREACH, "Network is unreachable"],
  [ERRNO.EHOSTUNREACH, "No route to host"],
  [ERRNO.ETIMEDOUT, "Connection timed out"],
];
const SERVICES: Readonly<Record<number, string>> = Object.freeze({ 22: "ssh", 53: "domain", 80: "http", 443: "https", 8080: "http-alt", 3306: "mysql", 5432: "postgresql", 6379: "redis" });

const memoryOf = (door: AppDoor): Memory => door.state as Memory;
const change = (door: AppDoor, changed: Partial<Memory>): void => {
  door.state = { ...memoryOf(door), ...changed };
};
const isBusybox = ({ args }: Memory): boolean => args.form?.startsWith("busybox") === true;

/** The program "nc". */
export const nc: Program = Object.freeze<Program>({
  name: "nc",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as NcArguments);
    else if (memoryOf(door).resolving !== null) progress(door, hearResolving(door, memoryOf(door).resolving!, event));
    else onPeer(door, event);
  },
});

function start(door: AppDoor, args: NcArguments): void {
  const words: string[] = [];
  let [udp, verbose, zero, wait] = [false, false, false, 0];
  for (let i = 0; i < args.words.length; i++) {
    const word = args.words[i]!;
    if (!word.startsWith("-")) {
      words.push(word);
      continue;
    }
    for (const letter of word.slice(1)) {
      if (letter === "w") wait = Math.round(Number(/\d+$/.exec(word)?.[0] ?? args.words[++i]) * SECOND);
      else if (letter === "u") udp = true;
      else if (letter === "v") verbose = true;
      else if (letter === "z") zero = true;
      if (letter === "w") break;
    }
  }
  const [host = "", range = ""] = words;
  const [low, high] = range.split("-").map(Number);
  const ports = low === undefined || !(low > 0) ? [] : Array.from({ length: Math.min((high ?? low) - low + 1, 65535) }, (_, i) => low + i);
  door.state = { args, host, ports, at: 0, udp, verbose, wait, resolving: null, address: "", sock: 0, failed: false } satisfies Memory;
  if (!zero) return quit(door, "nc without -z: not modelled", 2);
  if (host === "" || ports.length === 0) return quit(door, host === "" ? "usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]" : "nc: missing port number", 1);
  if (door.addressOf(host) !== 0) open(door, host);
  else progress(door, beginResolving(door, host, args.resolv, args.resolver));
}

function quit(door: AppDoor, text: string, code: number): void {
  door.print(text);
  door.exit(code);
}

function progress(door: AppDoor, resolving: Resolving): void {
  const { outcome, addresses } = resolving.resolution;
  change(door, { resolving: outcome === "" ? resolving : null });
  if (outcome === "found") open(door, addresses[0]!);
  else if (outcome !== "") quit(door, isBusybox(memoryOf(door)) ? `nc: bad address '${memoryOf(door).host}'` : `nc: getaddrinfo for host "${memoryOf(door).host}" port ${memoryOf(door).ports[0]!}: Name or service not known`, 1);
}

function open(door: AppDoor, address: string): void {
  const { ports, at, udp, wait } = memoryOf(door);
  change(door, { address });
  const dst = door.addressOf(address);
  let sock = udp ? door.udpBind(0, 0) : door.tcpConnect(dst, ports[at]!);
  if (udp && sock > 0) {
    const errno = door.udpConnect(sock, dst, ports[at]!) || door.udpSend(sock, dst, ports[at]!, new TextEncoder().encode("X"));
    if (errno !== 0) sock = -errno;
  }
  if (sock < 0) return settle(door, -sock);
  change(door, { sock });
  if (udp) door.timer(UDP_WAIT, TICK + at);
  else if (wait > 0) door.timer(wait, TICK + at);
}

function onPeer(door: AppDoor, event: AppEvent): void {
  const { at, udp, sock } = memoryOf(door);
  if (event.kind === "timer") {
    if (event.word !== TICK + at) return;
    if (!udp) door.tcpAbort(sock);
    settle(door, udp ? 0 : -1);
  } else if (!("sock" in event) || event.sock !== sock) return;
  else if (event.kind === "connected" || event.kind === "datagram") settle(door, 0);
  else if (event.kind === "closed" || event.kind === "error") settle(door, event.errno);
}

/** What became of one port: 0, an errno, or -1 where the time was over. */
function settle(door: AppDoor, errno: number): void {
  const memory = memoryOf(door);
  const { host, address, ports, at, udp, verbose, sock } = memory;
  const port = ports[at]!;
  if (sock > 0 && errno === 0 && !udp) door.tcpClose(sock);
  const why = errno === -1 ? "" : (WORDS.find(([number]) => number === errno)?.[1] ?? errnoName(errno));
  if (isBusybox(memory)) {
    if (errno === 0 && verbose) door.print(`${host} (${address}:${port}) open`);
    else if (errno !== 0) door.print(errno === -1 ? "nc: timed out" : `nc: ${host} (${address}:${port}): ${why}`);
  } else if (verbose) {
    const protocol = udp ? "udp" : "tcp";
    const shown = host === address ? host : `${host} (${address})`;
    if (errno === 0) door.print(`Connection to ${shown} ${port} port [${protocol}/${SERVICES[port] ?? "*"}] succeeded!`);
    else door.print(`nc: connect to ${shown} port ${port} (${protocol}) ${errno === -1 ? "timed out: Operation now in progress" : `failed: ${why}`}`);
  }
  change(door, { sock: 0, at: at + 1, failed: memory.failed || errno !== 0 });
  if (at + 1 < ports.length) open(door, address);
  else door.exit(memory.failed || errno !== 0 ? 1 : 0);
}
