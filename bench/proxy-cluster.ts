// Services with ten endpoints each, as the API server has them, and nodes whose proxies differ in name, zone and address alone.
import type { EndpointSlice, Service } from "../src/api/index.js";
import { type IptablesNode, readNodePortAddresses } from "../src/models/proxy/index.js";
import { canonicalAddress } from "../src/models/proxy/sloppy-address.js";

export const ENDPOINTS_A_SERVICE = 10;
const ZONES = 3;
/** One Service of so many keeps the client's address, so that nodes differ. */
const LOCAL_EVERY = 100;

export interface ProxyObjects {
  readonly services: Service[];
  readonly slices: EndpointSlice[];
}

const podAddress = (n: number): string => `10.${128 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;

/** One slice of a Service; `generation` moves its first endpoint elsewhere. */
export function slice(service: number, nodes: number, generation = 0): EndpointSlice {
  const endpoints = Array.from({ length: ENDPOINTS_A_SERVICE }, (_, i) => {
    const n = service * ENDPOINTS_A_SERVICE + i;
    const address = i === 0 && generation > 0 ? `10.127.${(generation >> 8) & 255}.${generation & 255}` : podAddress(n);
    return { addresses: [address], nodeName: `node-${n % nodes}`, conditions: { ready: true, serving: true, terminating: false } };
  });
  return {
    apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice",
    metadata: { name: `service-${service}-1`, namespace: "default", labels: { "kubernetes.io/service-name": `service-${service}` } },
    addressType: "IPv4", endpoints, ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  } as EndpointSlice;
}

export function proxyObjects(services: number, nodes: number): ProxyObjects {
  const objects: ProxyObjects = { services: [], slices: [] };
  for (let i = 0; i < services; i++) {
    const isLocal = i % LOCAL_EVERY === 0;
    const clusterIP = `10.96.${i >> 8}.${i & 255}`;
    objects.services.push({
      apiVersion: "v1", kind: "Service", metadata: { name: `service-${i}`, namespace: "default" },
      spec: {
        type: isLocal ? "NodePort" : "ClusterIP", clusterIP, clusterIPs: [clusterIP], ipFamilies: ["IPv4"],
        ...(isLocal ? { externalTrafficPolicy: "Local" } : {}),
        ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP", ...(isLocal ? { nodePort: 30000 + i / LOCAL_EVERY } : {}) }],
      },
    } as Service);
    objects.slices.push(slice(i, nodes));
  }
  return objects;
}

export function proxyNode(n: number): IptablesNode {
  const own = ["127.0.0.1", `172.18.${(n + 2) >> 8}.${(n + 2) & 255}`].map((text) => canonicalAddress(text)!);
  return {
    name: `node-${n}`, zone: `zone-${n % ZONES}`, preferSameNode: true, family: 4, primary: own[1]!, addresses: own, mark: "0x00004000", masqueradeAll: false,
    detector: { kind: "cidr", cidr: "10.128.0.0/9" }, nodePorts: readNodePortAddresses([], 4, own[1]!, own), randomFully: true, localhostNodePorts: true,
    conntrackTcpBeLiberal: false, counters: { invalidDropped: true, localhostAccepted: true },
  };
}
