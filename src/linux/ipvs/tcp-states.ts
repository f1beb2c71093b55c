/** What IPVS thinks of a TCP connection from the flags that it sees (tcp_states in net/netfilter/ipvs/ip_vs_proto_tcp.c). */
import { TCP_FLAG } from "../../packet/columns.js";

/** Words of the states by number. */
export const IPVS_TCP_WORDS: readonly string[] = Object.freeze([
  "NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK",
]);

/** States by the letters of the tables below. */
const LETTERS = ["NO", "ES", "SS", "SR", "FW", "TW", "CL", "CW", "LA", "LI", "SA"];
/** Seconds a state lasts without a packet; ESTABLISHED and FIN_WAIT are settings. */
export const IPVS_TCP_SECONDS: readonly number[] = Object.freeze([2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120]);
export const ESTABLISHED = 1;
export const FIN_WAIT = 4;
export const TIME_WAIT = 5;
export const CLOSE = 6;

const table = (...rows: readonly string[]): readonly (readonly number[])[] => Object.freeze(rows.map((row) => Object.freeze(row.split(" ").map((word) => LETTERS.indexOf(word)))));

/** From the state of the column, by what the client sent: SYN, FIN, ACK, RST. */
const FROM_CLIENT = table(
  "SR ES ES SR SR SR SR SR SR SR SR",
  "CL CW SS TW TW TW CL CW LA LI TW",
  "ES ES SS ES FW TW CL CW CL LI ES",
  "CL CL CL SR CL CL CL CL LA LI SR",
);
/** The same by what the real server sent. */
const FROM_SERVER = table(
  "SS ES SS SR SS SS SS SS SS LI SR",
  "TW FW SS TW FW TW CL TW LA LI TW",
  "ES ES SS ES FW TW CL CW LA ES ES",
  "CL CL SS CL CL TW CL CL CL CL CL",
);

/** What the client sent, where answers go another way. */
const FROM_CLIENT_ALONE = table(
  "SR ES ES SR SR SR SR SR SR SR SR",
  "CL FW SS TW FW TW CL CW LA LI TW",
  "ES ES SS ES FW TW CL CW CL LI ES",
  "CL CL CL SR CL CL CL CL LA LI CL",
);

/** The state after a segment with these flags; `oneWay`: no answer is seen. */
export function nextTcpState(state: number, flags: number, reply: boolean, oneWay: boolean): number {
  const row = (flags & TCP_FLAG.RST) !== 0 ? 3 : (flags & TCP_FLAG.SYN) !== 0 ? 0 : (flags & TCP_FLAG.FIN) !== 0 ? 1 : (flags & TCP_FLAG.ACK) !== 0 ? 2 : -1;
  return row < 0 ? CLOSE : (reply ? FROM_SERVER : oneWay ? FROM_CLIENT_ALONE : FROM_CLIENT)[row]![state]!;
}

const ACTIVE: ReadonlySet<number> = new Set([1, 2, 3, 10]);

/** Whether a connection in this state counts as active. */
export function isActive(state: number): boolean {
  return ACTIVE.has(state);
}
