// The chains, sets and maps that stand in the table whatever the Services are.
// Read first: setupNFTables in kubernetes pkg/proxy/nftables/proxier.go.

import { isLoopback } from "../sloppy-address.js";
import type { CauseOf } from "../cause-of.js";
import type { NftChain, NftElement, NftHook, NftRule, NftSet } from "./nft-doc.js";
import { detectorMatch, familyWord, isCompact, type NftablesNode } from "./nftables-node.js";

type Rules = readonly (readonly [text: string, comment?: string])[];

/** The chains that depend on the node alone, unsorted. */
export function fixedChains(node: NftablesNode, causeOf: CauseOf): readonly NftChain[] {
  const cause = causeOf("kube-proxy", "");
  const rules = (list: Rules): readonly NftRule[] => list.map(([text, comment]) => ({ text, comment: comment ?? "", cause }));
  const chain = (name: string, list: Rules, comment = ""): NftChain => ({ name, base: null, comment, rules: rules(list) });
  const base = (name: string, type: "filter" | "nat", hook: NftHook, priority: number, ...jumps: readonly string[]): NftChain => ({
    name,
    base: { type, hook, priority },
    comment: "",
    rules: rules(jumps.map((to) => [`${type === "filter" ? "ct state new " : ""}jump ${to}`])),
  });
  const ip = familyWord(node);
  const frontend = `${ip} daddr . meta l4proto . th dport`;
  const nodePort = nodePortMatch(node);
  return [
    base("filter-input", "filter", "input", 0, "nodeport-endpoints-check", "service-endpoints-check"),
    base("filter-forward", "filter", "forward", 0, "service-endpoints-check", "cluster-ips-check"),
    base("filter-output", "filter", "output", 0, "service-endpoints-check", "cluster-ips-check"),
    base("filter-prerouting-pre-dnat", "filter", "prerouting", -110, "firewall-check"),
    base("filter-output-pre-dnat", "filter", "output", -110, "firewall-check"),
    base("nat-output", "nat", "output", -100, "services"),
    base("nat-prerouting", "nat", "prerouting", -100, "services"),
    base("nat-postrouting", "nat", "postrouting", 100, "masquerading"),
    chain("cluster-ips-check", clusterIPsCheck(node)),
    chain("firewall-check", [[`${frontend} vmap @firewall-ips`]]),
    chain("service-endpoints-check", [[`${frontend} vmap @no-endpoint-services`]]),
    chain("nodeport-endpoints-check", [[`${nodePort.check} meta l4proto . th dport vmap @no-endpoint-nodeports`]]),
    chain("services", [
      ...markClusterTraffic(node),
      [`${frontend} vmap @service-ips`],
      [`${nodePort.dispatch} meta l4proto . th dport vmap @service-nodeports`],
    ]),
    chain("reject-chain", [["reject"]], "helper for @no-endpoint-services / @no-endpoint-nodeports"),
    chain("masquerading", masquerading(node)),
    ...(isCompact(node) ? [] : [chain("mark-for-masquerade", [[`mark set mark or ${node.mark}`]])]),
  ];
}

function clusterIPsCheck(node: NftablesNode): Rules {
  const ip = familyWord(node);
  const reject = [`${ip} daddr @cluster-ips reject`, "Reject traffic to invalid ports of ClusterIPs"] as const;
  if (node.serviceCIDRs.length === 0) return [reject];
  return [reject, [`${ip} daddr { ${node.serviceCIDRs.join(",")} } drop`, "Drop traffic to unallocated ClusterIPs"]];
}

function markClusterTraffic(node: NftablesNode): Rules {
  const foreign = node.masqueradeAll ? "" : detectorMatch(node, false);
  if (!isCompact(node) || foreign === null) return [];
  const match = `${familyWord(node)} daddr @cluster-ips${foreign === "" ? "" : ` ${foreign}`}`;
  return [[`${match} mark set mark or ${node.mark}`, "masquerade clusterIP traffic from outside cluster"]];
}

function masquerading(node: NftablesNode): Rules {
  const { mark } = node;
  if (!isCompact(node)) return [[`mark and ${mark} == 0 return`], [`mark set mark xor ${mark}`], ["masquerade fully-random"]];
  const ip = familyWord(node);
  return [
    [`mark and ${mark} != 0 mark set mark xor ${mark} masquerade fully-random`],
    [`ct status dnat ${ip} saddr . ${ip} daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random`],
  ];
}

function nodePortMatch(node: NftablesNode): { readonly check: string; readonly dispatch: string } {
  const ip = familyWord(node);
  if (!node.nodePorts.matchAll) return { check: `${ip} daddr @nodeport-ips`, dispatch: `${ip} daddr @nodeport-ips` };
  const check = `${ip} daddr != ${node.family === 4 ? "127.0.0.0/8" : "::1"}`;
  return { check, dispatch: `fib daddr type local ${check}` };
}

/** The named sets and maps, empty but for the node's own addresses, unsorted. */
export function fixedSets(node: NftablesNode, causeOf: CauseOf): readonly NftSet[] {
  const address = node.family === 4 ? "ipv4_addr" : "ipv6_addr";
  const set = (name: string, type: string, comment: string, elements: readonly NftElement[] = []): NftSet => ({
    name,
    kind: "set",
    type,
    comment,
    timeout: 0,
    elements,
  });
  const map = (name: string, key: string, comment: string): NftSet => ({ ...set(name, `${key} : verdict`, comment), kind: "map" });
  const service = `${address} . inet_proto . inet_service`;
  const nodePort = "inet_proto . inet_service";
  const cause = causeOf("kube-proxy", "nodePortAddresses");
  const own = node.nodePorts.chosen.filter((each) => each.family === node.family && !isLoopback(each));
  return [
    set("cluster-ips", address, "Active ClusterIPs"),
    ...(node.nodePorts.matchAll
      ? []
      : [
          set(
            "nodeport-ips",
            address,
            "IPs that accept NodePort traffic",
            own.map(({ text }) => ({ key: text, comment: "", value: "", cause })),
          ),
        ]),
    ...(isCompact(node)
      ? [set("hairpin-connections", `${address} . ${address} . inet_proto . inet_service`, "service hairpin connections")]
      : []),
    map("service-ips", service, "ClusterIP, ExternalIP and LoadBalancer IP traffic"),
    map("service-nodeports", nodePort, "NodePort traffic"),
    map("no-endpoint-services", service, "vmap to drop or reject packets to services with no endpoints"),
    map("no-endpoint-nodeports", nodePort, "vmap to drop or reject packets to service nodeports with no endpoints"),
    map("firewall-ips", service, "destinations that are subject to LoadBalancerSourceRanges"),
  ];
}
