/** Sockets of a namespace as `ss` sees them: inet_diag dumps IPv4, then IPv6; listeners, then the others. */
import { PROTO } from "../../base/codes.js";
import { SOCKF, TCP_STATE, TCP_STATE_WORDS } from "../../linux/sock/socket-table.js";
import type { Stack } from "../../linux/stack.js";

export interface ListedSocket {
  readonly protocol: "tcp" | "udp";
  readonly family: 4 | 6;
  /** `LISTEN`, `ESTAB` */
  readonly state: string;
  /** handles, 0 for any */
  readonly local: number;
  readonly localPort: number;
  readonly remote: number;
  readonly remotePort: number;
  /** a socket of both families that speaks IPv4 here */
  readonly mapped: boolean;
  /** any address of both families */
  readonly dual: boolean;
  readonly received: number;
  readonly sent: number;
  /** `("server",pid=3,fd=3)`, "" for a socket without a program */
  readonly user: string;
}

/** What listen(2) was told. */
const BACKLOG = 128;
/** A program's first sockets come behind its three standard files. */
const FIRST_FILE = 3;

/** The sockets of one protocol, in the order of the dump. */
export function socketsOf(s: Stack, ns: number, protocol: "tcp" | "udp"): ListedSocket[] {
  const { rows } = s.sock;
  const proto = protocol === "tcp" ? PROTO.TCP : PROTO.UDP;
  const found: ListedSocket[] = [];
  for (let row = 1; row < rows.top; row++) if (rows.live[row] === 1 && rows.c.ns[row] === ns && rows.c.proto[row] === proto) found.push(listed(s, row, protocol));
  const rank = (one: ListedSocket): number => (one.state === "LISTEN" ? 0 : 1);
  return found.sort((a, b) => a.family - b.family || rank(a) - rank(b) || a.localPort - b.localPort || a.remotePort - b.remotePort);
}

function listed(s: Stack, row: number, protocol: "tcp" | "udp"): ListedSocket {
  const c = s.sock.rows.c;
  const local = c.localAddr[row]!;
  const remote = c.remoteAddr[row]!;
  const v6 = (addr: number): boolean => addr !== 0 && s.book.family[addr] === 6;
  const only4 = (c.flags[row]! & SOCKF.only4) !== 0;
  const parent = c.parent[row]!;
  const listening = c.state[row] === TCP_STATE.listen;
  const connects = protocol === "tcp" && !listening;
  const dual = local === 0 && !only4 && !connects;
  const mapped = connects && parent !== 0 && s.sock.rows.live[parent] === 1 && s.sock.rows.c.localAddr[parent] === 0 && (s.sock.rows.c.flags[parent]! & SOCKF.only4) === 0 && !v6(local);
  const state = protocol === "tcp" ? (TCP_STATE_WORDS[c.state[row]!] ?? "UNCONN") : remote !== 0 ? "ESTAB" : "UNCONN";
  const unacknowledged = (s.sock.queues.get(row) ?? []).reduce((sum, chunk) => sum + chunk.len, 0);
  return {
    protocol, state, local, remote, mapped, dual,
    family: v6(local) || v6(remote) || dual || mapped ? 6 : 4,
    localPort: c.localPort[row]!,
    remotePort: c.remotePort[row]!,
    received: 0,
    sent: listening ? BACKLOG : unacknowledged,
    user: userOf(s, row),
  };
}

function userOf(s: Stack, row: number): string {
  const c = s.sock.rows.c;
  const app = s.app.apps.get(c.app[row]!);
  if (app === undefined || app.exit !== undefined || (c.flags[row]! & SOCKF.orphan) !== 0) return "";
  return `("${app.program}",pid=${c.app[row]!},fd=${FIRST_FILE + s.sock.ownedBy(c.app[row]!).indexOf(row)})`;
}

/** `10.0.0.1`, `[fd00::1]`, `[::ffff:10.0.0.1]`, `*`, `0.0.0.0`, `[::]`. */
export function addressColumn(s: Stack, { family, mapped, dual }: ListedSocket, addr: number): string {
  if (addr === 0) return dual ? "*" : family === 6 ? "[::]" : "0.0.0.0";
  const text = s.book.text(addr as never);
  return mapped ? `[::ffff:${text}]` : text.includes(":") ? `[${text}]` : text;
}
