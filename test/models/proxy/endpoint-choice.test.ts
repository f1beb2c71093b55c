import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChoosingNode, chooseEndpoints, choiceDependsOnNode, choiceKey } from "../../../src/models/proxy/endpoint-choice.js";
import type { EndpointInfo, ServicePortInfo } from "../../../src/models/proxy/service-port-info.js";
import { changeView, emptyView } from "../../../src/models/proxy/view.js";
import { history } from "./arbitrary-services.js";

const here: ChoosingNode = { name: "here", zone: "zone-a", preferSameNode: true };

type State = "ready" | "draining" | "dead" | "unready";

function endpoint(
  host: number,
  nodeName: string,
  state: State,
  hints: Partial<Pick<EndpointInfo, "zoneHints" | "nodeHints">> = {},
): EndpointInfo {
  return {
    ip: `10.0.0.${host}`,
    port: 80,
    text: `10.0.0.${host}:80`,
    nodeName,
    ready: state === "ready",
    serving: state !== "dead",
    terminating: state === "draining" || state === "dead",
    zoneHints: [],
    nodeHints: [],
    slice: "ns/s",
    path: `endpoints[${host}]`,
    ...hints,
  };
}

function port(endpoints: readonly EndpointInfo[], over: Partial<ServicePortInfo> = {}): ServicePortInfo {
  return {
    namespace: "ns",
    name: "svc",
    title: "ns/svc",
    portName: "",
    protocol: "tcp",
    family: 4,
    path: "spec.ports[0]",
    clusterIP: "10.96.0.1",
    port: 80,
    nodePort: 0,
    externalIPs: [],
    vips: [],
    sourceRanges: [],
    healthCheckNodePort: 0,
    internalLocal: false,
    externalLocal: false,
    affinitySeconds: 0,
    endpoints,
    ...over,
  };
}

const externalLocal = { externalLocal: true, nodePort: 30000 };

function chosen(of: ServicePortInfo, node: ChoosingNode = here): { cluster: string; local: string; reachable: string; says: string } {
  const { cluster, local, reachable, hasAny, hasInternal, hasExternal } = chooseEndpoints(of, node);
  const hosts = (list: readonly EndpointInfo[]): string => list.map((each) => each.ip.slice("10.0.0.".length)).join(" ");
  const says = [hasAny ? "any" : "", hasInternal ? "internal" : "", hasExternal ? "external" : ""].filter((word) => word !== "").join(" ");
  return { cluster: hosts(cluster), local: hosts(local), reachable: hosts(reachable), says };
}

describe("states", () => {
  test("nothing to send to", () => {
    expect(chosen(port([]))).toEqual({ cluster: "", local: "", reachable: "", says: "" });
    expect(chosen(port([endpoint(1, "here", "unready"), endpoint(2, "here", "dead")], externalLocal)).says).toBe("");
  });

  test("ready ones; draining ones only if none is ready; one that is merely not ready never", () => {
    expect(chosen(port([endpoint(1, "x", "ready"), endpoint(2, "x", "draining")])).cluster).toBe("1");
    expect(chosen(port([endpoint(1, "x", "dead"), endpoint(2, "x", "draining"), endpoint(3, "x", "unready")])).cluster).toBe("2");
  });

  test("the two fallbacks are separate: only draining ones here, a ready one elsewhere", () => {
    const endpoints = [
      endpoint(2, "here", "draining"),
      endpoint(3, "here", "draining"),
      endpoint(4, "here", "dead"),
      endpoint(5, "node-1", "ready"),
    ];
    expect(chosen(port(endpoints, externalLocal))).toEqual({
      cluster: "5",
      local: "2 3",
      reachable: "2 3 5",
      says: "any internal external",
    });
  });

  test("remote draining ones keep a Local service from being empty, but not from having nothing here", () => {
    const only = [endpoint(1, "node-1", "draining")];
    expect(chosen(port(only, externalLocal))).toEqual({ cluster: "1", local: "", reachable: "1", says: "any internal" });
    expect(chosen(port(only, { internalLocal: true }))).toEqual({ cluster: "", local: "", reachable: "", says: "any external" });
  });
});

describe("policies", () => {
  const both = [endpoint(1, "here", "ready"), endpoint(2, "node-1", "ready"), endpoint(3, "", "ready")];

  test("Cluster takes all, Local those that name this node", () => {
    expect(chosen(port(both, externalLocal))).toEqual({ cluster: "1 2 3", local: "1", reachable: "1 2 3", says: "any internal external" });
    expect(chosen(port(both, { internalLocal: true }))).toEqual({ cluster: "", local: "1", reachable: "1", says: "any internal external" });
    expect(chosen(port(both, { internalLocal: true, nodePort: 30000 }))).toMatchObject({
      cluster: "1 2 3",
      local: "1",
      reachable: "1 2 3",
    });
  });

  test("an external policy without any external way in does not matter", () => {
    expect(chosen(port(both, { externalLocal: true }))).toMatchObject({ cluster: "1 2 3", local: "" });
  });

  test("an endpoint without a node is nobody's own", () => {
    expect(chosen(port([endpoint(3, "", "ready")], { internalLocal: true }), { ...here, name: "" })).toMatchObject({ local: "" });
  });
});

describe("hints", () => {
  const zone = (name: string): Partial<EndpointInfo> => ({ zoneHints: [name] });
  const node = (name: string): Partial<EndpointInfo> => ({ nodeHints: [name] });

  test("zones count if every ready endpoint has one and one is ours", () => {
    expect(chosen(port([endpoint(1, "x", "ready", zone("zone-a")), endpoint(2, "x", "ready", zone("zone-b"))])).cluster).toBe("1");
    expect(chosen(port([endpoint(1, "x", "ready", zone("zone-a")), endpoint(2, "x", "ready")])).cluster).toBe("1 2");
    expect(chosen(port([endpoint(1, "x", "ready", zone("zone-b")), endpoint(2, "x", "ready", zone("zone-b"))])).cluster).toBe("1 2");
    expect(
      chosen(port([endpoint(1, "x", "ready", zone("zone-a")), endpoint(2, "x", "ready", zone("zone-b"))]), { ...here, zone: "" }).cluster,
    ).toBe("1 2");
  });

  test("what is not ready needs no hint, and the fallback looks at none", () => {
    expect(chosen(port([endpoint(1, "x", "ready", zone("zone-a")), endpoint(2, "x", "unready")])).cluster).toBe("1");
    expect(chosen(port([endpoint(1, "x", "draining", zone("zone-b")), endpoint(2, "x", "draining", zone("zone-a"))])).cluster).toBe("1 2");
  });

  test("nodes come before zones, where the feature is on", () => {
    const of = port([
      endpoint(1, "x", "ready", { ...zone("zone-a"), ...node("elsewhere") }),
      endpoint(2, "x", "ready", { ...zone("zone-b"), ...node("here") }),
    ]);
    expect(chosen(of).cluster).toBe("2");
    expect(chosen(of, { ...here, preferSameNode: false }).cluster).toBe("1");
    expect(chosen(of, { ...here, name: "third" }).cluster).toBe("1");
  });

  test("with hints, local endpoints of another zone are reachable beside the zone's own", () => {
    const of = port([endpoint(1, "here", "ready", zone("zone-b")), endpoint(2, "x", "ready", zone("zone-a"))], externalLocal);
    expect(chosen(of)).toMatchObject({ cluster: "2", local: "1", reachable: "1 2" });
  });
});

test("nodes whose keys are equal choose alike, and ports that depend on no node give everybody the same", () => {
  const nodes: readonly ChoosingNode[] = ["node-a", "node-b", "node-c", "node-z"].flatMap((name) =>
    ["zone-1", "zone-2", ""].map((z) => ({ name, zone: z, preferSameNode: true })),
  );
  fc.assert(
    fc.property(history, (batches) => {
      for (const entry of batches.reduce(changeView, emptyView).entries) {
        for (const of of [...entry.v4, ...entry.v6]) {
          const byKey = new Map<string, unknown>();
          for (const one of nodes) {
            const key = choiceKey(of, one);
            if (!choiceDependsOnNode(of)) expect(key).toBe("");
            if (!byKey.has(key)) byKey.set(key, chooseEndpoints(of, one));
            expect(chooseEndpoints(of, one)).toEqual(byKey.get(key));
          }
        }
      }
    }),
  );
});
