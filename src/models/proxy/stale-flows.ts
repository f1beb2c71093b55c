// Which connection-tracking entries a proxy deletes after a sync, so that UDP clients with long-lived flows do not keep
// talking to an endpoint that is gone. Read first: kubernetes pkg/proxy/conntrack/cleanup.go (1.34).

import type { EndpointInfo, ServicePortInfo } from "./service-port-info.js";
import type { Family } from "./sloppy-address.js";
import { changedServices, portsOf, type ProxyView, type ServiceEntry } from "./view.js";

/** What the clean-up reads of a flow; addresses in canonical text. */
export interface UdpFlow {
  readonly originalDestination: string;
  readonly originalPort: number;
  readonly replySource: string;
}

/** Whether a sync from one view to the other looks at flows at all: only if endpoints of some UDP port changed. */
export function looksAtFlows(before: ProxyView, after: ProxyView, family: Family): boolean {
  const changed = changedServices(before, after);
  if (changed.length === 0) return false;
  const olds = new Map(before.entries.map((entry) => [entry.key, entry]));
  const news = new Map(after.entries.map((entry) => [entry.key, entry]));
  return changed.some((key) => {
    const was = udpEndpoints(olds.get(key), family);
    const is = udpEndpoints(news.get(key), family);
    return was.length !== is.length || was.some((endpoint, index) => !sameEndpoint(endpoint, is[index]!));
  });
}

/**
 * Tells which UDP flows lead to no serving endpoint of the Service port they were meant for. A port without any serving
 * endpoint claims no flow; TCP and SCTP flows are never touched.
 */
export function staleFlows(view: ProxyView, family: Family): (flow: UdpFlow) => boolean {
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  for (const port of view.entries.flatMap((entry) => portsOf(entry, family))) {
    if (port.protocol !== "udp") continue;
    const serving = new Set(port.endpoints.filter((endpoint) => endpoint.serving).map((endpoint) => endpoint.ip));
    if (serving.size === 0) continue;
    for (const ip of frontendsOf(port)) byAddress.set(`${ip} ${port.port}`, serving);
    if (port.nodePort !== 0) byNodePort.set(port.nodePort, serving);
  }
  return (flow) => {
    const serving = byAddress.get(`${flow.originalDestination} ${flow.originalPort}`) ?? byNodePort.get(flow.originalPort);
    return serving !== undefined && !serving.has(flow.replySource);
  };
}

function frontendsOf(port: ServicePortInfo): readonly string[] {
  return [port.clusterIP, ...port.vips.map((vip) => vip.ip), ...port.externalIPs.map((external) => external.ip)];
}

function udpEndpoints(entry: ServiceEntry | undefined, family: Family): readonly EndpointInfo[] {
  if (entry === undefined) return [];
  return portsOf(entry, family).flatMap((port) => (port.protocol === "udp" ? port.endpoints : []));
}

function sameEndpoint(a: EndpointInfo, b: EndpointInfo): boolean {
  return (
    a.text === b.text && a.ready === b.ready && a.serving === b.serving && a.terminating === b.terminating && a.nodeName === b.nodeName
  );
}
