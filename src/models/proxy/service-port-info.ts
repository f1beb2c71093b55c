import type { Service } from "../../api/index.js";
import { type Address, canonicalAddress, type Family, familyName, type Network, networkHolds, readNetwork } from "./sloppy-address.js";

/** One endpoint of one port of a Service, as an EndpointSlice states it. */
export interface EndpointInfo {
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, or `[ip]:port` for IPv6. */
  readonly text: string;
  /** The node it runs on; empty where the slice names none, which no node takes for its own. */
  readonly nodeName: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
  /** `namespace/name` of the slice and the field path in it. */
  readonly slice: string;
  readonly path: string;
}

/** An address that a Service is reached by, with the field that gave it. */
export interface Frontend {
  readonly ip: string;
  readonly path: string;
}

/** A CIDR of `loadBalancerSourceRanges`. */
export interface SourceRange {
  readonly network: Network;
  readonly path: string;
}

/** One port of one Service in one address family: what kube-proxy calls a ServicePort, with its endpoints. */
export interface ServicePortInfo {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`, or `namespace/name:port` where the port has a name. */
  readonly title: string;
  readonly portName: string;
  readonly protocol: string;
  readonly family: Family;
  /** Field path of the port, `spec.ports[0]`. */
  readonly path: string;
  readonly clusterIP: string;
  readonly port: number;
  /** 0 if there is none. */
  readonly nodePort: number;
  readonly externalIPs: readonly Frontend[];
  /** Load balancer addresses that the node itself answers for. */
  readonly vips: readonly Frontend[];
  readonly sourceRanges: readonly SourceRange[];
  /** 0 unless a load balancer with a Local policy has one. */
  readonly healthCheckNodePort: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Seconds of ClientIP affinity, 0 without it. */
  readonly affinitySeconds: number;
  /** Sorted by `text`, byte by byte. */
  readonly endpoints: readonly EndpointInfo[];
}

/** Whether it has a node port, a load balancer address or an external IP. */
export function externallyAccessible(port: ServicePortInfo): boolean {
  return port.nodePort !== 0 || port.vips.length > 0 || port.externalIPs.length > 0;
}

export function usesClusterEndpoints(port: ServicePortInfo): boolean {
  return !port.internalLocal || externallyAccessible(port);
}

export function usesLocalEndpoints(port: ServicePortInfo): boolean {
  return port.internalLocal || (port.externalLocal && externallyAccessible(port));
}

/** Whether source ranges limit who reaches its load balancer addresses. */
export function limitsSources(port: ServicePortInfo): boolean {
  return port.vips.length > 0 && port.sourceRanges.length > 0;
}

/** Whether a source range holds the node's own address, so that the node may talk to the load balancer address. */
export function rangesHoldNode(port: ServicePortInfo, primary: Address | null): boolean {
  return primary !== null && port.sourceRanges.some((range) => networkHolds(range.network, primary));
}

/** What of a Service does not depend on which of its ports is meant. */
type ServicePart = Omit<ServicePortInfo, "title" | "portName" | "protocol" | "path" | "port" | "nodePort" | "endpoints">;

/**
 * The ports of a Service in one family, in `spec.ports` order, still without endpoints; none if it is headless, an
 * ExternalName or has no cluster IP of the family. Of two ports with one name and protocol the later counts.
 */
export function readServicePorts(service: Service, family: Family): readonly ServicePortInfo[] {
  const { spec } = service;
  if (spec.type === "ExternalName" || spec.clusterIP === undefined || spec.clusterIP === "" || spec.clusterIP === "None") return [];
  const clusterIP = clusterAddress(service, family);
  if (clusterIP === null) return [];
  const shared = Object.freeze(servicePart(service, family, clusterIP));
  const ports = new Map<string, ServicePortInfo>();
  (spec.ports ?? []).forEach((entry, index) => {
    const portName = entry.name ?? "";
    const protocol = (entry.protocol ?? "TCP").toLowerCase();
    const title = `${shared.namespace}/${shared.name}${portName === "" ? "" : `:${portName}`}`;
    ports.set(`${portName}/${protocol}`, {
      ...shared,
      title,
      portName,
      protocol,
      path: `spec.ports[${index}]`,
      port: entry.port,
      nodePort: entry.nodePort ?? 0,
      endpoints: [],
    });
  });
  return [...ports.values()];
}

function clusterAddress(service: Service, family: Family): string | null {
  const { clusterIP, clusterIPs, ipFamilies } = service.spec;
  const index = (ipFamilies ?? []).indexOf(familyName(family));
  const text = (ipFamilies ?? []).length === 0 ? clusterIP : clusterIPs?.[index];
  const address = canonicalAddress(text ?? "");
  return address?.family === family ? address.text : null;
}

function servicePart(service: Service, family: Family, clusterIP: string): ServicePart {
  const { spec } = service;
  const type = spec.type ?? "ClusterIP";
  const externalIPs = frontends(spec.externalIPs ?? [], "spec.externalIPs", family);
  const policyCounts = type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && (spec.externalIPs ?? []).length > 0);
  const externalLocal = policyCounts && spec.externalTrafficPolicy === "Local";
  return {
    namespace: service.metadata.namespace ?? "default",
    name: service.metadata.name,
    family,
    clusterIP,
    externalIPs,
    vips: loadBalancerAddresses(service, family),
    sourceRanges: sourceRanges(spec.loadBalancerSourceRanges ?? [], family),
    healthCheckNodePort: type === "LoadBalancer" && externalLocal ? (spec.healthCheckNodePort ?? 0) : 0,
    internalLocal: spec.internalTrafficPolicy === "Local",
    externalLocal,
    affinitySeconds: spec.sessionAffinity === "ClientIP" ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : 0,
  };
}

function frontends(texts: readonly string[], path: string, family: Family): readonly Frontend[] {
  return texts.flatMap((text, index) => {
    const address = canonicalAddress(text);
    return address?.family === family ? [{ ip: address.text, path: `${path}[${index}]` }] : [];
  });
}

function loadBalancerAddresses(service: Service, family: Family): readonly Frontend[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap((entry, index) => {
    if (entry.ipMode !== undefined && entry.ipMode !== "VIP") return [];
    const address = canonicalAddress(entry.ip ?? "");
    return address?.family === family ? [{ ip: address.text, path: `status.loadBalancer.ingress[${index}]` }] : [];
  });
}

function sourceRanges(texts: readonly string[], family: Family): readonly SourceRange[] {
  return texts.flatMap((text, index) => {
    const network = readNetwork(text.trim());
    return network?.family === family ? [{ network, path: `spec.loadBalancerSourceRanges[${index}]` }] : [];
  });
}
