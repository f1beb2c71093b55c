// Random clusters and questions in a vocabulary small enough that rules, pods and questions meet often.
import fc from "fast-check";
import type { LabelSelector, NetworkPolicyPeer, NetworkPolicyPort } from "../../src/api/index.js";
import { parseAddress } from "../../src/policy/address.js";
import { addressEndpoint, commonFamily, type Endpoint, nodeEndpoint, podEndpoint } from "../../src/policy/endpoint.js";
import type { NamespaceInput, NodeInput, PodInput, PodPort, PolicyInput, PolicyObject } from "../../src/policy/input.js";
import type { PolicyModel } from "../../src/policy/model.js";
import type { PolicyQuery } from "../../src/policy/oracle.js";
import { defaultSwitches, type PolicySwitches } from "../../src/policy/switches.js";

const namespaceNames = ["x", "y", "z"];
const nodeNames = ["n1", "n2"];
const keys = ["app", "tier"];
const values = ["a", "b", "c"];
const portNumbers = [53, 80, 443, 8080, 8081];
const portNames = ["http", "dns"];
const protocolNames = ["TCP", "UDP", "SCTP"] as const;
const v4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "192.168.0.1", "192.168.0.2"];
const v6 = ["fd00::1", "fd00::2", "fd00::1:1"];
const outside = ["1.1.1.1", "10.0.0.9", "10.0.1.9", "0.0.0.0", "255.255.255.255", "2001:db8::1", "fd00::9", "::"];
const cidrs = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "10.0.0.2/31", "192.168.0.0/24", "1.1.1.1/32"];
const cidrs6 = ["::/0", "fd00::/16", "fd00::/112", "fd00::1/128"];

const labels = fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), { maxKeys: 2, noNullPrototype: true });

/** A selector over the small vocabulary. */
export const selector: fc.Arbitrary<LabelSelector> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ matchLabels: labels }) },
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.record({
      matchExpressions: fc.array(
        fc.oneof(
          fc.record({
            key: fc.constantFrom(...keys),
            operator: fc.constantFrom("In", "NotIn"),
            values: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
          }),
          fc.record({ key: fc.constantFrom(...keys), operator: fc.constantFrom("Exists", "DoesNotExist") }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  },
);

const podPort: fc.Arbitrary<PodPort> = fc.record({
  name: fc.constantFrom(...portNames, ""),
  protocol: fc.constantFrom(...protocolNames),
  number: fc.constantFrom(...portNumbers),
});

const node = fc.constantFrom("", ...nodeNames);

/** A pod without addresses; `inputOf` hands those out so that no two pods share one. */
export const podArbitrary: fc.Arbitrary<PodInput> = fc
  .record({
    namespace: fc.constantFrom(...namespaceNames),
    name: fc.constantFrom("p", "q", "r", "s", "t"),
    labels,
    node,
    hostNetwork: fc.nat(9).map((n) => n === 0),
    phase: fc.constantFrom<PodInput["phase"][]>("", "", "", "Running", "Running", "Pending", "Succeeded", "Failed"),
    owned: fc.boolean(),
    ports: fc.array(podPort, { maxLength: 3 }),
  })
  .map((pod) => ({ ...pod, workload: `${pod.namespace}/${pod.name}[Pod]`, template: false, ips: [], source: null }));

const block = fc.oneof(
  fc.record({ cidr: fc.constantFrom(...cidrs), except: fc.array(fc.constantFrom(...cidrs.slice(2)), { maxLength: 2 }) }),
  fc.record({ cidr: fc.constantFrom(...cidrs6), except: fc.array(fc.constantFrom(...cidrs6.slice(2)), { maxLength: 1 }) }),
);

const peer: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: namespaceSelector() }),
  fc.record({ podSelector: selector, namespaceSelector: namespaceSelector() }),
  fc.record({ ipBlock: block }),
);

const portEntry: fc.Arbitrary<NetworkPolicyPort> = fc.oneof(
  fc.record({ protocol: fc.constantFrom(...protocolNames) }),
  fc.record({ port: fc.constantFrom<(number | string)[]>(...portNumbers, ...portNames), protocol: fc.constantFrom(...protocolNames) }),
  fc.record({ port: fc.constantFrom(1, 53, 80), endPort: fc.constantFrom(80, 443, 65535) }),
  fc.constant({}),
);

function namespaceSelector(): fc.Arbitrary<LabelSelector> {
  return fc.oneof(
    selector,
    fc.constantFrom(...namespaceNames).map((name) => ({ matchLabels: { "kubernetes.io/metadata.name": name } })),
  );
}

const ruleList = <K extends "from" | "to">(side: K): fc.Arbitrary<Record<string, unknown>[]> =>
  fc.array(fc.record({ [side]: fc.array(peer, { maxLength: 2 }), ports: fc.array(portEntry, { maxLength: 2 }) }, { requiredKeys: [] }), { maxLength: 3 });

/** A NetworkPolicy v1. */
export const networkPolicy: fc.Arbitrary<PolicyObject> = fc.record({
  apiVersion: fc.constant("networking.k8s.io/v1" as const),
  kind: fc.constant("NetworkPolicy" as const),
  metadata: fc.record({ namespace: fc.constantFrom(...namespaceNames), name: fc.constantFrom("p1", "p2", "p3", "p4") }),
  spec: fc.record(
    {
      podSelector: selector,
      ingress: ruleList("from"),
      egress: ruleList("to"),
      policyTypes: fc.constantFrom([], ["Ingress"], ["Egress"], ["Ingress", "Egress"]),
    },
    { requiredKeys: ["podSelector"] },
  ),
});

const subject = fc.oneof(
  fc.record({ namespaces: namespaceSelector() }),
  fc.record({ pods: fc.record({ namespaceSelector: namespaceSelector(), podSelector: selector }, { requiredKeys: [] }) }),
);
const farPeer = fc.oneof(
  subject,
  fc.record({ networks: fc.uniqueArray(fc.constantFrom(...cidrs, ...cidrs6), { minLength: 1, maxLength: 2 }) }),
  fc.record({ nodes: selector }),
  fc.record({ domainNames: fc.constantFrom(["*.example.io"], ["example.io", "a.example.io"]) }),
  fc.constant({}),
);

function clusterRules(side: "from" | "to", actions: readonly string[], ports: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown[]> {
  return fc.array(
    fc.record(
      { action: fc.constantFrom(...actions), [side]: fc.array(side === "to" ? farPeer : subject, { minLength: 1, maxLength: 2 }), ...ports },
      { requiredKeys: ["action", side] },
    ),
    { maxLength: 3 },
  );
}

const number = fc.constantFrom(...portNumbers);
const protocol = fc.constantFrom(...protocolNames);
const adminPort = fc.oneof(
  fc.record({ portNumber: fc.record({ protocol, port: number }, { requiredKeys: ["port"] }) }),
  fc.record({ portRange: fc.record({ protocol, start: fc.constantFrom(1, 53), end: fc.constantFrom(80, 8080) }) }),
  fc.record({ namedPort: fc.constantFrom(...portNames) }),
);
const match = fc.oneof(
  fc.record({ destinationPort: fc.record({ number }) }),
  fc.record({ destinationPort: fc.record({ range: fc.constant({ start: 53, end: 443 }) }) }),
  fc.constant({}),
);
const clusterProtocol = fc.oneof(
  fc.record({ tcp: match }),
  fc.record({ udp: match }),
  fc.record({ sctp: match }),
  fc.record({ destinationNamedPort: fc.constantFrom(...portNames) }),
);

/** An AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy. */
export const clusterPolicy: fc.Arbitrary<PolicyObject> = fc
  .oneof(
    fc.record({
      kind: fc.constantFrom("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
      apiVersion: fc.constant("policy.networking.k8s.io/v1alpha1"),
      metadata: fc.record({ name: fc.constantFrom("a1", "a2", "default") }),
      spec: fc.record({
        priority: fc.nat(2),
        subject,
        ingress: clusterRules("from", ["Allow", "Deny", "Pass"], { ports: fc.array(adminPort, { maxLength: 2 }) }),
        egress: clusterRules("to", ["Allow", "Deny", "Pass"], { ports: fc.array(adminPort, { maxLength: 2 }) }),
      }),
    }),
    fc.record({
      kind: fc.constant("ClusterNetworkPolicy"),
      apiVersion: fc.constant("policy.networking.k8s.io/v1alpha2"),
      metadata: fc.record({ name: fc.constantFrom("c1", "c2", "c3") }),
      spec: fc.record({
        tier: fc.constantFrom("Admin", "Baseline"),
        priority: fc.nat(2),
        subject,
        ingress: clusterRules("from", ["Accept", "Deny", "Pass"], { protocols: fc.array(clusterProtocol, { maxLength: 2 }) }),
        egress: clusterRules("to", ["Accept", "Deny", "Pass"], { protocols: fc.array(clusterProtocol, { maxLength: 2 }) }),
      }),
    }),
  )
  .map((object) => object as unknown as PolicyObject);

export const namespaceArbitrary: fc.Arbitrary<NamespaceInput> = fc.record({ name: fc.constantFrom(...namespaceNames), labels, source: fc.constant(null) });

export const nodeArbitrary: fc.Arbitrary<NodeInput> = fc.record({
  name: fc.constantFrom(...nodeNames),
  labels,
  ips: fc.constant<string[]>([]),
  source: fc.constant(null),
});

/** Gives pods and nodes addresses of their own: none, IPv4, IPv6 or both. */
const addressing = fc.array(fc.nat(4), { minLength: 8, maxLength: 8 });

/** A whole cluster: unique names, unique addresses, nodes that pods may run on. */
export const cluster: fc.Arbitrary<PolicyInput> = clusterOf(fc.oneof({ weight: 3, arbitrary: networkPolicy }, { weight: 1, arbitrary: clusterPolicy }));

/** Clusters that know NetworkPolicy v1 alone. */
export const plainCluster: fc.Arbitrary<PolicyInput> = clusterOf(networkPolicy);

function clusterOf(policy: fc.Arbitrary<PolicyObject>): fc.Arbitrary<PolicyInput> {
  return fc
    .record({
      pods: fc.uniqueArray(podArbitrary, { maxLength: 6, selector: (pod) => `${pod.namespace}/${pod.name}` }),
      namespaces: fc.uniqueArray(namespaceArbitrary, { maxLength: 3, selector: (each) => each.name }),
      nodes: fc.uniqueArray(nodeArbitrary, { maxLength: 2, selector: (each) => each.name }),
      policies: fc.uniqueArray(policy, {
        maxLength: 6,
        selector: (each) => `${each.kind} ${each.metadata.namespace ?? ""} ${each.metadata.name}`,
      }),
      addressing,
    })
    .map(({ pods, namespaces, nodes, policies, addressing }) => ({
      pods: pods.map((pod, i) => ({ ...pod, ips: pod.hostNetwork ? [] : ipsOf(addressing[i]!, v4[i]!, v6[i] ?? null) })),
      namespaces,
      nodes: nodes.map((each, i) => ({ ...each, ips: ipsOf(addressing[i + 6]!, `192.168.0.${i + 1}`, null) })),
      policies: policies.map((object) => ({ object, source: null })),
    }));
}

function ipsOf(choice: number, four: string, six: string | null): readonly string[] {
  const both = [four, ...(six === null ? [] : [six])];
  return [both, [four], six === null ? [] : [six], [], both.reverse()][choice]!;
}

/** Every switch that changes verdicts, mostly at its default. */
export const switches: fc.Arbitrary<Partial<PolicySwitches>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        podToOwnNode: fc.constantFrom("allowed" as const, "judged" as const),
        hostNetworkPods: fc.constantFrom("node" as const, "pod" as const),
        otherProtocols: fc.constantFrom("judged" as const, "allowed" as const),
        repeatedPortNames: fc.constantFrom("union" as const, "first" as const),
        emptyProtocol: fc.constantFrom("all-ports" as const, "no-port" as const),
        ipBlockMatchesPods: fc.constantFrom("yes" as const, "no" as const),
        ipBlockMatchesNodes: fc.constantFrom("yes" as const, "no" as const),
        endPort: fc.constantFrom("enforced" as const, "ignored" as const),
        sctp: fc.constantFrom("matched" as const, "unmatched" as const),
        finishedPods: fc.constantFrom("left-out" as const, "kept" as const),
        ownerlessPods: fc.constantFrom("covered" as const, "not-covered" as const),
        peerExpressions: fc.constantFrom("matched" as const, "ignored" as const),
        enforcement: fc.constantFrom("all" as const, "all" as const, "none" as const),
      } satisfies { [K in keyof PolicySwitches]?: fc.Arbitrary<PolicySwitches[K]> },
      { requiredKeys: [] },
    ),
  },
);

export const allSwitches = (chosen: Partial<PolicySwitches>): PolicySwitches => ({ ...defaultSwitches, ...chosen });

/** Indexes that `questionOf` turns into a question of a model. */
export const questionSeed = fc.record({
  from: fc.nat(23),
  to: fc.nat(23),
  port: fc.constantFrom(1, 22, ...portNumbers, 444, 65535),
  protocol: fc.constantFrom("TCP", "TCP", "UDP", "SCTP", "ICMP"),
});

export function questionOf(model: PolicyModel, seed: { from: number; to: number; port: number; protocol: string }): PolicyQuery {
  const from = endOf(model, seed.from);
  const to = endOf(model, seed.to);
  return { from, to, port: seed.port, protocol: seed.protocol, family: commonFamily(from, to) };
}

/** Pods first, then nodes, then the outside world. */
function endOf(model: PolicyModel, n: number): Endpoint {
  const ends: Endpoint[] = [...model.pods, ...model.pods].map(podEndpoint);
  for (const each of model.nodes.values()) ends.push(nodeEndpoint(each));
  for (const text of outside) ends.push(addressEndpoint(model, parseAddress(text)!));
  ends.push({ kind: "external", address: parseAddress("1.1.1.1"), host: "a.example.io" });
  return ends[n % ends.length]!;
}
