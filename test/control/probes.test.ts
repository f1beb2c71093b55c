import { describe, expect, test } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import { SECOND } from "../../src/base/time.js";
import { apply, settle, service, type World, world } from "./build.js";

// Expected values: facts/control-plane.md 6 (probes, events, back-off) and the probe defaults of the API (period 10 s, timeout 1 s, failureThreshold 3).

interface Wish {
  readonly probes: string;
  readonly annotations?: string;
  readonly labels?: string;
}

function pod(name: string, { probes, annotations = "{}", labels = "{}" }: Wish): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default, labels: ${labels}, annotations: ${annotations}}
spec:
  nodeName: kind-worker
  containers:
  - name: web
    image: nginx:1.27
    ports: [{name: http, containerPort: 8080}]
${probes.replace(/^/gm, "    ")}
`;
}

function said(made: World, reason: string): readonly string[] {
  return made.plane.events.filter((event) => event.reason === reason && event.involvedObject.kind === "Pod").map((event) => event.message ?? "");
}

const started = (made: World, name: string): Record<string, unknown> => made.plane.get("Pod", "default", name)!.status!.containerStatuses![0] as never;
const isReady = (made: World, name: string): boolean => made.plane.get("Pod", "default", name)?.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;

describe("probes are packets of the node", () => {
  test("from its own address on the pod network, and the answer makes the pod ready", () => {
    const cluster = createCluster();
    cluster.settle();
    cluster.apply(pod("web", { probes: "readinessProbe: {httpGet: {path: /healthz, port: http}}" }));
    cluster.settle();
    const web = cluster.get("Pod", "default", "web")!;
    expect(web.status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 });
    const flows = cluster.exec("node/kind-worker", "conntrack -L").text.split("\n").filter((line) => line.includes("dport=8080"));
    expect(flows).toHaveLength(1);
    expect(flows[0]).toContain(`src=10.244.1.1 dst=${web.status?.podIP} `);
    // The next ones come every ten seconds, and keep nobody waiting.
    const before = cluster.now;
    cluster.settle();
    expect(cluster.now).toBe(before);
    cluster.run(35 * SECOND);
    const later = cluster.exec("node/kind-worker", "conntrack -L").text.split("\n").filter((line) => line.includes("dport=8080"));
    expect(later).toHaveLength(4);
  });

  test("which a NetworkPolicy never refuses: the node of a pod always may", () => {
    const cluster = createCluster();
    cluster.settle();
    cluster.apply(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all, namespace: default}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`);
    cluster.settle();
    cluster.apply(pod("web", { probes: "readinessProbe: {tcpSocket: {port: 8080}}" }));
    cluster.settle();
    cluster.run(25 * SECOND);
    expect(cluster.get("Pod", "default", "web")?.status?.containerStatuses?.[0]?.ready).toBe(true);
    expect(cluster.control.events.filter((event) => event.reason === "Unhealthy")).toEqual([]);
  });
});

describe("a readiness probe", () => {
  test("that nobody answers keeps the pod out of its Service, in the kubelet's words", () => {
    const made = world();
    apply(made, `${pod("web", { probes: "readinessProbe: {httpGet: {path: /healthz, port: 8080}}", annotations: '{podwire.dev/listen-after: "15s"}', labels: "{app: web}" })}---${service("web")}`);
    made.engine.run(made.engine.now + 5e9);
    const ip = made.plane.get("Pod", "default", "web")?.status?.podIP;
    expect(said(made, "Unhealthy")).toEqual([`Readiness probe failed: Get "http://${ip}:8080/healthz": dial tcp ${ip}:8080: connect: connection refused`]);
    const ready = (): unknown => made.plane.objects("EndpointSlice").find((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "web")?.endpoints[0]?.conditions;
    expect(ready()).toEqual({ ready: false, serving: false, terminating: false });
    expect(made.plane.get("Pod", "default", "web")?.status?.conditions?.find((each) => each.type === "Ready")).toMatchObject({ status: "False", reason: "ContainersNotReady", message: "containers with unready status: [web]" });
    settle(made);
    expect(isReady(made, "web")).toBe(true);
    made.engine.run(made.engine.now + 1e9);
    expect(ready()).toEqual({ ready: true, serving: true, terminating: false });
    expect(started(made, "web")).toMatchObject({ ready: true, restartCount: 0 });
  });

  test("takes the pod out after failureThreshold answers of another status, without a restart", () => {
    const made = world();
    apply(made, `${pod("web", { probes: "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}", annotations: '{podwire.dev/status: "503", podwire.dev/status-from: "12s"}', labels: "{app: web}" })}---${service("web")}`);
    settle(made);
    const start = made.engine.now;
    expect(isReady(made, "web")).toBe(true);
    // Asked 0.5 s after its start and every 5 s from then on: 503 at 15.5, 20.5 and 25.5 s.
    made.engine.run(start + 24e9);
    expect(isReady(made, "web")).toBe(true);
    made.engine.run(start + 27e9);
    expect(isReady(made, "web")).toBe(false);
    expect(said(made, "Unhealthy")).toEqual(["Readiness probe failed: HTTP probe failed with statuscode: 503"]);
    expect(started(made, "web")).toMatchObject({ ready: false, restartCount: 0 });
  });
});

describe("a liveness probe", () => {
  test("that fails three times restarts the container: at once, then after 10 s, 20 s", () => {
    const made = world();
    apply(made, pod("web", { probes: "livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}", annotations: '{podwire.dev/status: "500"}' }));
    settle(made);
    const start = made.engine.now;
    const ip = made.plane.get("Pod", "default", "web")?.status?.podIP;
    expect(isReady(made, "web")).toBe(true);
    made.engine.run(start + 4e9);
    expect(started(made, "web")).toMatchObject({ restartCount: 1, state: { running: {} }, lastState: { terminated: {} } });
    expect(said(made, "Killing")).toEqual(["Container web failed liveness probe, will be restarted"]);
    made.engine.run(start + 8e9);
    expect(started(made, "web")).toMatchObject({ restartCount: 1, ready: false, state: { waiting: { reason: "CrashLoopBackOff" } } });
    const { uid } = made.plane.get("Pod", "default", "web")!.metadata;
    expect(said(made, "BackOff")).toEqual([`Back-off restarting failed container web in pod web_default(${uid})`]);
    made.engine.run(start + 17e9);
    expect(started(made, "web")).toMatchObject({ restartCount: 2 });
    made.engine.run(start + 35e9);
    expect(started(made, "web")).toMatchObject({ restartCount: 2 });
    made.engine.run(start + 42e9);
    expect(started(made, "web")).toMatchObject({ restartCount: 3 });
    // The sandbox stays: same address.
    expect(made.plane.get("Pod", "default", "web")?.status?.podIP).toBe(ip);
  });
});

describe("a startup probe", () => {
  test("holds the others back until it has succeeded", () => {
    const made = world();
    const probes = "startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 30}\nlivenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}\nreadinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}";
    apply(made, pod("web", { probes, annotations: '{podwire.dev/listen-after: "8s"}' }));
    made.engine.run(made.engine.now + 5e9);
    expect(started(made, "web")).toMatchObject({ started: false, ready: false, restartCount: 0 });
    settle(made);
    made.engine.run(made.engine.now + 5e9);
    expect(started(made, "web")).toMatchObject({ started: true, ready: true, restartCount: 0 });
    const ip = made.plane.get("Pod", "default", "web")?.status?.podIP;
    expect(said(made, "Unhealthy")).toEqual([`Startup probe failed: dial tcp ${ip}:8080: connect: connection refused`]);
  });

  test("that never succeeds has the container restarted", () => {
    const made = world();
    apply(made, pod("web", { probes: "startupProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, failureThreshold: 2}", annotations: '{podwire.dev/listen-after: "60s"}' }));
    made.engine.run(made.engine.now + 3e9);
    expect(said(made, "Killing")).toEqual(["Container web failed startup probe, will be restarted"]);
    expect(started(made, "web")).toMatchObject({ restartCount: 1, ready: false });
  });
});

test("a packet that is lost on the way is a timeout of one second", () => {
  const cluster = createCluster();
  cluster.settle();
  cluster.apply(pod("web", { probes: "livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 10}" }));
  cluster.settle();
  const ip = cluster.get("Pod", "default", "web")?.status?.podIP;
  cluster.exec("default/web", "ip link set eth0 down");
  cluster.run(12 * SECOND);
  const words = cluster.control.events.filter((event) => event.reason === "Unhealthy").map((event) => event.message);
  expect(words).toEqual([`Liveness probe failed: Get "http://${ip}:8080/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`]);
});

test("an exec probe succeeds unless its command plainly fails", () => {
  const made = world();
  apply(made, `${pod("good", { probes: "readinessProbe: {exec: {command: [cat, /tmp/healthy]}}" })}---${pod("bad", { probes: "readinessProbe: {exec: {command: [/bin/false]}}" })}`);
  settle(made);
  expect([isReady(made, "good"), isReady(made, "bad")]).toEqual([true, false]);
});

describe("without packets", () => {
  test("a probe looks for a listener and is not repeated once it has succeeded", () => {
    const made = world({ probes: "listeners" });
    apply(made, pod("web", { probes: "readinessProbe: {httpGet: {path: /, port: 8080}}\nlivenessProbe: {tcpSocket: {port: 8080}}", annotations: '{podwire.dev/listen-after: "5s"}' }));
    settle(made);
    expect(isReady(made, "web")).toBe(true);
    expect(said(made, "Unhealthy")).toHaveLength(2);
    const steps = made.engine.steps;
    made.engine.run(made.engine.now + 300e9);
    expect(made.engine.steps - steps).toBeLessThan(40);
  });
});

test("a node that returns goes on with its probes", () => {
  const made = world();
  apply(made, pod("web", { probes: "readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 5}", annotations: '{podwire.dev/status: "503", podwire.dev/status-from: "60s"}' }));
  settle(made);
  made.plane.stopNode("kind-worker");
  made.engine.run(made.engine.now + 20e9);
  made.plane.startNode("kind-worker");
  made.engine.run(made.engine.now + 30e9);
  expect(isReady(made, "web")).toBe(true);
  made.engine.run(made.engine.now + 30e9);
  expect(isReady(made, "web")).toBe(false);
});

describe("CoreDNS's own pods", () => {
  // kubeadm's manifest, as in facts/dns.md 3.
  test("are asked for /health and /ready, are ready by the latter, and serve on for their lameduck", () => {
    const cluster = createCluster();
    cluster.settle();
    const [pod] = cluster.objects("Pod").filter((each) => each.metadata.labels?.["k8s-app"] === "kube-dns");
    expect(pod!.spec.containers[0]).toMatchObject({
      livenessProbe: { httpGet: { path: "/health", port: 8080, scheme: "HTTP" }, initialDelaySeconds: 60, timeoutSeconds: 5, periodSeconds: 10, failureThreshold: 5 },
      readinessProbe: { httpGet: { path: "/ready", port: 8181, scheme: "HTTP" }, timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3 },
    });
    expect(pod!.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    cluster.run(120 * SECOND);
    expect(cluster.control.events.filter(({ reason }) => reason === "Unhealthy" || reason === "Killing")).toEqual([]);
    const { name } = pod!.metadata;
    const ip = pod!.status!.podIP!;
    cluster.delete("Pod", "kube-system", name);
    cluster.run(4 * SECOND);
    expect(cluster.exec("node/kind-worker", `curl -s http://${ip}:8080/health`).text).toBe("OK");
    cluster.run(2 * SECOND);
    expect(cluster.get("Pod", "kube-system", name)).toBeUndefined();
  });
});
