// All three modes send the same flows to the same sets of endpoints, but for what kube-proxy-ipvs.md sections 3 and 10 list;
// what the IPVS mode does there is said here by those sections, flow by flow.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../../src/api/index.js";
import { flowsOfConfig } from "../../../../src/ask/rules-flows.js";
import { type ProxyConfig, type ProxyFlow, readProxyConfig } from "../../../../src/models/proxy/config.js";
import { configuredIpvsNode } from "../../../../src/models/proxy/configured-node.js";
import type { ProxyObjects } from "../../../../src/models/proxy/configured-rules.js";
import { chooseEndpoints } from "../../../../src/models/proxy/endpoint-choice.js";
import type { ServicePortInfo } from "../../../../src/models/proxy/service-port-info.js";
import { canonicalAddress, networkHolds } from "../../../../src/models/proxy/sloppy-address.js";
import { buildView, portsOf, type ServiceState } from "../../../../src/models/proxy/view.js";
import { serviceState } from "../arbitrary-services.js";

const NODE = "192.168.0.2";
const CONFIG = readProxyConfig(
  `nodeName: node-a\nnodeIP: ${NODE}\nnodeLocalIPs: [127.0.0.1, ${NODE}, 192.168.0.3]\ndetectLocal: {mode: ClusterCIDR, cidr: 10.244.0.0/16}\nnodePortAddresses: [192.168.0.2/32]\nserviceCIDRs: [10.96.0.0/16]\n`,
  "config.yaml",
).config!;
const SOURCES = { pod: "10.244.3.200", node: NODE, outside: "203.0.113.77", blocked: "198.18.0.1" } as const;
type Source = keyof typeof SOURCES;
type Frontend = "ClusterIP" | "external IP" | "VIP" | "NodePort";

interface Asked {
  readonly flow: ProxyFlow;
  readonly source: Source;
  readonly frontend: Frontend;
  readonly port: ServicePortInfo;
}

/** From everywhere to every frontend of every port. */
function questions(objects: ProxyObjects): readonly Asked[] {
  const ports = buildView(objects.services, objects.slices).entries.flatMap((entry) => portsOf(entry, 4));
  return ports.flatMap((port) => {
    const fronts: readonly (readonly [Frontend, string, number])[] = [
      ["ClusterIP", port.clusterIP, port.port],
      ...port.externalIPs.map(({ ip }) => ["external IP", ip, port.port] as const),
      ...port.vips.map(({ ip }) => ["VIP", ip, port.port] as const),
      ...(port.nodePort === 0 ? [] : [["NodePort", NODE, port.nodePort] as const]),
    ];
    return fronts.flatMap(([frontend, destIP, destPort]) =>
      (Object.keys(SOURCES) as Source[]).map((source): Asked => {
        const flow = { name: `${source} to ${destIP}:${destPort}/${port.protocol}`, sourceIP: SOURCES[source], protocol: port.protocol, destIP, destPort, output: "", masq: null };
        return { flow, source, frontend, port };
      }),
    );
  });
}

/** The ends of each flow as a set: modes try endpoints in different orders. */
function answers(mode: "iptables" | "nftables" | "ipvs", config: ProxyConfig, objects: ProxyObjects): readonly string[] {
  return flowsOfConfig(mode, config, objects).map(({ output, masq }) => `${[...new Set(output.split(", "))].sort().join(", ")} ${masq}`);
}

const texts = (list: readonly { readonly text: string }[]): string => [...new Set(list.map(({ text }) => text))].sort().join(", ");

/** What the facts say of the IPVS mode. */
function expected({ source, frontend, port }: Asked, objects: ProxyObjects): string {
  const { cluster, local } = chooseEndpoints(port, configuredIpvsNode(CONFIG, objects.nodes));
  const isLocal = frontend === "ClusterIP" ? port.internalLocal : port.externalLocal;
  const chosen = isLocal && local.length > 0 ? local : cluster;
  const address = canonicalAddress(SOURCES[source])!;
  // The firewall is on INPUT, which a node's own packets never meet.
  const ranges = frontend === "VIP" && source !== "node" ? port.sourceRanges : [];
  if (ranges.length > 0 && !ranges.some(({ network }) => networkHolds(network, address))) return "DROP false";
  if (chosen.length === 0) return "REJECT false";
  const masquerades = frontend === "ClusterIP" ? source !== "pod" : !port.externalLocal;
  return `${texts(chosen)} ${masquerades}`;
}

/** The difference of kube-proxy-ipvs.md 10 by which the flow may end elsewhere than in the iptables mode; "" for none. */
function difference({ source, frontend, port }: Asked, objects: ProxyObjects): string {
  const { cluster, local } = chooseEndpoints(port, configuredIpvsNode(CONFIG, objects.nodes));
  const isLocal = frontend === "ClusterIP" ? port.internalLocal : port.externalLocal;
  if (frontend === "VIP" && source === "node" && port.sourceRanges.length > 0) return "source ranges do not see the node's own address";
  if ((isLocal ? [...local, ...cluster] : cluster).length === 0) return "no endpoints: IPVS refuses, the node's own packets too";
  if (isLocal && local.length === 0) return "policy Local without local endpoints is sent to remote ones";
  if (isLocal && frontend !== "ClusterIP" && (source === "pod" || source === "node")) return "policy Local from inside: local endpoints alone, not masqueraded";
  return "";
}

/** One Service for each difference, which chance might leave out. */
const EXAMPLE: readonly ServiceState[] = (
  [
    ["none", { type: "NodePort", externalIPs: ["198.51.100.9"] }, []],
    ["both", { type: "NodePort", externalTrafficPolicy: "Local" }, ["node-a", "node-b"]],
    ["away", { type: "NodePort", externalTrafficPolicy: "Local" }, ["node-b"]],
    ["closed", { type: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/25"] }, ["node-b"]],
  ] as const
).map(([name, spec, nodes], i) => ({
  key: `one/${name}`,
  service: {
    apiVersion: "v1", kind: "Service", metadata: { name, namespace: "one" }, spec: { clusterIP: `10.96.0.${i + 1}`, ports: [{ port: 80, protocol: "TCP", nodePort: 30000 + i }], ...spec },
    ...(name === "closed" ? { status: { loadBalancer: { ingress: [{ ip: "203.0.113.200" }] } } } : {}),
  } as unknown as Service,
  slices: [
    {
      apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: `${name}-1`, namespace: "one", labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4",
      ports: [{ name: "", port: 8080, protocol: "TCP" }], endpoints: nodes.map((nodeName, host) => ({ addresses: [`10.244.${host}.${i + 1}`], nodeName })),
    } as unknown as EndpointSlice,
  ],
}));

test("the same flows to the same sets of endpoints, but for the differences that the facts list", () => {
  const seen = new Map<string, number>();
  let alike = 0;
  fc.assert(
    fc.property(fc.uniqueArray(serviceState, { minLength: 1, maxLength: 4, selector: ({ key }) => key }), (states) => {
      const objects: ProxyObjects = { services: states.flatMap(({ service }) => service ?? []), slices: states.flatMap(({ slices }) => slices), nodes: [] };
      const asked = questions(objects);
      const config: ProxyConfig = { ...CONFIG, flows: asked.map(({ flow }) => flow) };
      const found = answers("ipvs", config, objects);
      expect(asked.map(({ flow }, i) => `${flow.name}: ${found[i]}`)).toEqual(asked.map((each) => `${each.flow.name}: ${expected(each, objects)}`));
      const iptables = answers("iptables", config, objects);
      const nftables = answers("nftables", config, objects);
      asked.forEach((each, i) => {
        const why = difference(each, objects);
        if (why === "") {
          expect([each.flow.name, iptables[i], nftables[i]]).toEqual([each.flow.name, found[i], found[i]]);
          alike++;
        } else if (iptables[i] !== found[i]) seen.set(why, (seen.get(why) ?? 0) + 1);
      });
    }),
    { numRuns: 20, examples: [[[...EXAMPLE]]] },
  );
  expect(alike).toBeGreaterThan(100);
  expect([...seen.keys()].sort()).toEqual([
    "no endpoints: IPVS refuses, the node's own packets too",
    "policy Local from inside: local endpoints alone, not masqueraded",
    "policy Local without local endpoints is sent to remote ones",
    "source ranges do not see the node's own address",
  ]);
});

const shop: ProxyObjects = {
  services: [{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { type: "NodePort", clusterIP: "10.96.0.1", ports: [{ port: 80, protocol: "TCP", nodePort: 30080 }] } }] as ProxyObjects["services"],
  slices: [
    {
      apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name: "web-1", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } }, addressType: "IPv4",
      ports: [{ name: "", port: 8080, protocol: "TCP" }], endpoints: [{ addresses: ["10.244.1.1"] }, { addresses: ["10.244.2.1"] }],
    },
  ] as ProxyObjects["slices"],
  nodes: [],
};

test.each([
  ["a wrong port of a ClusterIP is rejected", "10.244.3.200", "10.96.0.1", 81, "REJECT"],
  ["an address of the service range that is nobody's is left alone", "10.244.3.200", "10.96.0.99", 80, ""],
  ["a node port on loopback leads nowhere", "127.0.0.1", "127.0.0.1", 30080, ""],
  ["a pod to itself is masqueraded", "10.244.1.1", "10.96.0.1", 80, "10.244.2.1:8080, 10.244.1.1:8080"],
])("%s", (_, sourceIP, destIP, destPort, output) => {
  const flow: ProxyFlow = { name: "", sourceIP, protocol: "tcp", destIP, destPort, output: "", masq: null };
  const config = { ...CONFIG, nodePortAddresses: null, flows: [flow] };
  expect(flowsOfConfig("ipvs", config, shop)[0]!.output).toBe(output);
});

test("a hashing scheduler has one end for a client, whatever its port", () => {
  const flow: ProxyFlow = { name: "", sourceIP: "203.0.113.2", protocol: "tcp", destIP: "10.96.0.1", destPort: 80, output: "", masq: null };
  const end = (scheduler: string, sourceIP: string): string => flowsOfConfig("ipvs", { ...CONFIG, scheduler, flows: [{ ...flow, sourceIP }] }, shop)[0]!.output;
  // The buckets of 203.0.113.2 and .3 are odd, that of 10.244.1.6 is even: kube-proxy-ipvs.md 11, example 3. The list is the second, the first.
  expect(["203.0.113.2", "203.0.113.3", "10.244.1.6", "10.244.1.5"].map((source) => end("sh", source))).toEqual(["10.244.1.1:8080", "10.244.1.1:8080", "10.244.2.1:8080", "10.244.1.1:8080"]);
  expect(end("dh", "203.0.113.2")).toBe(end("dh", "10.244.1.6"));
});

test("IPv6 goes the same ways", () => {
  const { config } = readProxyConfig('ipFamily: IPv6\nnodeName: node-a\nnodeIP: "2001:db8::1"\nnodeLocalIPs: ["::1", "2001:db8::1"]\ndetectLocal: {mode: ClusterCIDR, cidr: "fd00:244::/32"}\n', "config.yaml");
  const objects: ProxyObjects = {
    services: shop.services.map((service) => ({ ...service, spec: { ...service.spec, clusterIP: "fd00:96::1", clusterIPs: ["fd00:96::1"], ipFamilies: ["IPv6"] } })),
    slices: shop.slices.map((slice) => ({ ...slice, addressType: "IPv6", endpoints: [{ addresses: ["fd00:244:1::1"] }, { addresses: ["fd00:244:2::1"] }] })),
    nodes: [],
  };
  const flows = [
    ["fd00:244:3::200", "fd00:96::1", 80], ["2001:db8::1", "fd00:96::1", 80], ["2001:db8:9::77", "2001:db8::1", 30080], ["fd00:244:3::200", "fd00:96::1", 81],
  ].map(([sourceIP, destIP, destPort]) => ({ name: "", sourceIP, protocol: "tcp", destIP, destPort, output: "", masq: null }) as ProxyFlow);
  const both = "[fd00:244:2::1]:8080, [fd00:244:1::1]:8080";
  expect(flowsOfConfig("ipvs", { ...config!, flows }, objects).map(({ output, masq }) => [output, masq])).toEqual([[both, false], [both, true], [both, true], ["REJECT", false]]);
});
