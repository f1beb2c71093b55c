import fc from "fast-check";
import { expect, test } from "vitest";
import type { NetworkPolicy } from "../../src/api/index.js";
import type { PolicyInput } from "../../src/policy/input.js";
import { allPairs } from "../../src/policy/compile/all-pairs.js";
import { PolicyMatcher } from "../../src/policy/compile/matcher.js";
import { commonFamily, podEndpoint } from "../../src/policy/endpoint.js";
import { buildModel } from "../../src/policy/model.js";
import { verdict } from "../../src/policy/oracle.js";
import { cluster, networkPolicy, plainCluster, questionOf, questionSeed, switches } from "./arbitraries.js";
import { policy } from "./build.js";

test("one more allow policy over isolated pods closes nothing, and taking it away opens nothing", () => {
  let opened = 0;
  fc.assert(
    fc.property(plainCluster, networkPolicy, fc.array(questionSeed, { minLength: 12, maxLength: 12 }), (input, object, seeds) => {
      const added = { ...object, metadata: { ...object.metadata, name: "added" } } as NetworkPolicy;
      const isolating = policy(`${added.metadata.namespace}/isolating`, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
      const with_ = (...more: NetworkPolicy[]): PolicyInput => ({ ...input, policies: [...input.policies, ...more.map((each) => ({ object: each, source: null }))] });
      const before = buildModel(with_(isolating));
      const after = buildModel(with_(isolating, added));
      for (const seed of seeds) {
        const closed = !verdict(after, questionOf(after, seed)).allowed;
        const was = verdict(before, questionOf(before, seed)).allowed;
        if (closed) expect(was).toBe(false);
        else if (!was) opened++;
      }
    }),
    { numRuns: 300 },
  );
  expect(opened).toBeGreaterThan(0);
});

test("a denial by isolation ends when its policies go, and an allowing rule is the only one or has company", () => {
  fc.assert(
    fc.property(plainCluster, fc.array(questionSeed, { minLength: 12, maxLength: 12 }), (input, seeds) => {
      const model = buildModel(input);
      for (const seed of seeds) {
        for (const side of ["egress", "ingress"] as const) {
          const answer = verdict(model, questionOf(model, seed))[side];
          if (answer.by.length === 0) continue;
          const named = new Set(answer.by.map((each) => each.policy));
          const without = buildModel({ ...input, policies: input.policies.filter(({ object }) => !named.has(`NetworkPolicy ${object.metadata.namespace}/${object.metadata.name}`)) });
          const then = verdict(without, questionOf(without, seed))[side];
          if (!answer.allowed) expect(then.allowed).toBe(true);
          else expect(then.by.every((each) => each.path === "spec.podSelector")).toBe(true);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("all pairs at once are the verdicts one by one", () => {
  fc.assert(
    fc.property(cluster, switches, fc.constantFrom(53, 80, 8080, 9), (input, chosen, port) => {
      const model = buildModel(input, chosen);
      const matcher = new PolicyMatcher(model);
      const { pairs, bits, words } = allPairs(matcher, 0, port);
      let expected = 0;
      for (const a of model.pods) {
        for (const b of model.pods) {
          if (a === b) continue;
          const [from, to] = [podEndpoint(a), podEndpoint(b)];
          const families = [a, b].map((each) => each.addresses[0]?.family);
          if (families[0] !== families[1] && families.every((each) => each !== undefined)) return;
          const { allowed } = verdict(model, { from, to, port, protocol: "TCP", family: families[0] ?? commonFamily(from, to) });
          if (allowed) expected++;
          const x = matcher.ends.identity.data[matcher.podEnd(a.id)]!;
          const y = matcher.ends.identity.data[matcher.podEnd(b.id)]!;
          if (x >= 0 && y >= 0) expect(((bits[x * words + (y >> 5)]! >>> (y & 31)) & 1) === 1).toBe(allowed);
        }
      }
      expect(pairs).toBe(expected);
      expect(allPairs(matcher, 0, port, false).pairs).toBe(expected);
    }),
    { numRuns: 300 },
  );
});
