import { expect, test } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import { SECOND } from "../../src/base/time.js";

// kube-proxy inserts its jumps at the head of a chain (facts/kube-proxy-iptables.md 5); a full sync does that again every hour.

const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: default}
spec: {podSelector: {}, policyTypes: [Ingress]}
`;
const service = (name: string): string => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default}
spec: {selector: {app: x}, ports: [{port: 80}]}
`;

test("after a full sync of kube-proxy the policy jumps stand first again", () => {
  const cluster = createCluster({ nodes: 2 });
  cluster.settle();
  cluster.apply(POLICY);
  cluster.settle();
  const firsts = (): readonly string[] =>
    ["INPUT", "FORWARD", "OUTPUT"].map((chain) => cluster.exec("node/kind-worker", `iptables -S ${chain}`).text.split("\n").find((line) => line.startsWith("-A"))!);
  for (const line of firsts()) expect(line).toContain("-j NETPOL");
  // What somebody else's hand does: kube-proxy's jumps are gone, so that its next full sync inserts them anew.
  for (const chain of ["INPUT", "FORWARD", "OUTPUT"]) {
    const lines = cluster.exec("node/kind-worker", `iptables -S ${chain}`).text.split("\n").filter((line) => / -j KUBE-/.test(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(cluster.exec("node/kind-worker", `iptables ${line.replace("-A", "-D")}`)).toMatchObject({ code: 0 });
  }
  cluster.run(3601 * SECOND);
  cluster.apply(service("late"));
  cluster.settle();
  cluster.run(2 * SECOND);
  for (const chain of ["INPUT", "FORWARD", "OUTPUT"]) expect(cluster.exec("node/kind-worker", `iptables -S ${chain}`).text).toContain("-j KUBE-");
  for (const line of firsts()) expect(line).toContain("-j NETPOL");
});
