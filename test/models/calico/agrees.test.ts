/**
 * Packets through Felix's chains against the oracle of NetworkPolicy. Where Calico differs, it is by name:
 * a pod's egress is judged to its own node too (`podToOwnNode: "judged"`), and a node reaches pods of other nodes under the
 * address of its tunnel, if it has one, which no ipBlock of the node's own address matches.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../../src/policy/address.js";
import { addressEndpoint, type Endpoint, nodeEndpoint, podEndpoint } from "../../../src/policy/endpoint.js";
import type { PodInput, PolicyInput, PolicyObject } from "../../../src/policy/input.js";
import { buildModel, type PolicyModel } from "../../../src/policy/model.js";
import { verdict } from "../../../src/policy/oracle.js";
import type { PolicySwitches } from "../../../src/policy/switches.js";
import { networkPolicy, plainCluster } from "../../policy/arbitraries.js";
import "../../support/chance.js";
import { keyOf, OUTSIDE, PORTS, type Protocol, type Try } from "../enforce/two-nodes.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

const DIFFERENCES: Partial<PolicySwitches> = { podToOwnNode: "judged" };

const labels = fc.dictionary(fc.constantFrom("app", "tier"), fc.constantFrom("a", "b", "c"), { maxKeys: 2, noNullPrototype: true });
const policies = fc.uniqueArray(networkPolicy, { maxLength: 6, selector: (each) => `${each.metadata.namespace}/${each.metadata.name}` });
const later = fc.record({ relabel: fc.array(labels, { minLength: 6, maxLength: 6 }), policies });

/** A cluster on two nodes, and what becomes of its labels and policies; pods have no addresses yet. */
const history = fc.tuple(plainCluster, fc.array(later, { maxLength: 2 })).map(([first, moments]) => {
  const start: PolicyInput = {
    ...first,
    pods: first.pods.filter(({ phase }) => phase !== "Succeeded" && phase !== "Failed").map((pod) => ({ ...pod, node: pod.node === "" ? "n1" : pod.node, ips: [] })),
    nodes: PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null })),
  };
  return [
    start,
    ...moments.map((moment) => ({
      ...start,
      pods: start.pods.map((pod, i) => ({ ...pod, labels: moment.relabel[i % 6]! })),
      policies: moment.policies.map((object: PolicyObject) => ({ object, source: null })),
    })),
  ];
});

/** The pods of a history attached, and its moments with the addresses that they got. */
function attached(world: CalicoNodes, moments: readonly PolicyInput[]): readonly PolicyInput[] {
  const given = new Map<string, string>();
  for (const pod of moments[0]!.pods) {
    const id = `${pod.namespace}/${pod.name}`;
    if (!pod.hostNetwork && !given.has(id)) given.set(id, world.addPod(id, pod.node));
  }
  const placed = (pod: PodInput): PodInput => ({ ...pod, ips: pod.hostNetwork ? [] : [given.get(`${pod.namespace}/${pod.name}`)!] });
  return moments.map((moment) => ({ ...moment, pods: moment.pods.map(placed) }));
}

interface End {
  readonly name: string;
  readonly node: string;
  readonly ip: string;
  readonly end: Endpoint;
}

function endsOf(model: PolicyModel): readonly End[] {
  const ends: End[] = [...model.nodes.values()].map((node) => ({ name: node.name, node: node.name, ip: node.ips[0]!, end: nodeEndpoint(node) }));
  for (const pod of model.pods) if (pod.absent === "" && !pod.host) ends.push({ name: pod.id, node: pod.input.node, ip: pod.input.ips[0]!, end: podEndpoint(pod) });
  ends.push({ name: "outside", node: "", ip: OUTSIDE, end: addressEndpoint(model, parseAddress(OUTSIDE)!) });
  return ends;
}

/** Who a sender is at the pod that it asks. */
function seenAs(world: CalicoNodes, model: PolicyModel, from: End, to: End): Endpoint {
  const tunnel = from.end.kind === "node" && to.node !== from.node ? world.tunnelAddress(from.node) : undefined;
  return tunnel === undefined ? from.end : addressEndpoint(model, parseAddress(tunnel)!);
}

function questions(world: CalicoNodes, model: PolicyModel): ReadonlyMap<string, Try & { readonly allowed: boolean }> {
  const all = new Map<string, Try & { readonly allowed: boolean }>();
  const ends = endsOf(model);
  for (const from of ends) {
    for (const to of ends) {
      if (from.end.kind !== "pod" && to.end.kind !== "pod") continue;
      for (const protocol of ["TCP", "UDP", "ICMP"] as const satisfies readonly Protocol[]) {
        for (const port of protocol === "ICMP" ? [0] : protocol === "UDP" ? [53, 80] : PORTS) {
          const each = { from: from.name, to: to.ip, protocol, port };
          const { allowed } = verdict(model, { from: seenAs(world, model, from, to), to: to.end, protocol, port, family: 4 });
          all.set(keyOf(each), { ...each, allowed });
        }
      }
    }
  }
  return all;
}

function disagreements(world: CalicoNodes, moment: PolicyInput): readonly string[] {
  const asked = questions(world, buildModel(moment, DIFFERENCES));
  const heard = world.ask([...asked.values()]);
  return [...asked].flatMap(([key, { allowed }]) => (allowed === heard.has(key) ? [] : [`${key}: the oracle says ${allowed ? "yes" : "no"}`]));
}

describe.each(["None", "VXLAN", "IPIP"] as const)("packets by %s and the oracle", (encapsulation) => {
  test("never disagree but by name, whatever becomes of policies and labels", { timeout: 120_000 }, () => {
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(history, (moments) => {
        const world = new CalicoNodes(encapsulation);
        for (const moment of attached(world, moments)) {
          world.sync(moment);
          expect(disagreements(world, moment)).toEqual([]);
          for (const { allowed } of questions(world, buildModel(moment, DIFFERENCES)).values()) allowed ? yes++ : no++;
        }
      }),
      { numRuns: 40 },
    );
    expect(yes).toBeGreaterThan(300);
    expect(no).toBeGreaterThan(300);
  });
});

test("what a node holds depends on the last view alone, and a second sync writes nothing", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(history, (moments) => {
      const [world, fresh] = [new CalicoNodes("None"), new CalicoNodes("None")];
      const all = attached(world, moments);
      for (const moment of all) world.sync(moment);
      attached(fresh, moments);
      for (let i = 1; i <= 5000; i++) {
        const cause = world.s.causes.get(i);
        if (cause !== undefined) fresh.s.causes.of(cause.object, cause.path, cause.model);
      }
      fresh.sync(all.at(-1)!);
      for (const { name } of PLACES) expect(world.held(name)).toEqual(fresh.held(name));
      world.acts.length = 0;
      world.sync(all.at(-1)!);
      expect(world.acts).toEqual([]);
    }),
    { numRuns: 25 },
  );
});
