/** ICMP errors in the words of `ping` (pr_icmph of ping_common.c and ping6_common.c). */
const UNREACHABLE: readonly string[] = ["Destination Net Unreachable", "Destination Host Unreachable", "Destination Protocol Unreachable", "Destination Port Unreachable", "", "Source Route Failed", "Destination Net Unknown", "Destination Host Unknown", "Source Host Isolated", "Destination Net Prohibited", "Destination Host Prohibited", "Destination Net Unreachable for Type of Service", "Destination Host Unreachable for Type of Service", "Packet filtered", "Precedence Violation", "Precedence Cutoff"];
const UNREACHABLE6: readonly string[] = ["No route", "Administratively prohibited", "Beyond scope of source address", "Address unreachable", "Port unreachable"];
const FRAGMENTATION_NEEDED = 4;

/** Null for what is not told. */
export function icmpText(type: number, code: number, info: number): string | null {
  if (type === 11) return code === 0 ? "Time to live exceeded" : "Frag reassembly time exceeded";
  if (type !== 3) return null;
  return code === FRAGMENTATION_NEEDED ? `Frag needed and DF set (mtu = ${info})` : (UNREACHABLE[code] ?? `Dest Unreachable, Bad Code: ${code}`);
}

/** The same of ICMPv6. */
export function icmp6Text(type: number, code: number, info: number): string | null {
  if (type === 1) return `Destination unreachable: ${UNREACHABLE6[code] ?? `Unknown code ${code}`}`;
  if (type === 2) return `Packet too big: mtu=${info}${code === 0 ? "" : `, code=${code}`}`;
  if (type === 3) return `Time exceeded: ${code === 0 ? "Hop limit" : code === 1 ? "Defragmentation failure" : `code ${code}`}`;
  if (type === 4) return `Parameter problem: ${["Wrong header field ", "Unknown header ", "Unknown option "][code] ?? `code ${code} `}at ${info}`;
  return null;
}
