/** A resolution that a program carries out: its UDP socket, its timer, and a connection where an answer was truncated. */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor } from "../../linux/sock/app.js";
import { decodeDns, encodeDns } from "../../packet/wire/dns.js";
import type { ResolvConf } from "./resolv-conf.js";
import { type Ask, beginResolution, type Resolution, type ResolverKind, resolverTimeout, type Step, takeAnswer, takeTimeout } from "./resolver.js";
import { dnsFrame, takeFrames } from "./tcp-frames.js";

const DNS_PORT = 53;

interface Connection {
  readonly ask: Ask;
  readonly partial: Uint8Array;
}

/** Part of a program's state while it resolves a name. */
export interface Resolving {
  readonly resolution: Resolution;
  readonly sock: number;
  readonly connections: Readonly<Record<number, Connection>>;
  /** added to the resolution's ticks for the words of timers */
  readonly base: number;
}

/** Begins to resolve; timers are set with words above `base`. */
export function beginResolving(door: AppDoor, name: string, conf: ResolvConf, kind: ResolverKind = "glibc", base = 0): Resolving {
  const id = door.s.streams.below(door.s.streams.stream(`app ${door.app}/dns-id`), 65_536);
  const step = beginResolution(name, conf, id, kind);
  const sock = step.asks.length === 0 ? 0 : door.udpBind(0, 0);
  return carryOut(door, { resolution: step.resolution, sock, connections: {}, base }, step, true);
}

/** The word of the last timer that was set. */
export function lastWord({ resolution, base }: Resolving): number {
  return base + resolution.tick;
}

/** Takes an event; ended when `resolution.outcome` is not "", and then the sockets are closed. */
export function hearResolving(door: AppDoor, r: Resolving, event: AppEvent): Resolving {
  switch (event.kind) {
    case "datagram": {
      const message = decodeDns(door.bytes(event));
      if (event.sock !== r.sock || "malformed" in message) return r;
      return advance(door, r, takeAnswer(r.resolution, message, door.addressText(event.from)));
    }
    case "timer":
      return event.word === lastWord(r) ? advance(door, r, takeTimeout(r.resolution)) : r;
    case "connected": {
      const connection = r.connections[event.sock];
      if (connection !== undefined) door.tcpSend(event.sock, dnsFrame(encodeDns(connection.ask.message)));
      return r;
    }
    case "data":
      return hearConnection(door, r, event.sock, door.bytes(event));
    default:
      return r;
  }
}

function hearConnection(door: AppDoor, r: Resolving, sock: number, bytes: Uint8Array): Resolving {
  const connection = r.connections[sock];
  if (connection === undefined) return r;
  const { messages, rest } = takeFrames(connection.partial, bytes);
  if (messages.length === 0) return { ...r, connections: { ...r.connections, [sock]: { ...connection, partial: rest } } };
  const message = decodeDns(messages[0]!);
  const { [sock]: _, ...connections } = r.connections;
  door.tcpClose(sock);
  const next = { ...r, connections };
  return "malformed" in message ? next : advance(door, next, takeAnswer(r.resolution, message, connection.ask.server, true));
}

function advance(door: AppDoor, r: Resolving, step: Step): Resolving {
  return carryOut(door, { ...r, resolution: step.resolution }, step, step.resolution.tick !== r.resolution.tick);
}

function carryOut(door: AppDoor, r: Resolving, step: Step, timer: boolean): Resolving {
  if (r.resolution.outcome !== "") {
    if (r.sock > 0) door.udpClose(r.sock);
    for (const sock of Object.keys(r.connections)) door.tcpAbort(Number(sock));
    return { ...r, sock: 0, connections: {} };
  }
  if (timer) door.timer(resolverTimeout(r.resolution), lastWord(r));
  let connections = r.connections;
  for (const ask of step.asks) {
    const server = door.addressOf(ask.server);
    if (!ask.tcp) door.udpSend(r.sock, server, DNS_PORT, encodeDns(ask.message));
    else {
      const sock = door.tcpConnect(server, DNS_PORT);
      if (sock > 0) connections = { ...connections, [sock]: { ask, partial: new Uint8Array(0) } };
    }
  }
  return { ...r, connections };
}
