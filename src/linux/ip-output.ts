/** IP output, of both families (net/ipv4/ip_output.c, net/ipv6/ip6_output.c): OUTPUT for packets of this host, POSTROUTING for all, then the neighbour. */
import { DROP, ETHERTYPE } from "../base/codes.js";
import { IP_FLAG, PACKET_META } from "../packet/columns.js";
import { isUp } from "./device.js";
import { outgrowsMemory } from "./dev/tunnel-room.js";
import { ERRNO } from "./errno.js";
import { splitPacket } from "./fragment.js";
import { ICMP } from "./icmp-codes.js";
import { holdsIcmpLock } from "./icmp-lock.js";
import { ICMP6 } from "./icmp6-codes.js";
import { routeOutput } from "./route-output.js";
import { DEV, EV, HOOK, NF, type Stack } from "./stack.js";

/** Where a hook of the packet's family stands in a namespace's `hooks`. */
function hookBit(s: Stack, p: number, hook: number): number {
  return s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? 8 + hook : hook;
}

/** ip_local_out: a routed packet of this host; runs OUTPUT. 0, EPERM or what NF_DROP_ERR says where a hook refused it, EMSGSIZE, or ENOBUFS where its cable lost it. */
export function ipLocalOut(s: Stack, p: number, ns: number): number {
  const c = s.packets.c;
  c.meta[p] = c.meta[p]! | PACKET_META.LOCAL_OUT;
  const verdict = (s.ns.c.hooks[ns]! & (1 << hookBit(s, p, HOOK.output))) === 0 ? NF.accept : s.op.hook(HOOK.output, p, ns, 0, c.rtDev[p]!);
  // Whoever steals a packet has seen to it.
  if (verdict !== NF.accept) return verdict === NF.stolen ? 0 : s.nf.error;
  return ipOutput(s, p, ns);
}

/** ip_output and ip_finish_output: POSTROUTING, then in as many pieces as the MTU wants to the next hop. */
export function ipOutput(s: Stack, p: number, ns: number): number {
  const c = s.packets.c;
  if ((s.ns.c.hooks[ns]! & (1 << hookBit(s, p, HOOK.postrouting))) !== 0 && s.op.hook(HOOK.postrouting, p, ns, c.iif[p]!, c.rtDev[p]!) !== NF.accept) return ERRNO.EPERM;
  const dev = c.rtDev[p]!;
  const mtu = s.dev.c.mtu[dev]!;
  const inPieces = c.fragMax[p] !== 0 && (c.etherType[p] !== ETHERTYPE.IPV6 || c.ipLen[p]! > c.fragMax[p]!);
  if (c.ipLen[p]! > Math.min(mtu, c.rtMtu[p]! === 0 ? mtu : c.rtMtu[p]!) || inPieces) {
    return tooLong(s, p, ns, dev);
  }
  if (c.etherType[p] === ETHERTYPE.IPV6 && outgrowsMemory(s, p, dev)) {
    s.op.drop(p, ns, dev, DROP.NOT_SPECIFIED);
    return 0;
  }
  const dropped = s.dev.c.txDropped[dev]!;
  s.op.neighbourOutput(p, dev, c.rtVia[p]! !== 0 ? c.rtVia[p]! : c.dst[p]!);
  return wasDropped(s, dev, dropped) ? ERRNO.ENOBUFS : 0;
}

/** NET_XMIT_DROP: a cable has lost something since it had lost `before`. */
function wasDropped(s: Stack, dev: number, before: number): boolean {
  return s.dev.c.txDropped[dev] !== before && s.dev.c.kind[dev] === DEV.veth;
}

/** ip_fragment, ip6_fragment: 0, or EMSGSIZE where the packet may not be cut. */
function tooLong(s: Stack, p: number, ns: number, dev: number): number {
  const c = s.packets.c;
  const mtu = c.rtMtu[p]! === 0 ? s.dev.c.mtu[dev]! : Math.min(s.dev.c.mtu[dev]!, c.rtMtu[p]!);
  const v6 = c.etherType[p] === ETHERTYPE.IPV6;
  // IPv6 is cut where it was made, and pieces are not cut again.
  const passing = c.fragMax[p]! > mtu || ((c.meta[p]! & PACKET_META.LOCAL_OUT) === 0 && c.pieces[p] === 0);
  if ((c.frag[p]! & IP_FLAG.DF) !== 0 || (v6 && passing)) {
    const silent = (c.meta[p]! & PACKET_META.LOCAL_OUT) !== 0 && holdsIcmpLock(s, p, v6 ? 6 : 4);
    if (v6 && !silent) s.op.icmpError(p, ns, dev, ICMP6.packetTooBig, 0, mtu);
    else if (!silent) s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.fragmentationNeeded, mtu);
    s.op.drop(p, ns, dev, DROP.PKT_TOO_BIG);
    return ERRNO.EMSGSIZE;
  }
  const size = c.fragMax[p] === 0 ? mtu : Math.min(mtu, c.fragMax[p]!);
  const fromProgram = c.sock[p] !== 0;
  const pieces = splitPacket(s, p, size, dev);
  const dropped = s.dev.c.txDropped[dev]!;
  pieces.forEach((piece, n) => {
    // What a piece sets off on this machine is over before a program's next one; in the kernel's own hands all leave at once.
    if (fromProgram && n > 0) s.engine.schedule(n, EV.piece, piece, dropped);
    else sendPiece(s, piece, dropped);
  });
  return wasDropped(s, dev, dropped) ? ERRNO.ENOBUFS : 0;
}

/** A cable that drops a piece is given no more of them; tunnels and bridges keep their losses to themselves. */
function sendPiece(s: Stack, piece: number, dropped: number): void {
  const c = s.packets.c;
  const dev = c.rtDev[piece]!;
  if (!wasDropped(s, dev, dropped) && isUp(s, dev)) s.op.neighbourOutput(piece, dev, c.rtVia[piece]! !== 0 ? c.rtVia[piece]! : c.dst[piece]!);
  else s.packets.release(piece);
}

/** Fills the slots of IPv4 output. */
export function installIpOutput(s: Stack): void {
  s.op.ipLocalOut = (p, ns) => ipLocalOut(s, p, ns);
  s.op.ipOutput = (p, ns) => ipOutput(s, p, ns);
  s.engine.on(EV.piece, (piece, dropped) => sendPiece(s, piece, dropped));
  s.op.rerouteOutput = (p, ns) => routeOutput(s, p, ns, 0);
}
