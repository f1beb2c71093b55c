import type { NetworkPolicy, NetworkPolicySpec, Protocol } from "../../src/api/index.js";
import type { NamespaceInput, NodeInput, PodInput, PodPort, PolicyInput, PolicyObject } from "../../src/policy/input.js";
import { buildModel, type PolicyModel } from "../../src/policy/model.js";
import { type Verdict, verdict } from "../../src/policy/oracle.js";
import { readQuery } from "../../src/policy/query.js";
import type { PolicySwitches } from "../../src/policy/switches.js";

/** A running pod `ns/name`; labels default to `app: name`. */
export function pod(id: string, more: Partial<PodInput> = {}): PodInput {
  const [namespace, name] = id.split("/") as [string, string];
  return {
    namespace,
    name,
    labels: { app: name },
    workload: `${id}[Pod]`,
    template: false,
    owned: false,
    ips: [],
    node: "",
    hostNetwork: false,
    phase: "",
    ports: [],
    source: null,
    ...more,
  };
}

export function port(name: string, number: number, protocol: Protocol = "TCP"): PodPort {
  return { name, number, protocol };
}

export function namespace(name: string, labels: Record<string, string> = {}): NamespaceInput {
  return { name, labels, source: null };
}

export function node(name: string, ips: readonly string[], labels: Record<string, string> = {}): NodeInput {
  return { name, ips, labels, source: null };
}

export function policy(id: string, spec: NetworkPolicySpec): NetworkPolicy {
  const [namespace, name] = id.split("/") as [string, string];
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { namespace, name }, spec };
}

export interface PolicySet {
  readonly pods?: readonly PodInput[];
  readonly namespaces?: readonly NamespaceInput[];
  readonly nodes?: readonly NodeInput[];
  readonly policies?: readonly PolicyObject[];
}

export function input(set: PolicySet): PolicyInput {
  return {
    pods: set.pods ?? [],
    namespaces: set.namespaces ?? [],
    nodes: set.nodes ?? [],
    policies: (set.policies ?? []).map((object) => ({ object, source: null })),
  };
}

export function model(set: PolicySet, switches: Partial<PolicySwitches> = {}): PolicyModel {
  return buildModel(input(set), switches);
}

/** Verdict of `from -> to:port/PROTO`. */
export function ask(m: PolicyModel, from: string, to: string, port: number | string = 80, protocol = "TCP"): Verdict {
  const query = readQuery(m, { from, to, port, protocol });
  if ("code" in query) throw new Error(query.message);
  return verdict(m, query);
}
