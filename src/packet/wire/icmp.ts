// ICMP, RFC 792 and 1812, and ICMPv6, RFC 4443, with neighbour discovery, RFC 4861 4.3 and 4.4. Which of the three shapes a message has
// follows from its type: an echo (sport = identifier, dport = sequence), an error that quotes a packet (`inner`), neighbour discovery
// (`target`, `arpSha`), or four bytes of `icmpInfo` and a payload.

/** Bytes of an ICMP or ICMPv6 header. */
export const ICMP_BYTES = 8;
/** Bytes of a neighbour solicitation or advertisement without options. */
export const ND_BYTES = 24;
/** Bytes of a link-layer address option. */
export const ND_OPTION_BYTES = 8;

/** Types of ICMP (RFC 792). */
export const ICMP_TYPE = {
  ECHO_REPLY: 0,
  DEST_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO_REQUEST: 8,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
} as const;

/** Codes of DEST_UNREACHABLE. */
export const ICMP_UNREACHABLE = {
  NET: 0,
  HOST: 1,
  PROTOCOL: 2,
  PORT: 3,
  FRAG_NEEDED: 4,
  NET_PROHIBITED: 9,
  HOST_PROHIBITED: 10,
  ADMIN_PROHIBITED: 13,
} as const;

/** Types of ICMPv6 (RFC 4443, RFC 4861). */
export const ICMP6_TYPE = {
  DEST_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
} as const;

/** Shapes of ICMP messages. */
export const ICMP_SHAPE = { OTHER: 0, ECHO: 1, ERROR: 2, ND: 3 } as const;

/** The shape of a message of this type. */
export function icmpShape(type: number, isV6: boolean): number {
  if (isV6) {
    if (type === ICMP6_TYPE.ECHO_REQUEST || type === ICMP6_TYPE.ECHO_REPLY) return ICMP_SHAPE.ECHO;
    if (type >= ICMP6_TYPE.DEST_UNREACHABLE && type <= ICMP6_TYPE.PARAMETER_PROBLEM) return ICMP_SHAPE.ERROR;
    if (type === ICMP6_TYPE.NEIGHBOR_SOLICITATION || type === ICMP6_TYPE.NEIGHBOR_ADVERTISEMENT) return ICMP_SHAPE.ND;
    return ICMP_SHAPE.OTHER;
  }
  switch (type) {
    case ICMP_TYPE.ECHO_REQUEST:
    case ICMP_TYPE.ECHO_REPLY:
      return ICMP_SHAPE.ECHO;
    case ICMP_TYPE.DEST_UNREACHABLE:
    case ICMP_TYPE.SOURCE_QUENCH:
    case ICMP_TYPE.REDIRECT:
    case ICMP_TYPE.TIME_EXCEEDED:
    case ICMP_TYPE.PARAMETER_PROBLEM:
      return ICMP_SHAPE.ERROR;
    default:
      return ICMP_SHAPE.OTHER;
  }
}
