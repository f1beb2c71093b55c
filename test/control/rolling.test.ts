import { describe, expect, test } from "vitest";
import { apply, deployment, service, settle, world, type World } from "./build.js";

// Expected values: facts/control-plane.md 5 (25 % surge rounded up, 25 % unavailable rounded down) and 6.

const mine = (made: World): ReturnType<World["plane"]["objects"]> =>
  made.plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");

function extremes(made: World, change: () => void): { readonly most: number; readonly leastReady: number } {
  let [most, leastReady] = [0, Infinity];
  const end = made.plane.onWatch(() => {
    const pods = made.plane
      .objects("Pod")
      .filter((pod) => pod.metadata.namespace === "default" && pod.metadata.deletionTimestamp === undefined);
    most = Math.max(most, pods.length);
    leastReady = Math.min(
      leastReady,
      pods.filter((pod) => pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True")).length,
    );
  });
  change();
  settle(made);
  end();
  return { most, leastReady };
}

describe("a rolling update", () => {
  for (const [replicas, most, least] of [
    [3, 4, 3],
    [4, 5, 3],
    [10, 13, 8],
  ] as const) {
    test(`of ${replicas} never has more than ${most} pods nor fewer than ${least} that serve`, () => {
      const made = world();
      apply(made, deployment("web", replicas));
      settle(made);
      const seen = extremes(made, () => apply(made, deployment("web", replicas).replace("nginx:1.27", "nginx:1.28")));
      expect(seen).toEqual({ most, leastReady: least });
      expect(mine(made)).toHaveLength(replicas);
      const sets = made.plane.objects("ReplicaSet").filter((each) => each.metadata.namespace === "default");
      expect(sets.map((each) => [each.metadata.annotations?.["deployment.kubernetes.io/revision"], each.spec.replicas]).sort()).toEqual([
        ["1", 0],
        ["2", replicas],
      ]);
      expect(
        made.plane
          .get("Deployment", "default", "web")
          ?.status?.conditions?.map((each) => each.reason)
          .sort(),
      ).toEqual(["MinimumReplicasAvailable", "NewReplicaSetAvailable"]);
    });
  }

  test("back to an earlier template takes up its set again", () => {
    const made = world();
    apply(made, deployment("web", 2));
    settle(made);
    apply(made, deployment("web", 2).replace("nginx:1.27", "nginx:1.28"));
    settle(made);
    apply(made, deployment("web", 2));
    settle(made);
    const sets = made.plane.objects("ReplicaSet").filter((each) => each.metadata.namespace === "default");
    expect(sets.map((each) => [each.metadata.annotations?.["deployment.kubernetes.io/revision"], each.spec.replicas]).sort()).toEqual([
      ["2", 0],
      ["3", 2],
    ]);
  });

  test("with strategy Recreate ends every old pod first", () => {
    const made = world();
    const text = deployment("web", 3, "  strategy: {type: Recreate}");
    apply(made, text);
    settle(made);
    expect(extremes(made, () => apply(made, text.replace("nginx:1.27", "nginx:1.28")))).toEqual({ most: 3, leastReady: 0 });
  });

  test("waits for readiness where there is a probe", () => {
    const made = world();
    const probe = deployment("web", 1).replace(
      "image: nginx:1.27",
      "image: nginx:1.27\n        readinessProbe: {httpGet: {path: /, port: 8080}, initialDelaySeconds: 7}",
    );
    apply(made, `${probe}---${service("web")}`);
    const start = made.engine.now;
    made.engine.run(start + 5e9);
    const [pod] = mine(made);
    expect(pod).toMatchObject({ status: { phase: "Running" } });
    const ready = (): unknown =>
      made.plane.objects("EndpointSlice").find((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "web")?.endpoints[0]
        ?.conditions?.ready;
    expect(ready()).toBe(false);
    settle(made);
    expect(ready()).toBe(true);
  });
});
