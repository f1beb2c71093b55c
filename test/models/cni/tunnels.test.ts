/** flannel's ipip and wireguard backends as a whole: their transcript rebuilds them, and captures of them decode. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportLab } from "../../../src/ask/export-lab.js";
import { createCluster, type Cluster } from "../../../src/cluster/cluster.js";
import { capture } from "../../../src/observe/capture.js";
import { runLab } from "../../../src/shell/lab/run-lab.js";
import { describeWith, needs } from "../../support/requires.js";

const PODS = ["kind-worker", "kind-worker2"].map((node, i) => `
apiVersion: v1
kind: Pod
metadata: { name: pod${i} }
spec: { nodeName: ${node}, containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: 8080 }] }] }
`).join("---");

function booted(backend: string): { readonly cluster: Cluster; readonly ip: string } {
  const cluster = createCluster({ nodes: 3, cni: `flannel:backend=${backend}` });
  cluster.settle();
  expect(cluster.apply(PODS)).toEqual([]);
  cluster.settle();
  return { cluster, ip: cluster.get("Pod", "default", "pod1")!.status!.podIP! };
}

describe.each(["ipip", "wireguard"])("%s", (backend) => {
  test("what its nodes were told, typed again, makes the same network", () => {
    const { cluster, ip } = booted(backend);
    const device = backend === "ipip" ? "flannel.ipip" : "flannel-wg";
    const ask = ["kind-worker", "kind-worker2"].flatMap((node) => [`ip -n ${node} -d addr show ${device}`, `ip -n ${node} route`, `ip netns exec ${node} wg show`]);
    const { output, problem } = runLab(`${exportLab(cluster, { probes: [{ from: "default/pod0", to: ip, port: 8080 }] })}${ask.join("\n")}\n`, backend);
    expect(problem).toBeUndefined();
    expect(output).not.toContain("[exit");
    expect(output).toMatch(/^ok default\.pod1 10\.244\.1\./m);
    expect(output).toContain(backend === "ipip" ? "ipip ipip remote any local 172.18.0.3 ttl inherit nopmtudisc" : "10.244.0.0/16 dev flannel-wg scope link");
    if (backend === "wireguard") expect(output).toMatch(/^peer: \S{43}=\n {2}endpoint: 172\.18\.0\.4:51820\n {2}allowed ips: 10\.244\.2\.0\/24$/m);
  });
});

describeWith("tshark", [needs.tshark], () => {
  test.each([
    ["ipip", "flannel.ipip", "raw:ip:tcp", "eth:ethertype:ip:ip:tcp"],
    ["wireguard", "flannel-wg", "raw:ip:tcp", "eth:ethertype:ip:udp:wg"],
  ])("reads every packet of %s, each checksum is right", (backend, device, inner, outer) => {
    const { cluster, ip } = booted(backend);
    const recording = cluster.observe();
    cluster.probe({ from: "default/pod0", to: ip, port: 8080 });
    const folder = mkdtempSync(join(tmpdir(), "podwire-"));
    try {
      const path = join(folder, "tunnel.pcapng");
      writeFileSync(path, capture(recording.stack, recording.ring, (ns) => cluster.placeOf(ns)));
      const checks = ["ip", "udp", "tcp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
      const read = (...words: string[]): string[] => spawnSync("tshark", ["-r", path, ...checks, ...words], { encoding: "utf8" }).stdout.split("\n").filter((line) => line !== "");
      expect(read("-Y", "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0")).toEqual([]);
      const frames = read("-T", "fields", "-e", "frame.interface_name", "-e", "frame.protocols");
      expect(frames).toContain(`kind-worker/${device}\t${inner}`);
      expect(frames).toContain(`kind-worker/eth0\t${outer}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
