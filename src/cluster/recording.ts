/** What happened to packets, step by step, from the instant at which it was asked for. */
import type { Stack } from "../linux/stack.js";
import { Packets } from "../packet/packets.js";
import { TraceRing } from "../trace/ring.js";

/** A recording that walks, captures and other views are made from. */
export interface Recording {
  readonly stack: Stack;
  readonly ring: TraceRing;
}

/** Records in these kernels from now on, in the place of a recording that runs; only the last `limit` steps are kept. */
export function record(stack: Stack, limit: number): Recording {
  const snapshots = new Packets(1024);
  const ring = new TraceRing(limit, (snap) => {
    if (snap !== 0) snapshots.release(snap);
  });
  stack.trace = ring;
  stack.snapshots = snapshots;
  return { stack, ring };
}
