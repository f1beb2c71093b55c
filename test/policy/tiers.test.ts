// AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy: order of tiers, actions, peers, failing closed.
import { describe, expect, test } from "vitest";
import type { PolicyObject } from "../../src/policy/input.js";
import { ask, model, node, pod, policy, port } from "./build.js";

type Rules = readonly Record<string, unknown>[];

function cluster(name: string, tier: "Admin" | "Baseline", priority: number, spec: { ingress?: Rules; egress?: Rules; subject?: unknown }): PolicyObject {
  return {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name },
    spec: { tier, priority, subject: { namespaces: {} }, ...spec },
  } as unknown as PolicyObject;
}

function admin(name: string, priority: number, spec: { ingress?: Rules; egress?: Rules }): PolicyObject {
  return { apiVersion: "policy.networking.k8s.io/v1alpha1", kind: "AdminNetworkPolicy", metadata: { name }, spec: { priority, subject: { namespaces: {} }, ...spec } } as unknown as PolicyObject;
}

function baseline(spec: { ingress?: Rules; egress?: Rules }): PolicyObject {
  return { apiVersion: "policy.networking.k8s.io/v1alpha1", kind: "BaselineAdminNetworkPolicy", metadata: { name: "default" }, spec: { subject: { namespaces: {} }, ...spec } } as unknown as PolicyObject;
}

const pods = [pod("x/a", { ips: ["10.0.0.1"] }), pod("x/b", { ips: ["10.0.0.2"], ports: [port("http", 8080), port("dns", 53, "UDP")] }), pod("y/c")];
const everywhere = [{ namespaces: {} }];
const accept = { action: "Accept", from: everywhere };
const deny = { action: "Deny", from: everywhere };
const pass = { action: "Pass", from: everywhere };
const into = (policies: PolicyObject[], from = "y/c", to = "x/b", number: number | string = 80, protocol = "TCP") =>
  ask(model({ pods, policies }), from, to, number, protocol).ingress;

describe("order of tiers", () => {
  const isolate = policy("x/isolate", {});
  const open = policy("x/open", { ingress: [{}] });

  test("no rule isolates by itself", () => {
    expect(into([cluster("c", "Admin", 0, {})]).allowed).toBe(true);
  });

  test("admin accept and deny are final", () => {
    expect(into([cluster("c", "Admin", 0, { ingress: [accept] }), isolate]).allowed).toBe(true);
    expect(into([cluster("c", "Admin", 0, { ingress: [deny] }), open])).toMatchObject({ allowed: false, by: [{ policy: "ClusterNetworkPolicy c", path: "spec.ingress[0].from[0]" }] });
  });

  test("pass leaves the tier: lower precedence in it is skipped, NetworkPolicy decides", () => {
    const passing = cluster("c", "Admin", 0, { ingress: [pass, accept] });
    expect(into([passing, cluster("d", "Admin", 1, { ingress: [accept] }), isolate]).allowed).toBe(false);
    expect(into([passing, cluster("d", "Admin", 1, { ingress: [deny] }), open]).allowed).toBe(true);
  });

  test("lower priority first, then name", () => {
    expect(into([cluster("a", "Admin", 5, { ingress: [deny] }), cluster("z", "Admin", 1, { ingress: [accept] })]).allowed).toBe(true);
    const tie = model({ pods, policies: [cluster("b", "Admin", 1, { ingress: [accept] }), cluster("a", "Admin", 1, { ingress: [deny] })] });
    expect(ask(tie, "y/c", "x/b").ingress.allowed).toBe(false);
    expect(tie.problems).toMatchObject([{ severity: "note", path: "spec.priority" }]);
  });

  test("baseline is reached only when no NetworkPolicy isolates", () => {
    const base = cluster("base", "Baseline", 0, { ingress: [deny] });
    expect(into([base]).allowed).toBe(false);
    expect(into([base, open]).allowed).toBe(true);
    expect(into([base, policy("x/out", { policyTypes: ["Egress"] })]).allowed).toBe(false);
    expect(into([cluster("base", "Baseline", 0, { ingress: [pass, deny] })]).allowed).toBe(true);
    expect(into([baseline({ ingress: [{ action: "Deny", from: everywhere }] })]).allowed).toBe(false);
    expect(into([admin("a", 1, { ingress: [{ action: "Pass", from: everywhere }] }), baseline({ ingress: [{ action: "Deny", from: everywhere }] })]).allowed).toBe(false);
  });

  test("accept of egress does not spare the other end's ingress", () => {
    const v = ask(model({ pods, policies: [cluster("c", "Admin", 0, { egress: [{ action: "Accept", to: everywhere }] }), isolate] }), "y/c", "x/b");
    expect(v).toMatchObject({ allowed: false, egress: { allowed: true }, ingress: { allowed: false } });
  });
});

describe("peers and ports", () => {
  const out = (peer: Record<string, unknown>, to: string, more: Partial<{ action: string; protocols: unknown }> = {}, nodes = [node("n1", ["192.168.0.1"], { zone: "a" })]) =>
    ask(model({ pods, nodes, policies: [cluster("c", "Admin", 0, { egress: [{ action: "Deny", to: [peer], ...more }] })] }), "y/c", to, 8080).egress.allowed;

  test("networks match pods too, in their own family", () => {
    expect(out({ networks: ["0.0.0.0/0"] }, "x/b")).toBe(false);
    expect(out({ networks: ["::/0"] }, "x/b")).toBe(true);
    expect(out({ networks: ["0.0.0.0/0"] }, "1.1.1.1")).toBe(false);
  });

  test("nodes match by label, and namespaces or pods never match a node", () => {
    expect(out({ nodes: { matchLabels: { zone: "a" } } }, "node/n1")).toBe(false);
    expect(out({ nodes: { matchLabels: { zone: "b" } } }, "node/n1")).toBe(true);
    expect(out({ namespaces: {} }, "node/n1")).toBe(true);
    expect(out({ nodes: {} }, "1.1.1.1")).toBe(true);
  });

  test("an unknown peer fails closed: accept matches nobody, deny and pass deny everything", () => {
    expect(out({ moon: {} }, "1.1.1.1", { action: "Accept" })).toBe(true);
    expect(out({ moon: {} }, "1.1.1.1", { action: "Deny" })).toBe(false);
    expect(out({ moon: {} }, "1.1.1.1", { action: "Pass" })).toBe(false);
  });

  test("protocols: number, range, empty, named whatever its protocol", () => {
    const some = (protocols: unknown) => out({ namespaces: {} }, "x/b", { protocols });
    expect(some([{ tcp: { destinationPort: { number: 8080 } } }])).toBe(false);
    expect(some([{ tcp: { destinationPort: { number: 80 } } }, { udp: { destinationPort: { number: 8080 } } }])).toBe(true);
    expect(some([{ tcp: { destinationPort: { range: { start: 8000, end: 9000 } } } }])).toBe(false);
    expect(some([{ tcp: {} }])).toBe(false);
    expect(some([{ destinationNamedPort: "http" }])).toBe(false);
    const dns = cluster("c", "Admin", 0, { ingress: [{ ...deny, protocols: [{ destinationNamedPort: "dns" }] }] });
    expect(into([dns], "y/c", "x/b", 53, "UDP").allowed).toBe(false);
    expect(into([dns], "y/c", "x/b", 53, "TCP").allowed).toBe(true);
  });

  test("`tcp: {}` is all TCP ports unless said otherwise, and noted", () => {
    const policies = [cluster("c", "Admin", 0, { ingress: [{ ...deny, protocols: [{ tcp: {} }] }] })];
    const m = model({ pods, policies });
    expect(ask(m, "y/c", "x/b").allowed).toBe(false);
    expect(m.problems).toMatchObject([{ severity: "note", path: "spec.ingress[0].protocols[0].tcp" }]);
    expect(ask(model({ pods, policies }, { emptyProtocol: "no-port" }), "y/c", "x/b").allowed).toBe(true);
  });

  test("v1alpha1 ports default to TCP", () => {
    const ports = (entry: unknown) => [admin("a", 1, { ingress: [{ action: "Deny", from: everywhere, ports: [entry] }] })];
    expect(into(ports({ portNumber: { port: 80 } })).allowed).toBe(false);
    expect(into(ports({ portNumber: { port: 80 } }), "y/c", "x/b", 80, "UDP").allowed).toBe(true);
    expect(into(ports({ portRange: { start: 79, end: 81 } })).allowed).toBe(false);
    expect(into(ports({ namedPort: "http" }), "y/c", "x/b", 8080).allowed).toBe(false);
  });

  test("no rule without protocols spares ICMP", () => {
    expect(into([cluster("c", "Admin", 0, { ingress: [deny] })], "y/c", "x/b", 0, "ICMP").allowed).toBe(false);
  });
});
