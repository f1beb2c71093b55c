/** Why bytes are no packet. Closed list; `decodeFrame` answers with these negative numbers, and they are stable. */
export const MALFORMED = {
  ETHERNET_SHORT: -1,
  ARP_SHORT: -2,
  ARP_FORMAT: -3,
  IPV4_SHORT: -4,
  IPV4_VERSION: -5,
  IPV4_HEADER_LENGTH: -6,
  IPV4_TOTAL_LENGTH: -7,
  IPV4_CHECKSUM: -8,
  IPV6_SHORT: -9,
  IPV6_VERSION: -10,
  IPV6_PAYLOAD_LENGTH: -11,
  IPV6_EXTENSION: -12,
  ICMP_SHORT: -13,
  ICMP_CHECKSUM: -14,
  ICMP_QUOTE: -15,
  UDP_SHORT: -16,
  UDP_LENGTH: -17,
  UDP_CHECKSUM: -18,
  TCP_SHORT: -19,
  TCP_DATA_OFFSET: -20,
  TCP_CHECKSUM: -21,
  VXLAN_SHORT: -22,
  VXLAN_HEADER: -23,
  TOO_DEEP: -24,
} as const;

/** One of the numbers of `MALFORMED`. */
export type MalformedCode = (typeof MALFORMED)[keyof typeof MALFORMED];

const WORDS: Readonly<Record<MalformedCode, string>> = {
  [-1]: "frame shorter than an Ethernet header",
  [-2]: "ARP message cut short",
  [-3]: "ARP for another hardware or protocol than Ethernet and IPv4",
  [-4]: "IPv4 header cut short",
  [-5]: "IPv4 header with another version",
  [-6]: "IPv4 header length below 20 or beyond the packet",
  [-7]: "IPv4 total length below its header or beyond the frame",
  [-8]: "IPv4 header checksum wrong",
  [-9]: "IPv6 header cut short",
  [-10]: "IPv6 header with another version",
  [-11]: "IPv6 payload length beyond the frame",
  [-12]: "IPv6 extension header cut short",
  [-13]: "ICMP message cut short",
  [-14]: "ICMP checksum wrong",
  [-15]: "ICMP error that quotes no IP packet",
  [-16]: "UDP header cut short",
  [-17]: "UDP length below 8 or beyond the packet",
  [-18]: "UDP checksum wrong",
  [-19]: "TCP header cut short",
  [-20]: "TCP data offset below 20 bytes or beyond the segment",
  [-21]: "TCP checksum wrong",
  [-22]: "VXLAN header cut short",
  [-23]: "VXLAN header without the I flag or with reserved bits set",
  [-24]: "packets nested too deeply",
};

/** The words for a negative answer of `decodeFrame`. */
export function malformedWords(code: number): string {
  return WORDS[code as MalformedCode] ?? `malformed (${code})`;
}
