/** All matches: a new one is an entry here, a kind in rule.ts and a file of its own. */
import type { Stack } from "../stack.js";
import type { MatchExtension } from "./extension.js";
import { addrtypeMatch, rpfilterMatch } from "./match-addrtype.js";
import { limitMatch, statisticMatch } from "./match-chance.js";
import { conntrackMatch, stateMatch } from "./match-conntrack.js";
import { hashlimitMatch } from "./match-hashlimit.js";
import { commentMatch, hlMatch, iprangeMatch, lengthMatch, macMatch, ttlMatch } from "./match-header.js";
import { icmp6Match, icmpMatch } from "./match-icmp.js";
import { ipvsMatch } from "./match-ipvs.js";
import { connmarkMatch, markMatch } from "./match-mark.js";
import { multiportMatch } from "./match-multiport.js";
import { nfacctMatch } from "./match-nfacct.js";
import { physdevMatch } from "./match-physdev.js";
import { recentMatch } from "./match-recent.js";
import { setMatch } from "./match-set.js";
import { sctpMatch, tcpMatch, udpMatch } from "./match-transport.js";
import { MATCH, type Match } from "./rule.js";
import type { WalkFrame } from "./walk-frame.js";

const BY_KIND: readonly (readonly [number, MatchExtension])[] = [
  [MATCH.tcp, tcpMatch], [MATCH.udp, udpMatch], [MATCH.sctp, sctpMatch], [MATCH.icmp, icmpMatch], [MATCH.icmp6, icmp6Match],
  [MATCH.multiport, multiportMatch], [MATCH.conntrack, conntrackMatch], [MATCH.state, stateMatch], [MATCH.mark, markMatch],
  [MATCH.connmark, connmarkMatch], [MATCH.addrtype, addrtypeMatch], [MATCH.set, setMatch], [MATCH.statistic, statisticMatch],
  [MATCH.recent, recentMatch], [MATCH.comment, commentMatch], [MATCH.physdev, physdevMatch], [MATCH.mac, macMatch],
  [MATCH.limit, limitMatch], [MATCH.iprange, iprangeMatch], [MATCH.length, lengthMatch], [MATCH.ttl, ttlMatch], [MATCH.hl, hlMatch],
  [MATCH.rpfilter, rpfilterMatch], [MATCH.nfacct, nfacctMatch], [MATCH.ipvs, ipvsMatch], [MATCH.hashlimit, hashlimitMatch],
];

const EXTENSIONS: readonly MatchExtension[] = Object.freeze(
  BY_KIND.reduce<MatchExtension[]>((made, [kind, extension]) => {
    made[kind] = extension;
    return made;
  }, []),
);

/** Words that iptables knows and podwire does not model. */
const FOREIGN: readonly string[] = [
  "ah", "bpf", "cgroup", "cluster", "connbytes", "connlabel", "connlimit", "cpu", "dccp", "devgroup", "dscp", "dst", "ecn", "esp", "eui64", "frag",
  "hbh", "helper", "ipcomp", "ipv6header", "mh", "osf", "owner", "pkttype", "policy", "quota", "realm", "rateest", "rt", "socket",
  "srh", "string", "tcpmss", "time", "tos", "u32", "unclean",
];

/** The extension of `-m NAME`; "foreign" for one that is real but not modelled. */
export function matchByName(name: string, family: 4 | 6): MatchExtension | "foreign" | undefined {
  const found = EXTENSIONS.find((extension) => extension?.name === name);
  if (found === undefined) return FOREIGN.includes(name) ? "foreign" : undefined;
  const other = family === 4 ? [MATCH.icmp6, MATCH.hl] : [MATCH.icmp, MATCH.ttl];
  return other.some((kind) => EXTENSIONS[kind] === found) ? undefined : found;
}

export function matchOf(match: Match): MatchExtension {
  return EXTENSIONS[match.kind]!;
}

/** How many numbers of state the match keeps. */
export function slotsOf(match: Match): number {
  return EXTENSIONS[match.kind]!.slots ?? 0;
}

/** Whether packet `p` meets the match; changes what the match remembers. */
export function testMatch(s: Stack, match: Match, p: number, frame: WalkFrame): boolean {
  return EXTENSIONS[match.kind]!.test(s, match, p, frame);
}
