/** A packet that has no connection: which virtual server is it for, and which connection does it begin (ip_vs_schedule, ip_vs_sched_persist). */
import { PROTO } from "../../base/codes.js";
import { STEP } from "../../trace/kinds.js";
import { TCP_FLAG } from "../../packet/columns.js";
import { DEV, HOOK, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { addConnection, connectionTo, invalidateTemplate, ipvsSetting, templateOf, touchConnection } from "./connection.js";
import { SERVERF } from "./ipvs-table.js";
import { schedule } from "./schedule.js";
import { SECOND } from "../../base/time.js";

/** What `beginConnection` answers besides a connection's row. */
export const NOT_OURS = 0;
/** The packet is for this virtual server, which has no real server to give. */
export const NO_SERVER: number = -1;
/** FTP's data port: such a connection is made by the real server's side. */
const FTP_DATA = 20;

/** ip_vs_service_find: by mark, then by address and port, then by address alone. */
export function findServer(s: Stack, ns: number, p: number): number {
  const c = s.packets.c;
  const family = s.book.family[c.dst[p]!]!;
  const proto = c.proto[p]!;
  const addr = c.dst[p]!;
  const marked = c.mark[p] === 0 ? 0 : s.ipvs.find(ns, { family, proto: 0, addr: 0, port: 0, fwmark: c.mark[p]! });
  if (marked !== 0) return marked;
  return s.ipvs.find(ns, { family, proto, addr, port: c.dport[p]!, fwmark: 0 }) || s.ipvs.find(ns, { family, proto, addr, port: 0, fwmark: 0 });
}

/** Begins a connection if packet `p` is for a virtual server: its row, NOT_OURS or NO_SERVER. */
export function beginConnection(s: Stack, hook: number, p: number, ns: number): number {
  const c = s.packets.c;
  if (c.proto[p] === PROTO.TCP && (c.flags[p]! & (TCP_FLAG.SYN | TCP_FLAG.RST)) !== TCP_FLAG.SYN) return NOT_OURS;
  const server = findServer(s, ns, p);
  if (server === 0 || c.sport[p] === FTP_DATA || answersLocally(s, hook, p, ns)) return NOT_OURS;
  const svc = s.ipvs.servers.c;
  const row = (svc.flags[server]! & SERVERF.persistent) !== 0 ? persistentConnection(s, server, p, ns) : plainConnection(s, server, p, ns);
  if (s.trace !== null) traceStep(s, row === NO_SERVER ? STEP.IPVS_NO_SERVER : STEP.IPVS_NEW, p, ns, c.iif[p]!, svc.cause[server]!, svc.scheduler[server]!);
  if (row !== NO_SERVER) {
    svc.conns[server]!++;
    s.ipvs.reals.c.conns[s.ipvs.connections.c.real[row]!]!++;
  }
  return row;
}

/** The answer of a real server on this very machine is no new request. */
function answersLocally(s: Stack, hook: number, p: number, ns: number): boolean {
  const c = s.packets.c;
  if (hook !== HOOK.output && s.dev.c.kind[c.iif[p]!] !== DEV.loopback) return false;
  return connectionTo(s, ns, c.proto[p]!, c.dst[p]!, c.dport[p]!, c.src[p]!, c.sport[p]!) !== 0;
}

function plainConnection(s: Stack, server: number, p: number, ns: number): number {
  const svc = s.ipvs.servers.c;
  if (svc.fwmark[server] === 0 && svc.port[server] !== s.packets.c.dport[p]) return NO_SERVER;
  const real = schedule(s, server, p);
  return real === 0 ? NO_SERVER : connect(s, p, ns, real, s.ipvs.reals.c.port[real]! || s.packets.c.dport[p]!, 0);
}

function connect(s: Stack, p: number, ns: number, real: number, port: number, control: number): number {
  const c = s.packets.c;
  return addConnection(s, {
    ns, proto: c.proto[p]!, client: c.src[p]!, clientPort: c.sport[p]!, vaddr: c.dst[p]!, vport: c.dport[p]!, real, port, template: false, control,
  });
}

/** A client's address under a virtual server's netmask. */
function maskedClient(s: Stack, server: number, addr: number): number {
  const mask = s.ipvs.servers.c.netmask[server]!;
  const w = s.book.words;
  if (s.book.is4(addr)) return mask === -1 ? addr : s.book.v4(w[addr * 4]! & mask);
  if (mask === 128) return addr;
  const word = (k: number): number => {
    const bits = mask - 32 * k;
    return bits >= 32 ? w[addr * 4 + k]! : bits <= 0 ? 0 : w[addr * 4 + k]! & (-1 << (32 - bits));
  };
  return s.book.v6(word(0), word(1), word(2), word(3));
}

function persistentConnection(s: Stack, server: number, p: number, ns: number): number {
  const svc = s.ipvs.servers.c;
  const { dst, dport, proto } = s.packets.c;
  const own = dport[p] === svc.port[server];
  const marked = !own && svc.fwmark[server] !== 0;
  const client = maskedClient(s, server, s.packets.c.src[p]!);
  const name = { ns, proto: marked ? 0 : proto[p]!, client, vaddr: marked ? svc.fwmark[server]! : dst[p]!, vport: own ? dport[p]! : 0 };
  let template = templateOf(s, ns, name.proto, name.client, name.vaddr, name.vport);
  if (template !== 0 && !isUsable(s, ns, s.ipvs.connections.c.real[template]!)) {
    invalidateTemplate(s, template);
    template = 0;
  }
  if (template === 0) {
    const real = schedule(s, server, p);
    if (real === 0) return NO_SERVER;
    template = addConnection(s, { ...name, clientPort: 0, real, port: own ? s.ipvs.reals.c.port[real]! : 0, template: true, control: 0 });
    s.ipvs.connections.c.timeout[template] = svc.timeout[server]! * SECOND;
  }
  const real = s.ipvs.connections.c.real[template]!;
  const port = s.ipvs.reals.c.port[real]!;
  const row = connect(s, p, ns, real, own && port !== 0 ? port : s.packets.c.dport[p]!, template);
  touchConnection(s, template);
  return row;
}

/** ip_vs_check_template. */
function isUsable(s: Stack, ns: number, real: number): boolean {
  const c = s.ipvs.reals.c;
  return c.server[real] !== 0 && (c.weight[real] !== 0 || ipvsSetting(s, ns, "net.ipv4.vs.expire_quiescent_template") === 0);
}
