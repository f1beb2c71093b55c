// Clusters with two families, and with IPv6 alone. That the rules are kube-proxy's is shown by its cases and by the real tools;
// here packets of both families travel, in every mode.
import { describe, expect, test } from "vitest";
import { walk } from "../../src/ask/walk.js";
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import { isInputError } from "../../src/cluster/input-error.js";
import { put } from "../scenarios/proxy/shop.js";

const DUAL = { podSubnet: "10.244.0.0/16,fd00:10:244::/56", serviceSubnet: "10.96.0.0/16,fd00:10:96::/112" };
const SIX = { podSubnet: "fd00:10:244::/56", serviceSubnet: "fd00:10:96::/112" };
const PORT = 8080;

const pod = (name: string, nodeName: string): object => ({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", labels: { app: name } }, spec: { nodeName, containers: [{ name: "c", image: "x", ports: [{ containerPort: PORT }] }] } });
const service = (spec: object): object => ({ apiVersion: "v1", kind: "Service", metadata: { name: "b", namespace: "default" }, spec: { selector: { app: "b" }, ports: [{ port: 80, targetPort: PORT, ...("type" in spec ? { nodePort: 30080 } : {}) }], ...spec } });

function built(options: object, spec: object = { ipFamilyPolicy: "PreferDualStack", type: "NodePort" }): Cluster {
  const cluster = createCluster({ nodes: 3, cni: "kindnet", ...options });
  cluster.settle();
  put(cluster, [pod("a", "kind-worker"), pod("b", "kind-worker2"), service(spec)]);
  return cluster;
}

const host = (address: string, port: number): string => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`);
const addresses = (cluster: Cluster, name: string): readonly string[] => cluster.get("Pod", "default", name)!.status!.podIPs!.map(({ ip }) => ip);

/** Who the server says it was asked by: an address of the client's own family, or why nobody answered. */
function answered(cluster: Cluster, from: string, to: string): string {
  const { verdict, answer, errno } = cluster.ask(walk({ from, to }));
  return verdict === "delivered" ? (/ \[?([0-9a-f.:]+?)\]?:\d+\s*$/.exec(answer)?.[1] ?? answer) : errno;
}

describe.each(["iptables", "nftables", "ipvs"])("%s", (proxy) => {
  test("two families: each address reaches its own kind, by pod, Service and node port", () => {
    const cluster = built({ ...DUAL, proxy });
    const [four, six] = addresses(cluster, "a");
    expect([four, six]).toEqual([expect.stringMatching(/^10\.244\.1\./), expect.stringMatching(/^fd00:10:244:1::/)]);
    expect(cluster.get("Node", "", "kind-worker")!.spec!.podCIDRs).toEqual(["10.244.1.0/24", "fd00:10:244:1::/64"]);
    const { clusterIPs } = cluster.get("Service", "default", "b")!.spec;
    expect(clusterIPs).toHaveLength(2);
    expect(addresses(cluster, "b").map((ip) => answered(cluster, "a", host(ip, PORT)))).toEqual([four, six]);
    expect(clusterIPs!.map((ip) => answered(cluster, "a", host(ip, 80)))).toEqual([four, six]);
    for (const { address, address6 } of cluster.fabric.nodes) for (const at of [address, address6!]) expect(answered(cluster, "internet", host(at, 30080))).not.toMatch(/^E/);
    expect(cluster.objects("EndpointSlice").filter(({ metadata }) => metadata.name.startsWith("b-")).map(({ addressType }) => addressType).sort()).toEqual(["IPv4", "IPv6"]);
  });

  test("IPv6 alone: names, Services and pods", () => {
    const cluster = built({ ...SIX, proxy });
    const [six] = addresses(cluster, "a");
    expect(addresses(cluster, "a")).toHaveLength(1);
    expect(answered(cluster, "a", "http://b")).toBe(six);
    expect(cluster.probe({ from: "a", to: "2001:db8:203::10", protocol: "icmp" }).outcome).toBe("ok");
  });
});

test("a single-stack Service of the second family has only that one", () => {
  const cluster = built(DUAL, { ipFamilies: ["IPv6"] });
  expect(cluster.get("Service", "default", "b")!.spec.clusterIPs).toEqual([expect.stringMatching(/^fd00:10:96::/)]);
  expect(answered(cluster, "a", "http://b")).toBe(addresses(cluster, "a")[1]);
});

test("a policy holds in both families", () => {
  const cluster = built(DUAL);
  put(cluster, [{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "deny", namespace: "default" }, spec: { podSelector: { matchLabels: { app: "b" } } } }]);
  for (const ip of addresses(cluster, "b")) {
    expect(cluster.ask(walk({ from: "a", to: host(ip, PORT) }))).toMatchObject({ verdict: "dropped", end: { reason: "NETFILTER_DROP", node: "kind-worker2", cause: { object: "NetworkPolicy default/deny" } } });
  }
});

test("a fork goes on as the first does", () => {
  const cluster = built(DUAL);
  const fork = cluster.fork();
  for (const one of [cluster, fork]) {
    put(one, [pod("c", "kind-worker")]);
    one.run(30e9);
  }
  expect(fork.fingerprint()).toBe(cluster.fingerprint());
});

test("what is not modelled, or does not fit, is said", () => {
  const messages = (options: object): readonly string[] => {
    try {
      createCluster(options);
      return [];
    } catch (error) {
      if (!isInputError(error)) throw error;
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    }
  };
  expect(messages(DUAL)).toEqual(["cni: flannel with IPv6 pods: not modelled"]);
  expect(messages({ cni: "kindnet", podSubnet: DUAL.podSubnet })).toEqual([expect.stringContaining("must have the IP families of podSubnet")]);
  expect(messages({ cni: "kindnet", podSubnet: "10.1.0.0/16,10.2.0.0/16" })).toContain('podSubnet: Invalid value: "10.1.0.0/16,10.2.0.0/16": expected one CIDR, or two of different IP families');
  expect(messages({ cni: "kindnet", ...SIX, podSubnet: "fd00::/40" })).toEqual([expect.stringContaining("its prefix must be between /48 and /64")]);
  expect(messages({ cni: "kindnet", ...SIX, podSubnet: "fc00:f853:ccd:e793::/64" })).toEqual([expect.stringContaining("overlaps with podSubnet")]);
});
