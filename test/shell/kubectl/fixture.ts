/** The objects behind the worked screens of kubectl v1.33 (`worked.test.ts`), and a source over objects. */
import type { Event, Kind, KubeObject } from "../../../src/api/index.js";
import type { KubectlSource } from "../../../src/shell/kubectl/index.js";
import { secondsOf } from "../../../src/shell/kubectl/output/time.js";

export const START = "2025-11-01T10:00:00Z";
/** 50 minutes later. */
export const NOW: number = secondsOf(START)! + 3000;

/** RFC 3339 text of `seconds` before NOW; within the hour before. */
export function ago(seconds: number): string {
  const at = 3000 - seconds;
  const text = (n: number): string => String(n).padStart(2, "0");
  return at >= 0 ? `2025-11-01T10:${text(Math.floor(at / 60))}:${text(at % 60)}Z` : START;
}

export function sourceOf(objects: readonly KubeObject[], events: readonly Event[] = [], now: number = NOW): KubectlSource {
  return {
    now: () => now,
    list: (kind, namespace) => objects.filter((o) => o.kind === kind && (namespace === "" || (o.metadata.namespace ?? "") === namespace)),
    get: (kind, namespace, name) =>
      objects.find((o) => o.kind === kind && o.metadata.name === name && (o.metadata.namespace ?? "") === namespace),
    events: () => events,
  };
}

const meta = (
  name: string,
  age: number,
  namespace = "default",
): { readonly name: string; readonly namespace: string; readonly creationTimestamp: string } => ({
  name,
  namespace,
  creationTimestamp: ago(age),
});

function node(name: string, age: number, ip: string, ready: boolean, more: object = {}, labels: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, creationTimestamp: ago(age), labels },
    spec: { ...more },
    status: {
      addresses: [{ type: "InternalIP", address: ip }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
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
  };
}

export const nodes: readonly KubeObject[] = [
  node("kind-control-plane", 600, "172.18.0.4", true, {}, { "node-role.kubernetes.io/control-plane": "" }),
  node("kind-worker", 580, "172.18.0.3", true),
  node("kind-worker2", 580, "172.18.0.2", false, { unschedulable: true }),
];

const WEB_POD = "web-6b7c5d8f9-abcde";

function pod(name: string, namespace: string, age: number, ip: string, nodeName: string, restarts = 0, last = 0): KubeObject {
  const lastState = last === 0 ? {} : { lastState: { terminated: { exitCode: 1, finishedAt: ago(last) } } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(name, age, namespace),
    spec: { containers: [{ name: "c", image: "x" }], nodeName },
    status: {
      phase: "Running",
      podIP: ip,
      podIPs: [{ ip }],
      containerStatuses: [
        { name: "c", ready: true, restartCount: restarts, image: "x", imageID: "", state: { running: {} }, ...lastState },
      ],
    },
  };
}

export const pods: readonly KubeObject[] = [
  pod(WEB_POD, "default", 125, "10.244.1.5", "kind-worker"),
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("stuck", 30),
    spec: { containers: [{ name: "c", image: "busybox" }] },
    status: { phase: "Pending" },
  },
  pod("coredns-674b8bbfcf-2lq4x", "kube-system", 600, "10.244.0.3", "kind-control-plane", 1, 180),
  pod("kube-proxy-7xk2p", "kube-system", 580, "172.18.0.3", "kind-worker"),
];

function service(name: string, age: number, spec: object, status: object = {}): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata: meta(name, age), spec: { type: "ClusterIP", ...spec }, status };
}

const BALANCED = { loadBalancer: { ingress: [{ ip: "172.18.255.200" }] } };

export const services: readonly KubeObject[] = [
  service("kubernetes", 600, { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"], ports: [{ name: "https", port: 443, protocol: "TCP" }] }),
  service(
    "web",
    3000,
    {
      type: "LoadBalancer",
      clusterIP: "10.96.105.12",
      clusterIPs: ["10.96.105.12"],
      selector: { app: "web" },
      ports: [
        { name: "http", port: 80, nodePort: 31080, protocol: "TCP" },
        { name: "https", port: 443, nodePort: 31443, protocol: "TCP" },
      ],
    },
    BALANCED,
  ),
  service("pend", 5, {
    type: "LoadBalancer",
    clusterIP: "10.96.3.3",
    clusterIPs: ["10.96.3.3"],
    selector: { app: "p" },
    ports: [{ port: 80, nodePort: 30123, protocol: "TCP" }],
  }),
  service("headless", 3000, { clusterIP: "None", clusterIPs: ["None"], selector: { app: "db" }, ports: [{ port: 80, protocol: "TCP" }] }),
  service("ext", 3000, { type: "ExternalName", externalName: "db.example.com" }),
];

const API_ADDRESSES = ["10.244.1.10", "10.244.1.11", "10.244.1.12", "10.244.1.13", "10.244.1.14"];

export const endpoints: readonly KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: meta("kubernetes", 600),
    subsets: [{ addresses: [{ ip: "172.18.0.4" }], ports: [{ port: 6443 }] }],
  },
  {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: meta("api", 3000),
    subsets: [{ addresses: API_ADDRESSES.map((ip) => ({ ip })), ports: [{ port: 8080 }] }],
  },
  {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: meta("noready", 3000),
    subsets: [{ notReadyAddresses: [{ ip: "10.244.1.20" }], ports: [{ port: 8080 }] }],
  },
];

const LABEL = "kubernetes.io/service-name";

function slice(
  name: string,
  age: number,
  service: string,
  ports: readonly object[],
  endpoints: readonly object[],
  more: object = {},
): KubeObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...meta(name, age), labels: { [LABEL]: service }, ...more },
    addressType: "IPv4",
    ports,
    endpoints,
  } as KubeObject;
}

const webEndpoint = (address: string, pod: string, nodeName: string, ready: boolean): object => ({
  addresses: [address],
  conditions: { ready },
  nodeName,
  targetRef: { kind: "Pod", name: pod, namespace: "default" },
});

export const slices: readonly KubeObject[] = [
  slice(
    "kubernetes",
    600,
    "kubernetes",
    [{ name: "https", port: 6443, protocol: "TCP" }],
    [{ addresses: ["172.18.0.4"], conditions: { ready: true } }],
  ),
  slice(
    "web-4x7kq",
    3000,
    "web",
    [
      { name: "http", port: 8080, protocol: "TCP" },
      { name: "https", port: 8443, protocol: "TCP" },
    ],
    [
      webEndpoint("10.244.1.5", WEB_POD, "kind-worker", true),
      webEndpoint("10.244.2.6", "web-6b7c5d8f9-fghij", "kind-worker2", true),
      webEndpoint("10.244.2.7", "web-6b7c5d8f9-klmno", "kind-worker2", false),
    ],
    {
      labels: { [LABEL]: "web", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
      annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2025-11-01T10:00:05Z" },
    },
  ),
  slice(
    "api-zz9bm",
    3000,
    "api",
    [{ name: "", port: 8080, protocol: "TCP" }],
    API_ADDRESSES.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ),
  slice("empty-abcde", 3000, "empty", [], []),
];

export const policies: readonly KubeObject[] = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: meta("deny-all", 3000),
    spec: { podSelector: {}, policyTypes: ["Ingress"] },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { ...meta("web-policy", 3000), labels: { team: "a" } },
    spec: {
      podSelector: { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "In", values: ["a", "b"] }] },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          ports: [
            { port: 80, protocol: "TCP" },
            { port: "metrics", protocol: "TCP" },
            { port: 8000, endPort: 8010, protocol: "UDP" },
          ],
          from: [
            { podSelector: { matchLabels: { role: "client" } } },
            { namespaceSelector: { matchLabels: { env: "prod" } }, podSelector: { matchLabels: { role: "api" } } },
            { ipBlock: { cidr: "172.17.0.0/16", except: ["172.17.1.0/24", "172.17.2.0/24"] } },
          ],
        },
        {},
      ],
      egress: [{ ports: [{ port: 53, protocol: "UDP" }], to: [{ namespaceSelector: {} }] }],
    },
  },
];

export const ingresses: readonly KubeObject[] = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { ...meta("site", 3000), annotations: { "nginx.ingress.kubernetes.io/rewrite-target": "/" } },
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: ["foo.example.com"], secretName: "foo-tls" }],
      rules: [
        {
          host: "foo.example.com",
          http: {
            paths: [
              { path: "/api", pathType: "Prefix", backend: { service: { name: "api", port: { number: 80 } } } },
              { path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { name: "http" } } } },
            ],
          },
        },
        { http: { paths: [{ path: "/x", pathType: "Prefix", backend: { service: { name: "missing", port: { number: 80 } } } }] } },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: "172.18.255.200" }] } },
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: meta("only-default", 3000),
    spec: { defaultBackend: { service: { name: "api", port: { number: 80 } } } },
  },
];

function event(
  name: string,
  about: readonly [kind: Kind, name: string],
  times: readonly [first: number, last: number, count: number],
  type: string,
  reason: string,
  message: string,
  component: string,
  more: { readonly host?: string; readonly fieldPath?: string } = {},
): Event {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default" },
    involvedObject: {
      kind: about[0],
      name: about[1],
      namespace: "default",
      ...(more.fieldPath === undefined ? {} : { fieldPath: more.fieldPath }),
    },
    type,
    reason,
    message,
    source: { component, ...(more.host === undefined ? {} : { host: more.host }) },
    firstTimestamp: ago(times[0]),
    lastTimestamp: ago(times[1]),
    count: times[2],
  };
}

const REFUSED = 'Readiness probe failed: Get "http://10.244.1.5:8080/healthz": dial tcp 10.244.1.5:8080: connect: connection refused';
const SCHEDULED = event(
  `${WEB_POD}.17a1`,
  ["Pod", WEB_POD],
  [90, 90, 1],
  "Normal",
  "Scheduled",
  `Successfully assigned default/${WEB_POD} to kind-worker`,
  "default-scheduler",
);
const PULLED = event(
  `${WEB_POD}.17a3`,
  ["Pod", WEB_POD],
  [89, 89, 1],
  "Normal",
  "Pulled",
  'Container image "nginx:1.27" already present on machine',
  "kubelet",
  { host: "kind-worker" },
);
const UNHEALTHY = event(`${WEB_POD}.17a2`, ["Pod", WEB_POD], [85, 45, 5], "Warning", "Unhealthy", REFUSED, "kubelet", {
  host: "kind-worker",
  fieldPath: "spec.containers{web}",
});

export const twoEvents: readonly Event[] = [SCHEDULED, UNHEALTHY];
export const threeEvents: readonly Event[] = [SCHEDULED, PULLED, UNHEALTHY];

export const serviceEvents: readonly Event[] = [
  event("web.1", ["Service", "web"], [600, 600, 1], "Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "service-controller"),
  event("web.2", ["Service", "web"], [600, 600, 1], "Normal", "EnsuredLoadBalancer", "Ensured load balancer", "service-controller"),
];

export const stuckEvents: readonly Event[] = [
  event(
    "stuck.1",
    ["Pod", "stuck"],
    [32, 32, 1],
    "Warning",
    "FailedScheduling",
    "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
    "default-scheduler",
  ),
];

export const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: meta("web", 3000),
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx:1.27" }] } },
  },
  status: { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
};

const IP = { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"], sessionAffinity: "None", internalTrafficPolicy: "Cluster" };

export const describedServices: readonly KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...meta("web", 3000), labels: { app: "web" } },
    spec: {
      ...IP,
      type: "LoadBalancer",
      clusterIP: "10.96.105.12",
      clusterIPs: ["10.96.105.12"],
      selector: { app: "web" },
      ports: [
        { name: "http", port: 80, targetPort: 8080, nodePort: 31080, protocol: "TCP" },
        { name: "https", port: 443, targetPort: "tls", nodePort: 31443, protocol: "TCP" },
      ],
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32100,
    },
    status: { loadBalancer: { ingress: [{ ip: "172.18.255.200", ipMode: "VIP" }] } },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: meta("api", 3000),
    spec: {
      ...IP,
      type: "ClusterIP",
      clusterIP: "10.96.7.9",
      clusterIPs: ["10.96.7.9"],
      selector: { app: "api" },
      ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
    },
  },
];

const TOKEN = "kube-api-access-x2x2x";

export const describedPods: readonly KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...meta(WEB_POD, 3000),
      labels: { app: "web", "pod-template-hash": "6b7c5d8f9" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-6b7c5d8f9", uid: "1", controller: true }],
    },
    spec: {
      priority: 0,
      serviceAccountName: "default",
      nodeName: "kind-worker",
      containers: [
        {
          name: "web",
          image: "nginx:1.27",
          ports: [{ containerPort: 8080, protocol: "TCP" }],
          readinessProbe: {
            httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          volumeMounts: [{ name: TOKEN, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }],
        },
      ],
      volumes: [
        {
          name: TOKEN,
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
              { configMap: { name: "kube-root-ca.crt" } },
              { downwardAPI: {} },
            ],
          },
        },
      ],
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
    },
    status: {
      phase: "Running",
      hostIP: "172.18.0.3",
      podIP: "10.244.1.5",
      podIPs: [{ ip: "10.244.1.5" }],
      startTime: START,
      qosClass: "BestEffort",
      conditions: ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        type,
        status: "True",
      })),
      containerStatuses: [
        {
          name: "web",
          ready: true,
          restartCount: 0,
          image: "nginx:1.27",
          imageID: "docker.io/library/nginx@sha256:4567ef",
          containerID: "containerd://0123abcd",
          state: { running: { startedAt: "2025-11-01T10:00:03Z" } },
        },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("stuck", 3000),
    spec: { containers: [{ name: "c", image: "busybox" }] },
    status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False" }] },
  },
];

export const describedNode: KubeObject = {
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "kind-worker",
    creationTimestamp: START,
    labels: { "beta.kubernetes.io/os": "linux", "kubernetes.io/hostname": "kind-worker" },
    annotations: { "node.alpha.kubernetes.io/ttl": "0" },
  },
  spec: { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24"], providerID: "kind://docker/kind/kind-worker" },
  status: {
    conditions: [
      {
        type: "Ready",
        status: "True",
        lastHeartbeatTime: START,
        lastTransitionTime: START,
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
      },
    ],
    addresses: [
      { type: "InternalIP", address: "172.18.0.3" },
      { type: "Hostname", address: "kind-worker" },
    ],
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
};
