// Each row of the table of differences that a switch describes, and the defaults beside it.
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../src/policy/address.js";
import { podEndpoint } from "../../src/policy/endpoint.js";
import { verdict } from "../../src/policy/oracle.js";
import { policyProfiles, profileSwitches } from "../../src/policy/profiles.js";
import { defaultSwitches } from "../../src/policy/switches.js";
import { ask, model, node, pod, policy, port, type PolicySet } from "./build.js";

const pods = [pod("x/a", { ips: ["10.0.0.1"], owned: true }), pod("x/b", { ips: ["10.0.0.2"], owned: true })];
const nodes = [node("n1", ["192.168.0.1"])];
const b = { podSelector: { matchLabels: { app: "b" } } };
const by = (set: PolicySet, profile: string) => model({ pods, nodes, ...set }, profileSwitches(profile)!);
const names = policyProfiles.map((each) => each.name);
const open = (set: PolicySet, from: string, to: string, number = 80, protocol = "TCP") => names.filter((name) => ask(by(set, name), from, to, number, protocol).allowed);
const but = (...closed: string[]) => names.filter((name) => !closed.includes(name));

test("upstream is the defaults; an unknown name is none", () => {
  expect(profileSwitches("upstream")).toEqual(defaultSwitches);
  expect(profileSwitches("nobody")).toBeUndefined();
});

describe("which profiles let it through", () => {
  test("flannel alone enforces nothing", () => {
    expect(open({ policies: [policy("x/p", {})] }, "x/a", "x/b")).toEqual(["flannel"]);
  });

  test("identity-based dataplanes do not match pods by address", () => {
    const policies = [policy("x/p", { ...b, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] })];
    expect(open({ policies }, "x/a", "x/b")).toEqual(but("cilium", "cilium-nodes", "aks-cilium"));
    expect(open({ policies }, "10.9.9.9", "x/b")).toEqual(names);
  });

  test("nodes by address", () => {
    const policies = [policy("x/p", { ...b, ingress: [{ from: [{ ipBlock: { cidr: "192.168.0.0/16" } }] }] })];
    expect(open({ policies }, "node/n1", "x/b")).toEqual(but("cilium", "aks-cilium"));
  });

  test("endPort ignored means port alone", () => {
    const policies = [policy("x/p", { ...b, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] })];
    expect(open({ policies }, "x/a", "x/b", 85)).toEqual(but("azure-npm"));
    expect(open({ policies }, "x/a", "x/b", 80)).toEqual(names);
  });

  test("SCTP entries isolate everywhere and open where they are matched", () => {
    const policies = [policy("x/p", { ...b, ingress: [{ ports: [{ protocol: "SCTP", port: 80 }] }] })];
    expect(open({ policies }, "x/a", "x/b", 80, "SCTP")).toEqual(but("cilium", "cilium-nodes", "aks-cilium"));
    expect(open({ policies }, "x/a", "x/b", 80, "TCP")).toEqual(["flannel"]);
  });

  test("pods without an owner are under no policy in one", () => {
    const bare = pods.map((each) => ({ ...each, owned: false }));
    expect(open({ pods: bare, policies: [policy("x/p", {})] }, "x/a", "x/b")).toEqual(["flannel", "aws-vpc-cni"]);
  });
});

describe("single switches", () => {
  test("repeated port names", () => {
    const twice = [pods[0]!, pod("x/b", { ports: [port("http", 80), port("http", 81)] })];
    const policies = [policy("x/p", { ...b, ingress: [{ ports: [{ port: "http" }] }] })];
    const at = (number: number, repeatedPortNames: "union" | "first") => ask(model({ pods: twice, policies }, { repeatedPortNames }), "x/a", "x/b", number).allowed;
    expect([at(80, "union"), at(81, "union"), at(80, "first"), at(81, "first")]).toEqual([true, true, true, false]);
  });

  test("peer expressions ignored leave the labels", () => {
    const peer = { podSelector: { matchLabels: { app: "a" }, matchExpressions: [{ key: "app", operator: "NotIn", values: ["a"] }] } };
    const policies = [policy("x/p", { ...b, ingress: [{ from: [peer] }] })];
    expect(ask(model({ pods, policies }), "x/a", "x/b").allowed).toBe(false);
    expect(ask(model({ pods, policies }, { peerExpressions: "ignored" }), "x/a", "x/b").allowed).toBe(true);
  });

  test("finished pods kept", () => {
    const done = [pods[0]!, pod("x/b", { phase: "Failed" })];
    expect(ask(model({ pods: done }), "x/a", "x/b").allowed).toBe(false);
    expect(ask(model({ pods: done }, { finishedPods: "kept" }), "x/a", "x/b").allowed).toBe(true);
  });

  test("equal priorities refused are an error", () => {
    const admin = (name: string) => ({ apiVersion: "policy.networking.k8s.io/v1alpha1" as const, kind: "AdminNetworkPolicy" as const, metadata: { name }, spec: { priority: 1, subject: { namespaces: {} } } });
    expect(model({ pods, policies: [admin("a"), admin("b")] }, { equalPriorities: "refused" }).problems).toMatchObject([{ severity: "error", path: "spec.priority", object: "AdminNetworkPolicy b" }]);
  });

  test("a pod that finds itself through a Service: NetworkPolicy by switch, cluster-wide policy always", () => {
    const end = (set: PolicySet, serviceHairpin: "allowed" | "judged") => {
      const m = model({ pods, ...set }, { serviceHairpin });
      const self = podEndpoint(m.pod("x/a")!);
      return verdict(m, { from: self, to: self, port: 80, protocol: "TCP", family: 4, throughService: true }).allowed;
    };
    const isolated = { policies: [policy("x/p", {})] };
    expect([end(isolated, "allowed"), end(isolated, "judged")]).toEqual([true, false]);
    const denied = {
      policies: [{ apiVersion: "policy.networking.k8s.io/v1alpha2" as const, kind: "ClusterNetworkPolicy" as const, metadata: { name: "c" }, spec: { tier: "Admin", priority: 0, subject: { namespaces: {} }, ingress: [{ action: "Deny", from: [{ namespaces: {} }] }] } }],
    };
    expect(end(denied, "allowed")).toBe(false);
  });

  test("domain names are whole names, a leading star one or more labels", () => {
    const reaches = (domainNames: string[], host: string) => {
      const m = model({
        pods,
        policies: [
          policy("x/p", { policyTypes: ["Egress"] }),
          { apiVersion: "policy.networking.k8s.io/v1alpha2", kind: "ClusterNetworkPolicy", metadata: { name: "c" }, spec: { tier: "Admin", priority: 0, subject: { namespaces: {} }, egress: [{ action: "Accept", to: [{ domainNames }] }] } },
        ],
      });
      return verdict(m, { from: podEndpoint(m.pod("x/a")!), to: { kind: "external", address: parseAddress("1.1.1.1"), host }, port: 80, protocol: "TCP", family: 4 }).allowed;
    };
    expect(["a.example.io", "a.b.example.io", "example.io", "badexample.io", ""].map((host) => reaches(["*.example.io"], host))).toEqual([true, true, false, false, false]);
    expect(["example.io", "a.example.io"].map((host) => reaches(["example.io"], host))).toEqual([true, false]);
  });
});
