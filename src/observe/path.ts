/**
 * The way of one packet, put together from a trace: every record of it, of the tunnel packets around it and of the copies
 * that a flooding bridge made, cut into hops where it enters or leaves a device.
 */
import type { Stack } from "../linux/stack.js";
import type { Packets } from "../packet/packets.js";
import { STEP } from "../trace/kinds.js";
import type { TraceRing, TraceStep } from "../trace/ring.js";
import { causeView, type DecodeMemory, decodeStep } from "./decode.js";
import { viewPacket } from "./packet-view.js";
import type { Hop, Path, PathEnd, WalkStep } from "./walk-record.js";

/** Who a namespace is, in the words of the world's owner. */
export type Places = (ns: number) => { readonly node: string; readonly netns: string };

const ICMP = 1;
/** Drops that the route is to blame for. */
const ROUTE_REASONS: ReadonlySet<string> = new Set(["BLACKHOLE", "UNREACHABLE", "PROHIBIT", "NEIGH_FAILED", "VXLAN_NO_REMOTE", "NO_TX_TARGET", "PKT_TOO_BIG", "LINK_DOWN", "DEV_READY"]);

/** Whether the snapshot holds, in its tunnel, one of the packets followed. */
function carries(packets: Packets, snap: number, ids: ReadonlySet<number>): boolean {
  const c = packets.c;
  // What is inside an ICMP error is a quotation, in a tunnel too.
  for (let at = snap; c.proto[at] !== ICMP && c.inner[at] !== 0; at = c.inner[at]!) if (ids.has(c.id[c.inner[at]!]!)) return true;
  return false;
}

/** The steps of packet `id` and of what carries or copies it, in time order; `from` is the index of the step to begin at. */
export function stepsOf(s: Stack, steps: readonly TraceStep[], id: number, from = 0): TraceStep[] {
  const packets = s.snapshots!;
  const ids = new Set([id]);
  const found: TraceStep[] = [];
  for (let i = from; i < steps.length; i++) {
    const step = steps[i]!;
    if (!ids.has(step.packet)) {
      const isCopy = step.kind === STEP.CLONE && ids.has(packets.c.parent[step.snap]!);
      if (!isCopy && !carries(packets, step.snap, ids)) continue;
      ids.add(step.packet);
    }
    found.push(step);
  }
  return found;
}

interface OpenHop {
  time: number;
  ns: number;
  dev: number;
  direction: Hop["direction"];
  steps: WalkStep[];
  snap: number;
}

/** Steps into hops: a hop begins where a frame enters or leaves a device; what a host does before its first device belongs to that one. */
function hopsOf(s: Stack, steps: readonly TraceStep[], places: Places): Hop[] {
  const memories = new Map<number, DecodeMemory>();
  const hops: OpenHop[] = [];
  for (const step of steps) {
    let memory = memories.get(step.packet);
    if (memory === undefined) memories.set(step.packet, (memory = { hook: 0, before: 0 }));
    let open = hops[hops.length - 1];
    const begins = step.kind === STEP.DEVICE_IN || step.kind === STEP.DEVICE_OUT;
    const first = open !== undefined && open.direction === "local" && open.ns === step.ns && begins && hops.length === 1;
    if (open === undefined || (begins && !first) || open.ns !== step.ns) {
      open = { time: step.time, ns: step.ns, dev: step.dev, direction: begins ? (step.kind === STEP.DEVICE_IN ? "in" : "out") : "local", steps: [], snap: step.snap };
      hops.push(open);
    } else if (first) {
      open.dev = step.dev;
      open.direction = step.kind === STEP.DEVICE_IN ? "in" : "out";
    }
    if (begins || open.direction === "local") open.snap = step.snap;
    open.steps.push(...decodeStep(s, step, memory));
    memory.before = step.snap;
  }
  return hops.map((hop) => ({
    time: hop.time,
    ...places(hop.ns),
    device: s.devInfo.get(hop.dev)?.name ?? "",
    direction: hop.direction,
    steps: hop.steps,
    packet: viewPacket(s.snapshots!, s.book, hop.snap),
  }));
}

/** How the packet ended: delivered if any copy was, else the last drop that is not a copy's for another host. */
function endOf(s: Stack, steps: readonly TraceStep[], places: Places): PathEnd {
  const where = (step: TraceStep): Pick<PathEnd, "node" | "netns" | "device" | "packet"> => ({
    ...places(step.ns),
    device: s.devInfo.get(step.dev)?.name ?? "",
    packet: viewPacket(s.snapshots!, s.book, step.snap),
  });
  const last = steps[steps.length - 1]!;
  const delivered = steps.find((step) => step.kind === STEP.DELIVER);
  const consumed = delivered ?? steps.find((step) => step.kind === STEP.CONSUMED);
  if (consumed !== undefined) {
    return { result: delivered === undefined ? "consumed" : "delivered", reason: "", meaning: delivered === undefined ? "the kernel took it itself" : "a program's socket took it", ...where(consumed) };
  }
  const drops = steps.filter((step) => step.kind === STEP.DROP);
  const drop = drops.find((step) => decodeReason(s, step) !== "OTHERHOST") ?? drops[drops.length - 1];
  if (drop === undefined) return { result: "in-flight", reason: "", meaning: "still under way when the recording ended", ...where(last) };
  const end = decodeStep(s, drop, { hook: 0, before: 0 })[0] as Extract<WalkStep, { kind: "end" }>;
  return { result: "dropped", reason: end.reason, meaning: end.meaning, ...where(drop), ...whyDropped(s, steps, drop, end.reason) };
}

function decodeReason(s: Stack, step: TraceStep): string {
  return (decodeStep(s, step, { hook: 0, before: 0 })[0] as Extract<WalkStep, { kind: "end" }>).reason;
}

/** A drop by netfilter was said by the rule or policy before it; one by routing, by the route. */
function whyDropped(s: Stack, steps: readonly TraceStep[], drop: TraceStep, reason: string): Pick<PathEnd, "cause" | "rule"> {
  const at = steps.indexOf(drop);
  for (let i = at - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (step.ns !== drop.ns) break;
    if (reason === "NETFILTER_DROP" && step.kind === STEP.IPVS_NO_SERVER) {
      const cause = causeView(s, step.a);
      return cause === undefined ? {} : { cause };
    }
    if (reason === "NETFILTER_DROP" && (step.kind === STEP.RULE || step.kind === STEP.CHAIN_POLICY)) {
      const place = s.nf.places.get(step.a);
      if (place === undefined) break;
      const cause = causeView(s, place.cause);
      const table = ["raw", "mangle", "nat", "filter", "security"][place.table]!;
      return { rule: { table, chain: place.chain, number: place.number, text: place.text }, ...(cause === undefined ? {} : { cause }) };
    }
    if (step.kind === STEP.ROUTE || step.kind === STEP.ROUTE_LOCAL) {
      const found = decodeStep(s, step, { hook: 0, before: 0 })[0] as Extract<WalkStep, { kind: "route" }>;
      return ROUTE_REASONS.has(reason) && found.cause !== undefined ? { cause: found.cause } : {};
    }
  }
  return {};
}

/** The path of packet `id` in a recording, from step number `from` on; null if nothing of it was recorded. */
export function pathOf(s: Stack, ring: TraceRing, id: number, places: Places, from = 0): Path | null {
  const recorded = ring.steps();
  const steps = stepsOf(s, recorded, id, Math.max(0, Math.min(from, recorded.findIndex((step) => step.packet === id))));
  const first = steps[0];
  if (first === undefined) return null;
  const hops = hopsOf(s, steps, places);
  return { packet: hops[0]?.packet ?? viewPacket(s.snapshots!, s.book, first.snap), hops, end: endOf(s, steps, places) };
}
