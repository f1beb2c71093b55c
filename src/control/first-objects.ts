/** What a new cluster holds before anybody applies anything. */
import { deepFreeze, type Deployment, type Located, type Node, type Service, type SourceRef } from "../api/index.js";
import { formatWords, nthAddress, parseCidr } from "../base/cidr.js";
import { applyObjects, createNamespace } from "./admission.js";
import { API_PORT, NOT_READY_TAINT } from "./node-agent.js";
import { createNodeLocalDns } from "./node-local-objects.js";
import type { PlaneNode } from "./options.js";
import type { Plane } from "./plane.js";

const NAMESPACES = Object.freeze(["default", "kube-system", "kube-public", "kube-node-lease"] as const);
const ROLE = "node-role.kubernetes.io/control-plane";

/** Namespaces, the API server's own Service, nodes that are not ready yet, and the cluster's DNS. */
export function createFirstObjects(p: Plane): void {
  for (const name of NAMESPACES) createNamespace(p, name);
  if (p.options.balancer?.namespace !== undefined) createNamespace(p, p.options.balancer.namespace);
  for (const node of p.options.nodes) p.store.create(nodeObject(node));
  const range = parseCidr(p.options.serviceCidrs[0] ?? "");
  const first = range === null ? null : nthAddress(range, 1);
  if (range !== null && first !== null) apiService(p, formatWords(range.family, first));
  const { dnsIp, nodeLocalDns } = p.options;
  if (dnsIp === null) return;
  applyObjects(p, dnsObjects(dnsIp).map(unwritten), { validated: true });
  if (nodeLocalDns !== undefined) createNodeLocalDns(p, dnsIp, nodeLocalDns);
}

function nodeObject({ name, role, addresses, labels, taints = [] }: PlaneNode): Node {
  const own = role === "control-plane" ? { [ROLE]: "", "node.kubernetes.io/exclude-from-external-load-balancers": "" } : {};
  const os = { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux" };
  return deepFreeze<Node>({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        ...os,
        "kubernetes.io/hostname": name,
        ...own,
        ...labels,
      },
    },
    spec: { taints: [...taints, NOT_READY_TAINT], providerID: `kind://docker/kind/${name}` },
    status: {
      addresses: [...addresses.map((address) => ({ type: "InternalIP", address })), { type: "Hostname", address: name }],
      capacity: { pods: "110" },
      allocatable: { pods: "110" },
      conditions: [{ type: "Ready", status: "False", reason: "KubeletNotReady", message: "container runtime network not ready" }],
      nodeInfo: {
        machineID: "",
        systemUUID: "",
        bootID: "",
        kernelVersion: "6.8.0-60-generic",
        osImage: "Debian GNU/Linux 12 (bookworm)",
        containerRuntimeVersion: "containerd://2.1.1",
        kubeletVersion: "v1.33.1",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
      },
    },
  });
}

/** Service default/kubernetes with the slice that the API server keeps itself. */
function apiService(p: Plane, clusterIP: string): void {
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: { clusterIP, ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: API_PORT }] },
  };
  applyObjects(p, [unwritten(service)], { validated: true });
  const servers = p.options.nodes.filter((node) => node.role === "control-plane").flatMap((node) => node.addresses.slice(0, 1));
  p.store.create({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "kubernetes", namespace: "default", labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: servers.map((ip) => ({ ip })), ports: [{ name: "https", port: API_PORT, protocol: "TCP" }] }],
  });
  p.store.create({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: clusterIP.includes(":") ? "IPv6" : "IPv4",
    endpoints: servers.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "https", port: API_PORT, protocol: "TCP" }],
  });
}

/** Service kube-dns and Deployment coredns, as kubeadm writes them. */
function dnsObjects(clusterIP: string): readonly (Service | Deployment)[] {
  const labels = { "k8s-app": "kube-dns" };
  const ports = [
    { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
    { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
    { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
  ];
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: { ...labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    },
    spec: { clusterIP, selector: labels, ports },
  };
  const deployment: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coredns", namespace: "kube-system", labels },
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          dnsPolicy: "Default",
          serviceAccountName: "coredns",
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations: [
            { key: "CriticalAddonsOnly", operator: "Exists" },
            { key: ROLE, effect: "NoSchedule" },
          ],
          containers: [
            {
              name: "coredns",
              image: "registry.k8s.io/coredns/coredns:v1.12.0",
              ports: [
                { containerPort: 53, name: "dns", protocol: "UDP" },
                { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
                { containerPort: 9153, name: "metrics", protocol: "TCP" },
              ],
              livenessProbe: { httpGet: { path: "/health", port: 8080, scheme: "HTTP" }, initialDelaySeconds: 60, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 5 },
              readinessProbe: { httpGet: { path: "/ready", port: 8181, scheme: "HTTP" } },
            },
          ],
        },
      },
    },
  };
  return [service, deployment];
}

const NOWHERE: SourceRef = Object.freeze({ file: "", line: 0, places: Object.freeze({}) });

function unwritten(object: Service | Deployment): Located {
  return { object, source: NOWHERE };
}
