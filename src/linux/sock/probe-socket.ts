/**
 * Sockets of programs that look for a path: datagrams and SYNs with a TTL of their own, and every ICMP error about them
 * (IP_RECVERR); and packet sockets that ask and hear ARP.
 */
import type { Addr } from "../../base/address-book.js";
import { PROTO } from "../../base/codes.js";
import { BROADCAST_MAC } from "../../base/mac.js";
import { TCP_FLAG } from "../../packet/columns.js";
import { ARPOP, sendArp } from "../arp-send.js";
import type { Stack } from "../stack.js";
import { heard, makeLocal, sendLocal } from "./local-send.js";
import { SOCKF } from "./socket-table.js";
import { bindPort, netnsStream } from "./source-port.js";
import { udpBind, udpConnect } from "./udp.js";

/** `proto` of a raw socket that hears the TCP segments of its port which no connection takes. */
const RAW_TCP = 255;
/** `proto` of a packet socket that hears ARP at one device; its port is the device's row. */
const PACKET_ARP = 254;
const HEADER4 = 20;
const HEADER6 = 40;
const UDP_HEADER = 8;
const TCP_HEADER = 20;
const PORTS = 0xffff;
const PROBE_WINDOW = 5840;
const PROBE_MSS = 1460;

/** What a probe looks like; lengths are those of the whole packet. */
export interface ProbePacket {
  readonly dst: number;
  readonly port: number;
  readonly ttl: number;
  readonly length: number;
  readonly dontFragment: boolean;
}

/** A UDP socket for one peer that hears every error: its row, or a negative errno. */
export function udpProbeOpen(s: Stack, ns: number, app: number, src: number, dst: number, port: number): number {
  const sock = udpBind(s, ns, src, 0, app);
  if (sock < 0) return sock;
  const { flags } = s.sock.rows.c;
  flags[sock] = flags[sock]! | SOCKF.allErrors;
  const errno = udpConnect(s, sock, dst, port);
  return errno === 0 ? sock : -errno;
}

/** A raw socket for SYNs from a port of its own. */
export function tcpProbeOpen(s: Stack, ns: number, app: number, src: number): number {
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = ns;
  c.proto[row] = RAW_TCP;
  c.localAddr[row] = src;
  c.localPort[row] = bindPort(s, ns, PROTO.TCP, 0);
  s.sock.own(row, app);
  s.sock.hangBound(row);
  return row;
}

/** Sends one probe: 0 or an errno. */
export function sendProbe(s: Stack, sock: number, { dst, port, ttl, length, dontFragment }: ProbePacket): number {
  const c = s.sock.rows.c;
  const ns = c.ns[sock]!;
  const tcp = c.proto[sock] === RAW_TCP;
  const header = s.book.is4(dst) ? HEADER4 : HEADER6;
  const p = makeLocal(s, c.localAddr[sock]!, dst, tcp ? PROTO.TCP : PROTO.UDP, sock);
  const k = s.packets.c;
  k.ttl[p] = ttl;
  k.sport[p] = c.localPort[sock]!;
  k.dport[p] = port;
  k.ipLen[p] = Math.max(length, header + (tcp ? TCP_HEADER : UDP_HEADER));
  if (tcp) {
    k.flags[p] = TCP_FLAG.SYN;
    k.optLen[p] = k.ipLen[p]! - header - TCP_HEADER;
    k.mss[p] = PROBE_MSS;
    k.window[p] = PROBE_WINDOW;
    k.seq[p] = s.streams.u32(netnsStream(s, ns, "probe-seq")) | 0;
  } else k.payLen[p] = k.ipLen[p]! - header - UDP_HEADER;
  return heard(sendLocal(s, p, ns, dontFragment ? "never" : "allow"));
}

/** A raw socket hears a segment that no connection wants; the kernel answers it as ever. `p` stays the caller's. */
export function hearSegment(s: Stack, p: number, ns: number): void {
  const k = s.packets.c;
  const sock = rawTcpSocket(s, ns, k.dport[p]!);
  if (sock !== 0) s.op.appEvent(s.sock.rows.c.app[sock]!, { kind: "segment", sock, from: k.src[p]!, port: k.sport[p]!, flags: k.flags[p]! });
}

/** The raw socket of a port, 0 if there is none. */
export function rawTcpSocket(s: Stack, ns: number, port: number): number {
  for (const row of s.sock.boundTo(ns, RAW_TCP, port)) return row;
  return 0;
}

/** A packet socket for ARP at a device. */
export function arpOpen(s: Stack, dev: number, app: number): number {
  const row = s.sock.rows.alloc();
  const c = s.sock.rows.c;
  c.ns[row] = s.dev.c.ns[dev]!;
  c.proto[row] = PACKET_ARP;
  c.localPort[row] = dev & PORTS;
  s.sock.own(row, app);
  s.sock.hangBound(row);
  return row;
}

/** Asks for `target` from `source`, or answers for it unasked; `mac` 0 sends to everybody. */
export function arpAsk(s: Stack, dev: number, op: "request" | "reply", source: number, target: number, mac: number): void {
  const to = mac === 0 ? BROADCAST_MAC : mac;
  sendArp(s, dev, ARPOP[op], source as Addr, target as Addr, op === "reply" ? s.dev.c.mac[dev]! : mac === 0 ? BROADCAST_MAC : mac, to);
}

/** Packet sockets hear an ARP packet that came in at a device. `p` stays the caller's. */
export function hearArp(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  for (const sock of [...s.sock.boundTo(ns, PACKET_ARP, dev & PORTS)]) {
    s.op.appEvent(s.sock.rows.c.app[sock]!, { kind: "arp", sock, reply: c.arpOp[p] === ARPOP.reply, from: c.src[p]!, target: c.dst[p]!, mac: c.arpSha[p]!, broadcast: c.macDst[p] === BROADCAST_MAC });
  }
}
