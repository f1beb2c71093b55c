/**
 * What a cluster plugs in: CNIs, kube-proxy, policy dataplanes, DNS and the programs of pods.
 *
 * @packageDocumentation
 */
export { client, type ClientArguments, type ClientResult } from "./app/client.js";
export { server } from "./app/server.js";
export * from "./balancer/balancer-model.js";
export { birdOf, birdProgram, configureBird, killBird, startBird, stopBird } from "./bgp/bird-program.js";
export { cloud } from "./balancer/cloud.js";
export { cloudProviderKind, type KindNetwork } from "./balancer/cloud-provider-kind.js";
export { electedSpeaker, metallb, METALLB_PROGRAMS, metallbSpeaker } from "./balancer/metallb.js";
export { calico } from "./cni/calico/calico.js";
export { type BgpPeer, CALICO_DEFAULTS, type CalicoEncapsulation, type CalicoOptions, ENCAPSULATIONS } from "./cni/calico/calico-options.js";
export type * from "./cni/cni-model.js";
export { flannel, FLANNEL_DEFAULTS } from "./cni/flannel.js";
export { FLANNEL_BACKENDS, type FlannelOptions } from "./cni/flannel-backend.js";
export { kindnet, type KindnetOptions } from "./cni/kindnet.js";
export type { IpamConf, RangeConf } from "./cni/host-local-ranges.js";
export type { Plugin, PluginCall, PluginConf } from "./cni/plugins/plugin.js";
export { pluginText } from "./cni/plugins/plugin-text.js";
export { type CniAttachmentCall, type CniCommand, REFERENCE_PLUGINS, runPlugin } from "./cni/plugins/run-plugin.js";
export { cniAdd, cniCheck, type CniConfList, cniDel, cniGc, type CniRuntimeCall, cniStatus, readConfList } from "./cni/run-plugins.js";
export { soloDoor } from "./solo-door.js";
export { coreDns } from "./dns/coredns.js";
export type * from "./dns/dns-source.js";
export { CLUSTER_ZONE, clusterLookup, type ClusterZone, type DnsAnswer } from "./dns/lookup.js";
export * from "./dns/resolv-conf.js";
export type { Lookup, ResolverKind } from "./dns/resolver.js";
export { upstreamDns } from "./dns/upstream.js";
export * from "./enforce/index.js";
export type { CniDoor, NodeDoor } from "./node-door.js";
export * from "./proxy/index.js";
export type { DispatchRules } from "./proxy/iptables/dispatch-rules.js";
export type { ChainRules } from "./proxy/iptables/service-chains.js";
export type { SetName } from "./proxy/ipvs/ip-sets.js";
export type { PlacedEntry, PortFrontends } from "./proxy/ipvs/port-frontends.js";
export type { IpvsPorts } from "./proxy/ipvs/render.js";
export type { PortObjects } from "./proxy/nftables/port-objects.js";
export type { NftablesRules } from "./proxy/nftables/render.js";
export type { NodeRules, Base as RulesBase } from "./proxy/shared-rules.js";
