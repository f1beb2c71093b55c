import { describe, expect, test } from "vitest";
import { formatResolvConf, type KubeletDns, podResolvConf } from "../../../src/models/dns/resolv-conf.js";
import { searchNames } from "../../../src/models/dns/resolver.js";

// dns.md section 5.
const kubelet: KubeletDns = { clusterDns: ["10.96.0.10"], clusterDomain: "cluster.local", node: { nameservers: ["172.18.0.1"], search: ["corp.example"], options: { edns0: "" } } };
const text = (pod: Omit<Parameters<typeof podResolvConf>[1], "namespace">): string => formatResolvConf(podResolvConf(kubelet, { namespace: "default", ...pod }));
const CLUSTER = "search default.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n";
const NODE = "search corp.example\nnameserver 172.18.0.1\noptions edns0\n";

describe("resolv.conf of a pod", () => {
  test.each([
    ["ClusterFirst", {}, CLUSTER],
    ["ClusterFirst on the host's network", { hostNetwork: true }, NODE],
    ["ClusterFirstWithHostNet", { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }, CLUSTER],
    ["Default", { dnsPolicy: "Default" }, NODE],
    ["None", { dnsPolicy: "None", dnsConfig: { nameservers: ["1.1.1.1"], searches: ["a.b"], options: [{ name: "ndots", value: "1" }, { name: "rotate" }] } }, "search a.b\nnameserver 1.1.1.1\noptions ndots:1 rotate\n"],
    ["dnsConfig is put behind, options by name", { dnsConfig: { nameservers: ["1.1.1.1", "10.96.0.10"], searches: ["cluster.local", "x.y"], options: [{ name: "ndots", value: "2" }] } }, "search default.svc.cluster.local svc.cluster.local cluster.local corp.example x.y\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2\n"],
  ])("%s", (_name, pod, expected) => {
    expect(text(pod)).toBe(expected);
  });

  test("without clusterDNS it is the node's", () => {
    expect(formatResolvConf(podResolvConf({ ...kubelet, clusterDns: [] }, { namespace: "default" }))).toBe(NODE);
  });

  test("limits: three servers, 32 domains, 2048 characters, 253 a domain", () => {
    const conf = (searches: readonly string[], nameservers: readonly string[] = ["1.1.1.1"]): ReturnType<typeof podResolvConf> => podResolvConf(kubelet, { namespace: "default", dnsPolicy: "None", dnsConfig: { nameservers, searches } });
    expect(conf([], ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]).nameservers).toHaveLength(3);
    expect(conf(Array.from({ length: 40 }, (_, i) => `d${i}`)).search).toHaveLength(32);
    expect(conf(Array.from({ length: 20 }, (_, i) => `${"a".repeat(200)}${i}`)).search.join(" ").length).toBeLessThanOrEqual(2048);
    expect(conf(["a".repeat(254), "b"]).search).toEqual(["b"]);
  });
});

describe("names that are tried", () => {
  const conf = podResolvConf(kubelet, { namespace: "default" });
  const short = { ...conf, search: ["a", "b"] };
  test.each([
    ["x", "glibc", ["x.a", "x.b", "x"]],
    ["x.", "glibc", ["x"]],
    ["1.2.3.4.5.x", "glibc", ["1.2.3.4.5.x", "1.2.3.4.5.x.a", "1.2.3.4.5.x.b"]],
    ["1.2.3.4.5.x", "musl", ["1.2.3.4.5.x"]],
    ["1.2.3.4.x", "musl", ["1.2.3.4.x.a", "1.2.3.4.x.b", "1.2.3.4.x"]],
  ] as const)("%s by %s", (name, kind, names) => {
    expect(searchNames(name, short, kind)).toEqual(names);
  });
});
