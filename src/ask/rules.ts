/** What kube-proxy programs, as text: for a configured proxy alone, or on a node of a cluster. */
import type { Cluster } from "../cluster/cluster.js";
import { inputError } from "../cluster/input-error.js";
import { listAddresses } from "../linux/plumbing/ipvs-list.js";
import { listNftTable } from "../linux/nf/nft/nft-list.js";
import { saveTables } from "../linux/nf/save.js";
import { configuredIptables, configuredRulesText, formatListed, type ProxyConfig, type ProxyObjects, proxyObjects, readProxyConfig, TABLE_NAME } from "../models/proxy/index.js";
import { IPVS_DEVICE } from "../models/proxy/ipvs/ipvs-kernel.js";
import { ipvsLists } from "./rules-ipvs.js";
import { rulesMachine } from "./rules-machine.js";

/** kube-proxy's modes. */
export type RulesMode = "iptables" | "nftables" | "ipvs";
/** What is fed to the tool, what the tool prints back, and the order of kube-proxy's own tests. */
export type RulesForm = "payload" | "saved" | "sorted";

/** The rules of one configured proxy for objects as the API server stored them; what is saved is the payload in a machine that had none. */
export function rulesOfConfig(mode: RulesMode, form: RulesForm, config: ProxyConfig, objects: ProxyObjects): string {
  return configuredRulesText(mode, form, config, objects) ?? savedPayload(config, objects);
}

/** Loads the payload into a kernel and prints what that holds. */
function savedPayload(config: ProxyConfig, objects: ProxyObjects): string {
  const { door, ns, world } = rulesMachine({ ...config, nodeLocalIPs: [] });
  const family = config.ipFamily === "IPv6" ? 6 : 4;
  for (const chain of config.existingNatChains) door.plumb({ verb: "iptables", ns, family, table: "nat", op: "new-chain", chain });
  const doc = configuredIptables(config, objects, door.cause);
  const refused = door.plumb({ verb: "iptables-restore", ns, family, doc, noflush: true, counters: true });
  if (refused !== null) throw inputError("refused", "", refused.message);
  return saveTables(world.stack, ns, family);
}

/**
 * The rules of a node of a settled cluster. What the cluster's own mode saved is what stands in the node's kernel; everything
 * else is what a proxy of that mode writes for the cluster's present objects. Throws an InputError where there is no such node.
 */
export function rulesOfNode(cluster: Cluster, name: string, mode: RulesMode, form: RulesForm): string {
  const node = cluster.fabric.nodes.find((each) => each.name === name);
  if (node === undefined) {
    throw inputError("not-found", "node", `nodes "${name}" not found`, `nodes are ${cluster.fabric.nodes.map((each) => each.name).join(", ")}`);
  }
  if (mode === cluster.plan.proxy && form === "saved") {
    cluster.control.flush(name);
    const { stack } = cluster;
    if (mode === "ipvs") return ipvsLists(stack, node.ns, IPVS_DEVICE) + proxyPart(saveTables(stack, node.ns, 4));
    return mode === "iptables" ? proxyPart(saveTables(stack, node.ns, 4)) : formatListed(listNftTable(stack, node.ns, 4, TABLE_NAME)!);
  }
  const objects = proxyObjects([...cluster.objects("Service"), ...cluster.objects("EndpointSlice"), ...cluster.objects("Node")]);
  const config = configOfNode(cluster, name, node.address);
  // In this mode node ports answer on every address that the node has.
  const others = mode === "ipvs" ? listAddresses(cluster.stack, node.ns, 4, IPVS_DEVICE).filter((text) => !config.nodeLocalIPs.includes(text)) : [];
  return rulesOfConfig(mode, form, { ...config, nodeLocalIPs: [...config.nodeLocalIPs, ...others] }, objects);
}

/** The configuration that kind gives the proxy of a node. */
function configOfNode({ plan }: Cluster, nodeName: string, nodeIP: string): ProxyConfig {
  const { config } = readProxyConfig("{}", "");
  return {
    ...config!,
    nodeName,
    nodeIP,
    nodeLocalIPs: ["127.0.0.1", nodeIP],
    detectLocal: { ...config!.detectLocal, mode: "ClusterCIDR", cidr: plan.podSubnet },
    serviceCIDRs: [plan.serviceSubnet],
    ...plan.ipvs,
  };
}

/** Of a machine's saved tables the proxy's chains and the jumps to them; others write there too. */
function proxyPart(saved: string): string {
  return saved
    .split("\n")
    .filter((line) => !/^(:|-A )/.test(line) || /^:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) |^:KUBE-|^-A KUBE-/.test(line) || / -j KUBE-/.test(line))
    .join("\n");
}
