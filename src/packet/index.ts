/**
 * Packets as flat records of integers, and their bytes on the wire.
 * @packageDocumentation
 */
export {
  CSUM,
  DOUBLE_COLUMNS,
  type DoubleColumn,
  INT_COLUMNS,
  type IntColumn,
  IP_FLAG,
  PACKET_META,
  PacketColumns,
  TCP_FLAG,
} from "./columns.js";
export { flowHash, isReverseFlow, packetFlowHash, sameFlow } from "./flow-key.js";
export { Packets, type PacketsState } from "./packets.js";
export { Payloads, type PayloadsState } from "./payload.js";
export {
  BGP_ERROR,
  BGP_HEADER,
  BGP_LONGEST,
  type BgpCapability,
  type BgpFault,
  type BgpMessage,
  type BgpNotification,
  type BgpOpen,
  type BgpUpdate,
  bgpLength,
  decodeBgp,
  encodeBgp,
} from "./wire/bgp.js";
export type { BgpAttributes, PathSegment, UnknownAttribute } from "./wire/bgp-attributes.js";
export { ARP_BYTES, ARP_OP } from "./wire/arp.js";
export { checksumOf, fold, halves, sumOf } from "./wire/checksum.js";
export { ETHERNET_BYTES } from "./wire/ethernet.js";
export { decodeFrame } from "./wire/frame-reader.js";
export { encodeFrame, FrameWriter, frameLength, frameRoom } from "./wire/frame-writer.js";
export { ICMP_BYTES, ICMP_TYPE, ICMP_UNREACHABLE, ICMP6_TYPE, ND_BYTES, ND_OPTION_BYTES } from "./wire/icmp.js";
export { IPV4_BYTES } from "./wire/ipv4.js";
export { IPV6_BYTES } from "./wire/ipv6.js";
export { MALFORMED, type MalformedCode, malformedWords } from "./wire/malformed.js";
export { TCP_BYTES, TCP_SEGMENT_OPTIONS, TCP_SYN_OPTIONS } from "./wire/tcp.js";
export { UDP_BYTES } from "./wire/udp.js";
export { VXLAN_BYTES, VXLAN_PORT } from "./wire/vxlan.js";
export {
  DNS_HEADER_BYTES,
  DNS_MALFORMED,
  DNS_RCODE,
  DNS_UDP_BYTES,
  type DnsMalformed,
  type DnsMessage,
  type DnsQuestion,
  decodeDns,
  dnsQuery,
  encodeDns,
} from "./wire/dns.js";
export { type DnsNameFault, dnsLabels } from "./wire/dns-name.js";
export {
  DNS_IN,
  DNS_TYPE,
  type DnsAddressRecord,
  type DnsAuthorityRecord,
  type DnsOptRecord,
  type DnsOtherRecord,
  type DnsRecord,
  type DnsServiceRecord,
  type DnsTargetRecord,
  type DnsTextRecord,
  type Owned as DnsOwned,
} from "./wire/dns-record.js";
