/** Calico's own policies: packets through Felix's chains against a plain reading of tiers, order, actions and selectors. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CalicoEntityRule, CalicoPolicySpec, CalicoRule, Tier } from "../../../src/api/calico-api.js";
import type { PodInput, PolicyInput } from "../../../src/policy/input.js";
import { namespace as ns, pod, port } from "../../policy/build.js";
import "../../support/chance.js";
import { keyOf, OUTSIDE, PORTS, type Protocol, type Try } from "../enforce/two-nodes.js";
import { allowed, type Policy, type World } from "./calico-judge.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

const NAMESPACES = { x: { team: "red" }, y: { team: "blue" } } as const;
const selector = fc.constantFrom("all()", "app == 'a'", "app != 'a'", "has(tier)", "!has(tier)", "app in {'a','b'} && has(tier)", "app == 'a' || tier starts with 'b'");
const net = fc.constantFrom("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/28", "10.0.0.16/28", "192.168.0.0/24", "192.168.0.2/32", "1.1.1.1/32", "10.0.0.1", "2001:db8::/32");
const manyPorts = Array.from({ length: 17 }, (_, i) => 100 + 2 * i);
const portEntry = fc.constantFrom<number | string>(80, 443, "80:90", "8080:8090", "web", "dns", 1);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 2 });
const plain = <T extends object>(value: T): T => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const end: fc.Arbitrary<CalicoEntityRule> = fc
  .record({
    nets: maybe(fc.array(net, { minLength: 1, maxLength: 3 })),
    notNets: maybe(fc.array(fc.constantFrom("10.0.0.0/28", "1.1.1.1/32", "192.168.0.1/32"), { minLength: 1, maxLength: 2 })),
    selector: maybe(selector),
    notSelector: maybe(fc.constantFrom("app == 'b'", "has(tier)")),
    namespaceSelector: maybe(fc.constantFrom("all()", "team == 'red'", "projectcalico.org/name == 'y'")),
  })
  .map((each) => plain(each) as CalicoEntityRule);

const rule: fc.Arbitrary<CalicoRule> = fc
  .record({
    action: fc.constantFrom("Allow", "Allow", "Deny", "Pass", "Log"),
    protocol: maybe(fc.constantFrom("TCP", "UDP", "ICMP")),
    notProtocol: maybe(fc.constant("UDP")),
    source: maybe(end),
    destination: maybe(end),
    ports: maybe(fc.oneof(fc.array(portEntry, { minLength: 1, maxLength: 3 }), fc.constant([...manyPorts, 80]))),
    notPorts: maybe(fc.array(fc.constantFrom<number | string>(53, "8080:8081", "web"), { minLength: 1, maxLength: 2 })),
  })
  .map(({ ports, notPorts, destination, ...rest }) => {
    const withPorts = rest.protocol === "TCP" || rest.protocol === "UDP" ? { ...destination, ...plain({ ports, notPorts }) } : destination;
    return plain({ ...rest, destination: withPorts }) as CalicoRule;
  });

const spec = fc
  .record({
    tier: fc.constantFrom("default", "early", "late"),
    order: maybe(fc.constantFrom(1, 2, 1000)),
    selector,
    types: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
    ingress: fc.array(rule, { maxLength: 3 }),
    egress: fc.array(rule, { maxLength: 3 }),
  })
  .map((each) => plain(each) as Omit<CalicoPolicySpec, "namespaceSelector">);

const policy: fc.Arbitrary<Policy> = fc.oneof(
  fc.record({ name: fc.constantFrom("a", "b", "c"), namespace: fc.constantFrom("x", "y"), spec }).map(({ name, namespace, spec: of }): Policy => ({ apiVersion: "projectcalico.org/v3", kind: "CalicoNetworkPolicy", metadata: { name, namespace }, spec: of })),
  fc
    .record({ name: fc.constantFrom("a", "b", "c"), spec, namespaceSelector: maybe(fc.constantFrom("team == 'red'", "has(team)")) })
    .map(({ name, spec: of, namespaceSelector }): Policy => ({ apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy", metadata: { name }, spec: { ...of, ...(namespaceSelector === undefined ? {} : { namespaceSelector }) } })),
);

const tier = (name: string, order: number, defaultAction: "Deny" | "Pass"): Tier => ({ apiVersion: "projectcalico.org/v3", kind: "Tier", metadata: { name }, spec: { order, defaultAction } });
const scene = fc.record({
  labels: fc.array(fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("a", "b"), { noNullPrototype: true }), { minLength: 4, maxLength: 4 }),
  policies: fc.uniqueArray(policy, { minLength: 1, maxLength: 6, selector: (each) => `${each.kind} ${each.metadata.namespace} ${each.metadata.name}` }),
  early: fc.constantFrom<"Deny" | "Pass">("Deny", "Pass"),
  late: fc.constantFrom<"Deny" | "Pass">("Deny", "Pass"),
});

const WHERE = [["x/p", "n1"], ["x/q", "n2"], ["y/p", "n1"], ["y/q", "n2"]] as const;

function views(world: CalicoNodes, drawn: typeof scene extends fc.Arbitrary<infer T> ? T : never): { readonly view: PolicyInput & { readonly calico: readonly { readonly object: Policy | Tier; readonly source: null }[] }; readonly plain: World } {
  const pods: PodInput[] = WHERE.map(([id, node], i) => pod(id, { node, ips: [world.addPod(id, node)], labels: drawn.labels[i]!, ports: [port("web", 8080 + (i % 2)), port("dns", 53, "UDP")] }));
  const tiers = [tier("early", 10, drawn.early), tier("late", 2_000_000, drawn.late)];
  const objects = [...drawn.policies, ...tiers].map((object) => ({ object, source: null }));
  const namespaces = Object.entries(NAMESPACES).map(([name, labels]) => ns(name, labels));
  const nodes = PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null }));
  return { view: { pods, namespaces, nodes, policies: [], calico: objects }, plain: { pods, namespaces: NAMESPACES, policies: drawn.policies, tiers } };
}

test("packets do what tiers, order, actions and selectors say", { timeout: 120_000 }, () => {
  let [yes, no] = [0, 0];
  fc.assert(
    fc.property(scene, (drawn) => {
      const world = new CalicoNodes("None");
      const { view, plain: judge } = views(world, drawn);
      world.sync(view);
      const places = [...PLACES.map(({ name, ip }) => ({ name, ip })), { name: "outside", ip: OUTSIDE }, ...judge.pods.map((each) => ({ name: `${each.namespace}/${each.name}`, ip: each.ips[0]! }))];
      const asked: (Try & { readonly expected: boolean })[] = [];
      for (const from of places) {
        for (const to of places) {
          if (!from.name.includes("/") && !to.name.includes("/")) continue;
          for (const protocol of ["TCP", "UDP", "ICMP"] as const satisfies readonly Protocol[]) {
            for (const at of protocol === "ICMP" ? [0] : protocol === "UDP" ? [53, 80] : PORTS) {
              const fromNode = PLACES.some(({ name }) => name === from.name) ? from.name : null;
              asked.push({ from: from.name, to: to.ip, protocol, port: at, expected: allowed(judge, { from: from.ip, to: to.ip, protocol, port: at }, fromNode) });
            }
          }
        }
      }
      const heard = world.ask(asked);
      expect(asked.flatMap((each) => (each.expected === heard.has(keyOf(each)) ? [] : [`${keyOf(each)} should ${each.expected ? "" : "not "}come about`]))).toEqual([]);
      for (const { expected } of asked) expected ? yes++ : no++;
    }),
    { numRuns: 150 },
  );
  expect(yes).toBeGreaterThan(2000);
  expect(no).toBeGreaterThan(2000);
});
