import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { buildModel, type PolicyModel } from "../../src/policy/model.js";
import { type PolicyQuery, verdict } from "../../src/policy/oracle.js";
import type { NamespaceInput, NodeInput, PodInput, PolicySource } from "../../src/policy/input.js";
import { cluster, clusterPolicy, namespaceArbitrary, networkPolicy, nodeArbitrary, podArbitrary, questionOf, questionSeed, switches } from "./arbitraries.js";

const prove = process.env["PODWIRE_PROVE"] === "1";

/** The compiled answer and the plain one. */
function answers(model: PolicyModel, matcher: PolicyMatcher, query: PolicyQuery): [unknown, unknown] {
  const from = matcher.endOf(query.from, query.family);
  const to = matcher.endOf(query.to, query.family);
  const protocol = PolicyMatcher.protocolNumber(query.protocol);
  const compiled = matcher.verdict(from, to, protocol, query.port);
  expect(matcher.allows(from, to, protocol, query.port)).toBe(compiled.allowed);
  const plain = verdict(model, query);
  return [compiled, { allowed: plain.allowed, egress: plain.egress.allowed, ingress: plain.ingress.allowed }];
}

describe("the compiled matcher", () => {
  test("says what the oracle says", { timeout: 600_000 }, () => {
    let pairs = 0;
    fc.assert(
      fc.property(cluster, switches, fc.array(questionSeed, { minLength: 10, maxLength: 10 }), (input, chosen, seeds) => {
        const model = buildModel(input, chosen);
        const matcher = new PolicyMatcher(model);
        for (const seed of seeds) {
          const [compiled, plain] = answers(model, matcher, questionOf(model, seed));
          expect(compiled).toEqual(plain);
          pairs++;
        }
      }),
      { numRuns: prove ? 10_000 : 500 },
    );
    expect(pairs).toBeGreaterThanOrEqual(prove ? 100_000 : 5_000);
  });
});

type Change = (matcher: PolicyMatcher, input: Mutable) => void;
interface Mutable {
  pods: PodInput[];
  namespaces: NamespaceInput[];
  nodes: NodeInput[];
  policies: PolicySource[];
}

const policyId = ({ object }: PolicySource): string =>
  object.kind === "NetworkPolicy" ? `NetworkPolicy ${object.metadata.namespace}/${object.metadata.name}` : `${object.kind} ${object.metadata.name}`;
const podId = (pod: PodInput): string => `${pod.namespace}/${pod.name}`;

function put<T>(list: T[], id: (each: T) => string, item: T): void {
  const at = list.findIndex((each) => id(each) === id(item));
  if (at < 0) list.push(item);
  else list[at] = item;
}

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(podArbitrary, fc.nat(2)).map(([pod, ip]): Change => (matcher, input) => {
    const given = { ...pod, ips: pod.hostNetwork || ip === 0 ? [] : ip === 1 ? [`10.0.0.${100 + input.pods.length}`] : [`fd00::${200 + input.pods.length}`] };
    put(input.pods, podId, given);
    matcher.setPod(given);
  }),
  fc.nat(9).map((n): Change => (matcher, input) => {
    const [pod] = input.pods.splice(n, 1);
    if (pod !== undefined) matcher.deletePod(podId(pod));
  }),
  fc.tuple(fc.nat(9), podArbitrary).map(([n, { labels }]): Change => (matcher, input) => {
    const pod = input.pods[n];
    if (pod === undefined) return;
    input.pods[n] = { ...pod, labels };
    matcher.setPod(input.pods[n]!);
  }),
  namespaceArbitrary.map((each): Change => (matcher, input) => {
    put(input.namespaces, ({ name }) => name, each);
    matcher.setNamespace(each);
  }),
  fc.tuple(nodeArbitrary, fc.boolean()).map(([each, addressed]): Change => (matcher, input) => {
    const node = { ...each, ips: addressed ? [`192.168.0.${each.name === "n1" ? 1 : 2}`, "fd00::9"] : [] };
    put(input.nodes, ({ name }) => name, node);
    matcher.setNode(node);
  }),
  fc.nat(3).map((n): Change => (matcher, input) => {
    const [node] = input.nodes.splice(n, 1);
    if (node !== undefined) matcher.deleteNode(node.name);
  }),
  fc.oneof(networkPolicy, clusterPolicy).map((object): Change => (matcher, input) => {
    put(input.policies, policyId, { object, source: null });
    matcher.setPolicy({ object, source: null });
  }),
  fc.nat(6).map((n): Change => (matcher, input) => {
    const [policy] = input.policies.splice(n, 1);
    if (policy !== undefined) matcher.deletePolicy(policyId(policy));
  }),
  fc.constant<Change>((matcher) => matcher.dropCaches()),
);

describe("the compiled matcher after changes", () => {
  test("says what the oracle says of the set as it is now", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(
        cluster,
        switches,
        fc.array(fc.tuple(change, fc.array(questionSeed, { minLength: 4, maxLength: 4 })), { maxLength: 12 }),
        (input, chosen, steps) => {
          const now: Mutable = { pods: [...input.pods], namespaces: [...input.namespaces], nodes: [...input.nodes], policies: [...input.policies] };
          const matcher = new PolicyMatcher(buildModel(input, chosen));
          for (const [step, seeds] of steps) {
            step(matcher, now);
            const model = buildModel(now, chosen);
            for (const seed of seeds) {
              const [compiled, plain] = answers(model, matcher, questionOf(model, seed));
              expect(compiled).toEqual(plain);
            }
          }
        },
      ),
      { numRuns: prove ? 5_000 : 300 },
    );
  });
});
