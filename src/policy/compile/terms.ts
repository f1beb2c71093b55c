/*
 * A term is one peer of a rule as a set of identities: pods of the own namespace, pods of namespaces that
 * match, everyone, or an outer peer. Sets that many rules share are kept (bits, or a list when that is
 * smaller); sets inside one namespace are walked each time.
 */
import type { Protocol } from "../../api/index.js";
import type { PodPort } from "../input.js";
import type { Identities } from "./identities.js";
import { LabelIndex } from "./label-index.js";
import type { OuterPeers } from "./outer-peers.js";
import { type PortClasses, protocolNumbers } from "./port-classes.js";
import type { SelectorTest, SelectorTests } from "./selector-test.js";

/** A port name that the destination must resolve into a port class; null protocol: any. */
export interface NamedFilter {
  readonly name: string;
  readonly protocol: Protocol | null;
  readonly portClass: number;
}

export type Term =
  | { readonly kind: "everyone" }
  | { readonly kind: "nobody" }
  | { readonly kind: "own"; readonly namespace: number; readonly pods: SelectorTest | null }
  | { readonly kind: "cross"; readonly namespaces: SelectorTest | null; readonly pods: SelectorTest | null }
  | { readonly kind: "outer"; readonly outer: number }
  /** Members of `term` (all pods when -1) whose port name resolves. */
  | { readonly kind: "named"; readonly term: number; readonly filter: NamedFilter };

interface Kept {
  readonly list: Int32Array | null;
  readonly bits: Uint32Array | null;
}

export const everyone = 0;
export const nobody = 1;

export class Terms {
  readonly #list: Term[] = [{ kind: "everyone" }, { kind: "nobody" }];
  readonly #byPair = new Map<number, number>();
  readonly #byKey = new Map<string, number>();
  readonly #identities: Identities;
  readonly #outer: OuterPeers;
  readonly #ports: PortClasses;
  readonly index: LabelIndex;
  #podSets: (Kept | undefined)[] = [];
  #outerSets: (Kept | undefined)[] = [];
  #namespaceSets: (Uint8Array | undefined)[] = [];
  /** Pods of the namespaces that match, by test; -1 is all pods. */
  #spreads = new Map<number, Kept>();
  readonly #allTests: readonly SelectorTest[];
  #named: Map<string, number[]> | null = null;

  constructor(tests: SelectorTests, identities: Identities, outer: OuterPeers, ports: PortClasses) {
    this.#allTests = tests.list;
    this.#identities = identities;
    this.#outer = outer;
    this.#ports = ports;
    this.index = new LabelIndex(identities);
  }

  own(namespace: number, pods: SelectorTest | null): number {
    const key = pairKey(namespace, pods?.id ?? -1);
    return this.#byPair.get(key) ?? this.#add(this.#byPair, key, { kind: "own", namespace, pods });
  }

  cross(namespaces: SelectorTest | null, pods: SelectorTest | null): number {
    const key = -1 - pairKey(namespaces?.id ?? -1, pods?.id ?? -1);
    return this.#byPair.get(key) ?? this.#add(this.#byPair, key, { kind: "cross", namespaces, pods });
  }

  outer(outer: number): number {
    const key = `outer ${outer}`;
    return this.#byKey.get(key) ?? this.#add(this.#byKey, key, { kind: "outer", outer });
  }

  named(term: number, filter: NamedFilter): number {
    const key = `named ${term} ${filter.portClass} ${filter.protocol ?? ""} ${filter.name}`;
    return this.#byKey.get(key) ?? this.#add(this.#byKey, key, { kind: "named", term, filter });
  }

  /** Whether an identity belongs to a term. */
  has(term: number, identity: number): boolean {
    const each = this.#list[term]!;
    switch (each.kind) {
      case "everyone":
        return true;
      case "nobody":
        return false;
      case "own":
        return this.#identities.namespace.data[identity] === each.namespace && this.#podFits(each.pods, identity);
      case "cross":
        return this.#namespaceFits(each.namespaces, identity) && this.#podFits(each.pods, identity);
      case "outer":
        return this.#outer.has(this.#identities.signature.data[identity]!, each.outer);
      case "named":
        return this.resolves(this.#identities.named(identity), each.filter) && this.has(each.term, identity);
    }
  }

  /** Whether a pod with these named ports answers to a name in a port class. */
  resolves(named: readonly PodPort[], filter: NamedFilter): boolean {
    for (const port of named) {
      if (port.name !== filter.name || (filter.protocol !== null && filter.protocol !== port.protocol)) continue;
      if (this.#ports.classOf(protocolNumbers[port.protocol]!, port.number) === filter.portClass) return true;
    }
    return false;
  }

  /** Sets the bits of all members. */
  addTo(term: number, bits: Uint32Array, at: number, words: number): void {
    const each = this.#list[term]!;
    switch (each.kind) {
      case "everyone":
        bits.fill(0xffffffff, at, at + words);
        return;
      case "nobody":
        return;
      case "own":
        this.#addOwn(each.namespace, each.pods, bits, at);
        return;
      case "cross":
        this.#addCross(each.namespaces, each.pods, bits, at, words);
        return;
      case "outer":
        addKept((this.#outerSets[each.outer] ??= this.#keepOuter(each.outer, words)), bits, at);
        return;
      case "named":
        for (const identity of this.#withName(each.filter.name)) if (this.has(term, identity)) setBit(bits, at, identity);
    }
  }

  /** Calls back with each pod identity of a subject: one namespace, or those that match. */
  eachSubject(namespace: number, namespaces: SelectorTest | null, pods: SelectorTest | null, found: (identity: number) => void): void {
    const { pods: reps, members } = this.#identities;
    const walk = (list: readonly number[]): void => {
      for (const identity of list) {
        const rep = reps[identity]!;
        if (rep.subject && (pods === null || pods.test(rep.input.labels))) found(identity);
      }
    };
    if (namespace >= 0) walk(members[namespace]!);
    else members.forEach((list, i) => {
      if (namespaces === null || this.#matchesNamespace(namespaces, i)) walk(list);
    });
  }

  isSubject(identity: number, namespace: number, namespaces: SelectorTest | null, pods: SelectorTest | null): boolean {
    const rep = this.#identities.pods[identity];
    if (!rep?.subject) return false;
    if (namespace >= 0 ? this.#identities.namespace.data[identity] !== namespace : !this.#namespaceFits(namespaces, identity)) return false;
    return pods === null || pods.test(rep.input.labels);
  }

  /** An identity is new, used anew, or gone; kept sets forget or learn it. */
  refresh(identity: number): void {
    this.index.add(identity);
    this.#named = null;
    this.#podSets.forEach((kept, id) => {
      if (kept !== undefined) this.#podSets[id] = replace(kept, identity, this.#isPod(identity) && this.#allTests[id]!.test(this.#identities.labels(identity)));
    });
    for (const [id, kept] of this.#spreads) {
      this.#spreads.set(id, replace(kept, identity, this.#isPod(identity) && (id < 0 || this.#namespaceFits(this.#allTests[id]!, identity))));
    }
    const signature = this.#identities.signature.data[identity]!;
    const live = this.#identities.uses.data[identity]! > 0;
    this.#outerSets.forEach((kept, outer) => {
      if (kept !== undefined) this.#outerSets[outer] = replace(kept, identity, live && this.#outer.has(signature, outer));
    });
  }

  /** Labels of a namespace are new. */
  refreshNamespaces(): void {
    this.#namespaceSets = [];
    this.#spreads.clear();
  }

  /** Forgets every kept set. */
  drop(): void {
    this.#podSets = [];
    this.#outerSets = [];
    this.#spreads.clear();
    this.#named = null;
    this.index.drop();
  }

  get bytes(): number {
    const kept = (each: Kept | undefined): number => (each?.list?.byteLength ?? 0) + (each?.bits?.byteLength ?? 0);
    return [...this.#podSets, ...this.#outerSets, ...this.#spreads.values()].reduce((sum, each) => sum + kept(each), 0);
  }

  #add<K>(index: Map<K, number>, key: K, term: Term): number {
    const id = this.#list.push(term) - 1;
    index.set(key, id);
    return id;
  }

  #isPod(identity: number): boolean {
    return this.#identities.namespace.data[identity]! >= 0;
  }

  #podFits(test: SelectorTest | null, identity: number): boolean {
    const pod = this.#identities.pods[identity];
    return pod != null && (test === null || test.test(pod.input.labels));
  }

  #namespaceFits(test: SelectorTest | null, identity: number): boolean {
    const namespace = this.#identities.namespace.data[identity]!;
    return namespace >= 0 && (test === null || this.#matchesNamespace(test, namespace));
  }

  #matchesNamespace(test: SelectorTest, namespace: number): boolean {
    const { namespaceLabels } = this.#identities;
    let set = this.#namespaceSets[test.id];
    if (set === undefined || set.length < namespaceLabels.length) {
      set = Uint8Array.from(namespaceLabels, (labels) => (test.test(labels) ? 1 : 0));
      this.#namespaceSets[test.id] = set;
    }
    return set[namespace] === 1;
  }

  #addOwn(namespace: number, pods: SelectorTest | null, bits: Uint32Array, at: number): void {
    const members = this.#identities.members[namespace]!;
    const hint = pods === null || members.length < 64 ? null : this.index.candidates(pods);
    if (hint !== null && hint.length < members.length) {
      const { data } = this.#identities.namespace;
      for (const identity of hint) if (data[identity] === namespace && this.#podFits(pods, identity)) setBit(bits, at, identity);
      return;
    }
    const reps = this.#identities.pods;
    for (const identity of members) if (pods === null || pods.test(reps[identity]!.input.labels)) setBit(bits, at, identity);
  }

  #addCross(namespaces: SelectorTest | null, pods: SelectorTest | null, bits: Uint32Array, at: number, words: number): void {
    if (pods === null) return addKept(this.#spread(namespaces, words), bits, at);
    const kept = (this.#podSets[pods.id] ??= this.#keepPods(pods, words));
    if (namespaces === null) return addKept(kept, bits, at);
    if (kept.list !== null) {
      const { data } = this.#identities.namespace;
      for (const identity of kept.list) if (this.#matchesNamespace(namespaces, data[identity]!)) setBit(bits, at, identity);
      return;
    }
    const near = this.#spread(namespaces, words);
    if (near.list !== null) {
      for (const identity of near.list) if (this.#podFits(pods, identity)) setBit(bits, at, identity);
      return;
    }
    const a = kept.bits!;
    const b = near.bits!;
    for (let w = 0; w < words; w++) bits[at + w]! |= a[w]! & b[w]!;
  }

  #spread(namespaces: SelectorTest | null, words: number): Kept {
    const id = namespaces?.id ?? -1;
    let kept = this.#spreads.get(id);
    if (kept === undefined) {
      const found: number[] = [];
      this.#identities.members.forEach((list, i) => {
        if (namespaces === null || this.#matchesNamespace(namespaces, i)) for (const identity of list) found.push(identity);
      });
      kept = keep(found, words);
      this.#spreads.set(id, kept);
    }
    return kept;
  }

  #keepPods(test: SelectorTest, words: number): Kept {
    const found: number[] = [];
    const { pods, count } = this.#identities;
    const hint = this.index.candidates(test);
    if (hint !== null) {
      for (const identity of hint) if (this.#podFits(test, identity)) found.push(identity);
    } else {
      for (let identity = 0; identity < count; identity++) {
        const pod = pods[identity];
        if (pod != null && test.test(pod.input.labels)) found.push(identity);
      }
    }
    return keep(found, words);
  }

  #keepOuter(outer: number, words: number): Kept {
    const found: number[] = [];
    const { signature, uses, count } = this.#identities;
    for (let identity = 0; identity < count; identity++) {
      if (uses.data[identity]! > 0 && this.#outer.has(signature.data[identity]!, outer)) found.push(identity);
    }
    return keep(found, words);
  }

  #withName(name: string): readonly number[] {
    if (this.#named === null) {
      this.#named = new Map();
      this.#identities.pods.forEach((pod, identity) => {
        for (const port of pod?.named ?? []) {
          const list = this.#named!.get(port.name);
          if (list === undefined) this.#named!.set(port.name, [identity]);
          else if (list.at(-1) !== identity) list.push(identity);
        }
      });
    }
    return this.#named.get(name) ?? [];
  }
}

export function setBit(bits: Uint32Array, at: number, identity: number): void {
  bits[at + (identity >> 5)]! |= 1 << (identity & 31);
}

function pairKey(a: number, b: number): number {
  return (a + 1) * 0x4000000 + b + 1;
}

function keep(found: readonly number[], words: number): Kept {
  if (found.length < words) return { list: Int32Array.from(found), bits: null };
  const bits = new Uint32Array(words);
  for (const identity of found) setBit(bits, 0, identity);
  return { list: null, bits };
}

function addKept(kept: Kept, bits: Uint32Array, at: number): void {
  if (kept.list !== null) {
    for (const identity of kept.list) setBit(bits, at, identity);
    return;
  }
  const source = kept.bits!;
  for (let w = 0; w < source.length; w++) bits[at + w]! |= source[w]!;
}

function replace(kept: Kept, identity: number, member: boolean): Kept {
  if (kept.bits !== null) {
    const mask = 1 << (identity & 31);
    if (member) kept.bits[identity >> 5]! |= mask;
    else kept.bits[identity >> 5]! &= ~mask;
    return kept;
  }
  if (kept.list!.includes(identity) === member) return kept;
  return { list: member ? Int32Array.from([...kept.list!, identity]) : kept.list!.filter((each) => each !== identity), bits: null };
}
