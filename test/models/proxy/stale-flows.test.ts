import { describe, expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../src/api/index.js";
import { answerHealthCheck, healthChecks } from "../../../src/models/proxy/health-check.js";
import { looksAtFlows, staleFlows } from "../../../src/models/proxy/stale-flows.js";
import { defaultSyncPeriods, nextSync, unscheduled } from "../../../src/models/proxy/sync-schedule.js";
import { changeView, emptyView, type ProxyView } from "../../../src/models/proxy/view.js";

const SECOND = 1e9;

type Conditions = { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };

function service(spec: Partial<Service["spec"]> = {}): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "dns", namespace: "kube-system" },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.96.0.10",
      externalIPs: ["198.51.100.5"],
      ports: [
        { name: "dns", port: 53, protocol: "UDP", nodePort: 30053 },
        { name: "dns-tcp", port: 53, protocol: "TCP", nodePort: 30054 },
      ],
      ...spec,
    },
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } },
  };
}

function slice(ports: readonly string[], endpoints: readonly (readonly [string, Conditions, string?])[]): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "dns-1", namespace: "kube-system", labels: { "kubernetes.io/service-name": "dns" } },
    addressType: "IPv4",
    ports: ports.map((name) => ({ name, port: 53, protocol: name === "dns" ? "UDP" : "TCP" })),
    endpoints: endpoints.map(([ip, conditions, nodeName]) => ({
      addresses: [ip],
      conditions,
      ...(nodeName === undefined ? {} : { nodeName }),
    })),
  };
}

function viewOf(of: Service, ...slices: readonly EndpointSlice[]): ProxyView {
  return changeView(emptyView, [{ key: "kube-system/dns", service: of, slices }]);
}

describe("stale UDP flows", () => {
  const view = viewOf(
    service(),
    slice(
      ["dns", "dns-tcp"],
      [
        ["10.244.0.2", {}],
        ["10.244.0.3", { ready: false, serving: true, terminating: true }],
      ],
    ),
  );
  const isStale = staleFlows(view, 4);
  const flow = (originalDestination: string, originalPort: number, replySource: string): boolean =>
    isStale({ originalDestination, originalPort, replySource });

  test("to an address of the Service and answered by none of its serving endpoints", () => {
    for (const frontend of ["10.96.0.10", "198.51.100.5", "203.0.113.7"]) {
      expect(flow(frontend, 53, "10.244.0.9")).toBe(true);
      expect(flow(frontend, 53, "10.244.0.2")).toBe(false);
      expect(flow(frontend, 53, "10.244.0.3")).toBe(false);
    }
    expect(flow("192.168.0.2", 30053, "10.244.0.9")).toBe(true);
    expect(flow("192.168.0.77", 30053, "10.244.0.9")).toBe(true);
  });

  test("another port, another address, or a TCP node port is left alone", () => {
    expect(flow("10.96.0.10", 54, "10.244.0.9")).toBe(false);
    expect(flow("10.96.0.11", 53, "10.244.0.9")).toBe(false);
    expect(flow("192.168.0.2", 30054, "10.244.0.9")).toBe(false);
  });

  test("a port without serving endpoints claims nothing", () => {
    const empty = staleFlows(viewOf(service(), slice(["dns"], [["10.244.0.2", { serving: false, terminating: true, ready: false }]])), 4);
    expect(empty({ originalDestination: "10.96.0.10", originalPort: 53, replySource: "10.244.0.2" })).toBe(false);
  });

  test("are looked for only when endpoints of a UDP port changed", () => {
    const other = viewOf(service(), slice(["dns", "dns-tcp"], [["10.244.0.2", {}]]));
    expect(looksAtFlows(view, other, 4)).toBe(true);
    expect(looksAtFlows(view, view, 4)).toBe(false);
    expect(looksAtFlows(view, other, 6)).toBe(false);
    const sticky = viewOf(service({ sessionAffinity: "ClientIP" }), slice(["dns", "dns-tcp"], [["10.244.0.2", {}]]));
    expect(looksAtFlows(other, sticky, 4)).toBe(false);
    const tcp = (ip: string): ProxyView => viewOf(service(), slice(["dns-tcp"], [[ip, {}]]));
    expect(looksAtFlows(tcp("10.244.0.2"), tcp("10.244.0.3"), 4)).toBe(false);
  });
});

describe("health check node ports", () => {
  const local = { externalTrafficPolicy: "Local", healthCheckNodePort: 32100 };
  const node = { family: 4 as const, name: "here" };

  test("report ready endpoints of the node, each address once", () => {
    const view = viewOf(
      service(local),
      slice(
        ["dns", "dns-tcp"],
        [
          ["10.244.0.2", {}, "here"],
          ["10.244.0.3", {}, "there"],
          ["10.244.0.4", { ready: false, serving: true, terminating: true }, "here"],
          ["10.244.0.5", {}],
        ],
      ),
    );
    const [check] = healthChecks(view, node);
    expect(check).toEqual({ namespace: "kube-system", name: "dns", nodePort: 32100, localEndpoints: 1 });
    expect(answerHealthCheck(check!, true)).toMatchObject({ status: 200 });
    expect(JSON.parse(answerHealthCheck(check!, true).body)).toEqual({
      service: { namespace: "kube-system", name: "dns" },
      localEndpoints: 1,
      serviceProxyHealthy: true,
    });
    expect(answerHealthCheck(check!, false).status).toBe(503);
  });

  test("answer 503 without endpoints here, and do not exist for a Cluster policy", () => {
    const [check] = healthChecks(viewOf(service(local), slice(["dns"], [["10.244.0.3", {}, "there"]])), node);
    expect(answerHealthCheck(check!, true).status).toBe(503);
    expect(healthChecks(viewOf(service({ healthCheckNodePort: 32100 })), node)).toEqual([]);
  });
});

describe("when a sync runs", () => {
  const at = (over: Partial<typeof unscheduled>, now: number): number | null =>
    nextSync({ ...unscheduled, ...over }, now, defaultSyncPeriods);

  test("at once at first, then at least a second after the last one ended", () => {
    expect(at({}, 5)).toBe(null);
    expect(at({ requested: true }, 5)).toBe(5);
    expect(at({ requested: true, lastRun: 10 * SECOND }, 10.2 * SECOND)).toBe(11 * SECOND);
    expect(at({ requested: true, lastRun: 10 * SECOND }, 15 * SECOND)).toBe(15 * SECOND);
  });

  test("after the sync period if the last one failed, and every hour without a reason", () => {
    expect(at({ lastRun: 10 * SECOND, lastFailed: true }, 11 * SECOND)).toBe(40 * SECOND);
    expect(at({ lastRun: 10 * SECOND }, 11 * SECOND)).toBe(3610 * SECOND);
  });
});
