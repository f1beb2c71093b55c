/** The objects of NodeLocal DNSCache: those of cluster/addons/dns/nodelocaldns/nodelocaldns.yaml of kubernetes. */
import type { ConfigMap, DaemonSet, Located, Service, ServiceAccount } from "../api/index.js";
import { applyObjects } from "./admission.js";
import type { NodeLocalDns } from "./options.js";
import type { Plane } from "./plane.js";

const NAMESPACE = "kube-system";
const NAME = "node-local-dns";
const UPSTREAM = "kube-dns-upstream";

/** The addon's objects, filled in as its README says: for iptables and for the other modes of kube-proxy. */
export function createNodeLocalDns(p: Plane, dnsIp: string, { localIp, bindsService }: NodeLocalDns): void {
  const zone = p.options.clusterDomain ?? "cluster.local";
  const bind = bindsService ? `${localIp} ${dnsIp}` : `${localIp} `;
  const cluster = bindsService ? "__PILLAR__CLUSTER__DNS__" : dnsIp;
  const block = (name: string, cache: string, more: string): string => `${name}:53 {\n    errors\n    ${cache}\n    reload\n    loop\n    bind ${bind}\n    forward . ${more}\n`;
  const kept = "cache {\n            success 9984 30\n            denial 9984 5\n    }";
  const tcp = `${cluster} {\n            force_tcp\n    }\n    prometheus :9253`;
  const corefile = [
    block(zone, kept, `${tcp}\n    health ${localIp}:8080\n    }`),
    block("in-addr.arpa", "cache 30", `${tcp}\n    }`),
    block("ip6.arpa", "cache 30", `${tcp}\n    }`),
    block(".", "cache 30", "__PILLAR__UPSTREAM__SERVERS__\n    prometheus :9253\n    }"),
  ].join("");
  const localIps = bindsService ? `${localIp},${dnsIp}` : localIp;
  const objects = [account(), upstream(), configMap(corefile), daemonSet(localIp, localIps), metrics()];
  applyObjects(
    p,
    objects.map((object): Located => ({ object, source: { file: "", line: 0, places: {} } })),
    { validated: true },
  );
}

const RECONCILED = Object.freeze({ "kubernetes.io/cluster-service": "true", "addonmanager.kubernetes.io/mode": "Reconcile" });

function account(): ServiceAccount {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace: NAMESPACE, labels: RECONCILED } };
}

function upstream(): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: UPSTREAM, namespace: NAMESPACE, labels: { "k8s-app": "kube-dns", ...RECONCILED, "kubernetes.io/name": "KubeDNSUpstream" } },
    spec: {
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
      selector: { "k8s-app": "kube-dns" },
    },
  };
}

function configMap(corefile: string): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: NAME, namespace: NAMESPACE, labels: { "addonmanager.kubernetes.io/mode": "Reconcile" } }, data: { Corefile: corefile } };
}

function daemonSet(localIp: string, localIps: string): DaemonSet {
  const labels = { "k8s-app": NAME };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: NAME, namespace: NAMESPACE, labels: { ...labels, ...RECONCILED } },
    spec: {
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, annotations: { "prometheus.io/port": "9253", "prometheus.io/scrape": "true" } },
        spec: {
          priorityClassName: "system-node-critical",
          serviceAccountName: NAME,
          hostNetwork: true,
          dnsPolicy: "Default",
          tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }, { effect: "NoExecute", operator: "Exists" }, { effect: "NoSchedule", operator: "Exists" }],
          containers: [
            {
              name: "node-cache",
              image: "registry.k8s.io/dns/k8s-dns-node-cache:1.26.4",
              args: ["-localip", localIps, "-conf", "/etc/Corefile", "-upstreamsvc", UPSTREAM, "-pidfile", "/tmp/node-cache.pid"],
              ports: [
                { containerPort: 53, name: "dns", protocol: "UDP" },
                { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
                { containerPort: 9253, name: "metrics", protocol: "TCP" },
              ],
              livenessProbe: { httpGet: { host: localIp, path: "/health", port: 8080 }, initialDelaySeconds: 60, timeoutSeconds: 5 },
            },
          ],
          volumes: [
            { name: "kube-dns-config", configMap: { name: "kube-dns", optional: true } },
            { name: "config-volume", configMap: { name: NAME, items: [{ key: "Corefile", path: "Corefile.base" }] } },
          ],
        },
      },
    },
  };
}

function metrics(): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAME, namespace: NAMESPACE, labels: { "k8s-app": NAME }, annotations: { "prometheus.io/port": "9253", "prometheus.io/scrape": "true" } },
    spec: { clusterIP: "None", ports: [{ name: "metrics", port: 9253, targetPort: 9253 }], selector: { "k8s-app": NAME } },
  };
}
