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

/** What a namespace's settings say; read once for each record of settings, which is replaced whole. */
interface Read {
  readonly lives: Readonly<Record<FlowTimeout, number>>;
  readonly loose: boolean;
  readonly liberal: boolean;
}

const known: WeakMap<Readonly<Record<string, string>>, Read> = new WeakMap();
const NONE: Readonly<Record<string, string>> = Object.freeze({});

function read(s: Stack, ns: number): Read {
  const sysctls = s.nsInfo.get(ns)?.sysctls ?? NONE;
  let made = known.get(sysctls);
  if (made === undefined) {
    const lives: Record<string, number> = {};
    for (const [word, seconds] of Object.entries(FLOW_TIMEOUTS)) lives[word] = number(sysctls, word, seconds) * SECOND;
    made = { lives: lives as Record<FlowTimeout, number>, loose: number(sysctls, "tcp_loose", 1) !== 0, liberal: number(sysctls, "tcp_be_liberal", 0) !== 0 };
    known.set(sysctls, made);
  }
  return made;
}

/** A timeout of a namespace in ns. */
export function flowTimeout(s: Stack, ns: number, word: FlowTimeout): number {
  return read(s, ns).lives[word];
}

/** `net.netfilter.nf_conntrack_tcp_loose`, default 1: flows may be picked up in their middle. */
export function tcpLoose(s: Stack, ns: number): boolean {
  return read(s, ns).loose;
}

/** `net.netfilter.nf_conntrack_tcp_be_liberal`, default 0: only RSTs out of window are invalid. */
export function tcpLiberal(s: Stack, ns: number): boolean {
  return read(s, ns).liberal;
}

function number(sysctls: Readonly<Record<string, string>>, word: string, otherwise: number): number {
  const text = sysctls[`net.netfilter.nf_conntrack_${word}`];
  const value = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isInteger(value) ? value : otherwise;
}
