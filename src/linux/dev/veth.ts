import { DROP } from "../../base/codes.js";
import { countRx, countTx, isUp } from "../device.js";
import { EV, type Stack } from "../stack.js";
import { fitsDevice, frameBytes, scrub } from "./frame.js";

/** veth_xmit (drivers/net/veth.c): into the other end's backlog. The counters of receiving are those of the sender. */
export function vethTransmit(s: Stack, p: number, dev: number): void {
  const peer = s.dev.c.peer[dev]!;
  const ns = s.dev.c.ns[dev]!;
  if (peer === 0 || !isUp(s, peer) || !fitsDevice(s, p, peer)) {
    s.dev.c.txDropped[dev]!++;
    if (peer !== 0) s.dev.c.rxDropped[peer]!++;
    s.op.drop(p, ns, dev, peer === 0 || !isUp(s, peer) ? DROP.LINK_DOWN : DROP.PKT_TOO_BIG);
    return;
  }
  const bytes = frameBytes(s, p);
  countTx(s, dev, bytes);
  countRx(s, peer, bytes);
  scrub(s, p, s.dev.c.ns[peer] !== ns);
  s.packets.c.dev[p] = peer;
  s.engine.schedule(0, EV.receive, p, peer);
}
