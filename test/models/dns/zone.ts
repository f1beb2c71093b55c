/** A small cluster as CoreDNS sees it: dns.md section 1's kinds of Services, and namespaces default, other and kube-system. */
import type { DnsEndpoint, DnsService, DnsSource } from "../../../src/models/dns/dns-source.js";

type Ports = DnsService["ports"];

interface Entry {
  readonly service: DnsService;
  readonly endpoints: readonly DnsEndpoint[];
}

const HTTP: Ports = [{ name: "http", port: 8080, protocol: "TCP" }];

function entry(namespace: string, name: string, clusterIps: readonly string[], ports: Ports, endpoints: readonly DnsEndpoint[] = [], externalName?: string): Entry {
  return { service: { namespace, name, clusterIps, ports, ...(externalName === undefined ? {} : { externalName }) }, endpoints };
}

const many: readonly DnsEndpoint[] = Array.from({ length: 40 }, (_, i) => ({ address: `10.244.3.${i + 1}`, ports: [] }));

const entries: readonly Entry[] = [
  entry("default", "kubernetes", ["10.96.0.1"], [{ name: "https", port: 443, protocol: "TCP" }], [{ address: "172.18.0.4", ports: [{ name: "https", port: 6443, protocol: "TCP" }] }]),
  entry("default", "web", ["10.96.105.12"], [{ name: "http", port: 80, protocol: "TCP" }, { name: "", port: 81, protocol: "TCP" }], [{ address: "10.244.1.5", ports: HTTP }]),
  entry("default", "dual", ["10.96.7.7", "fd00:10:96::7"], HTTP),
  entry("default", "db", [], HTTP, [{ address: "10.244.1.7", hostname: "db-0", ports: HTTP }, { address: "10.244.2.7", hostname: "db-1", ports: HTTP }, { address: "10.244.2.8", ports: HTTP }]),
  entry("default", "six", [], HTTP, [{ address: "fd00:10:244::5", ports: HTTP }]),
  entry("default", "none-ready", [], HTTP),
  entry("default", "no-endpoints", ["10.96.9.9"], HTTP),
  entry("default", "portless", [], [], [{ address: "10.244.1.9", ports: [] }]),
  entry("default", "many", [], [], many),
  entry("default", "outside", [], [], [], "www.example.com"),
  entry("default", "inside", [], [], [], "web.default.svc.cluster.local"),
  entry("default", "dangling", [], [], [], "nosuch.default.svc.cluster.local"),
  entry("default", "circle", [], [], [], "circle.default.svc.cluster.local"),
  entry("other", "web", ["10.96.50.1"], HTTP),
  entry("kube-system", "kube-dns", ["10.96.0.10"], [{ name: "dns", port: 53, protocol: "UDP" }, { name: "dns-tcp", port: 53, protocol: "TCP" }]),
];

const find = (namespace: string, name: string): Entry | undefined => entries.find(({ service }) => service.namespace === namespace && service.name === name);

export const zoneSource: DnsSource = {
  hasNamespace: (namespace) => ["default", "other", "empty", "kube-system"].includes(namespace),
  service: (namespace, name) => find(namespace, name)?.service,
  endpoints: (namespace, name) => find(namespace, name)?.endpoints ?? [],
  serviceOfIp: (address) => entries.find(({ service }) => service.clusterIps.includes(address))?.service,
  endpointsOfIp: (address) => entries.flatMap(({ service, endpoints }) => endpoints.filter((endpoint) => endpoint.address === address).map((endpoint) => ({ service, endpoint }))),
  hasPod: (namespace, address) => namespace === "default" && address === "10.244.1.5",
  serial: () => 1_761_991_200,
};
