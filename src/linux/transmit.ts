/** dev_queue_xmit (net/core/dev.c): a frame with its MACs leaves by a device, each kind in its own way. */
import { DROP } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { STEP } from "../trace/kinds.js";
import { bridgeResume, bridgeTransmit } from "./dev/bridge.js";
import { dummyTransmit } from "./dev/dummy.js";
import { ipipTransmit } from "./dev/ipip.js";
import { loopbackTransmit } from "./dev/loopback.js";
import { installShaping, shapeOut } from "./dev/shape.js";
import { uplinkTransmit } from "./dev/uplink.js";
import { vethTransmit } from "./dev/veth.js";
import { vxlanTransmit } from "./dev/vxlan.js";
import { wireguardTransmit } from "./dev/wireguard.js";
import { isRunning, isUp } from "./device.js";
import { bridgeUp } from "./receive.js";
import { DEV, DEVF, type Stack } from "./stack.js";
import { traceStep } from "./trace-step.js";

export function transmit(s: Stack, p: number, dev: number): void {
  if (!isRunning(s, dev)) {
    // Without carrier the queueing discipline is noop, which drops and counts.
    s.dev.c.txDropped[dev]!++;
    s.op.drop(p, s.dev.c.ns[dev]!, dev, isUp(s, dev) ? DROP.LINK_DOWN : DROP.DEV_READY);
    return;
  }
  if ((s.dev.c.flags[dev]! & DEVF.shaped) !== 0 && shapeOut(s, p, dev)) return;
  hand(s, p, dev);
}

/** dev_hard_start_xmit: the frame has no queue before it any more. */
function hand(s: Stack, p: number, dev: number): void {
  const c = s.packets.c;
  const kind = s.dev.c.kind[dev]!;
  if (!isRunning(s, dev)) {
    s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.LINK_DOWN);
    return;
  }
  c.dev[p] = dev;
  if (s.trace !== null) traceStep(s, STEP.DEVICE_OUT, p, s.dev.c.ns[dev]!, dev, 0, 0);
  if (kind === DEV.bridge && (c.meta[p]! & PACKET_META.BRIDGED_DNAT) !== 0) {
    bridgeResume(s, p, dev, bridgeUp);
    return;
  }
  switch (kind) {
    case DEV.loopback:
      return loopbackTransmit(s, p, dev);
    case DEV.veth:
      return vethTransmit(s, p, dev);
    case DEV.bridge:
      return bridgeTransmit(s, p, dev);
    case DEV.vxlan:
      return vxlanTransmit(s, p, dev);
    case DEV.uplink:
      return uplinkTransmit(s, p, dev);
    case DEV.dummy:
      return dummyTransmit(s, p, dev);
    case DEV.ipip:
      return ipipTransmit(s, p, dev);
    case DEV.wireguard:
      return wireguardTransmit(s, p, dev);
    default:
      return s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.NOT_MODELLED);
  }
}

/** dev_xmit_recursion: a tunnel whose outer packets are led into it again would never end. */
const RECURSION_LIMIT = 8;

export function installTransmit(s: Stack): void {
  installShaping(s, (p, dev) => hand(s, p, dev));
  s.op.transmit = (p, dev) => {
    if (s.nested > RECURSION_LIMIT) {
      s.dev.c.txDropped[dev]!++;
      s.op.drop(p, s.dev.c.ns[dev]!, dev, DROP.XMIT_RECURSION);
      return;
    }
    s.nested++;
    try {
      transmit(s, p, dev);
    } finally {
      s.nested--;
    }
  };
}
