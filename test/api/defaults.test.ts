import { describe, expect, test } from "vitest";
import { withDefaults } from "../../src/api/defaults.js";
import { readManifests } from "../../src/api/read-manifests.js";
import { manifest } from "./marked.js";

function defaulted(text: string): unknown {
  const { objects, problems } = readManifests([{ name: "m.yaml", text }]);
  expect(problems).toEqual([]);
  const object = objects[0]?.object;
  if (object === undefined) throw new Error("nothing was read");
  const once = withDefaults(object);
  expect(withDefaults(once)).toEqual(once);
  return once;
}

const svc = (spec: string): unknown => defaulted(manifest("v1", "Service", spec));
const policy = (spec: string): unknown => defaulted(manifest("networking.k8s.io/v1", "NetworkPolicy", spec));
const template = "selector: {matchLabels: {a: b}}\ntemplate:\n  metadata: {labels: {a: b}}\n  spec: {containers: [{name: c, image: i}]}";

// control-plane.md, section 1.4
describe("Service", () => {
  test("ClusterIP", () => {
    expect(svc("ports: [{port: 80}]")).toMatchObject({
      spec: { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster", ports: [{ port: 80, targetPort: 80, protocol: "TCP" }] },
    });
    expect(svc("ports: [{port: 80}]")).not.toHaveProperty("spec.externalTrafficPolicy");
    expect(svc("ports: [{port: 80}]\nexternalIPs: [1.2.3.4]")).toHaveProperty("spec.externalTrafficPolicy", "Cluster");
  });

  test("NodePort and LoadBalancer", () => {
    expect(svc("type: NodePort\nports: [{port: 80}]")).toHaveProperty("spec.externalTrafficPolicy", "Cluster");
    expect(svc("type: NodePort\nports: [{port: 80}]")).not.toHaveProperty("spec.allocateLoadBalancerNodePorts");
    expect(svc("type: LoadBalancer\nexternalTrafficPolicy: Local\nports: [{port: 80}]")).toMatchObject({
      spec: { externalTrafficPolicy: "Local", allocateLoadBalancerNodePorts: true },
    });
  });

  test("client affinity lasts three hours", () => {
    expect(svc("sessionAffinity: ClientIP\nports: [{port: 80}]")).toHaveProperty("spec.sessionAffinityConfig", { clientIP: { timeoutSeconds: 10_800 } });
  });

  test("ExternalName has no traffic policy", () => {
    expect(svc("type: ExternalName\nexternalName: a.b")).not.toHaveProperty("spec.internalTrafficPolicy");
  });

  test("a written cluster IP is the first of the list", () => {
    expect(svc("clusterIP: None\nports: [{port: 80}]")).toHaveProperty("spec.clusterIPs", ["None"]);
  });
});

// network-policy.md, section 2
describe("NetworkPolicy types", () => {
  test.each([
    ["podSelector: {}", ["Ingress"]],
    ["podSelector: {}\negress: []", ["Ingress"]],
    ["podSelector: {}\negress: [{}]", ["Ingress", "Egress"]],
    ["podSelector: {}\npolicyTypes: []", ["Ingress"]],
    ["podSelector: {}\npolicyTypes: [Egress]\ningress: [{}]", ["Egress"]],
    ["podSelector: {}\npolicyTypes: [Ingress]\negress: [{}]", ["Ingress"]],
  ])("%j", (spec, types) => {
    expect(policy(spec)).toHaveProperty("spec.policyTypes", types);
  });

  test("ports are TCP, an absent selector is the empty one", () => {
    expect(policy("ingress: [{ports: [{port: 80}]}]")).toMatchObject({
      spec: { podSelector: {}, ingress: [{ ports: [{ port: 80, protocol: "TCP" }] }] },
    });
  });

  test("an absent peer list stays absent, a null rule is the empty rule", () => {
    expect(policy("ingress:\n-")).toHaveProperty("spec.ingress", [{}]);
  });
});

describe("Pod", () => {
  const pod = (spec: string): unknown => defaulted(manifest("v1", "Pod", spec));

  test("spec", () => {
    expect(pod("containers: [{name: c, image: i, ports: [{containerPort: 80}]}]")).toMatchObject({
      spec: {
        restartPolicy: "Always",
        dnsPolicy: "ClusterFirst",
        terminationGracePeriodSeconds: 30,
        schedulerName: "default-scheduler",
        enableServiceLinks: true,
        containers: [{ ports: [{ containerPort: 80, protocol: "TCP" }], imagePullPolicy: "Always" }],
      },
    });
  });

  test.each([
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1.27", "IfNotPresent"],
    ["registry:5000/nginx", "Always"],
    ["registry:5000/nginx:1.27", "IfNotPresent"],
    ["nginx@sha256:abc", "IfNotPresent"],
  ])("pull policy of %s", (image, expected) => {
    expect(pod(`containers: [{name: c, image: "${image}"}]`)).toHaveProperty("spec.containers[0].imagePullPolicy", expected);
  });

  test("host ports follow container ports on the host's network", () => {
    expect(pod("hostNetwork: true\ncontainers: [{name: c, image: i, ports: [{containerPort: 80}]}]")).toHaveProperty("spec.containers[0].ports[0].hostPort", 80);
  });

  test("probes", () => {
    expect(pod("containers: [{name: c, image: i, readinessProbe: {httpGet: {port: 80}}}]")).toHaveProperty("spec.containers[0].readinessProbe", {
      httpGet: { path: "/", port: 80, scheme: "HTTP" },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });
});

describe("workloads", () => {
  test("Deployment", () => {
    expect(defaulted(manifest("apps/v1", "Deployment", template))).toMatchObject({
      spec: {
        replicas: 1,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        template: { spec: { restartPolicy: "Always" } },
      },
    });
  });

  test("StatefulSet and DaemonSet", () => {
    expect(defaulted(manifest("apps/v1", "StatefulSet", template))).toMatchObject({
      spec: { replicas: 1, podManagementPolicy: "OrderedReady", updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } }, revisionHistoryLimit: 10 },
    });
    expect(defaulted(manifest("apps/v1", "DaemonSet", template))).toMatchObject({
      spec: { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 },
    });
  });

  test("ReplicationController selects by its template's labels", () => {
    const spec = "template:\n  metadata: {labels: {a: b}}\n  spec: {containers: [{name: c, image: i}]}";
    expect(defaulted(manifest("v1", "ReplicationController", spec))).toMatchObject({
      metadata: { labels: { a: "b" } },
      spec: { replicas: 1, selector: { a: "b" } },
    });
  });
});

test("every namespace carries its name as a label", () => {
  const text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {kubernetes.io/metadata.name: other, team: a}\n";
  expect(defaulted(text)).toHaveProperty("metadata.labels", { "kubernetes.io/metadata.name": "shop", team: "a" });
});

test("EndpointSlice ports have a name and a protocol", () => {
  const text = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv4\nports: [{port: 80}]\n";
  expect(defaulted(text)).toMatchObject({ endpoints: [], ports: [{ name: "", port: 80, protocol: "TCP" }] });
});
