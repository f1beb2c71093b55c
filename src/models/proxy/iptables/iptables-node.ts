import type { Family } from "../sloppy-address.js";
import type { LocalDetector, ProxyNode } from "../proxy-node.js";

/** What the iptables mode knows of a node beyond what every mode does. */
export interface IptablesNode extends ProxyNode {
  /** iptables 1.6.2 or later. */
  readonly randomFully: boolean;
  /** As configured; see {@link localhostNodePorts}. */
  readonly localhostNodePorts: boolean;
  /** Sysctl `net.netfilter.nf_conntrack_tcp_be_liberal` was on when the proxy started. */
  readonly conntrackTcpBeLiberal: boolean;
  /** Which nfacct counters could be made. */
  readonly counters: { readonly invalidDropped: boolean; readonly localhostAccepted: boolean };
}

/** Whether node ports answer on 127.0.0.0/8, for which the proxy sets `net.ipv4.conf.all.route_localnet`. */
export function localhostNodePorts(node: IptablesNode): boolean {
  return node.family === 4 && node.localhostNodePorts && node.nodePorts.loopback;
}

/** Match on packets of this node's pods, or on all others; null where the node cannot tell. */
export function detectorMatch(detector: LocalDetector | null, local: boolean): string | null {
  if (detector === null) return null;
  const match = detector.kind === "cidr" ? `-s ${detector.cidr}` : `-i ${detector.name}${detector.kind === "prefix" ? "+" : ""}`;
  return local ? match : `! ${match}`;
}

export function loopbackNetwork(family: Family): string {
  return family === 4 ? "127.0.0.0/8" : "::1/128";
}
