// What one Service port needs: addresses, virtual servers and set entries.
// Read first: syncProxyRules in kubernetes pkg/proxy/ipvs/proxier.go.

import type { CauseOf } from "../cause-of.js";
import type { EndpointChoice } from "../endpoint-choice.js";
import { type EndpointInfo, type Frontend, limitsSources, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import { bracketed } from "../sloppy-address.js";
import type { SetName } from "./ip-sets.js";
import type { IpSetEntry, RealServer, VirtualServer } from "./ipvs-doc.js";
import type { IpvsNode } from "./ipvs-node.js";

/** An element, and the set that it belongs to. */
export interface PlacedEntry {
  readonly set: SetName;
  readonly entry: IpSetEntry;
}

/** Virtual servers and set entries of one port of a Service. */
export interface PortFrontends {
  readonly port: ServicePortInfo;
  /** Its cluster IP, which is always bound. */
  readonly clusterIP: Frontend;
  /** External and load balancer addresses, bound unless another interface of the node has them. */
  readonly others: readonly Frontend[];
  readonly virtualServers: readonly VirtualServer[];
  /** The virtual server of its node port without an address, null where it has none. */
  readonly nodePort: VirtualServer | null;
  readonly entries: readonly PlacedEntry[];
  /** Load balancer addresses whose source ranges keep this node itself out. */
  readonly closedToNode: readonly Frontend[];
}

export function portFrontends(port: ServicePortInfo, choice: EndpointChoice, node: IpvsNode, causeOf: CauseOf): PortFrontends {
  const field = (path: string): number => causeOf(`Service ${port.namespace}/${port.name}`, path);
  const internal = realServers(port.internalLocal ? orElse(choice.local, choice.cluster) : choice.cluster, causeOf);
  const external = realServers(port.externalLocal ? orElse(choice.local, choice.cluster) : choice.cluster, causeOf);
  const server = (ip: string, number: number, servers: readonly RealServer[], path: string): VirtualServer =>
    virtualServer(port, node, ip, number, servers, field(path));
  const clusterIP = { ip: port.clusterIP, path: port.path };
  const others = [...port.externalIPs, ...port.vips];
  return {
    port,
    clusterIP,
    others,
    virtualServers: [
      server(port.clusterIP, port.port, internal, port.path),
      ...others.map(({ ip, path }) => server(ip, port.port, external, path)),
    ],
    nodePort: port.nodePort === 0 ? null : server("", port.nodePort, external, `${port.path}.nodePort`),
    entries: setEntries(port, node, field, causeOf),
    closedToNode: limitsSources(port) && !rangesHoldNode(port, node.primary) ? port.vips : [],
  };
}

/** A virtual server on one address; both the scheduler and how long clients stick are the same for every frontend of a port. */
export function virtualServer(
  port: Pick<ServicePortInfo, "protocol" | "family" | "affinitySeconds">,
  node: Pick<IpvsNode, "scheduler">,
  ip: string,
  number: number,
  servers: readonly RealServer[],
  cause: number,
): VirtualServer {
  return {
    protocol: port.protocol,
    ip,
    port: number,
    key: `${port.protocol.toUpperCase()} ${bracketed({ family: port.family, text: ip })}:${number}`,
    scheduler: node.scheduler,
    persistence: port.affinitySeconds,
    flags: (port.affinitySeconds > 0 ? 0x1 : 0) | (node.scheduler === "mh" ? 0x10 : 0),
    servers,
    cause,
  };
}

function orElse<T>(list: readonly T[], other: readonly T[]): readonly T[] {
  return list.length > 0 ? list : other;
}

function realServers(endpoints: readonly EndpointInfo[], causeOf: CauseOf): readonly RealServer[] {
  return endpoints.map(({ ip, port, text, slice, path }) => ({
    ip,
    port,
    text,
    weight: 1,
    cause: causeOf(`EndpointSlice ${slice}`, path),
  }));
}

function setEntries(port: ServicePortInfo, node: IpvsNode, field: (path: string) => number, causeOf: CauseOf): readonly PlacedEntry[] {
  const entries: PlacedEntry[] = [];
  const put = (set: SetName, text: string, cause: number): void => void entries.push({ set, entry: { text, cause } });
  const at = (ip: string): string => `${ip},${port.protocol}:${port.port}`;
  for (const endpoint of port.endpoints) {
    if (endpoint.nodeName === "" || endpoint.nodeName !== node.name) continue;
    put(
      "KUBE-LOOP-BACK",
      `${endpoint.ip},${port.protocol}:${endpoint.port},${endpoint.ip}`,
      causeOf(`EndpointSlice ${endpoint.slice}`, endpoint.path),
    );
  }
  put("KUBE-CLUSTER-IP", at(port.clusterIP), field(port.path));
  for (const { ip, path } of port.externalIPs) put(port.externalLocal ? "KUBE-EXTERNAL-IP-LOCAL" : "KUBE-EXTERNAL-IP", at(ip), field(path));
  for (const { ip, path } of port.vips) {
    put("KUBE-LOAD-BALANCER", at(ip), field(path));
    if (port.externalLocal) put("KUBE-LOAD-BALANCER-LOCAL", at(ip), field("spec.externalTrafficPolicy"));
    if (!limitsSources(port)) continue;
    put("KUBE-LOAD-BALANCER-FW", at(ip), field("spec.loadBalancerSourceRanges"));
    for (const range of port.sourceRanges) put("KUBE-LOAD-BALANCER-SOURCE-CIDR", `${at(ip)},${range.network.text}`, field(range.path));
    if (rangesHoldNode(port, node.primary)) put("KUBE-LOAD-BALANCER-SOURCE-IP", `${at(ip)},${ip}`, field("spec.loadBalancerSourceRanges"));
  }
  if (port.nodePort !== 0 && port.protocol !== "sctp") {
    const upper = port.protocol === "udp" ? "UDP" : "TCP";
    put(`KUBE-NODE-PORT-${upper}`, `${port.nodePort}`, field(`${port.path}.nodePort`));
    if (port.externalLocal) put(`KUBE-NODE-PORT-LOCAL-${upper}`, `${port.nodePort}`, field("spec.externalTrafficPolicy"));
  }
  if (port.healthCheckNodePort !== 0) put("KUBE-HEALTH-CHECK-NODE-PORT", `${port.healthCheckNodePort}`, field("spec.healthCheckNodePort"));
  return entries;
}
