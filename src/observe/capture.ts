/** A recording as a capture file: one interface for each device a frame was seen at, frames as bytes, the reason of a drop as a comment. */
import { DROP_REASONS } from "../base/codes.js";
import { carriesIp } from "../linux/device.js";
import type { Stack } from "../linux/stack.js";
import { ETHERNET_BYTES } from "../packet/wire/ethernet.js";
import { encodeFrame, frameRoom } from "../packet/wire/frame-writer.js";
import { STEP } from "../trace/kinds.js";
import type { TraceRing } from "../trace/ring.js";
import type { Places } from "./path.js";
import { type CaptureInterface, writePcapng } from "./pcapng.js";

/** "kind-worker/flannel.1", or "default/web-0/eth0" in a pod. */
function interfaceName(s: Stack, ns: number, dev: number, places: Places): string {
  const { node, netns } = places(ns);
  const device = s.devInfo.get(dev)?.name ?? `if${dev}`;
  return node === netns ? `${node}/${device}` : `${node}/${netns}/${device}`;
}

/** The bytes of a pcapng file with every frame of the recording at every device, in time order. */
export function capture(s: Stack, ring: TraceRing, places: Places): Uint8Array {
  const interfaces: CaptureInterface[] = [];
  const numbers = new Map<number, number>();
  const packets: { interface: number; time: number; bytes: Uint8Array; comment?: string; direction: "in" | "out" }[] = [];
  const lastFrame = new Map<number, number>();
  const snapshots = s.snapshots!;
  let room = new Uint8Array(2048);
  for (const step of ring.steps()) {
    if (step.kind === STEP.DROP) {
      const at = lastFrame.get(step.packet);
      const reason = DROP_REASONS[step.a];
      if (at !== undefined && reason !== undefined) packets[at] = { ...packets[at]!, comment: `dropped: ${reason.word}, ${reason.meaning}` };
      continue;
    }
    if (step.kind !== STEP.DEVICE_IN && step.kind !== STEP.DEVICE_OUT) continue;
    let number = numbers.get(step.dev);
    if (number === undefined) {
      number = interfaces.push({ name: interfaceName(s, step.ns, step.dev, places), ...(carriesIp(s.dev.c.kind[step.dev]!) ? { link: "raw" } : {}) }) - 1;
      numbers.set(step.dev, number);
    }
    const needed = frameRoom(snapshots.c, step.snap);
    if (needed > room.length) room = new Uint8Array(needed * 2);
    const length = encodeFrame(snapshots, s.payloads, s.book, step.snap, room);
    lastFrame.set(step.packet, packets.length);
    packets.push({ interface: number, time: step.time, bytes: room.slice(interfaces[number]!.link === "raw" ? ETHERNET_BYTES : 0, length), direction: step.kind === STEP.DEVICE_IN ? "in" : "out" });
  }
  return writePcapng({ interfaces, packets });
}
