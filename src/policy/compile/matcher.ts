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
import type { NamespaceInput, NodeInput, PodInput, PodPort, PolicySource } from "../input.js";
import { namespaceLabels, type NodeRecord, PodRecord, type PolicyModel, readNode } from "../model.js";
import { readPolicy } from "../read-policies.js";
import { Reading } from "../reading.js";
import type { Policy } from "../rules.js";
import type { PolicySwitches } from "../switches.js";
import { type CompiledPolicy, type CompileParts, compilePolicy } from "./compiled-policy.js";
import { endKinds, Ends } from "./ends.js";
import { Identities, samePod } from "./identities.js";
import { OuterPeers } from "./outer-peers.js";
import { otherProtocol, PortClasses, protocolNumbers } from "./port-classes.js";
import { Programs } from "./programs.js";
import { Rows } from "./rows.js";
import { SelectorTests } from "./selector-test.js";
import { Side } from "./side.js";
import { Terms } from "./terms.js";

export interface MatcherVerdict {
  readonly allowed: boolean;
  readonly egress: boolean;
  readonly ingress: boolean;
}

export class PolicyMatcher {
  readonly switches: PolicySwitches;
  readonly ends: Ends;
  readonly identities: Identities = new Identities();
  readonly ports: PortClasses;
  readonly outer: OuterPeers;
  readonly egressSide: Side;
  readonly ingressSide: Side;
  rows: Rows;
  /** Grows with every change. */
  revision = 0;
  readonly #tests = new SelectorTests();
  readonly #terms: Terms;
  readonly #policies: (CompiledPolicy | null)[] = [];
  readonly #policyIds = new Map<string, number>();
  readonly #clusterWide = new Set<number>();
  readonly #byNamespace: Set<number>[] = [];
  readonly #ownPorts: (readonly PodPort[])[] = [];
  readonly #ownPortIds = new Map<string, number>();
  readonly #names = new Set<string>();
  readonly #namespaces: Map<string, Labels>;
  readonly #nodes: Map<string, NodeRecord>;
  /** Made when first asked for: until then pod ends are 0, 1, 2 ... in the model's order. */
  #podEnds: Map<string, number> | null = null;
  readonly #secondEnds = new Map<number, number>();
  readonly #nodeEnds = new Map<string, number>();
  #externals: { readonly end: number; readonly key: string }[] = [];
  readonly #externalEnds = new Map<string, number>();
  readonly #parts: CompileParts;
  #outerKnown = 0;
  /* The arrays that `allows` reads, at one step from here; `#sync` follows their owners. */
  #identity: Int32Array = new Int32Array(0);
  #pageOf: Int32Array = new Int32Array(0);
  #pages: Uint16Array = new Uint16Array(0);
  #egressRefs: (Int32Array | null)[] = [];
  #ingressRefs: (Int32Array | null)[] = [];
  #egressProgram: Int32Array = new Int32Array(0);
  #ingressProgram: Int32Array = new Int32Array(0);
  #bits: Uint32Array = new Uint32Array(0);
  #programsKept = 0;
  readonly #podsAtFirst: number;

  constructor(model: PolicyModel) {
    this.switches = model.switches;
    this.ends = new Ends(model.pods.length + 8);
    this.ports = new PortClasses(model.switches.otherProtocols === "allowed");
    this.outer = new OuterPeers(this.#tests, model.switches);
    this.#terms = new Terms(this.#tests, this.identities, this.outer, this.ports);
    this.egressSide = new Side("egress", this.#policies, this.#ownPorts, this.#terms, this.ports);
    this.ingressSide = new Side("ingress", this.#policies, this.#ownPorts, this.#terms, this.ports);
    this.#namespaces = new Map();
    for (const each of model.namespaces.values()) this.#namespaces.set(each.name, each.labels);
    this.#nodes = new Map(model.nodes);
    this.#parts = {
      tests: this.#tests,
      terms: this.#terms,
      ports: this.ports,
      outer: this.outer,
      identities: this.identities,
      namespaceNumber: (name) => this.#namespaceNumber(name),
    };
    for (const tier of [model.admin, model.namespaced, model.baseline]) for (const policy of tier) this.#register(policy);
    this.#outerKnown = this.outer.count;
    const ignore = (): void => {};
    this.#podsAtFirst = model.pods.length;
    for (const pod of model.pods) if (!this.#placeLikeLast(pod)) this.#placeFace(pod, false, ignore);
    this.rows = new Rows(this.#terms, wordsFor(this.identities.count));
    this.#reprogram();
    for (let identity = 0; identity < this.identities.count; identity++) this.#enterNamedPorts(identity);
    this.ports.settle();
    this.#terms.index.drop();
    this.#sync();
  }

  /** Number of a pod's end, by `ns/name` or template id, as it shows itself in a family (its first unless given); -1 when there is none. */
  podEnd(id: string, family?: 4 | 6): number {
    const end = this.#podIndex().get(id);
    if (end === undefined) return -1;
    const pod = this.ends.pods[end]!;
    const first = pod.addresses[0]?.family;
    if (family === undefined || first === undefined || first === family) return end;
    let second = this.#secondEnds.get(end);
    if (second === undefined) {
      second = this.#placeFace(pod, true, this.#fresh);
      this.#secondEnds.set(end, second);
      this.#sync();
    }
    return second;
  }

  /** Number of a node's end; -1 for an unknown node. */
  nodeEnd(name: string, family: 4 | 6 = 4): number {
    const key = `${family} ${name}`;
    const known = this.#nodeEnds.get(key);
    if (known !== undefined) return known;
    const node = this.#nodes.get(name);
    if (node === undefined) return -1;
    const end = this.ends.add(endKinds.node, null);
    this.#nodeEnds.set(key, end);
    this.#signOuter(end, node.addresses, name, family);
    this.#sync();
    return end;
  }

  /** Number for an address outside the cluster, good until the set changes. */
  externalEnd(address: Address | null, host = ""): number {
    const signature = this.outer.signature("external", address, null, host);
    const key = String(signature);
    const known = this.#externalEnds.get(key);
    if (known !== undefined) return known;
    const end = this.ends.add(endKinds.external, null);
    this.ends.identity.data[end] = this.identities.ofOuter(signature, this.#fresh);
    this.#externalEnds.set(key, end);
    this.#externals.push({ end, key });
    this.#sync();
    return end;
  }

  /** Number of an end that a model resolved; -1 for a pod or node that the matcher does not have. */
  endOf(end: Endpoint, family: 4 | 6): number {
    if (end.kind === "external") return this.externalEnd(end.address?.family === family ? end.address : null, end.host);
    if (end.pod !== null) return this.podEnd(end.pod.id, family);
    return end.kind === "node" ? this.nodeEnd(end.node, family) : -1;
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

  /** First word of the row that says to whom `identity` may open (egress), or who may open to it (ingress). */
  rowOf(side: Side, identity: number, portClass: number): number {
    return side.row(side.program.data[identity]!, portClass, this.rows);
  }

  /** Calls back with the end of every pod, the one of its first address family. */
  eachPodEnd(found: (end: number) => void): void {
    if (this.#podEnds === null) for (let end = 0; end < this.#podsAtFirst; end++) found(end);
    else for (const end of this.#podEnds.values()) found(end);
  }

  /** Adds a pod, or replaces the one of the same name. */
  setPod(input: PodInput): void {
    this.revision++;
    const record = new PodRecord(input, -1, this.switches, this.#nodes);
    this.#implyNamespace(input.namespace);
    this.#withdrawPod(record.id);
    this.#podIndex().set(record.id, this.#placeFace(record, false, this.#fresh));
    this.#settle();
  }

  deletePod(id: string): void {
    this.revision++;
    this.#withdrawPod(id);
  }

  /** Adds a namespace, or gives it other labels. */
  setNamespace(input: Pick<NamespaceInput, "name" | "labels">): void {
    this.revision++;
    const labels = namespaceLabels(input.name, input.labels);
    this.#namespaces.set(input.name, labels);
    const number = this.#namespaceNumber(input.name);
    this.identities.namespaceLabels[number] = labels;
    this.#terms.refreshNamespaces();
    for (const identity of this.identities.members[number]!) {
      this.#programIdentity(identity);
      this.rows.refresh(identity);
    }
    this.#settle();
  }

  /** Adds a node, or replaces it. */
  setNode(input: NodeInput): void {
    this.revision++;
    this.#nodes.set(input.name, readNode(input));
    this.#resignNode(input.name);
    this.#sync();
  }

  deleteNode(name: string): void {
    this.revision++;
    this.#nodes.delete(name);
    for (const family of [4, 6] as const) {
      const end = this.#nodeEnds.get(`${family} ${name}`);
      if (end === undefined) continue;
      this.#nodeEnds.delete(`${family} ${name}`);
      this.#removeEnd(end);
    }
    this.#resignNode(name);
    this.#sync();
  }

  /** Adds a policy, or replaces the one of the same kind and name. */
  setPolicy(source: PolicySource): void {
    if (this.switches.enforcement === "none") return;
    this.revision++;
    const policy = readPolicy(source, new Reading(this.switches));
    if (policy.namespace !== "") this.#implyNamespace(policy.namespace);
    this.#removePolicy(policy.id);
    const names = this.#names.size;
    const serial = this.#register(policy);
    if (this.outer.count !== this.#outerKnown) this.#resignAll();
    else this.#cover(serial);
    if (this.#names.size !== names) for (let identity = 0; identity < this.identities.count; identity++) this.#enterNamedPorts(identity);
    this.#settle();
  }

  /** `NetworkPolicy shop/deny`, `ClusterNetworkPolicy name`. */
  deletePolicy(id: string): void {
    this.revision++;
    this.#removePolicy(id);
    this.#settle();
  }

  /** Forgets what can be built again from identities and policies; answers stay the same. */
  dropCaches(): void {
    this.#terms.drop();
    this.rows = new Rows(this.#terms, wordsFor(this.identities.count));
    this.egressSide.refs = [];
    this.ingressSide.refs = [];
    this.#sync();
  }

  /** Bytes of tables and rows. */
  get bytes(): number {
    const parts = [this.ends, this.identities, this.#terms, this.rows, this.egressSide, this.ingressSide];
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
    const outAbsent = ours !== null && ours.absent !== "";
    const inAbsent = theirs !== null && theirs.absent !== "";
    const self = ours !== null && ours === theirs;
    const home = self ? 3 : this.#sameNode(from, to);
    const out = !outAbsent && (ends.kind.data[from] !== endKinds.pod || ours!.host || (home & 1) === 1 || this.#bit(this.egressSide, x, y, portClass));
    const into = !inAbsent && (ends.kind.data[to] !== endKinds.pod || theirs!.host || (home & 2) === 2 || this.#bit(this.ingressSide, y, x, portClass));
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

  #sync(): void {
    this.#identity = this.ends.identity.data;
    this.#pageOf = this.ports.pageOf;
    this.#pages = this.ports.pages;
    this.#egressRefs = this.egressSide.refs;
    this.#ingressRefs = this.ingressSide.refs;
    this.#egressProgram = this.egressSide.program.data;
    this.#ingressProgram = this.ingressSide.program.data;
    this.#bits = this.rows.bits;
  }

  #namespaceNumber(name: string): number {
    const number = this.identities.namespaceNumber(name, this.#namespaces.get(name) ?? namespaceLabels(name, {}));
    while (this.#byNamespace.length <= number) this.#byNamespace.push(new Set());
    return number;
  }

  #implyNamespace(name: string): void {
    if (!this.#namespaces.has(name)) this.#namespaces.set(name, namespaceLabels(name, {}));
  }

  #podIndex(): Map<string, number> {
    if (this.#podEnds === null) {
      this.#podEnds = new Map();
      for (let end = 0; end < this.#podsAtFirst; end++) this.#podEnds.set(this.ends.pods[end]!.id, end);
    }
    return this.#podEnds;
  }

  #placeFace(pod: PodRecord, second: boolean, fresh: (identity: number) => void): number {
    const end = this.ends.add(endKinds.pod, pod);
    const node = this.ends.nodeNumber(pod.input.node);
    if (pod.host) this.ends.node.data[end] = node;
    else this.ends.runsOn.data[end] = node;
    this.ends.identity.data[end] = this.#codedIdentity(pod, second, fresh);
    return end;
  }

  /** Pods of one workload often follow each other: compares with the last pod placed instead of looking up. */
  #placeLikeLast(pod: PodRecord): boolean {
    const { ends, identities } = this;
    const last = ends.pods[ends.count - 1] ?? null;
    if (last === null || last.host || pod.host || pod.absent !== "" || last.absent !== "" || this.outer.count > 0) return false;
    if (last.input.namespace !== pod.input.namespace || !samePod(last, pod)) return false;
    const identity = ends.identity.data[ends.count - 1]!;
    const end = ends.add(endKinds.pod, pod);
    identities.uses.data[identity]!++;
    ends.identity.data[end] = identity;
    if (pod.input.node !== "") ends.runsOn.data[end] = ends.nodeNumber(pod.input.node);
    return true;
  }

  /** Identity of a pod by the family of its first address, or (`second`) by the other one. */
  #codedIdentity(pod: PodRecord, second: boolean, fresh: (identity: number) => void): number {
    const first = pod.addresses[0] ?? null;
    const address = second ? (pod.addresses.find((each) => each.family !== first?.family) ?? null) : first;
    if (pod.host) {
      const labels = this.#nodes.get(pod.input.node)?.labels ?? null;
      return ~this.identities.ofOuter(this.outer.signature("node", address, labels, ""), fresh);
    }
    const signature = this.outer.signature("pod", address, null, "");
    const identity = this.identities.ofPod(pod, this.#namespaceNumber(pod.input.namespace), signature, fresh);
    return pod.absent === "" ? identity : ~identity;
  }

  #signOuter(end: number, addresses: readonly Address[], node: string, family: 4 | 6): void {
    const address = addresses.find((each) => each.family === family) ?? null;
    const signature = this.outer.signature("node", address, this.#nodes.get(node)?.labels ?? null, "");
    this.ends.node.data[end] = this.ends.nodeNumber(node);
    this.ends.identity.data[end] = ~this.identities.ofOuter(signature, this.#fresh);
  }

  #withdrawPod(id: string): void {
    const end = this.#podIndex().get(id);
    if (end === undefined) return;
    this.#podIndex().delete(id);
    const second = this.#secondEnds.get(end);
    if (second !== undefined) this.#removeEnd(second);
    this.#secondEnds.delete(end);
    this.#removeEnd(end);
  }

  #removeEnd(end: number): void {
    const coded = this.ends.identity.data[end]!;
    const identity = coded < 0 ? ~coded : coded;
    this.identities.release(identity);
    if (this.identities.uses.data[identity] === 0) this.#terms.refresh(identity);
    this.ends.remove(end);
  }

  /** A number that is new or used anew: its bits in every set and row, and its programs. */
  readonly #fresh = (identity: number): void => {
    if (this.identities.count > this.rows.words * 32) this.dropCaches();
    this.#terms.refresh(identity);
    this.#enterNamedPorts(identity);
    this.ports.settle();
    this.#programIdentity(identity);
    this.rows.refresh(identity);
  };

  #programIdentity(identity: number): void {
    for (const side of [this.egressSide, this.ingressSide]) {
      if (side.program.length <= identity) side.program.extend(identity + 1);
      side.program.data[identity] = 0;
    }
    const namespace = this.identities.namespace.data[identity]!;
    if (namespace < 0) return;
    for (const serials of [this.#byNamespace[namespace]!, this.#clusterWide]) {
      for (const serial of serials) {
        const { namespace: own, namespaces, pods } = this.#policies[serial]!;
        if (this.#terms.isSubject(identity, own, namespaces, pods)) this.#put(identity, serial);
      }
    }
    this.#widen();
  }

  #put(identity: number, serial: number): void {
    const ownPorts = (): number => this.#ownPortList(identity);
    this.egressSide.add(identity, serial, ownPorts);
    this.ingressSide.add(identity, serial, ownPorts);
  }

  /** Puts a policy over all identities that it selects. */
  #cover(serial: number): void {
    const { namespace, namespaces, pods } = this.#policies[serial]!;
    this.#terms.eachSubject(namespace, namespaces, pods, (identity) => this.#put(identity, serial));
  }

  #ownPortList(identity: number): number {
    const named = this.identities.named(identity);
    const key = named.map((port) => `${port.name} ${port.protocol} ${port.number}`).join();
    let id = this.#ownPortIds.get(key);
    if (id === undefined) {
      id = this.#ownPorts.push(named) - 1;
      this.#ownPortIds.set(key, id);
    }
    return id;
  }

  #register(policy: Policy): number {
    const serial = this.#policies.length;
    const compiled = compilePolicy(policy, this.#parts);
    this.#policies.push(compiled);
    this.#policyIds.set(policy.id, serial);
    if (compiled.namespace < 0) this.#clusterWide.add(serial);
    else this.#byNamespace[compiled.namespace]!.add(serial);
    for (const rules of [compiled.egress, compiled.ingress]) {
      for (const rule of rules ?? []) for (const { name } of rule.names) this.#names.add(name);
    }
    return serial;
  }

  #removePolicy(id: string): void {
    const serial = this.#policyIds.get(id);
    if (serial === undefined) return;
    const { namespace, namespaces, pods } = this.#policies[serial]!;
    const subjects: number[] = [];
    this.#terms.eachSubject(namespace, namespaces, pods, (identity) => subjects.push(identity));
    this.#policies[serial] = null;
    this.#policyIds.delete(id);
    this.#clusterWide.delete(serial);
    if (namespace >= 0) this.#byNamespace[namespace]!.delete(serial);
    for (const identity of subjects) this.#programIdentity(identity);
  }

  /** Every number behind a port name that a policy mentions is a port class of its own. */
  #enterNamedPorts(identity: number): void {
    for (const port of this.identities.named(identity)) {
      if (this.#names.has(port.name)) this.ports.entry(protocolNumbers[port.protocol]!, port.number, port.number);
    }
  }

  #resignNode(name: string): void {
    const number = this.ends.nodeNumber(name);
    for (let end = 0; end < this.ends.count; end++) if (this.ends.node.data[end] === number && this.ends.kind.data[end] !== endKinds.free) this.#resign(end);
  }

  /** New outer peers split signatures: every end finds its identity again; outside addresses are forgotten. */
  #resignAll(): void {
    this.#outerKnown = this.outer.count;
    for (const { end } of this.#externals) this.#removeEnd(end);
    this.#externals = [];
    this.#externalEnds.clear();
    for (let end = 0; end < this.ends.count; end++) if (this.ends.kind.data[end] !== endKinds.free) this.#resign(end);
    this.#reprogram();
  }

  #resign(end: number): void {
    const pod = this.ends.pods[end] ?? null;
    const coded = this.ends.identity.data[end]!;
    const before = coded < 0 ? ~coded : coded;
    if (pod === null) {
      const name = this.ends.nodeNames[this.ends.node.data[end]!]!;
      const family = this.#nodeEnds.get(`6 ${name}`) === end ? 6 : 4;
      this.#signOuter(end, this.#nodes.get(name)?.addresses ?? [], name, family);
    } else {
      const record = pod.host ? new PodRecord(pod.input, pod.index, this.switches, this.#nodes) : pod;
      this.ends.pods[end] = record;
      this.ends.identity.data[end] = this.#codedIdentity(record, this.#podIndex().get(pod.id) !== end, this.#fresh);
    }
    this.identities.release(before);
    if (this.identities.uses.data[before] === 0) this.#terms.refresh(before);
  }

  /** Programs of all identities from nothing. */
  #reprogram(): void {
    for (const side of [this.egressSide, this.ingressSide]) {
      side.programs = new Programs();
      side.refs = [];
      if (side.program.length < this.identities.count) side.program.extend(this.identities.count);
      side.program.data.fill(0);
    }
    for (const [, serial] of this.#policyIds) this.#cover(serial);
    this.#programsKept = this.egressSide.programs.count + this.ingressSide.programs.count;
  }

  /** Ends a change: ports are cut, and when programs of the past outnumber those in use all are made anew. */
  #settle(): void {
    this.ports.settle();
    const programs = this.egressSide.programs.count + this.ingressSide.programs.count;
    if (programs > 4 * this.#programsKept + 4096) {
      this.#reprogram();
      this.dropCaches();
    }
    this.#widen();
  }

  #widen(): void {
    this.egressSide.widen();
    this.ingressSide.widen();
    this.#sync();
  }
}

/** Words of a row: room for the identities there are and some that may come. */
function wordsFor(identities: number): number {
  return ((identities + 31) >> 5) + (identities >> 10) + 1;
}
