/** Ports that the kernel chooses (inet_hash_connect, inet_csk_get_port, udp_lib_get_port): even ones for connect, odd for bind, any for UDP. */
import { PROTO } from "../../base/codes.js";
import type { Stack } from "../stack.js";

/** net.ipv4.ip_local_port_range, inclusive. */
export const EPHEMERAL: readonly [number, number] = [32768, 60999];

/** The stream that a namespace draws ports, sequence numbers and identifications from. */
export function netnsStream(s: Stack, ns: number, what: string): number {
  return s.streams.stream(`${s.ns.c.node[ns]}/${s.nsInfo.get(ns)!.name}/${what}`);
}

/** A free local port for a new TCP connection to a peer, 0 if all are taken. */
export function connectPort(s: Stack, ns: number, local: number, remote: number, remotePort: number): number {
  const [low, high] = EPHEMERAL;
  const half = (high - low + 1) >> 1;
  const start = s.streams.below(netnsStream(s, ns, "ports"), half);
  for (let parity = 0; parity < 2; parity++) {
    for (let i = 0; i < half; i++) {
      const port = low + parity + 2 * ((start + i) % half);
      if (s.sock.findBound(ns, PROTO.TCP, local, port) === 0 && s.sock.findConnected(ns, PROTO.TCP, local, port, remote, remotePort) === 0) return port;
    }
  }
  return 0;
}

/** A free local port for a socket bound to port 0. */
export function bindPort(s: Stack, ns: number, proto: number, local: number): number {
  const [low, high] = EPHEMERAL;
  const size = high - low + 1;
  const start = s.streams.below(netnsStream(s, ns, "ports"), size);
  const odd = proto === PROTO.TCP;
  for (let i = 0; i < size; i++) {
    const port = low + ((start + i) % size);
    if (odd && port % 2 === 0) continue;
    if (s.sock.findBound(ns, proto, local, port) === 0) return port;
  }
  return 0;
}
