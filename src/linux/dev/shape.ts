/**
 * Token buckets in front of devices (net/sched/sch_tbf.c), and the ifb device that lends one to what comes in (drivers/net/ifb.c,
 * act_mirred). A bucket is first in, first out, so each frame's time of leaving is known when it comes; the frame itself waits as
 * an event.
 */
import { DROP } from "../../base/codes.js";
import { SECOND } from "../../base/time.js";
import { countRx, countTx, isUp, setDeviceInfo } from "../device.js";
import { EV, type Stack, type TokenBucket } from "../stack.js";
import { frameBytes } from "./frame.js";

/** A full bucket. */
export function newBucket(s: Stack, rate: number, burst: number, limit: number): TokenBucket {
  return Object.freeze({ rate, burst, limit, tokens: burst, at: s.engine.now, backlog: 0 });
}

/** tbf_enqueue and tbf_dequeue: ns that the frame waits, or -1 if there is no room for it. */
function waitIn(s: Stack, dev: number, bytes: number): number {
  const { rate, burst, limit, tokens, at, backlog } = s.devInfo.get(dev)!.tbf!;
  if (bytes > burst || backlog + bytes > limit) return -1;
  const { now } = s.engine;
  const start = Math.max(now, at);
  const there = Math.min(burst, tokens + ((start - at) * rate) / SECOND);
  const lacking = Math.max(0, bytes - there);
  const leaves = start + Math.ceil((lacking * SECOND) / rate);
  const left = Math.max(0, there - bytes);
  const waits = leaves > now;
  setDeviceInfo(s, dev, { tbf: Object.freeze({ rate, burst, limit, tokens: left, at: leaves, backlog: waits ? backlog + bytes : backlog }) });
  return leaves - now;
}

/** What a queue drops is counted by the queue, which nobody here can ask, and not by the device. */
function queueFull(s: Stack, p: number, dev: number): void {
  s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.QDISC_DROP);
}

/** A frame on its way out of a shaped device. True: it waits or is lost, and is not the caller's any more. */
export function shapeOut(s: Stack, p: number, dev: number): boolean {
  if (s.devInfo.get(dev)!.tbf === undefined) return false;
  const wait = waitIn(s, dev, frameBytes(s, p));
  if (wait === 0) return false;
  if (wait < 0) queueFull(s, p, dev);
  else {
    s.packets.c.dev[p] = dev;
    s.engine.schedule(wait, EV.shaped, p, dev);
  }
  return true;
}

/** A frame that came in at a device with an ingress qdisc goes through an ifb device first. True: it is not the caller's any more. */
export function shapeIn(s: Stack, p: number, dev: number): boolean {
  const ifb = s.devInfo.get(dev)!.redirect;
  if (ifb === undefined || !s.devInfo.has(ifb)) return false;
  if (!isUp(s, ifb)) {
    s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.DEV_READY);
    return true;
  }
  const wait = s.devInfo.get(ifb)!.tbf === undefined ? 0 : waitIn(s, ifb, frameBytes(s, p));
  if (wait < 0) queueFull(s, p, ifb);
  else if (wait > 0) {
    s.packets.c.dev[p] = ifb;
    s.packets.c.rtDev[p] = dev;
    s.engine.schedule(wait, EV.shaped, p, ifb);
    return true;
  } else countIfb(s, p, ifb);
  return wait !== 0;
}

function countIfb(s: Stack, p: number, ifb: number): void {
  const bytes = frameBytes(s, p);
  countRx(s, ifb, bytes);
  countTx(s, ifb, bytes);
}

/** The bucket lets a frame go: on out of its device, or back to the one it came in by. */
function released(s: Stack, p: number, dev: number, transmit: (p: number, dev: number) => void): void {
  const c = s.packets.c;
  if (c.dev[p] !== dev) {
    s.op.drop(p, 0, 0, DROP.LINK_DOWN);
    return;
  }
  const { tbf } = s.devInfo.get(dev)!;
  if (tbf !== undefined) setDeviceInfo(s, dev, { tbf: Object.freeze({ ...tbf, backlog: Math.max(0, tbf.backlog - frameBytes(s, p)) }) });
  const from = c.rtDev[p]!;
  if (s.devInfo.get(from)?.redirect !== dev) {
    transmit(p, dev);
    return;
  }
  c.rtDev[p] = 0;
  countIfb(s, p, dev);
  if (isUp(s, from)) s.op.receive(p, from);
  else s.op.drop(p, s.dev.c.ns[from]!, from, DROP.DEV_READY);
}

/** `transmit` is the part of dev_queue_xmit behind the queue. */
export function installShaping(s: Stack, transmit: (p: number, dev: number) => void): void {
  s.engine.on(EV.shaped, (p, dev) => released(s, p, dev, transmit));
}
