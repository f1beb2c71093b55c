/** The lock of a machine's own ICMP (icmp_xmit_lock, icmpv6_xmit_lock): who holds it cannot answer what comes of its own packet. */
import { PROTO } from "../base/codes.js";
import { PACKET_META } from "../packet/columns.js";
import { ICMP, isIcmpError } from "./icmp-codes.js";
import { ICMP6, isIcmp6Error } from "./icmp6-codes.js";
import type { Stack } from "./stack.js";

/**
 * Whether a packet that is on its way out is an echo reply of this machine, or the tunnel's packet that one of its replies or
 * errors leaves in: icmp_reply and icmp_send hold the lock that an error about it (`family`'s) would need, and it is never sent.
 */
export function holdsIcmpLock(s: Stack, p: number, family: number): boolean {
  const c = s.packets.c;
  const proto = family === 4 ? PROTO.ICMP : PROTO.ICMP6;
  const reply = family === 4 ? ICMP.echoReply : ICMP6.echoReply;
  if (c.proto[p] === proto) return c.icmpType[p] === reply;
  for (let row = c.inner[p]!; row !== 0; row = c.inner[row]!) {
    const type = c.icmpType[row]!;
    if (c.proto[row] === proto) return (c.meta[row]! & PACKET_META.LOCAL_OUT) !== 0 && (type === reply || (family === 4 ? isIcmpError(type) : isIcmp6Error(type)));
    // What an error quotes stands inside it too, but an error is no tunnel.
    if (c.proto[row] === PROTO.ICMP || c.proto[row] === PROTO.ICMP6) return false;
  }
  return false;
}
