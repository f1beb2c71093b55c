/**
 * ICMP errors about packets of IPVS connections (ip_vs_in_icmp, ip_vs_out_icmp, ip_vs_nat_icmp). What an error quotes is the
 * packet as the reporter saw it, so it is looked for in the reverse direction. True: it was one; its verdict is in `s.nf.verdict`.
 */
import { DROP, PROTO } from "../../base/codes.js";
import { PACKET_META } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { RTN } from "../fib-table.js";
import { ICMP } from "../icmp-codes.js";
import { isIcmp6Error } from "../icmp6-codes.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { connectionFrom, connectionTo, ipvsSetting } from "./connection.js";
import { alterFlow, sendErrorToServer } from "./ipvs-send.js";

function isError(s: Stack, p: number): boolean {
  const c = s.packets.c;
  const type = c.icmpType[p]!;
  if (c.proto[p] === PROTO.ICMP6) return isIcmp6Error(type);
  return type === ICMP.unreachable || type === ICMP.sourceQuench || type === ICMP.timeExceeded;
}

/** An error about a request that went to a real server: its sender knows the virtual address alone. */
export function errorFromServer(s: Stack, hook: number, p: number, ns: number): boolean {
  const c = s.packets.c;
  if (!isError(s, p)) return false;
  const q = c.inner[p]!;
  const row = connectionFrom(s, ns, c.proto[q]!, c.dst[q]!, c.dport[q]!, c.src[q]!, c.sport[q]!);
  if (row === 0) return false;
  const cc = s.ipvs.connections.c;
  c.src[p] = cc.vaddr[row]!;
  c.dst[q] = cc.vaddr[row]!;
  c.dport[q] = cc.vport[row]!;
  if (s.trace !== null) traceStep(s, STEP.NAT_SOURCE, p, ns, c.iif[p]!, c.src[p]!, 0);
  s.nf.verdict = NF.accept;
  if (hook !== HOOK.input && c.rtType[p] !== RTN.local && ipvsSetting(s, ns, "net.ipv4.vs.snat_reroute") !== 0 && s.op.rerouteOutput(p, ns) !== 0) {
    s.op.drop(p, ns, c.rtDev[p]!, DROP.NETFILTER_DROP);
    s.nf.verdict = NF.drop;
    return true;
  }
  c.meta[p] = c.meta[p]! | PACKET_META.IPVS;
  alterFlow(s, row, p, false, true);
  return true;
}

/** An error about an answer that left with the virtual address: to the real server. */
export function errorToServer(s: Stack, hook: number, p: number, ns: number): boolean {
  const c = s.packets.c;
  if (!isError(s, p)) return false;
  const q = c.inner[p]!;
  const row = connectionTo(s, ns, c.proto[q]!, c.dst[q]!, c.dport[q]!, c.src[q]!, c.sport[q]!);
  if (row === 0) return false;
  s.nf.verdict = sendErrorToServer(s, hook, p, ns, row);
  return true;
}
