/** ICMPv6 types and codes (RFC 4443, RFC 4861), by the names the kernel gives them. */
export const ICMP6 = Object.freeze({
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
  noRoute: 0,
  prohibited: 1,
  notNeighbour: 2,
  addressUnreachable: 3,
  portUnreachable: 4,
  /** of a parameter problem */
  unknownHeader: 1,
} as const);

/** Whether a type is an error, about which no error is ever sent. */
export function isIcmp6Error(type: number): boolean {
  return type < 128;
}
