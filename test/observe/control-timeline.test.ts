import { expect, test } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import { controlTimeline, controlTimelineText } from "../../src/observe/control-timeline.js";
import { statistics, statisticsText } from "../../src/observe/statistics.js";
import { deployment, put, service } from "../scenarios/proxy/shop.js";

const web = [deployment({ name: "web", node: "kind-worker" }), service("web")];

test("a pod's life is told in the order in which real components act", () => {
  const cluster = createCluster();
  cluster.settle();
  const timeline = controlTimeline(cluster);
  put(cluster, web);
  const moments = timeline.moments();
  expect(moments.map(({ time }) => time)).toEqual([...moments.map(({ time }) => time)].sort((x, y) => x - y));
  const at = (object: RegExp, text: RegExp): number => moments.findIndex((moment) => object.test(moment.object) && text.test(moment.text));
  // control-plane.md sections 5 and 6: Deployment, ReplicaSet, pod, scheduler, sandbox with its address, endpoint.
  const order = [
    at(/^Deployment/, /READY 0\/1/),
    at(/^ReplicaSet/, /DESIRED 1/),
    at(/^Pod/, /STATUS Pending/),
    at(/^Pod/, /default-scheduler Scheduled/),
    at(/^Pod/, /NODE <none> -> kind-worker/),
    at(/^Pod/, /kubelet Started: Started container c/),
    at(/^Pod/, /IP <none> -> 10\.244\.1\.\d+/),
    at(/^EndpointSlice/, /ENDPOINTS .*10\.244\.1\.\d+/),
  ];
  expect(order).toEqual([...order].sort((x, y) => x - y));
  expect(order[0]).toBeGreaterThanOrEqual(0);
  expect(controlTimelineText(moments).split("\n")).toHaveLength(moments.length + 1);
});

test("watching changes nothing, and ends when told", () => {
  const [watched, alone] = [createCluster({ nodes: 2 }), createCluster({ nodes: 2 })];
  const timeline = controlTimeline(watched);
  for (const cluster of [watched, alone]) cluster.settle();
  expect(watched.fingerprint()).toBe(alone.fingerprint());
  timeline.end();
  const before = timeline.moments();
  watched.apply([service("late")]);
  watched.run(1e9);
  expect(timeline.moments()).toEqual(before);
});

test("statistics are what the devices counted and the recording saw lost", () => {
  const cluster = createCluster();
  cluster.settle();
  put(cluster, [...web, { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "deny", namespace: "default" }, spec: { podSelector: { matchLabels: { app: "web" } } } }, deployment({ name: "client", node: "kind-worker2" })]);
  const recording = cluster.observe();
  const client = cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "client")!;
  expect(cluster.probe({ from: `default/${client.metadata.name}`, to: "web" }).errno).toBe("ETIMEDOUT");
  const counted = statistics(cluster.stack, (ns) => cluster.placeOf(ns), recording.ring);
  const lost = counted.drops.find(({ reason }) => reason === "NETFILTER_DROP")!;
  // SYN at 0 to 5 and 7 s within the client's ten seconds (tcp_syn_linear_timeouts = 4 since Linux 6.5).
  expect(lost).toMatchObject({ node: "kind-worker", packets: 7 });
  const [, sent] = /TX:.*\n +\d+ +(\d+)/.exec(cluster.exec("node/kind-worker2", "ip -s link show dev flannel.1").text)!;
  expect(counted.devices.find(({ node, netns, device }) => node === "kind-worker2" && netns === node && device === "flannel.1")!.txPackets).toBe(Number(sent));
  expect(statisticsText(counted)).toContain("NETFILTER_DROP");
});
