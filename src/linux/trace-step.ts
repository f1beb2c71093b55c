import type { Stack } from "./stack.js";

/**
 * Records one step of packet `p` with the packet as it is now. Only called where `s.trace` is not null; `kind` is a STEP
 * number, `a` and `b` what trace/kinds.ts says of it.
 */
export function traceStep(s: Stack, kind: number, p: number, ns: number, dev: number, a: number, b: number): void {
  const { trace, snapshots, packets } = s;
  if (trace === null) return;
  const snap = snapshots === null ? 0 : snapshots.copyFrom(packets, p);
  trace.step(s.engine.now, kind, packets.c.id[p]!, ns, dev, a, b, snap);
}
