/** What a recording and the kernels' counters come to: drops by reason and place, packets by device. */
import { DROP_REASONS } from "../base/codes.js";
import { compareText } from "../base/names.js";
import type { Stack } from "../linux/stack.js";
import { STEP } from "../trace/kinds.js";
import type { TraceRing } from "../trace/ring.js";
import type { Places } from "./path.js";

/** Packets that ended for one reason in one namespace. */
export interface DropCount {
  readonly reason: string;
  readonly meaning: string;
  readonly node: string;
  readonly netns: string;
  readonly packets: number;
}

/** A device's counters since it was made, as `ip -s link` shows them. */
export interface DeviceCount {
  readonly node: string;
  readonly netns: string;
  readonly device: string;
  readonly rxPackets: number;
  readonly rxBytes: number;
  readonly rxDropped: number;
  readonly txPackets: number;
  readonly txBytes: number;
  readonly txDropped: number;
}

/** Drops of a recording, most first; devices that carried anything, by place. */
export interface Statistics {
  readonly drops: readonly DropCount[];
  readonly devices: readonly DeviceCount[];
}

/** Counts; without a recording there are no drops, for kernels keep no list of them. */
export function statistics(s: Stack, places: Places, ring?: TraceRing): Statistics {
  return { drops: ring === undefined ? [] : dropsOf(ring, places), devices: devicesOf(s, places) };
}

function dropsOf(ring: TraceRing, places: Places): DropCount[] {
  const counts = new Map<string, DropCount>();
  for (const step of ring.steps()) {
    if (step.kind !== STEP.DROP) continue;
    const { word: reason = "", meaning = "" } = DROP_REASONS[step.a] ?? {};
    const key = `${step.a} ${step.ns}`;
    counts.set(key, { reason, meaning, ...places(step.ns), packets: (counts.get(key)?.packets ?? 0) + 1 });
  }
  return [...counts.values()].sort((x, y) => y.packets - x.packets || compareText(x.reason, y.reason) || compareText(`${x.node}/${x.netns}`, `${y.node}/${y.netns}`));
}

function devicesOf(s: Stack, places: Places): DeviceCount[] {
  const { c } = s.dev;
  const counts = [...s.devInfo].map(([dev, { name }]): DeviceCount => ({
    ...places(c.ns[dev]!),
    device: name,
    rxPackets: c.rxPackets[dev]!,
    rxBytes: c.rxBytes[dev]!,
    rxDropped: c.rxDropped[dev]!,
    txPackets: c.txPackets[dev]!,
    txBytes: c.txBytes[dev]!,
    txDropped: c.txDropped[dev]!,
  }));
  const named = ({ node, netns, device }: DeviceCount): string => `${node}/${netns === node ? "" : netns}/${device}`;
  return counts.filter((each) => each.rxPackets + each.txPackets + each.rxDropped + each.txDropped > 0).sort((x, y) => compareText(named(x), named(y)));
}

/** Two tables for a terminal. */
export function statisticsText({ drops, devices }: Statistics): string {
  const where = ({ node, netns }: { readonly node: string; readonly netns: string }): string => (node === netns ? node : `${node}/${netns}`);
  const lost = [["DROPPED", "REASON", "WHERE", "MEANING"], ...drops.map((each) => [`${each.packets}`, each.reason, where(each), each.meaning])];
  const carried = [
    ["DEVICE", "RX PACKETS", "RX BYTES", "RX DROPPED", "TX PACKETS", "TX BYTES", "TX DROPPED"],
    ...devices.map((each) => [
      `${where(each)}/${each.device}`,
      ...[each.rxPackets, each.rxBytes, each.rxDropped, each.txPackets, each.txBytes, each.txDropped].map(String),
    ]),
  ];
  return [...(drops.length === 0 ? [] : [table(lost)]), table(carried)].join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) => `${row.map((cell, at) => cell.padEnd(widths[at]!)).join("   ").trimEnd()}\n`).join("");
}
