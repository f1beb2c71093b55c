import { describe, expect, test } from "vitest";
import type { Pod } from "../../src/api/index.js";
import { apply, settle, world, type World } from "./build.js";

// Expected values: facts/control-plane.md 5.

const pods = (made: World): readonly Pod[] => made.plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");
const ready = (pod: Pod): boolean => pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;

const daemon = (image: string, extra = ""): string => `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: default}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: c, image: "${image}"}]
${extra}
`;

const stateful = (replicas: number, image = "postgres:17", extra = ""): string => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: default}
spec:
  serviceName: db
  replicas: ${replicas}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "${image}", ports: [{containerPort: 5432}]}]}
${extra}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: default}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
`;

describe("a DaemonSet", () => {
  test("has a pod on every node whose taints it bears, and on no other", () => {
    const made = world();
    apply(made, daemon("a:1"));
    settle(made);
    expect(
      pods(made)
        .map((pod) => pod.spec.nodeName)
        .sort(),
    ).toEqual(["kind-worker", "kind-worker2"]);
    apply(made, daemon("a:1", "      tolerations: [{operator: Exists}]"));
    settle(made);
    expect(
      pods(made)
        .map((pod) => pod.spec.nodeName)
        .sort(),
    ).toEqual(["kind-control-plane", "kind-worker", "kind-worker2"]);
    expect(made.plane.get("DaemonSet", "default", "agent")?.status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 3,
      updatedNumberScheduled: 3,
      numberMisscheduled: 0,
    });
    expect(pods(made).every((pod) => /^agent-[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(pod.metadata.name))).toBe(true);
  });

  test("is updated one pod at a time", () => {
    const made = world();
    apply(made, daemon("a:1"));
    settle(made);
    let least = 2;
    made.plane.onWatch(
      () => void (least = Math.min(least, pods(made).filter((pod) => ready(pod) && pod.metadata.deletionTimestamp === undefined).length)),
    );
    apply(made, daemon("a:2"));
    settle(made);
    expect(least).toBe(1);
    expect(pods(made).map((pod) => pod.spec.containers[0]?.image)).toEqual(["a:2", "a:2"]);
  });
});

describe("a StatefulSet", () => {
  test("makes its pods in order, each when the one before is ready, and ends them from the highest", () => {
    const made = world();
    const told: string[] = [];
    made.plane.onWatch(({ type, object }) => {
      if (object.kind === "Pod" && object.metadata.namespace === "default" && type !== "MODIFIED")
        told.push(`${type} ${object.metadata.name} ${pods(made).filter(ready).length}`);
    });
    apply(made, stateful(3));
    settle(made);
    expect(told).toEqual(["ADDED db-0 0", "ADDED db-1 1", "ADDED db-2 2"]);
    const [first] = pods(made);
    expect(first?.spec).toMatchObject({ hostname: "db-0", subdomain: "db" });
    expect(first?.metadata.labels).toMatchObject({ "statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0" });
    expect(made.plane.get("StatefulSet", "default", "db")?.status).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3 });
    told.length = 0;
    apply(made, stateful(1));
    settle(made);
    expect(told.map((each) => each.slice(0, -2))).toEqual(["DELETED db-2", "DELETED db-1"]);
  });

  test("gives its headless Service's endpoints their host names", () => {
    const made = world();
    apply(made, stateful(2));
    settle(made);
    const slice = made.plane.objects("EndpointSlice").find((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "db");
    expect(slice?.metadata.labels?.["service.kubernetes.io/headless"]).toBe("");
    expect(slice?.endpoints.map((each) => each.hostname)).toEqual(["db-0", "db-1"]);
    expect(made.plane.get("Service", "default", "db")?.spec.clusterIPs).toEqual(["None"]);
  });

  test("is updated from the highest down to its partition, under the same names", () => {
    const made = world();
    apply(made, stateful(3));
    settle(made);
    apply(made, stateful(3, "postgres:18", "  updateStrategy: {rollingUpdate: {partition: 1}}"));
    settle(made);
    expect(pods(made).map((pod) => [pod.metadata.name, pod.spec.containers[0]?.image])).toEqual([
      ["db-0", "postgres:17"],
      ["db-1", "postgres:18"],
      ["db-2", "postgres:18"],
    ]);
  });
});

describe("a Job", () => {
  test("runs so many pods at a time until so many have succeeded", () => {
    const made = world();
    let most = 0;
    made.plane.onWatch(() => void (most = Math.max(most, pods(made).filter((pod) => pod.status?.phase !== "Succeeded").length)));
    apply(
      made,
      `
apiVersion: batch/v1
kind: Job
metadata: {name: sum, namespace: default}
spec:
  completions: 5
  parallelism: 2
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}
`,
    );
    settle(made);
    expect(most).toBe(2);
    expect(pods(made).map((pod) => pod.status?.phase)).toEqual(Array(5).fill("Succeeded"));
    const job = made.plane.get("Job", "default", "sum");
    expect(job?.status).toMatchObject({ succeeded: 5, ready: 0 });
    expect(job?.status?.conditions?.find((each) => each.type === "Complete")?.status).toBe("True");
    expect(pods(made)[0]?.metadata.labels).toMatchObject({ "job-name": "sum", "batch.kubernetes.io/job-name": "sum" });
    expect(job?.metadata.labels).toEqual(job?.spec.template.metadata?.labels);
    expect(Object.keys(job?.metadata.labels ?? {}).sort()).toEqual(["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"]);
    for (const pod of pods(made)) expect(made.plane.podNetns(`default/${pod.metadata.name}`)).toBe(0);
  });
});

describe("a ReplicationController", () => {
  test("keeps its pods like a ReplicaSet", () => {
    const made = world();
    apply(
      made,
      `
apiVersion: v1
kind: ReplicationController
metadata: {name: old, namespace: default}
spec:
  replicas: 2
  template: {metadata: {labels: {app: old}}, spec: {containers: [{name: c, image: busybox}]}}
`,
    );
    settle(made);
    made.plane.delete("Pod", "default", pods(made)[0]!.metadata.name);
    settle(made);
    expect(pods(made)).toHaveLength(2);
    expect(made.plane.get("ReplicationController", "default", "old")?.status).toMatchObject({ replicas: 2, readyReplicas: 2 });
  });
});

describe("a hostNetwork pod", () => {
  test("shares its node's namespace and address", () => {
    const made = world();
    apply(
      made,
      `
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: default}
spec: {hostNetwork: true, nodeName: kind-worker, containers: [{name: c, image: busybox, ports: [{containerPort: 9100}]}]}
`,
    );
    settle(made);
    const [pod] = pods(made);
    expect(pod?.status).toMatchObject({ phase: "Running", podIP: "172.18.0.3", hostIP: "172.18.0.3" });
    const row = made.plane.podNetns("default/agent");
    expect(made.stack.nsInfo.get(row)?.name).toBe("kind-worker");
    expect(made.plane.podOfNetns(row)).toBeUndefined();
    made.plane.delete("Pod", "default", "agent");
    settle(made);
    expect(made.stack.nsInfo.has(row)).toBe(true);
  });
});
