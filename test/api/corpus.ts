import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { shared } from "../support/shared.js";

const own = [
  "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: {app: web}\nspec:\n  type: NodePort\n  selector:\n    app: web\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n    nodePort: 30080\n",
  "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: 3\n  selector:\n    matchLabels: {app: web}\n  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: web\n        image: nginx:1.27\n        ports:\n        - containerPort: 8080\n          name: http\n        readinessProbe:\n          httpGet: {path: /, port: http}\n        env:\n        - name: A\n          value: \"1\"\n",
  "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n  podSelector:\n    matchExpressions:\n    - {key: app, operator: In, values: [web]}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: front}}\n    - ipBlock:\n        cidr: 10.0.0.0/8\n        except: [10.1.0.0/16]\n    ports:\n    - {protocol: TCP, port: 80, endPort: 90}\n  egress:\n  - {}\n",
  "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv4\nendpoints:\n- addresses: [10.0.0.1]\n  conditions: {ready: true}\nports:\n- {name: http, port: 80}\n",
  "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: c}\nspec:\n  tier: Admin\n  priority: 10\n  subject: {namespaces: {}}\n  egress:\n  - action: Deny\n    to:\n    - networks: [0.0.0.0/0]\n    protocols:\n    - tcp: {destinationPort: {range: {start: 1, end: 9}}}\n",
  "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: &s\n    hostNetwork: on\n    containers:\n    - {name: c, image: i, ports: [{containerPort: 80}]}\n  status: {podIP: 10.0.0.1}\n- metadata: {name: b}\n  spec: *s\n",
  '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"podCIDR": "10.244.1.0/24", "taints": [{"key": "a", "effect": "NoSchedule"}]}}\n',
  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec:\n  rules:\n  - host: a.example.com\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend: {service: {name: web, port: {number: 80}}}\n",
  "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec:\n  schedule: '*/5 * * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: OnFailure\n          containers: [{name: c, image: i}]\n",
];

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return /\.(ya?ml|txt)$/.test(entry.name) ? [path] : [];
  });
}

function recorded(): readonly string[] {
  if (shared === null) return [];
  const files = [...filesUnder(join(shared, "cases/real")), ...filesUnder(join(shared, "seeds"))].sort();
  return files.flatMap((file) => readFileSync(file, "utf8").split(/^---$/m)).filter((text) => text.trim() !== "" && text.length < 6000);
}

/** Documents to mutate: our own of most kinds and, where they are, real applications and training notes. */
export const corpus: readonly string[] = [...own, ...recorded()];
