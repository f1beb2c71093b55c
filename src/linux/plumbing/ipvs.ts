/** `ipvsadm` commands; refusals in the words of ipvsadm 1.31. */
import { PROTO } from "../../base/codes.js";
import { parseIPv4 } from "../../base/ip.js";
import { ipvsTimeouts } from "../ipvs/connection.js";
import { FORWARD, SERVERF, type ServerName } from "../ipvs/ipvs-table.js";
import { FOREIGN_SCHEDULERS, SCHEDULERS } from "../ipvs/schedule.js";
import { addReal, addServer, clearServers, deleteReal, deleteServer, editReal, editServer, realOf, type ServerOptions, zeroServer } from "../ipvs/virtual-server.js";
import type { Stack } from "../stack.js";
import type { ActResult } from "./act.js";
import type { IpvsAct, IpvsService } from "./ipvs-act.js";

const PROTOCOLS: Readonly<Record<string, number>> = Object.freeze({ tcp: PROTO.TCP, udp: PROTO.UDP, sctp: PROTO.SCTP });
const DEFAULT_SCHEDULER = "wlc";
/** IP_VS_SVC_F_SCHED1 and so on by ipvsadm's words. */
const FLAGS: Readonly<Record<string, number>> = Object.freeze({
  "flag-1": SERVERF.sched1, "flag-2": SERVERF.sched2, "flag-3": SERVERF.sched3,
  "sh-fallback": SERVERF.sched1, "sh-port": SERVERF.sched2, "mh-fallback": SERVERF.sched1, "mh-port": SERVERF.sched2,
});

const refused = (errno: string, message: string): ActResult => ({ errno, message });
const INVALID = (): ActResult => refused("EINVAL", "Invalid operation.  Possibly wrong module version, address not unicast, ...");

/** Does one command, whole or not at all. */
export function changeIpvs(s: Stack, act: IpvsAct): ActResult {
  const { ns, op } = act;
  if (op === "clear") {
    clearServers(s, ns);
    return null;
  }
  if (op === "timeouts") return setTimeouts(s, act);
  if (op === "zero" && act.service === undefined) {
    for (const row of s.ipvs.of(ns)) zeroServer(s, row);
    return null;
  }
  const name = act.service === undefined ? null : readName(s, act.service);
  if (name === null) return INVALID();
  const row = s.ipvs.find(ns, name);
  switch (op) {
    case "add-service":
      return row !== 0 ? refused("EEXIST", "Service already exists") : withOptions(act, name, 0, (options) => void addServer(s, ns, name, options));
    case "edit-service":
      return row === 0 ? refused("ESRCH", "No such service") : withOptions(act, name, row, (options) => editServer(s, row, options));
    case "delete-service":
    case "zero":
      if (row === 0) return refused("ESRCH", "No such service");
      if (op === "zero") zeroServer(s, row);
      else deleteServer(s, row);
      return null;
    default:
      return row === 0 ? refused("ESRCH", "Service not defined") : changeReal(s, act, name, row);
  }
}

function readName(s: Stack, service: IpvsService): ServerName | null {
  if ("fwmark" in service) return service.fwmark > 0 ? { family: service.family, proto: 0, addr: 0, port: 0, fwmark: service.fwmark } : null;
  const addr = s.book.ofText(service.addr);
  return addr === 0 ? null : { family: s.book.family[addr]!, proto: PROTOCOLS[service.protocol]!, addr, port: service.port, fwmark: 0 };
}

function withOptions(act: IpvsAct, name: ServerName, row: number, then: (options: ServerOptions) => void): ActResult {
  const word = act.scheduler ?? DEFAULT_SCHEDULER;
  const scheduler = SCHEDULERS.indexOf(word);
  if (FOREIGN_SCHEDULERS.includes(word)) return refused("EOPNOTSUPP", `not modelled: IPVS scheduler ${word}`);
  if (scheduler < 0) return refused("ENOENT", "Scheduler or persistence engine not found");
  const persistent = act.persistent ?? 0;
  // Port 0 means every port of the address, which only a template can make into connections.
  if (row === 0 && name.fwmark === 0 && name.port === 0 && persistent === 0) return INVALID();
  const netmask = readNetmask(act.netmask, name.family);
  const unknown = (act.schedFlags ?? []).some((flag) => FLAGS[flag] === undefined);
  if (netmask === null || unknown) return INVALID();
  const flags = (act.schedFlags ?? []).reduce((bits, flag) => bits | FLAGS[flag]!, persistent > 0 ? SERVERF.persistent : 0);
  then({ scheduler, flags, timeout: persistent, netmask, cause: act.cause ?? 0 });
  return null;
}

function readNetmask(text: string | undefined, family: number): number | null {
  if (family === 4) return text === undefined ? -1 : parseIPv4(text);
  const prefix = text === undefined ? 128 : Number(text);
  return Number.isInteger(prefix) && prefix >= 1 && prefix <= 128 ? prefix : null;
}

function changeReal(s: Stack, act: IpvsAct, name: ServerName, row: number): ActResult {
  const addr = s.book.ofText(act.server?.addr ?? "");
  if (addr === 0 || act.server === undefined || s.book.family[addr] !== name.family) return INVALID();
  const { weight = 1 } = act.server;
  const forward = FORWARD[act.server.forward ?? "masquerade"];
  if (forward === FORWARD.tunnel && name.family === 6) return refused("EOPNOTSUPP", "not modelled: IPVS tunnels of IPv6");
  // ipvsadm: only a packet that is rewritten can get another port.
  const port = forward === FORWARD.masquerade || name.fwmark !== 0 ? (act.server.port ?? name.port) : name.port;
  if (weight < 0) return refused("ERANGE", "Numerical result out of range");
  const real = realOf(s, row, addr, port);
  if (act.op === "add-server") {
    if (real !== 0) return refused("EEXIST", "Destination already exists");
    addReal(s, row, { addr, port, weight, forward, cause: act.cause ?? 0 });
    return null;
  }
  if (real === 0) return refused("ENOENT", "No such destination");
  if (act.op === "edit-server") editReal(s, real, { weight, forward, cause: act.cause ?? s.ipvs.reals.c.cause[real]! });
  else deleteReal(s, real);
  return null;
}

function setTimeouts(s: Stack, { ns, timeouts }: IpvsAct): ActResult {
  const now = ipvsTimeouts(s, ns);
  const { tcp = 0, tcpFin = 0, udp = 0 } = timeouts ?? {};
  if ([tcp, tcpFin, udp].some((seconds) => !Number.isInteger(seconds) || seconds < 0)) return INVALID();
  s.ipvs.timeouts.set(ns, Object.freeze({ tcp: tcp || now.tcp, tcpFin: tcpFin || now.tcpFin, udp: udp || now.udp }));
  return null;
}
