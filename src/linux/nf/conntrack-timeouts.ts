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

/** What a namespace's settings say; read once, until they change. */
interface Read {
  readonly lives: Readonly<Record<FlowTimeout, number>>;
  readonly loose: boolean;
  readonly liberal: boolean;
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});

function read(s: Stack, ns: number): Read {
  const { settings } = s.ct;
  return (ns < settings.length ? (settings[ns] as Read | undefined) : undefined) ?? readAnew(s, ns);
}

function readAnew(s: Stack, ns: number): Read {
  const sysctls = s.nsInfo.get(ns)?.sysctls ?? NONE;
  const lives: Record<string, number> = {};
  for (const [word, seconds] of Object.entries(FLOW_TIMEOUTS)) lives[word] = number(sysctls, word, seconds) * SECOND;
  const made: Read = { lives: lives as Record<FlowTimeout, number>, loose: number(sysctls, "tcp_loose", 1) !== 0, liberal: number(sysctls, "tcp_be_liberal", 0) !== 0 };
  while (s.ct.settings.length <= ns) s.ct.settings.push(undefined);
  s.ct.settings[ns] = made;
  return made;
}

/** The settings of a namespace have changed, or it is gone. */
export function forgetFlowSettings(s: Stack, ns: number): void {
  if (ns < s.ct.settings.length) s.ct.settings[ns] = undefined;
}

/** A timeout of a namespace in ns. */
export function flowTimeout(s: Stack, ns: number, word: FlowTimeout): number {
  const { lives } = read(s, ns);
  // By their own names, those that a packet asks for most: no search by a computed one.
  if (word === "udp_timeout") return lives.udp_timeout;
  if (word === "tcp_timeout_established") return lives.tcp_timeout_established;
  return lives[word];
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
