/** What `capture` and `trace` of a lab record: frames at devices, and rules that traced packets met. */
import { deviceName } from "../../linux/device.js";
import { TABLE_NAMES } from "../../linux/nf/table.js";
import { DEV, type Stack } from "../../linux/stack.js";
import { PACKET_META } from "../../packet/columns.js";
import { Packets } from "../../packet/packets.js";
import { STEP } from "../../trace/kinds.js";
import type { TraceSink } from "../../trace/sink.js";
import { frameText, packetText } from "./frame-text.js";

/** The recorder copies this much of a packet that meets a rule. */
const TRACED_BYTES = 200;

export class Watch implements TraceSink {
  /** each `capture` records for itself, as each opens sockets of its own */
  private readonly captures: ReadonlySet<number>[] = [];
  private frames: string[] = [];
  private readonly traces: Map<number, string[]> = new Map();
  private readonly snapshots: Packets = new Packets();

  constructor(private readonly s: Stack) {}

  capture(namespaces: readonly number[]): void {
    this.captures.push(new Set(namespaces));
    this.begin();
  }

  /** The frames since the last asking. */
  captured(): string[] {
    const { frames } = this;
    this.frames = [];
    return frames;
  }

  trace(namespaces: readonly number[]): void {
    for (const ns of namespaces) this.traces.set(ns, []);
    this.begin();
  }

  traced(): string[] {
    const lines = [...this.traces.values()].flat();
    for (const ns of this.traces.keys()) this.traces.set(ns, []);
    return lines;
  }

  private begin(): void {
    this.s.trace = this;
    this.s.snapshots = this.snapshots;
  }

  step(_time: number, kind: number, _packet: number, ns: number, dev: number, a: number, b: number, snap: number): void {
    if (snap === 0) return;
    if (kind === STEP.DEVICE_IN || kind === STEP.DEVICE_OUT) this.frame(kind, ns, dev, snap);
    else if (kind === STEP.RULE || kind === STEP.CHAIN_RETURN || kind === STEP.CHAIN_POLICY) this.rule(ns, dev, a, b, snap);
    this.snapshots.release(snap);
  }

  private frame(kind: number, ns: number, dev: number, snap: number): void {
    const { s } = this;
    if (s.dev.c.kind[dev] === DEV.loopback) return;
    for (const wanted of this.captures) {
      if (!wanted.has(ns)) continue;
      this.frames.push(`${s.nsInfo.get(ns)!.name} ${deviceName(s, dev)} ${kind === STEP.DEVICE_OUT ? "out" : "in"} ${frameText(this.snapshots, s.book, snap)}`);
    }
  }

  private rule(ns: number, inDev: number, place: number, outDev: number, snap: number): void {
    const { s } = this;
    const lines = this.traces.get(ns);
    const where = s.nf.places.get(place);
    const c = this.snapshots.c;
    if (lines === undefined || where === undefined || where.family !== 4 || (c.meta[snap]! & PACKET_META.NF_TRACE) === 0) return;
    const name = (dev: number): string => (dev === 0 ? "-" : deviceName(s, dev));
    const mark = `0x${(c.mark[snap]! >>> 0).toString(16)}`;
    const packet = packetText(this.snapshots, s.book, snap, TRACED_BYTES);
    lines.push(`${s.nsInfo.get(ns)!.name} ${TABLE_NAMES[where.table]!}:${where.chain}:${where.label}:${where.number} in=${name(inDev)} out=${name(outDev)} mark=${mark} ${packet}`);
  }
}
