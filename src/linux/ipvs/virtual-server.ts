/** Virtual servers and their real servers: made, changed and taken away (net/netfilter/ipvs/ip_vs_ctl.c). */
import { HOOK, type Stack } from "../stack.js";
import { dropConnections } from "./connection.js";
import { IPVS_HOOKS } from "./ipvs-hooks.js";
import type { ServerName } from "./ipvs-table.js";
import { beginLocality, endLocality } from "./locality.js";
import { listChanged, listLoses, SCHEDULERS } from "./schedule.js";

/** What a virtual server is given besides its name. */
export interface ServerOptions {
  /** index in SCHEDULERS */
  readonly scheduler: number;
  /** SERVERF bits */
  readonly flags: number;
  /** s */
  readonly timeout: number;
  /** as the table's column */
  readonly netmask: number;
  readonly cause: number;
}

/** A real server as it is asked for; port 0 is that of the request. */
export interface RealOptions {
  readonly addr: number;
  readonly port: number;
  readonly weight: number;
  /** FORWARD */
  readonly forward: number;
  readonly cause: number;
}

/** ip_vs_add_service; the name must be free. */
export function addServer(s: Stack, ns: number, name: ServerName, options: ServerOptions): number {
  const row = s.ipvs.servers.alloc();
  const c = s.ipvs.servers.c;
  c.ns[row] = ns;
  c.family[row] = name.family;
  c.proto[row] = name.proto;
  c.addr[row] = name.addr;
  c.port[row] = name.port;
  c.fwmark[row] = name.fwmark;
  s.ipvs.lists.set(row, Object.freeze([]));
  s.ipvs.enter(row);
  put(s, row, options);
  initScheduler(s, row);
  registerHooks(s, ns, name.family);
  return row;
}

function put(s: Stack, row: number, { scheduler, flags, timeout, netmask, cause }: ServerOptions): void {
  const c = s.ipvs.servers.c;
  c.scheduler[row] = scheduler;
  c.flags[row] = flags;
  c.timeout[row] = timeout;
  c.netmask[row] = netmask;
  c.cause[row] = cause;
}

/** ip_vs_bind_scheduler. */
function initScheduler(s: Stack, row: number): void {
  if (SCHEDULERS[s.ipvs.servers.c.scheduler[row]!]!.startsWith("lblc")) beginLocality(s, row);
}

/** ip_vs_register_hooks. */
function registerHooks(s: Stack, ns: number, family: number): void {
  const shift = family === 6 ? 8 : 0;
  const hooks = (1 << HOOK.input) | (1 << HOOK.forward) | (1 << HOOK.output);
  s.ns.c.hooks[ns] = s.ns.c.hooks[ns]! | (hooks << shift) | (family === 6 ? IPVS_HOOKS.ip6 : IPVS_HOOKS.ip);
}

/** ip_vs_edit_service: another scheduler begins anew. */
export function editServer(s: Stack, row: number, options: ServerOptions): void {
  const c = s.ipvs.servers.c;
  const other = c.scheduler[row] !== options.scheduler;
  put(s, row, options);
  if (!other) return;
  endLocality(s, row);
  initScheduler(s, row);
  c.cursor[row] = 0;
  c.weight[row] = 0;
  listChanged(s, row);
}

/** ip_vs_del_service: its real servers go; connections learn of it from their next packet. */
export function deleteServer(s: Stack, row: number): void {
  for (const real of s.ipvs.lists.get(row)!) leaveServer(s, row, real);
  endLocality(s, row);
  s.ipvs.leave(row);
  s.ipvs.lists.delete(row);
  s.ipvs.buckets.delete(row);
  s.ipvs.servers.release(row);
}

/** Row of a real server in a virtual one's list, 0 if it is not there. */
export function realOf(s: Stack, server: number, addr: number, port: number): number {
  const c = s.ipvs.reals.c;
  return s.ipvs.lists.get(server)!.find((real) => c.addr[real] === addr && c.port[real] === port) ?? 0;
}

/** ip_vs_add_dest: first in the list. One that is in the trash comes back with the connections that still name it. */
export function addReal(s: Stack, server: number, { addr, port, weight, forward, cause }: RealOptions): void {
  const row = fromTrash(s, server, addr, port) || s.ipvs.reals.alloc();
  const c = s.ipvs.reals.c;
  c.server[row] = server;
  c.addr[row] = addr;
  c.port[row] = port;
  c.weight[row] = weight;
  c.lastWeight[row] = weight;
  c.forward[row] = forward;
  c.cause[row] = cause;
  s.ipvs.lists.set(server, Object.freeze([row, ...s.ipvs.lists.get(server)!]));
  listChanged(s, server);
}

/** ip_vs_trash_get_dest: by what the virtual server is called, not by which it was. */
function fromTrash(s: Stack, server: number, addr: number, port: number): number {
  const wanted = s.ipvs.nameOf(server);
  const ns = s.ipvs.servers.c.ns[server]!;
  const { reals } = s.ipvs;
  const found = s.ipvs.trash.find(
    (each) =>
      each.ns === ns && each.family === wanted.family && each.proto === wanted.proto && each.addr === wanted.addr && each.port === wanted.port && each.fwmark === wanted.fwmark &&
      reals.c.addr[each.row] === addr && reals.c.port[each.row] === port,
  );
  if (found === undefined) return 0;
  s.ipvs.trash = s.ipvs.trash.filter((each) => each !== found);
  return found.row;
}

/** ip_vs_edit_dest. */
export function editReal(s: Stack, real: number, { weight, forward, cause }: Pick<RealOptions, "weight" | "forward" | "cause">): void {
  const c = s.ipvs.reals.c;
  c.forward[real] = forward;
  c.weight[real] = weight;
  if (weight !== 0) c.lastWeight[real] = weight;
  c.cause[real] = cause;
  listChanged(s, c.server[real]!);
}

/** ip_vs_del_dest. */
export function deleteReal(s: Stack, real: number): void {
  const server = s.ipvs.reals.c.server[real]!;
  listLoses(s, server, real);
  s.ipvs.lists.set(server, Object.freeze(s.ipvs.lists.get(server)!.filter((each) => each !== real)));
  leaveServer(s, server, real);
  listChanged(s, server);
}

/** Into the trash while connections name it, else away. */
function leaveServer(s: Stack, server: number, real: number): void {
  const { reals } = s.ipvs;
  reals.c.server[real] = 0;
  if (reals.c.refs[real] === 0) reals.release(real);
  else s.ipvs.trash = Object.freeze([...s.ipvs.trash, Object.freeze({ ...s.ipvs.nameOf(server), ns: s.ipvs.servers.c.ns[server]!, row: real })]);
}

/** Sets the counters of a virtual server and its real ones to 0. */
export function zeroServer(s: Stack, row: number): void {
  const { servers, reals, lists } = s.ipvs;
  for (const name of ["conns", "inPackets", "outPackets", "inBytes", "outBytes"] as const) {
    servers.c[name][row] = 0;
    for (const real of lists.get(row)!) reals.c[name][real] = 0;
  }
}

/** `ipvsadm -C`. */
export function clearServers(s: Stack, ns: number): void {
  for (const row of s.ipvs.of(ns)) deleteServer(s, row);
}

/** Forgets everything of a namespace that goes away. */
export function dropServers(s: Stack, ns: number): void {
  if ((s.ns.c.hooks[ns]! & (IPVS_HOOKS.ip | IPVS_HOOKS.ip6)) === 0) return;
  clearServers(s, ns);
  dropConnections(s, ns);
  s.ipvs.chains.delete(ns);
  s.ipvs.timeouts.delete(ns);
}
