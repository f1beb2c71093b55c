import { describe, expect, test } from "vitest";
import { readKindConfig } from "../../src/api/kind-config.js";
import { createCluster } from "../../src/cluster/cluster.js";
import { type ClusterOptions, optionsOfKind, planCluster } from "../../src/cluster/options.js";

const refusals = (options: ClusterOptions): readonly string[] => {
  try {
    planCluster(options);
    return [];
  } catch (error) {
    return (error as { readonly problems: readonly { readonly path: string; readonly message: string }[] }).problems.map(({ path, message }) => `${path}: ${message}`);
  }
};

describe("the words of kube-proxy's mode", () => {
  test("are a mode, and for IPVS its options", () => {
    expect(planCluster({})).toMatchObject({ proxy: "iptables" });
    expect(planCluster({ proxy: "ipvs" })).toMatchObject({ proxy: "ipvs", ipvs: { scheduler: "rr", strictARP: false } });
    expect(planCluster({ proxy: "ipvs:scheduler=lc,strictARP=true" })).toMatchObject({ proxy: "ipvs", ipvs: { scheduler: "lc", strictARP: true } });
    expect(planCluster({ proxy: "ipvs:tcpTimeout=1h1m,udpTimeout=90s" }).ipvs.timeouts).toEqual({ tcp: 3660, tcpFin: 0, udp: 90 });
  });

  test.each([
    ["ebpf", 'proxy: Unsupported value: "ebpf": supported values: "iptables", "nftables", "ipvs"'],
    ["none", "proxy: kube-proxy mode none: not modelled"],
    ["nftables:scheduler=rr", 'proxy.scheduler: Invalid value: "scheduler=rr": nftables takes no options'],
    ["ipvs:scheduler=best", 'proxy.scheduler: Unsupported value: "best": supported values: "rr", "wrr", "lc", "wlc", "sed", "nq", "dh", "sh", "mh", "fo", "ovf", "lblc", "lblcr"'],
    ["ipvs:scheduler=twos", "proxy.scheduler: IPVS scheduler twos: not modelled"],
    ["ipvs:strictARP=maybe", 'proxy.strictARP: Invalid value: "maybe": must be true or false'],
    ["ipvs:udpTimeout=5", 'proxy.udpTimeout: Invalid value: "5": must be a duration such as 90s or 15m'],
    ["ipvs:timeout=1", 'proxy.timeout: Invalid value: "timeout=1": supported options: scheduler, strictARP, tcpTimeout, tcpFinTimeout, udpTimeout'],
  ])("%s is refused", (proxy, message) => {
    expect(refusals({ proxy })).toEqual([message]);
  });
});

describe("a kind cluster config", () => {
  const read = (text: string): ReturnType<typeof readKindConfig> => readKindConfig(`kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n${text}`, "kind.yaml");

  test("says the mode in networking, and its options in a kubeadm patch of kind KubeProxyConfiguration", () => {
    expect(optionsOfKind(read("networking: {kubeProxyMode: ipvs}\n").config!)).toMatchObject({ proxy: "ipvs" });
    const { config, problems } = read(
      "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n- |\n  kind: KubeProxyConfiguration\n  mode: ipvs\n  ipvs:\n    scheduler: sh\n    strictARP: true\n    tcpTimeout: 0s\n    udpTimeout: 1m\n",
    );
    expect(problems).toEqual([]);
    expect(optionsOfKind(config!)).toMatchObject({ proxy: "ipvs:scheduler=sh,strictARP=true,tcpTimeout=0s,udpTimeout=1m" });
    const cluster = createCluster({ ...optionsOfKind(config!), nodes: 2 });
    cluster.settle();
    expect(cluster.exec("node/kind-worker", "ipvsadm -Sn").text).toContain("-A -t 10.96.0.1:443 -s sh");
    expect(cluster.exec("node/kind-worker", "sysctl -n net.ipv4.conf.all.arp_ignore").text).toBe("1");
    expect(cluster.exec("node/kind-worker", "ipvsadm -L --timeout").text).toBe("Timeout (tcp tcpfin udp): 900 120 60");
  });

  test("with a patch that makes no sense is refused", () => {
    const messages = read("kubeadmConfigPatches:\n- |\n  kind: KubeProxyConfiguration\n  mode: fast\n  ipvs: {strictARP: 1}\n").problems.map(({ message }) => message);
    expect(messages).toEqual(["ipvs.strictARP: must be true or false", "invalid mode of KubeProxyConfiguration: fast"]);
  });
});
