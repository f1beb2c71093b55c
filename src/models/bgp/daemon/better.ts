/**
 * Which of two routes to the same prefix is better, and which count as equally good (rte_better, rte_mergable of BIRD's
 * nest/rt-table.c; bgp_rte_better, bgp_rte_mergable of proto/bgp/attrs.c; RFC 4271 9.1.2.2, RFC 4456 9).
 */
import { parseIPv4 } from "../../../base/ip.js";
import type { BgpConfig } from "../config/config.js";
import { pathFirst, pathLength } from "../filter/paths.js";
import { type BirdRoute, compareAddresses } from "../route.js";
import type { Daemon } from "./daemon.js";

/** Order of the kinds of protocol, for routes of equal preference: the one that was built in later wins. */
const KINDS: readonly BirdRoute["kind"][] = ["direct", "kernel", "static", "bgp"];

const idOf = (quad: string): number => (parseIPv4(quad) ?? 0) >>> 0;

interface Peer {
  readonly config: BgpConfig;
  readonly remoteId: string;
  readonly internal: boolean;
}

function peerOf(d: Daemon, route: BirdRoute): Peer {
  const config = d.bgpConfig(route.proto);
  return { config, remoteId: d.bgp(route.proto).remoteId, internal: config.localAs === config.remoteAs };
}

const resolvable = (route: BirdRoute): boolean => route.dest === "unicast";
const preferenceOf = (route: BirdRoute, peer: Peer): number => route.bgp.localPref ?? peer.config.defaultLocalPref;
const medOf = (route: BirdRoute, peer: Peer): number => route.bgp.med ?? peer.config.defaultMed;
const originOf = (route: BirdRoute): number => route.bgp.origin ?? 2;
/** The AS next to us on the path; our own for what began in it. */
export function neighbourAs(route: BirdRoute, config: BgpConfig): number {
  return pathFirst(route.bgp.asPath ?? []) || config.localAs;
}

/** Steps up to the metric of the next hop, by which routes that can be joined must be equal: > 0 if `a` is better. */
function compareFirst(a: BirdRoute, b: BirdRoute, x: Peer, y: Peer): number {
  if (a.suppressed !== b.suppressed) return a.suppressed ? -1 : 1;
  if (resolvable(a) !== resolvable(b)) return resolvable(a) ? 1 : -1;
  const pref = preferenceOf(a, x) - preferenceOf(b, y);
  if (pref !== 0) return pref;
  if (x.config.comparePathLengths || y.config.comparePathLengths) {
    const longer = pathLength(a.bgp.asPath ?? []) - pathLength(b.bgp.asPath ?? []);
    if (longer !== 0) return -longer;
  }
  const origin = originOf(a) - originOf(b);
  if (origin !== 0) return -origin;
  if (x.config.medMetric || y.config.medMetric || neighbourAs(a, x.config) === neighbourAs(b, y.config)) {
    const med = medOf(a, x) - medOf(b, y);
    if (med !== 0) return -med;
  }
  if (x.internal !== y.internal) return x.internal ? -1 : 1;
  return metricOf(b, y) - metricOf(a, x);
}

const metricOf = (route: BirdRoute, peer: Peer): number => (peer.config.igpMetric ? route.igpMetric : 0);

function bgpBetter(d: Daemon, a: BirdRoute, b: BirdRoute): boolean {
  const [x, y] = [peerOf(d, a), peerOf(d, b)];
  const first = compareFirst(a, b, x, y);
  if (first !== 0) return first > 0;
  const older = (x.config.preferOlder || y.config.preferOlder) && x.config.preferOlder === y.config.preferOlder;
  if (older) return false;
  const id = idOf(a.bgp.originatorId ?? x.remoteId) - idOf(b.bgp.originatorId ?? y.remoteId);
  if (id !== 0) return id < 0;
  const cluster = (a.bgp.clusterList?.length ?? 0) - (b.bgp.clusterList?.length ?? 0);
  if (cluster !== 0) return cluster < 0;
  return compareAddresses(x.config.remoteIp, y.config.remoteIp) < 0;
}

/** Whether `a` is better than `b`. */
export function isBetter(d: Daemon, a: BirdRoute, b: BirdRoute): boolean {
  if (a.filtered !== b.filtered) return b.filtered;
  if (a.preference !== b.preference) return a.preference > b.preference;
  if (a.kind !== b.kind) return KINDS.indexOf(a.kind) > KINDS.indexOf(b.kind);
  if (a.kind === "bgp") return bgpBetter(d, a, b);
  return a.kind === "kernel" && (a.krt.metric ?? 0) < (b.krt.metric ?? 0);
}

/** Whether a kernel that merges paths joins the two. */
export function canMerge(d: Daemon, a: BirdRoute, b: BirdRoute): boolean {
  if (a.filtered || b.filtered || a.preference !== b.preference || a.kind !== "bgp" || b.kind !== "bgp") return false;
  if (!resolvable(a) || !resolvable(b)) return false;
  return compareFirst(a, b, peerOf(d, a), peerOf(d, b)) === 0;
}
