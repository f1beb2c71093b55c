// Rules that lead a packet for an address of a Service into that Service's chains, or refuse it. They stand in chains
// that every sync rewrites whole. Read first: syncProxyRules in kubernetes pkg/proxy/iptables/proxier.go.

import type { EndpointChoice } from "../endpoint-choice.js";
import { type Frontend, limitsSources, type ServicePortInfo } from "../service-port-info.js";
import type { ServiceChainNames } from "./chain-names.js";
import { type IptablesNode, localhostNodePorts } from "./iptables-node.js";
import type { CauseOf } from "../cause-of.js";
import type { RestoreRule } from "./restore-doc.js";

/** Rules of the shared chains that lead to one port of a Service. */
export interface DispatchRules {
  readonly filter: readonly RestoreRule[];
  readonly nat: readonly RestoreRule[];
}

/** Whether the source ranges of a load balancer are enforced. */
export function usesFirewall(port: ServicePortInfo, choice: EndpointChoice): boolean {
  return choice.hasAny && limitsSources(port);
}

/** `-m tcp -p tcp -d 10.0.0.1 --dport 80`, with the destination left out where it is null. */
export function frontendMatch(port: ServicePortInfo, ip: string | null, number: number): string {
  return `-m ${port.protocol} -p ${port.protocol}${ip === null ? "" : ` -d ${ip}`} --dport ${number}`;
}

/** The dispatch rules of one Service port on a node. */
export function dispatchRules(
  port: ServicePortInfo,
  choice: EndpointChoice,
  names: ServiceChainNames,
  node: IptablesNode,
  causeOf: CauseOf,
): DispatchRules {
  const filter: RestoreRule[] = [];
  const nat: RestoreRule[] = [];
  const service = `Service ${port.namespace}/${port.name}`;
  const cause = causeOf(service, port.path);
  const refusal = choice.hasAny ? "DROP" : "REJECT";
  const why = `-m comment --comment "${port.title} has no ${choice.hasAny ? "local " : ""}endpoints"`;

  const clusterMatch = frontendMatch(port, port.clusterIP, port.port);
  if (choice.hasInternal) {
    const chain = port.internalLocal ? names.local : names.cluster;
    nat.push({ chain: "KUBE-SERVICES", spec: `-m comment --comment "${port.title} cluster IP" ${clusterMatch} -j ${chain}`, cause });
  } else filter.push({ chain: "KUBE-SERVICES", spec: `${why} ${clusterMatch} -j ${refusal}`, cause });

  const refuse = (match: string, of: number): void => {
    if (!choice.hasExternal) filter.push({ chain: "KUBE-EXTERNAL-SERVICES", spec: `${why} ${match} -j ${refusal}`, cause: of });
  };
  const accept = (frontend: Frontend, kind: string, chain: string): void => {
    const spec = `-m comment --comment "${port.title} ${kind} IP" ${frontendMatch(port, frontend.ip, port.port)} -j ${chain}`;
    if (choice.hasAny) nat.push({ chain: "KUBE-SERVICES", spec, cause: causeOf(service, frontend.path) });
  };
  for (const external of port.externalIPs) {
    accept(external, "external", names.external);
    refuse(frontendMatch(port, external.ip, port.port), causeOf(service, external.path));
  }
  const firewall = usesFirewall(port, choice);
  for (const vip of port.vips) {
    accept(vip, "loadbalancer", firewall ? names.firewall : names.external);
    const spec = `-m comment --comment "${port.title} traffic not accepted by ${names.firewall}" ${frontendMatch(port, vip.ip, port.port)} -j DROP`;
    if (firewall) filter.push({ chain: "KUBE-PROXY-FIREWALL", spec, cause: causeOf(service, "spec.loadBalancerSourceRanges") });
  }
  for (const vip of port.vips) refuse(frontendMatch(port, vip.ip, port.port), causeOf(service, vip.path));

  if (port.nodePort !== 0) {
    const ofNodePort = causeOf(service, `${port.path}.nodePort`);
    if (choice.hasAny) nat.push(...nodePortRules(port, names.external, node, ofNodePort));
    refuse(`-m addrtype --dst-type LOCAL ${frontendMatch(port, null, port.nodePort)}`, ofNodePort);
  }
  if (port.healthCheckNodePort !== 0) {
    const spec = `-m comment --comment "${port.title} health check node port" -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`;
    filter.push({ chain: "KUBE-NODEPORTS", spec, cause: causeOf(service, "spec.healthCheckNodePort") });
  }
  return { filter, nat };
}

function nodePortRules(port: ServicePortInfo, chain: string, node: IptablesNode, cause: number): readonly RestoreRule[] {
  const comment = `-m comment --comment ${port.title}`;
  const any = { chain: "KUBE-NODEPORTS", spec: `${comment} ${frontendMatch(port, null, port.nodePort)} -j ${chain}`, cause };
  if (!localhostNodePorts(node) || !node.counters.localhostAccepted) return [any];
  const counter = "-m nfacct --nfacct-name localhost_nps_accepted_pkts";
  const spec = `${comment} ${frontendMatch(port, "127.0.0.0/8", port.nodePort)} ${counter} -j ${chain}`;
  return [{ chain: "KUBE-NODEPORTS", spec, cause }, any];
}
