// The chains that a packet for a Service passes before an endpoint is chosen: masquerade marks, the external-traffic
// chain KUBE-EXT- and the source-range chain KUBE-FW-.

import type { EndpointChoice } from "../endpoint-choice.js";
import { externallyAccessible, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import type { ServiceChainNames } from "./chain-names.js";
import { frontendMatch, usesFirewall } from "./dispatch-rules.js";
import { detectorMatch, type IptablesNode } from "./iptables-node.js";
import type { CauseOf } from "../cause-of.js";
import type { RestoreRule } from "./restore-doc.js";

/** Chains in the order they are declared, and the rules in the order they are written. */
export interface ChainRules {
  readonly chains: readonly string[];
  readonly rules: readonly RestoreRule[];
}

export function serviceChains(
  port: ServicePortInfo,
  choice: EndpointChoice,
  names: ServiceChainNames,
  node: IptablesNode,
  causeOf: CauseOf,
): ChainRules {
  const service = `Service ${port.namespace}/${port.name}`;
  const chains: string[] = [];
  const rules: RestoreRule[] = [];
  const foreign = detectorMatch(node.detector, false);
  if (choice.hasInternal && (node.masqueradeAll || foreign !== null)) {
    const match = `${frontendMatch(port, port.clusterIP, port.port)}${node.masqueradeAll ? "" : ` ${foreign}`}`;
    const spec = `-m comment --comment "${port.title} cluster IP" ${match} -j KUBE-MARK-MASQ`;
    rules.push({ chain: port.internalLocal ? names.local : names.cluster, spec, cause: causeOf(service, port.path) });
  }
  if (choice.hasAny && externallyAccessible(port)) {
    chains.push(names.external);
    rules.push(...externalRules(port, choice, names, node, causeOf(service, "spec.externalTrafficPolicy")));
  }
  if (usesFirewall(port, choice)) {
    chains.push(names.firewall);
    rules.push(...firewallRules(port, names, node, (path) => causeOf(service, path)));
  }
  return { chains, rules };
}

function externalRules(
  port: ServicePortInfo,
  choice: EndpointChoice,
  names: ServiceChainNames,
  node: IptablesNode,
  cause: number,
): readonly RestoreRule[] {
  const rules: RestoreRule[] = [];
  const add = (spec: string): void => void rules.push({ chain: names.external, spec, cause });
  const about = (words: string): string => `-m comment --comment "${words} traffic for ${port.title} external destinations"`;
  if (!port.externalLocal) add(`${about("masquerade")} -j KUBE-MARK-MASQ`);
  else {
    const ours = detectorMatch(node.detector, true);
    if (ours !== null) add(`${about("pod")} ${ours} -j ${names.cluster}`);
    add(`${about("masquerade LOCAL")} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`);
    add(`${about("route LOCAL")} -m addrtype --src-type LOCAL -j ${names.cluster}`);
  }
  if (choice.hasExternal) add(`-j ${port.externalLocal ? names.local : names.cluster}`);
  return rules;
}

/** A packet that no rule of the firewall chain takes keeps its destination and meets the DROP in KUBE-PROXY-FIREWALL. */
function firewallRules(
  port: ServicePortInfo,
  names: ServiceChainNames,
  node: IptablesNode,
  causeOf: (path: string) => number,
): readonly RestoreRule[] {
  const rules: RestoreRule[] = [];
  const allow = (source: string, path: string): void => {
    const spec = `-m comment --comment "${port.title} loadbalancer IP" -s ${source} -j ${names.external}`;
    rules.push({ chain: names.firewall, spec, cause: causeOf(path) });
  };
  for (const range of port.sourceRanges) allow(range.network.text, range.path);
  if (rangesHoldNode(port, node.primary)) for (const vip of port.vips) allow(vip.ip, vip.path);
  const spec = `-m comment --comment "other traffic to ${port.title} will be dropped by KUBE-PROXY-FIREWALL"`;
  rules.push({ chain: names.firewall, spec, cause: causeOf("spec.loadBalancerSourceRanges") });
  return rules;
}
