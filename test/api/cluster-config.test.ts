import { describe, expect, test } from "vitest";
import { readKindConfig } from "../../src/api/kind-config.js";
import { readClusterConfiguration } from "../../src/api/kubeadm-config.js";
import { formatProblem } from "../../src/base/problem.js";

const head = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";

function problems(text: string): readonly string[] {
  return readKindConfig(text, "kind.yaml").problems.map(formatProblem);
}

// control-plane.md, section 8
describe("readKindConfig", () => {
  test("an empty config is one control plane with kind's subnets", () => {
    expect(readKindConfig(head).config).toEqual({
      name: "kind",
      nodes: [{ role: "control-plane", name: "kind-control-plane", labels: {}, extraPortMappings: [] }],
      ipFamily: "ipv4",
      podSubnets: ["10.244.0.0/16"],
      serviceSubnets: ["10.96.0.0/16"],
      apiServerAddress: "127.0.0.1",
      apiServerPort: 0,
      disableDefaultCNI: false,
      kubeProxyMode: "iptables",
    });
  });

  test("nodes are numbered within their role, the first without a number", () => {
    const roles = ["control-plane", "control-plane", "worker", "worker"].map((role) => `- role: ${role}\n`).join("");
    const { config } = readKindConfig(`${head}name: lab\nnodes:\n${roles}`);
    expect(config?.nodes.map((node) => node.name)).toEqual(["lab-control-plane", "lab-control-plane2", "lab-worker", "lab-worker2"]);
  });

  test.each([
    ["ipv6", ["fd00:10:244::/56"], ["fd00:10:96::/112"], "::1"],
    ["dual", ["10.244.0.0/16", "fd00:10:244::/56"], ["10.96.0.0/16", "fd00:10:96::/112"], "127.0.0.1"],
  ])("family %s has its own defaults", (family, pods, services, address) => {
    const { config } = readKindConfig(`${head}networking: {ipFamily: ${family}}`);
    expect(config).toMatchObject({ podSubnets: pods, serviceSubnets: services, apiServerAddress: address });
  });

  test("networking and port mappings are read", () => {
    const text = `${head}nodes:
- role: control-plane
  extraPortMappings:
  - containerPort: 30080
    hostPort: 8080
    protocol: tcp
networking:
  podSubnet: 10.1.0.0/16
  kubeProxyMode: nftables
  disableDefaultCNI: true
`;
    const { config } = readKindConfig(text);
    expect(config).toMatchObject({ podSubnets: ["10.1.0.0/16"], kubeProxyMode: "nftables", disableDefaultCNI: true });
    expect(config?.nodes[0]?.extraPortMappings).toEqual([
      { containerPort: 30080, hostPort: 8080, listenAddress: "0.0.0.0", protocol: "TCP" },
    ]);
  });

  test.each([
    ["nodes:\n- role: worker\n", "kind.yaml:3:1: nodes: must have at least one control-plane node"],
    ["nodes:\n- role: master\n", "kind.yaml:4:3: nodes[0].role: invalid role: master"],
    ["networking:\n  ipFamily: ipv5\n", "kind.yaml:4:3: networking.ipFamily: invalid ipFamily: ipv5"],
    ["networking:\n  podSubnet: 10.1.0.0/33\n", "kind.yaml:4:3: networking.podSubnet: invalid CIDR address: 10.1.0.0/33"],
    ["networking:\n  podSubnet: fd00::/56\n", "kind.yaml:4:3: networking.podSubnet: expected ipv4 CIDR but got fd00::/56"],
    ["networking:\n  kubeProxyMode: ebpf\n", "kind.yaml:4:3: networking.kubeProxyMode: invalid kubeProxyMode: ebpf"],
    ["networking:\n  apiServerPort: 70000\n", "kind.yaml:4:3: networking.apiServerPort: invalid apiServerPort: invalid port number: 70000"],
    ["networking:\n  podSubnet: 10.96.0.0/12\n", "kind.yaml:1:1: networking.serviceSubnet: 10.96.0.0/16 overlaps with the pod subnet 10.96.0.0/12"],
    ["network: {}\n", 'kind.yaml:3:1: network: unknown field "network"'],
    ["nodes: 3\n", "kind.yaml:3:1: nodes: json: cannot unmarshal number into Go struct field Cluster.nodes of type []v1alpha4.Node"],
  ])("refuses %j", (text, expected) => {
    expect(problems(head + text)).toContain(expected);
  });

  test("a file that is no kind config says so", () => {
    expect(problems("kind: Pod\napiVersion: v1\n")).toEqual([
      "kind.yaml:1:1: expected kind: Cluster with apiVersion: kind.x-k8s.io/v1alpha4",
    ]);
  });
});

describe("readClusterConfiguration", () => {
  test("kubeadm's defaults", () => {
    const { config } = readClusterConfiguration("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n");
    expect(config).toEqual({ podSubnets: [], serviceSubnets: ["10.96.0.0/12"], dnsDomain: "cluster.local", clusterName: "kubernetes" });
  });

  test("the document is found among others", () => {
    const text = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking:
  podSubnet: 10.244.0.0/16,fd00::/56
  dnsDomain: example.org
`;
    const { config } = readClusterConfiguration(text);
    expect(config).toMatchObject({ podSubnets: ["10.244.0.0/16", "fd00::/56"], dnsDomain: "example.org" });
  });

  test("two subnets of one family are refused", () => {
    const text = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: '10.1.0.0/16,10.2.0.0/16'}\n";
    expect(readClusterConfiguration(text, "k.yaml").problems.map(formatProblem)).toEqual([
      "k.yaml:3:14: networking.podSubnet: expected one CIDR for each IP family, found 10.1.0.0/16,10.2.0.0/16",
    ]);
  });
});
