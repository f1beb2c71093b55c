/** flannel's iptables rules (pkg/trafficmngr/iptables): masquerade what leaves the pod network, accept what stays in it. */
import type { Act } from "../../linux/plumbing/act.js";

const MASQ = '-m comment --comment "flanneld masq"';
const FORWARD = '-m comment --comment "flanneld forward"';

/** The acts that write them; `network` is the cluster's pod network, `subnet` this node's lease. */
export function flannelRules(ns: number, network: string, subnet: string, cause: number): Act[] {
  const group = "224.0.0.0/4";
  const postrouting = [
    `-m mark --mark 0x4000/0x4000 ${MASQ} -j RETURN`,
    `-s ${subnet} -d ${network} ${MASQ} -j RETURN`,
    `-s ${network} -d ${subnet} ${MASQ} -j RETURN`,
    `! -s ${network} -d ${subnet} ${MASQ} -j RETURN`,
    `-s ${network} ! -d ${group} ${MASQ} -j MASQUERADE --random-fully`,
    `! -s ${network} -d ${network} ${MASQ} -j MASQUERADE --random-fully`,
  ];
  const forward = [`-s ${network} ${FORWARD} -j ACCEPT`, `-d ${network} ${FORWARD} -j ACCEPT`];
  const append = (table: "nat" | "filter", chain: string, spec: string): Act => ({ verb: "iptables", ns, family: 4, table, op: "append", chain, spec, cause });
  const make = (table: "nat" | "filter", chain: string): Act => ({ verb: "iptables", ns, family: 4, table, op: "new-chain", chain, cause });
  return [
    make("nat", "FLANNEL-POSTRTG"),
    ...postrouting.map((spec) => append("nat", "FLANNEL-POSTRTG", spec)),
    append("nat", "POSTROUTING", `${MASQ} -j FLANNEL-POSTRTG`),
    make("filter", "FLANNEL-FWD"),
    ...forward.map((spec) => append("filter", "FLANNEL-FWD", spec)),
    append("filter", "FORWARD", `${FORWARD} -j FLANNEL-FWD`),
  ];
}
