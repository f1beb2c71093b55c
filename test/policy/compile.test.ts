import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { podEndpoint } from "../../src/policy/endpoint.js";
import { buildModel, type PolicyModel } from "../../src/policy/model.js";
import { type PolicyQuery, verdict } from "../../src/policy/oracle.js";
import type { NamespaceInput, NodeInput, PodInput, PolicySource } from "../../src/policy/input.js";
import { cluster, clusterPolicy, namespaceArbitrary, networkPolicy, nodeArbitrary, podArbitrary, questionOf, questionSeed, switches } from "./arbitraries.js";
import { pod, port } from "./build.js";

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

describe("the compiled matcher on hundreds of unlike pods", () => {
  const letters = ["a", "b", "c"];
  const unlike = (i: number): PodInput =>
    pod(`${["x", "y", "z"][i % 7 === 0 ? 1 : i % 11 === 0 ? 2 : 0]}/p${i}`, {
      labels: { app: letters[i % 3]!, ...(i % 4 === 0 ? {} : { tier: letters[(i >> 2) % 3]! }), id: `i${i}` },
      ips: [`10.0.${i >> 8}.${i & 255}`],
      ports: [port("http", i % 2 === 0 ? 80 : 8080), port("dns", 53, "UDP")],
    });

  test("says what the oracle says, also beyond the room that rows had", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const objects = [...fc.sample(networkPolicy, { seed, numRuns: 25 }), ...fc.sample(clusterPolicy, { seed, numRuns: 5 })];
      const policies = objects.map((object, i) => ({ object: { ...object, metadata: { ...object.metadata, name: `p${i}` } } as PolicySource["object"], source: null }));
      const input = { pods: Array.from({ length: 300 }, (_, i) => unlike(i)), namespaces: [], nodes: [], policies };
      const matcher = new PolicyMatcher(buildModel(input));
      const compare = (pods: readonly PodInput[]): void => {
        const model = buildModel({ ...input, pods });
        for (let q = 0; q < 600; q++) {
          const from = podEndpoint(model.pods[(q * 37 + seed) % pods.length]!);
          const to = podEndpoint(model.pods[(q * 101 + 7 * seed) % pods.length]!);
          const query = { from, to, family: 4 as const, protocol: ["TCP", "UDP"][q % 2]!, port: [53, 80, 443, 8080, 9][q % 5]! };
          const [compiled, plain] = answers(model, matcher, query);
          expect(compiled).toEqual(plain);
        }
      };
      compare(input.pods);
      const more = Array.from({ length: 120 }, (_, i) => unlike(300 + i));
      for (const each of more) matcher.setPod(each);
      const kept = [...input.pods, ...more].filter((_, i) => i % 5 !== 0);
      for (const [i, each] of [...input.pods, ...more].entries()) if (i % 5 === 0) matcher.deletePod(`${each.namespace}/${each.name}`);
      compare(kept);
    }
  });
});
