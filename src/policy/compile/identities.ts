/*
 * Equivalence classes of ends: pods of one namespace with equal labels, equal named ports and equal
 * address signature are one identity, and so are nodes or outside addresses of equal signature. An
 * identity's number is its bit in every row. Nothing per identity is a string: interning hashes the
 * parts and compares with the class's first pod.
 */
import { fnv1a32, mix32 } from "../../base/hash.js";
import type { Labels } from "../../api/index.js";
import type { PodPort } from "../input.js";
import type { PodRecord } from "../model.js";
import { Ints } from "./ints.js";

const noLabels: Labels = Object.freeze({});
const noPorts: readonly PodPort[] = Object.freeze([]);

export class Identities {
  /** The first pod of each class; null for nodes and outside addresses, and for free numbers. */
  readonly pods: (PodRecord | null)[] = [];
  /** Number of the namespace; -1 for what is no pod. */
  readonly namespace: Ints = new Ints();
  readonly signature: Ints = new Ints();
  /** Ends that belong to it; 0 is a free number. */
  readonly uses: Ints = new Ints();
  readonly #hash = new Ints();
  readonly #next = new Ints();
  #buckets = new Int32Array(64).fill(-1);
  readonly #free: number[] = [];
  /** Identities of each namespace. */
  readonly members: number[][] = [];
  readonly namespaceNumbers: Map<string, number> = new Map();
  readonly namespaceLabels: Labels[] = [];

  /** Numbers handed out so far, free ones included. */
  get count(): number {
    return this.pods.length;
  }

  labels(identity: number): Labels {
    return this.pods[identity]?.input.labels ?? noLabels;
  }

  named(identity: number): readonly PodPort[] {
    return this.pods[identity]?.named ?? noPorts;
  }

  namespaceNumber(name: string, labels: Labels): number {
    let number = this.namespaceNumbers.get(name);
    if (number === undefined) {
      number = this.members.push([]) - 1;
      this.namespaceNumbers.set(name, number);
      this.namespaceLabels.push(labels);
    }
    return number;
  }

  /** The class of a pod that shows this signature; `fresh` is called with a number that is new or used anew. */
  ofPod(pod: PodRecord, namespace: number, signature: number, fresh: (identity: number) => void): number {
    const hash = hashPod(pod, namespace, signature);
    for (let at = this.#buckets[hash & (this.#buckets.length - 1)]!; at >= 0; at = this.#next.data[at]!) {
      if (this.#hash.data[at] !== hash || this.namespace.data[at] !== namespace || this.signature.data[at] !== signature) continue;
      if (samePod(this.pods[at]!, pod)) {
        this.uses.data[at]!++;
        return at;
      }
    }
    return this.#add(pod, namespace, signature, hash, fresh);
  }

  /** The class of nodes and outside addresses with this signature. */
  ofOuter(signature: number, fresh: (identity: number) => void): number {
    const hash = mix32(signature, 0x5eed);
    for (let at = this.#buckets[hash & (this.#buckets.length - 1)]!; at >= 0; at = this.#next.data[at]!) {
      if (this.namespace.data[at] === -1 && this.signature.data[at] === signature) {
        this.uses.data[at]!++;
        return at;
      }
    }
    return this.#add(null, -1, signature, hash, fresh);
  }

  release(identity: number): void {
    if (--this.uses.data[identity]! > 0) return;
    const bucket = this.#hash.data[identity]! & (this.#buckets.length - 1);
    if (this.#buckets[bucket] === identity) this.#buckets[bucket] = this.#next.data[identity]!;
    else {
      let at = this.#buckets[bucket]!;
      while (this.#next.data[at] !== identity) at = this.#next.data[at]!;
      this.#next.data[at] = this.#next.data[identity]!;
    }
    const namespace = this.namespace.data[identity]!;
    if (namespace >= 0) {
      const members = this.members[namespace]!;
      members[members.indexOf(identity)] = members.at(-1)!;
      members.pop();
    }
    this.pods[identity] = null;
    this.namespace.data[identity] = -2;
    this.#free.push(identity);
  }

  get bytes(): number {
    const columns = [this.namespace, this.signature, this.uses, this.#hash, this.#next];
    return columns.reduce((sum, each) => sum + each.bytes, this.#buckets.byteLength + 16 * this.count);
  }

  #add(pod: PodRecord | null, namespace: number, signature: number, hash: number, fresh: (identity: number) => void): number {
    const identity = this.#free.pop() ?? this.pods.length;
    if (identity === this.pods.length) {
      this.pods.push(null);
      for (const column of [this.namespace, this.signature, this.uses, this.#hash, this.#next]) column.extend(identity + 1);
      if (this.pods.length > this.#buckets.length) this.#rehash();
    }
    this.pods[identity] = pod;
    this.namespace.data[identity] = namespace;
    this.signature.data[identity] = signature;
    this.uses.data[identity] = 1;
    this.#hash.data[identity] = hash;
    const bucket = hash & (this.#buckets.length - 1);
    this.#next.data[identity] = this.#buckets[bucket]!;
    this.#buckets[bucket] = identity;
    if (namespace >= 0) this.members[namespace]!.push(identity);
    fresh(identity);
    return identity;
  }

  /** The newest number is not yet in a bucket. */
  #rehash(): void {
    this.#buckets = new Int32Array(this.#buckets.length * 2).fill(-1);
    for (let at = 0; at < this.pods.length - 1; at++) {
      if (this.namespace.data[at] === -2) continue;
      const bucket = this.#hash.data[at]! & (this.#buckets.length - 1);
      this.#next.data[at] = this.#buckets[bucket]!;
      this.#buckets[bucket] = at;
    }
  }
}

/** Independent of the order of labels; the order of named ports counts. */
function hashPod(pod: PodRecord, namespace: number, signature: number): number {
  let hash = mix32(namespace, signature) + (pod.subject ? 1 : 0);
  const { labels } = pod.input;
  for (const key of Object.keys(labels)) hash = (hash + fnv1a32(labels[key]!, fnv1a32(key))) | 0;
  for (const port of pod.named) hash = mix32(hash, fnv1a32(port.name) ^ port.number);
  return mix32(hash, 1);
}

/** Whether two pods of one namespace are alike to every policy, addresses aside. */
export function samePod(a: PodRecord, b: PodRecord): boolean {
  if (a === b) return true;
  if (a.subject !== b.subject || a.named.length !== b.named.length) return false;
  const ours = a.input.labels;
  const theirs = b.input.labels;
  const keys = Object.keys(ours);
  if (keys.length !== Object.keys(theirs).length) return false;
  for (let i = 0; i < keys.length; i++) if (ours[keys[i]!] !== theirs[keys[i]!]) return false;
  for (let i = 0; i < a.named.length; i++) {
    const port = a.named[i]!;
    const other = b.named[i]!;
    if (port.name !== other.name || port.number !== other.number || port.protocol !== other.protocol) return false;
  }
  return true;
}
