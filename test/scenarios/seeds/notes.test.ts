// What the training notes in ../shared/seeds say about a cluster, said again by one.
import { beforeAll, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { readKindConfig } from "../../../src/api/index.js";
import { SECOND } from "../../../src/base/time.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";
import { optionsOfKind } from "../../../src/cluster/options.js";
import { describeWith, needs } from "../../support/requires.js";
import { manifestsOfNotes, POLICIES, serverPod } from "./notes.js";

function booted(cluster: Cluster, ...inputs: readonly (string | readonly object[])[]): Cluster {
  cluster.settle();
  for (const input of inputs) {
    const problems = cluster.apply(input as string);
    expect(problems.filter((problem) => problem.severity === "error")).toEqual([]);
    cluster.settle();
    cluster.run(2 * SECOND);
  }
  return cluster;
}

const columns = (text: string, ...names: readonly string[]): readonly (readonly string[])[] => {
  const [head = "", ...rows] = text.trimEnd().split("\n");
  const titles = head.split(/\s{2,}/);
  return rows.map((row) => names.map((name) => row.split(/\s{2,}/)[titles.indexOf(name)] ?? ""));
};

describeWith("the notes on the parts of a cluster", [needs.shared], () => {
  let cluster: Cluster;
  beforeAll(() => {
    const { config } = readKindConfig(manifestsOfNotes().get("Cluster")!);
    cluster = booted(createCluster(optionsOfKind(config!)));
  });

  test("kind.yaml makes a master and a worker, both ready", () => {
    expect(columns(cluster.kubectl("get nodes").text, "NAME", "STATUS", "ROLES")).toEqual([
      ["kind-control-plane", "Ready", "control-plane"],
      ["kind-worker", "Ready", "<none>"],
    ]);
  });

  test("the components are pods on the nodes that the notes name", () => {
    const rows = columns(cluster.kubectl("get pods -A -o wide").text, "NAME", "NODE", "STATUS");
    for (const name of ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
      expect(rows).toContainEqual([`${name}-kind-control-plane`, "kind-control-plane", "Running"]);
    for (const daemon of [/^kube-proxy-[a-z0-9]{5}$/, /^kindnet-[a-z0-9]{5}$/])
      expect(rows.filter(([name]) => daemon.test(name!)).map(([, node]) => node).sort()).toEqual(["kind-control-plane", "kind-worker"]);
    // The kubelet is an ordinary process and not to be seen.
    expect(rows.some(([name]) => name!.includes("kubelet"))).toBe(false);
  });

  test("what its node keeps comes back when its mirror is deleted", () => {
    const fork = cluster.fork();
    fork.delete("Pod", "kube-system", "etcd-kind-control-plane", 0);
    fork.run(2 * SECOND);
    expect(fork.get("Pod", "kube-system", "etcd-kind-control-plane")?.status?.phase).toBe("Running");
  });
});

describeWith("the notes on communication", [needs.shared], () => {
  let cluster: Cluster;
  const notes = needs.shared.missing() === null ? manifestsOfNotes() : new Map<string, string>();
  beforeAll(() => {
    // Another note draws this one as Node:30080.
    const nodePort = notes.get("Service external-service")!.replace("targetPort: 8080", "targetPort: 8080\n    nodePort: 30080");
    cluster = booted(
      createCluster(),
      notes.get("Pod busybox-pod")!,
      [serverPod("my-app-1", { app: "my-app" }), serverPod("my-app-2", { app: "my-app" })],
      `${notes.get("Service internal-service")}\n---\n${nodePort}\n---\n${notes.get("Service loadbalancer-service")}`,
    );
  });

  test("every pod reaches every other by its address, without NAT", () => {
    const other = cluster.get("Pod", "default", "my-app-1")!.status!.podIP!;
    const ping = cluster.kubectl(`exec -it busybox-pod -- ping -c 1 ${other}`);
    expect(ping.code).toBe(0);
    expect(ping.text).toContain("1 packets transmitted, 1 packets received, 0% packet loss");
    for (const name of ["my-app-1", "my-app-2"]) {
      const found = cluster.ask(walk({ from: "busybox-pod", to: cluster.get("Pod", "default", name)!.status!.podIP!, port: 8080 }));
      expect(found.verdict).toBe("delivered");
      expect(found.hops.at(-1)!.packet.src).toBe(cluster.get("Pod", "default", "busybox-pod")!.status!.podIP);
    }
  });

  test("nodes reach every pod", () => {
    for (const node of ["kind-control-plane", "kind-worker", "kind-worker2"])
      expect(cluster.ask(walk({ from: `node/${node}`, to: "my-app-1", port: 8080 })).verdict).toBe("delivered");
  });

  test("a ClusterIP is a stable address with a name, inside the cluster alone", () => {
    const { clusterIP } = cluster.get("Service", "default", "internal-service")!.spec;
    expect(cluster.kubectl("exec busybox-pod -- wget -qO- http://internal-service").text).toMatch(/^my-app-[12] /);
    expect(cluster.ask(walk({ from: "busybox-pod", to: "http://internal-service" }))).toMatchObject({ verdict: "delivered" });
    expect(cluster.ask(walk({ from: "internet", to: clusterIP!, port: 80 })).verdict).not.toBe("delivered");
    expect(columns(cluster.kubectl("get endpoints internal-service").text.replace(/^Warning.*\n/, ""), "ENDPOINTS")[0]![0]!.split(",").sort()).toEqual(
      ["my-app-1", "my-app-2"].map((name) => `${cluster.get("Pod", "default", name)!.status!.podIP}:8080`).sort(),
    );
  });

  test("a NodePort is open from outside, on all nodes", () => {
    expect(cluster.get("Service", "default", "external-service")!.spec.ports![0]!.nodePort).toBe(30080);
    for (const { address } of cluster.fabric.nodes) expect(cluster.ask(walk({ from: "internet", to: address, port: 30080 })).verdict).toBe("delivered");
  });

  test("a LoadBalancer is bound to NodePorts; its address waits for a cloud, as in kind", () => {
    const row = columns(cluster.kubectl("get svc loadbalancer-service").text, "TYPE", "EXTERNAL-IP", "PORT(S)")[0]!;
    expect(row[0]).toBe("LoadBalancer");
    expect(row[1]).toBe("<pending>");
    const port = Number(/^80:(\d+)\/TCP$/.exec(row[2]!)?.[1]);
    expect(port).toBeGreaterThanOrEqual(30000);
    expect(port).toBeLessThanOrEqual(32767);
    expect(cluster.ask(walk({ from: "internet", to: cluster.fabric.nodes[1]!.address, port })).verdict).toBe("delivered");
  });

  test("pod addresses change, the Service's does not", () => {
    const fork = cluster.fork();
    const before = fork.get("Pod", "default", "my-app-1")!.status!.podIP;
    fork.kubectl("delete pod my-app-1 --now");
    booted(fork, [serverPod("my-app-1", { app: "my-app" })]);
    expect(fork.get("Pod", "default", "my-app-1")!.status!.podIP).not.toBe(before);
    expect(fork.get("Service", "default", "internal-service")!.spec.clusterIP).toBe(cluster.get("Service", "default", "internal-service")!.spec.clusterIP);
    expect(fork.ask(walk({ from: "busybox-pod", to: "http://internal-service" })).verdict).toBe("delivered");
  });

  test("the policy of the first note lets the allowed app in and nobody else", () => {
    const fork = booted(cluster.fork(), [serverPod("friend", { app: "allowed-app" })], notes.get("NetworkPolicy allow-specific-traffic")!);
    expect(fork.ask(walk({ from: "friend", to: "my-app-1", port: 8080 })).verdict).toBe("delivered");
    const denied = fork.ask(walk({ from: "busybox-pod", to: "my-app-1", port: 8080 }));
    expect(denied).toMatchObject({ verdict: "dropped", end: { cause: { object: "NetworkPolicy default/allow-specific-traffic" } } });
  });

  test("nslookup in a pod of kubectl run, as the notes type it", () => {
    const { text } = cluster.fork().kubectl(["run", "test", "--rm", "-it", "--image=busybox", "--", "sh"], "nslookup kubernetes\nnslookup my-service\nnslookup internal-service.default.svc.cluster.local\nnslookup 10-244-1-5.default.pod.cluster.local\n");
    expect(text).toContain("Server:\t\t10.96.0.10\n");
    expect(text).toContain("Name:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n");
    expect(text).toContain("** server can't find my-service.default.svc.cluster.local: NXDOMAIN");
    expect(text).toContain(`Name:\tinternal-service.default.svc.cluster.local\nAddress: ${cluster.get("Service", "default", "internal-service")!.spec.clusterIP}\n`);
    expect(text).toContain("Name:\t10-244-1-5.default.pod.cluster.local\nAddress: 10.244.1.5\n");
    expect(text).toMatch(/pod "test" deleted\n$/);
  });
});

describeWith("the notes on policies", [needs.shared], () => {
  let cluster: Cluster;
  beforeAll(() => {
    cluster = booted(
      createCluster(),
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: production}\n",
      [serverPod("backend", { app: "backend" }, "production"), serverPod("frontend", { app: "frontend" }, "production", 80), serverPod("other", { app: "other" }, "production", 80)],
    );
    expect(cluster.ask(walk({ from: "production/other", to: "production/backend", port: 8080 })).verdict).toBe("delivered");
    booted(cluster, POLICIES);
  });

  test("deny-all blocks everything, in both directions", () => {
    expect(cluster.ask(walk({ from: "production/other", to: "production/backend", port: 8080 }))).toMatchObject({ verdict: "dropped", end: { cause: { object: "NetworkPolicy production/deny-all" } } });
    expect(cluster.ask(walk({ from: "production/backend", to: "production/frontend", port: 80 })).verdict).toBe("dropped");
  });

  test("the frontend may come in at the backend, but deny-all still keeps it from going out", () => {
    // Both ends are judged: the notes' two policies alone do not open this way.
    expect(cluster.ask(walk({ from: "production/frontend", to: "production/backend", port: 8080 }))).toMatchObject({ verdict: "dropped", end: { cause: { object: "NetworkPolicy production/deny-all" } } });
    const fork = booted(
      cluster.fork(),
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: frontend-out, namespace: production}\nspec: {podSelector: {matchLabels: {app: frontend}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: backend}}}]}]}\n",
    );
    expect(fork.ask(walk({ from: "production/frontend", to: "production/backend", port: 8080 })).verdict).toBe("delivered");
    expect(fork.ask(walk({ from: "production/other", to: "production/backend", port: 8080 })).verdict).toBe("dropped");
  });

  test("kubectl shows them", () => {
    expect(columns(cluster.kubectl("get networkpolicies -n production").text, "NAME", "POD-SELECTOR")).toEqual([
      ["allow-frontend-to-backend", "app=backend"],
      ["deny-all", "<none>"],
    ]);
    const { text } = cluster.kubectl("describe networkpolicy allow-frontend-to-backend -n production");
    expect(text).toContain("PodSelector:     app=backend\n");
    expect(text).toContain("    To Port: 8080/TCP\n    From:\n      PodSelector: app=frontend\n");
  });
});
