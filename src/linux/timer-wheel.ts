/**
 * When a kernel timer really fires: the wheel of kernel/time/timer.c keeps far timers in coarse buckets and never fires one
 * early, so one second becomes 1.004 to 1.032 s (HZ=250). TCP's and the neighbours' timers hang there; sleeping programs do not.
 */
import { MS } from "../base/time.js";

/** HZ=250 */
const JIFFY: number = 4 * MS;
const LEVEL_SIZE = 63;
const LEVEL_SHIFT = 3;

/** ns from `now` until a timer set to `delay` ns fires. */
export function wheelDelay(now: number, delay: number): number {
  const ticks = Math.ceil(delay / JIFFY);
  let shift = 0;
  while (ticks >= LEVEL_SIZE * 2 ** shift && shift < 24) shift += LEVEL_SHIFT;
  const grain = 2 ** shift;
  const expires = Math.floor(now / JIFFY) + ticks;
  return (Math.floor(expires / grain) + 1) * grain * JIFFY - now;
}

/** Whether the kernel's clock shows the same time at both. */
export function isSameTick(a: number, b: number): boolean {
  return Math.floor(a / JIFFY) === Math.floor(b / JIFFY);
}
