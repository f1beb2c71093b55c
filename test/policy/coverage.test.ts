import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isOpen } from "../../src/policy/allowed-ports.js";
import { type Expectation, readExpectations } from "../../src/policy/check-expectation.js";
import { coverage, mutationCoverage, queriesOf } from "../../src/policy/coverage.js";
import { mutantsOf } from "../../src/policy/coverage-mutants.js";
import { diff } from "../../src/policy/diff.js";
import { editObject, valueAt } from "../../src/policy/edit-object.js";
import { buildModel } from "../../src/policy/model.js";
import { verdict } from "../../src/policy/oracle.js";
import { readQuery } from "../../src/policy/query.js";
import { cluster, plainCluster, questionOf, questionSeed } from "./arbitraries.js";
import { model, pod, policy } from "./build.js";

const read = (text: string): readonly Expectation[] => readExpectations([{ name: "e.yaml", text }]).expectations;
const m = model({
  pods: [pod("x/web"), pod("x/db"), pod("x/job")],
  policies: [
    policy("x/db", {
      podSelector: { matchLabels: { app: "db" } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }, { podSelector: { matchLabels: { app: "job" } } }], ports: [{ port: 5432 }, { port: 9187 }] }],
    }),
  ],
});

describe("coverage", () => {
  test("names the peers and ports that decided nothing", () => {
    const expectations = read("- {from: x/web, to: x/db, port: 5432, expect: allow}");
    expect(coverage(m, queriesOf(m, expectations))).toMatchObject({
      items: 5,
      decided: 2,
      never: [{ what: "isolation" }, { what: "peer", path: "spec.ingress[0].from[1]" }, { what: "port", path: "spec.ingress[0].ports[1]" }],
    });
  });

  test("a full list leaves nothing over, and one expectation without port covers all classes of ports", () => {
    const expectations = read("- {from: [x/web, x/job], to: x/db, port: [5432, 9187], expect: allow}\n- {from: 10.0.0.1, to: x/db, expect: deny}");
    expect(coverage(m, queriesOf(m, expectations)).never).toEqual([]);
  });

  test("what is named as deciding is what the oracle names", () => {
    fc.assert(
      fc.property(cluster, questionSeed, (input, seed) => {
        const built = buildModel(input);
        const query = questionOf(built, seed);
        const never = new Set(coverage(built, [query]).never.map((each) => `${each.direction} ${each.policy} ${each.path}`));
        const answer = verdict(built, query);
        for (const direction of ["egress", "ingress"] as const) {
          for (const { policy: id, path } of answer[direction].by) expect(never.has(`${direction} ${id} ${path}`)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("mutations", () => {
  test("a change of one token that opens or closes something and that nothing notices is listed with its path", () => {
    const loose = mutationCoverage(m, read("- {from: x/web, to: x/db, port: 5432, expect: allow}"));
    expect(loose.mutants).toBe(loose.noticed + loose.unnoticed.length + loose.equivalent);
    expect(loose.unnoticed.map((each) => each.says)).toContain("port 9187 -> 9188");
    expect(loose.unnoticed.map((each) => each.says)).toContain("label app taken away");
    expect(loose.unnoticed.map((each) => each.says)).not.toContain("port 5432 -> 5433");
  });

  test("a list that pins every connection leaves only mutants that change nothing here", () => {
    const tight = mutationCoverage(
      m,
      read(`
- {from: x/web, to: x/db, port: [5432, 9187], expect: allow}
- {from: x/job, to: x/db, port: [5432, 9187], expect: allow}
- {from: [x/web, x/job], to: x/db, port: [1-5431, 5433-9186, 9188-65535], expect: deny}
- {from: [x/web, x/job], to: x/db, protocol: UDP, expect: deny}
- {from: internet, to: x/db, expect: deny}
- {from: "x/*", to: [x/web, x/job], expect: allow}
- {from: internet, to: [x/web, x/job], expect: allow}
- {from: x/db, to: [x/web, x/job], expect: allow}
`),
    );
    expect(tight.unnoticed).toEqual([]);
    expect(tight.noticed).toBeGreaterThan(5);
  });

  test("every mutant differs from what is written, in one place, and is still taken by the API server", () => {
    fc.assert(
      fc.property(plainCluster, (input) => {
        const built = buildModel(input);
        for (const { edit, policy: id } of mutantsOf(built)) {
          const { object } = built.input.policies.find((each) => `NetworkPolicy ${each.object.metadata.namespace}/${each.object.metadata.name}` === id)!;
          expect(valueAt(object, edit.path)).toBeDefined();
          expect(editObject(object, edit)).not.toEqual(object);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("expectations that read every pair notice every mutant that changes any verdict", () => {
    const all = m.pods.flatMap((a) => m.pods.flatMap((b) => (a === b ? [] : [5432, 9187, 80].map((port) => ({ from: a.id, to: b.id, port })))));
    const expectations: Expectation[] = all.map(({ from, to, port }) => {
      const query = readQuery(m, { from, to, port });
      if ("code" in query) throw new Error(query.message);
      return { name: "", from: [from], to: [to], ports: [port], protocol: "TCP", expect: verdict(m, query).allowed ? "allow" : "deny", file: "", line: 0 };
    });
    const { unnoticed } = mutationCoverage(m, expectations);
    for (const { edit } of unnoticed) {
      const mutated = buildModel({ ...m.input, policies: m.input.policies.map((each) => ({ ...each, object: editObject(each.object, edit) })) });
      for (const change of diff(m, mutated).changes) {
        const pods = [change.from, change.to].every((name) => m.pods.some((each) => each.workload === name));
        for (const port of pods ? [5432, 9187, 80] : []) expect(isOpen(change.before, "TCP", port)).toBe(isOpen(change.after, "TCP", port));
      }
    }
  });
});
