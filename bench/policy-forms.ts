// Other forms of the policy jobs, for clusters as policy-cluster.ts makes them (selectors and port numbers, no more): the plain
// one looks at every policy for each pair; the dense one fills a bit for each pair of pods, one policy after the other.
import type { Labels, LabelSelector, Located, NetworkPolicy, NetworkPolicyPeer, Pod } from "../src/api/index.js";
import { xorshift32 } from "./chance.js";
import { PORTS } from "./policy-cluster.js";

export const QUESTIONS = 65536;

/** Pods as places in the list. */
export interface Questions {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly port: Int32Array;
}

/** Random (pod, pod, port) questions. */
export function policyQuestions(pods: number): Questions {
  const next = xorshift32(9);
  const [from, to, port] = [new Int32Array(QUESTIONS), new Int32Array(QUESTIONS), new Int32Array(QUESTIONS)];
  for (let i = 0; i < QUESTIONS; i++) {
    from[i] = next() % pods;
    do to[i] = next() % pods;
    while (to[i] === from[i]);
    port[i] = PORTS[next() % PORTS.length]!;
  }
  return { from, to, port };
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly number[];
}

interface PlainPolicy {
  readonly namespace: string;
  readonly selector: LabelSelector;
  readonly egress: readonly Rule[] | null;
  readonly ingress: readonly Rule[] | null;
}

export interface PlainCluster {
  readonly pods: readonly { readonly namespace: string; readonly labels: Labels }[];
  readonly namespaces: ReadonlyMap<string, Labels>;
  readonly policies: readonly PlainPolicy[];
}

/** The objects with only what the plain forms look at. */
export function plainCluster(objects: readonly Located[]): PlainCluster {
  const all = objects.map(({ object }) => object);
  const of = <K extends string>(kind: K): Extract<(typeof all)[number], { kind: K }>[] => all.filter((each): each is Extract<typeof each, { kind: K }> => each.kind === kind);
  return {
    pods: (of("Pod") as Pod[]).map(({ metadata }) => ({ namespace: metadata.namespace!, labels: metadata.labels! })),
    namespaces: new Map(of("Namespace").map(({ metadata }) => [metadata.name, metadata.labels!])),
    policies: (of("NetworkPolicy") as NetworkPolicy[]).map(({ metadata, spec }) => ({
      namespace: metadata.namespace!,
      selector: spec.podSelector!,
      egress: spec.egress?.map((rule) => ({ peers: rule.to!, ports: rule.ports!.map((each) => each.port as number) })) ?? null,
      ingress: spec.ingress?.map((rule) => ({ peers: rule.from!, ports: rule.ports!.map((each) => each.port as number) })) ?? null,
    })),
  };
}

/** Every policy for each pair. */
export function plainAllows(cluster: PlainCluster, from: number, to: number, port: number): boolean {
  return plainSide(cluster, from, to, port, "egress") && plainSide(cluster, to, from, port, "ingress");
}

function plainSide(cluster: PlainCluster, own: number, other: number, port: number, direction: "egress" | "ingress"): boolean {
  const self = cluster.pods[own]!;
  let isolated = false;
  for (const policy of cluster.policies) {
    const rules = policy[direction];
    if (rules === null || policy.namespace !== self.namespace || !holds(policy.selector, self.labels)) continue;
    isolated = true;
    for (const rule of rules) {
      if (!rule.ports.includes(port)) continue;
      for (const peer of rule.peers) if (matchesPeer(cluster, policy, peer, other)) return true;
    }
  }
  return !isolated;
}

function matchesPeer(cluster: PlainCluster, policy: PlainPolicy, peer: NetworkPolicyPeer, other: number): boolean {
  const { namespace, labels } = cluster.pods[other]!;
  const near = peer.namespaceSelector === undefined ? namespace === policy.namespace : holds(peer.namespaceSelector, cluster.namespaces.get(namespace)!);
  return near && (peer.podSelector === undefined || holds(peer.podSelector, labels));
}

function holds(selector: LabelSelector, labels: Labels): boolean {
  for (const key in selector.matchLabels) if (labels[key] !== selector.matchLabels[key]) return false;
  for (const each of selector.matchExpressions ?? []) if (!each.values!.includes(labels[each.key]!)) return false;
  return true;
}

/** Pairs of different pods that may connect on a port, by a bit for each pair of pods. */
export function densePairs(cluster: PlainCluster, port: number): { pairs: number; allows(from: number, to: number): boolean } {
  const words = (cluster.pods.length + 31) >> 5;
  const sets = new BitSets(cluster, words);
  const egress = denseSide(cluster, sets, words, port, "egress");
  const ingress = denseSide(cluster, sets, words, port, "ingress");
  const allows = (a: number, b: number): boolean => ((egress[a * words + (b >> 5)]! >>> (b & 31)) & (ingress[b * words + (a >> 5)]! >>> (a & 31)) & 1) === 1;
  let pairs = 0;
  for (let a = 0; a < cluster.pods.length; a++) for (let b = 0; b < cluster.pods.length; b++) if (a !== b && allows(a, b)) pairs++;
  return { pairs, allows };
}

function denseSide(cluster: PlainCluster, sets: BitSets, words: number, port: number, direction: "egress" | "ingress"): Uint32Array {
  const matrix = new Uint32Array(cluster.pods.length * words);
  const isolated = new Uint8Array(cluster.pods.length);
  for (const policy of cluster.policies) {
    const rules = policy[direction];
    if (rules === null) continue;
    const open = new Uint32Array(words);
    for (const rule of rules) if (rule.ports.includes(port)) for (const peer of rule.peers) sets.addPeer(policy.namespace, peer, open);
    sets.each(policy.namespace, policy.selector, (pod) => {
      isolated[pod] = 1;
      for (let w = 0; w < words; w++) matrix[pod * words + w]! |= open[w]!;
    });
  }
  isolated.forEach((is, pod) => {
    if (is === 0) matrix.fill(0xffffffff, pod * words, (pod + 1) * words);
  });
  return matrix;
}

/** Selector results over pods: one bit set for each label, selectors by AND, remembered. */
class BitSets {
  readonly #words: number;
  readonly #labels = new Map<string, Uint32Array>();
  readonly #byNamespace = new Map<string, Uint32Array>();
  readonly #memo = new Map<string, Uint32Array>();
  readonly #cluster: PlainCluster;

  constructor(cluster: PlainCluster, words: number) {
    this.#cluster = cluster;
    this.#words = words;
    cluster.pods.forEach(({ namespace, labels }, pod) => {
      for (const key in labels) mark(this.#labels, `${key}=${labels[key]}`, pod, words);
      mark(this.#byNamespace, namespace, pod, words);
    });
  }

  addPeer(own: string, peer: NetworkPolicyPeer, into: Uint32Array): void {
    const near = peer.namespaceSelector === undefined ? this.#byNamespace.get(own)! : this.#spread(peer.namespaceSelector);
    const pods = peer.podSelector === undefined ? null : this.#pods(peer.podSelector);
    for (let w = 0; w < into.length; w++) into[w]! |= pods === null ? near[w]! : near[w]! & pods[w]!;
  }

  each(namespace: string, selector: LabelSelector, found: (pod: number) => void): void {
    const near = this.#byNamespace.get(namespace);
    const pods = this.#pods(selector);
    for (let w = 0; near !== undefined && w < near.length; w++) {
      for (let rest = near[w]! & pods[w]!; rest !== 0; rest &= rest - 1) found((w << 5) + 31 - Math.clz32(rest & -rest));
    }
  }

  #pods(selector: LabelSelector): Uint32Array {
    const key = JSON.stringify(selector);
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const bits = new Uint32Array(this.#words).fill(0xffffffff);
    const and = (pair: string): void => {
      const set = this.#labels.get(pair);
      for (let w = 0; w < bits.length; w++) bits[w]! &= set?.[w] ?? 0;
    };
    for (const key in selector.matchLabels) and(`${key}=${selector.matchLabels[key]}`);
    for (const each of selector.matchExpressions ?? []) and(`${each.key}=${each.values![0]}`);
    this.#memo.set(key, bits);
    return bits;
  }

  #spread(selector: LabelSelector): Uint32Array {
    const key = `namespaces ${JSON.stringify(selector)}`;
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const bits = new Uint32Array(this.#words);
    for (const [name, set] of this.#byNamespace) {
      if (holds(selector, this.#cluster.namespaces.get(name)!)) for (let w = 0; w < bits.length; w++) bits[w]! |= set[w]!;
    }
    this.#memo.set(key, bits);
    return bits;
  }
}

function mark(sets: Map<string, Uint32Array>, key: string, pod: number, words: number): void {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Uint32Array(words);
    sets.set(key, set);
  }
  set[pod >> 5]! |= 1 << (pod & 31);
}
