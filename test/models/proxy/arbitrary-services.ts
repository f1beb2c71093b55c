import fc from "fast-check";
import type { EndpointSlice, Service } from "../../../src/api/index.js";
import type { ServiceState } from "../../../src/models/proxy/view.js";

const NODES = ["node-a", "node-b", "node-c"];
const ZONES = ["zone-1", "zone-2"];
const PORTS = [
  { name: "http", port: 80, protocol: "TCP" },
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "sig", port: 5000, protocol: "SCTP" },
];

interface Draw {
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
  readonly ports: readonly number[];
  readonly externalLocal: boolean;
  readonly internalLocal: boolean;
  readonly externalIP: boolean;
  readonly vips: readonly ("VIP" | "Proxy" | undefined)[];
  readonly ranges: readonly string[];
  readonly affinity: number;
  readonly dual: boolean;
  readonly endpoints: readonly EndpointDraw[];
}

interface EndpointDraw {
  readonly host: number;
  readonly node: number;
  readonly state: number;
  readonly zone: number;
  readonly nodeHint: boolean;
}

const endpointDraw: fc.Arbitrary<EndpointDraw> = fc.record({
  host: fc.integer({ min: 1, max: 12 }),
  node: fc.integer({ min: 0, max: 3 }),
  state: fc.constantFrom(0, 0, 0, 1, 2, 3),
  zone: fc.integer({ min: 0, max: 2 }),
  nodeHint: fc.boolean(),
});

const serviceDraw: fc.Arbitrary<Draw> = fc.record({
  type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
  ports: fc.subarray([0, 1, 2], { minLength: 1 }),
  externalLocal: fc.boolean(),
  internalLocal: fc.boolean(),
  externalIP: fc.boolean(),
  vips: fc.array(fc.constantFrom("VIP", undefined, "Proxy"), { maxLength: 2 }),
  ranges: fc.subarray(["203.0.113.0/25", "192.168.0.0/24", "2001:db8::/64"]),
  affinity: fc.constantFrom(0, 0, 600, 10800),
  dual: fc.boolean(),
  endpoints: fc.array(endpointDraw, { maxLength: 5 }),
});

function states(state: number): { ready: boolean; serving: boolean; terminating: boolean } {
  if (state === 0) return { ready: true, serving: true, terminating: false };
  if (state === 1) return { ready: false, serving: true, terminating: true };
  if (state === 2) return { ready: false, serving: false, terminating: true };
  return { ready: false, serving: true, terminating: false };
}

function service(index: number, draw: Draw): Service {
  const exposed = draw.type !== "ClusterIP";
  const v4 = `10.96.0.${index + 1}`;
  const v6 = `fd00:96::${index + 1}`;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `svc${index}`, namespace: index % 2 === 0 ? "one" : "two" },
    spec: {
      type: draw.type,
      clusterIP: v4,
      clusterIPs: draw.dual ? [v4, v6] : [v4],
      ipFamilies: draw.dual ? ["IPv4", "IPv6"] : ["IPv4"],
      ports: draw.ports.map((port) => ({ ...PORTS[port]!, ...(exposed ? { nodePort: 30000 + 10 * index + port } : {}) })),
      ...(exposed ? { externalTrafficPolicy: draw.externalLocal ? "Local" : "Cluster" } : {}),
      internalTrafficPolicy: draw.internalLocal ? "Local" : "Cluster",
      ...(draw.externalIP ? { externalIPs: [`198.51.100.${index + 1}`] } : {}),
      ...(draw.type === "LoadBalancer" ? { loadBalancerSourceRanges: draw.ranges, healthCheckNodePort: 32000 + index } : {}),
      ...(draw.affinity > 0 ? { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: draw.affinity } } } : {}),
    },
    ...(draw.type === "LoadBalancer"
      ? {
          status: {
            loadBalancer: {
              ingress: draw.vips.map((ipMode, i) => ({
                ip: `203.0.113.${10 * index + i + 1}`,
                ...(ipMode === undefined ? {} : { ipMode }),
              })),
            },
          },
        }
      : {}),
  };
}

function slices(index: number, draw: Draw): readonly EndpointSlice[] {
  return (draw.dual ? ["IPv4", "IPv6"] : ["IPv4"]).map((addressType) => ({
    apiVersion: "discovery.k8s.io/v1" as const,
    kind: "EndpointSlice" as const,
    metadata: {
      name: `svc${index}-${addressType.toLowerCase()}`,
      namespace: index % 2 === 0 ? "one" : "two",
      labels: { "kubernetes.io/service-name": `svc${index}` },
    },
    addressType,
    ports: PORTS.map(({ name, protocol, port }) => ({ name, protocol, port: port + 8000 })),
    endpoints: draw.endpoints.map((endpoint) => ({
      addresses: [addressType === "IPv4" ? `10.244.${endpoint.node}.${endpoint.host}` : `fd00:244:${endpoint.node}::${endpoint.host}`],
      conditions: states(endpoint.state),
      ...(endpoint.node < NODES.length ? { nodeName: NODES[endpoint.node]! } : {}),
      hints: {
        ...(endpoint.zone < ZONES.length ? { forZones: [{ name: ZONES[endpoint.zone]! }] } : {}),
        ...(endpoint.nodeHint && endpoint.node < NODES.length ? { forNodes: [{ name: NODES[endpoint.node]! }] } : {}),
      },
    })),
  }));
}

const SERVICES = 4;

/** One change: some Service becomes something else, or goes away. */
export const serviceState: fc.Arbitrary<ServiceState> = fc
  .record({ index: fc.integer({ min: 0, max: SERVICES - 1 }), draw: fc.option(serviceDraw, { freq: 5 }) })
  .map(({ index, draw }) => ({
    key: `${index % 2 === 0 ? "one" : "two"}/svc${index}`,
    service: draw === null ? undefined : service(index, draw),
    slices: draw === null ? [] : slices(index, draw),
  }));

/** A history: batches of changes, one sync after each. */
export const history: fc.Arbitrary<readonly (readonly ServiceState[])[]> = fc.array(
  fc.array(serviceState, { minLength: 1, maxLength: 3 }),
  {
    minLength: 1,
    maxLength: 6,
  },
);
