/**
 * IPVS at the hooks of ip and ip6: ip_vs_out_hook (98 at INPUT, 100 at FORWARD, -99 at OUTPUT) gives a real server's answers the
 * address of the virtual one, ip_vs_in_hook (99 at INPUT, -98 at OUTPUT) sends requests to a real server, by the OUTPUT hook.
 *
 * Read first: net/netfilter/ipvs/ip_vs_core.c and ip_vs_xmit.c (ip_vs_nat_xmit). The kernel that podwire is compared with is
 * built without IPVS, so this stands on its source alone.
 */
import { DROP, PROTO } from "../../base/codes.js";
import { PACKET_META, TCP_FLAG } from "../../packet/columns.js";
import { STEP } from "../../trace/kinds.js";
import { RTN } from "../fib-table.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import { CTS } from "../nf/conntrack-table.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { connectionFrom, connectionTo, endConnection, followConnection, ipvsSetting, touchConnection } from "./connection.js";
import { beginConnection, NO_SERVER, NOT_OURS } from "./ipvs-schedule.js";
import { CONNF, FORWARD } from "./ipvs-table.js";
import { errorFromServer, errorToServer } from "./ipvs-icmp.js";
import { alterFlow, sendToServer } from "./ipvs-send.js";
import { CLOSE, TIME_WAIT } from "./tcp-states.js";

/** Bits of a namespace's `hooks`: it has or had virtual servers, of ip and of ip6. */
export const IPVS_HOOKS = Object.freeze({ ip: 1 << 16, ip6: 1 << 17 } as const);

const NOT_FOR_US = PACKET_META.OTHERHOST | PACKET_META.BROADCAST | PACKET_META.MULTICAST;

/** Everything that IPVS does at one hook: a verdict NF.*. */
export function ipvsHook(s: Stack, hook: number, p: number, ns: number): number {
  if ((s.packets.c.meta[p]! & PACKET_META.IPVS) !== 0) return NF.accept;
  const proto = s.packets.c.proto[p]!;
  if (proto === PROTO.ICMP || proto === PROTO.ICMP6) return icmpHook(s, hook, p, ns);
  if (proto !== PROTO.TCP && proto !== PROTO.UDP && proto !== PROTO.SCTP) return NF.accept;
  const answered = fromServer(s, hook, p, ns);
  return answered || hook === HOOK.forward ? s.nf.verdict : toServer(s, hook, p, ns);
}

/** An error that quotes a packet of a connection goes the way of the connection. */
function icmpHook(s: Stack, hook: number, p: number, ns: number): number {
  if (s.packets.c.inner[p] === 0) return NF.accept;
  if (hook === HOOK.forward) return errorToServer(s, hook, p, ns) || errorFromServer(s, hook, p, ns) ? s.nf.verdict : NF.accept;
  return errorFromServer(s, hook, p, ns) || errorToServer(s, hook, p, ns) ? s.nf.verdict : NF.accept;
}

/** handle_response: true where the packet is a real server's answer; its verdict is in `s.nf.verdict`, which else is to accept. */
function fromServer(s: Stack, hook: number, p: number, ns: number): boolean {
  const c = s.packets.c;
  s.nf.verdict = NF.accept;
  const row = connectionFrom(s, ns, c.proto[p]!, c.src[p]!, c.sport[p]!, c.dst[p]!, c.dport[p]!);
  if (row === 0) return false;
  const cc = s.ipvs.connections.c;
  const rewrites = s.ipvs.reals.c.forward[cc.real[row]!] === FORWARD.masquerade;
  if (rewrites) {
    c.src[p] = cc.vaddr[row]!;
    c.sport[p] = cc.vport[row]!;
    if (s.trace !== null) traceStep(s, STEP.NAT_SOURCE, p, ns, c.iif[p]!, c.src[p]!, c.sport[p]!);
  }
  if (hook !== HOOK.input && c.rtType[p] !== RTN.local && ipvsSetting(s, ns, "net.ipv4.vs.snat_reroute") !== 0 && s.op.rerouteOutput(p, ns) !== 0) {
    s.op.drop(p, ns, c.rtDev[p]!, DROP.NETFILTER_DROP);
    s.nf.verdict = NF.drop;
    return true;
  }
  count(s, row, p, true);
  followConnection(s, row, p, true);
  c.meta[p] = c.meta[p]! | PACKET_META.IPVS;
  alterFlow(s, row, p, false, rewrites);
  touchConnection(s, row);
  return true;
}

/** ip_vs_in_hook: a verdict NF.*. */
function toServer(s: Stack, hook: number, p: number, ns: number): number {
  const c = s.packets.c;
  if (hook !== HOOK.output && (c.meta[p]! & NOT_FOR_US) !== 0) return NF.accept;
  let row = connectionTo(s, ns, c.proto[p]!, c.src[p]!, c.sport[p]!, c.dst[p]!, c.dport[p]!);
  if (row !== 0 && isOver(s, row, p, ns)) {
    const drops = leaveConnection(s, row, p);
    if (drops) return dropped(s, p, ns);
    row = 0;
  }
  if (row !== 0 && s.ipvs.reals.c.server[s.ipvs.connections.c.real[row]!] === 0) {
    if (ipvsSetting(s, ns, "net.ipv4.vs.expire_nodest_conn") === 0 || leaveConnection(s, row, p)) return dropped(s, p, ns);
    row = 0;
  }
  if (row === 0) {
    row = beginConnection(s, hook, p, ns);
    if (row === NOT_OURS) return NF.accept;
    if (row === NO_SERVER) return refuse(s, p, ns);
  } else if (s.trace !== null) traceStep(s, STEP.IPVS_HIT, p, ns, c.iif[p]!, s.ipvs.reals.c.cause[s.ipvs.connections.c.real[row]!]!, 0);
  count(s, row, p, false);
  followConnection(s, row, p, false);
  touchConnection(s, row);
  return sendToServer(s, hook, p, ns, row);
}

/** Whether a packet that begins a connection meets one of the same ports that is over, or whose real server takes no more. */
function isOver(s: Stack, row: number, p: number, ns: number): boolean {
  const c = s.packets.c;
  const cc = s.ipvs.connections.c;
  if (c.proto[p] !== PROTO.TCP || (c.flags[p]! & TCP_FLAG.SYN) === 0) return false;
  if (s.ipvs.reals.c.weight[cc.real[row]!] === 0 && ipvsSetting(s, ns, "net.ipv4.vs.expire_nodest_conn") !== 0) return true;
  return ipvsSetting(s, ns, "net.ipv4.vs.conn_reuse_mode") !== 0 && cc.control[row] === 0 && (cc.state[row] === TIME_WAIT || cc.state[row] === CLOSE);
}

/** Ends a connection of which a packet has come; true where the packet is dropped because its tracked flow still leads to the old server. */
function leaveConnection(s: Stack, row: number, p: number): boolean {
  const cc = s.ipvs.connections.c;
  const flow = s.packets.c.ct[p]!;
  const old = (cc.flags[row]! & CONNF.conntrack) !== 0 && flow !== 0 && (s.ct.t.c.status[flow]! & CTS.confirmed) !== 0;
  if (!old) cc.flags[row] = cc.flags[row]! & ~CONNF.conntrack;
  endConnection(s, row);
  return old;
}

/** ip_vs_leave: nobody is behind the virtual server. */
function refuse(s: Stack, p: number, ns: number): number {
  const dev = s.packets.c.iif[p]!;
  if (s.book.is4(s.packets.c.dst[p]!)) s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.portUnreachable, 0);
  else s.op.icmpError(p, ns, dev, ICMP6.unreachable, ICMP6.portUnreachable, 0);
  return dropped(s, p, ns);
}

function dropped(s: Stack, p: number, ns: number): number {
  s.op.drop(p, ns, s.packets.c.dev[p]!, DROP.NETFILTER_DROP);
  return NF.drop;
}

/** ip_vs_in_stats and ip_vs_out_stats. */
function count(s: Stack, row: number, p: number, reply: boolean): void {
  const { reals, servers, connections } = s.ipvs;
  const real = connections.c.real[row]!;
  const server = reals.c.server[real]!;
  const bytes = s.packets.c.ipLen[p]!;
  reals.c[reply ? "outPackets" : "inPackets"][real]!++;
  reals.c[reply ? "outBytes" : "inBytes"][real]! += bytes;
  if (server === 0) return;
  servers.c[reply ? "outPackets" : "inPackets"][server]!++;
  servers.c[reply ? "outBytes" : "inBytes"][server]! += bytes;
}
