/** ICMP errors on their way to the program whose packet they quote (tcp_v4_err, __udp4_lib_err, raw_err; facts C8 list what each hears). */
import { PROTO } from "../../base/codes.js";
import { ERRNO } from "../errno.js";
import { isFragment } from "../fragment.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import type { Stack } from "../stack.js";
import { rawTcpSocket } from "./probe-socket.js";
import { SOCKF, TCP_STATE } from "./socket-table.js";
import { revertBackoff } from "./tcp-arm.js";
import { onTooLong } from "./tcp-output.js";
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

/** errno by code of ICMPv6 "destination unreachable" (icmpv6_err_convert). */
const UNREACHABLE6: readonly (readonly [errno: number, fatal: boolean])[] = [
  [ERRNO.ENETUNREACH, false],
  [ERRNO.EACCES, true],
  [ERRNO.EHOSTUNREACH, false],
  [ERRNO.EHOSTUNREACH, false],
  [ERRNO.ECONNREFUSED, true],
  [ERRNO.EACCES, true],
  [ERRNO.EACCES, true],
];

function convert6(type: number, code: number): readonly [number, boolean] {
  if (type === ICMP6.unreachable) return UNREACHABLE6[code] ?? [ERRNO.EPROTO, true];
  if (type === ICMP6.packetTooBig) return [ERRNO.EMSGSIZE, false];
  if (type === ICMP6.parameterProblem) return [ERRNO.EPROTO, true];
  return [ERRNO.EHOSTUNREACH, false];
}

/** While connect(2) still holds the socket, an error that IPv6 gives at once is only kept; the next one counts (tcp_v6_err). */
function isConnecting(s: Stack, sock: number): boolean {
  const c = s.sock.rows.c;
  return c.retries[sock] === 0 && c.sentAt[sock] === s.engine.now;
}

/** Whether an error ends a connection that a listener has answered and nobody has confirmed (tcp_req_err); others leave its SYN,ACK to be sent again. */
function endsRequest(type: number, code: number): boolean {
  return type === ICMP.timeExceeded || type === ICMP.parameterProblem || (type === ICMP.unreachable && (code === ICMP.netUnreachable || code === ICMP.hostUnreachable));
}

/** RFC 6069: errors after which a connection tries again as often as before. */
function saysNoWay(v6: boolean, type: number, code: number): boolean {
  return v6 ? type === ICMP6.unreachable && code === ICMP6.noRoute : type === ICMP.unreachable && (code === ICMP.netUnreachable || code === ICMP.hostUnreachable);
}

/** The error `p` quotes a packet of this namespace; `p` stays the caller's. */
export function socketError(s: Stack, p: number, ns: number): void {
  const k = s.packets.c;
  const q = k.inner[p]!;
  if (k.icmpType[p] === (k.proto[p] === PROTO.ICMP ? ICMP.redirect : ICMP6.redirect)) return;
  const v6 = k.proto[p] === PROTO.ICMP6;
  const [errno, fatal] = v6 ? convert6(k.icmpType[p]!, k.icmpCode[p]!) : convert(k.icmpType[p]!, k.icmpCode[p]!);
  const report = (sock: number): void => {
    s.op.appEvent(s.sock.rows.c.app[sock]!, { kind: "error", sock, errno, from: k.src[p]!, type: k.icmpType[p]!, code: k.icmpCode[p]!, info: k.icmpInfo[p]!, sequence: k.dport[q]!, piece: isFragment(s, q) });
  };
  if (k.proto[q] === PROTO.TCP) {
    const sock = s.sock.findConnected(ns, PROTO.TCP, k.src[q]!, k.sport[q]!, k.dst[q]!, k.dport[q]!);
    const raw = sock === 0 ? rawTcpSocket(s, ns, k.sport[q]!) : 0;
    if (raw !== 0) report(raw);
    if (sock === 0) return;
    if (v6 ? k.icmpType[p] === ICMP6.packetTooBig : k.icmpCode[p] === ICMP.fragmentationNeeded && k.icmpType[p] === ICMP.unreachable) {
      const c = s.sock.rows.c;
      // Only about what is still under way.
      if (((k.seq[q]! - c.unacked[sock]!) | 0) >= 0 && ((c.nextSeq[sock]! - k.seq[q]!) | 0) >= 0) onTooLong(s, sock);
      return;
    }
    const state = s.sock.rows.c.state[sock]!;
    if (state === TCP_STATE.synRecv && s.sock.rows.c.parent[sock] !== 0) {
      if (v6 ? fatal : endsRequest(k.icmpType[p]!, k.icmpCode[p]!)) endSocket(s, sock, errno);
      return;
    }
    if (v6 && state === TCP_STATE.synSent && isConnecting(s, sock)) {
      s.sock.rows.c.error[sock] = errno;
      return;
    }
    if (state === TCP_STATE.synSent || state === TCP_STATE.synRecv) endSocket(s, sock, errno);
    else {
      s.sock.rows.c.error[sock] = errno;
      if (saysNoWay(v6, k.icmpType[p]!, k.icmpCode[p]!)) revertBackoff(s, sock, k.seq[q]!);
    }
  } else if (k.proto[q] === PROTO.UDP) {
    const sock = s.sock.findBound(ns, PROTO.UDP, k.src[q]!, k.sport[q]!);
    // A connected socket is found by both ends of what is quoted.
    if (sock === 0 || s.sock.rows.c.remoteAddr[sock] !== k.dst[q] || s.sock.rows.c.remotePort[sock] !== k.dport[q]) return;
    if ((s.sock.rows.c.flags[sock]! & SOCKF.allErrors) !== 0) {
      report(sock);
      return;
    }
    if (!fatal && errno !== ERRNO.EMSGSIZE) return;
    s.sock.rows.c.error[sock] = errno;
    report(sock);
  } else if (k.proto[q] === PROTO.ICMP || k.proto[q] === PROTO.ICMP6) {
    const sock = s.sock.findBound(ns, PROTO.ICMP, 0, k.sport[q]!);
    if (sock !== 0) report(sock);
  }
}
