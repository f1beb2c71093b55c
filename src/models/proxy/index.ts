/**
 * kube-proxy: one view of Services and endpoints, endpoint choice written once, and three modes that program it.
 * A mode's renderer is pure and shared by all nodes; `*Proxy` models carry its syncs out on a node.
 */
export type { CauseOf } from "./cause-of.js";
export * from "./config.js";
export * from "./configured-node.js";
export * from "./configured-rules.js";
export * from "./endpoint-choice.js";
export * from "./health-check.js";
export * from "./health-program.js";
export { type IptablesNode, localhostNodePorts } from "./iptables/iptables-node.js";
export { iptablesProxy } from "./iptables/iptables-proxy.js";
export * from "./iptables/jump-rules.js";
export * from "./iptables/render.js";
export * from "./iptables/restore-doc.js";
export { formatSorted } from "./iptables/sorted-form.js";
export * from "./iptables/sync.js";
export * from "./ipvs/ipvs-doc.js";
export { type IpvsNode, ipvsSysctls, type IpvsTimeoutSettings } from "./ipvs/ipvs-node.js";
export { type IpvsProxy, ipvsProxy } from "./ipvs/ipvs-proxy.js";
export { ipvsJumpRules } from "./ipvs/ipvs-rules.js";
export { IpvsRenderer, ipvsDoc } from "./ipvs/render.js";
export * from "./ipvs/sync.js";
export { formatCanonical } from "./nftables/canonical-form.js";
export { formatListed } from "./nftables/listed-form.js";
export * from "./nftables/nft-doc.js";
export { type NftablesNode, type NftablesRelease, nftablesReleases } from "./nftables/nftables-node.js";
export { nftablesProxy } from "./nftables/nftables-proxy.js";
export { NftablesRenderer, nftTable } from "./nftables/render.js";
export * from "./nftables/sync.js";
export * from "./nftables/transaction.js";
export * from "./proxy-model.js";
export * from "./proxy-node.js";
export type { EndpointInfo, Frontend, ServicePortInfo, SourceRange } from "./service-port-info.js";
export type { Address, Family, Network } from "./sloppy-address.js";
export * from "./stale-flows.js";
export * from "./sync-schedule.js";
export * from "./view.js";
