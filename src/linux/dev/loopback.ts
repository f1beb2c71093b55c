import { countRx, countTx } from "../device.js";
import { EV, type Stack } from "../stack.js";
import { fillInner, networkBytes } from "./frame.js";

/** loopback_xmit (drivers/net/loopback.c): the same packet, with its flow and mark, comes in again. */
export function loopbackTransmit(s: Stack, p: number, dev: number): void {
  fillInner(s, p);
  const bytes = networkBytes(s, p);
  countTx(s, dev, bytes);
  countRx(s, dev, bytes);
  s.engine.schedule(0, EV.receive, p, dev);
}
