import { describe, expect, test } from "vitest";
import type { Service, ServiceSpec } from "../../src/api/index.js";
import { ServiceAllocators } from "../../src/control/service-allocators.js";
import { ServiceIps, staticBand } from "../../src/control/service-ip.js";
import { NodePorts } from "../../src/control/node-port.js";

// Expected values: facts/control-plane.md 1.5 to 1.8 (kubernetes ipallocator, portallocator, alloc.go; KEP-3070).

const draw = (_stream: string, n: number): number => n - 1;
const named = (spec: ServiceSpec): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "default" },
  spec: { type: "ClusterIP", ...spec },
});
const ports = [{ port: 80, protocol: "TCP" }];

describe("cluster IPs", () => {
  test("the lower band by the size of the range", () => {
    const size = (prefix: number): number => staticBand(2 ** (32 - prefix));
    expect([12, 16, 20, 22, 24, 28].map(size)).toEqual([256, 256, 256, 64, 16, 0]);
  });

  test("draws begin in the upper band and go to the lower one last", () => {
    const ips = new ServiceIps("10.96.0.0/16");
    expect(ips.draw(() => 0)).toBe("10.96.1.1");
    const small = new ServiceIps("10.0.0.0/24");
    const drawn = Array.from({ length: 254 }, () => small.draw(() => 0));
    expect(drawn[0]).toBe("10.0.0.17");
    expect(drawn.slice(0, 238).every((ip) => Number(ip!.split(".")[3]) > 16)).toBe(true);
    expect(new Set(drawn).size).toBe(254);
    expect(drawn.includes("10.0.0.0") || drawn.includes("10.0.0.255")).toBe(false);
    expect(small.draw(() => 0)).toBeNull();
  });

  test("an explicit wish is honoured once, and refused in the server's words", () => {
    const ips = new ServiceIps("10.96.0.0/16");
    expect(ips.take("10.96.0.10")).toBeNull();
    expect(ips.take("10.96.0.10")).toBe("failed to allocate IP 10.96.0.10: provided IP is already allocated");
    expect(ips.take("10.1.1.1")).toBe(
      "failed to allocate IP 10.1.1.1: the provided IP (10.1.1.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
    );
    ips.release("10.96.0.10");
    expect(ips.take("10.96.0.10")).toBeNull();
  });
});

describe("node ports", () => {
  test("draws begin at 30086, the lower band comes last", () => {
    const pool = new NodePorts();
    expect(pool.draw(() => 0)).toBe(30086);
    expect(pool.take(80)).toBe("provided port is not in the valid range. The range of valid ports is 30000-32767");
    expect(pool.take(30080)).toBeNull();
    expect(pool.take(30080)).toBe("provided port is already allocated");
    const drawn = Array.from({ length: 2768 - 2 }, () => pool.draw(() => 0));
    expect(new Set(drawn).size).toBe(2766);
    expect(pool.draw(() => 0)).toBeNull();
  });

  test("equal port numbers of different protocols share one", () => {
    const made = new ServiceAllocators(["10.96.0.0/16"]).admit(
      named({ type: "NodePort", ports: [...ports, { port: 80, protocol: "UDP", name: "u" }, { port: 81 }] }),
      null,
      draw,
    );
    const [a, b, c] = made.service.spec.ports!.map((port) => port.nodePort);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
  });
});

describe("Services", () => {
  const both = ["10.96.0.0/16", "fd00:10:96::/112"];

  test("families by policy", () => {
    const families = (ranges: readonly string[], spec: ServiceSpec): readonly unknown[] => {
      const { service, faults } = new ServiceAllocators(ranges).admit(named({ ports, ...spec }), null, draw);
      return faults.length > 0
        ? faults.map(({ path, detail }) => `${path}: ${detail}`)
        : [service.spec.ipFamilyPolicy, service.spec.ipFamilies, service.spec.clusterIPs?.length];
    };
    expect(families(both, {})).toEqual(["SingleStack", ["IPv4"], 1]);
    expect(families(both, { ipFamilyPolicy: "PreferDualStack" })).toEqual(["PreferDualStack", ["IPv4", "IPv6"], 2]);
    expect(families(both, { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv6"] })).toEqual(["RequireDualStack", ["IPv6", "IPv4"], 2]);
    expect(families(both.slice(0, 1), { ipFamilyPolicy: "PreferDualStack" })).toEqual(["PreferDualStack", ["IPv4"], 1]);
    expect(families(both.slice(0, 1), { ipFamilyPolicy: "RequireDualStack" })).toEqual([
      "spec.ipFamilyPolicy: this cluster is not configured for dual-stack services",
    ]);
    expect(families(both.slice(0, 1), { ipFamilies: ["IPv6"] })).toEqual(["spec.ipFamilies[0]: not configured on this cluster"]);
    expect(families(both, { clusterIP: "None", selector: { app: "x" } })).toEqual(["SingleStack", ["IPv4"], 1]);
    expect(families(both, { clusterIP: "None" })).toEqual(["RequireDualStack", ["IPv4", "IPv6"], 1]);
  });

  test("a refused Service holds nothing", () => {
    const allocators = new ServiceAllocators(["10.96.0.0/16"]);
    allocators.admit(named({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }), null, draw);
    const refused = allocators.admit(
      named({
        type: "NodePort",
        clusterIP: "10.96.7.7",
        ports: [
          { port: 1, nodePort: 30081 },
          { port: 2, nodePort: 30080 },
        ],
      }),
      null,
      draw,
    );
    expect(refused.faults).toEqual([{ path: "spec.ports[1].nodePort", value: 30080, detail: "provided port is already allocated" }]);
    const again = allocators.admit(named({ type: "NodePort", clusterIP: "10.96.7.7", ports: [{ port: 1, nodePort: 30081 }] }), null, draw);
    expect(again.faults).toEqual([]);
  });

  test("what a Service gives up is free again", () => {
    const allocators = new ServiceAllocators(["10.96.0.0/16"]);
    const old = allocators.admit(named({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }), null, draw).service;
    const { nodePort: _, ...port } = old.spec.ports![0]!;
    const now = allocators.admit({ ...old, spec: { ...old.spec, type: "ClusterIP", ports: [port] } }, old, draw).service;
    expect(now.spec.clusterIP).toBe(old.spec.clusterIP);
    allocators.replaced(old, now);
    expect(allocators.admit(named({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }), null, draw).faults).toEqual([]);
  });
});
