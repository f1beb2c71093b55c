/** A drop names the policy, its field, the file and the line, whichever API the policy was written in. */
import { expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { createCluster } from "../../../src/cluster/cluster.js";

const PODS = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { nodeName: kind-worker, containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec: { nodeName: kind-worker2, containers: [{ name: c, image: example.org/c:1 }] }
`;

const KUBERNETES = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: nobody }
spec:
  policyTypes: [Ingress]
  podSelector: { matchLabels: { app: web } }
`;

const CALICO = `apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: not-8080 }
spec:
  selector: app == 'web'
  order: 10
  types: [Ingress]
  ingress:
  - action: Log
  - action: Deny
    protocol: TCP
    destination: { ports: ["8000:8100"] }
  - action: Allow
`;

const GLOBAL = `apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: security }
spec: { order: 100 }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: security.client-stays }
spec:
  tier: security
  types: [Egress]
  selector: app == 'client'
`;

test.each([
  { text: KUBERNETES, cause: { object: "NetworkPolicy default/nobody", path: "spec.podSelector", file: "p.yaml", line: 6 }, at: "kind-worker" },
  { text: CALICO, cause: { object: "CalicoNetworkPolicy default/not-8080", path: "spec.ingress[1]", file: "p.yaml", line: 10 }, at: "kind-worker" },
  { text: GLOBAL, cause: { object: "GlobalNetworkPolicy security.client-stays", path: "spec.selector", file: "p.yaml", line: 12 }, at: "kind-worker2" },
])("$cause.object", ({ text, cause, at }) => {
  const cluster = createCluster({ nodes: 3, cni: "calico" });
  cluster.settle();
  expect(cluster.apply([{ name: "pods.yaml", text: PODS }])).toEqual([]);
  cluster.settle();
  const to = cluster.get("Pod", "default", "web")!.status!.podIP!;
  expect(cluster.ask(walk({ from: "default/client", to, port: 8080 })).verdict).toBe("delivered");
  expect(cluster.apply([{ name: "p.yaml", text }])).toEqual([]);
  cluster.settle();
  expect(cluster.ask(walk({ from: "default/client", to, port: 8080 }))).toMatchObject({ verdict: "dropped", end: { node: at, cause } });
});

test("Calico's kinds are asked for by their group, and shown under their own word", () => {
  const cluster = createCluster({ nodes: 1, cni: "calico" });
  cluster.settle();
  cluster.apply([{ name: "p.yaml", text: `${CALICO}---\n${KUBERNETES}` }]);
  cluster.settle();
  expect(cluster.kubectl("get networkpolicies").text).toMatch(/nobody/);
  expect(cluster.kubectl("get networkpolicies").text).not.toMatch(/not-8080/);
  expect(cluster.kubectl("get networkpolicies.projectcalico.org").text).toMatch(/not-8080/);
  expect(cluster.kubectl("get networkpolicies.projectcalico.org not-8080 -o yaml").text).toMatch(/^apiVersion: projectcalico.org\/v3\nkind: NetworkPolicy$/m);
});

const HOST = `apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata:
  name: worker
  labels: { role: worker }
spec:
  node: kind-worker
  interfaceName: eth0
  profiles: [PROFILE]
`;
const EARLY = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: no-node-ports }
spec:
  selector: role == 'worker'
  preDNAT: true
  applyOnForward: true
  types: [Ingress]
  ingress:
  - action: Deny
    protocol: TCP
    destination: { ports: ["30000:32767"] }
`;

test("packets of a node are dropped for want of a policy, and a node port by one that is asked before translation", () => {
  const cluster = createCluster({ nodes: 3, cni: "calico" });
  cluster.settle();
  const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { type: NodePort, selector: { app: web }, ports: [{ port: 8080, nodePort: 30080 }] }\n';
  expect(cluster.apply([{ name: "pods.yaml", text: `${PODS}---\n${service}` }])).toEqual([]);
  cluster.settle();
  const to = cluster.fabric.nodes.find(({ name }) => name === "kind-worker")!.address;
  const fromOutside = (): unknown => cluster.ask(walk({ from: "internet", to, port: 30080 }));
  expect(fromOutside()).toMatchObject({ verdict: "delivered" });
  expect(cluster.apply([{ name: "host.yaml", text: HOST.replace("profiles: [PROFILE]\n", "") }])).toEqual([]);
  cluster.settle();
  expect(cluster.ask(walk({ from: "node/kind-worker2", to, port: 10250 }))).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", cause: { object: "HostEndpoint worker", path: "spec.interfaceName", file: "host.yaml", line: 8 } } });
  expect(fromOutside()).toMatchObject({ verdict: "delivered" });
  expect(cluster.apply([{ name: "host.yaml", text: HOST.replace("PROFILE", "projectcalico-default-allow") }, { name: "early.yaml", text: EARLY }])).toEqual([]);
  cluster.settle();
  expect(fromOutside()).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", cause: { object: "GlobalNetworkPolicy no-node-ports", path: "spec.ingress[0]", file: "early.yaml", line: 10 } } });
});
