// What one Service port adds to the table: its chains, its affinity sets, and its elements in the shared sets and maps.
// Read first: syncProxyRules in kubernetes pkg/proxy/nftables/proxier.go.

import type { EndpointChoice } from "../endpoint-choice.js";
import type { CauseOf } from "../cause-of.js";
import { externallyAccessible, type EndpointInfo, limitsSources, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import { endpointObjects } from "./endpoint-objects.js";
import type { NftChain, NftRule, NftSet, PlacedElement } from "./nft-doc.js";
import { detectorMatch, familyWord, isCompact, markStatement, type NftablesNode } from "./nftables-node.js";
import { servicePortName } from "./object-names.js";

/** Chains and elements of one port of a Service. */
export interface PortObjects {
  readonly chains: readonly NftChain[];
  readonly affinitySets: readonly NftSet[];
  readonly elements: readonly PlacedElement[];
}

export function portObjects(port: ServicePortInfo, choice: EndpointChoice, node: NftablesNode, causeOf: CauseOf): PortObjects {
  const name = servicePortName(port);
  const causeOfField = (path: string): number => causeOf(`Service ${port.namespace}/${port.name}`, path);
  const endpoints = endpointObjects(port, choice, node, causeOf);
  const chains: NftChain[] = [...endpoints.chains];
  const add = (chain: string, rules: readonly NftRule[]): void => void chains.push({ name: chain, base: null, comment: "", rules });
  const balanced = (list: readonly EndpointInfo[], entered: boolean): readonly NftRule[] => [
    ...(entered ? clusterMark(port, node, causeOfField(port.path)) : []),
    ...endpoints.balance(list),
  ];
  if (choice.cluster.length > 0) add(`service-${name}`, balanced(choice.cluster, !port.internalLocal));
  if (choice.local.length > 0) add(`local-${name}`, balanced(choice.local, port.internalLocal));
  if (choice.hasAny && externallyAccessible(port)) {
    add(`external-${name}`, externalRules(port, choice, name, node, causeOfField("spec.externalTrafficPolicy")));
  }
  if (limitsSources(port)) add(`firewall-${name}`, [firewallRule(port, node, causeOfField("spec.loadBalancerSourceRanges"))]);
  return {
    chains,
    affinitySets: endpoints.affinitySets,
    elements: [...dispatchElements(port, choice, name, causeOfField), ...endpoints.hairpins],
  };
}

/** Traffic that is not from this node's pods must come back this way, so it is masqueraded; since 1.36 one rule does it for all. */
function clusterMark(port: ServicePortInfo, node: NftablesNode, cause: number): readonly NftRule[] {
  const foreign = node.masqueradeAll ? "" : detectorMatch(node, false);
  if (isCompact(node) || foreign === null) return [];
  const words = [familyWord(node), "daddr", port.clusterIP, ...(foreign === "" ? [] : [foreign]), markStatement(node)];
  return [{ text: words.join(" "), comment: "", cause }];
}

function externalRules(port: ServicePortInfo, choice: EndpointChoice, name: string, node: NftablesNode, cause: number): readonly NftRule[] {
  const rule = (text: string, comment = ""): NftRule => ({ text, comment, cause });
  if (!port.externalLocal) return [rule(markStatement(node)), rule(`goto service-${name}`)];
  const ours = detectorMatch(node, true);
  return [
    ...(ours === null ? [] : [rule(`${ours} goto service-${name}`, "short-circuit pod traffic")]),
    rule(`fib saddr type local ${markStatement(node)}`, "masquerade local traffic"),
    rule(`fib saddr type local goto service-${name}`, "short-circuit local traffic"),
    ...(choice.local.length > 0 ? [rule(`goto local-${name}`)] : []),
  ];
}

function firewallRule(port: ServicePortInfo, node: NftablesNode, cause: number): NftRule {
  const allowed = port.sourceRanges.map((range) => range.network.text);
  if (rangesHoldNode(port, node.primary)) allowed.push(...port.vips.map((vip) => vip.ip));
  return { text: `${familyWord(node)} saddr != { ${allowed.join(" , ")} } drop`, comment: "", cause };
}

function dispatchElements(
  port: ServicePortInfo,
  choice: EndpointChoice,
  name: string,
  causeOf: (path: string) => number,
): readonly PlacedElement[] {
  const elements: PlacedElement[] = [];
  const put = (set: string, key: string, value: string, path: string, comment = ""): void =>
    void elements.push({ set, element: { key, comment, value, cause: causeOf(path) } });
  const address = (ip: string): string => `${ip} . ${port.protocol} . ${port.port}`;
  const refusal = choice.hasAny ? "drop" : "goto reject-chain";
  const external = (usable: string, refused: string, key: string, path: string): void => {
    if (choice.hasAny) put(usable, key, `goto external-${name}`, path);
    if (!choice.hasExternal) put(refused, key, refusal, path, port.title);
  };

  put("cluster-ips", port.clusterIP, "", port.path);
  if (choice.hasInternal)
    put("service-ips", address(port.clusterIP), `goto ${port.internalLocal ? "local" : "service"}-${name}`, port.path);
  else put("no-endpoint-services", address(port.clusterIP), refusal, port.path, port.title);
  for (const { ip, path } of [...port.externalIPs, ...port.vips]) external("service-ips", "no-endpoint-services", address(ip), path);
  if (limitsSources(port)) {
    for (const { ip } of port.vips) put("firewall-ips", address(ip), `goto firewall-${name}`, "spec.loadBalancerSourceRanges");
  }
  if (port.nodePort !== 0) {
    external("service-nodeports", "no-endpoint-nodeports", `${port.protocol} . ${port.nodePort}`, `${port.path}.nodePort`);
  }
  return elements;
}
