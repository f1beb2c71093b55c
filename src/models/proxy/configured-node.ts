import type { Node } from "../../api/index.js";
import type { ProxyConfig } from "./config.js";
import type { IptablesNode } from "./iptables/iptables-node.js";
import type { IpvsNode } from "./ipvs/ipvs-node.js";
import type { NftablesNode, NftablesRelease } from "./nftables/nftables-node.js";
import { type LocalDetector, type ProxyNode, readNodePortAddresses } from "./proxy-node.js";
import { type Address, canonicalAddress, type Family, readNetwork } from "./sloppy-address.js";

/** The node that a configuration describes, as every mode sees it; its zone and pod networks come from its Node object. */
export function configuredNode(config: ProxyConfig, nodes: readonly Node[], unsaidNodePorts: readonly string[]): ProxyNode {
  const family: Family = config.ipFamily === "IPv6" ? 6 : 4;
  const object = nodes.find((node) => node.metadata.name === config.nodeName);
  const addresses = config.nodeLocalIPs.flatMap((text): readonly Address[] => {
    const address = canonicalAddress(text);
    return address === null ? [] : [address];
  });
  const nodeIP = canonicalAddress(config.nodeIP);
  const primary = nodeIP?.family === family ? nodeIP : null;
  return {
    name: config.nodeName,
    zone: object?.metadata.labels?.["topology.kubernetes.io/zone"] ?? "",
    preferSameNode: true,
    family,
    primary,
    addresses,
    mark: config.masqueradeMark,
    masqueradeAll: config.masqueradeAll,
    detector: configuredDetector(config, family, object),
    nodePorts: readNodePortAddresses(config.nodePortAddresses ?? unsaidNodePorts, family, primary, addresses),
  };
}

/** The node as the iptables mode sees it. */
export function configuredIptablesNode(config: ProxyConfig, nodes: readonly Node[]): IptablesNode {
  return {
    ...configuredNode(config, nodes, []),
    randomFully: config.randomFully,
    localhostNodePorts: config.localhostNodePorts,
    conntrackTcpBeLiberal: config.conntrackTCPBeLiberal,
    counters: { invalidDropped: config.nfacct.ct_state_invalid_dropped_pkts, localhostAccepted: config.nfacct.localhost_nps_accepted_pkts },
  };
}

function configuredDetector(config: ProxyConfig, family: Family, node: Node | undefined): LocalDetector | null {
  const { mode, cidr, bridgeInterface, interfaceNamePrefix } = config.detectLocal;
  if (mode === "BridgeInterface") return bridgeInterface === "" ? null : { kind: "bridge", name: bridgeInterface };
  if (mode === "InterfaceNamePrefix") return interfaceNamePrefix === "" ? null : { kind: "prefix", name: interfaceNamePrefix };
  const podCIDR = node?.spec?.podCIDRs ?? (node?.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR]);
  const listed = mode === "NodeCIDR" && cidr === "" ? podCIDR : cidr.split(",");
  const network = listed.map((text) => readNetwork(text.trim())).find((each) => each?.family === family);
  return network === undefined || network === null ? null : { kind: "cidr", cidr: network.text };
}

/** The node as the nftables mode sees it. */
export function configuredNftablesNode(config: ProxyConfig, nodes: readonly Node[]): NftablesNode {
  const node = configuredNode(config, nodes, ["primary"]);
  const serviceCIDRs = config.serviceCIDRs.flatMap((text) => {
    const network = readNetwork(text.trim());
    return network?.family === node.family ? [network.text] : [];
  });
  return { ...node, serviceCIDRs, release: nftablesRelease(config.release) };
}

/** The text of the newest described release that is not newer than `release`. */
function nftablesRelease(release: string): NftablesRelease {
  const minor = Number(/^v?1\.([0-9]+)/.exec(release)?.[1] ?? 0);
  return minor >= 37 ? "1.37" : minor === 36 ? "1.36" : "1.35";
}

/** The node as the IPVS mode sees it. */
export function configuredIpvsNode(config: ProxyConfig, nodes: readonly Node[]): IpvsNode {
  const { randomFully, scheduler, strictARP } = config;
  return { ...configuredNode(config, nodes, []), randomFully, scheduler: scheduler === "" ? "rr" : scheduler, strictARP };
}
