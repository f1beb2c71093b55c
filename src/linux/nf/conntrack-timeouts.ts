/** How long flows live: `net.netfilter.nf_conntrack_*` of a namespace, in seconds there and in ns here. */
import { SECOND } from "../../base/time.js";
import type { Stack } from "../stack.js";

/** Defaults of a 6.x kernel, seconds. */
export const FLOW_TIMEOUTS = Object.freeze({
  generic_timeout: 600,
  icmp_timeout: 30,
  icmpv6_timeout: 30,
  udp_timeout: 30,
  udp_timeout_stream: 120,
  tcp_timeout_syn_sent: 120,
  tcp_timeout_syn_recv: 60,
  tcp_timeout_established: 432000,
  tcp_timeout_fin_wait: 120,
  tcp_timeout_close_wait: 60,
  tcp_timeout_last_ack: 30,
  tcp_timeout_time_wait: 120,
  tcp_timeout_close: 10,
  tcp_timeout_max_retrans: 300,
  tcp_timeout_unacknowledged: 300,
} as const);

export type FlowTimeout = keyof typeof FLOW_TIMEOUTS;

/** A timeout of a namespace in ns. */
export function flowTimeout(s: Stack, ns: number, word: FlowTimeout): number {
  return number(s, ns, word, FLOW_TIMEOUTS[word]) * SECOND;
}

/** `net.netfilter.nf_conntrack_tcp_loose`, default 1: flows may be picked up in their middle. */
export function tcpLoose(s: Stack, ns: number): boolean {
  return number(s, ns, "tcp_loose", 1) !== 0;
}

/** `net.netfilter.nf_conntrack_tcp_be_liberal`, default 0: only RSTs out of window are invalid. */
export function tcpLiberal(s: Stack, ns: number): boolean {
  return number(s, ns, "tcp_be_liberal", 0) !== 0;
}

function number(s: Stack, ns: number, word: string, otherwise: number): number {
  const text = s.nsInfo.get(ns)?.sysctls[`net.netfilter.nf_conntrack_${word}`];
  const value = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isInteger(value) ? value : otherwise;
}
