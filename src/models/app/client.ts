/**
 * A client in a pod or on a node: resolves a name if it must, opens one connection (or sends one datagram, or one echo
 * request), asks, reads the answer, closes, and exits. What became of it is its last state.
 */
import { SECOND } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import { type AppDoor, ERRNO, errnoName, type Program } from "../../linux/sock/app.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import type { Lookup, Resolution, ResolverKind } from "../dns/resolver.js";
import { beginResolving, hearResolving, lastWord, type Resolving } from "../dns/resolving.js";

/** What a client is told to do. `host` is an address or a name; `resolv` the pod's resolv.conf. */
export interface ClientArguments {
  readonly host: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly resolv: ResolvConf;
  /** sent once the connection stands; "" for none */
  readonly request: string;
  /** sent instead of the text where it is no text */
  readonly requestBytes?: readonly number[];
  /** ns after which it gives up waiting for the peer */
  readonly timeout: number;
  readonly sourcePort?: number;
  /** whose resolver; left out, glibc's */
  readonly resolver?: ResolverKind;
}

/** How it ended: "" while it runs. `errno` names what the program was told. */
export interface ClientResult {
  readonly phase: "resolving" | "connecting" | "waiting" | "done";
  readonly outcome: "" | "ok" | "unresolved" | "timeout" | "refused" | "error";
  readonly errno: string;
  readonly address: string;
  readonly reply: string;
  readonly lookups: readonly Lookup[];
}

interface Memory extends ClientResult {
  readonly args: ClientArguments;
  readonly sock: number;
  readonly resolving: Resolving | null;
  /** which timers still count */
  readonly tick: number;
}

/** The program "client". Its state is a `ClientResult`. */
export const client: Program = Object.freeze<Program>({
  name: "client",
  on(door, event) {
    const memory = door.state as unknown as Memory;
    if (event.kind === "start") start(door, event.args as unknown as ClientArguments);
    else if (memory.phase === "resolving") onResolving(door, memory, event);
    else if (memory.phase !== "done") onPeer(door, memory, event);
  },
});

function start(door: AppDoor, args: ClientArguments): void {
  const blank: Memory = { args, phase: "resolving", outcome: "", errno: "", address: "", reply: "", lookups: [], sock: 0, resolving: null, tick: 0 };
  if (door.addressOf(args.host) !== 0) {
    open(door, blank, args.host);
    return;
  }
  progress(door, blank, beginResolving(door, args.host, args.resolv, args.resolver));
}

function onResolving(door: AppDoor, memory: Memory, event: AppEvent): void {
  progress(door, memory, hearResolving(door, memory.resolving!, event));
}

function progress(door: AppDoor, memory: Memory, resolving: Resolving): void {
  const next = { ...memory, resolving, tick: lastWord(resolving) };
  if (resolving.resolution.outcome === "") door.state = { ...next };
  else endResolving(door, next, resolving.resolution);
}

function endResolving(door: AppDoor, memory: Memory, resolution: Resolution): void {
  const next = { ...memory, resolving: null, lookups: resolution.history };
  if (resolution.outcome === "found") open(door, next, resolution.addresses[0]!);
  else finish(door, next, "unresolved", resolution.outcome === "timeout" || resolution.outcome === "failed" ? "EAI_AGAIN" : "EAI_NONAME");
}

function open(door: AppDoor, memory: Memory, address: string): void {
  const { args } = memory;
  const dst = door.addressOf(address);
  const tick = memory.tick + 1;
  const next: Memory = { ...memory, address, phase: args.protocol === "tcp" ? "connecting" : "waiting", tick };
  door.state = { ...next };
  door.timer(args.timeout, tick);
  let sock: number;
  let errno = 0;
  if (args.protocol === "tcp") {
    sock = door.tcpConnect(dst, args.port, 0, args.sourcePort ?? 0);
  } else if (args.protocol === "udp") {
    sock = door.udpBind(0, args.sourcePort ?? 0);
    if (sock > 0) {
      door.udpConnect(sock, dst, args.port);
      errno = door.udpSend(sock, dst, args.port, requestOf(args));
    }
  } else {
    sock = door.pingOpen();
    errno = door.pingSend(sock, dst, 1, 56);
  }
  if (sock < 0) errno = -sock;
  if (errno !== 0) finish(door, next, "error", errnoName(errno));
  else if ((door.state as unknown as Memory).phase !== "done") door.state = { ...(door.state as unknown as Memory), sock };
}

function requestOf(args: ClientArguments): Uint8Array {
  if (args.requestBytes !== undefined) return Uint8Array.from(args.requestBytes);
  return new TextEncoder().encode(args.request === "" ? "q" : args.request);
}

function onPeer(door: AppDoor, memory: Memory, event: AppEvent): void {
  switch (event.kind) {
    case "connected":
      door.state = { ...memory, phase: "waiting", sock: event.sock };
      if (memory.args.request !== "") door.tcpSend(event.sock, requestOf(memory.args));
      break;
    case "data":
    case "datagram":
      door.state = { ...memory, reply: memory.reply + door.text(event), outcome: "ok" };
      if (event.kind === "data") door.tcpShutdown(event.sock);
      else finish(door, door.state as unknown as Memory, "ok", "");
      break;
    case "echo":
      finish(door, memory, "ok", "");
      break;
    case "end":
      door.tcpClose(event.sock);
      break;
    case "closed":
      finish(door, memory, event.errno === 0 ? "ok" : outcomeOf(event.errno), event.errno === 0 ? "" : errnoName(event.errno));
      break;
    case "error":
      finish(door, memory, outcomeOf(event.errno), errnoName(event.errno));
      break;
    case "timer":
      if (event.word === memory.tick && memory.outcome === "") finish(door, memory, "timeout", "ETIMEDOUT");
      break;
    default:
  }
}

function outcomeOf(errno: number): "refused" | "timeout" | "error" {
  if (errno === ERRNO.ECONNREFUSED || errno === ERRNO.ECONNRESET) return "refused";
  return errno === ERRNO.ETIMEDOUT ? "timeout" : "error";
}

function finish(door: AppDoor, memory: Memory, outcome: ClientResult["outcome"], errno: string): void {
  door.state = { ...memory, phase: "done", outcome, errno };
  door.exit(outcome === "ok" ? 0 : 1);
}

/** Seconds that a client waits for its peer unless told otherwise: one more than Linux needs to give a SYN up. */
export const CLIENT_TIMEOUT: number = 140 * SECOND;
