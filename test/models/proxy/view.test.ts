import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../src/api/index.js";
import type { ServicePortInfo } from "../../../src/models/proxy/service-port-info.js";
import {
  buildView,
  changedServices,
  changeView,
  emptyView,
  type ProxyView,
  type ServiceState,
  sliceOwner,
} from "../../../src/models/proxy/view.js";
import { history } from "./arbitrary-services.js";
import { simpleService, simpleSlice, simpleState } from "./simple-services.js";

const KEY = "ns1/svc1";

function v4(service: Service, ...slices: readonly EndpointSlice[]): readonly ServicePortInfo[] {
  return buildView([service], slices).entries[0]?.v4 ?? [];
}

function endpoints(...slices: readonly EndpointSlice[]): readonly string[] {
  return v4(simpleService(KEY, "10.96.0.1"), ...slices)[0]!.endpoints.map((each) => each.text);
}

describe("Services", () => {
  test("headless ones, ExternalNames and those left to other proxies are not known", () => {
    const known = (over: Partial<Service["spec"]>, labels?: Readonly<Record<string, string>>): number => {
      const service = simpleService(KEY, "10.96.0.1", over);
      return v4({ ...service, metadata: { ...service.metadata, ...(labels === undefined ? {} : { labels }) } }).length;
    };
    expect(known({})).toBe(1);
    expect(known({ clusterIP: "None" })).toBe(0);
    expect(known({ clusterIP: "" })).toBe(0);
    expect(known({ type: "ExternalName" })).toBe(0);
    expect(known({}, { "service.kubernetes.io/service-proxy-name": "other" })).toBe(0);
    expect(known({}, { "service.kubernetes.io/headless": "" })).toBe(0);
  });

  test("of two families are known to both proxies, each with its own addresses", () => {
    const service = simpleService(
      KEY,
      "fd00:96::1",
      {
        type: "LoadBalancer",
        clusterIPs: ["fd00:96::1", "10.96.0.1"],
        ipFamilies: ["IPv6", "IPv4"],
        externalIPs: ["198.51.100.1", "2001:db8::5", "198.51.100.2"],
        loadBalancerSourceRanges: ["2001:db8::/32", " 203.0.113.7/25 "],
      },
      ["203.0.113.1", "2001:db8::9"],
    );
    const [entry] = buildView([service], []).entries;
    expect(entry!.v4[0]).toMatchObject({
      clusterIP: "10.96.0.1",
      externalIPs: [
        { ip: "198.51.100.1", path: "spec.externalIPs[0]" },
        { ip: "198.51.100.2", path: "spec.externalIPs[2]" },
      ],
      vips: [{ ip: "203.0.113.1", path: "status.loadBalancer.ingress[0]" }],
    });
    expect(entry!.v4[0]!.sourceRanges.map((range) => range.network.text)).toEqual(["203.0.113.0/25"]);
    expect(entry!.v6[0]).toMatchObject({ clusterIP: "fd00:96::1", externalIPs: [{ ip: "2001:db8::5" }], vips: [{ ip: "2001:db8::9" }] });
  });

  test("the external policy counts for node ports, load balancers, and ClusterIPs with an external IP", () => {
    const local = (over: Partial<Service["spec"]>): boolean =>
      v4(simpleService(KEY, "10.96.0.1", { externalTrafficPolicy: "Local", ...over }))[0]!.externalLocal;
    expect(local({ type: "NodePort" })).toBe(true);
    expect(local({ type: "LoadBalancer" })).toBe(true);
    expect(local({ type: "ClusterIP" })).toBe(false);
    expect(local({ type: "ClusterIP", externalIPs: ["198.51.100.1"] })).toBe(true);
  });

  test("the health check port counts for load balancers with a Local policy alone", () => {
    const healthCheck = (over: Partial<Service["spec"]>): number =>
      v4(simpleService(KEY, "10.96.0.1", { healthCheckNodePort: 32000, externalTrafficPolicy: "Local", ...over }))[0]!.healthCheckNodePort;
    expect(healthCheck({ type: "LoadBalancer" })).toBe(32000);
    expect(healthCheck({ type: "NodePort" })).toBe(0);
    expect(healthCheck({ type: "LoadBalancer", externalTrafficPolicy: "Cluster" })).toBe(0);
  });

  test("load balancer addresses of ipMode Proxy and host names are not the node's business", () => {
    const service = {
      ...simpleService(KEY, "10.96.0.1"),
      status: {
        loadBalancer: {
          ingress: [{ hostname: "lb.example" }, { ip: "1.2.3.4", ipMode: "Proxy" }, { ip: "1.2.3.5", ipMode: "VIP" }, { ip: "1.2.3.6" }],
        },
      },
    };
    expect(v4(service)[0]!.vips.map((vip) => vip.ip)).toEqual(["1.2.3.5", "1.2.3.6"]);
  });

  test("affinity lasts what the Service says, three hours where it says nothing", () => {
    const seconds = (over: Partial<Service["spec"]>): number => v4(simpleService(KEY, "10.96.0.1", over))[0]!.affinitySeconds;
    expect(seconds({})).toBe(0);
    expect(seconds({ sessionAffinity: "ClientIP" })).toBe(10800);
    expect(seconds({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } })).toBe(60);
  });
});

describe("endpoints", () => {
  test("are sorted byte by byte", () => {
    expect(endpoints(simpleSlice(KEY, ["10.0.1.2", "10.0.1.10", "10.0.0.9"]))).toEqual(["10.0.0.9:80", "10.0.1.10:80", "10.0.1.2:80"]);
  });

  test("are matched by port name and protocol, and ports without name or number are ignored", () => {
    expect(endpoints(simpleSlice(KEY, ["10.0.0.1"], { ports: [{ name: "p80", port: 8080, protocol: "UDP" }] }))).toEqual([]);
    expect(endpoints(simpleSlice(KEY, ["10.0.0.1"], { ports: [{ name: "other", port: 8080 }] }))).toEqual([]);
    expect(endpoints(simpleSlice(KEY, ["10.0.0.1"], { ports: [{ port: 8080 }, { name: "p80", port: 0 }, { name: "p80" }] }))).toEqual([]);
    expect(endpoints(simpleSlice(KEY, ["10.0.0.1"], { ports: [{ name: "p80", port: 8080 }] }))).toEqual(["10.0.0.1:8080"]);
  });

  test("come from slices of the family and the Service's label, by their first address", () => {
    expect(endpoints(simpleSlice(KEY, ["fd00::1"], { addressType: "IPv6" }))).toEqual([]);
    expect(endpoints(simpleSlice(KEY, ["10.0.0.1"], { metadata: { name: "x", namespace: "ns1" } }))).toEqual([]);
    expect(endpoints(simpleSlice(KEY, [], { endpoints: [{ addresses: ["10.0.0.1", "10.0.0.2"] }] }))).toEqual(["10.0.0.1:80"]);
    expect(sliceOwner(simpleSlice("ns2/other", []))).toBe("ns2/other");
  });

  test("of several slices are merged; of equal ones the first counts, unless a later one is not terminating", () => {
    const slice = (name: string, terminating: boolean): EndpointSlice =>
      simpleSlice(KEY, [], {
        metadata: { name, namespace: "ns1", labels: { "kubernetes.io/service-name": "svc1" } },
        endpoints: [{ addresses: ["10.0.0.1"], nodeName: name, conditions: { terminating } }],
      });
    const node = (...slices: readonly EndpointSlice[]): string => v4(simpleService(KEY, "10.96.0.1"), ...slices)[0]!.endpoints[0]!.nodeName;
    expect(node(slice("a", true), slice("b", true))).toBe("a");
    expect(node(slice("b", true), slice("a", true))).toBe("a");
    expect(node(slice("a", true), slice("b", false))).toBe("b");
    expect(node(slice("a", false), slice("b", true))).toBe("a");
  });
});

describe("a changed view", () => {
  const start = changeView(emptyView, [
    simpleState("ns/b", "10.96.0.2", ["10.0.0.1"]),
    simpleState("ns/a", "10.96.0.1"),
    simpleState("ns/c", "10.96.0.3"),
  ]);

  test("is ordered by namespace and name and shares what did not change", () => {
    expect(start.entries.map((entry) => entry.key)).toEqual(["ns/a", "ns/b", "ns/c"]);
    const next = changeView(start, [simpleState("ns/b", "10.96.0.2", ["10.0.0.2"])]);
    expect(next.entries[0]).toBe(start.entries[0]);
    expect(next.entries[1]).not.toBe(start.entries[1]);
    expect(changedServices(start, next)).toEqual(["ns/b"]);
    expect(next.version).toBe(start.version + 1);
  });

  test("is the same view if nothing differs", () => {
    expect(changeView(start, [simpleState("ns/b", "10.96.0.2", ["10.0.0.1"])])).toBe(start);
    expect(changeView(start, [simpleState("ns/gone", null)])).toBe(start);
  });

  test("equals a view made anew, counts endpoints, and knows what changed", () => {
    fc.assert(
      fc.property(history, (batches) => {
        const latest = new Map<string, ServiceState>();
        let view: ProxyView = emptyView;
        for (const batch of batches) {
          const before = view;
          view = changeView(view, batch);
          for (const state of batch) latest.set(state.key, state);
          const fresh = changeView(emptyView, [...latest.values()]);
          expect({ ...view, version: 0 }).toEqual({ ...fresh, version: 0 });
          expect(changedServices(view, fresh)).toEqual([]);
          const differs = (key: string): boolean =>
            before.entries.find((each) => each.key === key) !== view.entries.find((each) => each.key === key);
          expect(changedServices(before, view)).toEqual([...new Set(batch.map((state) => state.key))].filter(differs).sort());
        }
        const total = view.entries.flatMap((entry) => entry.v4).reduce((sum, port) => sum + port.endpoints.length, 0);
        expect(view.endpoints.v4).toBe(total);
      }),
    );
  });
});
