/**
 * br_netfilter: bridged IP packets shown to iptables (net/bridge/br_netfilter_hooks.c).
 *
 * PREROUTING runs as the frame enters the bridge, with the bridge as input device and the port as physical one. If DNAT
 * changed the destination, a routing lookup decides: a destination behind the same bridge is bridged on, with its source MAC
 * and TTL; any other goes up to the machine, where PREROUTING is not run again (ip_sabotage_in).
 */
import type { Addr } from "../../base/address-book.js";
import { DROP, ETHERTYPE } from "../../base/codes.js";
import { PACKET_META } from "../../packet/columns.js";
import { RTN } from "../fib-table.js";
import { gatherForTracking } from "../fragment.js";
import { takeRoute6 } from "../ip6-forward.js";
import { routeInput6 } from "../ip6-input.js";
import { NUD } from "../neigh-table.js";
import { routeInput } from "../route-input.js";
import { HOOK, NF, type Stack } from "../stack.js";

/** Bit of a namespace's `hooks` column for a hook of the packet's family. */
function hookBit(s: Stack, p: number, hook: number): number {
  return 1 << (s.packets.c.etherType[p] === ETHERTYPE.IPV6 ? 8 + hook : hook);
}

/** Whether frames of this family meet iptables on bridges of the namespace. */
export function callsIptables(s: Stack, p: number, ns: number): boolean {
  const type = s.packets.c.etherType[p]!;
  if (type === ETHERTYPE.IPV4) return s.ns.c.bridgeNf[ns] === 1;
  return type === ETHERTYPE.IPV6 && s.ns.c.bridgeNf6[ns] === 1;
}

/** True: the packet is still the caller's and goes on. */
function passes(s: Stack, hook: number, p: number, ns: number, inDev: number, outDev: number): boolean {
  if ((s.ns.c.hooks[ns]! & hookBit(s, p, hook)) === 0) return true;
  return s.op.hook(hook, p, ns, inDev, outDev) === NF.accept;
}

/** br_nf_pre_routing and its finish: the packet with which the bridge goes on now, 0 if none. */
export function bridgePrerouting(s: Stack, first: number, bridge: number, port: number): number {
  const ns = s.dev.c.ns[bridge]!;
  const p = gatherForTracking(s, first, ns);
  if (p === 0) return 0;
  const c = s.packets.c;
  const other = c.meta[p]! & PACKET_META.OTHERHOST;
  const before = c.dst[p]!;
  c.meta[p] = (c.meta[p]! & ~PACKET_META.OTHERHOST) | PACKET_META.BRIDGED;
  c.physIn[p] = port;
  if (!passes(s, HOOK.prerouting, p, ns, bridge, 0)) return 0;
  const after = s.packets.c;
  after.meta[p]! |= other;
  if (after.dst[p] === before) return p;
  after.iif[p] = bridge;
  const bad = after.etherType[p] === ETHERTYPE.IPV6 ? bridgeRoute6(s, p, ns, bridge) : routeInput(s, p, ns, bridge);
  if (bad !== 0) {
    s.op.drop(p, ns, bridge, bad);
    return 0;
  }
  if (after.rtType[p] === RTN.unicast && after.rtDev[p] === bridge) return staysOnBridge(s, p, bridge) ? p : 0;
  after.macDst[p] = s.dev.c.mac[bridge]!;
  after.meta[p] = (after.meta[p]! & ~PACKET_META.OTHERHOST) | PACKET_META.ROUTED_BY_BRIDGE;
  return p;
}

/** br_nf_pre_routing_finish_ipv6: 0, or why a packet that DNAT has turned has nowhere to go. */
function bridgeRoute6(s: Stack, p: number, ns: number, bridge: number): number {
  const route = routeInput6(s, p, ns, bridge);
  if (route === null || (route.hops.length === 0 && route.type !== RTN.local)) return DROP.IP_INNOROUTES;
  if (route.type === RTN.unicast) takeRoute6(s, p, ns, route);
  else s.packets.c.rtType[p] = RTN.local;
  return 0;
}

/**
 * br_nf_pre_routing_finish_bridge: to the new destination's MAC. If that must be asked for, or was never used, the packet goes
 * by way of the bridge device's output, which overwrites the source MAC; `arpSha`, which no IP packet uses, keeps it meanwhile.
 */
function staysOnBridge(s: Stack, p: number, bridge: number): boolean {
  const c = s.packets.c;
  const next = (c.rtVia[p] !== 0 ? c.rtVia[p]! : c.dst[p]!) as Addr;
  const row = s.neigh.find(bridge, next);
  if (row !== 0 && (s.neigh.rows.c.state[row]! & NUD.connected) !== 0 && s.neigh.rows.c.cached[row] === 1) {
    c.macDst[p] = s.neigh.rows.c.mac[row]!;
    return true;
  }
  c.meta[p]! |= PACKET_META.BRIDGED_DNAT;
  c.arpSha[p] = c.macSrc[p]!;
  s.op.neighbourOutput(p, bridge, next);
  return false;
}

/** br_nf_forward_ip and br_nf_post_routing: true if the frame may leave by `port`. */
export function bridgeForwardHooks(s: Stack, p: number, bridge: number, port: number): boolean {
  const c = s.packets.c;
  const ns = s.dev.c.ns[bridge]!;
  if ((c.meta[p]! & PACKET_META.BRIDGED) === 0) return true;
  if (callsIptables(s, p, ns)) {
    c.physOut[p] = port;
    if (!passes(s, HOOK.forward, p, ns, bridge, bridge)) return false;
    if (!passes(s, HOOK.postrouting, p, ns, 0, bridge)) return false;
  }
  c.meta[p]! &= ~PACKET_META.BRIDGED;
  c.physIn[p] = 0;
  c.physOut[p] = 0;
  return true;
}

/** A frame has left the bridge for its machine: INPUT and FORWARD still know the port it came in by, but not that it came in pieces. */
export function leaveBridgeNf(s: Stack, p: number): void {
  const c = s.packets.c;
  c.meta[p]! &= ~PACKET_META.BRIDGED;
  c.fragMax[p] = 0;
}
