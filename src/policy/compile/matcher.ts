/*
 * The compiled matcher: the oracle's answer in a few loads. Ends become identities (identities.ts), ports
 * become classes (port-classes.ts), and each side of a connection is one bit of one row (rows.ts), found
 * by the identity's program (programs.ts) and the port's class. Rows are built when first asked for; a
 * change of a pod, label, namespace, node or policy touches only the identities and rows that it concerns.
 *
 *   from --identity--> program --(port class)--> row --[bit: identity of `to`]--> egress
 *   to   --identity--> program --(port class)--> row --[bit: identity of `from`]--> ingress
 */
import type { Labels } from "../../api/index.js";
import type { Address } from "../address.js";
import type { Endpoint } from "../endpoint.js";
import type { NamespaceInput, NodeInput, PodInput, PolicySource } from "../input.js";
import { namespaceLabels, type NodeRecord, PodRecord, type PolicyModel, readNode } from "../model.js";
import { readPolicy } from "../read-policies.js";
import { Reading } from "../reading.js";
import type { PolicySwitches } from "../switches.js";
import { EndBook } from "./end-book.js";
import { endKinds, type Ends } from "./ends.js";
import { Identities } from "./identities.js";
import { InForce } from "./in-force.js";
import { OuterPeers } from "./outer-peers.js";
import { otherProtocol, PortClasses, protocolNumbers } from "./port-classes.js";
import { Rows } from "./rows.js";
import { SelectorTests } from "./selector-test.js";
import type { Side } from "./side.js";
import { Terms } from "./terms.js";

/** The answer about one connection, without reasons. */
export interface MatcherVerdict {
  readonly allowed: boolean;
  readonly egress: boolean;
  readonly ingress: boolean;
}

/** A model compiled for many questions; it follows changes of pods, labels, nodes and policies. */
export class PolicyMatcher {
  readonly switches: PolicySwitches;
  /** @internal */
  readonly identities: Identities = new Identities();
  /** @internal */
  readonly ports: PortClasses;
  /** @internal */
  readonly outer: OuterPeers;
  /** @internal */
  readonly policies: InForce;
  /** @internal */
  rows: Rows;
  /** Grows with every change. */
  revision = 0;
  readonly #terms: Terms;
  readonly #book: EndBook;
  readonly #namespaces: Map<string, Labels>;
  readonly #nodes: Map<string, NodeRecord>;
  /* The arrays that `allows` reads, at one step from here; `#sync` follows their owners. */
  #identity: Int32Array = new Int32Array(0);
  #pageOf: Int32Array = new Int32Array(0);
  #pages: Uint16Array = new Uint16Array(0);
  #egressRefs: (Int32Array | null)[] = [];
  #ingressRefs: (Int32Array | null)[] = [];
  #egressProgram: Int32Array = new Int32Array(0);
  #ingressProgram: Int32Array = new Int32Array(0);
  #bits: Uint32Array = new Uint32Array(0);

  constructor(model: PolicyModel) {
    const { switches } = model;
    const { identities } = this;
    const tests = new SelectorTests();
    const namespaceNumber = (name: string): number => this.#namespaceNumber(name);
    this.switches = switches;
    this.#namespaces = new Map();
    for (const each of model.namespaces.values()) this.#namespaces.set(each.name, each.labels);
    this.#nodes = new Map(model.nodes);
    this.ports = new PortClasses(switches.otherProtocols === "allowed");
    this.outer = new OuterPeers(tests, switches);
    this.#terms = new Terms(tests, identities, this.outer, this.ports);
    this.policies = new InForce({ tests, terms: this.#terms, ports: this.ports, outer: this.outer, identities, namespaceNumber });
    for (const tier of [model.admin, model.namespaced, model.baseline]) for (const policy of tier) this.policies.register(policy);
    const fresh = (identity: number): void => this.#enter(identity);
    const gone = (identity: number): void => this.#terms.refresh(identity);
    this.#book = new EndBook(model.pods, { switches, identities, outer: this.outer, nodes: this.#nodes, namespaceNumber, fresh, gone });
    this.rows = new Rows(this.#terms, wordsFor(identities.count));
    this.policies.reprogram();
    this.policies.enterAllPorts();
    this.ports.settle();
    this.#terms.index.drop();
    this.#sync();
  }

  /** @internal */
  get ends(): Ends {
    return this.#book.ends;
  }

  /** Number of a pod's end, by `ns/name` or template id, as it shows itself in a family (its first unless given); -1 when there is none. */
  podEnd(id: string, family?: 4 | 6): number {
    return this.#synced(this.#book.pod(id, family));
  }

  /** Number of a node's end; -1 for an unknown node. */
  nodeEnd(name: string, family: 4 | 6 = 4): number {
    return this.#synced(this.#book.node(name, family));
  }

  /** Number for an address outside the cluster, good until the set changes. */
  externalEnd(address: Address | null, host = ""): number {
    return this.#synced(this.#book.external(address, host));
  }

  /** Number of an end that a model resolved; -1 for a pod or node that the matcher does not have. */
  endOf(end: Endpoint, family: 4 | 6): number {
    if (end.kind === "external") return this.externalEnd(end.address?.family === family ? end.address : null, end.host);
    if (end.pod !== null) return this.podEnd(end.pod.id, family);
    return end.kind === "node" ? this.nodeEnd(end.node, family) : -1;
  }

  /** Calls back with the end of every pod, the one of its first address family. */
  eachPodEnd(found: (end: number) => void): void {
    this.#book.eachPod(found);
  }

  /** 0 TCP, 1 UDP, 2 SCTP, 3 every other protocol. */
  static protocolNumber(protocol: string): number {
    return protocolNumbers[protocol] ?? otherProtocol;
  }

  /** Whether a new connection passes at both ends. Ends as numbers, protocol 0 to 3; a destination was not found through a Service. */
  allows(from: number, to: number, protocol: number, port: number): boolean {
    const portClass = this.#pages[(this.#pageOf[(protocol << 8) | (port >>> 8)]! << 8) | (port & 255)]!;
    const x = this.#identity[from]!;
    const y = this.#identity[to]!;
    if ((x | y) < 0 || from === to) return this.#judge(from, to, portClass) === 3;
    const out = this.#egressRefs[portClass];
    const into = this.#ingressRefs[portClass];
    if (out == null || into == null) return this.#judge(from, to, portClass) === 3;
    const e = out[this.#egressProgram[x]!]!;
    const i = into[this.#ingressProgram[y]!]!;
    if ((e | i) < 0) return this.#judge(from, to, portClass) === 3;
    const bits = this.#bits;
    return ((bits[e + (y >> 5)]! >>> (y & 31)) & (bits[i + (x >> 5)]! >>> (x & 31)) & 1) === 1;
  }

  /** Both ends' answers. */
  verdict(from: number, to: number, protocol: number, port: number): MatcherVerdict {
    const bits = this.#judge(from, to, this.ports.classOf(protocol, port));
    return { allowed: bits === 3, egress: (bits & 1) === 1, ingress: (bits & 2) === 2 };
  }

  /** First word of the row that says to whom `identity` may open (egress side), or who may open to it (ingress side). @internal */
  rowOf(side: Side, identity: number, portClass: number): number {
    return side.row(side.program.data[identity]!, portClass, this.rows);
  }

  /** Adds a pod, or replaces the one of the same name. */
  setPod(input: PodInput): void {
    this.#implyNamespace(input.namespace);
    this.#book.addPod(new PodRecord(input, -1, this.switches, this.#nodes));
    this.#settle();
  }

  /** `ns/name`, or a template's id. */
  deletePod(id: string): void {
    this.#book.removePod(id);
    this.#settle();
  }

  /** Adds a namespace, or gives it other labels. */
  setNamespace(input: Pick<NamespaceInput, "name" | "labels">): void {
    const labels = namespaceLabels(input.name, input.labels);
    this.#namespaces.set(input.name, labels);
    const number = this.#namespaceNumber(input.name);
    this.identities.namespaceLabels[number] = labels;
    this.#terms.refreshNamespaces();
    for (const identity of this.identities.members[number]!) {
      this.policies.program(identity);
      this.rows.refresh(identity);
    }
    this.#settle();
  }

  /** Adds a node, or replaces it. */
  setNode(input: NodeInput): void {
    this.#nodes.set(input.name, readNode(input));
    this.#book.signNode(input.name);
    this.#settle();
  }

  /** Takes a node out. */
  deleteNode(name: string): void {
    this.#nodes.delete(name);
    this.#book.removeNode(name);
    this.#book.signNode(name);
    this.#settle();
  }

  /** Adds a policy, or replaces the one of the same kind and name. */
  setPolicy(source: PolicySource): void {
    if (this.switches.enforcement === "none") return;
    const policy = readPolicy(source, new Reading(this.switches));
    if (policy.namespace !== "") this.#implyNamespace(policy.namespace);
    this.policies.remove(policy.id);
    const serial = this.policies.register(policy);
    if (this.#book.signAll()) this.policies.reprogram();
    else this.policies.cover(serial);
    this.#settle();
  }

  /** `NetworkPolicy shop/deny`, `ClusterNetworkPolicy name`. */
  deletePolicy(id: string): void {
    this.policies.remove(id);
    this.#settle();
  }

  /** Forgets what can be built again from identities and policies; answers stay the same. */
  dropCaches(): void {
    this.#terms.drop();
    this.rows = new Rows(this.#terms, wordsFor(this.identities.count));
    this.policies.egress.refs = [];
    this.policies.ingress.refs = [];
    this.#sync();
  }

  /** Bytes of tables and rows. */
  get bytes(): number {
    const parts = [this.ends, this.identities, this.#terms, this.rows, this.policies];
    return parts.reduce((sum, each) => sum + each.bytes, 0);
  }

  /** 1: egress passes, 2: ingress passes. */
  #judge(from: number, to: number, portClass: number): number {
    const { ends } = this;
    const a = ends.identity.data[from]!;
    const b = ends.identity.data[to]!;
    const x = a < 0 ? ~a : a;
    const y = b < 0 ? ~b : b;
    const ours = ends.pods[from] ?? null;
    const theirs = ends.pods[to] ?? null;
    const home = ours !== null && ours === theirs ? 3 : this.#sameNode(from, to);
    const out =
      ends.kind.data[from] !== endKinds.pod ||
      (ours!.absent === "" && (ours!.host || (home & 1) !== 0 || this.#bit(this.policies.egress, x, y, portClass)));
    const into =
      ends.kind.data[to] !== endKinds.pod ||
      (theirs!.absent === "" && (theirs!.host || (home & 2) !== 0 || this.#bit(this.policies.ingress, y, x, portClass)));
    return (out ? 1 : 0) | (into ? 2 : 0);
  }

  /** What being on one node opens: 1 the way to the own node, 2 the way from it. */
  #sameNode(from: number, to: number): number {
    const { node, runsOn } = this.ends;
    const toOwn = node.data[to]! !== 0 && node.data[to] === runsOn.data[from] && this.switches.podToOwnNode === "allowed";
    const fromOwn = node.data[from]! !== 0 && node.data[from] === runsOn.data[to];
    return (toOwn ? 1 : 0) | (fromOwn ? 2 : 0);
  }

  #bit(side: Side, own: number, other: number, portClass: number): boolean {
    const row = side.row(side.program.data[own]!, portClass, this.rows);
    if (this.rows.bits !== this.#bits) this.#sync();
    return ((this.rows.bits[row + (other >> 5)]! >>> (other & 31)) & 1) === 1;
  }

  /** A number that is new or used anew: its bits in every set and row, its ports and its programs. */
  #enter(identity: number): void {
    if (this.identities.count > this.rows.words * 32) this.dropCaches();
    this.#terms.refresh(identity);
    this.policies.enterPorts(identity);
    this.ports.settle();
    this.policies.program(identity);
    this.rows.refresh(identity);
  }

  /** Ends a change: ports are cut, and programs are made anew when those of the past are too many. */
  #settle(): void {
    this.revision++;
    this.ports.settle();
    if (this.policies.crowded) {
      this.policies.reprogram();
      this.dropCaches();
    }
    this.policies.widen();
    this.#sync();
  }

  #synced(end: number): number {
    this.#sync();
    return end;
  }

  #sync(): void {
    this.#identity = this.ends.identity.data;
    this.#pageOf = this.ports.pageOf;
    this.#pages = this.ports.pages;
    this.#egressRefs = this.policies.egress.refs;
    this.#ingressRefs = this.policies.ingress.refs;
    this.#egressProgram = this.policies.egress.program.data;
    this.#ingressProgram = this.policies.ingress.program.data;
    this.#bits = this.rows.bits;
  }

  #namespaceNumber(name: string): number {
    return this.identities.namespaceNumber(name, this.#namespaces.get(name) ?? namespaceLabels(name, {}));
  }

  #implyNamespace(name: string): void {
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, namespaceLabels(name, {}));
  }
}

/** Words of a row: room for the identities there are and some that may come. */
function wordsFor(identities: number): number {
  return ((identities + 31) >> 5) + (identities >> 10) + 1;
}
