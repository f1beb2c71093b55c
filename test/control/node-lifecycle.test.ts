import { describe, expect, test } from "vitest";
import { SECOND } from "../../src/base/time.js";
import { apply, deployment, service, settle, world, type World } from "./build.js";

// Expected values: facts/control-plane.md 3 (grace 50 s, monitor period 5 s, eviction after 300 s).

const ready = (made: World, node: string): unknown =>
  made.plane.get("Node", "", node)?.status?.conditions?.find((each) => each.type === "Ready");
const onNode = (made: World, node: string): readonly string[] =>
  made.plane
    .objects("Pod")
    .filter((pod) => pod.spec.nodeName === node && pod.metadata.namespace === "default")
    .map((pod) => pod.metadata.name);
const serving = (made: World): readonly (string | undefined)[] =>
  made.plane
    .objects("EndpointSlice")
    .filter((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "web")
    .flatMap((slice) => slice.endpoints.filter((each) => each.conditions?.ready).map((each) => each.nodeName));

describe("a node that falls silent", () => {
  const made = world();
  apply(made, [deployment("web", 4), service("web")].join("---"));
  settle(made);
  const start = made.engine.now;
  const lost = onNode(made, "kind-worker2");

  test("is taken for alive for 50 s, then is not ready, and its endpoints are out", () => {
    made.plane.stopNode("kind-worker2");
    made.engine.run(start + 50 * SECOND);
    expect(ready(made, "kind-worker2")).toMatchObject({ status: "True" });
    expect(serving(made)).toContain("kind-worker2");
    made.engine.run(start + 56 * SECOND);
    expect(ready(made, "kind-worker2")).toMatchObject({
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    });
    expect(made.plane.get("Node", "", "kind-worker2")?.spec?.taints?.map((taint) => `${taint.key}:${taint.effect}`)).toEqual([
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
    expect(serving(made)).toEqual(["kind-worker", "kind-worker"]);
    expect(onNode(made, "kind-worker2")).toEqual(lost);
  });

  test("loses its pods after 300 s more, which stay terminating while others take their place", () => {
    made.engine.run(start + 350 * SECOND);
    expect(made.plane.events.filter((event) => event.reason === "TaintManagerEviction")).toEqual([]);
    made.engine.run(start + 360 * SECOND);
    expect(
      made.plane.events
        .filter((event) => event.reason === "TaintManagerEviction")
        .map((event) => event.message)
        .sort(),
    ).toEqual(lost.map((name) => `Marking for deletion Pod default/${name}`));
    settle(made);
    expect(onNode(made, "kind-worker")).toHaveLength(4);
    expect(onNode(made, "kind-worker2")).toEqual(lost);
    expect(lost.every((name) => made.plane.get("Pod", "default", name)?.metadata.deletionTimestamp !== undefined)).toBe(true);
  });

  test("ends them when it comes back", () => {
    made.plane.startNode("kind-worker2");
    settle(made);
    expect(ready(made, "kind-worker2")).toMatchObject({ status: "True" });
    expect(made.plane.get("Node", "", "kind-worker2")?.spec?.taints).toBeUndefined();
    expect(onNode(made, "kind-worker2")).toEqual([]);
    expect([...made.stack.nsInfo.values()].filter((ns) => ns.name.startsWith("cni-"))).toHaveLength(6);
  });
});

test("a node that comes back in time keeps its pods, ready again", () => {
  const made = world();
  apply(made, [deployment("web", 2), service("web")].join("---"));
  settle(made);
  const start = made.engine.now;
  const before = onNode(made, "kind-worker2");
  made.plane.stopNode("kind-worker2");
  made.engine.run(start + 100 * SECOND);
  expect(serving(made)).toEqual(["kind-worker"]);
  made.plane.startNode("kind-worker2");
  settle(made);
  expect([...serving(made)].sort()).toEqual(["kind-worker", "kind-worker2"]);
  made.engine.run(start + 400 * SECOND);
  expect(onNode(made, "kind-worker2")).toEqual(before);
});

test("pods of a node that is deleted go with it, and its pod network is free", () => {
  const made = world();
  apply(made, deployment("web", 2));
  settle(made);
  made.plane.stopNode("kind-worker2");
  made.plane.delete("Node", "", "kind-worker2");
  settle(made);
  expect(onNode(made, "kind-worker2")).toEqual([]);
  expect(onNode(made, "kind-worker")).toHaveLength(2);
  expect(made.plane.objects("Node").map((node) => node.metadata.name)).toEqual(["kind-control-plane", "kind-worker"]);
});
