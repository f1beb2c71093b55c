/** Answers of rules that reject, of iptables and nftables alike (net/ipv4/netfilter/nf_reject_ipv4.c, net/ipv6/netfilter/nf_reject_ipv6.c). */
import { CSUM, TCP_FLAG } from "../../packet/columns.js";
import { isFragment } from "../fragment.js";
import { holdsIcmpLock } from "../icmp-lock.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { tcpClosing } from "./conntrack-tcp.js";

/** Where a packet is rejected: namespace, family (4, 6), hook, and devices, 0 where there is none. */
export interface RejectPlace {
  readonly ns: number;
  readonly family: number;
  readonly hook: number;
  readonly inDev: number;
  readonly outDev: number;
}

/** Type of a reset in place of an ICMP error. */
export const TCP_RESET = -1;

/** Sends an ICMP error about the packet, or a reset of its connection, where either may be sent; the packet's verdict. */
export function reject(s: Stack, p: number, { ns, family, hook, inDev, outDev }: RejectPlace, type: number, code: number): number {
  if (!mayAnswer(s, p, family)) return NF.drop;
  if (type === TCP_RESET) {
    s.op.sendReset(p, ns, hook);
    const c = s.packets.c;
    if (c.ct[p] !== 0 && (c.flags[p]! & TCP_FLAG.RST) === 0) tcpClosing(s, c.ct[p]!);
  } else if (hook !== HOOK.output || !holdsIcmpLock(s, p, family)) s.op.icmpError(p, ns, inDev !== 0 ? inDev : outDev, type, code, 0);
  return NF.drop;
}

/** reject6_csum_ok, nf_reject_verify_csum: nobody answers what may be damaged; a piece of an IPv6 packet has no checksum that could be found right. */
function mayAnswer(s: Stack, p: number, family: number): boolean {
  return s.packets.c.csum[p] !== CSUM.WRONG && (family === 4 || !isFragment(s, p));
}
