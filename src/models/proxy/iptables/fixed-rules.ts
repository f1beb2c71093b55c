// What stands in every payload whatever the Services are.

import { type IptablesNode, localhostNodePorts, loopbackNetwork } from "./iptables-node.js";
import { isLoopback } from "../sloppy-address.js";
import type { CauseOf } from "../cause-of.js";
import type { RestoreRule } from "./restore-doc.js";

export interface FixedRules {
  readonly filterChains: readonly string[];
  readonly natChains: readonly string[];
  readonly filterHead: readonly RestoreRule[];
  readonly filterTail: readonly RestoreRule[];
  readonly natHead: readonly RestoreRule[];
  readonly natTail: readonly RestoreRule[];
}

const FILTER_CHAINS = ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL"];
const NAT_CHAINS: readonly string[] = Object.freeze(["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"]);
const LOCALNET =
  '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP';
const LAST = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';

/** The chains and rules that depend on the node alone. */
export function fixedRules(node: IptablesNode, causeOf: CauseOf): FixedRules {
  const localhost = localhostNodePorts(node);
  const rule = (chain: string, spec: string, path: string): RestoreRule => ({ chain, spec, cause: causeOf("kube-proxy", path) });
  const mark = node.mark;
  return {
    filterChains: localhost ? [...FILTER_CHAINS, "KUBE-FIREWALL"] : FILTER_CHAINS,
    natChains: NAT_CHAINS,
    filterHead: localhost ? [rule("KUBE-FIREWALL", LOCALNET, "iptables.localhostNodePorts")] : [],
    filterTail: [
      ...invalidRules(node, rule),
      rule(
        "KUBE-FORWARD",
        `-m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
        "iptables.masqueradeBit",
      ),
      rule(
        "KUBE-FORWARD",
        '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        "",
      ),
    ],
    natHead: [
      rule("KUBE-POSTROUTING", `-m mark ! --mark ${mark}/${mark} -j RETURN`, "iptables.masqueradeBit"),
      rule("KUBE-POSTROUTING", `-j MARK --xor-mark ${mark}`, "iptables.masqueradeBit"),
      rule(
        "KUBE-POSTROUTING",
        `-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE${node.randomFully ? " --random-fully" : ""}`,
        "iptables.masqueradeBit",
      ),
      rule("KUBE-MARK-MASQ", `-j MARK --or-mark ${mark}`, "iptables.masqueradeBit"),
    ],
    natTail: nodePortJumps(node, localhost).map((match) =>
      rule("KUBE-SERVICES", `${LAST} ${match} -j KUBE-NODEPORTS`, "nodePortAddresses"),
    ),
  };
}

function invalidRules(node: IptablesNode, rule: (chain: string, spec: string, path: string) => RestoreRule): readonly RestoreRule[] {
  if (node.conntrackTcpBeLiberal) return [];
  const counter = node.counters.invalidDropped ? "-m nfacct --nfacct-name ct_state_invalid_dropped_pkts " : "";
  return [rule("KUBE-FORWARD", `-m conntrack --ctstate INVALID ${counter}-j DROP`, "conntrack.tcpBeLiberal")];
}

/** Matches of the addresses that answer node ports; the jumps must stay last in KUBE-SERVICES. */
function nodePortJumps(node: IptablesNode, localhost: boolean): readonly string[] {
  if (node.nodePorts.matchAll) return [`-m addrtype --dst-type LOCAL${localhost ? "" : ` ! -d ${loopbackNetwork(node.family)}`}`];
  return node.nodePorts.chosen.filter((address) => localhost || !isLoopback(address)).map((address) => `-d ${address.text}`);
}
