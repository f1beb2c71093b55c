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
      "c.yaml:1:11: nodeName: must be a string",
      "c.yaml:2:14: randomFully: must be true or false",
      "c.yaml:4:1: nodeLocalIPs: must be a list of strings",
      "c.yaml:7:13: flows[0].destPort: must be a whole number",
      "c.yaml:8:3: flows[1]: must be a map",
    ]);
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
