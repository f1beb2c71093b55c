// The iptables chains beside IPVS: marks for masquerading, source ranges, and a guard around kube-ipvs0, whose addresses
// are local and would otherwise reach any process of the node. Read first: writeIptablesRules and syncProxyRules in
// kubernetes pkg/proxy/ipvs/proxier.go.

import type { CauseOf } from "../cause-of.js";
import { detectorMatch, loopbackNetwork } from "../iptables/iptables-node.js";
import type { TableVerb } from "../iptables/jump-rules.js";
import type { RestoreDoc, RestoreRule } from "../iptables/restore-doc.js";
import { type SetName, setName, setRows } from "./ip-sets.js";
import type { IpvsNode } from "./ipvs-node.js";
import type { PortFrontends } from "./port-frontends.js";

const NAT_CHAINS = ["KUBE-SERVICES", "KUBE-POSTROUTING", "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-MARK-MASQ"];
const FILTER_CHAINS = [
  "KUBE-FORWARD",
  "KUBE-NODE-PORT",
  "KUBE-PROXY-FIREWALL",
  "KUBE-SOURCE-RANGES-FIREWALL",
  "KUBE-IPVS-FILTER",
  "KUBE-IPVS-OUT-FILTER",
];

/** Chains are rewritten whole at each sync; `filled` tells which sets have entries. */
export function ipvsRules(
  node: IpvsNode,
  ports: readonly PortFrontends[],
  filled: (set: SetName) => boolean,
  causeOf: CauseOf,
): RestoreDoc {
  const set = (name: SetName): string => `-m set --match-set ${setName(name, node.family)}`;
  const commented = (name: SetName): string => `-m comment --comment "${setRows[name].comment}" ${set(name)}`;
  const cause = causeOf("kube-proxy", "");
  const writer: Writer = { node, set, commented, filled, rule: (chain, spec) => ({ chain, spec, cause }) };
  const nat = natRules(writer);
  const filter = filterRules(writer, ports, causeOf);
  const table = (name: "filter" | "nat", chains: readonly string[], rules: readonly RestoreRule[]): RestoreDoc["tables"][number] => ({
    name,
    chains: chains.map((chain) => ({ name: chain, policy: "-" })),
    rules,
    deletes: [],
    rulesBeforeDeletes: rules.length,
  });
  return { tables: [table("nat", NAT_CHAINS, nat), table("filter", FILTER_CHAINS, filter)] };
}

interface Writer {
  readonly node: IpvsNode;
  readonly set: (name: SetName) => string;
  readonly commented: (name: SetName) => string;
  readonly filled: (name: SetName) => boolean;
  readonly rule: (chain: string, spec: string) => RestoreRule;
}

function natRules({ node, set, commented, filled, rule }: Writer): readonly RestoreRule[] {
  const rules: RestoreRule[] = [rule("KUBE-SERVICES", `-s ${loopbackNetwork(node.family)} -j RETURN`)];
  const forSet = (name: SetName, chain: string, match: string, target: string, protocol = ""): void => {
    if (filled(name)) rules.push(rule(chain, `${protocol}${commented(name)} ${match} -j ${target}`));
  };
  forSet("KUBE-LOOP-BACK", "KUBE-POSTROUTING", "dst,dst,src", "MASQUERADE");
  forSet("KUBE-LOAD-BALANCER", "KUBE-SERVICES", "dst,dst", "KUBE-LOAD-BALANCER");
  forSet("KUBE-LOAD-BALANCER-LOCAL", "KUBE-LOAD-BALANCER", "dst,dst", "RETURN");
  forSet("KUBE-NODE-PORT-LOCAL-TCP", "KUBE-NODE-PORT", "dst", "RETURN", "-p tcp ");
  forSet("KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT", "dst", "KUBE-MARK-MASQ", "-p tcp ");
  forSet("KUBE-NODE-PORT-LOCAL-UDP", "KUBE-NODE-PORT", "dst", "RETURN", "-p udp ");
  forSet("KUBE-NODE-PORT-UDP", "KUBE-NODE-PORT", "dst", "KUBE-MARK-MASQ", "-p udp ");
  forSet("KUBE-NODE-PORT-LOCAL-SCTP-HASH", "KUBE-NODE-PORT", "dst,dst", "RETURN", "-p sctp ");
  forSet("KUBE-NODE-PORT-SCTP-HASH", "KUBE-NODE-PORT", "dst,dst", "KUBE-MARK-MASQ", "-p sctp ");
  const foreign = detectorMatch(node.detector, false);
  const clusterMatch = node.masqueradeAll ? "dst,dst" : foreign === null ? "src,dst" : `dst,dst ${foreign}`;
  forSet("KUBE-CLUSTER-IP", "KUBE-SERVICES", clusterMatch, "KUBE-MARK-MASQ");
  forSet("KUBE-EXTERNAL-IP", "KUBE-SERVICES", "dst,dst", "KUBE-MARK-MASQ");
  for (const name of ["KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"] as const) {
    forSet(name, "KUBE-SERVICES", "dst,dst -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL", "ACCEPT");
    forSet(name, "KUBE-SERVICES", "dst,dst -m addrtype --dst-type LOCAL", "ACCEPT");
  }
  rules.push(rule("KUBE-SERVICES", "-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT"), rule("KUBE-LOAD-BALANCER", "-j KUBE-MARK-MASQ"));
  for (const name of ["KUBE-CLUSTER-IP", "KUBE-LOAD-BALANCER"] as const) {
    if (filled(name)) rules.push(rule("KUBE-SERVICES", `${set(name)} dst,dst -j ACCEPT`));
  }
  const { mark, randomFully } = node;
  rules.push(
    rule("KUBE-POSTROUTING", `-m mark ! --mark ${mark}/${mark} -j RETURN`),
    rule("KUBE-POSTROUTING", `-j MARK --xor-mark ${mark}`),
    rule(
      "KUBE-POSTROUTING",
      `-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${randomFully ? " --random-fully" : ""}`,
    ),
    rule("KUBE-MARK-MASQ", `-j MARK --or-mark ${mark}`),
  );
  return rules;
}

function filterRules(
  { node, set, commented, filled, rule }: Writer,
  ports: readonly PortFrontends[],
  causeOf: CauseOf,
): readonly RestoreRule[] {
  const rules: RestoreRule[] = [];
  const forSet = (name: SetName, chain: string, match: string, target: string): void => {
    if (filled(name)) rules.push(rule(chain, `${commented(name)} ${match} -j ${target}`));
  };
  forSet("KUBE-LOAD-BALANCER-FW", "KUBE-PROXY-FIREWALL", "dst,dst", "KUBE-SOURCE-RANGES-FIREWALL");
  forSet("KUBE-LOAD-BALANCER-SOURCE-CIDR", "KUBE-SOURCE-RANGES-FIREWALL", "dst,dst,src", "RETURN");
  forSet("KUBE-LOAD-BALANCER-SOURCE-IP", "KUBE-SOURCE-RANGES-FIREWALL", "dst,dst,src", "RETURN");
  rules.push(rule("KUBE-SOURCE-RANGES-FIREWALL", "-j DROP"));
  for (const { port, closedToNode } of ports) {
    const cause = causeOf(`Service ${port.namespace}/${port.name}`, "spec.loadBalancerSourceRanges");
    for (const { ip } of closedToNode) {
      const spec = `-s ${ip} -m ipvs --vaddr ${ip} --vproto ${port.protocol} --vport ${port.port} -j DROP`;
      rules.push({ chain: "KUBE-IPVS-OUT-FILTER", spec, cause });
    }
  }
  rules.push(
    rule("KUBE-FORWARD", `-m comment --comment "kubernetes forwarding rules" -m mark --mark ${node.mark}/${node.mark} -j ACCEPT`),
    rule(
      "KUBE-FORWARD",
      '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ),
    rule("KUBE-NODE-PORT", `${commented("KUBE-HEALTH-CHECK-NODE-PORT")} dst -j ACCEPT`),
  );
  for (const name of ["KUBE-LOAD-BALANCER", "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL"] as const) {
    rules.push(rule("KUBE-IPVS-FILTER", `${set(name)} dst,dst -j RETURN`));
  }
  rules.push(
    rule("KUBE-IPVS-FILTER", `${set("KUBE-HEALTH-CHECK-NODE-PORT")} dst -j RETURN`),
    rule("KUBE-IPVS-FILTER", `-m conntrack --ctstate NEW ${set("KUBE-IPVS-IPS")} dst -j REJECT`),
  );
  return rules;
}

const JUMPS: readonly (readonly [table: "nat" | "filter", from: string, to: string, comment: string])[] = [
  ["nat", "OUTPUT", "KUBE-SERVICES", "kubernetes service portals"],
  ["nat", "PREROUTING", "KUBE-SERVICES", "kubernetes service portals"],
  ["nat", "POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"],
  ["filter", "FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules"],
  ["filter", "INPUT", "KUBE-NODE-PORT", "kubernetes health check rules"],
  ["filter", "INPUT", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"],
  ["filter", "FORWARD", "KUBE-PROXY-FIREWALL", "kube-proxy firewall rules"],
  ["filter", "INPUT", "KUBE-IPVS-FILTER", "kubernetes ipvs access filter"],
  ["filter", "OUTPUT", "KUBE-IPVS-OUT-FILTER", "kubernetes ipvs access filter"],
];

/** What each sync makes sure of before its payload, in order: chains, and the jumps from built-in chains to them. */
export function ipvsJumpRules(causeOf: CauseOf): readonly TableVerb[] {
  const cause = causeOf("kube-proxy", "");
  return JUMPS.flatMap(([table, from, to, comment]): readonly TableVerb[] => [
    { verb: "ensureChain", table, chain: to, cause },
    { verb: "insertRule", table, chain: from, spec: `-m comment --comment "${comment}" -j ${to}`, cause },
  ]);
}
