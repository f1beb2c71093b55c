import { describe, expect, test } from "vitest";
import { formatProblem } from "../../src/base/problem.js";
import { apply, deployment, objects, service, settle, world } from "./build.js";

// Expected words: facts/control-plane.md 1.1, 1.3, 1.5.

const text = (...services: readonly string[]): string => services.join("---");

describe("apply", () => {
  test("refuses everything when anything is wrong, all of it at once, with its place", () => {
    const made = world();
    const { plane } = made;
    const revision = plane.objects("Service").length;
    const problems = plane.apply(
      objects(
        text(
          deployment("web", 2),
          service("fine"),
          service("taken", "  clusterIP: 10.96.0.10"),
          service("outside", "  clusterIP: 10.1.1.1"),
          service("port", "").replace("targetPort: http", "targetPort: http, nodePort: 80").replace("spec:", "spec:\n  type: NodePort"),
          service("nowhere").replace("namespace: default", "namespace: shop"),
          service("zero").replace("port: 80", "port: 0"),
        ),
      ),
    );
    expect(problems.map((each) => `${each.object} ${each.path}: ${each.message}`)).toEqual([
      "Service default/zero spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      'Service default/taken spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
      'Service default/outside spec.clusterIPs: Invalid value: ["10.1.1.1"]: failed to allocate IP 10.1.1.1: the provided IP (10.1.1.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
      "Service default/port spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
      'Service shop/nowhere metadata.namespace: namespaces "shop" not found',
    ]);
    expect(problems.every((each) => each.file === "test.yaml" && each.line! > 0)).toBe(true);
    expect(formatProblem(problems[1]!)).toMatch(/^test\.yaml:\d+:\d+: spec\.clusterIPs: /);
    expect(plane.objects("Service")).toHaveLength(revision);
    expect(plane.objects("Deployment").map((each) => each.metadata.name)).toEqual(["coredns"]);
    expect(plane.settled()).toBe(true);
    // What the refused ones took is free.
    expect(plane.apply(objects(service("free", "  clusterIP: 10.96.44.44")))).toEqual([]);
  });

  test("takes a namespace of the same input, wherever it stands", () => {
    const made = world();
    apply(
      made,
      text(service("web").replace("namespace: default", "namespace: shop"), "\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"),
    );
    expect(made.plane.get("Service", "shop", "web")).toBeDefined();
    expect(made.plane.get("Namespace", "", "shop")).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": "shop" } },
      status: { phase: "Active" },
    });
  });

  test("keeps what was allocated and drops what the manifest drops", () => {
    const made = world();
    const port = service("web").replace("spec:", "spec:\n  type: NodePort").replace("metadata: {", "metadata: {labels: {a: b}, ");
    apply(made, port);
    const before = made.plane.get("Service", "default", "web")!;
    expect(before.spec.ports![0]!.nodePort).toBeGreaterThanOrEqual(30086);
    apply(made, port.replace("labels: {a: b}", "labels: {c: d}").replace("targetPort: http", "targetPort: 9090"));
    const after = made.plane.get("Service", "default", "web")!;
    expect(after.metadata.labels).toEqual({ c: "d" });
    expect(after.spec.clusterIP).toBe(before.spec.clusterIP);
    expect(after.spec.ports).toEqual([{ ...before.spec.ports![0], targetPort: 9090 }]);
  });

  test("refuses what never changes once set", () => {
    const made = world();
    apply(made, text(service("web"), deployment("web", 1)));
    const old = made.plane.get("Service", "default", "web")!.spec.clusterIP;
    const other = old === "10.96.99.99" ? "10.96.99.98" : "10.96.99.99";
    const moved = made.plane.apply(objects(service("web", `  clusterIP: ${other}`)));
    expect(moved.map((each) => `${each.path}: ${each.message}`)).toEqual([
      `spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set`,
    ]);
    const selected = made.plane.apply(objects(deployment("web", 1).replaceAll("app: web", "app: shop")));
    expect(selected.map((each) => `${each.path}: ${each.message}`)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"shop"}}: field is immutable',
    ]);
  });
});

describe("delete", () => {
  test("of a Deployment takes its sets and pods along, after their grace", () => {
    const made = world();
    apply(made, text(deployment("web", 2), service("web")));
    settle(made);
    const held = made.plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");
    const rows = held.map((pod) => made.plane.podNetns(`default/${pod.metadata.name}`));
    expect(made.plane.delete("Deployment", "default", "web")).toBe(true);
    expect(made.plane.delete("Deployment", "default", "web")).toBe(false);
    settle(made);
    expect(made.plane.objects("ReplicaSet").filter((each) => each.metadata.namespace === "default")).toEqual([]);
    expect(made.plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default")).toEqual([]);
    for (const row of rows) expect(made.plane.podOfNetns(row)).toBeUndefined();
    const slices = made.plane.objects("EndpointSlice").filter((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "web");
    expect(slices.map((each) => [each.endpoints, each.ports])).toEqual([[[], []]]);
  });

  test("of a pod goes ready, terminating, gone, as the slices tell it", () => {
    const made = world();
    apply(made, text(deployment("web", 1), service("web")));
    settle(made);
    const told: string[] = [];
    made.plane.onWatch(({ object }) => {
      if (object.kind === "EndpointSlice")
        told.push(object.endpoints.map((each) => `${each.addresses[0]} ${JSON.stringify(each.conditions)}`).join(", "));
    });
    const [pod] = made.plane.objects("Pod").filter((each) => each.metadata.namespace === "default");
    made.plane.delete("Pod", "default", pod!.metadata.name);
    const ending = made.plane.get("Pod", "default", pod!.metadata.name);
    expect(ending?.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 });
    expect(ending?.metadata.deletionTimestamp).toBeDefined();
    settle(made);
    const ip = pod!.status!.podIP!;
    expect(told[0]).toBe(`${ip} {"ready":false,"serving":true,"terminating":true}`);
    const last = told.at(-1)!;
    expect(last.includes(ip)).toBe(false);
    expect(last).toMatch(/"ready":true,"serving":true,"terminating":false/);
    expect(made.plane.events.filter((event) => event.reason === "Killing").map((event) => event.message)).toEqual([
      "Stopping container web",
    ]);
  });

  test("of a namespace takes all in it along", () => {
    const made = world();
    apply(
      made,
      text(
        "\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
        deployment("web", 2).replace("namespace: default", "namespace: shop"),
        service("web").replace("namespace: default", "namespace: shop"),
      ),
    );
    settle(made);
    made.plane.delete("Namespace", "", "shop");
    expect(made.plane.get("Namespace", "", "shop")?.status?.phase).toBe("Terminating");
    settle(made);
    expect(made.plane.get("Namespace", "", "shop")).toBeUndefined();
    for (const kind of ["Pod", "ReplicaSet", "Deployment", "Service", "EndpointSlice"] as const) {
      expect(made.plane.objects(kind).filter((each) => each.metadata.namespace === "shop")).toEqual([]);
    }
  });
});
