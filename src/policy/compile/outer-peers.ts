/*
 * Peers that match by address, by node or by domain name. Every end of a connection has a signature: the
 * set of these peers that match it. Addresses are first cut at the bounds that blocks name, and all
 * addresses between two bounds share one signature.
 */
import { type Address, compareWords, lowest, neighbourOf } from "../address.js";
import type { Endpoint } from "../endpoint.js";
import { inBlock, nameMatches } from "../match.js";
import type { Peer } from "../rules.js";
import type { PolicySwitches } from "../switches.js";
import type { SelectorTest, SelectorTests } from "./selector-test.js";

type OuterPeer = Exclude<Peer, { readonly kind: "pods" | "nobody" }>;
type Block = Peer & { readonly kind: "block" };

const noBits: Uint32Array = new Uint32Array(0);

export class OuterPeers {
  readonly #byKey = new Map<string, number>();
  readonly #blocks: { readonly id: number; readonly peer: Block }[] = [];
  readonly #nodes: { readonly id: number; readonly test: SelectorTest | null }[] = [];
  readonly #names: { readonly id: number; readonly names: readonly string[] }[] = [];
  readonly #signatures = new Map<string, number>([["", 0]]);
  readonly #bits: Uint32Array[] = [noBits];
  readonly #tests: SelectorTests;
  readonly #switches: PolicySwitches;
  #cuts: { 4: (readonly number[])[]; 6: (readonly number[])[] } | null = null;
  #memo = new Map<string, readonly number[]>();

  constructor(tests: SelectorTests, switches: PolicySwitches) {
    this.#tests = tests;
    this.#switches = switches;
  }

  get count(): number {
    return this.#byKey.size;
  }

  /** Number of a peer, equal peers sharing one; a new one makes all signatures stale. */
  of(peer: OuterPeer): number {
    const key = keyOf(peer);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#byKey.size;
    this.#byKey.set(key, id);
    if (peer.kind === "block") {
      this.#blocks.push({ id, peer });
      this.#cuts = null;
      this.#memo = new Map();
    } else if (peer.kind === "nodes") this.#nodes.push({ id, test: this.#tests.of(peer.selector) });
    else this.#names.push({ id, names: peer.names });
    return id;
  }

  /** Signature of an end that shows `address`; node labels and host name where it has them. */
  signature(kind: Endpoint["kind"], address: Address | null, labels: Readonly<Record<string, string>> | null, host: string): number {
    if (this.#byKey.size === 0) return 0;
    const ids = address === null ? [] : [...this.#blocksOf(kind, address)];
    if (labels !== null) for (const { id, test } of this.#nodes) if (test === null || test.test(labels)) ids.push(id);
    if (host !== "") for (const { id, names } of this.#names) if (names.some((name) => nameMatches(name, host))) ids.push(id);
    const key = ids.join();
    let signature = this.#signatures.get(key);
    if (signature === undefined) {
      signature = this.#bits.push(bitsOf(ids)) - 1;
      this.#signatures.set(key, signature);
    }
    return signature;
  }

  has(signature: number, id: number): boolean {
    const bits = this.#bits[signature]!;
    return id >> 5 < bits.length && ((bits[id >> 5]! >>> (id & 31)) & 1) === 1;
  }

  /** Where ranges of one signature begin, lowest address first. */
  cuts(family: 4 | 6): readonly (readonly number[])[] {
    this.#cuts ??= { 4: this.#cut(4), 6: this.#cut(6) };
    return this.#cuts[family];
  }

  #blocksOf(kind: Endpoint["kind"], address: Address): readonly number[] {
    const cuts = this.cuts(address.family);
    const at = lastNotAfter(cuts, address.words);
    const key = `${kind}${address.family}.${at}`;
    let ids = this.#memo.get(key);
    if (ids === undefined) {
      const low = { family: address.family, words: cuts[at]! };
      ids = this.#blocks.filter(({ peer }) => this.#counts(peer, kind) && inBlock(peer, low)).map(({ id }) => id);
      this.#memo.set(key, ids);
    }
    return ids;
  }

  #counts(peer: Block, kind: Endpoint["kind"]): boolean {
    if (peer.strict || kind === "external") return true;
    return (kind === "pod" ? this.#switches.ipBlockMatchesPods : this.#switches.ipBlockMatchesNodes) === "yes";
  }

  #cut(family: 4 | 6): (readonly number[])[] {
    const cuts = [lowest(family)];
    for (const { peer } of this.#blocks) {
      for (const range of [peer.range, ...peer.except]) {
        if (range.family !== family) continue;
        cuts.push(range.first);
        const after = neighbourOf(range.last, 1);
        if (after !== null) cuts.push(after);
      }
    }
    cuts.sort(compareWords);
    return cuts.filter((each, i) => i === 0 || compareWords(cuts[i - 1]!, each) !== 0);
  }
}

function lastNotAfter(cuts: readonly (readonly number[])[], words: readonly number[]): number {
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (compareWords(cuts[middle]!, words) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

function bitsOf(ids: readonly number[]): Uint32Array {
  const bits = new Uint32Array(ids.length === 0 ? 0 : (Math.max(...ids) >> 5) + 1);
  for (const id of ids) bits[id >> 5]! |= 1 << (id & 31);
  return bits;
}

function keyOf(peer: OuterPeer): string {
  switch (peer.kind) {
    case "block": {
      const range = (each: Block["range"]): string => `${each.first.join(".")}-${each.last.join(".")}`;
      return `${peer.strict ? "network" : "block"} ${range(peer.range)} ${peer.except.map(range).join(" ")}`;
    }
    case "nodes":
      return `nodes ${JSON.stringify(peer.selector)}`;
    case "names":
      return `names ${peer.names.join(" ")}`;
  }
}
