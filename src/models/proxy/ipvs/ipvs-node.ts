import type { ProxyNode } from "../proxy-node.js";

/** What the IPVS mode knows of a node beyond what every mode does. */
export interface IpvsNode extends ProxyNode {
  readonly randomFully: boolean;
  /** `rr` unless configured; one for all virtual servers. */
  readonly scheduler: string;
  /** Answer ARP only for addresses of the interface that was asked, which announcers of addresses on layer 2 need. */
  readonly strictARP: boolean;
  /** Seconds that connections live in the kernel; 0 or left out: the kernel's own. */
  readonly timeouts?: IpvsTimeoutSettings;
}

/** `tcpTimeout`, `tcpFinTimeout` and `udpTimeout` of a KubeProxyConfiguration, in seconds. */
export interface IpvsTimeoutSettings {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}

/** Sysctls that the proxy sets at start, in order; the ones that depend on the kernel's age are those of 5.9 and later. */
export function ipvsSysctls(node: Pick<IpvsNode, "strictARP">): readonly (readonly [key: string, value: string])[] {
  return [
    ["net/ipv4/vs/conntrack", "1"],
    ["net/ipv4/vs/expire_nodest_conn", "1"],
    ["net/ipv4/vs/expire_quiescent_template", "1"],
    ["net/ipv4/ip_forward", "1"],
    ...(node.strictARP
      ? ([
          ["net/ipv4/conf/all/arp_ignore", "1"],
          ["net/ipv4/conf/all/arp_announce", "2"],
        ] as const)
      : []),
  ];
}
