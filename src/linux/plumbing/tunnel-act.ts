/** What acts say of tunnels that carry IP packets. */

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
