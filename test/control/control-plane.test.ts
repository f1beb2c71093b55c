import { describe, expect, test } from "vitest";
import { apply, bootWorld, deployment, service, settle, world } from "./build.js";

// Expected values: facts/control-plane.md 1.2, 1.6, 5, 6, 8 and cni.md 3.

describe("a new cluster", () => {
  const made = world();
  const { plane } = made;

  test("has its namespaces, nodes and pod networks", () => {
    expect(plane.objects("Namespace").map((each) => each.metadata.name)).toEqual([
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system",
    ]);
    expect(plane.objects("Node").map((each) => [each.metadata.name, each.spec?.podCIDR])).toEqual([
      ["kind-control-plane", "10.244.0.0/24"],
      ["kind-worker", "10.244.1.0/24"],
      ["kind-worker2", "10.244.2.0/24"],
    ]);
    for (const node of plane.objects("Node")) expect(node.status?.conditions?.find((each) => each.type === "Ready")?.status).toBe("True");
    expect(plane.get("Node", "", "kind-worker")?.spec?.taints).toBeUndefined();
    expect(plane.get("Node", "", "kind-control-plane")?.spec?.taints).toEqual([
      { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
    ]);
  });

  test("has the API server's Service and slice, and cluster DNS at its address", () => {
    expect(plane.get("Service", "default", "kubernetes")?.spec.clusterIP).toBe("10.96.0.1");
    expect(plane.get("EndpointSlice", "default", "kubernetes")?.endpoints).toEqual([
      { addresses: ["172.18.0.2"], conditions: { ready: true } },
    ]);
    expect(plane.get("Service", "kube-system", "kube-dns")?.spec.clusterIP).toBe("10.96.0.10");
    const pods = plane.objects("Pod");
    expect(pods.map((pod) => pod.metadata.labels?.["k8s-app"])).toEqual(["kube-dns", "kube-dns"]);
    const slice = plane.objects("EndpointSlice").find((each) => each.metadata.namespace === "kube-system");
    expect(slice?.endpoints.map((each) => each.conditions?.ready)).toEqual([true, true]);
  });

  test("stamps times from its epoch", () => {
    expect(plane.get("Namespace", "", "default")?.metadata.creationTimestamp).toBe("2026-01-01T00:00:00Z");
    const later = bootWorld({ epoch: 951_782_399 });
    expect(later.plane.get("Namespace", "", "default")?.metadata.creationTimestamp).toBe("2000-02-28T23:59:59Z");
    later.engine.run(86_401e9);
    expect(later.plane.time()).toBe("2000-03-01T00:00:00Z");
  });
});

describe("a Deployment and its Service", () => {
  const made = world();
  const { plane } = made;
  apply(made, `${deployment("web", 4)}---${service("web")}`);
  settle(made);
  const pods = plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");

  test("become a ReplicaSet and pods with the field's names", () => {
    const [set] = plane.objects("ReplicaSet").filter((each) => each.metadata.namespace === "default");
    expect(set?.metadata.name).toMatch(/^web-[4-9bcdf]{1,10}$/);
    const hash = set!.metadata.name.slice("web-".length);
    expect(set?.spec.selector.matchLabels).toEqual({ app: "web", "pod-template-hash": hash });
    expect(set?.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
    for (const pod of pods) {
      expect(pod.metadata.name).toMatch(new RegExp(`^${set!.metadata.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
      expect(pod.metadata.labels).toEqual({ app: "web", "pod-template-hash": hash });
    }
    expect(plane.get("Deployment", "default", "web")?.status).toMatchObject({
      replicas: 4,
      readyReplicas: 4,
      updatedReplicas: 4,
      availableReplicas: 4,
    });
  });

  test("spread over the workers, never onto the tainted control plane", () => {
    expect(pods.map((pod) => pod.spec.nodeName).sort()).toEqual(["kind-worker", "kind-worker", "kind-worker2", "kind-worker2"]);
  });

  test("run in namespaces of their own with addresses of their node's network", () => {
    const rows = new Set(pods.map((pod) => plane.podNetns(`default/${pod.metadata.name}`)));
    expect(rows.size).toBe(4);
    for (const pod of pods) {
      const key = `default/${pod.metadata.name}`;
      const net = pod.spec.nodeName === "kind-worker" ? "10.244.1." : "10.244.2.";
      expect(pod.status?.podIP?.startsWith(net)).toBe(true);
      expect(plane.podOfNetns(plane.podNetns(key))).toBe(key);
      expect(plane.podApps(key)).toHaveLength(1);
      expect(pod.status).toMatchObject({ phase: "Running", podIPs: [{ ip: pod.status?.podIP }], qosClass: "BestEffort" });
      expect(pod.status?.conditions?.map((each) => `${each.type}=${each.status}`).sort()).toEqual([
        "ContainersReady=True",
        "Initialized=True",
        "PodReadyToStartContainers=True",
        "PodScheduled=True",
        "Ready=True",
      ]);
    }
  });

  test("have one slice with the named port resolved", () => {
    const [slice, ...more] = plane
      .objects("EndpointSlice")
      .filter((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "web");
    expect(more).toEqual([]);
    expect(slice?.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(slice?.metadata.labels).toMatchObject({ "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" });
    expect(slice?.metadata.ownerReferences?.[0]).toMatchObject({ kind: "Service", name: "web", controller: true });
    expect(slice?.ports).toEqual([{ name: "web", protocol: "TCP", port: 8080 }]);
    expect(slice?.endpoints.map((each) => each.addresses[0]).sort()).toEqual(pods.map((pod) => pod.status?.podIP).sort());
    for (const each of slice!.endpoints) expect(each.conditions).toEqual({ ready: true, serving: true, terminating: false });
  });

  test("reach every node's nat table", () => {
    const ip = plane.get("Service", "default", "web")!.spec.clusterIP!;
    for (const node of ["kind-control-plane", "kind-worker", "kind-worker2"]) {
      const specs = plane
        .transcript(node)
        .flatMap((act) => (act.verb === "iptables-restore" ? act.doc.tables.flatMap((table) => table.rules.map((rule) => rule.spec)) : []));
      expect(specs.some((spec) => spec.includes(`-d ${ip}`) && spec.includes("KUBE-SVC-"))).toBe(true);
      for (const pod of pods) expect(specs.some((spec) => spec.includes(`DNAT --to-destination ${pod.status?.podIP}:8080`))).toBe(true);
    }
  });

  test("are told of in events", () => {
    const said = plane.events.map((event) => `${event.involvedObject.kind} ${event.reason}: ${event.message}`);
    const set = plane.objects("ReplicaSet").find((each) => each.metadata.namespace === "default")!.metadata.name;
    expect(said).toContain(`Deployment ScalingReplicaSet: Scaled up replica set ${set} from 0 to 4`);
    expect(said).toContain(`ReplicaSet SuccessfulCreate: Created pod: ${pods[0]!.metadata.name}`);
    expect(said).toContain(`Pod Scheduled: Successfully assigned default/${pods[0]!.metadata.name} to ${pods[0]!.spec.nodeName}`);
    expect(said).toContain('Pod Pulled: Container image "nginx:1.27" already present on machine');
  });
});

describe("writes", () => {
  test("raise one revision, a no-op writes nothing, generation follows the spec", () => {
    const made = world();
    apply(made, deployment("web", 2));
    settle(made);
    const before = made.plane.get("Deployment", "default", "web")!;
    const top = Math.max(...made.plane.objects("Pod").map((pod) => Number(pod.metadata.resourceVersion)));
    apply(made, deployment("web", 2));
    expect(made.plane.get("Deployment", "default", "web")).toBe(before);
    expect(made.plane.settled()).toBe(true);
    apply(made, deployment("web", 3));
    const after = made.plane.get("Deployment", "default", "web")!;
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(top);
    expect(after.metadata.generation).toBe(before.metadata.generation! + 1);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    settle(made);
    expect(made.plane.get("Deployment", "default", "web")?.status?.observedGeneration).toBe(after.metadata.generation);
  });

  test("reach a watcher once each, in the order of their revisions, after the stated delay", () => {
    const made = world({ delays: { watch: 3e6 } });
    const seen: [string, number, number][] = [];
    const end = made.plane.onWatch((change) => seen.push([change.type, Number(change.object.metadata.resourceVersion), made.engine.now]));
    const start = made.engine.now;
    apply(made, deployment("web", 1));
    settle(made);
    made.plane.delete("Deployment", "default", "web");
    settle(made);
    end();
    expect(seen[0]![2]).toBe(start + 3e6);
    expect(seen.map((each) => each[1])).toEqual(seen.map((_, at) => seen[0]![1] + at));
    expect(seen.filter((each) => each[0] === "DELETED")).toHaveLength(3);
  });
});

test("Services with selectors have Endpoints beside their slices", () => {
  const made = world();
  apply(made, `${deployment("web", 2)}---${service("web")}`);
  settle(made);
  const pods = made.plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");
  const [subset, ...more] = made.plane.get("Endpoints", "default", "web")!.subsets!;
  expect(more).toEqual([]);
  expect(subset?.ports).toEqual([{ name: "web", port: 8080, protocol: "TCP" }]);
  expect(subset?.addresses?.map(({ ip, nodeName, targetRef }) => [ip, nodeName, targetRef?.name]).sort()).toEqual(
    pods.map((pod) => [pod.status?.podIP, pod.spec.nodeName, pod.metadata.name]).sort(),
  );
  made.plane.delete("Pod", "default", pods[0]!.metadata.name);
  made.engine.run(made.engine.now + 50e6);
  // A pod that ends is not there any more, while its slice still shows it.
  expect(made.plane.get("Endpoints", "default", "web")!.subsets![0]!.addresses).toHaveLength(1);
  expect(made.plane.get("Endpoints", "default", "kubernetes")!.subsets).toEqual([{ addresses: [{ ip: "172.18.0.2" }], ports: [{ name: "https", port: 6443, protocol: "TCP" }] }]);
  made.plane.delete("Service", "default", "web");
  settle(made);
  expect(made.plane.get("Endpoints", "default", "web")).toBeUndefined();
});
