/** CoreDNS's view of a control plane: its questions answered from the objects as they are at this instant. */
import type { EndpointSlice, Service } from "../api/index.js";
import { compareText } from "../base/names.js";
import type { ControlPlane } from "../control/control-plane.js";
import type { DnsEndpoint, DnsService, DnsSource } from "../models/dns/dns-source.js";

const SERVICE_NAME = "kubernetes.io/service-name";

function serviceOf(service: Service): DnsService {
  const { namespace = "default", name } = service.metadata;
  const spec = service.spec;
  const ips = (spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP])).filter((ip) => ip !== "" && ip !== "None");
  return {
    namespace,
    name,
    clusterIps: ips,
    ...(spec.type === "ExternalName" && spec.externalName !== undefined ? { externalName: spec.externalName } : {}),
    ports: (spec.ports ?? []).map((port) => ({ name: port.name ?? "", port: port.port, protocol: port.protocol ?? "TCP" })),
  };
}

function endpointsOf(slice: EndpointSlice): DnsEndpoint[] {
  const ports = (slice.ports ?? []).map((port) => ({ name: port.name ?? "", port: port.port ?? 0, protocol: port.protocol ?? "TCP" }));
  return (slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses.map((address) => ({ address, ports, ...(endpoint.hostname === undefined ? {} : { hostname: endpoint.hostname }) })));
}

/** A source over a control plane that may not exist yet when the program's code is made. */
export function dnsSource(planeNow: () => ControlPlane): DnsSource {
  const slicesOf = (namespace: string, name: string): EndpointSlice[] =>
    planeNow()
      .objects("EndpointSlice")
      .filter((slice) => slice.metadata.namespace === namespace && slice.metadata.labels?.[SERVICE_NAME] === name);
  const service = (namespace: string, name: string): DnsService | undefined => {
    const found = planeNow().get("Service", namespace, name);
    return found === undefined ? undefined : serviceOf(found);
  };
  const endpoints = (namespace: string, name: string): readonly DnsEndpoint[] => slicesOf(namespace, name).flatMap(endpointsOf);
  return {
    hasNamespace: (namespace) => planeNow().get("Namespace", "", namespace) !== undefined,
    service,
    endpoints,
    serviceOfIp: (address) => {
      const found = planeNow().objects("Service").find((one) => serviceOf(one).clusterIps.includes(address));
      return found === undefined ? undefined : serviceOf(found);
    },
    endpointsOfIp: (address) =>
      planeNow()
        .objects("EndpointSlice")
        .filter((slice) => (slice.endpoints ?? []).some((endpoint) => endpoint.addresses.includes(address)))
        .sort((a, b) => compareText(a.metadata.namespace ?? "", b.metadata.namespace ?? "") || compareText(a.metadata.name, b.metadata.name))
        .flatMap((slice) => {
          const owner = service(slice.metadata.namespace ?? "default", slice.metadata.labels?.[SERVICE_NAME] ?? "");
          const endpoint = endpointsOf(slice).find((one) => one.address === address);
          return owner === undefined || endpoint === undefined ? [] : [{ service: owner, endpoint }];
        }),
    hasPod: (namespace, address) => planeNow().objects("Pod").some((pod) => pod.metadata.namespace === namespace && pod.status?.podIP === address),
  };
}
