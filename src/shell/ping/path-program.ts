/**
 * The program behind `traceroute`: probes of rising TTL, sixteen of them under way at a time, and what became of each. What
 * it waits for, and for how long, is what do_it() of traceroute.c waits for.
 */
import { MS } from "../../base/time.js";
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { sendProbe, tcpProbeOpen, udpProbeOpen } from "../../linux/sock/probe-socket.js";

export interface PathArguments {
  readonly host: string;
  readonly method: "icmp" | "udp" | "tcp";
  /** a port of its own for every probe, counted from `port` (the first sequence number for "icmp") */
  readonly counting: boolean;
  readonly port: number;
  /** "" : the route's */
  readonly source: string;
  readonly first: number;
  readonly last: number;
  readonly queries: number;
  /** probes under way at a time */
  readonly together: number;
  /** bytes of the whole packet, and of the headers before the data */
  readonly length: number;
  readonly headers: number;
  readonly dontFragment: boolean;
  /** ns */
  readonly wait: number;
}

/** What became of one probe; `at` ns after it was sent, -1: it was never sent. */
export interface PathResult {
  readonly kind: "answer" | "error" | "refused" | "none";
  readonly from: string;
  readonly type: number;
  readonly code: number;
  readonly info: number;
  readonly errno: number;
  readonly at: number;
}

interface Probe {
  readonly sent: number;
  readonly sock: number;
  readonly result: PathResult | null;
}

interface Memory extends Readonly<Record<string, unknown>> {
  readonly args: PathArguments;
  /** by number: hop by hop, query by query */
  readonly probes: readonly Probe[];
  /** number of the first probe of the last hop that counts, and one behind it */
  readonly end: number;
  /** socket of all echo requests */
  readonly echo: number;
  readonly ticks: number;
}

const BLANK = Object.freeze({ from: "", type: 0, code: 0, info: 0, errno: 0, at: 0 });
const NONE: PathResult = Object.freeze({ ...BLANK, kind: "none" });
/** How many times longer than an answer of the same hop, or of a later one, is waited for an answer (-w MAX,HERE,NEAR). */
const HERE = 3;
const NEAR = 10;
/** Answers at the very instant still count. */
const LEAST: number = 10 * MS;

const memoryOf = (door: AppDoor): Memory => door.state as Memory;

/** Its state's `probes` tell what became of each probe. */
export const pathProgram: Program = Object.freeze<Program>({
  name: "shell-path",
  on(door, event) {
    if (event.kind === "start") start(door, event.args as unknown as PathArguments);
    else if (event.kind === "timer") expire(door);
    else hear(door, event);
  },
});

function start(door: AppDoor, args: PathArguments): void {
  const count = (args.last - args.first + 1) * args.queries;
  const probes = Array.from({ length: count }, (): Probe => Object.freeze({ sent: -1, sock: 0, result: null }));
  door.state = { args, probes, end: count, echo: args.method === "icmp" ? door.pingOpen() : 0, ticks: 0 } satisfies Memory;
  go(door);
}

/** Sends as many probes as may be under way; exits when nothing is awaited. */
function go(door: AppDoor): void {
  for (;;) {
    const { args, probes, end } = memoryOf(door);
    const waiting = probes.filter((probe) => probe.sent >= 0 && probe.result === null).length;
    const next = probes.findIndex((probe, i) => i < end && probe.sent < 0);
    if (next < 0 || waiting >= args.together) break;
    send(door, next);
  }
  const { probes, end } = memoryOf(door);
  if (probes.every((probe, i) => i >= end || probe.result !== null)) door.exit(0);
}

function change(door: AppDoor, at: number, changed: Partial<Probe>): void {
  const memory = memoryOf(door);
  door.state = { ...memory, probes: Object.freeze(memory.probes.map((probe, i) => (i === at ? Object.freeze({ ...probe, ...changed }) : probe))) };
}

function send(door: AppDoor, at: number): void {
  const { args, echo } = memoryOf(door);
  const ttl = args.first + Math.floor(at / args.queries);
  const dst = door.addressOf(args.host);
  const src = args.source === "" ? 0 : door.addressOf(args.source);
  const port = args.counting ? args.port + at : args.port;
  change(door, at, { sent: door.now });
  let errno = 0;
  if (args.method === "icmp") {
    change(door, at, { sock: echo });
    errno = door.pingSend(echo, dst, port, args.length - args.headers, ttl, args.dontFragment, src);
  } else {
    const sock = args.method === "udp" ? udpProbeOpen(door.s, door.ns, door.app, src, dst, port) : tcpProbeOpen(door.s, door.ns, door.app, src);
    if (sock > 0) change(door, at, { sock });
    errno = sock < 0 ? -sock : sendProbe(door.s, sock, { dst, port, ttl, length: args.length, dontFragment: args.dontFragment });
  }
  if (errno !== 0) settle(door, at, { ...BLANK, kind: "refused", errno });
  else if (memoryOf(door).probes[at]!.result === null) remind(door, args.wait);
}

function remind(door: AppDoor, after: number): void {
  const ticks = memoryOf(door).ticks + 1;
  door.state = { ...memoryOf(door), ticks };
  door.timer(after, ticks);
}

/** A probe has its result; a final one makes all later hops not count. */
function settle(door: AppDoor, at: number, result: PathResult): void {
  const { args, probes } = memoryOf(door);
  const probe = probes[at];
  if (probe === undefined || probe.result !== null || probe.sent < 0) return;
  change(door, at, { result: Object.freeze({ ...result, at: door.now - probe.sent }) });
  if (args.method !== "icmp" && probe.sock > 0) door.s.sock.remove(probe.sock);
  if (result.kind !== "none" && isFinal(door, result)) {
    const hopEnd = (Math.floor(at / args.queries) + 1) * args.queries;
    if (hopEnd < memoryOf(door).end) door.state = { ...memoryOf(door), end: hopEnd };
  }
  if (result.kind !== "none") remind(door, Math.max(LEAST, NEAR * (door.now - probe.sent)));
}

const TIME_EXCEEDED: readonly number[] = [11, 3];

/** The destination, or somebody who says that it cannot be reached. */
function isFinal(door: AppDoor, { kind, type }: PathResult): boolean {
  if (kind !== "error") return true;
  const v6 = door.s.book.family[door.addressOf(memoryOf(door).args.host)] === 6;
  return type !== TIME_EXCEEDED[v6 ? 1 : 0];
}

function hear(door: AppDoor, event: AppEvent): void {
  const { args, probes } = memoryOf(door);
  const bySock = (sock: number): number => probes.findIndex((probe) => probe.sock === sock && probe.result === null);
  const byNumber = (number: number): number => number - args.port;
  if (event.kind === "echo") settle(door, byNumber(event.sequence), { ...BLANK, kind: "answer", from: door.addressText(event.from) });
  else if (event.kind === "datagram" || event.kind === "segment") settle(door, bySock(event.sock), { ...BLANK, kind: "answer", from: door.addressText(event.from) });
  else if (event.kind === "error") {
    const { type, code, info, errno } = event;
    const at = args.method === "icmp" ? byNumber(event.sequence) : bySock(event.sock);
    settle(door, at, { kind: "error", from: door.addressText(event.from), type, code, info, errno, at: 0 });
  } else return;
  go(door);
}

/** Gives up what has been waited for long enough. */
function expire(door: AppDoor): void {
  const { args, probes, end } = memoryOf(door);
  probes.forEach((probe, i) => {
    if (probe.sent < 0 || probe.result !== null || i >= end) return;
    const hop = Math.floor(i / args.queries);
    const answered = (from: number, to: number): PathResult | undefined => probes.slice(from * args.queries, to * args.queries).find((other) => other.result !== null && other.result.kind !== "none" && other.result.kind !== "refused")?.result ?? undefined;
    const here = answered(hop, hop + 1);
    const near = answered(hop + 1, args.last);
    const limit = here !== undefined ? Math.max(LEAST, HERE * here.at) : near !== undefined ? Math.max(LEAST, NEAR * near.at) : args.wait;
    if (door.now - probe.sent >= Math.min(limit, args.wait)) settle(door, i, NONE);
  });
  go(door);
}
