import { describe, expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../../src/api/index.js";
import { formatPayload } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { formatIpvs } from "../../../../src/models/proxy/ipvs/ipvs-doc.js";
import type { IpvsNode } from "../../../../src/models/proxy/ipvs/ipvs-node.js";
import { IpvsRenderer, ipvsDoc } from "../../../../src/models/proxy/ipvs/render.js";
import { readNodePortAddresses } from "../../../../src/models/proxy/proxy-node.js";
import { canonicalAddress } from "../../../../src/models/proxy/sloppy-address.js";
import { buildView } from "../../../../src/models/proxy/view.js";

// The worked examples of kube-proxy-ipvs.md section 11: node 192.168.0.2, pods in 10.0.0.0/8, scheduler rr.

const addresses = ["127.0.0.1", "192.168.0.2"].map((text) => canonicalAddress(text)!);

function ipvsNode(over: Partial<IpvsNode> = {}): IpvsNode {
  return {
    name: "this-node",
    zone: "",
    preferSameNode: true,
    family: 4,
    primary: addresses[1]!,
    addresses,
    mark: "0x00004000",
    masqueradeAll: false,
    detector: { kind: "cidr", cidr: "10.0.0.0/8" },
    nodePorts: readNodePortAddresses([], 4, addresses[1]!, addresses),
    randomFully: true,
    scheduler: "rr",
    strictARP: false,
    ...over,
  };
}

function service(name: string, namespace: string, spec: Service["spec"], ...ingress: readonly string[]): Service {
  const status = ingress.length === 0 ? {} : { status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } } };
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec, ...status };
}

function slice(
  name: string,
  namespace: string,
  portName: string,
  port: number,
  endpoints: readonly (readonly [string, string])[],
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: portName, port, protocol: "TCP" }],
    endpoints: endpoints.map(([ip, nodeName]) => ({ addresses: [ip], nodeName })),
  };
}

function lists(objects: readonly [Service, EndpointSlice], node: IpvsNode): readonly string[] {
  const renderer = new IpvsRenderer(() => 1);
  const doc = ipvsDoc(renderer.render(buildView([objects[0]], [objects[1]]), node), node, renderer.causeOf);
  return formatIpvs(doc, formatPayload).trimEnd().split("\n");
}

const one: readonly [Service, EndpointSlice] = [
  service("svc1", "ns1", { clusterIP: "172.30.0.41", ports: [{ name: "p80", port: 80, protocol: "TCP", targetPort: 8080 }] }),
  slice("svc1", "ns1", "p80", 8080, [
    ["10.180.0.1", "this-node"],
    ["10.180.2.1", "other"],
  ]),
];

describe("a ClusterIP with one local and one remote endpoint", () => {
  const lines = lists(one, ipvsNode());

  test("addresses, virtual server and sets", () => {
    expect(lines.slice(0, lines.indexOf("*nat"))).toEqual([
      "kube-ipvs0 172.30.0.41/32",
      "TCP 172.30.0.41:80 rr",
      "  10.180.0.1:8080 w1 masq",
      "  10.180.2.1:8080 w1 masq",
      "KUBE-LOOP-BACK 10.180.0.1,tcp:8080,10.180.0.1",
      "KUBE-CLUSTER-IP 172.30.0.41,tcp:80",
      "KUBE-IPVS-IPS 172.30.0.41",
    ]);
  });

  test("the nat rules, in the order written", () => {
    expect(lines.slice(lines.indexOf("*nat"), lines.indexOf("*filter")).filter((line) => line.startsWith("-A"))).toEqual([
      "-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN",
      '-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE',
      '-A KUBE-SERVICES -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst ! -s 10.0.0.0/8 -j KUBE-MARK-MASQ',
      "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT",
      "-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ",
      "-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT",
      "-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN",
      "-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000",
      '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
      "-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000",
    ]);
  });

  test("the filter rules", () => {
    expect(lines.slice(lines.indexOf("*filter")).filter((line) => line.startsWith("-A"))).toEqual([
      "-A KUBE-SOURCE-RANGES-FIREWALL -j DROP",
      '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT',
      '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT',
      "-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN",
      "-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN",
      "-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN",
      "-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -j RETURN",
      "-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN",
      "-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT",
    ]);
  });

  test("without a detector the node's own traffic is known by its source, with masqueradeAll everything is marked", () => {
    const mark = (node: IpvsNode): string =>
      lists(one, node).find((line) => line.includes("KUBE-CLUSTER-IP") && line.endsWith("KUBE-MARK-MASQ"))!;
    expect(mark(ipvsNode({ detector: null }))).toContain("--match-set KUBE-CLUSTER-IP src,dst -j");
    expect(mark(ipvsNode({ masqueradeAll: true }))).toContain("--match-set KUBE-CLUSTER-IP dst,dst -j");
    expect(mark(ipvsNode({ detector: { kind: "prefix", name: "cali" } }))).toContain("dst,dst ! -i cali+ -j");
  });
});

describe("a load balancer with a Local policy, a source range and a health check port", () => {
  const objects = (endpoints: readonly (readonly [string, string])[]): readonly [Service, EndpointSlice] => [
    service(
      "svc2",
      "ns2",
      {
        type: "LoadBalancer",
        clusterIP: "172.30.0.42",
        externalTrafficPolicy: "Local",
        healthCheckNodePort: 30000,
        loadBalancerSourceRanges: ["203.0.113.0/25"],
        ports: [{ name: "p80", port: 80, protocol: "TCP", nodePort: 3001 }],
      },
      "1.2.3.4",
    ),
    slice("svc2", "ns2", "p80", 80, endpoints),
  ];

  test("lists", () => {
    const lines = lists(
      objects([
        ["10.180.0.2", "this-node"],
        ["10.180.2.2", "other"],
      ]),
      ipvsNode(),
    );
    expect(lines.slice(0, lines.indexOf("*nat"))).toEqual([
      "kube-ipvs0 172.30.0.42/32",
      "kube-ipvs0 1.2.3.4/32",
      "TCP 172.30.0.42:80 rr",
      "  10.180.0.2:80 w1 masq",
      "  10.180.2.2:80 w1 masq",
      "TCP 1.2.3.4:80 rr",
      "  10.180.0.2:80 w1 masq",
      "TCP 127.0.0.1:3001 rr",
      "  10.180.0.2:80 w1 masq",
      "TCP 192.168.0.2:3001 rr",
      "  10.180.0.2:80 w1 masq",
      "KUBE-LOOP-BACK 10.180.0.2,tcp:80,10.180.0.2",
      "KUBE-CLUSTER-IP 172.30.0.42,tcp:80",
      "KUBE-LOAD-BALANCER 1.2.3.4,tcp:80",
      "KUBE-LOAD-BALANCER-LOCAL 1.2.3.4,tcp:80",
      "KUBE-LOAD-BALANCER-FW 1.2.3.4,tcp:80",
      "KUBE-LOAD-BALANCER-SOURCE-CIDR 1.2.3.4,tcp:80,203.0.113.0/25",
      "KUBE-NODE-PORT-TCP 3001",
      "KUBE-NODE-PORT-LOCAL-TCP 3001",
      "KUBE-HEALTH-CHECK-NODE-PORT 30000",
      "KUBE-IPVS-IPS 1.2.3.4",
      "KUBE-IPVS-IPS 172.30.0.42",
    ]);
    expect(lines).toContain("-A KUBE-IPVS-OUT-FILTER -s 1.2.3.4 -m ipvs --vaddr 1.2.3.4 --vproto tcp --vport 80 -j DROP");
  });

  test("without a local endpoint external traffic goes to the remote one", () => {
    const lines = lists(objects([["10.180.2.2", "other"]]), ipvsNode());
    expect(lines.slice(lines.indexOf("TCP 1.2.3.4:80 rr")).slice(1, 2)).toEqual(["  10.180.2.2:80 w1 masq"]);
    expect(lines.slice(lines.indexOf("TCP 192.168.0.2:3001 rr")).slice(1, 2)).toEqual(["  10.180.2.2:80 w1 masq"]);
  });
});

test("affinity is persistence of each virtual server", () => {
  const sticky: readonly [Service, EndpointSlice] = [
    service("svc3", "ns3", {
      clusterIP: "172.30.0.43",
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
      ports: [{ port: 80, protocol: "TCP" }],
    }),
    slice("svc3", "ns3", "", 80, [["10.180.0.3", "x"]]),
  ];
  expect(lists(sticky, ipvsNode())).toContain("TCP 172.30.0.43:80 rr persistent 600");
});
