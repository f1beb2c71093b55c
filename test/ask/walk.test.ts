/** Journeys whose ends the facts tell: cni 10.1, linux-dataplane C2, C4, C6, C7, kube-proxy-iptables 8. */
import { beforeAll, describe, expect, it } from "vitest";
import { walk, type WalkQuery } from "../../src/ask/walk.js";
import type { Cluster } from "../../src/cluster/cluster.js";
import type { Walk, WalkStep } from "../../src/observe/walk-record.js";
import { shop } from "../support/shop.js";

const NODE_PORT = `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec: { type: NodePort, selector: { app: frontend }, ports: [{ port: 80, targetPort: http, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody, namespace: shop }
spec: { type: NodePort, selector: { app: nobody }, ports: [{ port: 80, nodePort: 30081 }] }
`;

const steps = (answer: Walk): WalkStep[] => answer.hops.flatMap((hop) => hop.steps);
const rewrites = (answer: Walk): string[] => steps(answer).flatMap((step) => (step.kind === "rewrite" && step.field !== "mark" ? [`${step.field} ${step.after}`] : []));
const addressOf = (cluster: Cluster, app: string): string => cluster.objects("Pod").find((pod) => pod.metadata.labels?.["app"] === app)!.status!.podIP!;
const nodeOf = (cluster: Cluster, app: string): string => cluster.objects("Pod").find((pod) => pod.metadata.labels?.["app"] === app)!.spec.nodeName!;

describe("walks of the shop", () => {
  let cluster: Cluster;
  const ask = (query: WalkQuery): Walk => cluster.ask(walk(query));
  beforeAll(() => {
    cluster = shop();
    expect(cluster.apply(NODE_PORT)).toEqual([]);
    cluster.settle();
  });

  it("NodePort on a node without the pod: translated, masqueraded to the overlay's address, and back", () => {
    const other = cluster.fabric.nodes.find((node) => node.name.includes("worker") && node.name !== nodeOf(cluster, "frontend"))!;
    const answer = ask({ from: "internet", to: `node/${other.name}`, port: 30080 });
    expect(answer.verdict).toBe("delivered");
    const overlay = cluster.get("Node", "", other.name)!.spec!.podCIDR!.split("/")[0]!;
    expect(rewrites(answer)[0]).toBe(`destination ${addressOf(cluster, "frontend")}:8080`);
    expect(rewrites(answer)[1]).toMatch(new RegExp(`^source ${overlay.replaceAll(".", "\\.")}:`));
    expect(answer.answer).toContain(`${overlay}:`);
    expect(answer.reply!.end).toMatchObject({ result: "delivered", netns: "internet" });
  });

  it("a Service without endpoints: ICMP port unreachable from filter, for pods, nodes and the outside", () => {
    for (const query of [{ from: "shop/deploy/frontend", to: "nobody:80" }, { from: "internet", to: "node/kind-worker", port: 30081 }]) {
      const answer = ask(query);
      expect(answer).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED", end: { result: "dropped", reason: "NETFILTER_DROP" } });
      expect(answer.end.rule).toMatchObject({ table: "filter", text: expect.stringContaining("has no endpoints") });
      expect(answer.end.rule!.text).toMatch(/-j REJECT --reject-with icmp-port-unreachable$/);
      expect(answer.reply!.packet.proto).toBe("icmp");
    }
  });

  it("a node reaches pods of its own and of other nodes without translation", () => {
    for (const node of ["node/kind-worker", "node/kind-worker2"]) {
      const answer = ask({ from: node, to: "shop/deploy/frontend" });
      expect(answer.verdict).toBe("delivered");
      expect(rewrites(answer)).toEqual([]);
    }
  });

  it("a pod reaches the outside from its node's address", () => {
    const answer = ask({ from: "shop/deploy/frontend", to: "internet", protocol: "icmp" });
    expect(answer.verdict).toBe("delivered");
    const node = cluster.fabric.nodes.find((one) => one.name === nodeOf(cluster, "frontend"))!;
    expect(rewrites(answer)).toEqual([`source ${node.address}`]);
  });

  it("a pod asks the cluster's name server by the name of its Service", () => {
    expect(ask({ from: "shop/deploy/frontend", to: "kube-dns.kube-system:53" }).verdict).toBe("delivered");
  });

  it("the pod's own node is never kept out by policy", () => {
    const own = `node/${nodeOf(cluster, "db")}`;
    const other = own === "node/kind-worker" ? "node/kind-worker2" : "node/kind-worker";
    expect(ask({ from: own, to: "shop/deploy/db" }).verdict).toBe("delivered");
    expect(ask({ from: other, to: "shop/deploy/db" })).toMatchObject({ verdict: "dropped", end: { cause: { object: "NetworkPolicy shop/db-only-from-api", path: "spec.podSelector", line: 8 } } });
  });

  it("a pod reaches itself through its own Service, masqueraded by the gateway", () => {
    const answer = ask({ from: "shop/deploy/frontend", to: "http://front" });
    expect(answer.verdict).toBe("delivered");
    expect(answer.answer).toContain(addressOf(cluster, "frontend").replace(/\d+$/, "1"));
  });

  it("a TTL of the way back and forth: two routers, tunnels cost nothing", () => {
    const answer = ask({ from: "shop/deploy/frontend", to: "http://api" });
    if (answer.from.node !== answer.end.node) expect(answer.hops[answer.hops.length - 1]!.packet.ttl).toBe(62);
    else expect(answer.hops[answer.hops.length - 1]!.packet.ttl).toBe(64);
  });

  it.each([
    ["shop/deploy/frontendd", 'deployments.apps "frontendd" not found in namespace "shop"', "did you mean frontend?"],
    ["deploy/frontend", 'deployments.apps "frontend" not found in namespace "default"', "there is one in namespace shop: write shop/deployment/frontend"],
    ["shop/sts/db", 'statefulsets.apps "db" not found in namespace "shop"', "of that kind the namespace has none"],
    ["shop/deploy/nothing-like-it", 'deployments.apps "nothing-like-it" not found in namespace "shop"', "of that kind the namespace has api, db, frontend"],
  ])("%s is nobody, and the answer says who may be meant", (from, message, fix) => {
    expect(() => ask({ from, to: "tcp://db:5432" })).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ message, fix })] }));
  });
});

describe("without br_netfilter", () => {
  it("policies between pods of one node are not enforced, and the walk says so; a Service on the same node fails", () => {
    const cluster = shop({ bridgeNf: false, nodes: 2 });
    const direct = cluster.ask(walk({ from: "shop/deploy/frontend", to: "shop/deploy/db" }));
    expect(direct.verdict).toBe("delivered");
    expect(direct.notes.some((note) => note.includes("bridge-nf-call-iptables"))).toBe(true);
    const service = cluster.ask(walk({ from: "shop/deploy/frontend", to: "http://api" }));
    expect(service).toMatchObject({ verdict: "dropped", errno: "ETIMEDOUT" });
    expect(service.end).toMatchObject({ reason: "NO_SOCKET", netns: service.from.name });
    expect(service.end.cause).toBeUndefined();
  });

  it("flannel alone enforces nothing, and the walk says that too", () => {
    const answer = shop({ enforce: false }).ask(walk({ from: "shop/deploy/frontend", to: "tcp://db:5432" }));
    expect(answer.verdict).toBe("delivered");
    expect(answer.notes).toEqual(["no dataplane enforces NetworkPolicies here: flannel alone does not"]);
  });
});
