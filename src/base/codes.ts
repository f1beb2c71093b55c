/** Closed lists of numbers that mean the same everywhere. New entries go to the end: the numbers of a list never change. */

/** IP protocol numbers (IANA "Assigned Internet Protocol Numbers"). */
export const PROTO = Object.freeze({ ICMP: 1, IPIP: 4, TCP: 6, UDP: 17, IPV6: 41, GRE: 47, ICMP6: 58, SCTP: 132 } as const);
export type Proto = (typeof PROTO)[keyof typeof PROTO];

/** Words for protocols as `/etc/protocols` and iptables write them. */
export const PROTO_NAME: Readonly<Record<number, string>> = Object.freeze({
  1: "icmp",
  4: "ipencap",
  6: "tcp",
  17: "udp",
  41: "ipv6",
  47: "gre",
  58: "ipv6-icmp",
  132: "sctp",
});

export const ETHERTYPE = Object.freeze({ IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd } as const);

/** One reason for which a packet ends: our stable number is its place in the list, the first is 0 and means "not dropped". */
export interface DropReason {
  /** The kernel's `skb_drop_reason` word where it has one (include/net/dropreason-core.h, drivers/net/vxlan/drop.h), else our own. */
  readonly word: string;
  readonly kernel: boolean;
  readonly meaning: string;
}

const reasons = [
  ["NOT_DROPPED_YET", true, "the packet goes on"],
  ["NOT_SPECIFIED", true, "the kernel gives no reason"],
  ["NO_SOCKET", true, "nobody listens on that port"],
  ["PKT_TOO_SMALL", true, "shorter than its headers"],
  ["TCP_CSUM", true, "wrong TCP checksum"],
  ["UDP_CSUM", true, "wrong UDP checksum"],
  ["NETFILTER_DROP", true, "a netfilter rule or policy said DROP"],
  ["OTHERHOST", true, "the frame is for another machine's MAC"],
  ["IP_CSUM", true, "wrong IP header checksum"],
  ["IP_INHDR", true, "malformed IP header"],
  ["IP_RPFILTER", true, "the reverse path filter knows another way to the source"],
  ["UNICAST_IN_L2_MULTICAST", true, "unicast address in a broadcast frame"],
  ["IP_NOPROTO", true, "no handler for this IP protocol"],
  ["SOCKET_RCVBUFF", true, "the socket's receive buffer is full"],
  ["NEIGH_FAILED", true, "the neighbour did not answer ARP or neighbour discovery"],
  ["NEIGH_QUEUEFULL", true, "too many packets wait for this neighbour"],
  ["NEIGH_DEAD", true, "the neighbour entry was removed"],
  ["QDISC_DROP", true, "the queue of the device is full"],
  ["SKB_CSUM", true, "a checksum offload failed"],
  ["DEV_HDR", true, "the device could not build its header"],
  ["DEV_READY", true, "the device is down"],
  ["FULL_RING", true, "the ring of the device is full"],
  ["HDR_TRUNC", true, "a header is cut short"],
  ["TCP_INVALID_SEQUENCE", true, "outside the TCP window"],
  ["TCP_RESET", true, "the connection was reset"],
  ["TCP_CLOSE", true, "the TCP socket is closed"],
  ["TCP_FLAGS", true, "TCP flags that do not fit the state"],
  ["TCP_OLD_DATA", true, "already received"],
  ["TCP_OVERWINDOW", true, "beyond the receive window"],
  ["TCP_ZEROWINDOW", true, "the receive window is closed"],
  ["TCP_OFOMERGE", true, "already in the out-of-order queue"],
  ["IP_OUTNOROUTES", true, "no route for a packet of this machine"],
  ["IP_INNOROUTES", true, "no route for a received packet"],
  ["IP_INVALID_SOURCE", true, "a source address that no host may use"],
  ["IP_INVALID_DEST", true, "a destination address that no host may use"],
  ["IP_LOCALNET", true, "a loopback address from outside"],
  ["PKT_TOO_BIG", true, "larger than the MTU and not to be fragmented"],
  ["DUP_FRAG", true, "the same fragment again"],
  ["FRAG_REASM_TIMEOUT", true, "not all fragments came in time"],
  ["FRAG_TOO_FAR", true, "too far from the other fragments"],
  ["ICMP_CSUM", true, "wrong ICMP checksum"],
  ["INVALID_PROTO", true, "a malformed ICMP message or protocol"],
  ["VXLAN_INVALID_HDR", true, "malformed VXLAN header"],
  ["VXLAN_VNI_NOT_FOUND", true, "no VXLAN device has this VNI"],
  ["VXLAN_NO_REMOTE", true, "the VXLAN device knows no remote for this MAC"],
  ["VXLAN_ENTRY_EXISTS", true, "a local FDB entry says that the source MAC is elsewhere"],
  ["MAC_INVALID_SOURCE", true, "a source MAC that no interface may have"],
  ["LOCAL_MAC", true, "the frame came back to its own sender"],
  ["IP_TUNNEL_ECN", true, "the tunnel's ECN bits contradict each other"],
  ["BRIDGE_INGRESS_STP_STATE", true, "the bridge port does not forward"],
  ["BRIDGE_NO_EGRESS_PORT", true, "no bridge port may take the frame"],
  ["TTL_EXPIRED", false, "the TTL or hop limit ran out at a router"],
  ["FORWARDING_OFF", false, "this machine does not forward (net.ipv4.ip_forward = 0)"],
  ["LINK_LOSS", false, "lost on a link that was told to lose packets"],
  ["LINK_DOWN", false, "the peer device is gone or down"],
  ["CT_INVALID", false, "connection tracking could not take the packet"],
  ["CT_TABLE_FULL", false, "the connection tracking table is full"],
  ["NAT_EXHAUSTED", false, "no free port or address to translate to"],
  ["NOT_MODELLED", false, "going on would mean guessing"],
  ["ARP_IGNORED", false, "an ARP packet that asks for nobody here"],
  ["BLACKHOLE", false, "a blackhole route"],
  ["PROHIBIT", false, "a prohibit route"],
  ["UNREACHABLE", false, "an unreachable route"],
  ["IP_LOCAL_SOURCE", true, "one of this machine's own addresses as a source from outside"],
  ["NO_TX_TARGET", true, "the tunnel knows no machine behind this MAC, and no default one"],
  ["XMIT_RECURSION", false, "a device on the way out of itself for the tenth time: a dead loop"],
  ["WIREGUARD_NO_PEER", false, "no WireGuard peer has the destination among its allowed IPs, or nobody knows where that peer is"],
  ["WIREGUARD_NOT_TAKEN", false, "a WireGuard message of no known peer, or with a source that is not that peer's"],
  ["TCP_ABORT_ON_DATA", true, "data for a connection that its program has closed"],
] as const;

type DropWord = (typeof reasons)[number][0];

/** Drop reasons by number. */
export const DROP_REASONS: readonly DropReason[] = Object.freeze(
  reasons.map(([word, kernel, meaning]) => Object.freeze({ word, kernel, meaning })),
);

/** Numbers of drop reasons by word. */
export const DROP: Readonly<Record<DropWord, number>> = Object.freeze(
  Object.fromEntries(reasons.map(([word], number) => [word, number])) as Record<DropWord, number>,
);
