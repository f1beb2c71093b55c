/** A machine's wire to the next one: like a veth, but with a cable between the ends that takes time and may lose frames. */
import { DROP } from "../../base/codes.js";
import { STEP } from "../../trace/kinds.js";
import { countRx, countTx, isUp } from "../device.js";
import { CABLE, cableTakes } from "../link.js";
import { EV, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { fitsDevice, frameBytes, scrub } from "./frame.js";

export function uplinkTransmit(s: Stack, p: number, dev: number): void {
  const c = s.dev.c;
  const ns = c.ns[dev]!;
  const peer = c.peer[dev]!;
  const link = s.devInfo.get(dev)!.link!;
  const bytes = frameBytes(s, p);
  const took = cableTakes(s, dev, link, bytes);
  if (took === CABLE.full) {
    c.txDropped[dev]!++;
    s.op.drop(p, ns, dev, DROP.QDISC_DROP);
    return;
  }
  countTx(s, dev, bytes);
  if (took === CABLE.lost) {
    s.op.drop(p, ns, dev, DROP.LINK_LOSS);
    return;
  }
  if (s.trace !== null) traceStep(s, STEP.LINK, p, ns, dev, Math.min(took, 0x7fffffff), bytes);
  scrub(s, p, true);
  s.packets.c.dev[p] = peer;
  s.engine.schedule(took, EV.arrive, p, peer);
}

/** The far end takes a frame off the cable; an end that has gone down or away since it was sent does not. */
function uplinkArrive(s: Stack, p: number, dev: number): void {
  const gone = s.packets.c.dev[p] !== dev;
  if (gone || !isUp(s, dev) || !fitsDevice(s, p, dev)) {
    if (!gone) s.dev.c.rxDropped[dev]!++;
    s.op.drop(p, gone ? 0 : s.dev.c.ns[dev]!, gone ? 0 : dev, gone || !isUp(s, dev) ? DROP.LINK_DOWN : DROP.PKT_TOO_BIG);
    return;
  }
  countRx(s, dev, frameBytes(s, p));
  s.op.receive(p, dev);
}

export function installUplink(s: Stack): void {
  s.engine.on(EV.arrive, (p, dev) => uplinkArrive(s, p, dev));
}
