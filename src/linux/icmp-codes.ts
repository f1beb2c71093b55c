/** ICMP types and codes, RFC 792 and RFC 1122, by the names the kernel gives them. */
export const ICMP = Object.freeze({
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  timeExceeded: 11,
  parameterProblem: 12,
  netUnreachable: 0,
  hostUnreachable: 1,
  protocolUnreachable: 2,
  portUnreachable: 3,
  fragmentationNeeded: 4,
  netProhibited: 9,
  hostProhibited: 10,
  adminProhibited: 13,
  redirectHost: 1,
} as const);

/** Whether a type is an error, about which no error is ever sent. */
export function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}
