import { describe, expect, test } from "vitest";
import { apply, bootWorld, deployment, settle, world, type World } from "./build.js";

// Expected words: facts/control-plane.md 4.

const pod = (name: string, spec: string): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default}
spec:
  containers: [{name: c, image: busybox}]
${spec}
`;
const nodeOf = (made: World, name: string): string | undefined => made.plane.get("Pod", "default", name)?.spec.nodeName;
const why = (made: World, name: string): string | undefined =>
  made.plane.events.find((event) => event.reason === "FailedScheduling" && event.involvedObject.name === name)?.message;

describe("scheduling", () => {
  test("by selector, affinity, toleration and host port", () => {
    const made = world();
    apply(
      made,
      [
        pod("chosen", "  nodeSelector: {kubernetes.io/hostname: kind-worker2}"),
        pod(
          "tolerant",
          "  tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]\n  nodeSelector: {node-role.kubernetes.io/control-plane: ''}",
        ),
        pod(
          "affine",
          "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [kind-worker]}]}]}}}",
        ),
        ...["p1", "p2", "p3"].map((name) =>
          pod(name, "").replace("{name: c, image: busybox}", "{name: c, image: busybox, ports: [{containerPort: 80, hostPort: 8080}]}"),
        ),
        pod("lost", "  nodeSelector: {disk: ssd}"),
      ].join("---"),
    );
    settle(made);
    expect([nodeOf(made, "chosen"), nodeOf(made, "tolerant"), nodeOf(made, "affine")]).toEqual([
      "kind-worker2",
      "kind-control-plane",
      "kind-worker2",
    ]);
    expect([nodeOf(made, "p1"), nodeOf(made, "p2")].sort()).toEqual(["kind-worker", "kind-worker2"]);
    expect(nodeOf(made, "p3")).toBeUndefined();
    expect(why(made, "p3")).toBe(
      "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't have free ports for the requested pod ports. " +
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
    );
    expect(why(made, "lost")).toBe(
      "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector. " +
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
    expect(made.plane.get("Pod", "default", "lost")?.status?.conditions?.[0]).toMatchObject({
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
    });
  });

  test("a pod that waits is tried again when a place comes free", () => {
    const made = world({ nodes: 2 });
    const held = (name: string): string =>
      pod(name, "").replace("{name: c, image: busybox}", "{name: c, image: busybox, ports: [{containerPort: 80, hostPort: 8080}]}");
    apply(made, held("first"));
    settle(made);
    apply(made, held("second"));
    settle(made);
    expect(nodeOf(made, "second")).toBeUndefined();
    made.plane.delete("Pod", "default", "first");
    settle(made);
    expect([nodeOf(made, "first"), nodeOf(made, "second")]).toEqual([undefined, "kind-worker"]);
  });

  test("a ReplicaSet's pods spread evenly, and no node takes more than 110", () => {
    const made = world({ nodes: 4 });
    apply(made, deployment("web", 20));
    settle(made);
    const counts = new Map<string, number>();
    for (const each of made.plane.objects("Pod").filter((one) => one.metadata.namespace === "default"))
      counts.set(each.spec.nodeName!, (counts.get(each.spec.nodeName!) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(["kind-worker", "kind-worker2", "kind-worker3"]);
    expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    const small = world({ nodes: 1 });
    apply(small, deployment("web", 120));
    settle(small);
    expect(small.plane.objects("Pod").filter((each) => each.spec.nodeName !== undefined)).toHaveLength(110);
    expect(
      small.plane.events.some(
        (event) =>
          event.message ===
          "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
      ),
    ).toBe(true);
  });

  test("near and away from other pods, and evenly over domains", () => {
    const made = world({ nodes: 4 });
    const apart =
      "      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}";
    apply(made, deployment("web", 4, apart));
    settle(made);
    const placed = made.plane.objects("Pod").filter((each) => each.metadata.namespace === "default");
    expect(placed.flatMap((each) => each.spec.nodeName ?? []).sort()).toEqual(["kind-worker", "kind-worker2", "kind-worker3"]);
    const left = placed.find((each) => each.spec.nodeName === undefined)!;
    expect(why(made, left.metadata.name)).toBe(
      "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't match pod anti-affinity rules. " +
        "preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.",
    );
    const beside = pod(
      "beside",
      "  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: mate}}}]}}",
    );
    apply(made, beside);
    settle(made);
    expect(nodeOf(made, "beside")).toBeUndefined();
    apply(
      made,
      pod("mate", "  nodeSelector: {kubernetes.io/hostname: kind-worker2}").replace(
        "namespace: default",
        "namespace: default, labels: {app: mate}",
      ),
    );
    settle(made);
    expect(nodeOf(made, "beside")).toBe("kind-worker2");
    const even =
      "      nodeSelector: {node: x}\n      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: even}}}]";
    apply(
      made,
      deployment(
        "even",
        2,
        even.replace("{node: x}", "{kubernetes.io/hostname: kind-worker3}").replace("maxSkew: 1", "maxSkew: 1, nodeAffinityPolicy: Ignore"),
      ),
    );
    settle(made);
    // Of four domains three stay empty: a second pod in one would be a skew of two.
    expect(
      made.plane
        .objects("Pod")
        .filter((each) => each.metadata.labels?.["app"] === "even")
        .map((each) => each.spec.nodeName),
    ).toEqual(expect.arrayContaining(["kind-worker3", undefined]));
  });

  test("a node without a pod network stays not ready, and the pods say so", () => {
    const made = bootWorld({ nodes: 3, clusterCidrs: ["10.244.0.0/24"], dnsIp: null });
    settle(made);
    expect(made.plane.objects("Node").map((node) => node.spec?.podCIDR)).toEqual(["10.244.0.0/24", undefined, undefined]);
    expect(made.plane.events.filter((event) => event.reason === "CIDRNotAvailable").map((event) => event.involvedObject.name)).toEqual([
      "kind-worker",
      "kind-worker2",
    ]);
    apply(made, deployment("web", 1));
    settle(made);
    const [stuck] = made.plane.objects("Pod");
    expect(stuck?.status?.phase).toBe("Pending");
    expect(why(made, stuck!.metadata.name)).toBe(
      "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. " +
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
  });
});
