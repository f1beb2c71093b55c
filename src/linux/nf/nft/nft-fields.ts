/** The fields of packets that rules of nftables ask for, by their words. */
import type { NftFieldInfo } from "./nft-rule-tree.js";
import type { NftType } from "./nft-types.js";

export const nftField = (name: string, type: NftType, proto = 0, family: 0 | 4 | 6 = 0): NftFieldInfo => Object.freeze({ name, type, proto, family });
const transport = (name: string, proto: number): NftFieldInfo[] => [nftField(`${name} sport`, "inet_service", proto), nftField(`${name} dport`, "inet_service", proto)];

export const NFT_FIELDS: ReadonlyMap<string, NftFieldInfo> = new Map(
  [
    nftField("ip saddr", "ipv4_addr", 0, 4), nftField("ip daddr", "ipv4_addr", 0, 4), nftField("ip protocol", "inet_proto", 0, 4), nftField("ip ttl", "integer", 0, 4), nftField("ip length", "integer", 0, 4),
    nftField("ip6 saddr", "ipv6_addr", 0, 6), nftField("ip6 daddr", "ipv6_addr", 0, 6), nftField("ip6 nexthdr", "inet_proto", 0, 6), nftField("ip6 hoplimit", "integer", 0, 6),
    ...transport("tcp", 6), ...transport("udp", 17), ...transport("sctp", 132), ...transport("th", 0),
    nftField("tcp flags", "tcp_flag", 6), nftField("icmp type", "icmp_type", 1, 4), nftField("icmp code", "icmp_code", 1, 4), nftField("icmpv6 type", "icmpv6_type", 58, 6), nftField("icmpv6 code", "icmpv6_code", 58, 6),
    nftField("meta l4proto", "inet_proto"), nftField("meta nfproto", "nf_proto"), nftField("meta mark", "mark"), nftField("meta length", "integer"), nftField("meta pkttype", "pkt_type"),
    nftField("iif", "iface_index"), nftField("oif", "iface_index"), nftField("iifname", "ifname"), nftField("oifname", "ifname"),
    nftField("ct state", "ct_state"), nftField("ct status", "ct_status"), nftField("ct mark", "mark"), nftField("ct direction", "ct_dir"),
    nftField("fib saddr type", "fib_addrtype"), nftField("fib daddr type", "fib_addrtype"), nftField("ether saddr", "ether_addr"),
  ].map((info) => [info.name, info] as const),
);

/** Words of nft that begin expressions and statements which are not here. */
export const NFT_KNOWN_WORDS: readonly string[] = [
  "ip", "ip6", "meta", "ct", "tcp", "udp", "sctp", "th", "icmp", "icmpv6", "fib", "ether", "rt", "socket", "osf", "jhash", "symhash", "ipsec", "tunnel", "vlan", "arp", "ah", "esp", "comp", "dccp", "udplite", "igmp", "exthdr", "hbh", "frag", "mh", "dst", "limit", "quota", "queue", "dup", "fwd",
  "tproxy", "synproxy", "set", "meter", "delete", "iiftype", "oiftype", "skuid", "skgid", "nftrace", "rtclassid", "cgroup", "iifgroup", "oifgroup", "cpu", "priority", "protocol", "nfproto", "length", "flow", "objref",
];
