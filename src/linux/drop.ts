/** kfree_skb_reason: the one place where packets end badly. */
import { STEP } from "../trace/kinds.js";
import { forgetFlow } from "./nf/conntrack.js";
import type { Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** Records why packet `p` ends at `dev` and gives its row back. */
export function drop(s: Stack, p: number, ns: number, dev: number, reason: number): void {
  if (s.trace !== null) traceStep(s, STEP.DROP, p, ns, dev, reason, 0);
  if (s.packets.c.ct[p] !== 0) forgetFlow(s, p);
  s.packets.release(p);
}

export function installDrop(s: Stack): void {
  s.op.drop = (p, ns, dev, reason) => drop(s, p, ns, dev, reason);
}
