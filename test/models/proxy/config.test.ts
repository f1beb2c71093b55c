import { describe, expect, test } from "vitest";
import { formatProblem } from "../../../src/base/problem.js";
import { readProxyConfig } from "../../../src/models/proxy/config.js";
import { configuredIptablesNode, configuredNftablesNode } from "../../../src/models/proxy/configured-node.js";

const problemsOf = (text: string): readonly string[] => readProxyConfig(text, "c.yaml").problems.map(formatProblem);

describe("a configuration", () => {
  test("that says nothing is kube-proxy's default", () => {
    const config = readProxyConfig("nodeName: n1\n", "c.yaml").config!;
    expect(config).toMatchObject({
      ipFamily: "IPv4",
      masqueradeMark: "0x00004000",
      randomFully: true,
      masqueradeAll: false,
      localhostNodePorts: true,
      nodePortAddresses: null,
      sync: "full",
    });
    expect(configuredIptablesNode(config, []).detector).toBe(null);
  });

  test("is refused for wrong types, all of them at once, each at its place", () => {
    expect(problemsOf('nodeName: 5\nrandomFully: "yes"\nnodeLocalIPs:\n- 1.2.3.4\n- 7\nflows:\n- destPort: x\n- 3\n')).toEqual([
      "c.yaml:1:1: nodeName: json: cannot unmarshal number into Go struct field ProxyConfig.nodeName of type string",
      "c.yaml:2:1: randomFully: json: cannot unmarshal string into Go struct field ProxyConfig.randomFully of type bool",
      "c.yaml:5:3: nodeLocalIPs[1]: json: cannot unmarshal number into Go struct field ProxyConfig.nodeLocalIPs of type string",
      "c.yaml:7:3: flows[0].destPort: json: cannot unmarshal string into Go struct field Flow.flows.destPort of type int32",
      "c.yaml:8:3: flows[1]: json: cannot unmarshal number into Go struct field ProxyConfig.flows of type Flow",
    ]);
  });

  test("says of a flow that it is masqueraded, is not, or is for some ends", () => {
    const masq = (value: string): unknown => readProxyConfig(`flows:\n- masq: ${value}\n`, "c.yaml").config!.flows[0]!.masq;
    expect(["true", "false", "mixed", "null"].map(masq)).toEqual([true, false, "mixed", null]);
    expect(problemsOf("flows:\n- name: a\n  masq: sometimes\n")).toEqual(["c.yaml:3:3: flows[0].masq: must be true, false or mixed"]);
  });

  test("may hold keys that mean nothing, with a warning", () => {
    const { config, problems } = readProxyConfig("masqueradeal: true\n", "c.yaml");
    expect(config?.masqueradeAll).toBe(false);
    expect(problems).toMatchObject([{ severity: "warning", path: "masqueradeal", line: 1 }]);
  });

  test("is refused if it is no YAML, or no map", () => {
    expect(problemsOf("a: [")).toHaveLength(1);
    expect(problemsOf("- a\n")).toEqual(["c.yaml:1:1: a configuration is a map of keys"]);
    expect(problemsOf("")).toEqual(["c.yaml:1:1: a configuration is a map of keys"]);
  });
});

describe("the node of a configuration", () => {
  const nodes = [
    {
      apiVersion: "v1" as const,
      kind: "Node" as const,
      metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "eu-1a" } },
      spec: { podCIDRs: ["10.244.3.0/24", "fd00:10:244:3::/64"] },
    },
  ];
  const node = (text: string): ReturnType<typeof configuredIptablesNode> =>
    configuredIptablesNode(readProxyConfig(`nodeName: n1\n${text}`, "c.yaml").config!, nodes);

  test("has the zone and pod networks of its Node object", () => {
    expect(node("").zone).toBe("eu-1a");
    expect(node("detectLocal: {mode: NodeCIDR}").detector).toEqual({ kind: "cidr", cidr: "10.244.3.0/24" });
    expect(node("ipFamily: IPv6\ndetectLocal: {mode: NodeCIDR}").detector).toEqual({ kind: "cidr", cidr: "fd00:10:244:3::/64" });
  });

  test("detects by the first cluster network of its family, a bridge or a prefix", () => {
    expect(node("ipFamily: IPv6\ndetectLocal: {mode: ClusterCIDR, cidr: '10.0.0.0/8,fd00:10::/32,fd01::/32'}").detector).toEqual({
      kind: "cidr",
      cidr: "fd00:10::/32",
    });
    expect(node("detectLocal: {mode: ClusterCIDR, cidr: 'fd00:10::/32'}").detector).toBe(null);
    expect(node("detectLocal: {mode: BridgeInterface, bridgeInterface: cni0}").detector).toEqual({ kind: "bridge", name: "cni0" });
    expect(node("detectLocal: {mode: InterfaceNamePrefix, interfaceNamePrefix: cali}").detector).toEqual({ kind: "prefix", name: "cali" });
  });

  test("has the text of its release", () => {
    const release = (text: string): string => configuredNftablesNode(readProxyConfig(`release: "${text}"`, "c.yaml").config!, []).release;
    expect(["1.34", "v1.35.2", "1.36", "1.37", "1.40"].map(release)).toEqual(["1.35", "1.35", "1.36", "1.37", "1.37"]);
  });
});
