/** The names a client asked for, from the packets it sent: every miss of the search list is there, because it was a packet. */
import type { Stack } from "../linux/stack.js";
import type { ResolvConf } from "../models/dns/resolv-conf.js";
import { type Places, pathOf } from "../observe/path.js";
import type { LookupWalk } from "../observe/walk-record.js";
import { decodeDns, DNS_RCODE, type DnsMessage } from "../packet/wire/dns.js";
import { DNS_TYPE } from "../packet/wire/dns-record.js";
import { STEP } from "../trace/kinds.js";
import type { TraceRing } from "../trace/ring.js";

const UDP = 17;
const DNS_PORT = 53;

const RCODES: Readonly<Record<number, string>> = Object.freeze(Object.fromEntries(Object.entries(DNS_RCODE).map(([word, number]) => [number, word])));
const TYPES: Readonly<Record<number, string>> = Object.freeze(Object.fromEntries(Object.entries(DNS_TYPE).map(([word, number]) => [number, word])));

function messageOf(s: Stack, snap: number): DnsMessage | null {
  const c = s.snapshots!.c;
  const bytes = s.payloads.bytes(c.payload[snap]!).subarray(c.payOff[snap]!, c.payOff[snap]! + c.payLen[snap]!);
  const message = decodeDns(bytes);
  return "malformed" in message ? null : message;
}

/** The lookups of a client, and the number of the step behind which nothing of them is left to come. */
export interface Lookups {
  readonly walks: readonly LookupWalk[];
  readonly end: number;
}

/** One record for each question that left the namespace before the client knew its address, in the order they were sent. */
export function lookupWalks(s: Stack, ring: TraceRing, ns: number, resolv: ResolvConf, places: Places): Lookups {
  const c = s.snapshots!.c;
  const steps = ring.steps();
  const isDns = (snap: number, port: "sport" | "dport"): boolean => c.proto[snap] === UDP && c[port][snap] === DNS_PORT && c.inner[snap] === 0;
  const found: LookupWalk[] = [];
  let end = 0;
  steps.forEach((step, index) => {
    const server = s.book.text(c.dst[step.snap]!);
    if (step.kind !== STEP.SEND || step.ns !== ns || !isDns(step.snap, "dport") || !resolv.nameservers.includes(server)) return;
    const query = messageOf(s, step.snap);
    const question = query?.questions[0];
    if (query === null || question === undefined) return;
    const port = c.sport[step.snap]!;
    const backAt = steps.findIndex(
      (other, i) => i > index && other.kind === STEP.DELIVER && other.ns === ns && isDns(other.snap, "sport") && c.dport[other.snap] === port && messageOf(s, other.snap)?.id === query.id,
    );
    const back = backAt < 0 ? undefined : steps[backAt];
    end = Math.max(end, backAt);
    const answer = back === undefined ? null : messageOf(s, back.snap);
    const reply = back === undefined ? null : pathOf(s, ring, back.packet, places);
    found.push({
      name: question.name,
      type: TYPES[question.type] ?? String(question.type),
      server,
      rcode: answer === null ? "" : (RCODES[answer.rcode] ?? String(answer.rcode)),
      addresses: (answer?.answers ?? []).flatMap((record) => (record.type === "A" || record.type === "AAAA" ? [record.address] : [])),
      query: pathOf(s, ring, step.packet, places, index)!,
      ...(reply === null ? {} : { reply }),
    });
  });
  return { walks: found, end };
}
