import type { IpvsAct, IpvsService } from "../linux/plumbing/ipvs-act.js";
import { execIn, type NamespaceWords, type TypedCommand } from "./transcript-words.js";

const LETTERS: Readonly<Record<IpvsAct["op"], string>> = Object.freeze({
  "add-service": "-A", "edit-service": "-E", "delete-service": "-D", "add-server": "-a", "edit-server": "-e", "delete-server": "-d", clear: "-C", zero: "-Z", timeouts: "--set",
});
const PROTOCOLS = Object.freeze({ tcp: "-t", udp: "-u", sctp: "--sctp-service" });

const METHODS = Object.freeze({ masquerade: "-m", tunnel: "-i", route: "-g" });

const withPort = (addr: string, port: number): string => `${addr.includes(":") ? `[${addr}]` : addr}:${port}`;

function serviceWords(service: IpvsService): string[] {
  if ("fwmark" in service) return ["-f", String(service.fwmark), ...(service.family === 6 ? ["-6"] : [])];
  return [PROTOCOLS[service.protocol], withPort(service.addr, service.port)];
}

/** `ipvsadm ...`. */
export function ipvsCommand(act: IpvsAct, at: NamespaceWords): TypedCommand {
  const { op, service, server, timeouts } = act;
  const words = ["ipvsadm", LETTERS[op]];
  if (timeouts !== undefined) words.push(String(timeouts.tcp), String(timeouts.tcpFin), String(timeouts.udp));
  if (service !== undefined) words.push(...serviceWords(service));
  if (act.scheduler !== undefined) words.push("-s", act.scheduler);
  if (act.persistent !== undefined && act.persistent > 0) words.push("-p", String(act.persistent));
  if (act.netmask !== undefined) words.push("-M", act.netmask);
  if (act.schedFlags !== undefined && act.schedFlags.length > 0) words.push("-b", act.schedFlags.join(","));
  if (server !== undefined) {
    words.push("-r", server.port === undefined ? server.addr : withPort(server.addr, server.port));
    if (op !== "delete-server") words.push(METHODS[server.forward ?? "masquerade"], ...(server.weight === undefined ? [] : ["-w", String(server.weight)]));
  }
  return execIn(at, act.ns, words);
}
