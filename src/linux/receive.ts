/** netif_receive_skb (net/core/dev.c): a frame has come in; to the bridge that the device is a port of, to ARP, or to IP. */
import { DROP, ETHERTYPE } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { arpProxied, arpReceive } from "./arp.js";
import { bridgeReceive } from "./dev/bridge.js";
import { leaveBridgeNf } from "./dev/bridge-nf.js";
import { classify } from "./dev/frame.js";
import { pollCells } from "./dev/gro-cells.js";
import { shapeIn } from "./dev/shape.js";
import { isUp } from "./device.js";
import { NDISC_DELAYED, ndiscDelayed } from "./ndisc-receive.js";
import { neighbourTimer } from "./neigh.js";
import { DEVF, EV, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

/** A frame that has just arrived at `dev`. */
export function receive(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  c.dev[p] = dev;
  c.iif[p] = dev;
  classify(s, p, dev);
  if (s.trace !== null) traceStep(s, STEP.DEVICE_IN, p, s.dev.c.ns[dev]!, dev, 0, 0);
  if (s.dev.c.master[dev] !== 0) bridgeReceive(s, p, dev, bridgeUp);
  else deliver(s, p, dev);
}

/** A bridge hands a frame to its own machine; whom it is for was decided at the port. */
export function bridgeUp(s: Stack, p: number, bridge: number): void {
  s.packets.c.iif[p] = bridge;
  if (s.trace !== null) traceStep(s, STEP.DEVICE_IN, p, s.dev.c.ns[bridge]!, bridge, 0, 0);
  deliver(s, p, bridge);
}

function deliver(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const ns = s.dev.c.ns[dev]!;
  const type = c.etherType[p]!;
  if (type === ETHERTYPE.ARP) {
    arpReceive(s, p, dev);
    return;
  }
  if (type !== ETHERTYPE.IPV4 && type !== ETHERTYPE.IPV6) {
    s.dev.c.rxDropped[dev]!++;
    s.op.drop(p, ns, dev, DROP.INVALID_PROTO);
    return;
  }
  if ((c.meta[p]! & PACKET_META.BRIDGED) !== 0) {
    leaveBridgeNf(s, p);
    if ((c.meta[p]! & PACKET_META.OTHERHOST) !== 0) {
      s.op.drop(p, ns, dev, DROP.OTHERHOST);
      return;
    }
    // ip_sabotage_in: PREROUTING was run by the bridge.
    if (type === ETHERTYPE.IPV4) s.op.ipReceiveFinish(p, dev);
    else s.op.ip6ReceiveFinish(p, dev);
    return;
  }
  if (type === ETHERTYPE.IPV4) s.op.ipReceive(p, dev);
  else s.op.ip6Receive(p, dev);
}

/** A frame leaves a device's backlog, which a device that went down or away meanwhile no longer has. */
function onBacklog(s: Stack, p: number, dev: number): void {
  if (s.packets.c.dev[p] !== dev) s.op.drop(p, 0, 0, DROP.LINK_DOWN);
  else if (!isUp(s, dev)) s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.DEV_READY);
  else if ((s.dev.c.flags[dev]! & DEVF.shaped) === 0 || !shapeIn(s, p, dev)) receive(s, p, dev);
}

export function installReceive(s: Stack): void {
  s.op.receive = (p, dev) => receive(s, p, dev);
  s.engine.on(EV.receive, (p, dev) => onBacklog(s, p, dev));
  s.engine.on(EV.cells, (round) => pollCells(s, round, (p, dev) => onBacklog(s, p, dev)));
  s.engine.on(EV.neighbour, (a, b) => (b === 0 ? neighbourTimer(s, a) : b === NDISC_DELAYED ? ndiscDelayed(s, a) : arpProxied(s, a)));
}
