import type { EndpointSlice, Service } from "../../../src/api/index.js";
import type { ServiceState } from "../../../src/models/proxy/view.js";

/** A Service `ns/name` with one TCP port `p80`, changed by `spec`. */
export function simpleService(
  key: string,
  clusterIP: string,
  spec: Partial<Service["spec"]> = {},
  ingress: readonly string[] = [],
): Service {
  const [namespace, name] = key.split("/") as [string, string];
  const status = ingress.length === 0 ? {} : { status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } };
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { type: "ClusterIP", clusterIP, ports: [{ name: "p80", port: 80, protocol: "TCP" }], ...spec },
    ...status,
  };
}

/** A slice of `ns/name` whose endpoints answer port 80. */
export function simpleSlice(key: string, ips: readonly string[], over: Partial<EndpointSlice> = {}): EndpointSlice {
  const [namespace, name] = key.split("/") as [string, string];
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "p80", port: 80, protocol: "TCP" }],
    endpoints: ips.map((ip) => ({ addresses: [ip] })),
    ...over,
  };
}

/** A Service with its endpoints as one state; with neither, it is gone. */
export function simpleState(key: string, clusterIP: string | null, ips: readonly string[] = []): ServiceState {
  return {
    key,
    service: clusterIP === null ? undefined : simpleService(key, clusterIP),
    slices: ips.length === 0 ? [] : [simpleSlice(key, ips)],
  };
}
