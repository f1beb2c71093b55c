/** What `ipvsadm` prints: virtual servers with their real ones, by address and port; connections; the commands that make it all again. */
import { SECOND } from "../../base/time.js";
import { ipvsTimeouts } from "../../linux/ipvs/connection.js";
import { CONNF, FORWARD, SERVERF } from "../../linux/ipvs/ipvs-table.js";
import { SCHEDULERS } from "../../linux/ipvs/schedule.js";
import { IPVS_TCP_WORDS } from "../../linux/ipvs/tcp-states.js";
import type { IpvsService } from "../../linux/plumbing/ipvs-act.js";
import type { Stack } from "../../linux/stack.js";

const HEAD = "IP Virtual Server version 1.2.1 (size=4096)";
const PROTOCOLS: Readonly<Record<number, string>> = Object.freeze({ 0: "IP", 6: "TCP", 17: "UDP", 132: "SCTP" });
const LETTERS: Readonly<Record<number, string>> = Object.freeze({ 6: "-t", 17: "-u", 132: "--sctp-service" });
/** States of what is no TCP connection. */
const OTHER_STATES: Readonly<Record<number, string>> = Object.freeze({ 17: "UDP", 132: "INIT1" });
const WORDS: Readonly<Record<string, readonly string[]>> = Object.freeze({ sh: ["sh-fallback", "sh-port", "flag-3"], mh: ["mh-fallback", "mh-port", "flag-3"] });
/** Forwarding methods in lists, and as options. */
const METHODS: Readonly<Record<number, { readonly word: string; readonly letter: string }>> = Object.freeze({
  [FORWARD.masquerade]: { word: "Masq", letter: "-m" }, [FORWARD.tunnel]: { word: "Tunnel", letter: "-i" }, [FORWARD.route]: { word: "Route", letter: "-g" },
});
const COUNTERS = ["conns", "inPackets", "outPackets", "inBytes", "outBytes"] as const;

function endText(s: Stack, addr: number, port: number): string {
  const text = s.book.text(addr);
  return `${s.book.is4(addr) ? text : `[${text}]`}:${port}`;
}

/** Virtual servers of a namespace as ipvsadm sorts them. */
function sorted(s: Stack, ns: number): number[] {
  const c = s.ipvs.servers.c;
  return s.ipvs.of(ns).sort(
    (a, b) =>
      c.fwmark[a]! - c.fwmark[b]! || c.family[a]! - c.family[b]! || c.proto[a]! - c.proto[b]! ||
      (c.addr[a] === c.addr[b] ? 0 : s.book.compare(c.addr[a]!, c.addr[b]!)) || c.port[a]! - c.port[b]!,
  );
}

function realsOf(s: Stack, server: number): number[] {
  const c = s.ipvs.reals.c;
  return [...s.ipvs.lists.get(server)!].sort((a, b) => (c.addr[a] === c.addr[b] ? 0 : s.book.compare(c.addr[a]!, c.addr[b]!)) || c.port[a]! - c.port[b]!);
}

/** Words of a virtual server's scheduler flags. */
function flagWords(s: Stack, server: number): string {
  const { flags, scheduler } = s.ipvs.servers.c;
  const words = WORDS[SCHEDULERS[scheduler[server]!]!] ?? ["flag-1", "flag-2", "flag-3"];
  return [SERVERF.sched1, SERVERF.sched2, SERVERF.sched3].flatMap((bit, i) => ((flags[server]! & bit) === 0 ? [] : [words[i]!])).join(",");
}

/** A netmask that is not that of one client alone. */
function maskText(s: Stack, server: number): string {
  const { family, netmask } = s.ipvs.servers.c;
  const mask = netmask[server]!;
  if (family[server] === 6) return mask === 128 ? "" : String(mask);
  return mask === -1 ? "" : [24, 16, 8, 0].map((shift) => (mask >>> shift) & 255).join(".");
}

function nameText(s: Stack, server: number): string {
  const c = s.ipvs.servers.c;
  if (c.fwmark[server] !== 0) return `FWM  ${c.fwmark[server]! >>> 0}${c.family[server] === 6 ? " IPv6" : ""}`;
  return `${PROTOCOLS[c.proto[server]!]}  ${endText(s, c.addr[server]!, c.port[server]!)}`;
}

function headText(s: Stack, server: number): string {
  const c = s.ipvs.servers.c;
  const mask = maskText(s, server);
  const persistent = (c.flags[server]! & SERVERF.persistent) === 0 ? "" : ` persistent ${c.timeout[server]}${mask === "" ? "" : ` mask ${mask}`}`;
  const flags = flagWords(s, server);
  return `${nameText(s, server)} ${SCHEDULERS[c.scheduler[server]!]}${persistent}${flags === "" ? "" : ` (${flags})`}`;
}

/** A counter in nine columns; beyond eight digits in thousands, millions and so on unless it must be exact. */
function largeNumber(value: number, exact: boolean): string {
  if (exact) return String(value).padStart(Math.max(9, String(value).length + 1));
  if (value < 1e8) return String(value).padStart(9);
  const [unit, letter] = value < 1e9 ? [1e3, "K"] : value < 1e12 ? [1e6, "M"] : [1e9, "G"];
  return `${String(Math.floor(value / Number(unit))).padStart(8)}${letter}`;
}

/** `ipvsadm -Ln`, of one virtual server or of all; null where there is none of that name. */
export function listServers(s: Stack, ns: number, only: IpvsService | null, form: "plain" | "stats", exact: boolean): readonly string[] | null {
  const rows = only === null ? sorted(s, ns) : [find(s, ns, only)];
  if (rows.includes(0)) return null;
  const columns =
    form === "plain"
      ? ["Prot LocalAddress:Port Scheduler Flags", "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn"]
      : [`${"Prot LocalAddress:Port".padEnd(33)}${["Conns", "InPkts", "OutPkts", "InBytes", "OutBytes"].map((word) => ` ${word.padStart(8)}`).join("")}`, "  -> RemoteAddress:Port"];
  const { servers, reals } = s.ipvs;
  const counters = (of: typeof servers.c | typeof reals.c, row: number): string => COUNTERS.map((name) => largeNumber(of[name][row]!, exact)).join("");
  return [
    ...(only === null ? [HEAD] : []),
    ...columns,
    ...rows.flatMap((server) => [
      form === "plain" ? headText(s, server) : `${nameText(s, server).padEnd(33)}${counters(servers.c, server)}`,
      ...realsOf(s, server).map((real) => {
        const name = `  -> ${endText(s, reals.c.addr[real]!, reals.c.port[real]!).padEnd(28)}`;
        if (form === "stats") return `${name}${counters(reals.c, real)}`;
        const { weight, active, inactive, forward } = reals.c;
        return `${name} ${METHODS[forward[real]!]!.word.padEnd(7)} ${String(weight[real]).padEnd(6)} ${String(active[real]).padEnd(10)} ${String(inactive[real]).padEnd(10)}`;
      }),
    ]),
  ];
}

function find(s: Stack, ns: number, name: IpvsService): number {
  if ("fwmark" in name) return s.ipvs.find(ns, { family: name.family, proto: 0, addr: 0, port: 0, fwmark: name.fwmark });
  const addr = s.book.ofText(name.addr);
  const proto = Number(Object.keys(PROTOCOLS).find((number) => PROTOCOLS[Number(number)]!.toLowerCase() === name.protocol));
  return s.ipvs.find(ns, { family: s.book.family[addr]!, proto, addr, port: name.port, fwmark: 0 });
}

function stateText(s: Stack, row: number): string {
  const { flags, proto, state } = s.ipvs.connections.c;
  if ((flags[row]! & CONNF.template) !== 0) return (flags[row]! & CONNF.assured) !== 0 ? "ASSURED" : "NONE";
  return OTHER_STATES[proto[row]!] ?? IPVS_TCP_WORDS[state[row]!]!;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `ipvsadm -Lnc`: the kernel shows them in the order of a hash, here the oldest row is first. */
export function listConnections(s: Stack, ns: number): readonly string[] {
  const { connections } = s.ipvs;
  const c = connections.c;
  const lines = ["IPVS connection entries", "pro expire state       source             virtual            destination"];
  for (let row = 1; row < connections.top; row++) {
    if (connections.live[row] !== 1 || c.ns[row] !== ns) continue;
    const left = Math.max(0, Math.floor((c.expires[row]! - s.engine.now) / SECOND));
    const virtual = c.proto[row] === 0 ? `${markAddress(c.vaddr[row]!)}:${c.vport[row]}` : endText(s, c.vaddr[row]!, c.vport[row]!);
    lines.push(
      [
        PROTOCOLS[c.proto[row]!]!.padEnd(3), `${two(Math.floor(left / 60))}:${two(left % 60)}`.padEnd(6), stateText(s, row).padEnd(11), endText(s, c.client[row]!, c.clientPort[row]!).padEnd(18),
        virtual.padEnd(18), endText(s, c.addr[row]!, c.port[row]!),
      ].join(" "),
    );
  }
  return lines;
}

/** A mark where an address would stand. */
const markAddress = (mark: number): string => [24, 16, 8, 0].map((shift) => (mark >>> shift) & 255).join(".");

/** `ipvsadm -L --timeout`. */
export function listTimeouts(s: Stack, ns: number): string {
  const { tcp, tcpFin, udp } = ipvsTimeouts(s, ns);
  return `Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}`;
}

/** `ipvsadm -Sn`. */
export function savedServers(s: Stack, ns: number): readonly string[] {
  const { servers, reals } = s.ipvs;
  const c = servers.c;
  return sorted(s, ns).flatMap((server) => {
    const name = c.fwmark[server] !== 0 ? `-f ${c.fwmark[server]! >>> 0}${c.family[server] === 6 ? " -6" : ""}` : `${LETTERS[c.proto[server]!]} ${endText(s, c.addr[server]!, c.port[server]!)}`;
    const mask = maskText(s, server);
    const persistent = (c.flags[server]! & SERVERF.persistent) === 0 ? "" : ` -p ${c.timeout[server]}${mask === "" ? "" : ` -M ${mask}`}`;
    const flags = flagWords(s, server);
    return [
      `-A ${name} -s ${SCHEDULERS[c.scheduler[server]!]}${persistent}${flags === "" ? "" : ` -b ${flags}`}`,
      ...realsOf(s, server).map((real) => `-a ${name} -r ${endText(s, reals.c.addr[real]!, reals.c.port[real]!)} ${METHODS[reals.c.forward[real]!]!.letter} -w ${reals.c.weight[real]}`),
    ];
  });
}
