/**
 * The question "what becomes of this connection?": one real client in a fork, everything that happened to its packets.
 *
 * @example
 * ```ts
 * import { createCluster, walk } from "podwire";
 * const cluster = createCluster();
 * cluster.settle();
 * const answer = cluster.ask(walk({ from: "node/kind-worker", to: "node/kind-worker2", protocol: "icmp" }));
 * console.log(answer.verdict); // => delivered
 * ```
 */
import { MS, SECOND } from "../base/time.js";
import type { Cluster, Question } from "../cluster/cluster.js";
import type { Recording } from "../cluster/recording.js";
import { launch } from "../linux/sock/app.js";
import type { Stack } from "../linux/stack.js";
import type { ClientArguments, ClientResult } from "../models/app/client.js";
import { Packets } from "../packet/packets.js";
import { dnsQuery, encodeDns } from "../packet/wire/dns.js";
import { DNS_TYPE } from "../packet/wire/dns-record.js";
import { pathOf } from "../observe/path.js";
import type { Path, Verdict, Walk } from "../observe/walk-record.js";
import { TraceRing, type TraceStep } from "../trace/ring.js";
import { lookupWalks } from "./lookup-walks.js";
import { otherIsolators } from "./other-isolators.js";
import { type Destination, type DestinationHints, destinationOf, type Source, sourceOf } from "./target.js";

/** What is asked; see the contract of the command line for the forms of `from` and `to`. */
export interface WalkQuery extends DestinationHints {
  readonly from: string;
  readonly to: string;
  /** ns of virtual time after which the client gives up (10 s) */
  readonly timeout?: number;
  /** TCP and UDP: the client's own port, for asking about a flow that stands already; any free one unless given */
  readonly sourcePort?: number;
}

/** A walk and what it was made from. */
export interface RecordedWalk {
  readonly walk: Walk;
  readonly recording: Recording;
}

const TIMEOUT: number = 10 * SECOND;
/** Names are given this long before the client is stopped. */
const RESOLVE_TIMEOUT: number = 60 * SECOND;
/** How long the world goes on after the client has ended, for what is still under way. */
const AFTERMATH: number = 20 * MS;
const STEPS_KEPT = 1 << 20;
/** A name server answers nothing but questions, so a datagram to port 53 is one. */
const DNS_PORT = 53;
const DNS_ID = 0x7077;
const PROBED_NAME = "kubernetes.default.svc.cluster.local";

/** The question itself: `cluster.ask(walk({from, to}))`. Throws an InputError where an end does not exist. */
export function walk(query: WalkQuery): Question<Walk> {
  return { answer: (fork) => recordWalk(fork, query).walk };
}

/** The same with its recording: `cluster.ask(recordedWalk({from, to}))`. */
export function recordedWalk(query: WalkQuery): Question<RecordedWalk> {
  return { answer: (fork) => recordWalk(fork, query) };
}

function recordWalk(fork: Cluster, query: WalkQuery): RecordedWalk {
  const source = sourceOf(fork, query.from);
  const destination = destinationOf(fork, source, query.to, query);
  const { stack } = fork;
  const ring = new TraceRing(STEPS_KEPT);
  stack.trace = ring;
  stack.snapshots = new Packets(1024);
  const args: ClientArguments = {
    host: destination.host,
    port: destination.port,
    protocol: destination.protocol,
    resolv: source.resolv,
    request: destination.protocol === "tcp" ? httpRequest(destination) : "",
    timeout: query.timeout ?? TIMEOUT,
    ...(query.sourcePort === undefined ? {} : { sourcePort: query.sourcePort }),
    ...(destination.protocol === "udp" && destination.port === DNS_PORT ? { requestBytes: [...encodeDns(dnsQuery(DNS_ID, PROBED_NAME, DNS_TYPE.A))] } : {}),
  };
  const app = launch(stack, source.ns, "client", args as unknown as Readonly<Record<string, unknown>>);
  const result = runClient(fork, app, query.timeout ?? TIMEOUT);
  return { walk: compose(fork, ring, source, destination, result), recording: { stack, ring } };
}

function httpRequest({ host, port, path }: Destination): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: podwire\r\n\r\n`;
}

function runClient(fork: Cluster, app: number, timeout: number): ClientResult {
  const { engine, stack } = fork.world;
  const end = engine.now + RESOLVE_TIMEOUT + timeout;
  while (stack.app.apps.get(app)!.exit === undefined && engine.nextTime() <= end && engine.step());
  const result = stack.app.apps.get(app)!.state as unknown as ClientResult;
  fork.run(AFTERMATH);
  return result;
}

function compose(fork: Cluster, ring: TraceRing, source: Source, destination: Destination, result: ClientResult): Walk {
  const { stack } = fork;
  const steps = ring.steps();
  const places = (ns: number): { node: string; netns: string } => fork.placeOf(ns);
  const { walks: lookups, end: resolved } = result.lookups.length > 0 || result.outcome === "unresolved" ? lookupWalks(stack, ring, source.ns, source.resolv, places) : { walks: [], end: 0 };
  const sent = sentTo(stack, steps, source.ns, result.address, destination, resolved);
  const attempts = sent.map(({ step, index }) => ({ index, path: pathOf(stack, ring, step.packet, places, index)! }));
  const main = attempts.find((attempt) => attempt.path.end.result === "delivered" || attempt.path.end.result === "consumed") ?? attempts[0];
  const reply = main === undefined ? null : replyTo(stack, ring, steps, main.index, main.path, places);
  const verdict = judge(result, main?.path ?? null, reply);
  const deciding = verdict === "unresolved" ? (lookups.find((one) => one.query.end.result === "dropped")?.query ?? null) : decidingPath(verdict, main?.path ?? null, reply);
  const end = deciding?.end ?? nowhere(fork, source, result);
  const also = end.cause === undefined ? [] : otherIsolators(fork, end, source);
  return {
    verdict,
    from: source.party,
    to: { ...destination.party, ...(destination.party.address === undefined && result.address !== "" ? { address: result.address } : {}) },
    protocol: destination.protocol,
    port: destination.port,
    errno: result.errno,
    lookups,
    hops: main?.path.hops ?? [],
    end: also.length === 0 ? end : { ...end, also },
    ...(reply === null ? {} : { reply }),
    answer: result.reply,
    notes: fork.control.policyNotes(),
    fingerprint: fork.fingerprint(),
  };
}

/** Steps at which the client's packets began: one for each attempt. */
function sentTo(s: Stack, steps: readonly TraceStep[], ns: number, address: string, to: Destination, after: number): { step: TraceStep; index: number }[] {
  const c = s.snapshots!.c;
  const found: { step: TraceStep; index: number }[] = [];
  steps.forEach((step, index) => {
    if (index < after || step.ns !== ns || s.book.text(c.dst[step.snap]!) !== address) return;
    const proto = c.proto[step.snap]!;
    const isFirst =
      to.protocol === "tcp"
        ? proto === 6 && c.dport[step.snap] === to.port && (c.flags[step.snap]! & 0x12) === 0x02
        : to.protocol === "udp"
          ? proto === 17 && c.dport[step.snap] === to.port
          : proto === 1 && c.icmpType[step.snap] === 8;
    if (isFirst && !found.some((known) => known.step.packet === step.packet)) found.push({ step, index });
  });
  return found;
}

/** The first packet that came back: an answer from where the packet arrived, or an error about it from anywhere. */
function replyTo(s: Stack, ring: TraceRing, steps: readonly TraceStep[], from: number, main: Path, places: (ns: number) => { node: string; netns: string }): Path | null {
  const c = s.snapshots!.c;
  const id = steps[from]!.packet;
  const arrival = main.hops[main.hops.length - 1];
  for (let i = from + 1; i < steps.length; i++) {
    const { snap, packet } = steps[i]!;
    if (packet === id || c.src[snap] === 0) continue;
    const inner = c.inner[snap]!;
    const isError = c.proto[snap] === 1 && inner !== 0 && c.id[inner] === id;
    const here = places(steps[i]!.ns);
    const isAnswer =
      arrival !== undefined && here.netns === arrival.netns && here.node === arrival.node &&
      s.book.text(c.src[snap]!) === arrival.packet.dst && s.book.text(c.dst[snap]!) === arrival.packet.src && c.proto[snap] === protoOf(arrival.packet.proto) && c.dport[snap] === (c.proto[snap] === 1 ? c.dport[snap] : arrival.packet.sport);
    if (isError || isAnswer) return pathOf(s, ring, packet, places, i);
  }
  return null;
}

const protoOf = (word: string): number => (word === "tcp" ? 6 : word === "udp" ? 17 : word === "icmp" ? 1 : 0);


/** The packet's fate, by the contract's words. */
function judge(result: ClientResult, main: Path | null, reply: Path | null): Verdict {
  if (result.outcome === "unresolved" || (main === null && result.address === "")) return "unresolved";
  if (result.outcome === "ok") return "delivered";
  if (main === null) return "dropped";
  const cameBack = reply !== null && reply.end.netns === main.hops[0]?.netns && reply.end.result !== "dropped" && reply.hops[0]?.netns !== main.hops[0]?.netns;
  if (result.outcome === "refused" || (result.outcome === "error" && cameBack)) return "rejected";
  if (main.end.result === "dropped" || reply?.end.result === "dropped") return "dropped";
  return "timeout";
}

/** The path whose end is the walk's end. */
function decidingPath(verdict: Verdict, main: Path | null, reply: Path | null): Path | null {
  if (verdict === "dropped" && main !== null && main.end.result !== "dropped" && reply?.end.result === "dropped") return reply;
  return main;
}

/** The end of a walk whose client could not send a single packet. */
function nowhere(fork: Cluster, source: Source, result: ClientResult): Path["end"] {
  const { node, netns } = fork.placeOf(source.ns);
  const meaning = result.outcome === "unresolved" ? "no name server knows the name" : "the client's own kernel refused to send";
  return { result: "dropped", reason: result.errno === "" ? "NOT_SPECIFIED" : result.errno, meaning, node, netns, device: "" };
}

