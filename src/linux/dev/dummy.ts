import { STEP } from "../../trace/kinds.js";
import { countTx } from "../device.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { frameBytes } from "./frame.js";

/** dummy_xmit (drivers/net/dummy.c): counts the frame and forgets it. */
export function dummyTransmit(s: Stack, p: number, dev: number): void {
  countTx(s, dev, frameBytes(s, p));
  if (s.trace !== null) traceStep(s, STEP.CONSUMED, p, s.dev.c.ns[dev]!, dev, 0, 0);
  s.packets.release(p);
}
