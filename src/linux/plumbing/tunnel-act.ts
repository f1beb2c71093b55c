/** What acts say of tunnels. */

/** `ip link add NAME type vxlan ...`. */
export interface VxlanAct {
  readonly id: number;
  /** `dstport`, 8472 unless given */
  readonly port?: number;
  readonly local?: string;
  readonly dev?: string;
  readonly remote?: string;
  /** true unless given */
  readonly learning?: boolean;
  /** `srcport MIN MAX`, the second number exclusive as in the kernel */
  readonly srcport?: readonly [number, number];
}

/** `ip link add NAME type ipip ...`; `tunl0` without any of these is what loading the module makes. */
export interface IpipAct {
  readonly local?: string;
  /** left out: packets go to the next hop of their route */
  readonly remote?: string;
  readonly dev?: string;
  /** 0 or left out: `inherit` */
  readonly ttl?: number;
  /** TOS byte, 0 unless given */
  readonly tos?: number | "inherit";
  /** true unless given */
  readonly pmtudisc?: boolean;
}

/** The other end of a WireGuard tunnel; keys are 32 bytes in base 64. */
export interface WireguardPeerAct {
  readonly publicKey: string;
  /** address:port */
  readonly endpoint?: string;
  /** CIDRs; they take the place of those that the peer had, and no other peer keeps one of them */
  readonly allowedIps?: readonly string[];
  readonly remove?: boolean;
}

/** `wg set`; what is left out stays as it is. */
export interface WireguardSet {
  readonly verb: "wg-set";
  readonly ns: number;
  readonly dev: string;
  readonly privateKey?: string;
  readonly listenPort?: number;
  readonly peers?: readonly WireguardPeerAct[];
  readonly cause?: number;
}
