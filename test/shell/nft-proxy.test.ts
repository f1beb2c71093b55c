/** What kube-proxy has written is listed by the nft of a simulated node; a real nft reads that, and lists the same. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { createCluster } from "../../src/index.js";
import { describeWith, needs } from "../support/requires.js";

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  sessionAffinity: ClientIP
  selector: { app: web }
  externalIPs: [192.0.2.7]
  ports: [{ port: 80, targetPort: 8080, name: http }, { port: 53, targetPort: 5353, protocol: UDP, name: dns }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx, ports: [{ containerPort: 8080 }] }] }
`;

function listed(...words: readonly string[]): string {
  const cluster = createCluster({ proxy: "nftables" });
  cluster.apply(MANIFEST);
  cluster.settle();
  const done = cluster.exec(`node/${cluster.fabric.nodes[1]!.name}`, ["nft", ...words]);
  expect(done.code).toBe(0);
  return done.text;
}

test("a node lists kube-proxy's tables", () => {
  expect(listed("list", "tables").split("\n")).toContain("table ip kube-proxy");
  expect(listed("list", "map", "ip", "kube-proxy", "service-ips")).toMatch(/^table ip kube-proxy \{\n\tmap service-ips \{\n\t\ttype ipv4_addr \. inet_proto \. inet_service : verdict\n/);
});

describeWith("with a real nft", [needs.netfilter], () => {
  test("what a node lists is what nft makes of it", () => {
    const text = listed("list", "table", "ip", "kube-proxy");
    const real = spawnSync("unshare", ["-n", "sh", "-c", "nft -f - && nft list table ip kube-proxy"], { encoding: "utf8", input: `${text}\n`, timeout: 20_000 });
    expect(real.stderr).toBe("");
    expect(text).toBe(real.stdout.replace(/\n$/, ""));
  });
});
