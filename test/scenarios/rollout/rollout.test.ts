import { describe, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { MS, SECOND } from "../../../src/base/time.js";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { Walk } from "../../../src/observe/walk-record.js";
import type { ClientResult } from "../../../src/models/app/client.js";
import { lost, put, requests, send, serving, web } from "./traffic.js";

// The order of a graceful end: facts/control-plane.md 6; of a node's failure: 3; kube-proxy syncs at most once a second: 9.

/** The walk of the first of these requests that was lost: all before it are sent again, so that chance falls as it did. */
function firstLost(cluster: Cluster, results: readonly ClientResult[], every: number): Walk {
  send(cluster, results.findIndex(({ outcome }) => outcome !== "ok"), every);
  return cluster.ask(walk({ from: "client", to: cluster.get("Service", "default", "web")!.spec.clusterIP!, port: 80, timeout: 4 * SECOND }));
}

function isRolledOut(cluster: Cluster, image: string): boolean {
  const pods = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web");
  return pods.length === 3 && pods.every((pod) => pod.spec.containers[0]!.image === image && pod.status?.containerStatuses?.[0]?.ready === true);
}

describe("a rolling update under traffic", () => {
  test("loses no request with a readiness probe and a preStop that outlasts the news", () => {
    const wish = { probed: true, preStop: 5 };
    const cluster = serving(wish);
    put(cluster, web({ ...wish, image: "web:2" }));
    const results = requests(cluster, 40 * SECOND, 25 * MS);
    expect(results.length).toBeGreaterThan(1500);
    expect(lost(results)).toEqual([]);
    expect(isRolledOut(cluster, "web:2")).toBe(true);
  });

  test("without a readiness probe, requests come to pods that do not listen yet", () => {
    const wish = { preStop: 5, slow: "4s" };
    const cluster = serving(wish);
    put(cluster, web({ ...wish, image: "web:2" }));
    const results = requests(cluster.fork(), 20 * SECOND, 25 * MS);
    expect(new Set(lost(results))).toEqual(new Set(["ECONNREFUSED"]));
    const refused = firstLost(cluster, results, 25 * MS);
    expect(refused).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED", end: { reason: "NO_SOCKET" } });
    expect(refused.end.netns).toMatch(/^default\/web-/);
    const pod = cluster.get("Pod", "default", refused.end.netns!.slice("default/".length));
    // It counts as ready, and is the new one.
    expect(pod?.spec.containers[0]?.image).toBe("web:2");
    expect(pod?.status?.containerStatuses?.[0]?.ready).toBe(true);
  });

  test("without preStop, requests come to pods that have ended, until kube-proxy has heard of it", () => {
    const wish = { probed: true };
    // A program that ends as soon as it is told to, and slices at the slow end of their 10 to 50 ms.
    const cluster = serving(wish, { containerStop: 5 * MS, endpointSlice: 50 * MS });
    put(cluster, web({ ...wish, image: "web:2" }));
    const fork = cluster.fork();
    const results = requests(fork, 20 * SECOND, 5 * MS);
    expect(lost(results).length).toBeGreaterThan(0);
    expect(isRolledOut(fork, "web:2")).toBe(true);
    // Only while nodes differ from the API: at most minSyncPeriod (1 s) for each of the three old pods.
    expect(lost(results).length).toBeLessThan((3 * SECOND) / (5 * MS));
    const gone = firstLost(cluster, results, 5 * MS);
    expect(gone.verdict).not.toBe("delivered");
    const target = gone.hops.flatMap((hop) => hop.steps).find((step) => step.kind === "rewrite" && step.field === "destination");
    const address = target?.kind === "rewrite" ? target.after.split(":")[0] : undefined;
    const holder = cluster.objects("Pod").find((pod) => pod.status?.podIP === address);
    // The API knows already that it ends; the rules on the client's node do not.
    expect(holder === undefined || holder.metadata.deletionTimestamp !== undefined).toBe(true);
    expect(["NO_SOCKET", "NEIGH_FAILED"]).toContain(gone.end.reason);
  });
});

describe("a node that fails", () => {
  test("takes a part of the requests with it until it is found out, and none afterwards", () => {
    const cluster = serving({ probed: true, preStop: 5 });
    const pods = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web");
    const clientNode = cluster.get("Pod", "default", "client")!.spec.nodeName;
    const dead = pods.find((pod) => pod.spec.nodeName !== clientNode)!.spec.nodeName!;
    const node = cluster.fabric.nodes.find(({ name }) => name === dead)!;
    plumb(cluster.stack, { verb: "link-set", ns: node.ns, name: "eth0", up: false });
    cluster.control.stopNode(dead);
    const start = cluster.now;
    const early = requests(cluster.fork(), 10 * SECOND, 100 * MS);
    expect(lost(early).length).toBeGreaterThan(0);
    expect(lost(early).length).toBeLessThan(early.length);
    const found = firstLost(cluster, early, 100 * MS);
    expect(found.verdict).not.toBe("delivered");
    expect(found.end.netns).not.toMatch(/^default\/web-/);
    // 50 s of silence, seen at most 5 s later: Unknown, and its endpoints are out.
    cluster.runTo(start + 57 * SECOND);
    expect(cluster.get("Node", "", dead)?.status?.conditions?.find((each) => each.type === "Ready")?.status).toBe("Unknown");
    expect(lost(requests(cluster, 5 * SECOND, 50 * MS))).toEqual([]);
    // 300 s later the pods are evicted and others serve in their place.
    cluster.runTo(start + 370 * SECOND);
    const alive = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web" && pod.metadata.deletionTimestamp === undefined);
    expect(alive).toHaveLength(3);
    for (const pod of alive) expect(pod.spec.nodeName).not.toBe(dead);
    expect(lost(requests(cluster, 3 * SECOND, 50 * MS))).toEqual([]);
  });
});
