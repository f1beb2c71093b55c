/** The CNI contract for every CNI, and what the contract would say of a broken one. */
import { describe, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { createCluster, type Cluster } from "../../../src/cluster/cluster.js";
import { InputError } from "../../../src/cluster/input-error.js";
import { type ClusterOptions, planCluster } from "../../../src/cluster/options.js";
import { plumb } from "../../../src/linux/plumbing.js";
import { CALICO_DEFAULTS, ENCAPSULATIONS } from "../../../src/models/cni/calico/calico-options.js";
import { FLANNEL_BACKENDS } from "../../../src/models/cni/flannel-backend.js";
import { cniContract } from "../../../src/testing/cni-contract.js";

/** Every CNI there is, each with every way in which it reaches other nodes; each runs with every mode of kube-proxy. */
const CNIS = [
  "flannel",
  "flannel:directRouting=true",
  "flannel:backend=host-gw",
  "flannel:backend=ipip",
  "flannel:backend=ipip,directRouting=true",
  "flannel:backend=wireguard",
  "kindnet",
  "calico",
  "calico:encapsulation=VXLAN",
  "calico:encapsulation=IPIP",
  "calico:encapsulation=IPIPCrossSubnet",
  "calico:encapsulation=None,blockSize=29",
  "calico:encapsulation=None,clusterRoutingMode=BIRD",
];
const PROXIES = ["iptables", "nftables", "ipvs"];
const ENCAPSULATED = CNIS.map((cni) => /encapsulation=(\w+)/.exec(cni)?.[1] ?? "");

test("the table has every CNI of a cluster, every backend of flannel and every encapsulation of Calico", () => {
  const refused = (options: ClusterOptions): string => {
    try {
      planCluster(options);
      return "";
    } catch (error) {
      return error instanceof InputError ? error.problems.map(({ message }) => message).join("; ") : String(error);
    }
  };
  const words = (message: string): string[] => [...message.split("supported values:")[1]!.matchAll(/"([^"]+)"/g)].map(([, word]) => word!);
  expect(words(refused({ cni: "?" })).sort()).toEqual([...new Set(CNIS.map((cni) => cni.split(":")[0]!))].sort());
  expect(words(refused({ proxy: "?" })).sort()).toEqual([...PROXIES].sort());
  expect(FLANNEL_BACKENDS.filter((backend) => backend !== "vxlan" && !CNIS.some((cni) => cni.includes(`backend=${backend}`)))).toEqual([]);
  expect(ENCAPSULATIONS.filter((each) => each !== CALICO_DEFAULTS.encapsulation && !ENCAPSULATED.includes(each))).toEqual([]);
});

describe.each(CNIS.flatMap((cni) => PROXIES.map((proxy) => ({ cni, proxy }))))("$cni, $proxy", ({ cni, proxy }) => {
  test.each(cniContract(() => createCluster({ nodes: 3, cni, proxy }), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());
});

describe("a broken CNI", () => {
  const broken = (spoil: (cluster: Cluster) => void): readonly string[] => {
    const cases = cniContract(() => {
      const cluster = createCluster({ nodes: 3, cni: "kindnet" });
      cluster.settle();
      spoil(cluster);
      return cluster;
    }, walk);
    return cases.flatMap(({ name, holds }) => {
      try {
        holds();
        return [];
      } catch {
        return [name];
      }
    });
  };

  test("that translates is found out", () => {
    const names = broken((cluster) => {
      for (const { ns } of cluster.fabric.nodes) plumb(cluster.stack, { verb: "iptables", ns, family: 4, table: "nat", op: "insert", chain: "POSTROUTING", spec: "-p tcp -m tcp --dport 8080 -j MASQUERADE" });
    });
    expect(names).toEqual(["every pod reaches every pod, and is seen under its own address"]);
  });

  test("that has no way to another node is found out", () => {
    const names = broken((cluster) => {
      const { ns } = cluster.fabric.nodes[1]!;
      const cidr = cluster.get("Node", "", cluster.fabric.nodes[2]!.name)!.spec!.podCIDRs![0]!;
      plumb(cluster.stack, { verb: "route-del", ns, dst: cidr });
      plumb(cluster.stack, { verb: "route-add", ns, dst: cidr, type: "blackhole" });
    });
    expect(names).toContain("every pod reaches every pod, and is seen under its own address");
    expect(names).toContain("every node reaches every pod");
    expect(names).toContain("a node that goes leaves nothing behind on the others");
  });
});
