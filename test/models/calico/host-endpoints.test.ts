/** Host endpoints: nodes' own packets and those that nodes forward, against a plain reading; and what comes before tracking and translation. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CalicoEntityRule, CalicoRule, GlobalNetworkPolicy, GlobalNetworkPolicySpec, HostEndpoint, Tier } from "../../../src/api/calico-api.js";
import type { CalicoObject, EnforceView } from "../../../src/models/enforce/enforce-model.js";
import { ruleHashes } from "../../../src/models/enforce/calico/felix-rule.js";
import { hostChains } from "../../../src/models/enforce/calico/host-chains.js";
import { ANY_INTERFACE } from "../../../src/models/enforce/calico/host-endpoints.js";
import type { PodInput } from "../../../src/policy/input.js";
import { namespace as ns, pod, port } from "../../policy/build.js";
import "../../support/chance.js";
import { keyOf, OUTSIDE, PORTS, type Protocol, type Try } from "../enforce/two-nodes.js";
import { allowed, type Host, type World } from "./calico-judge.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

const OPEN = "projectcalico-default-allow";
const V3 = "projectcalico.org/v3";

const endpoint = (name: string, node: string, more: Partial<HostEndpoint["spec"]> = {}, labels: Readonly<Record<string, string>> = {}): HostEndpoint => ({
  apiVersion: V3,
  kind: "HostEndpoint",
  metadata: { name, labels },
  spec: { node, interfaceName: "eth0", ...more },
});

const policy = (name: string, spec: GlobalNetworkPolicySpec): GlobalNetworkPolicy => ({ apiVersion: V3, kind: "GlobalNetworkPolicy", metadata: { name }, spec });

function viewOf(world: CalicoNodes, objects: readonly CalicoObject[], pods: readonly PodInput[] = []): EnforceView {
  const nodes = PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null }));
  const view = { pods, namespaces: [ns("x", {})], nodes, policies: [], calico: objects.map((object) => ({ object, source: null })) };
  world.sync(view);
  return view;
}

describe("names and hashes", () => {
  test("are those that a cluster with host endpoints for everything has", () => {
    const host = { name: "auto", node: "n1", interfaceName: "*", addresses: [], profiles: [], ports: [], label: () => undefined };
    const { raw, mangle, filter } = hostChains(new Map([[ANY_INTERFACE, host]]), () => []);
    const at = (table: typeof filter, name: string): readonly string[] => ruleHashes(table.chains.find((chain) => chain.name === name)!);
    expect(at(filter, "cali-failsafe-in")).toEqual(["wWFQM43tJU7wwnFZ", "LwNV--R8MjeUYacw", "QOO5NUOqOSS1_Iw0", "cwZWoBSwVeIAZmVN", "7FbNXT91kugE_upR", "8Ftbkk2dRH2eEeq1", "-JoRSaAQZPJAegMo", "PUKij4Rn9njHfVTi", "vSprVE-4rient0wc"]);
    expect(at(mangle, "cali-failsafe-out").slice(0, 3)).toEqual(["82hjfji-wChFhAqL", "TNM3RfEjbNr72hgH", "ycxKitIl4u3dK0HR"]);
    expect(at(mangle, "cali-th-any-interface-at-all")[3]).toBe("isLh7I8mMajLdhSv");
    expect(at(filter, "cali-fh-any-interface-at-all")[2]).toBe("NnqjZhu9yccY4C7-");
    expect(at(filter, "cali-th-any-interface-at-all")[2]).toBe("Pk4AU-xuUwtwrLN6");
    expect(raw.chains.flatMap(({ rules }) => rules)).toEqual([]);
    expect(mangle.chains.some(({ name }) => name === "cali-failsafe-in")).toBe(false);
  });
});

interface Scene {
  readonly world: CalicoNodes;
  readonly pods: readonly PodInput[];
}

function scene(): Scene {
  const world = new CalicoNodes("None");
  const pods = ([["x/p", "n1"], ["x/q", "n2"]] as const).map(([id, node]) => pod(id, { node, ips: [world.addPod(id, node)], labels: {}, ports: [] }));
  return { world, pods };
}

const ask = ({ world, pods }: Scene, from: string, to: string, at = 80, protocol: Protocol = "TCP"): boolean => {
  const address = [...PLACES, ...pods.map((each) => ({ name: `${each.namespace}/${each.name}`, ip: each.ips[0]! }))].find(({ name }) => name === to)?.ip ?? OUTSIDE;
  return world.ask([{ from, to: address, port: at, protocol }]).size === 1;
};

describe("an interface under policy", () => {
  test("is closed but for failsafe ports, and what is forwarded is not touched", () => {
    const here = scene();
    viewOf(here.world, [endpoint("n1", "n1")], here.pods);
    expect(ask(here, "n2", "n1")).toBe(false);
    expect(ask(here, "n1", "n2")).toBe(false);
    expect(ask(here, "n1", "outside", 53, "UDP")).toBe(true);
    expect(ask(here, "x/p", "n2")).toBe(true);
    expect(ask(here, "x/q", "x/p")).toBe(true);
    expect(ask(here, "n1", "x/p")).toBe(true);
    expect(ask(here, "x/p", "n1")).toBe(true);
  });

  test("is as open as its profile, and as closed as its policies", () => {
    const here = scene();
    const deny = policy("no-80", { selector: "role == 'web'", types: ["Ingress"], ingress: [{ action: "Deny", protocol: "TCP", destination: { ports: [80] } }, { action: "Allow" }] });
    viewOf(here.world, [endpoint("n1", "n1", { profiles: [OPEN] }, { role: "web" }), deny], here.pods);
    expect(ask(here, "n2", "n1")).toBe(false);
    expect(ask(here, "n2", "n1", 443)).toBe(true);
    expect(ask(here, "n1", "n2")).toBe(true);
  });

  test("may be found by its addresses, or be all that there are", () => {
    for (const more of [{ interfaceName: "", expectedIPs: ["192.168.0.1"] }, { interfaceName: "*" }]) {
      const here = scene();
      viewOf(here.world, [endpoint("n1", "n1", more)], here.pods);
      expect(ask(here, "n2", "n1")).toBe(false);
      expect(ask(here, "x/q", "x/p")).toBe(true);
      expect(ask(here, "n1", "x/p")).toBe(true);
      viewOf(here.world, [], here.pods);
      expect(ask(here, "n2", "n1")).toBe(true);
      expect(here.world.held("n1").some((line) => /cali-(fh|th|failsafe)/.test(line))).toBe(false);
    }
  });

  test("takes forwarded packets where a policy says so", () => {
    const here = scene();
    const only443 = policy("forward", { selector: "all()", applyOnForward: true, types: ["Ingress"], ingress: [{ action: "Allow", protocol: "TCP", destination: { ports: [443] } }], namespaceSelector: "" });
    viewOf(here.world, [endpoint("n1", "n1", { profiles: [OPEN] }), only443], here.pods.map((each) => ({ ...each, labels: {} })));
    expect(ask(here, "x/q", "x/p", 443)).toBe(true);
    expect(ask(here, "x/q", "x/p")).toBe(false);
    expect(ask(here, "x/p", "outside")).toBe(true);
  });

  test("drops before translation what a preDNAT policy denies", () => {
    const here = scene();
    const early = policy("early", { selector: "has(guarded)", preDNAT: true, applyOnForward: true, types: ["Ingress"], ingress: [{ action: "Deny", source: { nets: ["192.168.0.2/32"] } }] });
    viewOf(here.world, [endpoint("n1", "n1", { profiles: [OPEN] }, { guarded: "" }), early], here.pods);
    expect(ask(here, "n2", "n1")).toBe(false);
    expect(ask(here, "n2", "x/p")).toBe(false);
    expect(ask(here, "outside", "n1")).toBe(true);
  });

  test("does not track what an untracked policy allows: both ways must be allowed", () => {
    const here = scene();
    const way = (egress: boolean): GlobalNetworkPolicy =>
      policy("stateless", {
        selector: "has(guarded)",
        doNotTrack: true,
        applyOnForward: true,
        types: ["Ingress", "Egress"],
        ingress: [{ action: "Allow", protocol: "TCP", destination: { ports: [80] } }],
        egress: egress ? [{ action: "Allow", protocol: "TCP", source: { ports: [80] } }] : [],
      });
    viewOf(here.world, [endpoint("n1", "n1", {}, { guarded: "" }), way(false)], here.pods);
    expect(ask(here, "n2", "n1")).toBe(false);
    viewOf(here.world, [endpoint("n1", "n1", {}, { guarded: "" }), way(true)], here.pods);
    expect(ask(here, "n2", "n1")).toBe(true);
    expect(ask(here, "n2", "n1", 443)).toBe(false);
  });
});

const selector = fc.constantFrom("all()", "app == 'a'", "app != 'a'", "has(tier)", "!has(tier)");
const net = fc.constantFrom("0.0.0.0/0", "10.0.0.0/28", "192.168.0.0/24", "192.168.0.2/32", "1.1.1.1/32");
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 2 });
const plain = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
const end = fc.record({ nets: maybe(fc.array(net, { minLength: 1, maxLength: 2 })), selector: maybe(selector) }).map((each) => plain(each) as CalicoEntityRule);
const rule = fc
  .record({ action: fc.constantFrom("Allow", "Allow", "Deny", "Pass"), protocol: maybe(fc.constantFrom("TCP", "UDP")), source: maybe(end), destination: maybe(end), ports: maybe(fc.constantFrom(80, 443)) })
  .map(({ ports, destination, ...rest }) => plain({ ...rest, destination: ports === undefined || rest.protocol === undefined ? destination : { ...destination, ports: [ports] } }) as CalicoRule);
const drawn = fc.record({
  policies: fc.uniqueArray(
    fc
      .record({
        name: fc.constantFrom("a", "b", "c"),
        spec: fc.record({
          tier: fc.constantFrom("default", "early"),
          selector,
          applyOnForward: fc.boolean(),
          types: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
          ingress: fc.array(rule, { maxLength: 3 }),
          egress: fc.array(rule, { maxLength: 3 }),
        }),
      })
      .map(({ name, spec }) => policy(name, spec)),
    { minLength: 1, maxLength: 4, selector: (each) => each.metadata.name },
  ),
  hosts: fc.array(fc.record({ labels: fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("a", "b"), { noNullPrototype: true }), open: fc.boolean(), known: fc.boolean() }), { minLength: 1, maxLength: 2 }),
  early: fc.constantFrom<"Deny" | "Pass">("Deny", "Pass"),
  labels: fc.array(fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("a", "b"), { noNullPrototype: true }), { minLength: 3, maxLength: 3 }),
});

test("packets of nodes and through nodes do what policies of host endpoints say", { timeout: 120_000 }, () => {
  let [yes, no] = [0, 0];
  fc.assert(
    fc.property(drawn, ({ policies, hosts: given, early, labels }) => {
      const world = new CalicoNodes("None");
      const where = [["x/p", "n1"], ["x/q", "n2"], ["x/r", "n1"]] as const;
      const pods = where.map(([id, node], i) => pod(id, { node, ips: [world.addPod(id, node)], labels: labels[i]!, ports: [port("web", 8080)] }));
      const hosts: Host[] = given.map((each, i) => ({ ...each, node: PLACES[i]!.name, expectedIPs: each.known ? [PLACES[i]!.ip] : [] }));
      const tier: Tier = { apiVersion: V3, kind: "Tier", metadata: { name: "early" }, spec: { order: 10, defaultAction: early } };
      viewOf(world, [...policies, tier, ...hosts.map((host) => endpoint(host.node, host.node, { expectedIPs: host.expectedIPs, profiles: host.open ? [OPEN] : [] }, host.labels))], pods);
      const judge: World = { pods, namespaces: { x: {} }, policies, tiers: [tier], hosts, nodes: Object.fromEntries(PLACES.map(({ name, ip }) => [name, ip])) };
      const places = [...PLACES.map(({ name, ip }) => ({ name, ip })), { name: "outside", ip: OUTSIDE }, ...pods.map((each) => ({ name: `${each.namespace}/${each.name}`, ip: each.ips[0]! }))];
      const nodeOf = (name: string): string | null => (PLACES.some((each) => each.name === name) ? name : null);
      const asked: (Try & { readonly expected: boolean })[] = [];
      for (const from of places) {
        for (const to of places) {
          // A host that speaks to itself meets no interface, nor does who is outside.
          if (from === to) continue;
          for (const protocol of ["TCP", "UDP", "ICMP"] as const satisfies readonly Protocol[]) {
            for (const at of protocol === "ICMP" ? [0] : protocol === "UDP" ? [53, 80] : PORTS) {
              asked.push({ from: from.name, to: to.ip, protocol, port: at, expected: allowed(judge, { from: from.ip, to: to.ip, protocol, port: at }, nodeOf(from.name), nodeOf(to.name)) });
            }
          }
        }
      }
      const heard = world.ask(asked);
      expect(asked.flatMap((each) => (each.expected === heard.has(keyOf(each)) ? [] : [`${keyOf(each)} should ${each.expected ? "" : "not "}come about`]))).toEqual([]);
      for (const { expected } of asked) expected ? yes++ : no++;
    }),
    { numRuns: 60 },
  );
  expect(yes).toBeGreaterThan(1000);
  expect(no).toBeGreaterThan(1000);
});
