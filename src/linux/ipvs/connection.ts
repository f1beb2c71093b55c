/**
 * Connections of IPVS: how they are made, found, kept alive and ended (net/netfilter/ipvs/ip_vs_conn.c). One event a
 * connection waits for its end; packets only move `expires`, and an event that comes too early waits again.
 */
import { PROTO } from "../../base/codes.js";
import { SECOND } from "../../base/time.js";
import { findLive, killFlow } from "../nf/conntrack.js";
import { EV, type Stack } from "../stack.js";
import { CONNF, FORWARD, type IpvsTimeouts } from "./ipvs-table.js";
import { ESTABLISHED, FIN_WAIT, IPVS_TCP_SECONDS, isActive, nextTcpState } from "./tcp-states.js";

const DEFAULT_TIMEOUTS: IpvsTimeouts = Object.freeze({ tcp: 900, tcpFin: 120, udp: 300 });
/** What a connection has before its first packet has set a state. */
const FIRST_TIMEOUT: number = 3 * SECOND;
/** A template whose connections outlive it is looked at again after this. */
const CONTROLLED_TIMEOUT: number = 60 * SECOND;
/** An INIT of SCTP; podwire follows SCTP no further. */
const SCTP_TIMEOUT: number = 60 * SECOND;
/** Port of a template that nobody is to find again. */
const INVALID_PORT = 0xffff;

/** Timeouts of a namespace in seconds. */
export function ipvsTimeouts(s: Stack, ns: number): IpvsTimeouts {
  return s.ipvs.timeouts.get(ns) ?? DEFAULT_TIMEOUTS;
}

/** Settings with the kernel's values. */
const SETTINGS = Object.freeze({
  "net.ipv4.vs.conntrack": 0,
  "net.ipv4.vs.expire_nodest_conn": 0,
  "net.ipv4.vs.expire_quiescent_template": 0,
  "net.ipv4.vs.conn_reuse_mode": 1,
  "net.ipv4.vs.snat_reroute": 1,
  "net.ipv4.vs.lblc_expiration": 86_400,
  "net.ipv4.vs.lblcr_expiration": 86_400,
} as const);

/** A setting of a namespace, or the kernel's value. */
export function ipvsSetting(s: Stack, ns: number, name: keyof typeof SETTINGS): number {
  return Number(s.nsInfo.get(ns)!.sysctls[name] ?? SETTINGS[name]);
}

/** ip_vs_conn_in_get: the connection of a packet to a virtual server. */
export function connectionTo(s: Stack, ns: number, proto: number, client: number, clientPort: number, vaddr: number, vport: number): number {
  const c = s.ipvs.connections.c;
  for (let row = s.ipvs.chain(ns, proto, client, clientPort); row !== 0; row = c.next[row]!) {
    if (c.vaddr[row] === vaddr && c.vport[row] === vport && c.proto[row] === proto && (c.flags[row]! & CONNF.template) === 0) return row;
  }
  return 0;
}

/** ip_vs_conn_out_get: the connection of a packet from a real server; one that got a request as it was answers from the virtual address. */
export function connectionFrom(s: Stack, ns: number, proto: number, addr: number, port: number, client: number, clientPort: number): number {
  const c = s.ipvs.connections.c;
  for (let row = s.ipvs.chain(ns, proto, client, clientPort); row !== 0; row = c.next[row]!) {
    const rewrites = s.ipvs.reals.c.forward[c.real[row]!] === FORWARD.masquerade;
    if ((rewrites ? c.addr : c.vaddr)[row] === addr && (rewrites ? c.port : c.vport)[row] === port && c.proto[row] === proto && (c.flags[row]! & CONNF.template) === 0) return row;
  }
  return 0;
}

/** ip_vs_ct_in_get: the template of a client at a virtual server. */
export function templateOf(s: Stack, ns: number, proto: number, client: number, vaddr: number, vport: number): number {
  const c = s.ipvs.connections.c;
  for (let row = s.ipvs.chain(ns, proto, client, 0); row !== 0; row = c.next[row]!) {
    if (c.vaddr[row] === vaddr && c.vport[row] === vport && c.proto[row] === proto && (c.flags[row]! & CONNF.template) !== 0) return row;
  }
  return 0;
}

/** What a new connection or template is between; addresses are handles. */
export interface NewConnection {
  readonly ns: number;
  readonly proto: number;
  readonly client: number;
  readonly clientPort: number;
  readonly vaddr: number;
  readonly vport: number;
  readonly real: number;
  readonly port: number;
  readonly template: boolean;
  /** that it is made by, 0: by none */
  readonly control: number;
}

/** ip_vs_conn_new and ip_vs_bind_dest. */
export function addConnection(s: Stack, made: NewConnection): number {
  const row = s.ipvs.connections.alloc();
  const c = s.ipvs.connections.c;
  c.ns[row] = made.ns;
  c.proto[row] = made.proto;
  c.client[row] = made.client;
  c.clientPort[row] = made.clientPort;
  c.vaddr[row] = made.vaddr;
  c.vport[row] = made.vport;
  c.real[row] = made.real;
  c.addr[row] = s.ipvs.reals.c.addr[made.real]!;
  c.port[row] = made.port;
  const oneWay = s.ipvs.reals.c.forward[made.real] === FORWARD.masquerade ? 0 : CONNF.oneWay;
  c.flags[row] = (made.template ? CONNF.template : CONNF.inactive) | oneWay | (ipvsSetting(s, made.ns, "net.ipv4.vs.conntrack") !== 0 ? CONNF.conntrack : 0);
  c.control[row] = made.control;
  if (made.control !== 0) c.controlled[made.control]!++;
  const reals = s.ipvs.reals.c;
  reals.refs[made.real]!++;
  if (made.template) reals.persistent[made.real]!++;
  else reals.inactive[made.real]!++;
  s.ipvs.hash(row);
  c.timeout[row] = FIRST_TIMEOUT;
  touchConnection(s, row);
  return row;
}

/** ip_vs_conn_put: the end moves to `timeout` from now. */
export function touchConnection(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  const end = s.engine.now + c.timeout[row]!;
  c.expires[row] = end;
  const pending = c.event[row]!;
  if (pending !== 0) {
    if (s.engine.timeOf(pending) <= end) return;
    s.engine.cancel(pending);
  }
  c.event[row] = s.engine.schedule(c.timeout[row]!, EV.ipvs, row, 0);
}

/** ip_vs_set_state: state, timeout and counts after a packet. */
export function followConnection(s: Stack, row: number, p: number, reply: boolean): void {
  const c = s.ipvs.connections.c;
  const ns = c.ns[row]!;
  const proto = c.proto[row]!;
  if (proto === PROTO.UDP) c.timeout[row] = ipvsTimeouts(s, ns).udp * SECOND;
  else if (proto !== PROTO.TCP) c.timeout[row] = SCTP_TIMEOUT;
  if (proto !== PROTO.TCP) {
    if (reply) assure(s, row);
    return;
  }
  if (reply) c.flags[row] = c.flags[row]! & ~CONNF.oneWay;
  const before = c.state[row]!;
  const after = nextTcpState(before, s.packets.c.flags[p]!, reply, (c.flags[row]! & CONNF.oneWay) !== 0);
  c.state[row] = after;
  c.timeout[row] = tcpSeconds(s, ns, after) * SECOND;
  if (after === before) return;
  countActive(s, row, isActive(after));
  if (after === ESTABLISHED) assure(s, row);
}

function tcpSeconds(s: Stack, ns: number, state: number): number {
  if (state === ESTABLISHED) return ipvsTimeouts(s, ns).tcp;
  return state === FIN_WAIT ? ipvsTimeouts(s, ns).tcpFin : IPVS_TCP_SECONDS[state]!;
}

function countActive(s: Stack, row: number, active: boolean): void {
  const c = s.ipvs.connections.c;
  const reals = s.ipvs.reals.c;
  const real = c.real[row]!;
  const wasActive = (c.flags[row]! & CONNF.inactive) === 0;
  if (active === wasActive) return;
  reals.active[real]! += active ? 1 : -1;
  reals.inactive[real]! += active ? -1 : 1;
  c.flags[row] = active ? c.flags[row]! & ~CONNF.inactive : c.flags[row]! | CONNF.inactive;
}

function assure(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  const control = c.control[row]!;
  if (control !== 0) c.flags[control] = c.flags[control]! | CONNF.assured;
}

/** ip_vs_check_template fails: nobody finds it any more, and it ends when it would have. */
export function invalidateTemplate(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  s.ipvs.unhash(row);
  c.vport[row] = INVALID_PORT;
  c.port[row] = INVALID_PORT;
  s.ipvs.hash(row);
}

/** ip_vs_conn_expire_now, for a connection that controls no other. */
export function endConnection(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  if (c.event[row] !== 0) s.engine.cancel(c.event[row]!);
  s.ipvs.unhash(row);
  if (c.control[row] !== 0) c.controlled[c.control[row]!]!--;
  if ((c.flags[row]! & CONNF.conntrack) !== 0) dropFlow(s, row);
  const reals = s.ipvs.reals.c;
  const real = c.real[row]!;
  if ((c.flags[row]! & CONNF.template) !== 0) reals.persistent[real]!--;
  else if ((c.flags[row]! & CONNF.inactive) !== 0) reals.inactive[real]!--;
  else reals.active[real]!--;
  s.ipvs.connections.release(row);
  releaseReal(s, real);
}

/** A real server that is out of its virtual server goes when nothing names it. */
export function releaseReal(s: Stack, real: number): void {
  const { reals } = s.ipvs;
  if (--reals.c.refs[real]! > 0 || reals.c.server[real] !== 0) return;
  s.ipvs.trash = s.ipvs.trash.filter(({ row }) => row !== real);
  reals.release(real);
}

/** ip_vs_conn_drop_conntrack: the flow from the client to the virtual server goes with the connection. */
function dropFlow(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  if ((c.flags[row]! & CONNF.template) !== 0) return;
  const node = findLive(s, c.ns[row]!, { src: c.client[row]!, dst: c.vaddr[row]!, sport: c.clientPort[row]!, dport: c.vport[row]!, proto: c.proto[row]! }, 0);
  if (node !== 0) killFlow(s, node >> 1);
}

function connectionTimer(s: Stack, row: number): void {
  const c = s.ipvs.connections.c;
  c.event[row] = 0;
  if (c.expires[row]! > s.engine.now) {
    c.event[row] = s.engine.schedule(c.expires[row]! - s.engine.now, EV.ipvs, row, 0);
    return;
  }
  if (c.controlled[row]! === 0) {
    endConnection(s, row);
    return;
  }
  c.timeout[row] = CONTROLLED_TIMEOUT;
  touchConnection(s, row);
}

/** Ends every connection of a namespace. Those that others were made by come last. */
export function dropConnections(s: Stack, ns: number): void {
  const { connections } = s.ipvs;
  for (const templates of [false, true]) {
    for (let row = 1; row < connections.top; row++) {
      if (connections.live[row] === 1 && connections.c.ns[row] === ns && ((connections.c.flags[row]! & CONNF.template) !== 0) === templates) endConnection(s, row);
    }
  }
}

/** Installs the handler of connections' ends. */
export function installIpvs(s: Stack): void {
  s.engine.on(EV.ipvs, (row) => connectionTimer(s, row));
}
