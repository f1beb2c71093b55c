/** A cable: serialisation at a rate, a queue in front of it, delay, and loss drawn from the sending device's own stream. */
import { SECOND } from "../base/time.js";
import { devicePlace } from "./device.js";
import type { LinkOptions, Stack } from "./stack.js";

/** txqueuelen; the queue is as many frames of the device's MTU (bfifo's default limit). */
const QUEUE_FRAMES = 1000;

/** What a cable did with a frame, where it did not bring it over. */
export const CABLE = Object.freeze({ full: -1, lost: -2 } as const);

/** ns from now until the last bit of a frame has arrived at the other end, or a CABLE number. A lost frame took its time on the cable. */
export function cableTakes(s: Stack, dev: number, link: LinkOptions, bytes: number): number {
  const c = s.dev.c;
  const { now } = s.engine;
  let wait = 0;
  if (link.rate > 0) {
    const ahead = Math.max(0, c.busyUntil[dev]! - now);
    const queued = (ahead * link.rate) / (8 * SECOND);
    if (queued + bytes > QUEUE_FRAMES * (c.mtu[dev]! + 14)) return CABLE.full;
    wait = ahead + Math.ceil((bytes * 8 * SECOND) / link.rate);
    c.busyUntil[dev] = now + wait;
  }
  if (link.loss > 0 && s.streams.float(s.streams.stream(`${devicePlace(s, dev)}/loss`)) < link.loss) return CABLE.lost;
  return wait + link.delay;
}
