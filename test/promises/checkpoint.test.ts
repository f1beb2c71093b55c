/** A checkpoint, cloned as plain data and taken back, goes on exactly as the world it was taken from. */
import { describe, expect, it } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import type { Cluster } from "../../src/cluster/cluster.js";
import { walk } from "../../src/ask/walk.js";
import { launch } from "../../src/linux/sock/app.js";
import { shop, shopFiles } from "../support/shop.js";

/** A copy of a cluster by way of plain data alone. */
function carried(cluster: Cluster): Cluster {
  const plain = structuredClone(cluster.checkpoint());
  const copy = createCluster();
  copy.restore(plain);
  return copy;
}

function step(cluster: Cluster, events: number): void {
  for (let i = 0; i < events && cluster.world.engine.step(); i++);
}

describe("checkpoint, structuredClone, restore, continue", () => {
  it("equals the uninterrupted run wherever the boot is cut", { timeout: 120_000 }, () => {
    const whole = createCluster();
    whole.apply(shopFiles());
    for (let cut = 0; cut < 14; cut++) {
      const copy = carried(whole);
      expect(copy.fingerprint()).toBe(whole.fingerprint());
      step(copy, 97);
      step(whole, 97);
      expect(copy.fingerprint()).toBe(whole.fingerprint());
    }
    const copy = carried(whole);
    expect(copy.settle()).toEqual(whole.settle());
    expect(copy.fingerprint()).toBe(whole.fingerprint());
    expect(copy.objects("Pod")).toEqual(whole.objects("Pod"));
  });

  it("equals it at every event while a connection is under way", { timeout: 120_000 }, () => {
    const whole = shop();
    const frontend = whole.objects("Pod").find((pod) => pod.metadata.name.startsWith("frontend"))!;
    const api = whole.objects("Service").find((service) => service.metadata.name === "api")!;
    const start = (cluster: Cluster): void => {
      const args = { host: api.spec.clusterIP!, port: 80, protocol: "tcp", resolv: { nameservers: [], search: [], options: {} }, request: "GET / HTTP/1.1\r\n\r\n", timeout: 1e9 };
      launch(cluster.stack, cluster.control.podNetns(`shop/${frontend.metadata.name}`), "client", args);
    };
    start(whole);
    for (let cut = 0; cut < 60; cut++) {
      const copy = carried(whole);
      step(copy, 3);
      step(whole, 3);
      expect(copy.fingerprint()).toBe(whole.fingerprint());
    }
  });
});

describe("asking", () => {
  it("never changes the world", () => {
    const cluster = shop();
    const before = cluster.fingerprint();
    const time = cluster.now;
    cluster.ask(walk({ from: "shop/deploy/frontend", to: "http://api" }));
    cluster.ask(walk({ from: "shop/deploy/frontend", to: "tcp://db:5432" }));
    cluster.ask(walk({ from: "internet", to: "node/kind-worker", port: 22 }));
    expect(cluster.fingerprint()).toBe(before);
    expect(cluster.now).toBe(time);
  });

  it("in a fork leaves both free to go their ways", () => {
    const cluster = shop();
    const fork = cluster.fork();
    fork.delete("Deployment", "shop", "db");
    fork.settle();
    expect(cluster.objects("Deployment").some((one) => one.metadata.name === "db")).toBe(true);
    expect(fork.objects("Deployment").some((one) => one.metadata.name === "db")).toBe(false);
  });
});

describe("the timeline", () => {
  it("goes back to any instant, and forward again to the same end", () => {
    const cluster = createCluster();
    cluster.settle();
    const booted = cluster.now;
    cluster.apply(shopFiles());
    cluster.settle();
    const end = cluster.now;
    // Settling stops between two events of one instant; an instant is all of them.
    cluster.runTo(end);
    const atEnd = cluster.fingerprint();
    const middle = Math.floor((booted + end) / 2);
    cluster.timeline.goTo(middle);
    expect(cluster.now).toBe(middle);
    const atMiddle = cluster.fingerprint();
    cluster.timeline.goTo(end);
    expect(cluster.fingerprint()).toBe(atEnd);
    cluster.timeline.back(end - middle);
    expect(cluster.fingerprint()).toBe(atMiddle);
    expect(cluster.objects("Pod").length).toBeGreaterThan(0);
  });

  it("is saved as plain data and loaded again", () => {
    const cluster = shop();
    const saved = structuredClone(cluster.timeline.save());
    const other = createCluster();
    other.timeline.load(saved);
    expect(other.fingerprint()).toBe(cluster.fingerprint());
    expect(other.timeline.log).toEqual(cluster.timeline.log);
  });
});
