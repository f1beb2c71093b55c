/*
 * Finds and keeps the numbers of ends: pods by id and address family, nodes by name, outside addresses by
 * class; and gives every end its identity, again when the peers that tell addresses apart change.
 */
import type { Address } from "../address.js";
import { type NodeRecord, PodRecord } from "../model.js";
import type { PolicySwitches } from "../switches.js";
import { endKinds, Ends } from "./ends.js";
import { type Identities, samePod } from "./identities.js";
import type { OuterPeers } from "./outer-peers.js";

/** What the book needs from the matcher around it. */
export interface EndBookParts {
  readonly switches: PolicySwitches;
  readonly identities: Identities;
  readonly outer: OuterPeers;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  namespaceNumber(name: string): number;
  /** An identity is new, or used anew. */
  fresh(identity: number): void;
  /** Nobody has this identity any more. */
  gone(identity: number): void;
}

export class EndBook {
  readonly ends: Ends;
  readonly #parts: EndBookParts;
  /** Made when first asked for: until then pods are ends 0, 1, 2 ... in the model's order. */
  #pods: Map<string, number> | null = null;
  readonly #podsAtFirst: number;
  readonly #secondFaces = new Map<number, number>();
  readonly #nodes = new Map<string, number>();
  readonly #externals = new Map<number, number>();
  #outerKnown: number;

  /** Places the pods of a model; identities are announced to nobody. */
  constructor(pods: readonly PodRecord[], parts: EndBookParts) {
    this.#parts = parts;
    this.#outerKnown = parts.outer.count;
    this.#podsAtFirst = pods.length;
    this.ends = new Ends(pods.length + 8);
    const silent = (): void => {};
    for (const pod of pods) if (!this.#placeLikeLast(pod)) this.#place(pod, false, silent);
  }

  /** -1 when there is no such pod. */
  pod(id: string, family?: 4 | 6): number {
    const end = this.#index().get(id);
    if (end === undefined) return -1;
    const pod = this.ends.pods[end]!;
    const first = pod.addresses[0]?.family;
    if (family === undefined || first === undefined || first === family) return end;
    let second = this.#secondFaces.get(end);
    if (second === undefined) {
      second = this.#place(pod, true, this.#parts.fresh);
      this.#secondFaces.set(end, second);
    }
    return second;
  }

  /** -1 when there is no such node. */
  node(name: string, family: 4 | 6): number {
    const key = `${family} ${name}`;
    let end = this.#nodes.get(key);
    if (end === undefined) {
      if (!this.#parts.nodes.has(name)) return -1;
      end = this.ends.add(endKinds.node, null);
      this.#nodes.set(key, end);
      this.#signNode(end, name, family);
    }
    return end;
  }

  external(address: Address | null, host: string): number {
    const signature = this.#parts.outer.signature("external", address, null, host);
    let end = this.#externals.get(signature);
    if (end === undefined) {
      end = this.ends.add(endKinds.external, null);
      this.#externals.set(signature, end);
      this.ends.identity.data[end] = this.#parts.identities.ofOuter(signature, this.#parts.fresh);
    }
    return end;
  }

  eachPod(found: (end: number) => void): void {
    if (this.#pods === null) for (let end = 0; end < this.#podsAtFirst; end++) found(end);
    else for (const end of this.#pods.values()) found(end);
  }

  addPod(pod: PodRecord): void {
    this.removePod(pod.id);
    this.#index().set(pod.id, this.#place(pod, false, this.#parts.fresh));
  }

  removePod(id: string): void {
    const end = this.#index().get(id);
    if (end === undefined) return;
    this.#index().delete(id);
    const second = this.#secondFaces.get(end);
    if (second !== undefined) this.#remove(second);
    this.#secondFaces.delete(end);
    this.#remove(end);
  }

  removeNode(name: string): void {
    for (const family of [4, 6]) {
      const end = this.#nodes.get(`${family} ${name}`);
      if (end === undefined) continue;
      this.#nodes.delete(`${family} ${name}`);
      this.#remove(end);
    }
  }

  /** A node's labels or addresses are new: the node and the pods on its network find their identities again. */
  signNode(name: string): void {
    const number = this.ends.nodeNumber(name);
    const { node, kind } = this.ends;
    for (let end = 0; end < this.ends.count; end++) if (node.data[end] === number && kind.data[end] !== endKinds.free) this.#sign(end);
  }

  /** New outer peers split identities: all ends find theirs again, outside addresses are forgotten. False when none came. */
  signAll(): boolean {
    if (this.#parts.outer.count === this.#outerKnown) return false;
    this.#outerKnown = this.#parts.outer.count;
    for (const end of this.#externals.values()) this.#remove(end);
    this.#externals.clear();
    for (let end = 0; end < this.ends.count; end++) if (this.ends.kind.data[end] !== endKinds.free) this.#sign(end);
    return true;
  }

  #index(): Map<string, number> {
    if (this.#pods === null) {
      this.#pods = new Map();
      for (let end = 0; end < this.#podsAtFirst; end++) this.#pods.set(this.ends.pods[end]!.id, end);
    }
    return this.#pods;
  }

  #place(pod: PodRecord, second: boolean, fresh: (identity: number) => void): number {
    const end = this.ends.add(endKinds.pod, pod);
    const node = this.ends.nodeNumber(pod.input.node);
    if (pod.host) this.ends.node.data[end] = node;
    else this.ends.runsOn.data[end] = node;
    this.ends.identity.data[end] = this.#codedIdentity(pod, second, fresh);
    return end;
  }

  /** Pods of one workload often follow each other: compares with the last pod placed instead of looking up. */
  #placeLikeLast(pod: PodRecord): boolean {
    const { ends } = this;
    const { identities, outer } = this.#parts;
    const last = ends.pods[ends.count - 1] ?? null;
    if (last === null || last.host || pod.host || pod.absent !== "" || last.absent !== "" || outer.count > 0) return false;
    if (last.input.namespace !== pod.input.namespace || !samePod(last, pod)) return false;
    const identity = ends.identity.data[ends.count - 1]!;
    const end = ends.add(endKinds.pod, pod);
    identities.uses.data[identity]!++;
    ends.identity.data[end] = identity;
    if (pod.input.node !== "") ends.runsOn.data[end] = ends.nodeNumber(pod.input.node);
    return true;
  }

  /** Identity of a pod by the family of its first address, or (`second`) by the other one; see `Ends.identity`. */
  #codedIdentity(pod: PodRecord, second: boolean, fresh: (identity: number) => void): number {
    const { identities, outer, nodes } = this.#parts;
    const first = pod.addresses[0] ?? null;
    const address = second ? (pod.addresses.find((each) => each.family !== first?.family) ?? null) : first;
    if (pod.host) return ~identities.ofOuter(outer.signature("node", address, nodes.get(pod.input.node)?.labels ?? null, ""), fresh);
    const signature = outer.signature("pod", address, null, "");
    const identity = identities.ofPod(pod, this.#parts.namespaceNumber(pod.input.namespace), signature, fresh);
    return pod.absent === "" ? identity : ~identity;
  }

  #signNode(end: number, name: string, family: 4 | 6): void {
    const node = this.#parts.nodes.get(name);
    const address = node?.addresses.find((each) => each.family === family) ?? null;
    const signature = this.#parts.outer.signature("node", address, node?.labels ?? null, "");
    this.ends.node.data[end] = this.ends.nodeNumber(name);
    this.ends.identity.data[end] = ~this.#parts.identities.ofOuter(signature, this.#parts.fresh);
  }

  #sign(end: number): void {
    const { ends } = this;
    const pod = ends.pods[end] ?? null;
    const before = ends.identity.data[end]!;
    if (pod === null) {
      const name = ends.nodeNames[ends.node.data[end]!]!;
      this.#signNode(end, name, this.#nodes.get(`6 ${name}`) === end ? 6 : 4);
    } else {
      const record = pod.host ? new PodRecord(pod.input, pod.index, this.#parts.switches, this.#parts.nodes) : pod;
      ends.pods[end] = record;
      ends.identity.data[end] = this.#codedIdentity(record, this.#index().get(pod.id) !== end, this.#parts.fresh);
    }
    this.#release(before);
  }

  #remove(end: number): void {
    this.#release(this.ends.identity.data[end]!);
    this.ends.remove(end);
  }

  #release(coded: number): void {
    const identity = coded < 0 ? ~coded : coded;
    this.#parts.identities.release(identity);
    if (this.#parts.identities.uses.data[identity] === 0) this.#parts.gone(identity);
  }
}
