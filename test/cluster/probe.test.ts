/** Connections made in a cluster itself, and recordings of them. */
import { beforeEach, describe, expect, it } from "vitest";
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import { capture } from "../../src/observe/capture.js";

const MANIFESTS = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { nodeName: kind-control-plane, containers: [{ name: web, image: example.org/web, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: kind-worker, containers: [{ name: client, image: busybox }] }
`;

function booted(): Cluster {
  const cluster = createCluster({ nodes: 2 });
  cluster.settle();
  cluster.apply(MANIFESTS);
  cluster.settle();
  return cluster;
}

describe("a probe", () => {
  let cluster: Cluster;
  beforeEach(() => {
    cluster = booted();
  });

  it("asks the name, is translated, and hears the pod", () => {
    const began = cluster.now;
    const { outcome, address, reply, lookups } = cluster.probe({ from: "client", to: "web" });
    expect(outcome).toBe("ok");
    expect(address).toBe(cluster.get("Service", "default", "web")!.spec.clusterIP);
    expect(reply).toContain("web");
    expect(lookups.length).toBeGreaterThan(0);
    expect(cluster.now).toBeGreaterThan(began);
    expect(cluster.exec("node/kind-worker", "conntrack -L -p tcp --dport 80").text).toContain(`dst=${address}`);
  });

  it("is told what a program is told", () => {
    const to = cluster.get("Pod", "default", "web")!.status!.podIP!;
    expect(cluster.probe({ from: "client", to, port: 8081 })).toMatchObject({ outcome: "refused", errno: "ECONNREFUSED" });
    expect(cluster.probe({ from: "client", to: "nowhere" }).outcome).toBe("unresolved");
    expect(cluster.probe({ from: "node/kind-worker", to, protocol: "icmp" }).outcome).toBe("ok");
  });

  it("happens again when time goes back over it", () => {
    cluster.run(1_000_000_000);
    cluster.probe({ from: "client", to: "web" });
    cluster.run(1_000_000_000);
    const { now } = cluster;
    const fingerprint = cluster.fingerprint();
    cluster.run(5_000_000_000);
    cluster.timeline.goTo(now);
    expect(cluster.fingerprint()).toBe(fingerprint);
  });
});

describe("a recording", () => {
  it("holds what happened since, and changes nothing", () => {
    const [watched, other] = [booted(), booted()];
    const { stack, ring } = watched.observe();
    for (const cluster of [watched, other]) cluster.probe({ from: "client", to: "web" });
    expect(ring.total).toBeGreaterThan(50);
    expect(watched.fingerprint()).toBe(other.fingerprint());
    expect(capture(stack, ring, (ns) => watched.placeOf(ns)).length).toBeGreaterThan(1000);
  });

  it("keeps the last steps alone", () => {
    const cluster = booted();
    const { ring, stack } = cluster.observe(64);
    for (let i = 0; i < 3; i++) cluster.probe({ from: "client", to: "web" });
    expect(ring.length).toBe(64);
    expect(ring.total).toBeGreaterThan(64);
    expect(stack.snapshots!.count).toBeLessThanOrEqual(2 * 64);
  });
});
