/*
 * Who may open to whom on one port, for all pods at once: a bit for each pair of identities, and the
 * number of pod pairs. Egress rows lie the right way round already; ingress rows are turned over in
 * blocks of 32 by 32 bits (the recursive swap of halves, after Warren, Hacker's Delight, 7-3).
 */
import type { PolicyMatcher } from "./matcher.js";

/** Every pair of pods that may connect on one port. */
export interface AllPairs {
  /** Ordered pairs of two different pods that may connect; every pod by its first address family. */
  readonly pairs: number;
  /** By identity of the source, `words` each; a bit for each identity of a destination. Empty when only the count was asked for. */
  readonly bits: Int32Array;
  readonly words: number;
}

/** `protocol` as the matcher numbers it; `keep` false spares the matrix and only counts. */
export function allPairs(matcher: PolicyMatcher, protocol: number, port: number, keep = true): AllPairs {
  const portClass = matcher.ports.classOf(protocol, port);
  const n = matcher.identities.count;
  const words = (n + 31) >> 5;
  const egress = new Int32Array(n);
  const ingress = new Int32Array(words << 5);
  for (let i = 0; i < n; i++) {
    egress[i] = matcher.rowOf(matcher.policies.egress, i, portClass);
    ingress[i] = matcher.rowOf(matcher.policies.ingress, i, portClass);
  }
  const weights = weigh(matcher);
  const planes = planesOf(weights, words);
  const rows = new Int32Array(matcher.rows.bits.buffer);
  const out = new Int32Array(keep ? n * words : words << 5);
  const block = new Int32Array(32);
  let pairs = 0;
  for (let xw = 0; xw < words; xw++) {
    const first = xw << 5;
    const height = Math.min(32, n - first);
    const base = keep ? first * words : 0;
    for (let yw = 0; yw < words; yw++) turn(rows, ingress, xw, yw, block, out, base + yw, words, height);
    for (let j = 0; j < height; j++) {
      pairs += weights[first + j]! * meet(rows, egress[first + j]!, out, base + j * words, words, planes);
    }
    for (let j = 0; j < height; j++) {
      const x = first + j;
      if (weights[x]! > 0 && ((out[base + j * words + xw]! >>> j) & 1) === 1) pairs -= weights[x]!;
    }
  }
  return { pairs: pairs + hostPairs(matcher, protocol, port), bits: keep ? out : new Int32Array(0), words };
}

/** Writes, for 32 sources, which of 32 destinations let them in. */
function turn(rows: Int32Array, ingress: Int32Array, xw: number, yw: number, block: Int32Array, out: Int32Array, at: number, words: number, height: number): void {
  const y = yw << 5;
  let any = 0;
  let all = -1;
  for (let k = 0; k < 32; k++) {
    const word = rows[ingress[y + k]! + xw]!;
    block[k] = word;
    any |= word;
    all &= word;
  }
  if (any === 0 || all === -1) {
    for (let j = 0; j < height; j++, at += words) out[at] = all;
    return;
  }
  transpose(block);
  for (let j = 0; j < height; j++, at += words) out[at] = block[j]!;
}

/** Keeps the destinations that the source may open to, and counts their pods. */
function meet(rows: Int32Array, egress: number, out: Int32Array, at: number, words: number, planes: readonly Int32Array[]): number {
  let pods = 0;
  for (let w = 0; w < words; w++) {
    const both = out[at + w]! & rows[egress + w]!;
    out[at + w] = both;
    if (both === 0) continue;
    for (let p = 0; p < planes.length; p++) pods += popcount(both & planes[p]![w]!) << p;
  }
  return pods;
}

function transpose(a: Int32Array): void {
  let mask = 0x0000ffff;
  for (let half = 16; half !== 0; half >>= 1, mask ^= mask << half) {
    for (let k = 0; k < 32; k = (k + half + 1) & ~half) {
      const swap = ((a[k]! >>> half) ^ a[k + half]!) & mask;
      a[k]! ^= swap << half;
      a[k + half]! ^= swap;
    }
  }
}

function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Pods of each identity, those on their host's network and absent ones left out. */
function weigh(matcher: PolicyMatcher): Int32Array {
  const weights = new Int32Array(matcher.identities.count);
  matcher.eachPodEnd((end) => {
    const identity = matcher.ends.identity.data[end]!;
    if (identity >= 0) weights[identity]!++;
  });
  return weights;
}

/** Bit p of each weight, as one row of bits for each p. */
function planesOf(weights: Int32Array, words: number): readonly Int32Array[] {
  const most = weights.reduce((a, b) => Math.max(a, b), 0);
  const planes: Int32Array[] = [];
  for (let p = 0; most >>> p !== 0; p++) {
    const plane = new Int32Array(words);
    weights.forEach((weight, i) => {
      if (((weight >>> p) & 1) === 1) plane[i >> 5]! |= 1 << (i & 31);
    });
    planes.push(plane);
  }
  return planes;
}

/** Pairs with a pod on its host's network at one end or both, which no row alone can answer. */
function hostPairs(matcher: PolicyMatcher, protocol: number, port: number): number {
  const hosts: number[] = [];
  const pods: number[] = [];
  matcher.eachPodEnd((end) => {
    const pod = matcher.ends.pods[end]!;
    if (pod.absent === "") (pod.host ? hosts : pods).push(end);
  });
  let pairs = hosts.length * (hosts.length - 1);
  for (const host of hosts) {
    for (const pod of pods) {
      if (matcher.allows(host, pod, protocol, port)) pairs++;
      if (matcher.allows(pod, host, protocol, port)) pairs++;
    }
  }
  return pairs;
}
