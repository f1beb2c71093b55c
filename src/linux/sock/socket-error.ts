/** ICMP errors on their way to the program whose packet they quote (tcp_v4_err, __udp4_lib_err, raw_err; facts C8 list what each hears). */
import { PROTO } from "../../base/codes.js";
import { ERRNO } from "../errno.js";
import { ICMP } from "../icmp-codes.js";
import type { Stack } from "../stack.js";
import { TCP_STATE } from "./socket-table.js";
import { endSocket } from "./tcp-timer.js";

/** errno by code of "destination unreachable", and whether the error ends a UDP socket's wait (icmp_err_convert). */
const UNREACHABLE: readonly (readonly [errno: number, fatal: boolean])[] = [
  [ERRNO.ENETUNREACH, false],
  [ERRNO.EHOSTUNREACH, false],
  [ERRNO.ENOPROTOOPT, true],
  [ERRNO.ECONNREFUSED, true],
  [ERRNO.EMSGSIZE, false],
  [ERRNO.EHOSTUNREACH, false],
  [ERRNO.ENETUNREACH, true],
  [ERRNO.EHOSTUNREACH, true],
  [ERRNO.EHOSTUNREACH, true],
  [ERRNO.ENETUNREACH, true],
  [ERRNO.EHOSTUNREACH, true],
  [ERRNO.ENETUNREACH, false],
  [ERRNO.EHOSTUNREACH, false],
  [ERRNO.EHOSTUNREACH, true],
  [ERRNO.EHOSTUNREACH, true],
  [ERRNO.EHOSTUNREACH, true],
];

function convert(type: number, code: number): readonly [number, boolean] {
  if (type === ICMP.unreachable) return UNREACHABLE[code] ?? [ERRNO.EHOSTUNREACH, false];
  if (type === ICMP.timeExceeded) return [ERRNO.EHOSTUNREACH, false];
  return [ERRNO.EINVAL, false];
}

/** The error `p` quotes a packet of this namespace; `p` stays the caller's. */
export function socketError(s: Stack, p: number, ns: number): void {
  const k = s.packets.c;
  const q = k.inner[p]!;
  if (k.icmpType[p] === ICMP.redirect) return;
  const [errno, fatal] = convert(k.icmpType[p]!, k.icmpCode[p]!);
  const report = (sock: number): void => {
    s.op.appEvent(s.sock.rows.c.app[sock]!, { kind: "error", sock, errno, from: k.src[p]!, type: k.icmpType[p]!, code: k.icmpCode[p]!, info: k.icmpInfo[p]!, sequence: k.dport[q]! });
  };
  if (k.proto[q] === PROTO.TCP) {
    const sock = s.sock.findConnected(ns, PROTO.TCP, k.src[q]!, k.sport[q]!, k.dst[q]!, k.dport[q]!);
    if (sock === 0 || k.icmpCode[p] === ICMP.fragmentationNeeded && k.icmpType[p] === ICMP.unreachable) return;
    const state = s.sock.rows.c.state[sock]!;
    if (state === TCP_STATE.synSent || state === TCP_STATE.synRecv) endSocket(s, sock, errno);
    else s.sock.rows.c.error[sock] = errno;
  } else if (k.proto[q] === PROTO.UDP) {
    const sock = s.sock.findBound(ns, PROTO.UDP, k.src[q]!, k.sport[q]!);
    if (sock === 0 || s.sock.rows.c.remoteAddr[sock] === 0) return;
    if (!fatal && errno !== ERRNO.EMSGSIZE) return;
    s.sock.rows.c.error[sock] = errno;
    report(sock);
  } else if (k.proto[q] === PROTO.ICMP) {
    const sock = s.sock.findBound(ns, PROTO.ICMP, 0, k.sport[q]!);
    if (sock !== 0) report(sock);
  }
}
