/** One route as `birdc show route` prints it. */
import { pathLast, pathText } from "../../models/bgp/filter/paths.js";
import { type BirdRoute, UNKNOWN_METRIC } from "../../models/bgp/route.js";
import { clockText } from "./clock.js";

const DESTINATIONS: Readonly<Record<string, string>> = Object.freeze({ unicast: "unicast", blackhole: "blackhole", unreachable: "unreachable", prohibit: "prohibited" });
const SOURCES: Readonly<Record<string, string>> = Object.freeze({ RTS_STATIC: "static", RTS_DEVICE: "device", RTS_INHERIT: "inherit", RTS_BGP: "BGP" });
const ORIGINS: readonly string[] = ["IGP", "EGP", "Incomplete"];

const word = (n: number): string => `(${n >>> 16},${n & 0xffff})`;

/** `(100) [AS65001i]`. */
function info(route: BirdRoute): string {
  if (route.kind !== "bgp") return ` (${route.preference})`;
  const metric = route.igpMetric === 0 ? "" : route.igpMetric >= UNKNOWN_METRIC ? "/?" : `/${route.igpMetric}`;
  const last = pathLast(route.bgp.asPath ?? []);
  const origin = route.bgp.origin === undefined ? "" : "ie?"[route.bgp.origin]!;
  return ` (${route.preference}${route.suppressed ? "-" : ""}${metric}) [${last > 0 ? `AS${last}` : ""}${origin}]`;
}

function attributeLines({ bgp, krt }: BirdRoute): string[] {
  const lines: string[] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push(`\t${name}: ${value}`);
  };
  add("BGP.origin", bgp.origin === undefined ? undefined : ORIGINS[bgp.origin]);
  add("BGP.as_path", bgp.asPath === undefined ? undefined : pathText(bgp.asPath));
  add("BGP.next_hop", bgp.nextHopLocal === undefined ? bgp.nextHop : `${bgp.nextHop} ${bgp.nextHopLocal}`);
  add("BGP.med", bgp.med);
  add("BGP.local_pref", bgp.localPref);
  add("BGP.atomic_aggr", bgp.atomicAggregate === undefined ? undefined : "");
  add("BGP.aggregator", bgp.aggregator === undefined ? undefined : `${bgp.aggregator.ip} AS${bgp.aggregator.as}`);
  add("BGP.community", bgp.communities?.map(word).join(" "));
  add("BGP.originator_id", bgp.originatorId);
  add("BGP.cluster_list", bgp.clusterList?.join(" "));
  add("BGP.large_community", bgp.largeCommunities?.map((one) => `(${one.join(", ")})`).join(" "));
  add("Kernel.source", krt.source);
  add("Kernel.metric", krt.metric);
  add("Kernel.prefsrc", krt.prefsrc);
  add("Kernel.scope", krt.scope);
  return lines;
}

/** Lines of one route; `net` is "" for a further route of the prefix above it, `mark` that of the best one, or of one that the kernel has refused. */
export function routeLines(route: BirdRoute, net: string, mark: "" | " *" | " !", all: boolean): string[] {
  const [first] = route.hops;
  const from = route.from !== "" && route.from !== (first?.gateway ?? "") ? ` from ${route.from}` : "";
  const lines = [`${net.padEnd(20)} ${DESTINATIONS[route.dest]} [${route.proto} ${clockText(route.since)}${from}]${mark}${info(route)}`];
  for (const hop of route.hops) {
    const onlink = hop.onlink ? " onlink" : "";
    const weight = route.hops.length > 1 ? ` weight ${hop.weight}` : "";
    lines.push(hop.gateway === "" ? `\tdev ${hop.device}${onlink}${weight}` : `\tvia ${hop.gateway} on ${hop.device}${onlink}${weight}`);
  }
  if (all) lines.push(`\tType: ${SOURCES[route.source]} univ`, ...attributeLines(route));
  return lines;
}
