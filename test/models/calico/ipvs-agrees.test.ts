/**
 * Felix's chains beside kube-proxy's IPVS mode against the oracle: a request to a Service passes INPUT and OUTPUT, not FORWARD, and is
 * judged all the same, as from whom it came and to the pod where it ends. Every pod has a Service of its own with a node port.
 * A pod that asks itself by its Service is left out: the oracle knows no way of such a packet through the node.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../src/api/index.js";
import { ipvsProxy } from "../../../src/models/proxy/ipvs/ipvs-proxy.js";
import { IpvsRenderer } from "../../../src/models/proxy/ipvs/render.js";
import { readNodePortAddresses } from "../../../src/models/proxy/proxy-node.js";
import { canonicalAddress } from "../../../src/models/proxy/sloppy-address.js";
import { changeView, emptyView, type ServiceState } from "../../../src/models/proxy/view.js";
import { parseAddress } from "../../../src/policy/address.js";
import { addressEndpoint, type Endpoint, nodeEndpoint, podEndpoint } from "../../../src/policy/endpoint.js";
import type { PolicyInput } from "../../../src/policy/input.js";
import { buildModel, type PolicyModel } from "../../../src/policy/model.js";
import { verdict } from "../../../src/policy/oracle.js";
import { Shell } from "../../../src/shell/shell.js";
import { networkPolicy, plainCluster } from "../../policy/arbitraries.js";
import "../../support/chance.js";
import { keyOf, OUTSIDE, PORTS, type Try } from "../enforce/two-nodes.js";
import { CalicoNodes, PLACES, POOL } from "./calico-nodes.js";

const policies = fc.uniqueArray(networkPolicy, { maxLength: 6, selector: (each) => `${each.metadata.namespace}/${each.metadata.name}` });
const cluster = fc.tuple(plainCluster, policies).map(
  ([first, drawn]): PolicyInput => ({
    ...first,
    pods: first.pods.filter(({ phase, hostNetwork }) => phase !== "Succeeded" && phase !== "Failed" && !hostNetwork).map((pod) => ({ ...pod, node: pod.node === "" ? "n1" : pod.node, ips: [] })),
    nodes: PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null })),
    policies: drawn.map((object) => ({ object, source: null })),
  }),
);

const PROTOCOLS = [...PORTS.map((port) => ({ port, protocol: "TCP" as const })), ...[53, 80].map((port) => ({ port, protocol: "UDP" as const }))];
/** The port that the node port of a Service leads to. */
const BEHIND_NODE_PORT = 80;

const vip = (i: number): string => `10.96.0.${i + 1}`;
const nodePort = (i: number): number => 30100 + i;

function stateOf(i: number, address: string, node: string): ServiceState {
  const ports = PROTOCOLS.map(({ port, protocol }) => ({ name: `${protocol.toLowerCase()}-${port}`, port, protocol }));
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "x", name: `s${i}` },
    spec: { type: "NodePort", clusterIP: vip(i), clusterIPs: [vip(i)], ports: ports.map((each) => (each.port === BEHIND_NODE_PORT && each.protocol === "TCP" ? { ...each, nodePort: nodePort(i) } : each)) },
  };
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: "x", name: `s${i}-1`, labels: { "kubernetes.io/service-name": `s${i}` } },
    addressType: "IPv4",
    ports,
    endpoints: [{ addresses: [address], nodeName: node }],
  };
  return { key: `x/s${i}`, service, slices: [slice] };
}

/** Nodes with kube-proxy in IPVS mode, on which the pods of a picture run. */
class IpvsWorld extends CalicoNodes {
  readonly #proxy = ipvsProxy(new IpvsRenderer(() => 0));

  proxies(states: readonly ServiceState[]): void {
    const view = changeView(emptyView, states);
    for (const { name, ip } of this.places) {
      const addresses = ["127.0.0.1", ip, ...[this.tunnelAddress(name) ?? []].flat()].map((text) => canonicalAddress(text)!);
      const primary = addresses[1]!;
      const node = { name, zone: "", preferSameNode: true, family: 4, primary, addresses, mark: "0x00004000", masqueradeAll: false, randomFully: true, scheduler: "rr", strictARP: false } as const;
      expect(this.#proxy.sync(this.door(name), { ...node, detector: { kind: "cidr", cidr: POOL }, nodePorts: readNodePortAddresses([], 4, primary, addresses) }, view)).toBe(true);
    }
  }

  run(node: string, command: string): string {
    return new Shell(this.s, this.roots.get(node)!).run(command).text;
  }
}

function questions(world: IpvsWorld, model: PolicyModel): ReadonlyMap<string, Try & { readonly allowed: boolean }> {
  const all = new Map<string, Try & { readonly allowed: boolean }>();
  const pods = model.pods.filter(({ absent }) => absent === "");
  const nodes = [...model.nodes.values()];
  const asNode = (name: string, to: PolicyModel["pods"][number]): Endpoint => {
    const tunnel = to.input.node === name ? undefined : world.tunnelAddress(name);
    return tunnel === undefined ? nodeEndpoint(model.nodes.get(name)!) : addressEndpoint(model, parseAddress(tunnel)!);
  };
  const ask = (each: Try, from: Endpoint, to: PolicyModel["pods"][number], port: number): void => {
    all.set(keyOf(each), { ...each, allowed: verdict(model, { from, to: podEndpoint(to), protocol: each.protocol, port, family: 4 }).allowed });
  };
  pods.forEach((to, i) => {
    for (const { protocol, port } of PROTOCOLS) {
      for (const from of pods) if (from !== to) ask({ from: from.id, to: vip(i), protocol, port }, podEndpoint(from), to, port);
      for (const { name } of nodes) ask({ from: name, to: vip(i), protocol, port }, asNode(name, to), to, port);
    }
    for (const { name, ips } of nodes) {
      const own = to.input.node === name;
      ask({ from: "outside", to: ips[0]!, protocol: "TCP", port: nodePort(i) }, own ? addressEndpoint(model, parseAddress(OUTSIDE)!) : asNode(name, to), to, BEHIND_NODE_PORT);
    }
  });
  return all;
}

describe.each(["None", "VXLAN", "IPIP"] as const)("services by IPVS over %s and the oracle", (encapsulation) => {
  test("never disagree", { timeout: 120_000 }, () => {
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(cluster, (moment) => {
        const world = new IpvsWorld(encapsulation);
        const placed: PolicyInput = { ...moment, pods: moment.pods.map((pod) => ({ ...pod, ips: [world.addPod(`${pod.namespace}/${pod.name}`, pod.node)] })) };
        const model = buildModel(placed, { podToOwnNode: "judged" });
        world.proxies(model.pods.filter(({ absent }) => absent === "").map(({ input }, i) => stateOf(i, input.ips[0]!, input.node)));
        world.sync(placed);
        const asked = questions(world, model);
        const heard = world.ask([...asked.values()]);
        expect([...asked].flatMap(([key, { allowed }]) => (allowed === heard.has(key) ? [] : [`${key}: the oracle says ${allowed ? "yes" : "no"}`]))).toEqual([]);
        for (const { allowed } of asked.values()) allowed ? yes++ : no++;
      }),
      { numRuns: 25 },
    );
    expect(yes).toBeGreaterThan(200);
    expect(no).toBeGreaterThan(200);
  });
});
