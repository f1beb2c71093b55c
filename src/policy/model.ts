/*
 * The set that policy questions are asked of: pods, namespaces (also those that only a pod or policy
 * names), nodes, and policies in the order in which they are judged. Built once, never changed.
 */
import type { Problem } from "../base/problem.js";
import type { Labels, Located } from "../api/index.js";
import { type Address, formatAddress, parseAddress } from "./address.js";
import type { NamespaceInput, NodeInput, PodInput, PodPort, PolicyInput } from "./input.js";
import { readPolicies } from "./read-policies.js";
import { readPolicyInput } from "./read-input.js";
import type { Policy } from "./rules.js";
import { defaultSwitches, type PolicySwitches } from "./switches.js";

/** A pod as the model keeps it: what was given, and what the switches make of it. */
export class PodRecord {
  readonly index: number;
  readonly input: PodInput;
  readonly addresses: readonly Address[];
  /** Ports that a name may mean. */
  readonly named: readonly PodPort[];
  /** Stands for its node's address and nothing more. */
  readonly host: boolean;
  /** Whether policies may select it. */
  readonly subject: boolean;
  /** Why it is an end of no connection; empty when it can be one. */
  readonly absent: string;

  constructor(input: PodInput, index: number, switches: PolicySwitches, nodes: ReadonlyMap<string, NodeRecord>) {
    this.index = index;
    this.input = input;
    this.host = input.hostNetwork && switches.hostNetworkPods === "node";
    const written = readAddresses(input.ips);
    this.addresses = this.host && written.length === 0 ? (nodes.get(input.node)?.addresses ?? none) : written;
    this.named = namedPorts(input.ports, switches);
    this.subject = !this.host && (input.owned || switches.ownerlessPods === "covered");
    this.absent = absence(input, switches);
  }

  /** `ns/name`; a template's is its workload id. */
  get id(): string {
    return this.input.template ? this.input.workload : `${this.input.namespace}/${this.input.name}`;
  }

  /** `ns/name[Kind]` of the top controller, or of the pod itself. */
  get workload(): string {
    return this.input.workload === "" ? `${this.input.namespace}/${this.input.name}[Pod]` : this.input.workload;
  }
}

const none: readonly never[] = Object.freeze([]);

/** A node with its addresses read. */
export interface NodeRecord extends NodeInput {
  readonly addresses: readonly Address[];
}

/** Pods, namespaces, nodes and policies, read once and ready to be asked. */
export class PolicyModel {
  /** What it was built of. */
  readonly input: PolicyInput;
  readonly switches: PolicySwitches;
  readonly pods: readonly PodRecord[];
  readonly namespaces: ReadonlyMap<string, NamespaceInput>;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  /** Admin tier in order of precedence. */
  readonly admin: readonly Policy[];
  /** NetworkPolicies by namespace and name. */
  readonly namespaced: readonly Policy[];
  /** Baseline tier in order of precedence. */
  readonly baseline: readonly Policy[];
  /** What could not be taken as written, and the open points that it rests on. */
  readonly problems: readonly Problem[];
  #podIds: Map<string, PodRecord> | null = null;
  #addresses: Map<string, PodRecord | NodeRecord> | null = null;

  constructor(input: PolicyInput, switches: PolicySwitches) {
    this.input = input;
    this.switches = switches;
    this.namespaces = readNamespaces(input);
    this.nodes = new Map(input.nodes.map((node) => [node.name, readNode(node)]));
    this.pods = input.pods.map((pod, index) => new PodRecord(pod, index, switches, this.nodes));
    const read = readPolicies(switches.enforcement === "none" ? [] : input.policies, switches);
    this.admin = read.admin;
    this.namespaced = read.namespaced;
    this.baseline = read.baseline;
    this.problems = read.problems;
  }

  get policies(): readonly Policy[] {
    return [...this.admin, ...this.namespaced, ...this.baseline];
  }

  /** The labels of a namespace, among them its name. */
  namespaceLabels(name: string): Labels {
    return this.namespaces.get(name)?.labels ?? {};
  }

  /** The pod `ns/name`, or the template `ns/name[Kind]`. */
  pod(id: string): PodRecord | undefined {
    this.#podIds ??= new Map(this.pods.map((pod) => [pod.id, pod]));
    return this.#podIds.get(id);
  }

  /** Whoever of the cluster has this address: a pod that counts, else a node. */
  ownerOf(address: Address): PodRecord | NodeRecord | undefined {
    this.#addresses ??= this.#indexAddresses();
    return this.#addresses.get(formatAddress(address.words));
  }

  #indexAddresses(): Map<string, PodRecord | NodeRecord> {
    const owners = new Map<string, PodRecord | NodeRecord>();
    for (const node of this.nodes.values()) for (const each of node.addresses) owners.set(formatAddress(each.words), node);
    for (const pod of this.pods) {
      if (pod.host || pod.absent !== "") continue;
      for (const each of pod.addresses) owners.set(formatAddress(each.words), pod);
    }
    return owners;
  }
}

/** The model of plain records; `switches` names the open points to read otherwise than by default. */
export function buildModel(input: PolicyInput, switches: Partial<PolicySwitches> = {}): PolicyModel {
  return new PolicyModel(input, { ...defaultSwitches, ...switches });
}

/** The model of objects as `api` reads them; kinds without a say in policy are passed over. */
export function readModel(objects: readonly Located[], switches: Partial<PolicySwitches> = {}): PolicyModel {
  return buildModel(readPolicyInput(objects), switches);
}

/** A namespace's labels with the one that the control plane sets. */
export function namespaceLabels(name: string, labels: Labels): Labels {
  return { ...labels, "kubernetes.io/metadata.name": name };
}

export function readNode(node: NodeInput): NodeRecord {
  return { ...node, addresses: readAddresses(node.ips) };
}

function readNamespaces(input: PolicyInput): ReadonlyMap<string, NamespaceInput> {
  const namespaces = new Map<string, NamespaceInput>();
  for (const each of input.namespaces) namespaces.set(each.name, { ...each, labels: namespaceLabels(each.name, each.labels) });
  const imply = (name: string): void => {
    if (!namespaces.has(name)) namespaces.set(name, { name, labels: namespaceLabels(name, {}), source: null });
  };
  let last = "";
  for (const { namespace } of input.pods) if (namespace !== last) imply((last = namespace));
  for (const { object } of input.policies) if (object.kind === "NetworkPolicy") imply(object.metadata.namespace ?? "default");
  return namespaces;
}

function readAddresses(texts: readonly string[]): readonly Address[] {
  if (texts.length === 0) return none;
  return texts.map(parseAddress).filter((each) => each !== null);
}

function namedPorts(ports: readonly PodPort[], switches: PolicySwitches): readonly PodPort[] {
  if (ports.length === 0) return none;
  const named = ports.filter((port) => port.name !== "" && (port.sidecar !== true || switches.sidecarPortNames === "counted"));
  if (switches.repeatedPortNames === "union") return named;
  return named.filter((port, i) => named.findIndex((each) => each.name === port.name) === i);
}

function absence(input: PodInput, switches: PolicySwitches): string {
  if (switches.finishedPods === "left-out" && (input.phase === "Succeeded" || input.phase === "Failed")) return "it has finished";
  if (input.phase === "Pending" && input.ips.length === 0) return "it is pending and has no address";
  return "";
}
