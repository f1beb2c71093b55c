// The mistakes that other evaluators are known for, each with the place where it was reported.
import { describe, expect, test } from "vitest";
import type { NetworkPolicySpec } from "../../src/api/index.js";
import { readManifests } from "../../src/api/index.js";
import { readModel } from "../../src/policy/model.js";
import { ask, model, namespace, node, pod, policy, port } from "./build.js";

const pods = [pod("x/a"), pod("x/b", { ports: [port("http", 8080), port("dns", 53, "UDP")] }), pod("y/a", { ports: [port("http", 8000)] })];
const only = (spec: Partial<NetworkPolicySpec>) => model({ pods, policies: [policy("x/p", spec)] });

describe("peers", () => {
  test("two entries mean or, one entry with both selectors means and", () => {
    const here = { matchLabels: { "kubernetes.io/metadata.name": "y" } };
    const b = { matchLabels: { app: "b" } };
    const set = { pods: [...pods, pod("y/b"), pod("z/b"), pod("x/c")] };
    const or = model({ ...set, policies: [policy("x/p", { podSelector: { matchLabels: { app: "a" } }, ingress: [{ from: [{ namespaceSelector: here }, { podSelector: b }] }] })] });
    const and = model({ ...set, policies: [policy("x/p", { podSelector: { matchLabels: { app: "a" } }, ingress: [{ from: [{ namespaceSelector: here, podSelector: b }] }] })] });
    const open = (m: ReturnType<typeof model>) => ["x/b", "x/c", "y/a", "y/b", "z/b"].filter((from) => ask(m, from, "x/a").allowed);
    expect(open(or)).toEqual(["x/b", "y/a", "y/b"]);
    expect(open(and)).toEqual(["y/b"]);
  });

  test("an empty podSelector is the own namespace, an empty namespaceSelector every namespace, neither is the outside", () => {
    const own = only({ ingress: [{ from: [{ podSelector: {} }] }] });
    expect(["x/b", "y/a", "1.1.1.1"].map((from) => ask(own, from, "x/a").allowed)).toEqual([true, false, false]);
    const all = only({ ingress: [{ from: [{ namespaceSelector: {} }] }] });
    expect(["x/b", "y/a", "1.1.1.1"].map((from) => ask(all, from, "x/a").allowed)).toEqual([true, true, false]);
  });

  test("a namespace without manifest or metadata.name label still matches by name", () => {
    const m = model({
      pods,
      namespaces: [namespace("x", { team: "red" })],
      policies: [policy("x/p", { ingress: [{ from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "y" } } }] }] })],
    });
    expect(ask(m, "y/a", "x/a").allowed).toBe(true);
    expect(ask(m, "x/b", "x/a").allowed).toBe(false);
  });

  test("an unknown peer or unreadable block opens nothing and is reported", () => {
    const m = only({ ingress: [{ from: [{}] }, { from: [{ ipBlock: { cidr: "10.0.0.0/33" } }] }] });
    expect(ask(m, "10.0.0.1", "x/a").allowed).toBe(false);
    expect(m.problems.map((each) => each.path)).toEqual(["spec.ingress[0].from[0]", "spec.ingress[1].from[0].ipBlock.cidr"]);
  });

  test("NotIn and DoesNotExist hold for an absent key", () => {
    for (const each of [{ key: "tier", operator: "NotIn", values: ["db"] }, { key: "tier", operator: "DoesNotExist" }]) {
      const m = only({ ingress: [{ from: [{ podSelector: { matchExpressions: [each] } }] }] });
      expect(ask(m, "x/b", "x/a").allowed).toBe(true);
    }
  });
});

describe("ports", () => {
  test.each([
    ["an entry without port is its whole protocol", [{}], [["TCP", 1, true], ["TCP", 65535, true], ["UDP", 1, false]]],
    ["no list is every protocol", undefined, [["TCP", 80, true], ["UDP", 80, true], ["SCTP", 80, true]]],
    ["SCTP never opens TCP", [{ protocol: "SCTP", port: 80 }], [["SCTP", 80, true], ["TCP", 80, false]]],
    ["endPort includes both ends", [{ port: 100, endPort: 200 }], [["TCP", 99, false], ["TCP", 100, true], ["TCP", 200, true], ["TCP", 201, false]]],
    ["a name is resolved on the destination", [{ port: "http" }], [["TCP", 8080, true], ["TCP", 8000, false], ["TCP", 80, false]]],
    ["a name of another protocol does not match (netpol-analyzer#412)", [{ port: "dns" }], [["TCP", 53, false], ["UDP", 53, false]]],
    ["a name with its protocol does", [{ port: "dns", protocol: "UDP" }], [["UDP", 53, true], ["TCP", 53, false]]],
    ["a name that nobody has is no error", [{ port: "nobody" }], [["TCP", 80, false]]],
  ] as const)("%s", (_, ports, cases) => {
    const rule = ports === undefined ? {} : { ports };
    for (const [protocol, number, open] of cases) {
      expect(ask(only({ podSelector: { matchLabels: { app: "b" } }, ingress: [rule] }), "x/a", "x/b", number, protocol).allowed).toBe(open);
      expect(ask(only({ podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"], egress: [rule] }), "x/a", "x/b", number, protocol).allowed).toBe(open);
    }
  });

  test("one egress name is another number on another pod, and nothing outside", () => {
    const m = only({ podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"], egress: [{ ports: [{ port: "http" }] }] });
    expect([ask(m, "x/a", "x/b", 8080), ask(m, "x/a", "y/a", 8000), ask(m, "x/a", "y/a", 8080), ask(m, "x/a", "1.1.1.1", 8080)].map((v) => v.allowed)).toEqual([true, true, false, false]);
  });

  test("sidecar ports count", () => {
    const text = `{apiVersion: v1, kind: Pod, metadata: {name: s, namespace: x, labels: {app: s}}, spec: {containers: [{name: c, image: i}], initContainers: [{name: p, image: i, restartPolicy: Always, ports: [{name: mesh, containerPort: 15001}]}, {name: q, image: i, ports: [{name: once, containerPort: 15002}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x}, spec: {podSelector: {}, ingress: [{ports: [{port: mesh}, {port: once}]}]}}`;
    const { objects, problems } = readManifests([{ name: "f.yaml", text }]);
    expect(problems.filter((each) => each.severity === "error")).toEqual([]);
    const m = readModel(objects);
    expect(ask(m, "1.1.1.1", "x/s", 15001).allowed).toBe(true);
    expect(ask(m, "1.1.1.1", "x/s", 15002).allowed).toBe(false);
    expect(ask(readModel(objects, { sidecarPortNames: "missed" }), "1.1.1.1", "x/s", 15001).allowed).toBe(false);
  });

  test("explanations do not grow with port entries (cyclonus#132)", () => {
    const m = only({ ingress: [{ ports: Array.from({ length: 50 }, (_, i) => ({ port: 1, endPort: 100 + i })) }] });
    expect(ask(m, "x/b", "x/a").ingress.by).toHaveLength(1);
  });
});

describe("ipBlock", () => {
  const addressed = [pod("x/a", { ips: ["10.0.0.1", "fd00::1"] }), pod("x/b", { ips: ["10.0.0.2", "fd00::2"] })];
  const egress = (cidr: string, except: string[] = []) =>
    model({ pods: addressed, policies: [policy("x/p", { podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr, except } }] }] })] });

  test("matches pods by address (netpol-analyzer#456), and except closes one", () => {
    expect(ask(egress("10.0.0.2/32"), "x/a", "x/b").allowed).toBe(true);
    expect(ask(egress("10.0.0.0/24", ["10.0.0.2/32"]), "x/a", "x/b").allowed).toBe(false);
    expect(ask(egress("10.0.0.0/24", ["10.0.0.2/32"]), "x/a", "10.0.0.3").allowed).toBe(true);
  });

  test("host bits mean the masked network", () => {
    expect(ask(egress("10.10.1.12/24"), "x/a", "10.10.1.200").allowed).toBe(true);
  });

  test("families do not cover each other", () => {
    expect(ask(egress("0.0.0.0/0"), "x/a", "2001:db8::1").allowed).toBe(false);
    expect(ask(egress("::/0"), "x/a", "1.1.1.1").allowed).toBe(false);
    expect(ask(egress("::/0", ["2001:db8::/32"]), "x/a", "2001:db8::1").allowed).toBe(false);
    expect(ask(egress("::/0", ["2001:db8::/32"]), "x/a", "2001:db9::1").allowed).toBe(true);
  });

  test("except cuts only its own block", () => {
    const block = { cidr: "10.0.0.0/8", except: ["10.0.0.0/24"] };
    const m = model({ pods: addressed, policies: [policy("x/p", { policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: block }, { podSelector: { matchLabels: { app: "b" } } }] }] })] });
    expect(ask(m, "x/a", "x/b").allowed).toBe(true);
    expect(ask(m, "x/a", "10.0.0.9").allowed).toBe(false);
  });

  test("no block matches a pod whose address is unknown", () => {
    const m = model({ pods: [pod("x/a"), pod("x/b")], policies: [policy("x/p", { policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] })] });
    expect(ask(m, "x/a", "x/b").allowed).toBe(false);
  });
});

describe("nodes, host network, pods that do not count", () => {
  const deny = policy("x/deny", { policyTypes: ["Ingress", "Egress"] });
  const nodes = [node("n1", ["192.168.0.1"]), node("n2", ["192.168.0.2"])];
  const on = [pod("x/a", { node: "n1" }), pod("x/h", { node: "n1", hostNetwork: true }), pod("y/far", { node: "n2", hostNetwork: true })];

  test("the own node reaches a pod and is reached, other nodes are addresses (netpol-analyzer isPeerNodeIP)", () => {
    const m = model({ pods: on, nodes, policies: [deny] });
    expect(ask(m, "node/n1", "x/a").allowed).toBe(true);
    expect(ask(m, "192.168.0.1", "x/a").allowed).toBe(true);
    expect(ask(m, "node/n2", "x/a").allowed).toBe(false);
    expect(ask(m, "x/a", "node/n1").allowed).toBe(true);
    expect(ask(m, "x/a", "node/n2").allowed).toBe(false);
    expect(ask(model({ pods: on, nodes, policies: [deny] }, { podToOwnNode: "judged" }), "x/a", "node/n1").allowed).toBe(false);
  });

  test("a pod on its host's network is its node's address", () => {
    const m = model({ pods: on, nodes, policies: [deny] });
    expect(ask(m, "x/h", "x/a").allowed).toBe(true);
    expect(ask(m, "y/far", "x/a").allowed).toBe(false);
    expect(ask(m, "y/far", "x/h").allowed).toBe(true);
    const byLabel = policy("x/p", { ingress: [{ from: [{ namespaceSelector: {} }] }] });
    expect(ask(model({ pods: on, nodes, policies: [byLabel] }), "y/far", "x/a").allowed).toBe(false);
    const byAddress = policy("x/p", { ingress: [{ from: [{ ipBlock: { cidr: "192.168.0.2/32" } }] }] });
    expect(ask(model({ pods: on, nodes, policies: [byAddress] }), "y/far", "x/a").allowed).toBe(true);
    const asPods = { hostNetworkPods: "pod" } as const;
    expect(ask(model({ pods: on, nodes, policies: [byLabel] }, asPods), "y/far", "x/a").allowed).toBe(true);
    expect(ask(model({ pods: on, nodes, policies: [deny] }, asPods), "y/far", "x/h").allowed).toBe(false);
  });

  test("finished pods and pods without address are no ends, and their address belongs to whoever has it now (kube-router#1056)", () => {
    const m = model({
      pods: [pod("x/old", { phase: "Succeeded", ips: ["10.0.0.1"] }), pod("x/new", { ips: ["10.0.0.1"] }), pod("x/soon", { phase: "Pending" })],
      policies: [policy("x/p", { podSelector: { matchLabels: { app: "new" } } })],
    });
    expect(ask(m, "x/old", "x/new").allowed).toBe(false);
    expect(ask(m, "x/new", "x/soon").ingress.why).toContain("no address");
    expect(ask(m, "1.1.1.1", "10.0.0.1").ingress.by[0]?.policy).toBe("NetworkPolicy x/p");
  });

  test("protocols other than TCP, UDP and SCTP", () => {
    const m = (switches = {}) => model({ pods: on, policies: [policy("x/p", { ingress: [{ ports: [{ port: 80 }] }] })] }, switches);
    expect(ask(m(), "1.1.1.1", "x/a", 0, "ICMP").allowed).toBe(false);
    expect(ask(m({ otherProtocols: "allowed" }), "1.1.1.1", "x/a", 0, "ICMP").allowed).toBe(true);
    expect(ask(model({ pods: on, policies: [policy("x/p", { ingress: [{}] })] }), "1.1.1.1", "x/a", 0, "ICMP").allowed).toBe(true);
  });
});

describe("provenance", () => {
  const text = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
  - from:
    - podSelector: {}
    - ipBlock:
        cidr: 10.0.0.0/8
`;
  test("names policy, field path, file and line", () => {
    const m = readModel(readManifests([{ name: "net.yaml", text }]).objects);
    expect(ask(m, "10.1.1.1", "shop/web").ingress.by).toEqual([{ policy: "NetworkPolicy shop/web", path: "spec.ingress[0].from[1]", file: "net.yaml", line: 18 }]);
    expect(ask(m, "1.1.1.1", "shop/web").ingress.by).toEqual([{ policy: "NetworkPolicy shop/web", path: "spec.podSelector", file: "net.yaml", line: 12 }]);
  });
});
