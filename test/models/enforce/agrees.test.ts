import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { policyChains } from "../../../src/models/enforce/policy-chains.js";
import { parseAddress } from "../../../src/policy/address.js";
import { addressEndpoint, type Endpoint, nodeEndpoint, podEndpoint } from "../../../src/policy/endpoint.js";
import type { PodInput, PolicyInput, PolicyObject } from "../../../src/policy/input.js";
import { buildModel, type PolicyModel } from "../../../src/policy/model.js";
import { verdict } from "../../../src/policy/oracle.js";
import { networkPolicy, plainCluster } from "../../policy/arbitraries.js";
import { input, node, pod, policy } from "../../policy/build.js";
import { keyOf, NODES, OUTSIDE, PORTS, type Protocol, type Try, TwoNodes } from "./two-nodes.js";

const labels = fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("a", "b", "c"), { maxKeys: 2, noNullPrototype: true });
const policies = fc.uniqueArray(networkPolicy, { maxLength: 6, selector: (each) => `${each.metadata.namespace}/${each.metadata.name}` });
/** What a moment later is otherwise: labels, who is still there, and the policies. */
const later = fc.record({ relabel: fc.array(labels, { minLength: 6, maxLength: 6 }), there: fc.array(fc.nat(3), { minLength: 6, maxLength: 6 }), policies });

/** A cluster that stands on the two nodes, and what becomes of it. A finished pod shares its address with a running one. */
const history: fc.Arbitrary<readonly PolicyInput[]> = fc.tuple(plainCluster, fc.array(later, { maxLength: 2 })).map(([first, moments]) => {
  const start = { ...first, pods: placed(first.pods), nodes: NODES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null })) };
  return [
    start,
    ...moments.map(({ relabel, there, policies }) => ({
      ...start,
      pods: start.pods.flatMap((pod, i) => (there[i] === 0 ? [] : [{ ...pod, labels: relabel[i]! }])),
      policies: policies.map((object: PolicyObject) => ({ object, source: null })),
    })),
  ];
});

function placed(pods: readonly PodInput[]): readonly PodInput[] {
  const next: Record<string, number> = { n1: 1, n2: 1 };
  return pods.map((pod) => {
    const node = pod.node === "" ? "n1" : pod.node;
    if (pod.hostNetwork) return { ...pod, node, ips: [] };
    const finished = pod.phase === "Succeeded" || pod.phase === "Failed";
    const host = finished ? Math.max(1, next[node]! - 1) : next[node]!++;
    return { ...pod, node, ips: [`10.0.${node === "n1" ? 0 : 1}.${host}`] };
  });
}

interface End {
  readonly name: string;
  readonly ip: string;
  readonly end: Endpoint;
}

function endsOf(model: PolicyModel): readonly End[] {
  const ends: End[] = [...model.nodes.values()].map((node) => ({ name: node.name, ip: node.ips[0]!, end: nodeEndpoint(node) }));
  for (const pod of model.pods) {
    if (pod.absent !== "") continue;
    if (pod.host) ends.push({ name: pod.input.node, ip: NODES.find((n) => n.name === pod.input.node)!.ip, end: podEndpoint(pod) });
    else ends.push({ name: pod.id, ip: pod.input.ips[0]!, end: podEndpoint(pod) });
  }
  ends.push({ name: "outside", ip: OUTSIDE, end: addressEndpoint(model, parseAddress(OUTSIDE)!) });
  return ends;
}

/** Everything that can be tried, with what the oracle says of it. */
function questions(model: PolicyModel): ReadonlyMap<string, Try & { readonly allowed: boolean }> {
  const all = new Map<string, Try & { readonly allowed: boolean }>();
  const ends = endsOf(model);
  for (const from of ends) {
    for (const to of ends) {
      // Between two ends without policy nothing is judged, and the outside knows no way to the nodes but by their network.
      if (from.end.kind !== "pod" && to.end.kind !== "pod") continue;
      for (const protocol of ["TCP", "UDP", "ICMP"] as const satisfies readonly Protocol[]) {
        for (const port of protocol === "ICMP" ? [0] : protocol === "UDP" ? [53, 80] : PORTS) {
          const each = { from: from.name, to: to.ip, protocol, port };
          const { allowed } = verdict(model, { from: from.end, to: to.end, protocol, port, family: 4 });
          all.set(keyOf(each), { ...each, allowed });
        }
      }
    }
  }
  return all;
}

function disagreements(world: TwoNodes, moment: PolicyInput): readonly string[] {
  const asked = questions(buildModel(moment));
  const heard = world.ask([...asked.values()]);
  return [...asked].flatMap(([key, { allowed }]) => (allowed === heard.has(key) ? [] : [`${key}: the oracle says ${allowed ? "yes" : "no"}`]));
}

function worldOf(start: PolicyInput): TwoNodes {
  const world = new TwoNodes(policyChains());
  for (const each of start.pods) {
    const finished = each.phase === "Succeeded" || each.phase === "Failed";
    if (!each.hostNetwork && !finished) world.addPod(`${each.namespace}/${each.name}`, each.node, each.ips[0]!);
  }
  return world;
}

const NETS = ["0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8", "10.0.0.0/23", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.1/32", "10.0.0.2/31", "192.168.0.0/24", "192.168.0.2/32", "1.1.1.1/32"];
/** Blocks whose excepts lie inside, around, beside each other. */
const block = fc.record({ cidr: fc.constantFrom(...NETS), except: fc.uniqueArray(fc.constantFrom(...NETS), { maxLength: 3 }) });
const blocks: fc.Arbitrary<PolicyInput> = fc.record({ one: block, other: block, out: block }).map(({ one, other, out }) => {
  const pods = [["a", "n1", "10.0.0.1"], ["b", "n1", "10.0.0.2"], ["c", "n2", "10.0.1.1"]].map(([name, node, ip]) => pod(`x/${name!}`, { node: node!, ips: [ip!] }));
  const rules = { policyTypes: ["Ingress", "Egress"], ingress: [{ from: [{ ipBlock: one }] }, { from: [{ ipBlock: other }], ports: [{ port: 80 }] }], egress: [{ to: [{ ipBlock: out }] }] };
  return input({ pods, nodes: NODES.map(({ name, ip }) => node(name, [ip])), policies: [policy("x/p", rules)] });
});

describe("real packets and the oracle", () => {
  test("agree on ipBlocks, whatever their excepts", () => {
    fc.assert(
      fc.property(fc.array(blocks, { minLength: 2, maxLength: 3 }), (moments) => {
        const world = worldOf(moments[0]!);
        for (const each of moments) {
          world.sync(each);
          expect(disagreements(world, each)).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test("never disagree, whatever becomes of policies, labels and pods", () => {
    let no = 0;
    let yes = 0;
    fc.assert(
      fc.property(history, (moments) => {
        const world = worldOf(moments[0]!);
        for (const moment of moments) {
          world.sync(moment);
          expect(disagreements(world, moment)).toEqual([]);
          for (const each of questions(buildModel(moment)).values()) each.allowed ? yes++ : no++;
        }
      }),
      { numRuns: 150 },
    );
    expect(yes).toBeGreaterThan(300);
    expect(no).toBeGreaterThan(300);
  }, 120_000);

  test("what a node holds depends on the last view alone, and a second sync writes nothing", () => {
    fc.assert(
      fc.property(history, (moments) => {
        const world = worldOf(moments[0]!);
        for (const moment of moments) world.sync(moment);
        const fresh = worldOf(moments[0]!);
        // Causes are numbered as they are met; the long way has met more of them.
        for (let i = 1; i <= 5000; i++) {
          const cause = world.s.causes.get(i);
          if (cause !== undefined) fresh.s.causes.of(cause.object, cause.path, cause.model);
        }
        fresh.sync(moments.at(-1)!);
        for (const { name } of NODES) expect(world.held(name)).toEqual(fresh.held(name));
        world.acts.length = 0;
        world.sync(moments.at(-1)!);
        expect(world.acts).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
