import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readManifests } from "../../src/api/index.js";
import { parseAddress } from "../../src/policy/address.js";
import { isOpen } from "../../src/policy/allowed-ports.js";
import { diff } from "../../src/policy/diff.js";
import { commonFamily, podEndpoint } from "../../src/policy/endpoint.js";
import { buildModel, type PolicyModel, readModel } from "../../src/policy/model.js";
import { type PolicyQuery, verdict } from "../../src/policy/oracle.js";
import { reach } from "../../src/policy/reach.js";
import { shared } from "../support/shared.js";
import { cluster, switches } from "./arbitraries.js";
import { model, pod, policy } from "./build.js";

const ports = [1, 22, 53, 79, 80, 81, 443, 444, 8080, 8081, 65535];
const protocols = ["TCP", "UDP", "SCTP"] as const;

/** Every (pod or outside address, pod or outside address) of a model with at least one pod in it. */
function* pairs(m: PolicyModel, ranges: readonly string[]): Generator<{ from: string; to: string; query: Omit<PolicyQuery, "port" | "protocol"> }> {
  const pods = m.pods.filter((each) => each.absent === "").map((each) => ({ name: each.id, end: podEndpoint(each) }));
  const outside = ranges.map((name) => {
    const address = parseAddress(name.split("-")[0]!)!;
    return { name, end: { kind: "external", address, host: "" } as const };
  });
  for (const a of pods) {
    for (const b of pods) if (a !== b) yield { from: a.name, to: b.name, query: { from: a.end, to: b.end, family: commonFamily(a.end, b.end) } };
    for (const b of outside) yield { from: a.name, to: b.name, query: { from: a.end, to: b.end, family: b.end.address.family } };
    for (const b of outside) yield { from: b.name, to: a.name, query: { from: b.end, to: a.end, family: b.end.address.family } };
  }
}

const isRange = (name: string): boolean => parseAddress(name.split("-")[0]!) !== null;

describe("reach", () => {
  test("lists exactly what the oracle allows, port by port", () => {
    fc.assert(
      fc.property(cluster, switches, (input, chosen) => {
        const m = buildModel(input, chosen);
        const open = reach(m, { unit: "pod" });
        const named = new Set(open.connections.flatMap(({ from, to }) => [from, to]).filter(isRange));
        const byPair = new Map(open.connections.map((each) => [`${each.from} ${each.to}`, each.allowed]));
        expect(byPair.size).toBe(open.connections.length);
        for (const { from, to, query } of pairs(m, [...named])) {
          const allowed = byPair.get(`${from} ${to}`) ?? {};
          for (const protocol of protocols) {
            for (const port of ports) expect([from, to, protocol, port, isOpen(allowed, protocol, port)]).toEqual([from, to, protocol, port, verdict(m, { ...query, protocol, port }).allowed]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("outside ranges cover both families without a gap and are cut only at named bounds", () => {
    const m = model({
      pods: [pod("x/a")],
      policies: [policy("x/p", { policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }] }] })],
    });
    const from = reach(m).connections.filter((each) => each.to === "x/a[Pod]").map((each) => each.from);
    expect(from).toEqual([
      "0.0.0.0-9.255.255.255",
      "10.0.0.0-10.0.255.255",
      "10.1.0.0-10.1.255.255",
      "10.2.0.0-10.255.255.255",
      "11.0.0.0-255.255.255.255",
      "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]);
    const to = reach(m).connections.filter((each) => each.from === "x/a[Pod]").map((each) => each.to);
    expect(to).toEqual(["10.0.0.0-10.0.255.255", "10.2.0.0-10.255.255.255"]);
    const open = reach(model({ pods: [pod("x/a")] })).connections;
    expect(open.map(({ from, to }) => [from, to])).toEqual([
      ["x/a[Pod]", "0.0.0.0-255.255.255.255"],
      ["x/a[Pod]", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
      ["0.0.0.0-255.255.255.255", "x/a[Pod]"],
      ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "x/a[Pod]"],
    ]);
    expect(open[0]!.allowed).toEqual({ TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] });
  });

  test("pods of one workload are one unit", () => {
    const two = { workload: "x/web[Deployment]", owned: true, labels: { app: "web" } };
    const m = model({ pods: [pod("x/web-1", two), pod("x/web-2", two), pod("x/c")] });
    const open = reach(m, { external: false });
    expect(open.workloads).toEqual([
      { id: "x/c[Pod]", pods: ["x/c"] },
      { id: "x/web[Deployment]", pods: ["x/web-1", "x/web-2"] },
    ]);
    expect(open.connections.map(({ from, to }) => `${from} ${to}`)).toEqual(["x/c[Pod] x/web[Deployment]", "x/web[Deployment] x/c[Pod]"]);
  });
});

describe("diff", () => {
  test("lists exactly the pairs whose verdict differs", () => {
    fc.assert(
      fc.property(cluster, cluster, (a, b) => {
        const both = { ...b, pods: a.pods, nodes: a.nodes, namespaces: a.namespaces };
        const [old, now] = [buildModel(a), buildModel(both)];
        const changes = new Map(diff(old, now, "pod").changes.map((each) => [`${each.from} ${each.to}`, each]));
        for (const { from, to, query } of pairs(old, [...changes.values()].flatMap((each) => [each.from, each.to]).filter(isRange))) {
          const change = changes.get(`${from} ${to}`);
          for (const protocol of protocols) {
            for (const port of ports) {
              const before = verdict(old, { ...query, protocol, port }).allowed;
              const after = verdict(now, { ...query, ...inModel(now, query), protocol, port }).allowed;
              if (change === undefined) expect(after).toBe(before);
              else expect([isOpen(change.before, protocol, port), isOpen(change.after, protocol, port)]).toEqual([before, after]);
            }
          }
        }
        for (const { before, after } of changes.values()) expect(before).not.toEqual(after);
      }),
      { numRuns: 60 },
    );
  });

  test("says which workloads come and go", () => {
    const result = diff(model({ pods: [pod("x/a"), pod("x/b")] }), model({ pods: [pod("x/a"), pod("x/c")] }));
    expect(result).toMatchObject({ added: ["x/c[Pod]"], removed: ["x/b[Pod]"] });
    expect(result.changes.find((each) => each.from === "x/a[Pod]" && each.to === "x/c[Pod]")?.before).toEqual({});
    expect(result.changes.find((each) => each.from === "x/a[Pod]" && each.to === "x/b[Pod]")?.after).toEqual({});
  });

  test("is empty between equal sets", () => {
    fc.assert(fc.property(cluster, (a) => {
      expect(diff(buildModel(a), buildModel(a)).changes).toEqual([]);
    }), { numRuns: 30 });
  });
});

function inModel(m: PolicyModel, query: Omit<PolicyQuery, "port" | "protocol">): Pick<PolicyQuery, "from" | "to"> {
  const move = (end: PolicyQuery["from"]): PolicyQuery["from"] => (end.kind === "external" || end.pod === null ? end : podEndpoint(m.pod(end.pod.id)!));
  return { from: move(query.from), to: move(query.to) };
}

describe.skipIf(shared === null)("online-boutique (../shared is absent)", () => {
  const folder = resolve(shared ?? ".", "cases/real/online-boutique");
  const file = (name: string) => ({ name, text: readFileSync(resolve(folder, name), "utf8") });
  const policies = existsSync(folder) ? readdirSync(resolve(folder, "network-policies")).map((name) => file(`network-policies/${name}`)) : [];
  const read = (files: { name: string; text: string }[]): PolicyModel => {
    const { objects, problems } = readManifests(files);
    expect(problems.filter((each) => each.severity === "error")).toEqual([]);
    return readModel(objects);
  };

  test("the edges that its policies name are open, and no others between workloads", () => {
    const m = read([file("app.yaml"), ...policies]);
    const open = reach(m, { external: false });
    const into = (name: string): string[] => open.connections.filter((each) => each.to === `default/${name}[Deployment]`).map((each) => `${each.from.slice(8, -12)}:${JSON.stringify(each.allowed)}`);
    expect(into("redis-cart")).toEqual(['cartservice:{"TCP":[[6379,6379]]}']);
    expect(into("cartservice")).toEqual(['checkoutservice:{"TCP":[[7070,7070]]}', 'frontend:{"TCP":[[7070,7070]]}']);
    expect(into("loadgenerator")).toEqual([]);
    expect(open.workloads.length).toBe(m.pods.length);
  });

  test("the difference to no policies only opens", () => {
    const changes = diff(read([file("app.yaml"), ...policies]), read([file("app.yaml")])).changes;
    expect(changes.length).toBeGreaterThan(0);
    for (const { after } of changes) expect(after).toEqual({ TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] });
  });
});
