import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readManifests } from "../../src/api/index.js";
import { editObject } from "../../src/policy/edit-object.js";
import type { PolicyObject } from "../../src/policy/input.js";
import { lint, type Lint } from "../../src/policy/lint.js";
import { buildModel, type PolicyModel, readModel } from "../../src/policy/model.js";
import { verdict } from "../../src/policy/oracle.js";
import { shared } from "../support/shared.js";
import { cluster, questionOf, questionSeed, switches } from "./arbitraries.js";
import { model, namespace, pod, policy, port } from "./build.js";

type TestSet = Parameters<typeof model>[0];

const codes = ({ findings }: Lint): readonly string[] => findings.map((each) => each.code);
const of = (m: PolicyModel, code: string) => lint(m).findings.filter((each) => each.code === code);
const pods = [pod("x/web", { ports: [port("http", 8080)] }), pod("x/db", { ports: [port("sql", 5432)] }), pod("y/web")];
const both = ["Ingress", "Egress"];

describe("lint", () => {
  test("a rule that it calls redundant or shadowed changes no verdict when it is taken away", () => {
    let found = 0;
    fc.assert(
      fc.property(cluster, switches, fc.array(questionSeed, { minLength: 6, maxLength: 12 }), (input, chosen, seeds) => {
        const policies = input.policies.map((each) => ({ ...each, object: typed(each.object) }));
        const m = buildModel({ ...input, policies }, chosen);
        for (const { policy, path, code } of lint(m).findings) {
          if (code !== "redundant-rule" && code !== "shadowed-rule") continue;
          found++;
          const edited = m.input.policies.map((each) => (idOf(each.object) === policy ? { ...each, object: editObject(each.object, { op: "remove", path }) } : each));
          const without = buildModel({ ...m.input, policies: edited }, chosen);
          for (const seed of seeds) {
            const query = questionOf(m, seed);
            expect(verdict(without, query).allowed).toBe(verdict(m, query).allowed);
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(found).toBeGreaterThan(15);
  });

  test("never throws, and every finding says which policy and where", () => {
    fc.assert(
      fc.property(cluster, switches, (input, chosen) => {
        for (const each of lint(buildModel(input, chosen)).findings) expect([each.message, each.code].every((text) => text !== "")).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  const cases: readonly (readonly [code: string, set: TestSet, path: string, fix: RegExp])[] = [
    ["policy-selects-nothing", { pods: [pod("x/frontend")], policies: [policy("x/p", { podSelector: { matchLabels: { app: "frontned" } } })] }, "spec.podSelector", /write frontend/],
    ["policy-selects-nothing", { pods, policies: [policy("z/p", {})] }, "spec.podSelector", /^$/],
    ["policy-selects-host-pods", { pods: [pod("x/h", { hostNetwork: true })], policies: [policy("x/p", {})] }, "spec.podSelector", /^$/],
    ["peer-selects-nothing", { pods, policies: [policy("x/p", { ingress: [{ from: [{ podSelector: { matchLabels: { apps: "web" } } }] }] })] }, "spec.ingress[0].from[0].podSelector", /write app: web/],
    [
      "namespace-selector-matches-nothing",
      { pods, policies: [policy("x/p", { ingress: [{ from: [{ namespaceSelector: { matchLabels: { name: "y" } } }] }] })] },
      "spec.ingress[0].from[0].namespaceSelector",
      /write kubernetes.io\/metadata.name: y/,
    ],
    [
      "namespace-selector-matches-nothing",
      { pods, namespaces: [namespace("y", { team: "blue" })], policies: [policy("x/p", { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "bleu" } } }] }] })] },
      "spec.ingress[0].from[0].namespaceSelector",
      /write blue/,
    ],
    [
      "well-known-label-typo",
      { pods, policies: [policy("x/p", { podSelector: { matchLabels: { "app.kubernetes.io/nmae": "web" } } })] },
      "spec.podSelector.matchLabels[app.kubernetes.io/nmae]",
      /write app.kubernetes.io\/name/,
    ],
    [
      "redundant-rule",
      { pods, policies: [policy("x/a", { ingress: [{}] }), policy("x/b", { podSelector: { matchLabels: { app: "web" } }, ingress: [{ ports: [{ port: 8080 }] }] })] },
      "spec.ingress[0]",
      /take it away/,
    ],
    ["redundant-peer", { pods, policies: [policy("x/p", { ingress: [{ from: [{ podSelector: { matchLabels: { app: "db" } } }, { podSelector: {} }] }] })] }, "spec.ingress[0].from[0]", /take it away/],
    ["redundant-port", { pods, policies: [policy("x/p", { ingress: [{ ports: [{ port: 1, endPort: 9000 }, { port: 8080 }] }] })] }, "spec.ingress[0].ports[1]", /take it away/],
    ["rules-without-type", { pods, policies: [policy("x/p", { policyTypes: ["Ingress"], egress: [{}] })] }, "spec.egress", /add Egress/],
    ["or-not-and", { pods, policies: [policy("x/p", { ingress: [{ from: [{ namespaceSelector: {} }, { podSelector: { matchLabels: { app: "db" } } }] }] })] }, "spec.ingress[0].from[1]", /one dash/],
    ["except-outside-cidr", { pods, policies: [policy("x/p", { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }] })] }, "spec.ingress[0].from[0].ipBlock.except[0]", /widen/],
    ["port-not-declared", { pods, policies: [policy("x/p", { podSelector: { matchLabels: { app: "web" } }, ingress: [{ ports: [{ port: 80 }] }] })] }, "spec.ingress[0].ports[0].port", /^$/],
    ["named-port-unknown", { pods, policies: [policy("x/p", { podSelector: { matchLabels: { app: "web" } }, ingress: [{ ports: [{ port: "htttp" }] }] })] }, "spec.ingress[0].ports[0].port", /write http/],
    ["named-port-unknown", { pods, policies: [policy("x/p", { podSelector: { matchLabels: { app: "web" } }, ingress: [{ ports: [{ port: "http", protocol: "UDP" }] }] })] }, "spec.ingress[0].ports[0].port", /protocol: TCP/],
    ["empty-port-entry", { pods, policies: [policy("x/p", { ingress: [{ ports: [{}] }] })] }, "spec.ingress[0].ports[0]", /protocol: TCP/],
    ["dns-egress-forgotten", { pods, policies: [policy("x/p", { policyTypes: ["Egress"], egress: [{ ports: [{ port: 5432 }] }] })] }, "spec.egress", /UDP and TCP 53/],
    ["dns-egress-udp-only", { pods, policies: [policy("x/p", { policyTypes: ["Egress"], egress: [{ ports: [{ port: 53, protocol: "UDP" }] }] })] }, "spec.egress", /UDP and TCP 53/],
    ["open-in-one-direction", { pods, policies: [policy("x/p", {})] }, "spec.podSelector", /add Egress/],
    ["open-in-one-direction", { pods, policies: [policy("x/p", { policyTypes: ["Egress"] })] }, "spec.podSelector", /add Ingress/],
  ];

  test.each(cases)("%s", (code, set, path, fix) => {
    const found = of(model(set), code);
    expect(found.map((each) => each.path)).toEqual([path]);
    expect(found[0]!.fix).toMatch(fix);
  });

  test("a Deny in front of an Allow of the same peers shadows it; the other way round it does not", () => {
    const rules = (actions: readonly string[]) =>
      ({
        apiVersion: "policy.networking.k8s.io/v1alpha2",
        kind: "ClusterNetworkPolicy",
        metadata: { name: "c" },
        spec: { tier: "Admin", priority: 1, subject: { namespaces: {} }, ingress: actions.map((action, i) => ({ action, from: [{ namespaces: i === 0 && action === "Accept" ? { matchLabels: { team: "x" } } : {} }] })) },
      }) as unknown as PolicyObject;
    expect(of(model({ pods, policies: [rules(["Deny", "Accept"])] }), "shadowed-rule").map((each) => each.path)).toEqual(["spec.ingress[1]"]);
    expect(of(model({ pods, policies: [rules(["Accept", "Deny"])] }), "shadowed-rule")).toEqual([]);
  });

  test.each<[string, TestSet]>([
    ["deny-all with exceptions", { pods: [pods[0]!], policies: [policy("x/deny", { policyTypes: both }), policy("x/web", { podSelector: { matchLabels: { app: "web" } }, policyTypes: both, ingress: [{ ports: [{ port: 8080 }] }], egress: [{ ports: [{ port: 53 }, { port: 53, protocol: "UDP" }] }] })] }],
    ["deny-all alone forgets no DNS", { pods, policies: [policy("x/deny", { policyTypes: both })] }],
    ["node-local DNS by address", { pods: [pods[0]!], policies: [policy("x/p", { policyTypes: both, egress: [{ to: [{ ipBlock: { cidr: "169.254.20.10/32" } }] }] })] }],
  ])("nothing to say: %s", (_, set) => {
    expect(codes(lint(model(set)))).toEqual([]);
  });

  test("flannel enforces nothing, and says so once", () => {
    const m = model({ pods, policies: [policy("x/p", { policyTypes: both }), policy("x/q", { policyTypes: both })] });
    expect(lint(m, { cni: "flannel" }).findings.filter((each) => each.code === "not-enforced")).toHaveLength(1);
    expect(codes(lint(m, { cni: "calico" }))).not.toContain("not-enforced");
  });
});

describe.skipIf(shared === null)("lint of online-boutique (../shared is absent)", () => {
  test("its thirteen policies are sound: deny-all closes what the load generator's policy leaves", () => {
    const folder = resolve(shared ?? ".", "cases/real/online-boutique");
    const names = existsSync(folder) ? ["app.yaml", ...readdirSync(resolve(folder, "network-policies")).map((name) => `network-policies/${name}`)] : [];
    const m = readModel(readManifests(names.map((name) => ({ name, text: readFileSync(resolve(folder, name), "utf8") }))).objects);
    expect(lint(m).findings).toEqual([]);
  });
});

function idOf({ kind, metadata }: PolicyObject): string {
  return kind === "NetworkPolicy" ? `${kind} ${metadata.namespace ?? "default"}/${metadata.name}` : `${kind} ${metadata.name}`;
}

/** Types written out, so that taking a rule away takes no isolation with it. */
function typed(object: PolicyObject): PolicyObject {
  if (object.kind !== "NetworkPolicy" || (object.spec.policyTypes ?? []).length > 0) return object;
  return { ...object, spec: { ...object.spec, policyTypes: (object.spec.egress ?? []).length > 0 ? both : ["Ingress"] } };
}
